//! What stands around local images in a mirror, so that a browser shows them and the rest leads where it led.

use offprint::testing::config::Lazy;
use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::{Format, Reference, Span};
use offprint::testing::rewrite::{Article, Target, rewrite, unsplice};
use url::Url;

/// The mirror of a page in which every image is local but those whose address has `gone`.
fn mirrored(page: &str) -> String {
    let (mirror, left_remote) = tried(page);
    assert_eq!(left_remote, [], "{page}");
    mirror
}

/// The same, with what had to stay remote.
fn tried(page: &str) -> (String, Vec<Span>) {
    let options = ExtractOptions { base_url: Url::parse("http://news.example/a/").ok(), ..ExtractOptions::default() };
    let found = extract(page.as_bytes(), Format::Html, &options);
    let article = Article { bytes: page.as_bytes(), format: Format::Html, encoding: found.encoding, options: &options };
    let link = |found: &Reference| (!found.raw.contains("gone")).then(|| "../m/1.jpg".to_owned().into());
    let targets = found.references.iter().map(|found| Target::new(found, link(found))).collect();
    let made = rewrite(&article, Lazy::Reveal, targets);
    assert_eq!(unsplice(&made.mirror, &made.edits).as_deref(), Ok(page.as_bytes()));
    (String::from_utf8(made.mirror).expect("it is UTF-8"), made.left_remote)
}

fn check(page: &str, mirror: &str) {
    assert_eq!(mirrored(page), mirror);
    // What is local already needs nothing more.
    assert_eq!(mirrored(mirror), mirror);
}

#[test]
fn a_base_means_nothing_and_what_it_completed_is_absolute() {
    let base = "<base href=\"http://d.example/dir/page?x\">";
    for (markup, expected) in [
        ("<link rel=stylesheet href=s.css>", "<link rel=stylesheet href=http://d.example/dir/s.css>"),
        ("<a href='next.html#x'>n</a>", "<a href='http://d.example/dir/next.html#x'>n</a>"),
        ("<a href='?q'>n</a>", "<a href='http://d.example/dir/page?q'>n</a>"),
        ("<a href=\"../up\">n</a>", "<a href=\"http://d.example/dir/../up\">n</a>"),
        ("<script src=/j.js></script>", "<script src=http://d.example/j.js></script>"),
        ("<iframe src=//e.example/></iframe>", "<iframe src=http://e.example/></iframe>"),
        ("<form action=post></form>", "<form action=http://d.example/dir/post></form>"),
        ("<img src=gone.png>", "<img src=http://d.example/dir/gone.png>"),
        ("<img src=/gone.png>", "<img src=http://d.example/gone.png>"),
        ("<img srcset='gone.png 1x, b.png 2x'>", "<img srcset='http://d.example/dir/gone.png 1x, ../m/1.jpg 2x'>"),
        ("<p style='a:url(gone.png)'>", "<p style='a:url(http://d.example/dir/gone.png)'>"),
        ("<a href=https://e.example/>n</a>", "<a href=https://e.example/>n</a>"),
        ("<a href=#top>n</a><a href=mailto:a@b>m</a>", "<a href=#top>n</a><a href=mailto:a@b>m</a>"),
        ("<a href='javascript:x'>n</a><a href=''>m</a>", "<a href='javascript:x'>n</a><a href=''>m</a>"),
        ("<a href=full.jpg><img src=b.png></a>", "<a href=../m/1.jpg><img src=../m/1.jpg></a>"),
        ("<a href=full.jpg>text</a>", "<a href=http://d.example/dir/full.jpg>text</a>"),
    ] {
        check(&format!("{base}<img src=a.png>{markup}"), &format!("<base href=\"#\"><img src=../m/1.jpg>{expected}"));
    }
    check(&format!("{base}<img src=gone.png><a href=n>"), &format!("{base}<img src=gone.png><a href=n>"));
}

fn stays(page: &str) {
    let (mirror, left_remote) = tried(page);
    assert_eq!((mirror.as_str(), left_remote.len()), (page, 1));
}

#[test]
fn a_base_that_is_not_plain_stays() {
    for base in [
        "\u{3000}http://evil.example/d/",
        "\u{a0}//evil.example/d/",
        "https:evil/",
        "data:text/html,a/",
        "mailto:a/",
        "//a:99999/",
        "\\\\evil.example/",
        "ht\ttp://d.example/x/",
    ] {
        stays(&format!("<base href=\"{base}\"><img src=http://h/a.png><script src=a.js></script>"));
    }
    let long = format!("<base href=\"http://d.example/{}/\"><img src=a.png>", "d".repeat(1800));
    stays(&(long + &"<a href=y>".repeat(4000)));
}

#[test]
fn a_base_stays_where_what_it_completes_is_not_plain() {
    let page = |address: &str| {
        format!("<base href=\"https://d.example/x/\"><img src=a.png><script src=\"{address}\"></script>")
    };
    for address in
        ["https:s.js", "HTTPS:/s.js", " https:s.js", "http:s.js", "&#104;ttps:s.js", "ht\ntps:s.js", "https&colon;s.js"]
    {
        stays(&page(address));
    }
    for (address, expected) in [
        ("a/s&#46;js", "https://d.example/x/a/s&#46;js"),
        ("a&amp;b.js", "https://d.example/x/a&amp;b.js"),
        ("s.js?a&b=\\https:c", "https://d.example/x/s.js?a&b=\\https:c"),
        ("a/https:s.js", "https://d.example/x/a/https:s.js"),
        ("https://e.example/s.js", "https://e.example/s.js"),
        ("caf&eacute;/s.js", "https://d.example/x/caf&eacute;/s.js"),
        ("&#104;ello.js", "https://d.example/x/&#104;ello.js"),
        ("a\nb/s.js", "https://d.example/x/a\nb/s.js"),
        ("?a", "https://d.example/x/?a"),
        ("ht\ntps://d.example/s.js", "ht\ntps://d.example/s.js"),
        ("/\t/e.example/s.js", "https:/\t/e.example/s.js"),
        ("&#47;/e.example/s.js", "https:&#47;/e.example/s.js"),
        ("/&sol;e.example/s.js", "https:/&sol;e.example/s.js"),
        ("\\\\e.example/s.js", "https:\\\\e.example/s.js"),
        ("/\\e.example/s.js", "https:/\\e.example/s.js"),
        ("&#x2F;s.js", "https://d.example&#x2F;s.js"),
        ("\u{a0}http://e.example/s.js", "https://d.example/x/\u{a0}http://e.example/s.js"),
    ] {
        let mirror = page(expected).replacen("https://d.example/x/", "#", 1).replace("src=a.png", "src=../m/1.jpg");
        check(&page(address), &mirror);
    }
}

#[test]
fn bases_of_all_sorts() {
    for (base, link) in [
        ("http://d.example", "http://d.example/n"),
        ("//d.example/x/", "http://d.example/x/n"),
        ("/x/y", "/x/n"),
        ("../x/", "../x/n"),
        ("./", "./n"),
        ("http://d.example/a(b)/c", "http://d.example/a%28b%29/n"),
        ("http://d.example/ü/", "http://d.example/%C3%BC/n"),
        (" http://d.example/x/ ", "http://d.example/x/n"),
        ("https://d.example:8443/x/", "https://d.example:8443/x/n"),
        ("sub/..", "sub/../n"),
        ("..", "../n"),
        ("a/%2E", "a/%2E/n"),
        ("/wiki/Foo_(bar)", "/wiki/n"),
    ] {
        let page = format!("<base href=\"{base}\"><img src=a.png><a href=\"n\">n</a>");
        let mirror = mirrored(&page);
        assert_eq!(mirror, format!("<base href=\"#\"><img src=../m/1.jpg><a href=\"{link}\">n</a>"), "{base}");
    }
    check(
        "<base target=_blank><img src=a.png><a href=n>n</a>",
        "<base target=_blank><img src=../m/1.jpg><a href=n>n</a>",
    );
    check("<base href=''><img src=a.png><a href=n>n</a>", "<base href=''><img src=../m/1.jpg><a href=n>n</a>");
}

#[test]
fn attributes_that_would_hide_a_local_image_mean_nothing() {
    for (page, mirror) in [
        ("<img crossorigin src=a.png>", "<img data-crossorigin src=../m/1.jpg>"),
        ("<img src=a.png crossorigin=\"anonymous\">", "<img src=../m/1.jpg data-crossorigin=\"anonymous\">"),
        ("<img CrossOrigin=use-credentials src=a.png>", "<img data-CrossOrigin=use-credentials src=../m/1.jpg>"),
        (
            "<link rel=preload as=image href=a.png crossorigin integrity=sha256-x>",
            "<link rel=preload as=image href=../m/1.jpg data-crossorigin data-integrity=sha256-x>",
        ),
        ("<link rel=icon href=a.png crossorigin>", "<link rel=icon href=../m/1.jpg data-crossorigin>"),
        ("<amp-img crossorigin src=a.png>", "<amp-img data-crossorigin src=../m/1.jpg>"),
        ("<svg><image crossorigin href=a.png /></svg>", "<svg><image data-crossorigin href=../m/1.jpg /></svg>"),
        (
            "<img crossorigin srcset='a.png 1x, gone.png 2x'>",
            "<img data-crossorigin srcset='../m/1.jpg 1x, gone.png 2x'>",
        ),
        ("<img crossorigin data-src=a.png>", "<img data-crossorigin data-src=../m/1.jpg src=\"../m/1.jpg\">"),
        ("<img crossorigin src=gone.png>", "<img crossorigin src=gone.png>"),
        ("<img src=a.png><img crossorigin src=gone.png>", "<img src=../m/1.jpg><img crossorigin src=gone.png>"),
        (
            "<img src=a.png><script crossorigin integrity=x src=b.js></script>",
            "<img src=../m/1.jpg><script crossorigin integrity=x src=b.js></script>",
        ),
    ] {
        check(page, mirror);
    }
}

#[test]
fn policies_allow_local_images() {
    const LOCAL: &str = "&#32;&#39;self&#39;&#32;file:";
    for (policy, mirrored) in [
        ("img-src http://c.example", format!("img-src http://c.example{LOCAL}")),
        ("img-src 'none'", format!("img-src 'none'{LOCAL}")),
        ("default-src https:; script-src x", format!("img-src https:{LOCAL};default-src https:; script-src x")),
        ("default-src 'none'", format!("img-src 'none'{LOCAL};default-src 'none'")),
        ("default-src", format!("img-src{LOCAL};default-src")),
        ("default-src 'none';img-src *;", format!("default-src 'none';img-src *{LOCAL};")),
        ("img-src", format!("img-src{LOCAL}")),
        (" IMG-SRC  a b ", format!(" IMG-SRC  a b{LOCAL} ")),
        ("script-src 'unsafe-inline'; img-src c", format!("script-src 'unsafe-inline'; img-src c{LOCAL}")),
        ("img-src &quot;x", format!("img-src &quot;x{LOCAL}")),
        ("script-src 'self'", "script-src 'self'".to_owned()),
        ("upgrade-insecure-requests", "upgrade-insecure-requests".to_owned()),
        ("", String::new()),
    ] {
        check(
            &format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\"><img src=a.png>"),
            &format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{mirrored}\"><img src=../m/1.jpg>"),
        );
    }
    check(
        "<meta http-equiv=content-security-policy content=img-src><img src=a.png>",
        &format!("<meta http-equiv=content-security-policy content=img-src{LOCAL}><img src=../m/1.jpg>"),
    );
    let alone = "<meta http-equiv=Content-Security-Policy content=\"img-src x\"><img src=gone.png>";
    check(alone, alone);
    let two = "<meta http-equiv=Content-Security-Policy content=\"img-src x\">".repeat(2);
    let mirror = format!("<meta http-equiv=Content-Security-Policy content=\"img-src x{LOCAL}\">").repeat(2);
    check(&format!("{two}<img src=a.png>"), &format!("{mirror}<img src=../m/1.jpg>"));
}
