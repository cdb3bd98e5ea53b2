-- From schema 2 on, a mirrored article goes on showing what it showed first.
INSERT INTO shown_version (article_id, url_id, digest)
    SELECT DISTINCT r.article_id, r.url_id, (SELECT digest FROM replaced_asset WHERE url_id = r.url_id)
    FROM reference r JOIN url u ON u.id = r.url_id WHERE u.url = 'http://images.example/lamp.jpg?w=640';
