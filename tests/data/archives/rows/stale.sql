-- A program of schema 1 showed the newest bytes: the article is to be written again.
UPDATE article SET stale = 1 WHERE id IN (SELECT article_id FROM reference JOIN url ON url.id = reference.url_id
    WHERE url = 'http://images.example/lamp.jpg?w=640');
