//! What a process that decodes says to the program.

use std::io::Read;

use offprint::testing::cage::{LONGEST_HEADER, Reply, Request, bodies, checked, read};
use offprint::testing::config::Config;

/// Takes bytes for the reply of a worker, as the program does: what comes of them is what it is said to be.
pub fn understand(bytes: &[u8]) {
    let mut rest = bytes;
    let Ok(Some(reply)) = read::<Reply>(&mut rest) else { return };
    assert!(bytes.len() - rest.len() <= LONGEST_HEADER + 4);
    let config = Config::default();
    let sizes: Vec<_> = reply.sizes.iter().map(|_| config.thumbnail[0].clone()).take(16).collect();
    let request = Request { number: reply.number, limits: (&config.media).into(), sizes, length: 0, fonts: Vec::new() };
    let Ok(lengths) = bodies(&reply, &request) else { return };
    let mut made = Vec::new();
    for length in lengths {
        let mut body = Vec::new();
        let read = rest.by_ref().take(length as u64).read_to_end(&mut body).expect("it is in memory");
        if read != length {
            return;
        }
        made.push(body);
    }
    let Ok(renditions) = checked(reply, made, &request.sizes, &config.media) else { return };
    for rendition in renditions.sizes.into_iter().flatten() {
        assert!(rendition.width <= 480 && rendition.height <= 480 && !rendition.bytes.is_empty());
    }
}
