-- What a program of schemas 1 to 4 left where `lamp.jpg?w=640` gave other bytes later: those of `bridge.png`.
INSERT INTO capture (id, url_id, run_id, digest)
    SELECT 100, u.id, 2, (SELECT digest FROM url WHERE url = 'http://images.example/bridge.png')
    FROM url u WHERE u.url = 'http://images.example/lamp.jpg?w=640';
INSERT INTO exchange (capture_id, ord, url, at, elapsed, request_head, response_head, status, peer, protocol, digest,
        length, reason)
    SELECT 100, 0, e.url, e.at + 1500, e.elapsed, e.request_head, e.response_head, e.status, e.peer, e.protocol,
        (SELECT digest FROM capture WHERE id = 100), 2779, NULL
    FROM exchange e WHERE e.url = 'http://images.example/lamp.jpg?w=640';
INSERT INTO replaced_asset (digest, url_id) SELECT digest, id FROM url
    WHERE url = 'http://images.example/lamp.jpg?w=640';
UPDATE url SET digest = (SELECT digest FROM capture WHERE id = 100), last_good = last_good + 1500, etag = '"2"'
    WHERE url = 'http://images.example/lamp.jpg?w=640';
