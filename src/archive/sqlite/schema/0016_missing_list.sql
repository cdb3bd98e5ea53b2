-- What is missing of a host, counted without a look at each row, and what is missing for a reason. Documents are shown by no
-- article.
DROP INDEX url_missing;
CREATE INDEX url_missing ON url (host_id, id, state, digest) WHERE digest IS NULL AND state <> 'document';
CREATE INDEX url_reason ON url (reason, id) WHERE digest IS NULL AND state <> 'document' AND reason IS NOT NULL;
