//! Drawings that a page opens as documents: with a local link their scripts would act as a part of the site.

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
