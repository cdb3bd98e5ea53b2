-- Schema 4 knows placeholders: `gone.png` gave the image `beside.png`, a probe of the host found it to be a placeholder,
-- and it was revoked. It is kept as evidence, and the URL
-- was given up.
INSERT INTO capture (id, url_id, run_id, digest)
    SELECT 101, u.id, 2, (SELECT digest FROM url WHERE url LIKE 'file:%/beside.png')
    FROM url u WHERE u.url = 'http://images.example/gone.png';
INSERT INTO exchange (capture_id, ord, url, at, elapsed, request_head, response_head, status, peer, protocol, digest,
        length, reason)
    SELECT 101, 0, e.url, e.at + 1500, e.elapsed, e.request_head, e.response_head, 200, e.peer, e.protocol,
        (SELECT digest FROM capture WHERE id = 101), 944, NULL
    FROM exchange e WHERE e.url = 'http://images.example/gone.png';
INSERT INTO shared_body (host_id, digest, placeholder, displaces)
    SELECT host_id, (SELECT digest FROM capture WHERE id = 101), 1, 0 FROM url
    WHERE url = 'http://images.example/gone.png';
INSERT INTO refused_body (url_id, digest)
    SELECT id, (SELECT digest FROM capture WHERE id = 101) FROM url WHERE url = 'http://images.example/gone.png';
UPDATE url SET state = 'retired', reason = 'placeholder', status = 200, attempts = attempts + 1, next_attempt = NULL
    WHERE url = 'http://images.example/gone.png';
