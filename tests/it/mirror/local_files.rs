//! Files beside articles: found where site generators look, and kept, missed and renewed by the rules of all images.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use offprint::Digest;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Site};

over_both_archives! {
    a_file_that_is_not_there_is_missing_as_any_image_is
    a_kept_copy_stays_when_its_file_is_pruned_and_a_file_that_is_back_is_noticed
    a_file_that_appears_is_noticed_without_an_edit_wherever_it_is_put
    a_file_that_is_replaced_is_a_changed_image
    a_file_is_adopted_only_where_the_settings_say_so
    the_file_on_the_disk_comes_before_the_web
    a_saved_page_takes_from_its_site_what_is_not_beside_it
    no_address_names_what_is_hidden
    a_kept_copy_stays_when_its_article_is_edited_whatever_form_its_name_has
    a_kept_copy_goes_along_with_an_article_that_is_moved
    a_kept_copy_goes_along_with_an_article_that_is_moved_and_edited
    a_new_article_does_not_show_the_files_of_one_that_is_gone
    a_copy_of_an_article_does_not_show_the_files_of_the_other
    #[cfg(unix)] no_address_leads_out_of_the_source_and_its_roots
}

fn mirror(sandbox: &Sandbox) -> String {
    sandbox.text("store/articles/posts/a.md")
}

/// The failures of a report: what was asked for, and why there is none.
fn failures(report: &Value) -> Vec<(String, String)> {
    let failures = report["failures"].as_array().unwrap().iter();
    let name = |url: &str| url.rsplit('/').next().unwrap().to_owned();
    failures
        .map(|failed| (name(failed["url"].as_str().unwrap()), failed["reason"].as_str().unwrap().to_owned()))
        .collect()
}

/// A run that finds nothing to do, and does nothing.
fn settled(sandbox: &Sandbox) {
    let before = (sandbox.tree("store/articles"), sandbox.tree("store/blobs"));
    let report = sandbox.json(&["run"]);
    let urls = &report["urls"];
    assert_eq!(
        (&urls["fetched"], &urls["failed"], &report["articles"]["unchanged"]),
        (&json!(0), &json!(0), &report["articles"]["seen"])
    );
    assert_eq!((sandbox.tree("store/articles"), sandbox.tree("store/blobs")), before, "{report:#}");
}

fn a_file_that_is_not_there_is_missing_as_any_image_is(sandbox: &Sandbox) {
    sandbox.write("posts/b.png", tiny(1));
    sandbox.write("posts/a.md", "![x](gone.png) ![y](b.png) ![[none.png]] ![z](/img/root.png) ![r](../out.png)\n");
    let ran = sandbox.run(&["run", "--json"]).expect(3);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let missing = |name: &str| (name.to_owned(), "local_file".to_owned());
    let mut found = failures(&report);
    found.sort();
    assert!(["gone.png", "out.png", "root.png"].iter().all(|name| found.contains(&missing(name))), "{report:#}");
    assert_eq!(
        (&report["newly_missing"], &report["references"]["local"]),
        (&json!(found.len()), &json!(1)),
        "{report:#}"
    );
    let details: Vec<_> =
        report["failures"].as_array().unwrap().iter().map(|failed| failed["detail"].as_str().unwrap()).collect();
    assert!(details.iter().any(|detail| detail.contains("set the `roots` of the source")), "{details:?}");
    assert!(details.iter().any(|detail| detail.contains("there is no such file")), "{details:?}");
    assert!(mirror(sandbox).starts_with("![x](gone.png) ![y](../../blobs/"));
    sandbox.run(&["run"]).expect(0);
    settled(sandbox);
    assert!(sandbox.run(&["status", "-v"]).expect(0).stdout.contains("gone.png"));
    assert_eq!(sandbox.run(&["check"]).status, 3);
}

fn a_kept_copy_stays_when_its_file_is_pruned_and_a_file_that_is_back_is_noticed(sandbox: &Sandbox) {
    let places = ["posts/a.png", "posts/a/s.png", "static/img/r.png", "posts/deep/w.png"];
    sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"\nroots = [\"static\"]\n");
    for (seed, place) in places.iter().enumerate() {
        sandbox.write(place, tiny(seed as u64));
    }
    sandbox.write("posts/a.md", "![a](a.png) ![s](s.png) ![r](/img/r.png)\n");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(mirror(sandbox).matches("/blobs/").count(), 3);
    settled(sandbox);
    for place in &places[..3] {
        std::fs::rename(sandbox.path(place), sandbox.path(&format!("{place}.away"))).unwrap();
    }
    sandbox.write("posts/a.md", "Edited ![a](a.png) ![s](s.png) ![r](/img/r.png)\n");
    let report = sandbox.json(&["run"]);
    assert_eq!((failures(&report).len(), &report["newly_missing"]), (3, &json!(0)), "{report:#}");
    assert_eq!(mirror(sandbox).matches("/blobs/").count(), 3, "{}", mirror(sandbox));
    sandbox.run(&["check"]).expect(0);
    settled(sandbox);
    for place in &places[..3] {
        std::fs::rename(sandbox.path(&format!("{place}.away")), sandbox.path(place)).unwrap();
    }
    assert_eq!(sandbox.json(&["run"])["urls"]["fetched"], 3, "each is as it was kept");
    assert_eq!(sandbox.json(&["status"])["missing"].as_array().map_or(0, Vec::len), 0);
    settled(sandbox);
}

fn a_file_that_appears_is_noticed_without_an_edit_wherever_it_is_put(sandbox: &Sandbox) {
    for place in ["posts/x.png", "posts/a/x.png"] {
        let sandbox = sandbox.another();
        sandbox.write("posts/a.md", "![x](x.png)\n");
        sandbox.run(&["run"]).expect(3);
        sandbox.write(place, tiny(1));
        let report = sandbox.json(&["run"]);
        assert_eq!(
            (&report["articles"]["changed"], &report["references"]["local"]),
            (&json!(0), &json!(1)),
            "{report:#}"
        );
        assert!(mirror(&sandbox).starts_with("![x](../../blobs/"), "{place}: {}", mirror(&sandbox));
        settled(&sandbox);
    }
}

fn a_file_that_is_replaced_is_a_changed_image(sandbox: &Sandbox) {
    for newest in [false, true] {
        let sandbox = sandbox.another();
        if newest {
            sandbox.settings("[rewrite]\nchanged_images = \"newest\"\n");
        }
        sandbox.write("posts/x.png", tiny(1));
        sandbox.write("posts/a.md", "![x](x.png)\n");
        sandbox.run(&["run"]).expect(0);
        let before = mirror(&sandbox);
        let modified = sandbox.path("posts/x.png").metadata().unwrap().modified().unwrap();
        sandbox.write("posts/x.png", tiny(2));
        let file = std::fs::File::options().write(true).open(sandbox.path("posts/x.png")).unwrap();
        file.set_modified(modified).unwrap();
        let report = sandbox.json(&["run"]);
        let changed = report["changed_images"].as_array().unwrap();
        assert_eq!(changed.len(), 1, "{report:#}");
        assert_eq!(changed[0]["articles"], json!(["posts/a.md"]));
        assert_eq!(mirror(&sandbox) != before, newest, "as for images of the web");
        settled(&sandbox);
    }
}

fn a_file_is_adopted_only_where_the_settings_say_so(sandbox: &Sandbox) {
    let text = "![x](x.png) ![s](/s.png) ![g](gone.png)\n";
    for (settings, local) in [
        ("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \".\"\nroots = [\"static\"]\n", 0),
        (
            "[rewrite]\nadopt_local = \"always\"\n[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \".\"\nroots = [\"static\"]\n",
            2,
        ),
    ] {
        let sandbox = sandbox.another();
        sandbox.settings(settings);
        sandbox.write("posts/x.png", tiny(1));
        sandbox.write("static/s.png", tiny(2));
        sandbox.write("posts/a.md", text);
        let report = sandbox.json(&["run"]);
        assert_eq!(failures(&report), [("gone.png".to_owned(), "local_file".to_owned())], "{report:#}");
        let mirrored = sandbox.text("posts/a.md");
        assert_eq!(mirrored.matches("/blobs/").count(), local, "{mirrored}");
        let checked = sandbox.json(&["check"]);
        let of = |list: &str| checked[list].as_array().unwrap().len();
        assert_eq!(
            (&checked["local"], of("missing"), of("dangling"), of("remote")),
            (&json!(2), 1, 0, 0),
            "{checked:#}"
        );
        // Once it is there, it is where it is to stay.
        sandbox.write("posts/gone.png", tiny(3));
        sandbox.run(&["run"]).expect(0);
        assert_eq!(sandbox.text("posts/a.md").contains("![g](gone.png)"), local == 0);
        sandbox.run(&["check"]).expect(0);
        assert_eq!(sandbox.run(&["restore", "posts/a.md"]).expect(0).stdout, text);
    }
}

fn the_file_on_the_disk_comes_before_the_web(sandbox: &Sandbox) {
    let site = Site::new().on("/blog/web.png", Behaviour::serve(Content::new("image/png", tiny(7))));
    let origin = Origin::start(site).unwrap();
    let base = origin.url("/blog/");
    sandbox.settings(&format!(
        "[[source]]\nname = \"posts\"\npath = \"posts\"\nbase_url = \"{base}\"\nroots = [\"static\"]\n"
    ));
    sandbox.write("posts/here.png", tiny(1));
    sandbox.write("static/r.png", tiny(2));
    sandbox.write("posts/in.png", tiny(3));
    sandbox.write("posts/a.md", "![a](here.png) ![b](/r.png) ![c](web.png) ![d](/blog/in.png)\n");
    let report = sandbox.json(&["run"]);
    assert_eq!(report["references"], json!({"found": 4, "local": 4, "remote": 0}), "{report:#}");
    assert_eq!((origin.log().count(), origin.log().of("/blog/web.png").len()), (1, 1));
    std::fs::remove_file(sandbox.path("posts/here.png")).unwrap();
    sandbox.write("posts/a.md", "Edited ![a](here.png) ![b](/r.png) ![c](web.png) ![d](/blog/in.png)\n");
    sandbox.run(&["run"]);
    assert_eq!(mirror(sandbox).matches("/blobs/").count(), 4, "{}", mirror(sandbox));
    assert_eq!(origin.log().count(), 1);
}

fn a_saved_page_takes_from_its_site_what_is_not_beside_it(sandbox: &Sandbox) {
    let image = |number| Behaviour::serve(Content::new("image/png", tiny(number)));
    let site = Site::new().on("/d/web.png", image(7)).on("/root.png", image(8)).on("/d/in/x.png?v=1", image(9));
    let origin = Origin::start(site).unwrap();
    let images = "<img src=here.png><img src=web.png><img src=/root.png><img src='in/x.png?v=1'>";
    let page = origin.url("/d/page.html");
    sandbox.write("posts/here.png", tiny(1));
    for (name, head) in [
        ("a.html", format!("<link rel=canonical href='{page}'>")),
        ("b.html", format!("<meta property=og:url content='{page}'>")),
        ("c.html", format!("<!-- saved from url=(0030){page} -->")),
    ] {
        sandbox.write(&format!("posts/{name}"), format!("<!doctype html>{head}{images}"));
    }
    let report = sandbox.json(&["run"]);
    assert_eq!(report["references"], json!({"found": 12, "local": 12, "remote": 0}), "{report:#}");
    assert_eq!(origin.log().count(), 3);
    // A post that says where it was published is no saved page.
    sandbox.write("posts/d.md", format!("---\ncanonical: {page}\n---\n![a](gone.png)\n"));
    assert_eq!(failures(&sandbox.json(&["run"])), [("gone.png".to_owned(), "local_file".to_owned())]);
    settled(sandbox);
}

#[tokio::test(flavor = "multi_thread")]
async fn roots_are_read_from_the_settings_and_a_root_that_is_not_there_is_reported() {
    let sandbox = Sandbox::new();
    sandbox.write("public/img/x.png", tiny(1));
    sandbox.write("posts/a.md", "---\nimage: /img/x.png\n---\n<img src=/img/x.png>\n");
    sandbox.run(&["run"]).expect(3);
    assert_eq!(sandbox.json(&["check"])["remote"].as_array().unwrap().len(), 2);
    let with =
        |roots: &str| sandbox.settings(&format!("[[source]]\nname = \"posts\"\npath = \"posts\"\nroots = [{roots}]\n"));
    with("\"none\", \"public\"");
    let ran = sandbox.run(&["run"]).expect(1);
    assert!(ran.stderr.contains("none: correct its `roots`"), "{ran:?}");
    with("\"public\"");
    let report = sandbox.json(&["run"]);
    assert_eq!(report["references"], json!({"found": 2, "local": 2, "remote": 0}), "{report:#}");
    sandbox.run(&["check"]).expect(0);
    settled(&sandbox);
}

#[cfg(unix)]
fn no_address_leads_out_of_the_source_and_its_roots(sandbox: &Sandbox) {
    sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"\nroots = [\"static\"]\n");
    sandbox.write("secret.png", tiny(1));
    sandbox.write("static/x.png", tiny(2));
    std::os::unix::fs::symlink("../secret.png", sandbox.path("static/link.png")).unwrap();
    let secret = sandbox.path("secret.png").display().to_string();
    let text = format!(
        "![a](/../secret.png) ![b](/link.png) ![c](../secret.png) ![d](file://{secret}) ![e](../static/x.png)\n"
    );
    sandbox.write("posts/a.md", text);
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["references"]["found"], &report["references"]["local"]), (&json!(5), &json!(1)), "{report:#}");
    sandbox.only("store/blobs/sha256", ".png");
}

/// What lies in `.git`, or is hidden otherwise, is nobody's image: discovery passes it over, and no address names it,
/// whether directly, by a link, or in another spelling.
fn no_address_names_what_is_hidden(sandbox: &Sandbox) {
    sandbox.write("posts/shown.png", tiny(1));
    for hidden in ["posts/.git/x.png", "posts/.secret.png", "posts/a/.b/c.png"] {
        sandbox.write(hidden, tiny(2));
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(".git/x.png", sandbox.path("posts/linked.png")).unwrap();
    #[cfg(not(unix))]
    sandbox.write("posts/linked.png", b"");
    sandbox.write(
        "posts/a.md",
        "![](shown.png) ![](.git/x.png) ![](%2Egit/x.png) ![](.secret.png) ![](a/.b/c.png) ![](linked.png) ![[.secret.png]]",
    );
    let report = sandbox.json(&["run"]);
    let failures = failures(&report);
    assert!(failures.len() >= 4 && failures.iter().all(|(_, reason)| reason == "local_file"), "{failures:?}");
    let mirror = mirror(sandbox);
    assert_eq!(mirror.matches("blobs/").count(), 1, "{mirror}");
}

/// What is there and cannot be shown is not reported as missing: the way out is another.
#[cfg(unix)]
#[test]
fn what_is_in_the_place_of_a_file_is_named() {
    let sandbox = Sandbox::new();
    let cases = [
        ("folder.png", "it is a folder"),
        (".hidden.png", "it is hidden"),
        ("out.png", "leads out of its source"),
        ("nothing.png", "a link to nothing"),
        ("gone.png", "there is no such file"),
    ];
    sandbox.write("posts/folder.png/x.txt", "");
    sandbox.write("posts/.hidden.png", "image");
    sandbox.write("elsewhere.png", "image");
    std::os::unix::fs::symlink("../elsewhere.png", sandbox.path("posts/out.png")).unwrap();
    std::os::unix::fs::symlink("nowhere.png", sandbox.path("posts/nothing.png")).unwrap();
    sandbox.write("posts/a.md", cases.map(|(name, _)| format!("![]({name})\n\n")).concat());
    let report = sandbox.json(&["run"]);
    let failures = report["failures"].as_array().unwrap();
    for (name, why) in cases {
        let ends_so = |failure: &&serde_json::Value| failure["url"].as_str().unwrap().ends_with(&format!("/{name}"));
        let detail = failures.iter().find(ends_so).unwrap_or_else(|| panic!("{name}: {report:#}"));
        assert!(detail["detail"].as_str().unwrap().contains(why), "{name}: {detail}");
    }
}

fn a_kept_copy_stays_when_its_article_is_edited_whatever_form_its_name_has(sandbox: &Sandbox) {
    for (at, (file, address)) in
        [("cafe\u{301}.png", "caf\u{e9}.png"), ("caf\u{e9}.png", "cafe\u{301}.png"), ("a b.png", "a%20b.png")]
            .into_iter()
            .enumerate()
    {
        let sandbox = &sandbox.another();
        sandbox.write(&format!("posts/{file}"), tiny(at as u64));
        sandbox.write("posts/a.md", format!("![]({address})\n"));
        sandbox.run(&["run"]).expect(0);
        std::fs::remove_file(sandbox.path(&format!("posts/{file}"))).unwrap();
        sandbox.run(&["run"]).expect(0);
        sandbox.write("posts/a.md", format!("![]({address})\n\nedited\n"));
        sandbox.run(&["run"]).expect(0);
        assert!(mirror(sandbox).contains("blobs/sha256/"), "{file}: {}", mirror(sandbox));
    }
}

fn a_kept_copy_goes_along_with_an_article_that_is_moved(sandbox: &Sandbox) {
    for in_place in [false, true] {
        let sandbox = &sandbox.another();
        let output = if in_place { "output = \"posts\"\n" } else { "" };
        let always = "[rewrite]\nadopt_local = \"always\"\n";
        sandbox.settings(&format!("{always}[[source]]\nname = \"posts\"\npath = \"posts\"\n{output}"));
        sandbox.write("posts/d/u.png", tiny(1));
        sandbox.write("posts/d/a.md", "![](u.png)\n");
        sandbox.run(&["run"]).expect(0);
        std::fs::remove_file(sandbox.path("posts/d/u.png")).unwrap();
        sandbox.run(&["run"]).expect(0);
        std::fs::rename(sandbox.path("posts/d"), sandbox.path("posts/e")).unwrap();
        sandbox.run(&["run"]).expect(0);
        let moved = sandbox.text(if in_place { "posts/e/a.md" } else { "store/articles/posts/e/a.md" });
        assert!(moved.contains("blobs/sha256/"), "in place: {in_place}: {moved}");
        assert_eq!(sandbox.run(&["restore", "posts/e/a.md"]).expect(0).stdout, "![](u.png)\n");
    }
}

/// Renamed or moved, and edited, in one night: most of the text is what it was.
fn a_kept_copy_goes_along_with_an_article_that_is_moved_and_edited(sandbox: &Sandbox) {
    for in_place in [false, true] {
        for to in ["posts/e/a.md", "posts/d/renamed.md"] {
            let sandbox = &sandbox.another();
            let output = if in_place { "output = \"posts\"\n" } else { "" };
            let always = "[rewrite]\nadopt_local = \"always\"\n";
            sandbox.settings(&format!("{always}[[source]]\nname = \"posts\"\npath = \"posts\"\n{output}"));
            sandbox.write("posts/d/u.png", tiny(1));
            sandbox.write("posts/d/a.md", "title: A\n\nfirst line\n![](u.png)\nlast line\n");
            // Another post that is gone, with a file of the same name and another text.
            sandbox.write("posts/other/u.png", tiny(2));
            sandbox.write("posts/other/b.md", "title: B\n\nsomething else\n![](u.png)\nthe end\n");
            sandbox.run(&["run"]).expect(0);
            std::fs::remove_dir_all(sandbox.path("posts/other")).unwrap();
            std::fs::remove_file(sandbox.path("posts/d/u.png")).unwrap();
            sandbox.run(&["run"]).expect(0);
            let text = sandbox.text("posts/d/a.md").replace("last line", "the last line, edited");
            std::fs::remove_file(sandbox.path("posts/d/a.md")).unwrap();
            // In place, the link is relative to the folder.
            sandbox.write(to, text);
            sandbox.run(&["run"]).expect(0);
            let place = if in_place { to.to_owned() } else { format!("store/articles/{to}") };
            let moved = sandbox.text(&place);
            assert!(moved.contains("edited") && moved.contains(&Digest::of(&tiny(1)).to_string()), "{to}: {moved}");
        }
    }
}

/// A post that is new, whose text is not that of one that is gone, has no claim to its files.
fn a_new_article_does_not_show_the_files_of_one_that_is_gone(sandbox: &Sandbox) {
    sandbox.write("posts/d/u.png", tiny(1));
    sandbox.write("posts/d/a.md", "title: A\n\nfirst line\n![](u.png)\nlast line\n");
    sandbox.write("posts/stays.md", "text\n");
    sandbox.run(&["run"]).expect(0);
    std::fs::remove_dir_all(sandbox.path("posts/d")).unwrap();
    let new = "title: B\n\nanother text\n![](u.png)\nits end\n";
    sandbox.write("posts/e/a.md", new);
    sandbox.run(&["run"]).expect(3);
    assert_eq!(sandbox.text("store/articles/posts/e/a.md"), new);
}

fn a_copy_of_an_article_does_not_show_the_files_of_the_other(sandbox: &Sandbox) {
    sandbox.write("posts/d/u.png", tiny(1));
    sandbox.write("posts/d/a.md", "![](u.png)\n");
    sandbox.run(&["run"]).expect(0);
    sandbox.write("posts/e/a.md", "![](u.png)\n");
    sandbox.run(&["run"]).expect(3);
    assert_eq!(sandbox.text("store/articles/posts/e/a.md"), "![](u.png)\n");
}
