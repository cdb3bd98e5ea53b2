//! Drawings that a page opens as documents: with a local link their scripts would act as a part of the site.

use offprint::Digest;

use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

const HARMLESS: &str =
    "<svg xmlns='http://www.w3.org/2000/svg' width='90' height='90'><path id='a' d='M0 0h9v9z'/></svg>";
const ACTIVE: &str =
    "<svg xmlns='http://www.w3.org/2000/svg' width='90' height='90'><script>parent.document.title=1</script></svg>";

fn drawing(text: &str) -> Behaviour {
    Behaviour::serve(Content::new("image/svg+xml", text.as_bytes().to_vec()))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_active_drawing_is_shown_by_images_alone_and_a_harmless_one_everywhere() {
    let site = Site::new().on("/active.svg", drawing(ACTIVE)).on("/harmless.svg", drawing(HARMLESS));
    let origin = Origin::start(site).unwrap();
    let places = |url: &str| {
        [
            format!("<img src={url}>"),
            format!("<object data={url}></object>"),
            format!("<embed src={url}>"),
            format!("<iframe src={url}></iframe>"),
            format!("<iframe data-src={url}></iframe>"),
            format!("<svg><use href={url}#a /></svg>"),
            format!("<a href={url}><img src={url}></a>"),
        ]
        .join("\n")
    };
    let [active, harmless] = ["/active.svg", "/harmless.svg"].map(|path| origin.url(path));
    let sandbox = Sandbox::new();
    sandbox.write("posts/active.html", places(&active));
    sandbox.write("posts/harmless.html", places(&harmless));
    sandbox.write("posts/link.md", format!("[![a]({active})]({active})\n\n![b]({active})"));
    sandbox.write("posts/module.mdx", format!("import A from '{active}'\n\n<img src='{active}' />\n"));
    let report = sandbox.json(&["run"]);
    let mirror = |name: &str| sandbox.text(&format!("store/articles/posts/{name}"));
    let left = |name: &str| mirror(name).matches("http://127").count();
    let all = ["active.html", "harmless.html", "link.md", "module.mdx"];
    assert_eq!(all.map(left), [6, 0, 1, 1], "{} {report:#}", mirror("active.html"));
    assert_eq!(mirror("active.html").matches("<img src=../../blobs/").count(), 2);
    let problems = report["problems"].as_array().unwrap();
    let named: Vec<_> = problems.iter().map(|problem| problem["reason"].as_str().unwrap()).collect();
    assert_eq!(named, ["active_drawing"; 3], "{report:#}");
    assert!(problems[0]["message"].as_str().unwrap().contains("could run scripts as a part of the site"));
}

/// Drawings are opened by what is not a tag of HTML, too.
#[tokio::test(flavor = "multi_thread")]
async fn an_active_drawing_stays_remote_wherever_a_generator_may_open_it() {
    let origin = Origin::start(Site::new().on("/active.svg", drawing(ACTIVE))).unwrap();
    let url = origin.url("/active.svg");
    for (name, text, remote) in [
        ("around.md", format!("[![a][p]][p]\n\n[p]: {url}\n"), 1),
        ("beside.md", format!("![a][p] and [see it][p]\n\n[p]: {url}\n"), 1),
        ("before.md", format!("[see it][p] and ![a][p]\n\n[p]: {url}\n"), 1),
        ("image.md", format!("![a][p] and [see it][q]\n\n[p]: {url}\n\n[q]: https://a.example/\n"), 0),
        ("inside.md", format!("<iframe markdown=\"1\" src=\"{url}\"></iframe>\n"), 1),
        ("iframe.md", format!("{{% iframe {url} 400 300 %}}\n"), 1),
        ("source.md", format!("{{{{< iframe src=\"{url}\" >}}}}\n"), 1),
        ("link.md", format!("{{% link title {url} %}}\n"), 1),
        ("button.md", format!("{{{{< button href=\"{url}\" >}}}}\n"), 1),
        ("attribute.md", format!("{{{{< figure src=\"{url}\" attrlink=\"{url}\" >}}}}\n"), 1),
        (
            "type.html",
            format!("<iframe type=text/html src={url}></iframe>\n<object type=text/html data={url}></object>\n"),
            2,
        ),
        ("frame.html", format!("<amp-iframe data-src={url}></amp-iframe>\n"), 1),
        ("moved.md", format!("---\nredirect_to: {url}\nexternal-link: {url}\ncover: {url}\n---\ntext\n"), 2),
        ("figure.md", format!("{{{{< figure src=\"{url}\" >}}}}\n\n{{% img {url} %}}\n"), 0),
        ("custom.md", format!("{{{{< my-figure src=\"{url}\" >}}}}\n\n{{{{< card image=\"{url}\" >}}}}\n"), 0),
        ("choice.mdx", format!("<iframe src={{x ? '{url}' : ''}} />\n"), 1),
        ("shown.mdx", format!("<img src={{x ? '{url}' : ''}} />\n\n<Figure src=\"{url}\" />\n"), 0),
        ("component.mdx", format!("<Link href=\"{url}\" />\n\n<Embed src=\"{url}\" />\n"), 2),
        ("module.mdx", format!("export const a = 1\nimport L from '{url}'\n\ntext\n"), 1),
        ("vue.html", format!("<svg><use :href=\"'{url}#x'\" /></svg>\n"), 1),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write(&format!("posts/{name}"), &text);
        let report = sandbox.json(&["run"]);
        let mirror = sandbox.text(&format!("store/articles/posts/{name}"));
        assert_eq!(mirror.matches("http://127").count(), remote, "{name}: {mirror} {report:#}");
        let named =
            report["problems"].as_array().unwrap().iter().filter(|problem| problem["reason"] == "active_drawing");
        assert_eq!(named.count(), usize::from(remote > 0), "{name}: {report:#}");
    }
}

/// The article is written again when the drawing can be read.
#[tokio::test(flavor = "multi_thread")]
async fn a_drawing_that_cannot_be_read_stays_remote_for_now_and_is_reported_as_what_it_is() {
    let origin = Origin::start(Site::new().on("/harmless.svg", drawing(HARMLESS))).unwrap();
    let url = origin.url("/harmless.svg");
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.html", format!("<iframe src={url}></iframe>"));
    sandbox.run(&["run"]).expect(0);
    let mirror = || sandbox.text("store/articles/posts/a.html");
    let blob = sandbox.only("store/blobs", ".svg");
    let bytes = std::fs::read(&blob).unwrap();
    std::fs::remove_file(&blob).unwrap();
    sandbox.write("posts/a.html", format!("<iframe src={url}></iframe> changed"));
    let ran = sandbox.run(&["run"]).expect(3);
    assert!(ran.stderr.contains("a drawing stays remote where it is opened: the blob"), "{ran:?}");
    assert!(mirror().contains(&url), "{}", mirror());
    std::fs::write(&blob, bytes).unwrap();
    sandbox.run(&["run"]).expect(0);
    assert!(mirror().contains("<iframe src=../../blobs/"), "{}", mirror());
}

/// Ways to write the same address.
fn spelled(plain: &str) -> [String; 10] {
    [
        format!("{plain}?x"),
        format!("{plain}?#x"),
        plain.replace("blobs", "%62lobs"),
        plain.replace(".svg", ".s%76g"),
        plain.replace(".svg", "%2Esvg"),
        plain.replace('/', "\\"),
        plain.replace("blobs", "&#98;lobs"),
        plain.replace("/sha", "&#9;/sha"),
        plain.replace("svg", "s&#10;vg"),
        plain.replace("/sha", "//x/../SHA"),
    ]
}

/// The author of an article knows under which digest a drawing of theirs is kept.
#[tokio::test(flavor = "multi_thread")]
async fn no_address_of_an_original_opens_a_drawing_of_the_archive_however_it_is_spelled() {
    let origin = Origin::start(Site::new().on("/active.svg", drawing(ACTIVE))).unwrap();
    let digest = Digest::of(ACTIVE.as_bytes()).to_string();
    for (name, text) in [
        ("frame.html", "<iframe src=\"@\"></iframe>"),
        ("link.html", "<a href=\"@\"><img src=\"data:,\"></a>"),
        ("use.html", "<svg><use href=\"@\" /></svg>"),
        ("frame.md", "text\n\n<object data=\"@\"></object>\n"),
        ("frame.mdx", "text\n\n<iframe src=\"@\" />\n"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("posts/kept.html", format!("<img src={}>", origin.url("/active.svg")));
        let local = spelled(&format!("../../../blobs/sha256/{}/{digest}.svg", &digest[..2]));
        let web = spelled(&format!("../../../../blobs/sha256/{}/{digest}.svg", &digest[..2]));
        for (number, (local, web)) in local.iter().zip(&web).enumerate() {
            sandbox.write(&format!("posts/{number}/{name}"), text.replace('@', local));
            let page = format!("<link rel=canonical href={}>{text}", origin.url("/a/b/c")).replace('@', web);
            sandbox.write(&format!("posts/web/{number}/{name}.html"), page);
        }
        let report = sandbox.json(&["run"]);
        let mirrors = sandbox.tree("store/articles/posts");
        assert!(mirrors.keys().all(|path| path.starts_with("web") || path.starts_with("kept.html")), "{mirrors:?}");
        for (number, web) in web.iter().enumerate() {
            let mirror = sandbox.text(&format!("store/articles/posts/web/{number}/{name}.html"));
            assert!(mirror.to_lowercase().contains("lobs/") && !mirror.contains(web), "{name}: {web} {mirror}");
        }
        let problems = report["problems"].as_array().unwrap().iter();
        let said =
            |it: &&serde_json::Value| it["message"].as_str().unwrap().contains("would open a file of the archive");
        assert_eq!(problems.filter(said).count(), local.len(), "{name}: {report:#}");
        sandbox.run(&["verify"]).expect(0);
    }
}

/// What is a link within its own site leads there from the mirror, and nowhere else.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_site_has_the_layout_of_an_archive_keeps_its_links_to_that_site() {
    let digest = Digest::of(ACTIVE.as_bytes()).to_string();
    let path = format!("/blobs/sha256/{}/{digest}.svg", &digest[..2]);
    let page = format!("<img src=..{path}><iframe src='..{path}?x'></iframe><a href=..{path}><img src=..{path}></a>");
    let site =
        Site::new().on(&path, drawing(ACTIVE)).on("/a/page.html", Behaviour::serve(Content::new("text/html", page)));
    let origin = Origin::start(site).unwrap();
    let sandbox = Sandbox::new();
    sandbox.settings(&format!(
        "[[source]]\nname = \"pages\"\nkind = \"page\"\nurl = \"{}\"\n",
        origin.url("/a/page.html")
    ));
    let report = sandbox.json(&["run"]);
    let mirror = std::fs::read_to_string(sandbox.only("store/articles", ".html")).unwrap();
    assert_eq!(mirror.matches("/blobs/sha256/").count(), 2, "the images alone are local: {mirror} {report:#}");
    assert_eq!(mirror.matches(&origin.url("/%62lobs/sha256/")).count(), 2, "{mirror} {report:#}");
    sandbox.run(&["verify"]).expect(0);
    let checked = sandbox.run(&["check"]).expect(3);
    assert!(checked.stdout.contains("2 references local, 2 remote, 0 leading nowhere"), "{checked:?}");
}
