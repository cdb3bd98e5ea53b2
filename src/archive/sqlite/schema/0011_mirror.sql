-- Which article a mirrored file belongs to is found by its bytes.
CREATE INDEX article_mirror ON article (mirror) WHERE mirror IS NOT NULL;

-- How each source could last be read stands in the report of the run that read it. Nothing ever filled this table.
DROP TABLE source;
