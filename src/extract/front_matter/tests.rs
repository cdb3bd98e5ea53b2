use super::*;

fn options() -> ExtractOptions {
    ExtractOptions {
        front_matter_urls: true,
        front_matter_keys: vec!["art.work".to_owned()],
        ..ExtractOptions::default()
    }
}

fn run(text: &str) -> (Sink, usize) {
    let mut sink = Sink::default();
    let body = find(text, &options(), &mut sink);
    (sink, body)
}

/// The references of a text, each as `key value`, or `key value ← raw` where the raw text is spelled differently; and
/// the body starts at `BODY`.
fn check(text: &str, expected: &[&str]) {
    let (sink, body) = run(text);
    let found: Vec<String> = sink.found.iter().map(|found| line_of(text, found)).collect();
    assert_eq!(found, expected, "{text}");
    assert_eq!(text[body..].trim(), "BODY", "{text}");
}

fn line_of(text: &str, found: &RawReference) -> String {
    let raw = &text[found.span.clone()];
    if raw == found.value {
        format!("{} {raw}", found.name)
    } else {
        format!("{} {} ← {raw}", found.name, found.value)
    }
}

#[test]
fn yaml_scalars_of_every_style() {
    let cases = [
        ("plain", "headimg: https://e.com/a.jpg\n", "headimg https://e.com/a.jpg"),
        ("no extension", "thumbnail: https://e.com/a?x=1&y=2\n", "thumbnail https://e.com/a?x=1&y=2"),
        ("comment", "cover: /a.jpg   # mine\n", "cover /a.jpg"),
        (
            "single quotes",
            "cover: 'https://e.com/it''s.jpg'\n",
            "cover https://e.com/it's.jpg ← https://e.com/it''s.jpg",
        ),
        (
            "double quotes",
            r#"cover: "https:\/\/e.com/\u0061.jpg""#,
            r"cover https://e.com/a.jpg ← https:\/\/e.com/\u0061.jpg",
        ),
        ("space in quotes", "cover: ' /a.jpg '\n", "cover /a.jpg"),
        ("folded", "cover: >-\n  https://e.com/a.jpg\nx: y\n", "cover https://e.com/a.jpg"),
        ("literal", "cover: |\n  https://e.com/a.jpg\n", "cover https://e.com/a.jpg"),
        ("on the next line", "cover:\n  https://e.com/a.jpg\n", "cover https://e.com/a.jpg"),
        (
            "continued",
            "cover: \"https://e.com/\\\n  a.jpg\"\n",
            "cover https://e.com/a.jpg ← https://e.com/\\\n  a.jpg",
        ),
        ("tag", "cover: !!str /a.jpg\n", "cover /a.jpg"),
        ("case of the key", "Featured_Image: /a.jpg\n", "Featured_Image /a.jpg"),
        ("protocol-relative", "cover: //e.com/a\n", "cover //e.com/a"),
        ("after other letters", "title: 李强 𝒳\ncover: /李.jpg\n", "cover /李.jpg"),
        (
            "references",
            "cover: https://e.com/&#123;a&#125;?b&amp;c\n",
            "cover https://e.com/{a}?b&c ← https://e.com/&#123;a&#125;?b&amp;c",
        ),
    ];
    for (_, yaml, expected) in cases {
        for newline in ["\n", "\r\n"] {
            let text = format!("---\n{yaml}\n---\nBODY").replace('\n', newline);
            let expected = expected.replace('\n', newline);
            check(&text, &[&expected]);
        }
    }
}

#[test]
fn yaml_at_any_depth() {
    check("---\nheader:\n  image: /a.jpg\n  caption: b.jpg\n---\nBODY", &["image /a.jpg"]);
    check("---\nimage:\n  path: /a.jpg\n  credit: /b.html\n---\nBODY", &["path /a.jpg"]);
    check("---\nphotos: [/a.jpg, 'b.png', \"c.gif\"]\n---\nBODY", &["photos /a.jpg", "photos b.png", "photos c.gif"]);
    check("---\nphotos:\n- /a.jpg\n-   - b.png\n---\nBODY", &["photos /a.jpg", "photos b.png"]);
    check(
        "---\ngallery:\n  - url: https://e.com/page\n    image_path: t.jpg\n  - url: f.jpg\n---\nBODY",
        &["image_path t.jpg", "url f.jpg"],
    );
    check("---\nimage:\n  twitter: a.jpg\n  alt: b.jpg\n  width: 640\n---\nBODY", &["twitter a.jpg"]);
    check("---\nart: {work: w.jpg}\nwork: v.jpg\n---\nBODY", &["work w.jpg"]);
}

#[test]
fn an_alias_counts_where_its_anchor_stands() {
    check("---\nimage:\n  path: &image /a.jpg\n  feature: *image\n---\nBODY", &["path /a.jpg"]);
    check("---\nx: &shot /a.jpg\nfeature: *shot\n---\nBODY", &["feature /a.jpg"]);
    check("---\nfeature: *nothing\n---\nBODY", &[]);
}

#[test]
fn what_is_no_image_is_no_reference() {
    let values = [
        "false",
        "''",
        "",
        "blue",
        "~",
        "photo of a cat",
        "'{{ site.url }}/a.jpg'",
        "data:image/png;base64,AA",
        "http://",
    ];
    for value in values {
        check(&format!("---\ntop_img: {value}\n---\nBODY"), &[]);
    }
    check("---\nimage: /a\u{0}b.jpg\ncover: \"/a\\tb.jpg\"\n---\nBODY", &[]);
    check("---\nfile: /a.jpg\nabout: see https://e.com/a.jpg\n---\nBODY", &[]);
}

#[test]
fn any_url_of_an_image_file_counts_where_that_is_wanted() {
    let text = "---\nanything: https://e.com/a.jpg?x\nother: https://e.com/a\n---\nBODY";
    check(text, &["anything https://e.com/a.jpg?x"]);
    let mut sink = Sink::default();
    find(text, &ExtractOptions { front_matter_urls: false, ..options() }, &mut sink);
    assert_eq!(sink.found, []);
}

#[test]
fn broken_yaml_is_read_by_the_line() {
    check(
        "---\ntitle: Foo: \"bar\" baz\ncover: 'https://e.com/it''s.jpg'\n---\nBODY",
        &["cover https://e.com/it's.jpg ← https://e.com/it''s.jpg"],
    );
    check(
        "---\ntitle: \"a\" b\nheader:\n  image: !!str /a.jpg # b\nphotos:\n- /b.jpg\n- url: /c.jpg\nimages: [/d.jpg, '/e.jpg']\n---\nBODY",
        &["image /a.jpg", "photos /b.jpg", "url /c.jpg", "images /d.jpg", "images /e.jpg"],
    );
    let (sink, _) = run("---\ntitle: Foo: bar\ndate: 2021-08-30 14:08:02\n---\n");
    assert_eq!(sink.title.as_deref(), Some("Foo: bar"));
    assert!(sink.published.is_some());
}

#[test]
fn toml_of_every_style() {
    check(
        "+++\ncover = \"https://e.com/\\u0061.jpg\"\nimages = ['b.png', \"\"\"c.gif\"\"\", '''\nd.gif''']\n+++\nBODY",
        &["cover https://e.com/a.jpg ← https://e.com/\\u0061.jpg", "images b.png", "images c.gif", "images d.gif"],
    );
    check(
        "+++\ndraft = true\nheader.image = 'a.jpg'\nname = 'b.jpg'\n[cover]\nsrc = 'c.jpg'\nalt = 'd.jpg'\n[[resources]]\nsrc = 'e.jpg'\nimg = {url = 'f.jpg', alt = 'x'}\n+++\nBODY",
        &["image a.jpg", "src c.jpg", "url f.jpg"],
    );
    check("+++\nbroken = = 1\ncover = 'a.jpg'\n+++\nBODY", &["cover a.jpg"]);
}

#[test]
fn json_of_every_style() {
    check(
        r#"{"title": "x", "cover": "https:\/\/e.com\/a.jpg"}
BODY"#,
        &[r"cover https://e.com/a.jpg ← https:\/\/e.com\/a.jpg"],
    );
    check(
        r#"{"images": ["a.png", {"url": "b.png", "alt": "c.png"}], "n": [1, true, null], "cover": {"src": "d.png"}}
BODY"#,
        &["images a.png", "url b.png", "src d.png"],
    );
    check(";;;\n\"title\": \"x\",\n\"cover\": \"a.jpg\"\n;;;\nBODY", &["cover a.jpg"]);
    check("{\"cover\": \"a.jpg\"}\n;;;\nBODY", &["cover a.jpg"]);
    check("\"title\": \"x\",\n\n\"cover\": \"a.jpg\"\n;;;\nBODY", &["cover a.jpg"]);
    check("---json\n{\"cover\": \"a.jpg\"}\n---\nBODY", &["cover a.jpg"]);
}

#[test]
fn the_fence_may_come_late_and_the_body_at_once() {
    check("\u{feff}\r\n \n---  \ncover: a.jpg\n---\t\nBODY", &["cover a.jpg"]);
    check("----\ncover: a.jpg\n----\nBODY", &["cover a.jpg"]);
    check("---\ncover: a.jpg\n...\nBODY", &["cover a.jpg"]);
    check("title: x\ncover: a.jpg\n---\nBODY", &["cover a.jpg"]);
    check("---\n---\nBODY", &[]);
    let (sink, body) = run("---\ncover: a.jpg\n---");
    assert_eq!((sink.found.len(), body), (1, 20));
}

#[test]
fn what_is_no_front_matter_is_the_body() {
    for text in [
        "",
        "# Title",
        "---",
        "---\ncover: a.jpg\n",
        "---\n\nProse between two breaks, with ![](a.jpg).\n\n---\n",
        "---\n- a\n- b\n---\n",
        "--\ncover: a.jpg\n--\n",
        "{{ page.title }}\n",
        "{% include x %}\n",
        "{\"cover\": \"a.jpg\"",
        "{\"cover\": \"a.jpg\"} and prose",
        "Note: a heading\n---\n",
        "title: x\n\n---\n",
        "title: x: y\n---\n",
        "\"cover\": \"a.jpg\"\n;;;\n",
        "\"title\": \"x\"\n---\n",
        "https://e.com/a.jpg\n---\n",
        "  ---\ncover: a.jpg\n---\n",
    ] {
        let (sink, body) = run(text);
        assert_eq!((sink.found.as_slice(), body), ([].as_slice(), 0), "{text:?}");
    }
}

#[test]
fn title_date_and_address_are_found() {
    let (sink, _) =
        run("---\nTitle: It’s\ndate: Thu, 22 Apr 2021 19:27:36 GMT\nurl: /x/\nlink: https://e.com/p\n---\n");
    assert_eq!(sink.title.as_deref(), Some("It’s"));
    assert_eq!(sink.published.map(|at| at.to_string()).as_deref(), Some("2021-04-22T19:27:36Z"));
    assert_eq!(sink.canonical.as_deref(), Some("https://e.com/p"));
    assert_eq!(run("---\ntitle: >-\n  Two\n  lines\n---\n").0.title.as_deref(), Some("Two lines"));
    let (sink, _) = run("+++\ntitle = 'a'\ndate = 2017-10-09\n[author]\nurl = 'https://e.com/me'\n+++\n");
    assert_eq!(sink.published.map(|at| at.to_string()).as_deref(), Some("2017-10-09T00:00:00Z"));
    assert_eq!(sink.canonical, None);
}

/// The values of what is found, in order.
fn values(text: &str) -> Vec<String> {
    let mut sink = Sink::default();
    find(text, &ExtractOptions::default(), &mut sink);
    sink.found.iter().for_each(|found| assert_eq!(&text[found.span.clone()], found.value));
    sink.found.into_iter().map(|found| found.value).collect()
}

#[test]
fn values_in_another_notation_show_their_images() {
    let u = "https://c.example/1.jpg";
    for value in [
        "\"![Film](URL)\"",
        "'![](URL \"t\")'",
        "\"text ![a](URL) more\"",
        "url(URL)",
        "\"background-image: url('URL')\"",
        "'<img src=\"URL\" alt=x>'",
        "\"<p><img src='URL'></p>\"",
        "\"<img src=\\\"URL\\\">\"",
        "|\n  text\n  ![a](URL)",
        "'<figure><img src=\"URL\"><figcaption>c</figcaption></figure>'",
    ] {
        for key in ["poster", "excerpt", "style"] {
            let text = format!("---\n{key}: {}\n---\n", value.replace("URL", u));
            assert_eq!(values(&text), [u], "{text}");
        }
    }
}

#[test]
fn several_addresses_are_several_references() {
    let text = "---\nphotos: https://c.example/1.jpg, https://c.example/2.jpg\n---\n";
    assert_eq!(values(text), ["https://c.example/1.jpg", "https://c.example/2.jpg"]);
    let text = "---\nx: https://c.example/a,b.jpg https://c.example/2.jpg\n---\n";
    assert_eq!(values(text), ["https://c.example/a,b.jpg", "https://c.example/2.jpg"]);
    for prose in
        ["see https://c.example/1.jpg", "https://c.example/1.jpg and text", "https://c.example/a https://c.example/b"]
    {
        assert_eq!(values(&format!("---\nphotos: {prose}\n---\n")), [""; 0], "{prose}");
    }
}

#[test]
fn keys_that_end_in_image_hold_one_of_the_web() {
    for key in ["excerpt_image", "articleImage", "card-img", "listing_cover", "hero_photo", "x_thumbnail"] {
        assert_eq!(values(&format!("---\n{key}: https://h.example/assets/34aea55b\n---\n")).len(), 1, "{key}");
        assert_eq!(values(&format!("---\n{key}: true\n---\n")), [""; 0], "{key}");
    }
}

#[test]
fn lines_may_end_in_carriage_returns_alone() {
    assert_eq!(values("---\rimage: https://c.example/1\r---\rbody"), ["https://c.example/1"]);
    assert_eq!(values("+++\rimage = \"https://c.example/1\"\r+++\r"), ["https://c.example/1"]);
    assert_eq!(values("---\r\nimage: https://c.example/1\r\n---\r\n"), ["https://c.example/1"]);
}
