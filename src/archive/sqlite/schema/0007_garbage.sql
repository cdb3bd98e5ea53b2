-- How many assets have a thumbnail on record by each name and recipe. Where that is the number of all assets, none lacks
-- one, and none is looked at.
CREATE TABLE rendered (
    name   TEXT NOT NULL,
    recipe BLOB NOT NULL,
    assets INTEGER NOT NULL,
    PRIMARY KEY (name, recipe)
) STRICT, WITHOUT ROWID;
CREATE VIEW counted_rendered AS SELECT name, recipe, count(*) AS assets
    FROM thumbnail JOIN asset ON asset.digest = thumbnail.original GROUP BY name, recipe;
INSERT INTO rendered SELECT * FROM counted_rendered;

CREATE TRIGGER rendered_begins AFTER INSERT ON thumbnail
WHEN EXISTS (SELECT 1 FROM asset WHERE digest = new.original) BEGIN
    INSERT INTO rendered VALUES (new.name, new.recipe, 1) ON CONFLICT DO UPDATE SET assets = assets + 1;
END;
CREATE TRIGGER rendered_changes AFTER UPDATE OF recipe ON thumbnail
WHEN new.recipe <> old.recipe AND EXISTS (SELECT 1 FROM asset WHERE digest = new.original) BEGIN
    UPDATE rendered SET assets = assets - 1 WHERE name = old.name AND recipe = old.recipe;
    INSERT INTO rendered VALUES (new.name, new.recipe, 1) ON CONFLICT DO UPDATE SET assets = assets + 1;
END;
CREATE TRIGGER rendered_ends AFTER DELETE ON thumbnail
WHEN EXISTS (SELECT 1 FROM asset WHERE digest = old.original) BEGIN
    UPDATE rendered SET assets = assets - 1 WHERE name = old.name AND recipe = old.recipe;
END;
CREATE TRIGGER rendered_asset_begins AFTER INSERT ON asset BEGIN
    INSERT INTO rendered SELECT name, recipe, 1 FROM thumbnail WHERE original = new.digest
        ON CONFLICT DO UPDATE SET assets = assets + 1;
END;
CREATE TRIGGER rendered_asset_ends AFTER DELETE ON asset BEGIN
    UPDATE rendered SET assets = assets - 1
        WHERE (name, recipe) IN (SELECT name, recipe FROM thumbnail WHERE original = old.digest);
END;

-- What gc found that nothing refers to, by its path in the archive, and when it first did: the grace period runs from
-- then.
CREATE TABLE garbage (
    path       TEXT PRIMARY KEY,
    first_seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
