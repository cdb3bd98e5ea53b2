-- Pages of the web, with what the next request for one can compare with.
CREATE TABLE page (
    source        TEXT NOT NULL,
    url           TEXT NOT NULL,
    path          TEXT,           -- of its article; null where it is none
    original      BLOB,           -- the digest of its bytes, where it is an article
    moved_to      TEXT,           -- where it leads, where it has nothing of its own; null with path for an image
    etag          TEXT,
    last_modified TEXT,
    lastmod       TEXT,           -- when a sitemap said that it was last changed
    found_at      INTEGER NOT NULL,
    PRIMARY KEY (source, url)
) STRICT, WITHOUT ROWID;

-- Crawls that are not at their end: the next run goes on with them.
CREATE TABLE crawl (
    source   TEXT PRIMARY KEY,
    began_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
