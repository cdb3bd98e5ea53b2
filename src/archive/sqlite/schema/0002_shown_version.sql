-- What an article goes on showing of a URL whose bytes changed: the version that was current when its mirror was last
-- written before the change.
CREATE TABLE shown_version (
    article_id INTEGER NOT NULL REFERENCES article (id),
    url_id     INTEGER NOT NULL REFERENCES url (id),
    digest     BLOB NOT NULL REFERENCES asset (digest),
    PRIMARY KEY (article_id, url_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX shown_version_digest ON shown_version (digest);
CREATE INDEX shown_version_url ON shown_version (url_id);

-- Grows whenever the article becomes stale: a mirror that was planned before that is not recorded.
ALTER TABLE article ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
