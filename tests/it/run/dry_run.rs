//! What a dry run lists is what the run then asks for, whatever happened before.

use std::collections::BTreeSet;

use offprint::testing::model::Reason;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::Value;

use crate::sandbox::{Sandbox, is_thorough};
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// How many images and posts there are.
const IMAGES: usize = 6;
const POSTS: usize = 3;

/// Something that happens before a night, or the night itself.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A post shows one more image.
    Show { post: usize, image: usize },
    /// A post goes.
    Remove { post: usize },
    /// The origin serves an image from now on, and not the one it served before.
    Serve { image: usize },
    /// The origin answers with this status from now on.
    Refuse { image: usize, status: u16 },
    /// The origin wants to be left alone for an hour.
    Busy { image: usize },
    /// What is kept is asked for again at once, or never; what failed at once, or in a month.
    Schedule { recheck: bool, retry: bool },
    /// A file beside the posts changes, or goes.
    File { exists: bool },
    /// A run.
    Run,
    /// A run that asks again for all that failed.
    Retry,
    /// A run over one post.
    Named { post: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let (image, post) = (0..IMAGES, 0..POSTS);
    let status = prop::sample::select(vec![404_u16, 403, 410]);
    prop_oneof![
        4 => (post.clone(), image.clone()).prop_map(|(post, image)| Step::Show { post, image }),
        1 => post.clone().prop_map(|post| Step::Remove { post }),
        3 => image.clone().prop_map(|image| Step::Serve { image }),
        2 => (image.clone(), status).prop_map(|(image, status)| Step::Refuse { image, status }),
        1 => image.prop_map(|image| Step::Busy { image }),
        2 => any::<(bool, bool)>().prop_map(|(recheck, retry)| Step::Schedule { recheck, retry }),
        1 => any::<bool>().prop_map(|exists| Step::File { exists }),
        6 => Just(Step::Run),
        1 => Just(Step::Retry),
        2 => post.prop_map(|post| Step::Named { post }),
    ]
}

/// A site with posts, and what happened to it.
struct World {
    origin: Origin,
    sandbox: Sandbox,
    posts: [BTreeSet<usize>; POSTS],
    count: u64,
    /// The origin wants to be left alone, as soon as it is asked.
    is_busy: bool,
}

impl World {
    fn new() -> Self {
        let (origin, sandbox) = (Origin::start(Site::new()).expect("loopback can be served on"), Sandbox::in_memory());
        let world = Self { origin, sandbox, posts: Default::default(), count: 0, is_busy: false };
        world.schedule(true, true);
        world.sandbox.write("posts/beside.png", tiny(7));
        world
    }

    fn schedule(&self, recheck: bool, retry: bool) {
        let (recheck, retry) = (if recheck { "1ms" } else { "never" }, if retry { "1ms" } else { "30d" });
        let settings = format!("retries = 0\nrecheck = \"{recheck}\"\n[run]\nretry_schedule = [\"{retry}\"]\n");
        self.sandbox.settings(&settings);
    }

    fn url(&self, image: usize) -> String {
        self.origin.url(&format!("/{image}.png"))
    }

    fn post(&self, post: usize) -> String {
        self.sandbox.path(&format!("posts/{post}.md")).display().to_string()
    }

    /// A URL that no post shows any more may be asked for or not: the run may come to it before it reads the post. So
    /// images are added and never taken away; a post that comes back has those that it had.
    fn show(&mut self, post: usize, image: usize) {
        self.posts[post].insert(image);
        let images: Vec<_> = self.posts[post].iter().map(|image| format!("![]({})\n", self.url(*image))).collect();
        self.sandbox.write(&format!("posts/{post}.md"), images.concat() + "![](beside.png)\n");
    }

    fn serve(&mut self, image: usize, behaviour: Option<Behaviour>) {
        self.count += 1;
        let served = || Behaviour::serve(Content::new("image/png", tiny(self.count * 100 + image as u64)));
        self.origin.set(&format!("/{image}.png"), behaviour.unwrap_or_else(served));
    }

    /// The URLs that a dry run lists, and those that the run then asks for.
    fn night(&self, arguments: &[&str]) -> (BTreeSet<String>, BTreeSet<String>) {
        let plan = self.sandbox.json(&[arguments, &["--dry-run"]].concat());
        let listed = plan["fetch"].as_array().expect("a list").iter().filter_map(Value::as_str);
        let listed: BTreeSet<_> = listed.filter(|url| url.starts_with("http")).map(ToOwned::to_owned).collect();
        self.origin.log().clear();
        let report = self.sandbox.json(arguments);
        assert_eq!(plan["articles"]["seen"], report["articles"]["seen"], "{plan:#} {report:#}");
        self.counts_add_up(&report);
        let asked = self.origin.log().requests();
        (listed, asked.iter().map(|visit| self.origin.url(visit.request.path())).collect())
    }

    /// Whatever a run did: each article is counted once, each reference is local or remote, each URL that failed is
    /// listed with its reason, the numbers of `status` are those of the report, and no article points at nothing.
    fn counts_add_up(&self, report: &Value) {
        let count =
            |pointer: &str| report.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer}"));
        let articles = ["new", "changed", "unchanged", "failed"].map(|state| count(&format!("/articles/{state}")));
        assert_eq!(count("/articles/seen"), articles.iter().sum::<u64>(), "{report:#}");
        assert_eq!(count("/references/found"), count("/references/local") + count("/references/remote"), "{report:#}");
        let failures = report["failures"].as_array().expect("a list");
        assert_eq!(count("/urls/failed"), failures.len() as u64, "{report:#}");
        for failure in failures {
            let reason = failure["reason"].as_str().and_then(Reason::from_name);
            assert!(
                reason.is_some() && failure["detail"].as_str().is_some_and(|detail| !detail.is_empty()),
                "{failure}"
            );
            assert!(failure["articles"].as_array().is_some_and(|articles| !articles.is_empty()), "{failure}");
        }
        let status = self.sandbox.json(&["status"]);
        let totals = (&report["references"]["found"], &report["references"]["local"], &report["missing"]["urls"]);
        let missing = status["missing_by_reason"].as_object().expect("counts").values().filter_map(Value::as_u64);
        assert_eq!(totals, (&status["references"], &status["local"], &missing.sum::<u64>().into()), "{status:#}");
        let checked = self.sandbox.json(&["check"]);
        assert_eq!((&checked["dangling"], &checked["unreadable"]), (&Value::Array(vec![]), &Value::Array(vec![])));
    }

    /// What a dry run lists is what the run asks for; less, where the origin sends it away on the way.
    fn check(&self, arguments: &[&str]) -> Result<(), TestCaseError> {
        let (listed, asked) = self.night(arguments);
        if self.is_busy {
            prop_assert!(asked.is_subset(&listed), "{:?} {:?}", asked, listed);
        } else {
            prop_assert_eq!(listed, asked);
        }
        Ok(())
    }

    fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Show { post, image } => self.show(post, image),
            Step::Remove { post } => drop(std::fs::remove_file(self.post(post))),
            Step::Serve { image } => self.serve(image, None),
            Step::Refuse { image, status } => self.serve(image, Some(Behaviour::status(status))),
            Step::Busy { image } => {
                self.is_busy = true;
                self.serve(image, Some(Behaviour::status(503).with_header("Retry-After", "3600")));
            }
            Step::Schedule { recheck, retry } => self.schedule(recheck, retry),
            Step::File { exists: true } => self.sandbox.write("posts/beside.png", tiny(self.count + 7)),
            Step::File { exists: false } => drop(std::fs::remove_file(self.sandbox.path("posts/beside.png"))),
            Step::Run | Step::Retry => {
                let arguments: &[&str] = if matches!(step, Step::Run) { &["run"] } else { &["run", "--retry=all"] };
                self.check(arguments)?;
            }
            Step::Named { post } if !std::path::Path::new(&self.post(post)).exists() => {}
            Step::Named { post } => {
                self.check(&["mirror", &self.post(post)])?;
            }
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happened_a_dry_run_lists_what_the_run_asks_for() {
    let cases = if is_thorough() { 400 } else { 12 };
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
    let config = if is_thorough() { config } else { Config { rng_seed: RngSeed::Fixed(11), ..config } };
    let steps = prop::collection::vec(step(), 4..24);
    let mut runner = TestRunner::new(config);
    let result = runner.run(&steps, |steps| {
        let mut world = World::new();
        world.show(0, 0);
        steps.into_iter().chain([Step::Run]).try_for_each(|step| world.step(step))
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// The neighbours of an image that is due by `recheck`, each by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_good_image_that_is_due_again_is_listed() {
    let mut world = World::new();
    world.serve(0, None);
    world.serve(1, None);
    world.show(0, 0);
    world.show(1, 1);
    world.sandbox.run(&["run"]).expect(0);
    let both: BTreeSet<_> = [world.url(0), world.url(1)].into();
    assert_eq!(world.night(&["run"]), (both.clone(), both.clone()));
    world.schedule(false, true);
    world.sandbox.run(&["run"]).expect(0);
    let none = BTreeSet::new();
    assert_eq!(world.night(&["run"]), (none.clone(), none.clone()), "it is not due");
    let post = world.post(0);
    assert_eq!(world.night(&["mirror", &post]), (none.clone(), none.clone()), "a named article misses nothing");
    // The night in which the setting changes.
    world.schedule(true, true);
    assert_eq!(world.night(&["run"]), (both.clone(), both.clone()));
    assert_eq!(world.night(&["run"]), (both.clone(), both));
    world.schedule(false, true);
    assert_eq!(world.night(&["run"]), (none.clone(), none), "what was due by the setting before is not");
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_of_a_host_that_is_not_being_asked_are_counted_apart() {
    let mut world = World::new();
    world.schedule(false, false);
    world.serve(0, Some(Behaviour::status(503).with_header("Retry-After", "3600")));
    world.show(0, 0);
    world.sandbox.run(&["run"]);
    world.show(1, 1);
    let plan = world.sandbox.json(&["run", "--dry-run"]);
    assert_eq!((&plan["urls"], &plan["deferred"], &plan["fetch"]), (&0.into(), &1.into(), &Value::Array(Vec::new())));
    let none = BTreeSet::new();
    assert_eq!(world.night(&["run"]), (none.clone(), none));
}
