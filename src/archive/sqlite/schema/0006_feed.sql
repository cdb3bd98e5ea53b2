-- Feeds, with what the next request for one can compare with.
CREATE TABLE feed (
    source        TEXT NOT NULL,
    url           TEXT NOT NULL,  -- as the settings name it
    settings      BLOB NOT NULL,  -- the digest of the settings that its entries were read with
    etag          TEXT,
    last_modified TEXT,
    lifetime      INTEGER,        -- how long its host said that it stays as it is
    skip_hours    TEXT NOT NULL,  -- hours of the day, in UTC, in which it is not asked for
    fresh_until   INTEGER,        -- not asked for before
    moved_to      TEXT,           -- where permanent redirects led
    retired_at    INTEGER,        -- when its host said that it is gone for good
    PRIMARY KEY (source, url)
) STRICT, WITHOUT ROWID;

-- Entries of feeds, each with the path of the article that was made of it.
CREATE TABLE feed_entry (
    source     TEXT NOT NULL,
    identity   BLOB NOT NULL,     -- the digest of what tells the entry from others
    path       TEXT NOT NULL,
    path_key   TEXT NOT NULL,     -- the path as file systems compare it that do not tell upper from lower case
    first_seen INTEGER NOT NULL,
    PRIMARY KEY (source, identity),
    UNIQUE (source, path_key)
) STRICT, WITHOUT ROWID;
