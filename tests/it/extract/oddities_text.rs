//! Oddities of real posts: front matter and Markdown.

use offprint::testing::extract::{ExtractOptions, Extraction, extract};
use offprint::testing::model::{Format, ReferenceKind};

fn read(text: &str) -> Extraction {
    extract(text.as_bytes(), Format::Markdown, &ExtractOptions::default())
}

/// The references of a post, each as its kind, its name and what a browser would request.
fn check(text: &str, expected: &[(ReferenceKind, &str, &str)]) {
    let found = read(text).references;
    let listed: Vec<_> = found
        .iter()
        .map(|reference| {
            assert_eq!(reference.span.of(text.as_bytes()), reference.raw.as_bytes());
            (
                reference.kind,
                reference.name.as_str(),
                reference.url.as_ref().map_or(&*reference.raw, |url| url.as_str()),
            )
        })
        .collect();
    assert_eq!(listed, expected, "{text}");
}

/// A post in the form of the seed, with twelve spaces after its body.
fn seed(front_matter: &str, body: &str) -> String {
    format!("\n---\n{front_matter}---\n\n<div>   \n{body}  \n</div>\n            ")
}

#[test]
fn the_head_image_and_the_body_spell_one_url_in_two_ways() {
    let text = seed(
        "headimg: 'https://e.com/a?x=1&y=2'\nthumbnail: 'https://e.com/a?x=1&y=2'\n",
        "<img src=\"https://e.com/a?x=1&amp;y=2\"><img src=\"https://e.com/a?x=1&y=2\">",
    );
    let url = "https://e.com/a?x=1&y=2";
    check(
        &text,
        &[
            (ReferenceKind::FrontMatter, "headimg", url),
            (ReferenceKind::FrontMatter, "thumbnail", url),
            (ReferenceKind::Image, "src", url),
            (ReferenceKind::Image, "src", url),
        ],
    );
}

#[test]
fn a_post_without_an_image_has_an_empty_thumbnail_or_a_random_one() {
    check(&seed("headimg: ''\nthumbnail: ''\n", "text"), &[]);
    let random = "https://picsum.photos/400/300?random=8661";
    check(&seed(&format!("thumbnail: '{random}'\n"), "text"), &[(ReferenceKind::FrontMatter, "thumbnail", random)]);
}

#[test]
fn braces_are_written_as_references_in_the_whole_file() {
    let text = seed(
        "headimg: 'https://e.com/&#123;a&#125;.jpg'\n",
        "<style>.a&#123;background:url(https://e.com/b.png)&#125;</style><img src=\"https://e.com/&#123;a&#125;.jpg\">",
    );
    let url = "https://e.com/%7Ba%7D.jpg";
    check(
        &text,
        &[
            (ReferenceKind::FrontMatter, "headimg", url),
            (ReferenceKind::Css, "background", "https://e.com/b.png"),
            (ReferenceKind::Image, "src", url),
        ],
    );
}

#[test]
fn a_blank_line_comes_first_and_spaces_last() {
    let text = seed("title: 'T'\nthumbnail: https://e.com/a.jpg\n", "<img src=https://e.com/a.jpg>");
    assert!(text.starts_with("\n---\n") && text.ends_with("            "));
    let (thumbnail, image) = ((ReferenceKind::FrontMatter, "thumbnail"), (ReferenceKind::Image, "src"));
    let url = "https://e.com/a.jpg";
    check(&text, &[(thumbnail.0, thumbnail.1, url), (image.0, image.1, url)]);
    assert_eq!(read(&text).title.as_deref(), Some("T"));
}

#[test]
fn front_matter_varies_from_post_to_post() {
    for front_matter in [
        "title: \"…Eye's…\"\ncategories: \n - a\n - b\nthumbnail: https://e.com/a.jpg\n",
        "title: '…Eye''s…'\ncategories: \n    - a\n    - b\n\nthumbnail: 'https://e.com/a.jpg'\n",
        "title: …Eye's…\ncategories: \n -  - 首页\n - b\nthumbnail: \"https://e.com/a.jpg\"\n",
        "title: …Eye's…\ncategories: \n -  - 首页: x: y\nauthor: @b\nthumbnail: 'https://e.com/a.jpg'\n",
    ] {
        let text = seed(front_matter, "text");
        check(&text, &[(ReferenceKind::FrontMatter, "thumbnail", "https://e.com/a.jpg")]);
        assert_eq!(read(&text).title.as_deref(), Some("…Eye's…"), "{front_matter}");
    }
}

#[test]
fn dates_are_rfc_822_or_plain() {
    for (date, expected) in [
        ("Thu, 22 Apr 2021 19:27:36 GMT", "2021-04-22T19:27:36Z"),
        ("2021-08-30 14:08:02", "2021-08-30T14:08:02Z"),
        ("!!timestamp '2021-08-30 14:08:02'", "2021-08-30T14:08:02Z"),
    ] {
        let published = read(&seed(&format!("date: {date}\n"), "text")).published;
        assert_eq!(published.map(|at| at.to_string()).as_deref(), Some(expected));
    }
}

#[test]
fn parentheses_and_quotation_marks_belong_to_a_destination() {
    check(
        "![](https://e.com/no_upscale()?a(b)c) ![](<https://e.com/‹…(x).jpg>)",
        &[
            (ReferenceKind::Markdown, "image", "https://e.com/no_upscale()?a(b)c"),
            (ReferenceKind::Markdown, "image", "https://e.com/%E2%80%B9%E2%80%A6(x).jpg"),
        ],
    );
}

#[test]
fn an_image_stands_in_a_link_with_titles() {
    let text = "[![t](https://e.com/s.jpg \"title\")](https://e.com/full.jpg)";
    check(
        text,
        &[
            (ReferenceKind::Markdown, "image", "https://e.com/s.jpg"),
            (ReferenceKind::FullSize, "link", "https://e.com/full.jpg"),
        ],
    );
    let references = read(text).references;
    assert_eq!(references[0].image_group, references[1].image_group);
}

#[test]
fn an_image_in_the_description_of_another_is_not_shown() {
    check(
        "![![a](https://e.com/b.jpg)](https://e.com/c.jpg)",
        &[(ReferenceKind::Markdown, "image", "https://e.com/c.jpg")],
    );
    check("![![a](https://e.com/b.jpg)", &[(ReferenceKind::Markdown, "image", "https://e.com/b.jpg")]);
}

#[test]
fn kramdown_shortcodes_and_definitions_stand_side_by_side() {
    check(
        "![a](https://e.com/a.jpg){: .align-right}\n\n{{% img src=\"https://e.com/b.jpg\" class=\"x\" %}}\n\n![c][d]\n\n[d]: <https://e.com/d.jpg> 'T'\n",
        &[
            (ReferenceKind::Markdown, "image", "https://e.com/a.jpg"),
            (ReferenceKind::Shortcode, "src", "https://e.com/b.jpg"),
            (ReferenceKind::Markdown, "image", "https://e.com/d.jpg"),
        ],
    );
}

#[test]
fn an_alias_has_no_bytes_of_its_own() {
    check(
        "---\nimage:\n  path: &image /a.jpg\n  feature: *image\ntop_img: false\ndate: !!timestamp 2021-08-30\n---\n",
        &[(ReferenceKind::FrontMatter, "path", "/a.jpg")],
    );
}

#[test]
fn images_in_code_and_comments_stay_untouched() {
    for text in [
        "```\n![](https://e.com/a.jpg) <img src=https://e.com/a.jpg>\n```\n",
        "<!-- ![](https://e.com/a.jpg) <img src=https://e.com/a.jpg> {% img https://e.com/a.jpg %} -->\n",
        "Write `![](https://e.com/a.jpg)` or `{% img https://e.com/a.jpg %}`.\n",
        "<div>\n<!--\n\n![](https://e.com/a.jpg)\n\n-->\n\n```html\n<img src=https://e.com/a.jpg>\n```\n\n</div>\n",
    ] {
        check(text, &[]);
    }
}

#[test]
fn a_body_that_is_one_element_is_read_as_html_whatever_its_blank_lines() {
    let body = "<p>a</p>\n\n\n        <p><img src=\"https://e.com/a.jpg\"></p>\n\n    <img src='https://e.com/b.jpg'>";
    check(
        &seed("title: t\n", body),
        &[(ReferenceKind::Image, "src", "https://e.com/a.jpg"), (ReferenceKind::Image, "src", "https://e.com/b.jpg")],
    );
}

#[test]
fn a_readme_that_starts_with_html_is_markdown() {
    check(
        "<div align=center>\n<img src=https://e.com/logo.png>\n</div>\n\n# T\n\n    <img src=https://e.com/code.png>\n\n![](https://e.com/a.jpg)\n",
        &[
            (ReferenceKind::Image, "src", "https://e.com/logo.png"),
            (ReferenceKind::Markdown, "image", "https://e.com/a.jpg"),
        ],
    );
    check(
        "<div align=center>\n\n![](https://e.com/a.jpg)\n\n</div>\n",
        &[(ReferenceKind::Markdown, "image", "https://e.com/a.jpg")],
    );
}

#[test]
fn templates_and_inline_images_are_no_references() {
    check(
        "---\nimage: '{{ site.url }}/a.jpg'\n---\n![]({{site.url}}/a.jpg) ![](data:image/gif;base64,AA) ![](#) ![]()\n{{< figure src=\"{{ .url }}/a.jpg\" >}}",
        &[],
    );
}

#[test]
fn html_between_markdown_keeps_its_context() {
    check(
        "> <a href=\"https://e.com/full.jpg\">\n> <img\n> src=\"https://e.com/s.jpg\"></a>\n\nThe `<title>` of <title> and ![](https://e.com/a.jpg) <img src=https://e.com/b.jpg>\n",
        &[
            (ReferenceKind::FullSize, "href", "https://e.com/full.jpg"),
            (ReferenceKind::Image, "src", "https://e.com/s.jpg"),
            (ReferenceKind::Markdown, "image", "https://e.com/a.jpg"),
            (ReferenceKind::Image, "src", "https://e.com/b.jpg"),
        ],
    );
    check(
        "[<img src=https://e.com/s.jpg>](https://e.com/full.jpg)",
        &[
            (ReferenceKind::Image, "src", "https://e.com/s.jpg"),
            (ReferenceKind::FullSize, "link", "https://e.com/full.jpg"),
        ],
    );
}
