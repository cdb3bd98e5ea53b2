//! Hosts that send one image in place of many, and hosts that honestly have one image under many URLs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use offprint::testing::demo::photo::Photo;
use offprint::testing::model::Digest;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Condition, Content, Origin, Site};

over_both_archives! {
    good_copies_stay_when_a_host_begins_to_send_a_placeholder
    good_copies_stay_and_are_confirmed_when_a_host_begins_to_want_a_referer
    what_came_in_place_of_one_image_goes_when_it_comes_in_place_of_another
    a_placeholder_that_articles_showed_first_is_shown_no_longer_once_it_is_named
    what_the_settings_name_is_refused_from_the_first_url_on_and_taken_back
    a_placeholder_for_no_referer_is_found_out_and_the_images_come_in_the_same_run
    a_later_run_knows_the_placeholder_and_what_to_send
    one_image_under_many_urls_is_shown_and_asked_about_once
    sizes_of_one_image_raise_no_question
    a_placeholder_for_foreign_referers_displaces_no_honest_image
    one_logo_that_changes_under_all_its_urls_is_a_new_version
    what_could_not_be_asked_is_asked_by_the_next_run
    an_honest_host_with_many_duplicates_gets_hardly_any_extra_request
}

/// What the hosts of these tests send in place of images.
fn placeholder() -> Content {
    Content::new("image/png", Photo::new(99, 120, 90).png())
}

fn image(seed: u64) -> Vec<u8> {
    Photo::new(seed, 64, 48).jpeg()
}

fn photo(seed: u64) -> Behaviour {
    Behaviour::serve(Content::new("image/jpeg", image(seed)))
}

fn digest(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}

/// A host with images `/0.jpg` and on, each of which is `like` of its own photo.
fn host(images: u64, like: impl Fn(Behaviour) -> Behaviour) -> Origin {
    let site = (0..images).fold(Site::new(), |site, at| site.on(&format!("/{at}.jpg"), like(photo(at))));
    Origin::start(site).unwrap()
}

/// An article for each image.
fn write_articles(sandbox: &Sandbox, origin: &Origin, images: u64) {
    for at in 0..images {
        sandbox.write(&format!("posts/{at}.md"), format!("![a]({})\n", origin.url(&format!("/{at}.jpg"))));
    }
}

fn mirror(sandbox: &Sandbox, at: u64) -> String {
    sandbox.text(&format!("store/articles/posts/{at}.md"))
}

/// That the mirror of each article shows its own image and nothing else.
fn assert_own_images(sandbox: &Sandbox, images: u64) {
    for at in 0..images {
        let shown = mirror(sandbox, at);
        assert!(shown.contains(&digest(&image(at))), "{at}: {shown}");
    }
}

fn history(sandbox: &Sandbox, url: &str) -> Value {
    sandbox.json(&["status", "--history", url])
}

fn reasons(report: &Value) -> Vec<&str> {
    report["failures"].as_array().unwrap().iter().map(|failure| failure["reason"].as_str().unwrap()).collect()
}

const DUE_AT_ONCE: &str = "recheck = \"1ms\"\n[run]\nretry_schedule = [\"1ms\"]\n";

fn a_placeholder_for_no_referer_is_found_out_and_the_images_come_in_the_same_run(sandbox: &Sandbox) {
    let origin = host(8, |photo| photo.only_if(Condition::has("referer"), Behaviour::serve(placeholder())));
    write_articles(sandbox, &origin, 8);
    let report = sandbox.json(&["run"]);
    assert_own_images(sandbox, 8);
    assert_eq!((&report["urls"]["fetched"], &report["urls"]["failed"]), (&json!(8), &json!(0)), "{report:#}");
    assert_eq!((&report["failures"], &report["changed_images"]), (&json!([]), &json!([])));
    sandbox.run(&["check"]).expect(0);
    // Three or more placeholders, two questions, and an image each; what was under way meanwhile may be asked twice.
    assert!(origin.log().count() <= 3 + 2 + 8 + 10, "{}", origin.log().count());

    let hosts = sandbox.json(&["status"])["hosts"].clone();
    assert_eq!(hosts[0]["referer"], "image_origin", "{hosts}");
    let printed = history(sandbox, &origin.url("/0.jpg"));
    let placeholder = digest(placeholder().bytes());
    assert!(
        printed["captures"].as_array().unwrap().iter().any(|capture| capture["digest"] == *placeholder),
        "{printed:#}"
    );
    assert_eq!(printed["newest"], digest(&image(0)));

    let asked = origin.log().count();
    sandbox.run(&["run"]).expect(0);
    assert_eq!(origin.log().count(), asked, "a second run asks for nothing");
}

fn a_later_run_knows_the_placeholder_and_what_to_send(sandbox: &Sandbox) {
    let origin = host(9, |photo| photo.only_if(Condition::has("referer"), Behaviour::serve(placeholder())));
    write_articles(sandbox, &origin, 4);
    sandbox.run(&["run"]).expect(0);
    let asked = origin.log().count();
    write_articles(sandbox, &origin, 9);
    sandbox.run(&["run"]).expect(0);
    assert_own_images(sandbox, 9);
    assert_eq!(origin.log().count(), asked + 5, "each new image is asked for once");

    // The host wants no Referer any more, and sends the same placeholder to those who send one.
    origin.change(|site| {
        site.change_all(|_, behaviour| Behaviour::serve(placeholder()).only_if(Condition::has("referer"), behaviour));
        site.set("/9.jpg", Behaviour::serve(placeholder()).only_if(Condition::has("referer"), photo(9)));
    });
    write_articles(sandbox, &origin, 10);
    sandbox.run(&["run"]).expect(0);
    assert_own_images(sandbox, 10);
}

fn one_image_under_many_urls_is_shown_and_asked_about_once(sandbox: &Sandbox) {
    let same = Content::new("image/png", Photo::new(5, 40, 40).png());
    let site = Site::new().otherwise(move |_| Some(Behaviour::serve(same.clone())));
    let origin = Origin::start(site).unwrap();
    write_articles(sandbox, &origin, 10);
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["urls"]["fetched"], &report["failures"]), (&json!(10), &json!([])));
    assert_eq!(origin.log().count(), 11, "each image, and one question");
    let shown = sandbox.only("store/blobs/sha256", ".png");
    let name = shown.file_name().unwrap().to_string_lossy().into_owned();
    assert!((0..10).all(|at| mirror(sandbox, at).contains(&name)));

    write_articles(sandbox, &origin, 20);
    sandbox.run(&["run"]).expect(0);
    assert_eq!(origin.log().count(), 21, "no further question");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(origin.log().count(), 21);
}

fn sizes_of_one_image_raise_no_question(sandbox: &Sandbox) {
    let same = Content::new("image/png", Photo::new(5, 40, 40).png());
    let origin = Origin::start(Site::new().otherwise(move |_| Some(Behaviour::serve(same.clone())))).unwrap();
    let sizes = ["/a.png", "/a.png?w=300", "/a-640x480.png", "/w_300/a.png", "/a@2x.png"];
    let images: Vec<_> = sizes.iter().map(|size| format!("![a]({})\n", origin.url(size))).collect();
    sandbox.write("posts/a.md", images.join("\n"));
    sandbox.run(&["run"]).expect(0);
    assert_eq!(origin.log().count(), sizes.len());
}

/// Avatars that are honestly the same, on a host that sends a placeholder to those who come with a Referer.
fn a_placeholder_for_foreign_referers_displaces_no_honest_image(sandbox: &Sandbox) {
    let avatar = Content::new("image/jpeg", image(3));
    let site = Site::new().otherwise(move |request| {
        let sent = if request.header("referer").is_some() { placeholder() } else { avatar.clone() };
        Some(Behaviour::serve(sent))
    });
    let origin = Origin::start(site).unwrap();
    write_articles(sandbox, &origin, 5);
    sandbox.run(&["run"]).expect(0);
    assert!((0..5).all(|at| mirror(sandbox, at).contains(&digest(&image(3)))));
}

fn good_copies_stay_when_a_host_begins_to_send_a_placeholder(sandbox: &Sandbox) {
    let origin = host(6, |photo| photo);
    sandbox.settings(DUE_AT_ONCE);
    write_articles(sandbox, &origin, 6);
    sandbox.run(&["run"]).expect(0);
    let before = sandbox.digests("store/articles");

    origin.change(|site| site.change_all(|_, _| Behaviour::serve(placeholder())));
    for night in 1..=3 {
        let report = sandbox.json(&["run"]);
        assert!(sandbox.digests("store/articles") == before, "night {night}");
        assert_eq!(report["changed_images"], json!([]), "night {night}");
        assert_eq!(reasons(&report), ["placeholder"; 6], "night {night}: {report:#}");
        assert_eq!((&report["urls"]["fetched"], &report["urls"]["failed"]), (&json!(0), &json!(6)), "night {night}");
    }
    sandbox.run(&["check"]).expect(0);
    sandbox.run(&["verify"]).expect(0);

    origin.change(|site| site.change_all(|_, _| photo(77)));
    origin.change(|site| site.set("/0.jpg", photo(0)));
    let report = sandbox.json(&["run"]);
    assert_eq!(report["urls"]["fetched"], 1, "one is back; the others have another placeholder: {report:#}");
    assert!(sandbox.digests("store/articles") == before);
}

fn good_copies_stay_and_are_confirmed_when_a_host_begins_to_want_a_referer(sandbox: &Sandbox) {
    let origin = host(6, |photo| photo);
    sandbox.settings(DUE_AT_ONCE);
    write_articles(sandbox, &origin, 5);
    sandbox.run(&["run"]).expect(0);
    let before = sandbox.digests("store/articles");
    origin.change(|site| {
        site.change_all(|_, photo| photo.only_if(Condition::has("referer"), Behaviour::serve(placeholder())));
    });
    sandbox.run(&["run"]);
    assert!(sandbox.digests("store/articles") == before);
    let report = sandbox.json(&["run"]);
    assert_eq!(report["changed_images"], json!([]), "{report:#}");
    assert!(sandbox.digests("store/articles") == before);
}

/// The first URL that changes looks like a new version; the second shows that it is none.
fn what_came_in_place_of_one_image_goes_when_it_comes_in_place_of_another(sandbox: &Sandbox) {
    let origin = host(2, |photo| photo);
    sandbox.settings(DUE_AT_ONCE);
    write_articles(sandbox, &origin, 2);
    sandbox.run(&["run"]).expect(0);
    let before = sandbox.digests("store/articles");
    origin.change(|site| site.set("/0.jpg", Behaviour::serve(placeholder())));
    let report = sandbox.json(&["run"]);
    assert_eq!(report["changed_images"][0]["new"], digest(placeholder().bytes()));
    origin.change(|site| site.set("/1.jpg", Behaviour::serve(placeholder())));
    sandbox.run(&["run"]);
    assert!(sandbox.digests("store/articles") == before);
    assert_own_images(sandbox, 2);
}

fn one_logo_that_changes_under_all_its_urls_is_a_new_version(sandbox: &Sandbox) {
    let origin = host(3, |_| photo(1));
    sandbox.settings(&format!("{DUE_AT_ONCE}[rewrite]\nchanged_images = \"newest\"\n"));
    write_articles(sandbox, &origin, 3);
    sandbox.run(&["run"]).expect(0);
    origin.change(|site| site.change_all(|_, _| photo(2)));
    let report = sandbox.json(&["run"]);
    assert_eq!(report["changed_images"].as_array().unwrap().len(), 3, "{report:#}");
    assert!((0..3).all(|at| mirror(sandbox, at).contains(&digest(&image(2)))));
}

fn a_placeholder_that_articles_showed_first_is_shown_no_longer_once_it_is_named(sandbox: &Sandbox) {
    let origin = host(2, |_| Behaviour::serve(placeholder()));
    write_articles(sandbox, &origin, 2);
    sandbox.settings(DUE_AT_ONCE);
    sandbox.run(&["run"]).expect(0);
    origin.change(|site| (0..2).for_each(|at| site.set(&format!("/{at}.jpg"), photo(at))));
    sandbox.run(&["run"]).expect(0);
    let name = digest(placeholder().bytes());
    assert!(mirror(sandbox, 0).contains(&name), "the version it showed first");
    sandbox.settings(&format!("[[fetch.host]]\nhost = \"127.0.0.1\"\nplaceholders = [\"{name}\"]\n"));
    sandbox.run(&["run"]).expect(0);
    assert_own_images(sandbox, 2);
}

fn what_the_settings_name_is_refused_from_the_first_url_on_and_taken_back(sandbox: &Sandbox) {
    let origin = host(2, |_| Behaviour::serve(placeholder()));
    write_articles(sandbox, &origin, 2);
    sandbox.run(&["run"]).expect(0);
    let name = digest(placeholder().bytes());
    assert!(mirror(sandbox, 0).contains(&name), "two alone prove nothing");

    sandbox.settings(&format!(
        "[[fetch.host]]\nhost = \"127.0.0.1\"\nplaceholders = [\"{name}\"]\n[run]\ngrace = \"1ms\"\n"
    ));
    let report = sandbox.json(&["run"]);
    assert_eq!(reasons(&report), ["placeholder"; 2], "{report:#}");
    for at in 0..2 {
        assert!(mirror(sandbox, at).contains(&origin.url(&format!("/{at}.jpg"))), "{}", mirror(sandbox, at));
    }
    let asked = origin.log().count();
    sandbox.run(&["run"]).expect(0);
    assert_eq!(origin.log().count(), asked, "and it is left alone until it is due");
    sandbox.run(&["gc"]).expect(0);
    let kept = sandbox.read(&format!("store/blobs/sha256/{}/{name}.png", &name[..2]));
    assert_eq!(kept, placeholder().bytes().to_vec(), "it is kept as evidence");
}

/// A budget ends the run before the host is asked; the next run asks, although none of its URLs is due.
fn what_could_not_be_asked_is_asked_by_the_next_run(sandbox: &Sandbox) {
    let origin = host(3, |photo| photo.only_if(Condition::has("referer"), Behaviour::serve(placeholder())));
    write_articles(sandbox, &origin, 3);
    sandbox.settings("[run]\nmax_requests = 3\n");
    sandbox.run(&["run"]);
    assert_eq!(origin.log().count(), 3);
    sandbox.settings("");
    sandbox.run(&["run"]).expect(0);
    assert_own_images(sandbox, 3);
    let asked = origin.log().count();
    sandbox.run(&["run"]).expect(0);
    assert_eq!(origin.log().count(), asked);
}

/// A host that has proven honest is asked less: 500 images, each under four addresses.
fn an_honest_host_with_many_duplicates_gets_hardly_any_extra_request(sandbox: &Sandbox) {
    let site = Site::new().otherwise(|request| {
        let image: u64 = request.path().rsplit('/').next()?.trim_end_matches(".png").parse().ok()?;
        Some(Behaviour::serve(Content::new("image/png", crate::testserver::bulk::tiny(image))))
    });
    let origin = Origin::start(site).unwrap();
    sandbox.settings("per_host = 8\n");
    for at in 0..500 {
        let images: Vec<_> =
            (0..4).map(|copy| format!("![a]({})\n", origin.url(&format!("/{copy}/{at}.png")))).collect();
        sandbox.write(&format!("posts/{at:03}.md"), images.concat());
    }
    let report = sandbox.json(&["run"]);
    assert_eq!(report["urls"]["fetched"], 2000, "{report:#}");
    let asked = origin.log().count();
    assert!((2000..=2040).contains(&asked), "{asked}");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(origin.log().count(), asked, "a second run asks for nothing");
}
