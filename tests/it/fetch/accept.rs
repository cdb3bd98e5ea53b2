//! What types a request says are wanted.

use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Condition, Content, Origin, Site};

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_negotiates_gives_the_best_that_this_build_decodes() {
    let (best, plain) = (Content::new("image/png", tiny(1)), Content::new("image/png", tiny(2)));
    let names_webp =
        Condition::new(|request| request.header("accept").is_some_and(|types| types.contains("image/webp")));
    let origin =
        Origin::start(Site::new().on("/a", Behaviour::serve(best).only_if(names_webp, Behaviour::serve(plain))));
    let origin = origin.expect("a port is free");
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", format!("![]({})", origin.url("/a")));
    sandbox.run(&["run"]).expect(0);
    assert_eq!(std::fs::read(sandbox.only("store/blobs", ".png")).expect("a blob can be read"), tiny(1));
    let accept = origin.log().requests()[0].request.header("accept").unwrap_or_default().to_owned();
    assert_eq!(accept.contains("image/avif"), cfg!(feature = "avif"), "{accept}");
}
