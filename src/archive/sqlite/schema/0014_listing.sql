-- The lists of the pages of an archive: each page begins at its place, however far from the start of the list.
CREATE INDEX article_source_date ON article (source, coalesce(published, read_at), id);
CREATE INDEX blob_created ON blob (created, digest);
CREATE INDEX url_missing ON url (host_id, id) WHERE digest IS NULL;
