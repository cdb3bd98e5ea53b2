use std::time::{Duration, Instant};

use super::*;

fn run(text: &str) -> Sink {
    let mut sink = Sink::default();
    find(text, 0..text.len(), &ExtractOptions::default(), &mut sink);
    sink.found.sort_by_key(|found| found.span.start);
    sink
}

/// The references of a text, each as `kind value`, or `kind value ← raw` where it is spelled differently.
fn check(text: &str, expected: &[&str]) {
    let text_of = |found: &RawReference| match &text[found.span.clone()] {
        raw if raw == found.value => format!("{} {raw}", found.kind),
        raw => format!("{} {} ← {raw}", found.kind, found.value),
    };
    assert_eq!(run(text).found.iter().map(text_of).collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn inline_images() {
    check("![a](u)", &["markdown u"]);
    check("![](u 'title')", &["markdown u"]);
    check("![a *b* `c](d` \\](e) [f]](u\n\"t\")", &["markdown u"]);
    check("![](<a b.jpg>)", &["markdown a b.jpg"]);
    check("![](‹…(x).jpg)", &["markdown ‹…(x).jpg"]);
    check(r"![](a\)b\_c.jpg)", &[r"markdown a)b_c.jpg ← a\)b\_c.jpg"]);
    check("![](a&amp;b&copy=)", &["markdown a&b&copy= ← a&amp;b&copy="]);
    check("![]( \n u )", &["markdown u"]);
    check("> ![a\n> b](\n> u)\n\n- ![](v)\n  1. ![](w)", &["markdown u", "markdown v", "markdown w"]);
    check("| a |\n|---|\n| ![](u) |", &["markdown u"]);
    check("![](https://e.com/no_upscale()?x)", &["markdown https://e.com/no_upscale()?x"]);
    check("![](u){: .align-right}", &["markdown u"]);
}

#[test]
fn the_content_of_a_directive_of_prose_is_text() {
    check("```{note}\n![a](u)\n```\n\n```\n![](code)\n```", &["markdown u"]);
    check(
        "````{admonition} T\n:class: x\n\n![a](u)\n\n```{tip}\n![](v)\n```\n````\n![](w)",
        &["markdown u", "markdown v", "markdown w"],
    );
    check("```{r}\n![](code)\n```\n````{note}\n```\n![](code)\n```\n![](u)\n````", &["markdown u"]);
    for hidden in ["~~~\n```{note}\n~~~", "<!-- use\n```{note}\n-->", "<pre>\n```{note}\n</pre>"] {
        check(&format!("{hidden}\n\ntext\n\n```\ncode\n```\n\n![](u)"), &["markdown u"]);
    }
    check("```{note}\n![](never closed)", &[]);
    check("\u{feff}新\n```{note}\n新 ![](u)\n```", &["markdown u"]);
    check("````\n```{note}\n![](code)\n```\n````\n> ```{note}\n> ![](u)\n> ```", &["markdown u"]);
}

#[test]
fn images_by_reference() {
    check("![a][b] ![B] ![b][]\n\n[b]: u 'title'\n[c]: v", &["markdown u"]);
    check("![a\\]][]\n\n[a\\]]:\n  <u v>", &["markdown u v"]);
    check("> ![a]\n\n> [a]:\n> u", &["markdown u"]);
    check("![a]\n\n[a]: a&amp;b", &["markdown a&b ← a&amp;b"]);
    check("![a]", &[]);
}

#[test]
fn links_around_images() {
    let sink = run("[![t](s.jpg \"title\")](full.jpg) ![](u) [![x](y)](page)");
    let found: Vec<_> = sink.found.iter().map(|f| (f.kind, f.value.as_str(), f.image_group)).collect();
    assert_eq!(
        found,
        [
            (ReferenceKind::Markdown, "s.jpg", 1),
            (ReferenceKind::FullSize, "full.jpg", 1),
            (ReferenceKind::Markdown, "u", 2),
            (ReferenceKind::Markdown, "y", 3)
        ]
    );
    check("[text](full.jpg)", &[]);
    check("[![a]][b]\n\n[a]: s\n[b]: full.png", &["markdown s", "full_size full.png"]);
    check("![![a](inner)](outer)", &["markdown outer"]);
}

#[test]
fn code_and_comments_are_left_alone() {
    for text in [
        "`![](u)`",
        "```\n![](u)\n{% img /a.jpg %}\n```",
        "~~~html\n<img src=u>\n~~~",
        "a\n\n    ![](u) {% img /a.jpg %}",
        "<!-- ![](u) {% img /a.jpg %} -->",
        "a <!-- ![](u) --> b",
        "`<img src=u>`",
        "\\![](u)",
    ] {
        check(text, &[]);
    }
}

#[test]
fn shortcodes_count_outside_code() {
    check("{{< figure src=\"a.jpg\" >}}\n`{{< figure src=\"b.jpg\" >}}`", &["shortcode a.jpg"]);
    check("{% figure %}\n![](u)\n{% endfigure %}", &["markdown u"]);
}

#[test]
fn hostile_nesting_takes_linear_time() {
    for text in [
        "[",
        "![",
        "![![",
        "[]",
        "![](",
        "![]()",
        "<div>",
        "<title>",
        "<!--",
        "`",
        "{{<",
        "[a]: b\n![a]",
        "> ",
        "*a **b ",
        "](a b.jpg ",
        "![](a \" b",
        "](x =1",
        "!!! a\n\n    ",
        "<div markdown>\n",
        "![x]\n[x]: a ",
        "![[a|",
        "```\t\n",
    ] {
        let text = text.repeat(500_000 / text.len());
        let start = Instant::now();
        run(&text);
        // It takes well under a second; what is quadratic takes hours.
        assert!(start.elapsed() < Duration::from_secs(60), "{}", &text[..12]);
    }
}
