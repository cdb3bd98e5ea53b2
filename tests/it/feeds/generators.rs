//! Static-site generators build the mirrored posts without a network, and a browser shows every image of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{Item, origin, rss, serve};
use crate::corpus::{files, needs};
use crate::recall::browser::{self, Browser};
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// What local links start with: where the archive is served.
const LINKS: &str = "/offprint/";
/// What a browser shows of a page: its title, its images within the post, and those of the page that it does not show.
const SHOWN: &str = "(async () => {
    const images = [...document.images];
    for (const image of images) { image.loading = 'eager'; await image.decode().catch(() => 0); }
    const broken = images.filter(image => !(image.complete && image.naturalWidth > 0));
    const post = document.querySelectorAll('.article-entry');
    return JSON.stringify({
        title: document.querySelector('.article-title')?.textContent.trim() ?? '',
        posts: post.length,
        images: post.length == 1 ? post[0].querySelectorAll('img').length : 0,
        text: post.length == 1 ? post[0].textContent : '',
        broken: broken.map(image => image.outerHTML),
    });
})()";
/// Style sheets that the theme loads from elsewhere are left out: what is watched is the posts.
const OFFLINE: &str = "hexo.extend.filter.register('after_render:html',
    html => html.replace(/<link rel=\"stylesheet\" href=\"https:[^>]*>/g, ''))";

/// Entries: the title, the body with `ORIGIN` for where images are, and how many images it shows.
const ENTRIES: [(&str, &str, usize); 8] = [
    (
        "大图 {{ title }} {% x %}",
        "<p>{{ page.title }} {% include 'x' %} {} {# c #} {{< fig >}} {{% y %}}</p><img src=\"ORIGIN/1.png\">",
        1,
    ),
    (
        "Indented",
        "\n\n    <p>a</p>\n\n        <img src=\"ORIGIN/2.png\">\n\n\t<figure><img src=\"ORIGIN/3.png\"></figure>\n\n      &#10; - x",
        2,
    ),
    (
        "Code",
        "<pre><code>if (a) {\n\n    b(\"{{ c }}\");\n\n\n}\n</code></pre>\n\n- <img src=\"ORIGIN/4.png\">\n\n* b\n\n    <img src=\"ORIGIN/5.png\">",
        2,
    ),
    (
        "Lazy: 'it' & \"so\"",
        "<img src=\"data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7\" data-src=\"ORIGIN/5.png\">",
        1,
    ),
    ("#Set_ 100%", "<img src=\"ORIGIN/8.png\" srcset=\"ORIGIN/6.png 1x, ORIGIN/7.png 2x\">", 1),
    (
        "Linked",
        "<a href=\"ORIGIN/9.png\"><img\n\n  alt='a\n\n b' src=\"ORIGIN/9.png\"></a><!-- a\n\n    b -->\n\n    <img src=ORIGIN/1.png>",
        2,
    ),
    ("- --- : %", "no image, **nor** [an](x) ![](y) &lt;img src=z&gt;", 0),
    (
        "Script",
        "<script>var x = \"{{ y }}\";\n\n    if (x) {}</script><style>p {\n\n    color: red }</style>\n\n    <img src=\"ORIGIN/2.png\">",
        1,
    ),
];

/// Mirrors the entries into a folder of a site.
fn mirrored(template: &str, output: &str) -> (Origin, Sandbox) {
    let origin = origin(&[]);
    let item = |(at, (title, body, _)): (usize, &(&str, &str, usize))| {
        Item::new(&at.to_string(), title, &body.replace("ORIGIN", &origin.url("")))
    };
    let items: Vec<_> = ENTRIES.iter().enumerate().map(item).collect();
    origin.set("/feed", serve(&rss("", &items)));
    let sandbox = Sandbox::new();
    sandbox.settings(&format!(
        "[[source]]\nname = \"news\"\nkind = \"feed\"\nurl = \"{}\"\ntemplate = \"{template}\"\noutput = \"{output}\"\n\
         links = \"{LINKS}\"\ncategories = [\"新闻\", \"A: b\"]\n",
        origin.url("/feed")
    ));
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["articles"]["new"], &report["references"]["remote"]), (&8.into(), &0.into()), "{report:#}");
    (origin, sandbox)
}

/// Runs a program in a folder, in a network of its own that leads nowhere.
fn without_network(program: &[&str], folder: &Path) {
    let ran = Command::new("unshare").args(["--map-root-user", "--net"]).args(program).current_dir(folder).output();
    let ran = ran.expect("unshare is part of util-linux");
    let printed = [ran.stdout, ran.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(ran.status.success() && !printed.contains("ERROR") && !printed.contains("FATAL"), "{printed}");
}

/// The site with the archive beside it, on loopback.
fn served(public: PathBuf, store: PathBuf) -> Origin {
    let site = Site::new().otherwise(move |request| {
        let path = decoded(request.path());
        let file = match path.strip_prefix(LINKS) {
            Some(kept) => store.join(kept),
            None => public.join(path.trim_start_matches('/')),
        };
        let file = if file.is_dir() { file.join("index.html") } else { file };
        let mime = match file.extension()?.to_str()? {
            "html" => "text/html; charset=utf-8",
            "css" => "text/css",
            "js" => "text/javascript",
            "png" => "image/png",
            _ => "application/octet-stream",
        };
        Some(Behaviour::serve(Content::new(mime, std::fs::read(&file).ok()?)))
    });
    Origin::start(site).unwrap()
}

fn decoded(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let code = more.get(..2).filter(|_| *first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &more[2..] } else { more };
    }
    String::from_utf8(bytes).unwrap()
}

/// Looks at every page of a site, and returns what its posts say.
fn looked_at(public: &Path, sandbox: &Sandbox) -> BTreeMap<String, String> {
    let server = served(public.to_owned(), sandbox.path("store"));
    let program = browser::installed().expect("Chromium is not installed, which this test needs");
    let mut browser = Browser::start(program.as_os_str());
    browser.watch_requests();
    let (mut counts, mut texts) = (BTreeMap::new(), BTreeMap::new());
    for page in files(public).iter().filter(|file| file.extension().is_some_and(|end| end == "html")) {
        let path = page.strip_prefix(public).unwrap().to_str().unwrap().trim_end_matches("index.html");
        browser.load(&server.url(&format!("/{}", path.replace('%', "%25").replace('#', "%23"))));
        let shown: Value = serde_json::from_str(browser.evaluate(SHOWN).as_str().unwrap()).unwrap();
        assert_eq!(shown["broken"], Value::Array(Vec::new()), "{path}");
        if shown["posts"] == 1 {
            let title = shown["title"].as_str().unwrap().to_owned();
            counts.insert(title.clone(), shown["images"].as_u64().unwrap());
            texts.insert(title, shown["text"].as_str().unwrap().to_owned());
        }
    }
    let expected = ENTRIES.iter().map(|(title, _, images)| ((*title).to_owned(), *images as u64));
    assert_eq!(counts, expected.collect());
    let outside: Vec<_> = browser.requested().iter().filter(|url| !url.starts_with(&server.url("/"))).collect();
    let outside: Vec<_> = outside.into_iter().filter(|url| !url.starts_with("data:")).collect();
    assert!(outside.is_empty() && !browser.requested().is_empty(), "{outside:?}");
    texts
}

/// What posts say is what their entries say: nothing was executed, and code keeps its lines.
fn check_texts(texts: &BTreeMap<String, String>) {
    let text = &texts["大图 {{ title }} {% x %}"];
    assert!(text.contains("{{ page.title }} {% include 'x' %} {} {# c #} {{< fig >}} {{% y %}}"), "{text}");
    let code = &texts["Code"];
    assert!(code.contains("if (a) {\n\n    b(\"{{ c }}\");\n\n\n}\n"), "{code}");
    assert!(texts["- --- : %"].contains("no image, **nor** [an](x) ![](y) <img src=z>"), "{texts:#?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Hexo (OFFPRINT_HEXO) and Chromium"]
async fn hexo_builds_the_posts_and_chromium_shows_every_image() {
    let modules = std::env::var_os("OFFPRINT_HEXO").map(|folder| Path::new(&folder).join("node_modules"));
    let modules = modules.expect("OFFPRINT_HEXO names the folder of Hexo's node_modules, which this test needs");
    needs("node");
    let (_origin, sandbox) = mirrored("hexo", "site/source/_posts");
    std::os::unix::fs::symlink(&modules, sandbox.path("site/node_modules")).unwrap();
    sandbox.write("site/package.json", "{\"name\":\"site\",\"hexo\":{\"version\":\"\"},\"dependencies\":{\"hexo\":\"*\",\"hexo-generator-index\":\"*\",\"hexo-generator-archive\":\"*\",\"hexo-generator-category\":\"*\",\"hexo-renderer-marked\":\"*\",\"hexo-renderer-ejs\":\"*\",\"hexo-renderer-stylus\":\"*\"}}");
    sandbox.write("site/_config.yml", "title: News\nurl: http://news.example\ntheme: landscape\n");
    sandbox.write("site/scripts/offline.js", OFFLINE);
    let site = sandbox.path("site");
    without_network(&["node", "node_modules/hexo/bin/hexo", "generate"], &site);
    check_texts(&looked_at(&site.join("public"), &sandbox));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Hugo and Chromium"]
async fn hugo_builds_the_posts_and_chromium_shows_every_image() {
    let (_origin, sandbox) = mirrored("hugo", "site/content/posts");
    let page = "<h1 class=\"article-title\">{{ .Title }}</h1><div class=\"article-entry\">{{ .Content }}</div>";
    sandbox.write("site/layouts/_default/single.html", format!("<!doctype html><meta charset=utf-8>{page}"));
    let list = format!("<!doctype html><meta charset=utf-8>{{{{ range .Site.RegularPages }}}}{page}{{{{ end }}}}");
    sandbox.write("site/layouts/_default/list.html", &list);
    sandbox.write("site/layouts/index.html", &list);
    sandbox.write("site/config.toml", "baseURL = \"http://news.example/\"\ntitle = \"News\"\n");
    let site = sandbox.path("site");
    without_network(&["hugo", "--quiet"], &site);
    check_texts(&looked_at(&site.join("public"), &sandbox));
}
