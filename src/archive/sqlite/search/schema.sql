-- The index of the articles' texts, cut into terms: the rows of both tables have the numbers of the articles.
-- The text comes first: a place in the first column takes two bytes less than one in another.
CREATE VIRTUAL TABLE entry USING fts5(text, title, alt, content='', contentless_delete=1, tokenize='ascii');
CREATE TABLE indexed (
    article_id INTEGER PRIMARY KEY,
    original   BLOB NOT NULL,
    cutter     INTEGER NOT NULL,
    date       INTEGER NOT NULL,
    source     TEXT NOT NULL
) STRICT;
CREATE INDEX indexed_date ON indexed (date, article_id);
CREATE TABLE finished (mark BLOB NOT NULL) STRICT;
