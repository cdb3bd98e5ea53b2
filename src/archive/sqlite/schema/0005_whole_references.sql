-- What happened the last time a URL could not be got, in one sentence for a person.
ALTER TABLE url ADD COLUMN detail TEXT;

-- URLs of one host that have the same bytes, and the URLs of a host, without reading those of others.
DROP INDEX url_digest;
CREATE INDEX url_digest ON url (digest, host_id) WHERE digest IS NOT NULL;
CREATE INDEX url_host ON url (host_id);

-- `ready_at` is the first moment when a host may be leased: the end of its hold and of its lease. `first_job` is the
-- job that made it pending. Hosts are leased in this order.
ALTER TABLE host RENAME COLUMN rung TO referer;
ALTER TABLE host ADD COLUMN ready_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE host ADD COLUMN first_job INTEGER NOT NULL DEFAULT 0;
UPDATE host SET ready_at = max(coalesce(open_until, 0), coalesce(not_before, 0),
        iif(lease_worker IS NULL, 0, coalesce(lease_until, 0))),
    first_job = coalesce((SELECT min(id) FROM job WHERE host_id = host.id), 0);
DROP INDEX host_with_jobs;
CREATE INDEX host_ready ON host (ready_at, first_job) WHERE pending > 0;

-- The content codings that were undone, and the body that is kept as evidence of what a host sent.
ALTER TABLE exchange ADD COLUMN coding TEXT NOT NULL DEFAULT '';
ALTER TABLE exchange ADD COLUMN body BLOB;
ALTER TABLE exchange ADD COLUMN body_type TEXT;
ALTER TABLE exchange ADD COLUMN body_length INTEGER;
CREATE INDEX exchange_body ON exchange (body) WHERE body IS NOT NULL;

-- All that writing a mirror needs of a reference. `reveal_end` is null where an attribute is inserted at
-- `reveal_start`. `unfetched` is what a browser would request where that is not fetched, and `problem` why that
-- cannot be said.
ALTER TABLE reference RENAME COLUMN picture TO image_group;
ALTER TABLE reference ADD COLUMN reveal_start INTEGER;
ALTER TABLE reference ADD COLUMN reveal_end INTEGER;
ALTER TABLE reference ADD COLUMN wrap TEXT;
ALTER TABLE reference ADD COLUMN wrap_start INTEGER;
ALTER TABLE reference ADD COLUMN wrap_end INTEGER;
ALTER TABLE reference ADD COLUMN wrap_prefix_start INTEGER;
ALTER TABLE reference ADD COLUMN wrap_prefix_end INTEGER;
ALTER TABLE reference ADD COLUMN unfetched TEXT;
ALTER TABLE reference ADD COLUMN problem TEXT;

-- `waiting` counts the URLs of an article that are queued: the triggers below and the recording of an article keep it.
-- `encoding` is null where an earlier version read the article: its references lack the columns above.
ALTER TABLE article ADD COLUMN encoding TEXT;
ALTER TABLE article ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;
UPDATE article SET waiting = (SELECT count(DISTINCT r.url_id) FROM reference r JOIN job j ON j.url_id = r.url_id
    WHERE r.article_id = article.id);
CREATE INDEX article_date ON article (coalesce(published, read_at), id);

DROP TRIGGER job_begins;
CREATE TRIGGER job_begins AFTER INSERT ON job BEGIN
    UPDATE host SET first_job = iif(pending = 0, new.id, first_job), pending = pending + 1 WHERE id = new.host_id;
    UPDATE article SET waiting = waiting + 1
        WHERE id IN (SELECT article_id FROM reference WHERE url_id = new.url_id);
END;
DROP TRIGGER job_ends;
CREATE TRIGGER job_ends AFTER DELETE ON job BEGIN
    UPDATE host SET pending = pending - 1 WHERE id = old.host_id;
    UPDATE article SET waiting = waiting - 1
        WHERE id IN (SELECT article_id FROM reference WHERE url_id = old.url_id);
END;

ALTER TABLE thumbnail RENAME COLUMN settings TO recipe;
ALTER TABLE shared_body RENAME TO shared_blob;
ALTER TABLE shared_blob RENAME COLUMN displaces TO replaces_others;

-- Where articles come from, and how each source could last be read.
CREATE TABLE source (
    name      TEXT PRIMARY KEY,
    kind      TEXT NOT NULL,
    location  TEXT NOT NULL,
    outcome   TEXT NOT NULL,
    reason    TEXT,
    detail    TEXT,
    listed_at INTEGER
) STRICT, WITHOUT ROWID;

-- What tells this archive from others: one row.
CREATE TABLE archive (
    id      BLOB NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;
INSERT INTO archive VALUES (randomblob(16), CAST(unixepoch('subsec') * 1000 AS INTEGER));
