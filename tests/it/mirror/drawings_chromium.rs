//! Drawings that do whatever a drawing can, opened in every way that a page has, in Chromium: none of them reaches the page
//! of the mirror, though each could have been a file beside it.

use std::collections::BTreeSet;

use offprint::testing::model::Digest;

use crate::corpus::files;
use crate::recall::browser::{self, Browser};
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// What a drawing does where it may: `#` is its number.
const ACT: &str = "top.hit(#)";

/// What stands within a drawing, by a way to run `ACT`. Some run by themselves, some when the reader clicks. `FIRST` leads to
/// the first drawing where both are kept in an archive.
const INSIDE: [&str; 32] = [
    "<script>ACT</script>",
    "<script type='text/ecmascript'><![CDATA[ACT]]></script>",
    "<script href='data:text/javascript,ACT'/>",
    "<script xlink:href='data:text/javascript,ACT'/>",
    "<h:script>ACT</h:script>",
    "<s:script xmlns:s='http://www.w3.org/2000/svg'>ACT</s:script>",
    "<g><defs><script>ACT</script></defs></g>",
    "<image href='data:,' onerror='ACT'/>",
    "<h:img src='data:,' onerror='ACT'/>",
    "<h:video src='data:,' onerror='ACT'/>",
    "<h:link rel='stylesheet' href='data:text/css,' onload='ACT'/>",
    "<h:body onload='ACT'/>",
    "<h:iframe srcdoc='&lt;script&gt;ACT&lt;/script&gt;'/>",
    "<h:iframe src='javascript:ACT'/>",
    "<h:object data='javascript:ACT'/>",
    "<h:embed src='data:text/html,&lt;script&gt;ACT&lt;/script&gt;'/>",
    "<foreignObject width='9' height='9'><h:p><h:img src='data:,' onerror='ACT'/></h:p></foreignObject>",
    "<foreignObject width='9' height='9'><iframe xmlns='http://www.w3.org/1999/xhtml' src='javascript:ACT'/></foreignObject>",
    "<rect width='9' height='9'><animate attributeName='x' begin='0s' dur='1s' onbegin='ACT'/></rect>",
    "<rect width='9' height='9'><set attributeName='x' to='1' begin='0s' onbegin='ACT'/></rect>",
    "<a href='javascript:ACT'><text y='9'>a</text></a>",
    "<a xlink:href=' java&#10;script&#x3a;ACT'><text y='9'>a</text></a>",
    "<a href='#'><set attributeName='href' to='javascript:ACT' begin='0s'/><text y='9'>a</text></a>",
    "<a href='#'><animate attributeName='xlink:href' values='javascript:ACT' begin='0s'/><text y='9'>a</text></a>",
    "<rect width='9' height='9' onclick='ACT'/>",
    "<style onload='ACT'/>",
    "<h:style onload='ACT'>p {}</h:style>",
    "<feImage href='data:,' onload='ACT' onerror='ACT'/>",
    "<use href='data:image/svg+xml,%3Csvg%20id=%22a%22%20onload=%22ACT%22/%3E#a'/>",
    "<h:meta http-equiv='refresh' content='0;url=javascript:ACT'/>",
    "<a href='FIRST'><text y='9'>a</text></a>",
    "<a href='#'><set attributeName='href' to='FIRST' begin='0s'/><text y='9'>a</text></a>",
];

const HEAD: &str = "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' \
                    xmlns:h='http://www.w3.org/1999/xhtml' width='90' height='90'>";

/// Drawings that act, whole files.
fn drawings() -> Vec<Vec<u8>> {
    let inside = INSIDE.map(|inside| format!("{HEAD}{inside}</svg>").into_bytes());
    let script = format!("{HEAD}<script>ACT</script></svg>");
    let sheet = "<x:stylesheet id='s' version='1.0' xmlns:x='http://www.w3.org/1999/XSL/Transform'><x:template match='/'>\
                 <h:html><h:script>ACT</h:script></h:html></x:template></x:stylesheet>";
    let whole = [
        format!("{}<path/></svg>", HEAD.replace("width='90'", "width='90' onload='ACT'")),
        format!("{}<path/></svg>", HEAD.replace("width='90'", "width='90' OnLoad='ACT' onload='ACT'")),
        format!("<!DOCTYPE svg [<!ENTITY e '<script>ACT</script>'>]>{HEAD}&e;</svg>"),
        format!("<!DOCTYPE svg [<!ATTLIST svg onload CDATA 'ACT'>]>{HEAD}</svg>"),
        format!("<?xml-stylesheet type='text/xsl' href='#s'?>{HEAD}<defs>{sheet}</defs></svg>"),
        format!("<?xml version='1.0' encoding='UTF-8'?>\n<!-- a -->{script}"),
        format!("\u{feff}{script}"),
        // In these the tag is text to who reads ASCII.
        format!("<?xml version='1.0' encoding='utf-7'?>{HEAD}+ADw-script+AD4-ACT+ADw-/script+AD4-</svg>"),
        format!("<?xml version='1.0' encoding='iso-2022-jp'?>{HEAD}<g id='\u{1b}$B'><script>ACT</script></g></svg>"),
    ];
    let mut all: Vec<_> = inside.into_iter().chain(whole.map(String::into_bytes)).collect();
    let marked: Vec<_> = format!("\u{feff}{script}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    all.push(marked);
    all
}

/// The drawing with its number where it acts, in the encoding that it has: UTF-8, or UTF-16.
fn numbered(drawing: &[u8], number: usize) -> Vec<u8> {
    let act = ACT.replace('#', &number.to_string());
    match String::from_utf8(drawing.to_vec()) {
        Ok(text) => text.replace("ACT", &act).into_bytes(),
        Err(bytes) => {
            let units: Vec<_> =
                bytes.as_bytes().chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
            let text = String::from_utf16(&units).unwrap().replace("ACT", &act);
            text.encode_utf16().flat_map(u16::to_le_bytes).collect()
        }
    }
}

/// Where the first drawing is, seen from any other in an archive.
fn first() -> String {
    let digest = Digest::of(&numbered(&drawings()[0], 0)).to_string();
    format!("../{}/{digest}.svg", &digest[..2])
}

/// The drawings as they are served.
fn served() -> Vec<Vec<u8>> {
    let first = first();
    let drawings = drawings();
    let all = drawings.iter().enumerate().map(|(number, drawing)| match String::from_utf8(numbered(drawing, number)) {
        Ok(text) => text.replace("FIRST", &first).into_bytes(),
        Err(other) => other.into_bytes(),
    });
    all.collect()
}

/// The ways of a page to open a drawing, or a part of it.
fn page(address: impl Fn(usize) -> String, count: usize) -> String {
    let opened = (0..count).map(|number| {
        let url = address(number);
        format!(
            "<iframe src='{url}'></iframe><object data='{url}'></object><embed src='{url}'><svg><use href='{url}#a' /></svg>\
             <img src='{url}'><a target=_blank href='{url}'><img src='{url}'></a>\n"
        )
    });
    let body = opened.fold(String::new(), |all, one| all + &one);
    format!("<!DOCTYPE html><script>hits = []; function hit(n) {{ hits.push(n) }}</script>\n{body}")
}

/// Clicks on everything in every document that the page may look into, and gives what acted, once what a click leads
/// to has had some frames to come.
const CLICK: &str = "(async () => {
    const drawn = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))));
    await drawn();
    for (const opener of document.querySelectorAll('iframe, object, embed')) {
        let opened = null;
        try { opened = opener.contentDocument || opener.getSVGDocument() } catch {}
        for (const element of opened ? opened.querySelectorAll('*') : [])
            element.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
    }
    for (let frame = 0; frame < 20; frame++) await drawn();
    return hits;
})()";

fn acted(browser: &mut Browser, page: &str) -> BTreeSet<u64> {
    browser.load(page);
    let hits = browser.evaluate(CLICK);
    hits.as_array().unwrap().iter().filter_map(serde_json::Value::as_u64).collect()
}

/// A site of everything that the sandbox's archive shows.
fn published(sandbox: &Sandbox) -> Site {
    let store = sandbox.path("store");
    files(&store).iter().fold(Site::new(), |site, file| {
        let kind = match file.extension().and_then(|extension| extension.to_str()) {
            Some("svg") => "image/svg+xml",
            Some("html") => "text/html",
            _ => "application/octet-stream",
        };
        let path = format!("/{}", file.strip_prefix(&store).unwrap().display());
        site.on(&path, Behaviour::serve(Content::new(kind, std::fs::read(file).unwrap())))
    })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn no_drawing_acts_on_the_page_that_opens_it_in_the_mirror() {
    let program = browser::installed().expect("Chromium is not installed, which this test needs");
    let drawings = served();
    let serve = |drawing: &Vec<u8>| Behaviour::serve(Content::new("image/svg+xml", drawing.clone()));
    // Here, too, the first drawing is where the others lead to.
    let site = Site::new().on(first().trim_start_matches(".."), serve(&drawings[0]));
    let all = drawings.iter().enumerate();
    let all = all.fold(site, |site, (number, drawing)| site.on(&format!("/{number}.svg"), serve(drawing)));
    let control = page(|number| format!("/{number}.svg"), drawings.len());
    let origin = Origin::start(all.on("/control", Behaviour::serve(Content::new("text/html", control)))).unwrap();
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.html", page(|number| origin.url(&format!("/{number}.svg")), drawings.len()));
    let report = sandbox.json(&["run"]);
    let mirror = Origin::start(published(&sandbox)).unwrap();
    let (of_control, of_mirror) = tokio::task::spawn_blocking({
        let (control, mirror) = (origin.url("/control"), mirror.url("/articles/posts/a.html"));
        move || {
            let mut browser = Browser::start(program.as_os_str());
            (acted(&mut browser, &control), acted(&mut browser, &mirror))
        }
    })
    .await
    .unwrap();
    // What no drawing does beside the page that opens it says nothing of the mirror.
    assert!(of_control.len() >= 25, "{of_control:?} act at all");
    assert_eq!(of_mirror, BTreeSet::new(), "{report:#}");
    let text = sandbox.text("store/articles/posts/a.html");
    assert!(text.matches("<img src='../../blobs/").count() > drawings.len(), "{report:#}");
}
