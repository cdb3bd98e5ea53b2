-- Bytes that came for several URLs of one host: whether they are a stand-in for other pictures, where the host was
-- asked, and whether they came in place of different pictures that are kept.
CREATE TABLE shared_body (
    host_id     INTEGER NOT NULL REFERENCES host (id),
    digest      BLOB NOT NULL,
    placeholder INTEGER,
    displaces   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (host_id, digest)
) STRICT, WITHOUT ROWID;

-- The newest body of a URL that was refused and is kept as evidence. It is never shown.
CREATE TABLE refused_body (
    url_id INTEGER PRIMARY KEY REFERENCES url (id),
    digest BLOB NOT NULL
) STRICT;
CREATE INDEX refused_body_digest ON refused_body (digest);
