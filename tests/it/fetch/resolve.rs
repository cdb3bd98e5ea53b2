//! Addresses that `[fetch.resolve]` gives, for a host and for one port of it.

use offprint::testing::demo::photo::Photo;

use super::{Guest, bytes, quick};
use crate::testserver::{Behaviour, Content};

#[tokio::test]
async fn a_port_of_a_host_can_have_an_address_of_its_own() {
    let image = |seed| Photo::new(seed, 32, 24).jpeg();
    let origins = [1, 2].map(|seed| crate::origin::origin(Behaviour::serve(Content::new("image/jpeg", image(seed)))));
    let named = origins[1].address().port();
    let mut config = quick();
    config.resolve.insert("img.example".to_owned(), origins[0].address());
    config.resolve.insert(format!("img.example:{named}"), origins[1].address());
    config.resolve.insert("both.example:443".to_owned(), origins[0].address());
    config.resolve.insert("both.example:80".to_owned(), origins[1].address());
    let guest = Guest::new(&config);
    let named = format!("http://img.example:{named}/a.jpg");
    for (url, seed) in [("http://img.example/a.jpg", 1), (named.as_str(), 2), ("http://both.example/a.jpg", 2)] {
        assert!(bytes(&guest.get(url).await) == image(seed), "{url}");
    }
}
