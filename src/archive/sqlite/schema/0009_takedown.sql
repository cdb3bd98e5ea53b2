-- What was taken down on purpose: it is neither read nor fetched again. `kind` is article, url, source or host.
CREATE TABLE takedown (
    kind   TEXT NOT NULL,
    target TEXT NOT NULL,
    at     INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (kind, target)
) STRICT, WITHOUT ROWID;

-- Rows of articles, URLs and captures go only so.
CREATE TRIGGER article_ends AFTER DELETE ON article BEGIN
    UPDATE total SET articles = articles - 1, vanished = vanished - old.vanished, unshown = unshown - old.refused;
END;
CREATE TRIGGER url_ends AFTER DELETE ON url BEGIN
    UPDATE total SET urls = urls - 1;
END;
CREATE TRIGGER capture_ends AFTER DELETE ON capture BEGIN
    UPDATE total SET captures = captures - 1;
END;
