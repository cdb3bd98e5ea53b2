//! Killed at any time, whatever it is about.

use std::os::unix::process::ExitStatusExt;

use offprint::testing::demo::photo::Photo;

use super::{is_thorough, recovers, tree};
use crate::corpus::say;
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// A larger site: forty images in twenty posts, some of them in two.
fn large() -> Origin {
    let photo = |seed| Behaviour::serve(Content::new("image/jpeg", Photo::new(seed, 64, 48).jpeg()));
    Origin::start((0..40).fold(Site::new(), |site, at| site.on(&format!("/{at}.jpg"), photo(at)))).unwrap()
}

fn fill(sandbox: &Sandbox, origin: &Origin) {
    for post in 0..20 {
        let images =
            [post, post + 19, (post * 7) % 40].map(|at| format!("![]({})\n", origin.url(&format!("/{at}.jpg"))));
        sandbox.write(&format!("posts/{}/{post}.md", post % 3), images.concat());
    }
}

/// Kills at moments that are spread evenly over the time that an undisturbed run takes, none of them twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_time() {
    let origin = large();
    let undisturbed = Sandbox::new();
    fill(&undisturbed, &origin);
    let begin = std::time::Instant::now();
    undisturbed.run(&["run"]).expect(0);
    let (expected, mut takes) = (tree(&undisturbed), begin.elapsed());
    let wanted = if is_thorough() { 300 } else { 8 };
    let (mut round, mut killed) = (0, 0);
    while killed < wanted {
        round += 1;
        assert!(round < 20 * wanted, "only {killed} of {round} runs were killed before their end");
        let sandbox = Sandbox::new();
        fill(&sandbox, &origin);
        let mut running = sandbox.command(&["run"]).stdout(std::process::Stdio::null()).spawn().unwrap();
        // Not waiting for something, but choosing the moment: multiples of the golden ratio leave no part out.
        tokio::time::sleep(takes.mul_f64((f64::from(round) * 0.618_034).fract())).await;
        running.kill().unwrap();
        match running.wait().unwrap().signal() {
            Some(_) => killed += 1,
            // The machine has less to do than when the time was taken.
            None => takes = takes.mul_f64(0.95),
        }
        let when = format!("killed in round {round}");
        recovers(&sandbox, &expected, &[0], &when).await;
    }
    say(&format!("{killed} runs were killed before their end"));
}
