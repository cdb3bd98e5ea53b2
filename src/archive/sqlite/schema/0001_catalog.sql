-- The first schema. Times are milliseconds since 1970 (UTC), digests 32 raw bytes, names the ones of the report.

CREATE TABLE run (
    id     INTEGER PRIMARY KEY,
    began  INTEGER NOT NULL,
    ended  INTEGER,
    report TEXT NOT NULL DEFAULT ''
) STRICT;

-- Who is paced, what was learned of it, and who may ask it. `pending` counts its jobs: two triggers keep it.
CREATE TABLE host (
    id           INTEGER PRIMARY KEY,
    key          TEXT NOT NULL UNIQUE,
    asked        INTEGER NOT NULL DEFAULT 0,
    rung         TEXT NOT NULL DEFAULT 'none',
    failures     INTEGER NOT NULL DEFAULT 0,
    open_until   INTEGER,
    not_before   INTEGER,
    delay        INTEGER NOT NULL DEFAULT 0,
    pending      INTEGER NOT NULL DEFAULT 0,
    lease_worker TEXT,
    lease_until  INTEGER,
    lease_epoch  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX host_with_jobs ON host (id) WHERE pending > 0;

-- Bytes on record. The same bytes may be kept under two extensions, when they are both an article and an image.
CREATE TABLE blob (
    digest     BLOB NOT NULL,
    media_type TEXT NOT NULL,
    size       INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    PRIMARY KEY (digest, media_type)
) STRICT, WITHOUT ROWID;

CREATE TABLE asset (
    digest          BLOB PRIMARY KEY,
    media_type      TEXT NOT NULL,
    width           INTEGER NOT NULL,
    height          INTEGER NOT NULL,
    orientation     INTEGER NOT NULL,
    frames          INTEGER NOT NULL,
    alpha           INTEGER NOT NULL,
    bit_depth       INTEGER NOT NULL,
    color_space     TEXT NOT NULL,
    icc_name        TEXT,
    taken           TEXT,
    truncated       INTEGER NOT NULL,
    perceptual_hash INTEGER,
    FOREIGN KEY (digest, media_type) REFERENCES blob (digest, media_type)
) STRICT, WITHOUT ROWID;

-- A URL with its newest good capture.
CREATE TABLE url (
    id            INTEGER PRIMARY KEY,
    url           TEXT NOT NULL UNIQUE,
    host_id       INTEGER NOT NULL REFERENCES host (id),
    state         TEXT NOT NULL DEFAULT 'new',
    reason        TEXT,
    status        INTEGER,
    attempts      INTEGER NOT NULL DEFAULT 0,
    next_attempt  INTEGER,
    first_good    INTEGER,
    last_good     INTEGER,
    digest        BLOB REFERENCES asset (digest),
    etag          TEXT,
    last_modified TEXT
) STRICT;
CREATE INDEX url_due ON url (next_attempt) WHERE next_attempt IS NOT NULL;
CREATE INDEX url_failing ON url (id) WHERE digest IS NULL OR state IN ('failed', 'retired');
CREATE INDEX url_digest ON url (digest) WHERE digest IS NOT NULL;

-- Assets that a newer one of the same URL has taken the place of. They are kept.
CREATE TABLE replaced_asset (
    digest BLOB NOT NULL REFERENCES asset (digest),
    url_id INTEGER NOT NULL REFERENCES url (id),
    PRIMARY KEY (digest, url_id)
) STRICT, WITHOUT ROWID;

-- One attempt to fetch a URL, and its requests and answers in order.
CREATE TABLE capture (
    id     INTEGER PRIMARY KEY,
    url_id INTEGER NOT NULL REFERENCES url (id),
    run_id INTEGER NOT NULL REFERENCES run (id),
    digest BLOB
) STRICT;
CREATE INDEX capture_url ON capture (url_id);

CREATE TABLE exchange (
    capture_id    INTEGER NOT NULL REFERENCES capture (id),
    ord           INTEGER NOT NULL,
    url           TEXT NOT NULL,
    at            INTEGER NOT NULL,
    elapsed       INTEGER NOT NULL,
    request_head  BLOB NOT NULL,
    response_head BLOB,
    status        INTEGER,
    peer          TEXT,
    protocol      TEXT,
    digest        BLOB,
    length        INTEGER NOT NULL,
    reason        TEXT,
    PRIMARY KEY (capture_id, ord)
) STRICT, WITHOUT ROWID;

-- The queue. A job goes when it is done.
CREATE TABLE job (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    host_id INTEGER NOT NULL REFERENCES host (id),
    url_id  INTEGER NOT NULL UNIQUE REFERENCES url (id)
) STRICT;
CREATE INDEX job_host ON job (host_id, id);
CREATE TRIGGER job_begins AFTER INSERT ON job BEGIN
    UPDATE host SET pending = pending + 1 WHERE id = new.host_id;
END;
CREATE TRIGGER job_ends AFTER DELETE ON job BEGIN
    UPDATE host SET pending = pending - 1 WHERE id = old.host_id;
END;

-- An article in its newest version. `writing` is set between the recording of a mirror and its appearance, and
-- cleared by whatever makes the article stale meanwhile.
CREATE TABLE article (
    id              INTEGER PRIMARY KEY,
    source          TEXT NOT NULL,
    path            TEXT NOT NULL,
    original        BLOB NOT NULL,
    size            INTEGER NOT NULL,
    modified        INTEGER NOT NULL,
    inode           INTEGER NOT NULL,
    format          TEXT NOT NULL,
    settings        BLOB NOT NULL,
    title           TEXT,
    published       INTEGER,
    url             TEXT,
    read_at         INTEGER NOT NULL,
    stale           INTEGER NOT NULL DEFAULT 1,
    writing         INTEGER NOT NULL DEFAULT 0,
    vanished        INTEGER NOT NULL DEFAULT 0,
    mirror          BLOB,
    mirror_size     INTEGER,
    mirror_modified INTEGER,
    mirror_inode    INTEGER,
    UNIQUE (source, path)
) STRICT;
CREATE INDEX article_stale ON article (id) WHERE stale = 1;
CREATE INDEX article_original ON article (original);

-- Versions that a newer one has taken the place of.
CREATE TABLE article_version (
    article_id INTEGER NOT NULL REFERENCES article (id),
    ord        INTEGER NOT NULL,
    original   BLOB NOT NULL,
    format     TEXT NOT NULL,
    title      TEXT,
    published  INTEGER,
    read_at    INTEGER NOT NULL,
    PRIMARY KEY (article_id, ord)
) STRICT, WITHOUT ROWID;
CREATE INDEX article_version_original ON article_version (original);

CREATE TABLE reference (
    article_id INTEGER NOT NULL REFERENCES article (id),
    ord        INTEGER NOT NULL,
    start      INTEGER NOT NULL,
    "end"      INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    picture    INTEGER NOT NULL,
    url_id     INTEGER REFERENCES url (id),
    PRIMARY KEY (article_id, ord)
) STRICT, WITHOUT ROWID;
CREATE INDEX reference_url ON reference (url_id) WHERE url_id IS NOT NULL;

CREATE TABLE edit (
    article_id  INTEGER NOT NULL REFERENCES article (id),
    ord         INTEGER NOT NULL,
    start       INTEGER NOT NULL,
    "end"       INTEGER NOT NULL,
    raw         BLOB NOT NULL,
    replacement BLOB NOT NULL,
    PRIMARY KEY (article_id, ord)
) STRICT, WITHOUT ROWID;

-- A rendition, or why it could not be made (then `media_type` is null).
CREATE TABLE thumbnail (
    original   BLOB NOT NULL,
    name       TEXT NOT NULL,
    settings   BLOB NOT NULL,
    media_type TEXT,
    width      INTEGER NOT NULL DEFAULT 0,
    height     INTEGER NOT NULL DEFAULT 0,
    size       INTEGER NOT NULL DEFAULT 0,
    digest     BLOB,
    error      TEXT,
    PRIMARY KEY (original, name)
) STRICT, WITHOUT ROWID;
