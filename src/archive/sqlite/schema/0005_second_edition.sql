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

-- Sums over everything, in one row: the triggers below keep them, so that no run has to count. `kept` are references
-- whose URL has a good capture, `unshown` those of them that their mirror does not show all the same, `copies` the bytes
-- that would be kept if each URL had its own.
CREATE TABLE total (
    articles   INTEGER NOT NULL,
    vanished   INTEGER NOT NULL,
    refs       INTEGER NOT NULL,
    kept       INTEGER NOT NULL,
    unshown    INTEGER NOT NULL,
    urls       INTEGER NOT NULL,
    good       INTEGER NOT NULL,
    assets     INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    copies     INTEGER NOT NULL,
    thumbnails INTEGER NOT NULL,
    captures   INTEGER NOT NULL
) STRICT;
CREATE VIEW counted AS SELECT
    (SELECT count(*) FROM article) AS articles,
    (SELECT coalesce(sum(vanished), 0) FROM article) AS vanished,
    (SELECT count(url_id) FROM reference) AS refs,
    (SELECT count(u.digest) FROM reference r JOIN url u ON u.id = r.url_id) AS kept,
    (SELECT coalesce(sum(refused), 0) FROM article) AS unshown,
    (SELECT count(*) FROM url) AS urls,
    (SELECT count(digest) FROM url) AS good,
    (SELECT count(*) FROM asset) AS assets,
    (SELECT coalesce(sum(size), 0) FROM asset JOIN blob USING (digest, media_type)) AS bytes,
    (SELECT coalesce(sum(size), 0) FROM url JOIN asset USING (digest) JOIN blob USING (digest, media_type)) AS copies,
    (SELECT count(media_type) FROM thumbnail) AS thumbnails,
    (SELECT count(*) FROM capture) AS captures;
INSERT INTO total SELECT * FROM counted;

CREATE TRIGGER article_begins AFTER INSERT ON article BEGIN
    UPDATE total SET articles = articles + 1, vanished = vanished + new.vanished, unshown = unshown + new.refused;
END;
CREATE TRIGGER article_changes AFTER UPDATE OF vanished, refused ON article
WHEN new.vanished <> old.vanished OR new.refused <> old.refused BEGIN
    UPDATE total SET vanished = vanished + new.vanished - old.vanished, unshown = unshown + new.refused - old.refused;
END;
CREATE TRIGGER reference_begins AFTER INSERT ON reference WHEN new.url_id IS NOT NULL BEGIN
    UPDATE total SET refs = refs + 1, kept = kept + (SELECT digest IS NOT NULL FROM url WHERE id = new.url_id);
END;
CREATE TRIGGER reference_ends AFTER DELETE ON reference WHEN old.url_id IS NOT NULL BEGIN
    UPDATE total SET refs = refs - 1, kept = kept - (SELECT digest IS NOT NULL FROM url WHERE id = old.url_id);
END;
CREATE TRIGGER url_begins AFTER INSERT ON url BEGIN
    UPDATE total SET urls = urls + 1;
END;
CREATE TRIGGER url_changes AFTER UPDATE OF digest ON url WHEN new.digest IS NOT old.digest BEGIN
    UPDATE total SET good = good + (new.digest IS NOT NULL) - (old.digest IS NOT NULL),
        copies = copies
            + coalesce((SELECT size FROM asset JOIN blob USING (digest, media_type) WHERE asset.digest = new.digest), 0)
            - coalesce((SELECT size FROM asset JOIN blob USING (digest, media_type) WHERE asset.digest = old.digest), 0);
    UPDATE total SET kept = kept + iif(old.digest IS NULL, 1, -1)
            * (SELECT count(*) FROM reference WHERE url_id = new.id)
        WHERE old.digest IS NULL OR new.digest IS NULL;
END;
CREATE TRIGGER asset_begins AFTER INSERT ON asset BEGIN
    UPDATE total SET assets = assets + 1,
        bytes = bytes + (SELECT size FROM blob WHERE digest = new.digest AND media_type = new.media_type);
END;
CREATE TRIGGER asset_ends AFTER DELETE ON asset BEGIN
    UPDATE total SET assets = assets - 1,
        bytes = bytes - (SELECT size FROM blob WHERE digest = old.digest AND media_type = old.media_type);
END;
CREATE TRIGGER thumbnail_begins AFTER INSERT ON thumbnail WHEN new.media_type IS NOT NULL BEGIN
    UPDATE total SET thumbnails = thumbnails + 1;
END;
CREATE TRIGGER thumbnail_changes AFTER UPDATE OF media_type ON thumbnail
WHEN (new.media_type IS NULL) <> (old.media_type IS NULL) BEGIN
    UPDATE total SET thumbnails = thumbnails + iif(old.media_type IS NULL, 1, -1);
END;
CREATE TRIGGER thumbnail_ends AFTER DELETE ON thumbnail WHEN old.media_type IS NOT NULL BEGIN
    UPDATE total SET thumbnails = thumbnails - 1;
END;
CREATE TRIGGER capture_begins AFTER INSERT ON capture BEGIN
    UPDATE total SET captures = captures + 1;
END;
