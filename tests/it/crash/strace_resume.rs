//! An image that came in two parts is whole or not there, whenever the run is killed.

use offprint::testing::demo::photo::Photo;

use super::inject::Killed;
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Condition, Content, End, Origin, Portion, Site};

/// An origin whose every whole response breaks off half-way, and which then sends the rest.
fn origin() -> Origin {
    let photo = Content::new("image/jpeg", Photo::new(5, 1400, 1000).jpeg()).etagged().ranged();
    assert!(photo.bytes().len() > 128 << 10, "{} bytes are not worth going on with", photo.bytes().len());
    let broken = Behaviour::serve(photo.clone()).breaks_off(Portion::Percent(50), End::Reset);
    let rest = Behaviour::serve(photo).only_if(Condition::has("range"), broken);
    Origin::start(Site::new().on("/large.jpg", rest)).unwrap()
}

fn survives(calls: &str) {
    let origin = origin();
    let prepared = || {
        let sandbox = Sandbox::new();
        sandbox.settings("[run]\nmin_free = \"0\"\n");
        sandbox.run(&["init"]).expect(0);
        sandbox.write("posts/a.md", format!("![]({})\n", origin.url("/large.jpg")));
        sandbox
    };
    let is_resumed = |sandbox: &Sandbox, when: &str| {
        assert!(sandbox.text("store/articles/posts/a.md").contains("/blobs/sha256/"), "{when}");
        let asked = origin.log().requests();
        assert!(asked.iter().any(|request| request.request.header("range").is_some()), "{when}");
    };
    let killed =
        Killed { arguments: &["run"], ends: &[0], prepared: &prepared, always: &|_, _| {}, finished: &is_resumed };
    killed.at(calls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn a_resumed_download_is_killed_while_it_writes() {
    survives("write,writev,ftruncate,lseek");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn a_resumed_download_is_killed_while_it_saves_or_names_a_file() {
    survives("fsync,fdatasync,syncfs,rename,renameat,renameat2");
}
