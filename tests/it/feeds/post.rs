//! What post an entry becomes.

use super::{Item, origin, original, posts, rss, sandbox, serve};
use crate::corpus::corpus;

const CATEGORIES: &str = "categories = [\"新媒体\", \"观察者网\", \"头条\"]\nauthor = \"观察者网\"";

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_becomes_a_post_whose_image_is_local() {
    let origin = origin(&[]);
    let (image, second) = (origin.url("/1.png"), origin.url("/2.png"));
    let body =
        format!("\n<p>It's <img src=\"{image}\" referrerpolicy=\"no-referrer\"> and <img src=\"{second}\"></p>\n");
    origin.set("/feed", serve(&rss("", &[Item::new("1", "李强：it's \"so\"", &body)])));
    let sandbox = sandbox(&origin.url("/feed"), CATEGORIES);
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["articles"]["new"], &report["references"]["local"]), (&1.into(), &4.into()), "{report}");
    assert_eq!(posts(&sandbox), ["新媒体/观察者网/头条/李强：it's _so_.md"]);
    let expected = format!(
        "\n---\ntitle: '李强：it''s \"so\"'\ncategories: \n - 新媒体\n - 观察者网\n - 头条\nheadimg: '{image}'\n\
         author: 观察者网\ncomments: false\ndate: Thu, 22 Apr 2021 19:27:36 GMT\nthumbnail: '{image}'\n---\n\n\
         <div>   \n{body}  \n</div>\n            "
    );
    assert_eq!(original(&sandbox, &posts(&sandbox)[0]), expected);
    let mirror = sandbox.text(&format!("store/articles/news/{}", posts(&sandbox)[0]));
    assert!(!mirror.contains("http://127.0.0.1"), "{mirror}");
    sandbox.run(&["check"]).expect(0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
async fn a_feed_with_the_item_of_the_corpus_gives_its_post_byte_for_byte() {
    let seed = std::fs::read_dir(corpus("articles/rsshub-page")).unwrap().map(|file| file.unwrap().path());
    let seed = seed.into_iter().find(|file| file.file_name().unwrap().to_string_lossy().starts_with("seed__")).unwrap();
    let seed = std::fs::read_to_string(seed).unwrap();
    let title = seed.split_once("title: '").unwrap().1.split_once('\'').unwrap().0;
    let inner = seed.split_once("<div>").unwrap().1.rsplit_once("</div>").unwrap().0;
    // However the blanks of the form are taken for a part of the description.
    for body in [inner, inner.trim(), inner.strip_prefix("   \n").unwrap().strip_suffix("  \n").unwrap()] {
        let items = [Item::new("1", title, body)];
        let origin = origin(&[("/feed", rss("", &items))]);
        let sandbox = sandbox(&origin.url("/feed"), CATEGORIES);
        sandbox.run(&["run", "-q"]);
        let post = original(&sandbox, "新媒体/观察者网/头条/李强调研上汽集团：牢牢把握战略主动权.md");
        if body == inner.trim() {
            assert_eq!(post.replace("</p>  \n</div>", "</p>\n  \n</div>"), seed);
        } else {
            assert_eq!(post, seed);
        }
    }
}

fn made(feed: String, more: &str) -> String {
    let origin = origin(&[("/feed", feed)]);
    let sandbox = sandbox(&origin.url("/feed"), more);
    sandbox.run(&["run", "-q"]);
    let posts = posts(&sandbox);
    assert_eq!(posts.len(), 1, "{posts:?}");
    original(&sandbox, &posts[0]).replace(&origin.url(""), "ORIGIN")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_a_body_is_left_for_a_generator_to_execute() {
    let post = made(rss("", &[Item::new("1", "a", "{{ x }} {% include %} {}")]), "");
    assert!(post.contains("&#123;&#123; x &#125;&#125; &#123;% include %&#125; &#123;&#125;"), "{post}");
}

#[tokio::test(flavor = "multi_thread")]
async fn media_beside_the_content_are_references_and_the_first_image_is_the_posts() {
    let feed = "<rss version='2.0' xmlns:media='http://search.yahoo.com/mrss/' xmlns:content='http://purl.org/rss/1.0/modules/content/'>\
        <channel><title>T</title><item><title>a</title><link>http://a.example/p/</link><description>short</description>\
        <content:encoded><![CDATA[<p>long <a href='x'>x</a></p>]]></content:encoded>\
        <enclosure url='/1.png' type='image/png' length='1'/><media:thumbnail url='/2.png'/>\
        <media:content url='/3.png' medium='image'/></item></channel></rss>";
    let post = made(feed.to_owned(), "");
    assert!(post.contains("headimg: 'ORIGIN/1.png'"), "{post}");
    let media = "<p><img src=\"ORIGIN/1.png\"></p>\n<p><img src=\"ORIGIN/3.png\"></p>";
    assert!(post.contains(&format!("<p>long <a href='http://a.example/p/x'>x</a></p>\n{media}")), "{post}");
}

#[tokio::test(flavor = "multi_thread")]
async fn atom_and_json_feeds_become_the_same_form() {
    let atom = "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='http://a.example/'><title>T</title><author><name>Au</name></author>\
        <entry><id>tag:1</id><title type='html'>a &amp;amp; b</title><published>2021-04-22T19:27:36Z</published>\
        <content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>x &lt; y<br/><img src='i.png'/></p></div></content></entry></feed>";
    let json = r#"{"version":"https://jsonfeed.org/version/1.1","title":"T","authors":[{"name":"Au"}],"items":[{"id":7,
        "title":"a & b","date_published":"2021-04-22T19:27:36Z","content_html":"<p>x &lt; y<br><img src=\"http://a.example/i.png\"></p>"}]}"#;
    let expected = "\n---\ntitle: 'a & b'\ncategories: \nheadimg: 'http://a.example/i.png'\nauthor: Au\ncomments: false\n\
        date: Thu, 22 Apr 2021 19:27:36 GMT\nthumbnail: 'http://a.example/i.png'\n---\n\n<div>   \n\
        <p>x &lt; y<br><img src=\"http://a.example/i.png\"></p>  \n</div>\n            ";
    for feed in [atom, json] {
        assert_eq!(made(feed.to_owned(), ""), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_of_the_user_takes_the_place_of_the_form() {
    let origin = origin(&[("/feed", rss("", &[Item::new("1", "a <b>", "<p>body</p>")]))]);
    let sandbox = sandbox(&origin.url("/feed"), "template = \"own.html.jinja\"");
    sandbox.write("own.html.jinja", "<h1>{{ title | html }}</h1>{{ content }} {{ date_iso }} {{ feed.title }}\n");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(posts(&sandbox), ["a.html"]);
    assert_eq!(original(&sandbox, "a.html"), "<h1>a</h1><p>body</p> 2021-04-22T19:27:36Z 观察者网 - 头条\n");
    sandbox.write("own.html.jinja", "{{ titel }}");
    let ran = sandbox.run(&["run"]).expect(1);
    assert!(ran.stderr.contains("the template does not work"), "{ran:?}");
    sandbox.write("own.html.jinja", "again: {{ title }}");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(original(&sandbox, "a.html"), "again: a", "a changed template reaches what is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_forms_that_come_along_make_posts() {
    let item = Item::new("1", "it's", "<p>{{ x }}</p>");
    let hugo = made(rss("", std::slice::from_ref(&item)), "template = \"hugo\"\ncategories = [\"a\"]");
    assert!(hugo.starts_with("---\ntitle: 'it''s'\ndate: 2021-04-22T19:27:36Z\ncategories: ['a']\n"), "{hugo}");
    assert!(hugo.contains("<p>&#123;&#123; x &#125;&#125;</p>"), "{hugo}");
    let page = made(rss("", &[item]), "template = \"html\"");
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<p>{{ x }}</p>"), "{page}");
}
