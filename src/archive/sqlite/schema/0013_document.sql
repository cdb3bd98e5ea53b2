-- Captures of documents: what sources read, and robots.txt. `source` is the one that requested it.
ALTER TABLE capture ADD COLUMN kind   TEXT NOT NULL DEFAULT 'media';
ALTER TABLE capture ADD COLUMN source TEXT;
CREATE INDEX capture_source ON capture (source) WHERE source NOT NULL;

-- Requests that gave what an earlier capture has.
CREATE TABLE revisit (
    capture_id INTEGER NOT NULL REFERENCES capture (id),
    at         INTEGER NOT NULL,
    run_id     INTEGER NOT NULL REFERENCES run (id),
    status     INTEGER NOT NULL,
    PRIMARY KEY (capture_id, at)
) STRICT, WITHOUT ROWID;

-- URLs that are requested as documents, and that no article shows, are not counted: they have the state 'document'.
DROP VIEW counted;
CREATE VIEW counted AS SELECT
    (SELECT count(*) FROM article) AS articles,
    (SELECT coalesce(sum(vanished), 0) FROM article) AS vanished,
    (SELECT count(url_id) FROM reference) AS refs,
    (SELECT count(u.digest) FROM reference r JOIN url u ON u.id = r.url_id) AS kept,
    (SELECT coalesce(sum(refused), 0) FROM article) AS unshown,
    (SELECT count(*) FROM url WHERE state <> 'document') AS urls,
    (SELECT count(digest) FROM url) AS good,
    (SELECT count(*) FROM asset) AS assets,
    (SELECT coalesce(sum(size), 0) FROM asset JOIN blob USING (digest, media_type)) AS bytes,
    (SELECT coalesce(sum(size), 0) FROM url JOIN asset USING (digest) JOIN blob USING (digest, media_type)) AS copies,
    (SELECT count(media_type) FROM thumbnail) AS thumbnails,
    (SELECT count(*) FROM capture) AS captures;
DROP TRIGGER url_begins;
CREATE TRIGGER url_begins AFTER INSERT ON url WHEN new.state <> 'document' BEGIN
    UPDATE total SET urls = urls + 1;
END;
CREATE TRIGGER url_is_shown AFTER UPDATE OF state ON url
WHEN (new.state = 'document') <> (old.state = 'document') BEGIN
    UPDATE total SET urls = urls + iif(old.state = 'document', 1, -1);
END;
DROP TRIGGER url_ends;
CREATE TRIGGER url_ends AFTER DELETE ON url WHEN old.state <> 'document' BEGIN
    UPDATE total SET urls = urls - 1;
END;
