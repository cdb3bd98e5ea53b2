-- What the names of a part of the objects were like when they were last compared with the rows: where they are still so,
-- they need not be listed again.
CREATE TABLE compared (
    part  TEXT PRIMARY KEY,
    state BLOB NOT NULL
) STRICT, WITHOUT ROWID;
