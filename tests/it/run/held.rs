//! What arrives is judged and decoded from memory where it is small and there is room, and from its file otherwise: nobody
//! can see which.

use offprint::testing::demo::photo::Photo;

use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// A JPEG with a comment, so that the file has about so many bytes.
fn padded(seed: u64, bytes: usize) -> Vec<u8> {
    let jpeg = Photo::new(seed, 300, 200).jpeg();
    let mut padded = jpeg[..2].to_vec();
    for comment in vec![b'x'; bytes.saturating_sub(jpeg.len())].chunks(60_000) {
        let length = u16::try_from(comment.len() + 2).expect("a chunk fits a segment");
        padded.extend([&[0xff, 0xfe][..], &length.to_be_bytes(), comment].concat());
    }
    [padded, jpeg[2..].to_vec()].concat()
}

fn origin(sizes: &[usize]) -> Origin {
    let image = |at: usize, bytes: usize| Behaviour::serve(Content::new("image/jpeg", padded(at as u64, bytes)));
    let site = sizes
        .iter()
        .enumerate()
        .fold(Site::new(), |site, (at, bytes)| site.on(&format!("/{at}.jpg"), image(at, *bytes)));
    Origin::start(site).expect("loopback can be served on")
}

/// Mirrors images of these sizes in bytes, all at once.
fn mirrored(sizes: &[usize]) -> Sandbox {
    let (origin, sandbox) = (origin(sizes), Sandbox::new());
    sandbox.settings("per_host = 128\nconcurrency = 128\n[run]\nmin_free = \"0\"\n");
    let lines: Vec<_> = (0..sizes.len()).map(|at| format!("![]({})\n", origin.url(&format!("/{at}.jpg")))).collect();
    sandbox.write("posts/a.md", lines.concat());
    let report = sandbox.json(&["run"]);
    assert_eq!(report["references"]["local"], sizes.len(), "{report:#}");
    assert_eq!(report["thumbnails"]["made"], sizes.len(), "{report:#}");
    sandbox.run(&["verify"]).expect(0);
    sandbox
}

#[tokio::test(flavor = "multi_thread")]
async fn images_of_all_sizes_are_kept_and_have_thumbnails() {
    mirrored(&[20 << 10, 200 << 10, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, 300 << 10, 2 << 20]);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_images_at_once_than_memory_holds_are_kept_all_the_same() {
    let sandbox = mirrored(&[250 << 10; 100]);
    assert_eq!(sandbox.digests("store/blobs").len(), 101, "each is another one, and there is the article");
    let thumbnails = sandbox.digests("store/thumbnails").into_values();
    assert_eq!(thumbnails.collect::<std::collections::BTreeSet<_>>().len(), 100);
}
