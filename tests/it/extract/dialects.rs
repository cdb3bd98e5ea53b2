//! Markdown beyond CommonMark, as the engines of sites show it.

use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::{Format, Reference};

fn references(post: &str) -> Vec<Reference> {
    extract(post.as_bytes(), Format::Markdown, &ExtractOptions::default()).references
}

/// The raw texts of a post's references.
fn check(post: &str, expected: &[&str]) {
    let found: Vec<_> = references(post).into_iter().map(|reference| reference.raw).collect();
    assert_eq!(found, expected, "{post}");
}

#[test]
fn sizes_after_the_address() {
    for image in [
        "![a](b.jpg =100x20)",
        "![a](b.jpg =100x)",
        "![a](b.jpg =x20)",
        "![a](b.jpg =100)",
        "![a](b.jpg =50%)",
        "![a](b.jpg =50%x)",
        "![a](b.jpg =100*20)",
        "![a](b.jpg  =100x20 )",
        "![a](b.jpg \"t\" =100x20)",
        "![a](b.jpg 't' =100x)",
        "![a](b.jpg =100x20 \"t\")",
        "![a](<b.jpg> =100x20)",
        "> - ![a](b.jpg =100x20)",
        "[![a](b.jpg =100x20)](/page)",
    ] {
        check(image, &["b.jpg"]);
    }
    check("| x |\n|---|\n| ![a](b.jpg =100x20) ![a](c.jpg =1x) |\n", &["b.jpg", "c.jpg"]);
    for text in
        ["![a](b.jpg =x)", "`![a](b.jpg =100x20)`", "    ![a](b.jpg =100x20)", "![a](b.jpg = 100)", "a =100x20)"]
    {
        check(text, &[]);
    }
}

#[test]
fn spaces_in_the_address() {
    for (post, raw, url) in [
        ("![a](https://c.example/my pic.jpg)", "https://c.example/my pic.jpg", "https://c.example/my%20pic.jpg"),
        ("![a](https://c.example/a b c.jpg)", "https://c.example/a b c.jpg", "https://c.example/a%20b%20c.jpg"),
        ("![a](https://c.example/a b.jpg \"t\")", "https://c.example/a b.jpg", "https://c.example/a%20b.jpg"),
        ("![a](https://c.example/a b.jpg 't u')", "https://c.example/a b.jpg", "https://c.example/a%20b.jpg"),
        ("![a](https://c.example/a (1).png)", "https://c.example/a (1).png", "https://c.example/a%20(1).png"),
        ("![a](https://c.example/a b.png =9x9)", "https://c.example/a b.png", "https://c.example/a%20b.png"),
        ("![a](https://c.example/a b.png?x=1)", "https://c.example/a b.png?x=1", "https://c.example/a%20b.png?x=1"),
        ("![a](https://c.example/a&amp;b c.png)", "https://c.example/a&amp;b c.png", "https://c.example/a&b%20c.png"),
        (
            "![a](https://c.example/下 载.png)",
            "https://c.example/下 载.png",
            "https://c.example/%E4%B8%8B%20%E8%BD%BD.png",
        ),
        ("![a](https://c.example/a b.png \"t) u\")", "https://c.example/a b.png", "https://c.example/a%20b.png"),
        ("![a](https://c.example/a b)", "https://c.example/a b", "https://c.example/a%20b"),
        ("![a]( https://c.example/a  b.png )", "https://c.example/a  b.png", "https://c.example/a%20%20b.png"),
    ] {
        let found = references(post);
        assert_eq!(found.iter().map(|found| found.raw.as_str()).collect::<Vec<_>>(), [raw], "{post}");
        assert_eq!(found[0].url.as_ref().map(url::Url::as_str), Ok(url), "{post}");
    }
    for text in [
        "![a](see the file b.jpg or not)",
        "![a](two words)",
        "`![a](b c.jpg)`",
        "    ![a](b c.jpg)",
        "![a](b\nc.jpg)",
        "![a](b c.jpg",
        "[a](b c.jpg)",
    ] {
        check(text, &[]);
    }
}

#[test]
fn markdown_within_html() {
    for post in [
        "<div markdown=\"1\">\n![a](b.jpg)\n</div>\n",
        "<div markdown='block'>\n\n![a](b.jpg)\n\n</div>\n",
        "<div markdown>\n![a](b.jpg)\n</div>\n",
        "<div markdown=1 class=\"x\">\n![a](b.jpg)\n</div>\n",
        "<figure markdown=\"span\">\n  ![a](b.jpg){ width=\"300\" }\n  <figcaption>c</figcaption>\n</figure>\n",
        "<figure markdown>\n    ![a](b.jpg)\n    <figcaption>c</figcaption>\n</figure>\n",
        "<figure class=\"a b\"\n  markdown=\"1\">\n\n    ![a](b.jpg)\n\n</figure>\n",
        "<figure markdown=\"span\">![a](b.jpg)</figure>\n",
        "<div class=\"grid\" markdown>\n\n-   ![a](b.jpg)\n\n    text\n\n</div>\n",
        "<details markdown=\"1\"><summary>s</summary>\n![a](b.jpg)\n</details>\n",
        "<div markdown=\"1\">\n<div markdown=\"1\">\n    ![a](b.jpg)\n</div>\n</div>\n",
        "<td markdown=\"span\">![a](b.jpg)</td>\n",
        "<div markdown=\"1\">\n![a](b.jpg)\n",
        "text\n\n<section markdown=\"1\">\r\n![a](b.jpg)\r\n</section>\r\n",
    ] {
        check(post, &["b.jpg"]);
    }
    check("<div markdown=\"1\" style=\"background:url(a.jpg)\">\n![a](b.jpg)\n</div>\n", &["a.jpg", "b.jpg"]);
    check(
        "<div markdown=\"1\">\n![a](a.jpg)\n</div>\n\n<img src=\"b.jpg\">\n\n![c](c.jpg)\n",
        &["a.jpg", "b.jpg", "c.jpg"],
    );
    for post in [
        "<div>\n![a](b.jpg)\n</div>\n",
        "<div markdown=\"0\">\n![a](b.jpg)\n</div>\n",
        "<div data-markdown=\"1\">\n![a](b.jpg)\n</div>\n",
        "```\n<div markdown=\"1\">\n![a](b.jpg)\n</div>\n```\n",
        "<div markdown=\"1\">\n```\n![a](b.jpg)\n```\n</div>\n",
        "<div markdown=\"1\">\n\ntext\n\n    ![a](b.jpg)\n</div>\n",
    ] {
        check(post, &[]);
    }
}

#[test]
fn blocks_whose_content_is_indented() {
    for post in [
        "!!! note \"T\"\n\n    ![a](b.jpg)\n",
        "!!! note\n    ![a](b.jpg)\n",
        "!!! warning inline end \"T\"\n\n    ![a](b.jpg)\n",
        "??? question \"q\"\n\n    ![a](b.jpg)\n",
        "???+ tip\n\n    ![a](b.jpg)\n",
        "=== \"Tab\"\n\n    ![a](b.jpg)\n",
        "=== 'Tab'\n\n\t![a](b.jpg)\n",
        "===! \"Tab\"\n\n    ![a](b.jpg)\n",
        "!!! note\n\n    text\n\n    ![a](b.jpg)\n",
        "!!! note\r\n\r\n    ![a](b.jpg)\r\n",
        "!!! note\n\n    === \"Tab\"\n\n        ![a](b.jpg)\n",
        "- item\n\n    !!! note\n\n        ![a](b.jpg)\n",
        "!!! note\n\n    1. item\n\n        ![a](b.jpg)\n",
        "Term\n:   Definition\n\n    ![a](b.jpg)\n",
        "!!! note\n\n    | x |\n    |---|\n    | ![a](b.jpg) |\n",
        "!!! note\n\n    <img src=\"b.jpg\">\n",
        "!!! note\n\n    ![a](\n    b.jpg)\n",
    ] {
        check(post, &["b.jpg"]);
    }
    check("!!! note\n\n    ![a](a.jpg)\n\n![b](b.jpg)\n\n    ![c](c.jpg)\n", &["a.jpg", "b.jpg"]);
    for post in [
        "!!! note\n\n        ![a](b.jpg)\n",
        "!!! note\n\n    ```\n    ![a](b.jpg)\n    ```\n",
        "!!! note\n\ntext\n\n    ![a](b.jpg)\n",
        "```\n!!! note\n\n    ![a](b.jpg)\n```\n",
        "    !!! note\n\n        ![a](b.jpg)\n",
        "text\n\n    ![a](b.jpg)\n",
        "text!!! note\n\n    ![a](b.jpg)\n",
        "Title\n===\n\n    ![a](b.jpg)\n",
        "!!!\n\n    ![a](b.jpg)\n",
        ":::\n\n    ![a](b.jpg)\n",
    ] {
        check(post, &[]);
    }
}

#[test]
fn definitions_where_commonmark_expects_none() {
    for post in [
        "text ![a][x]\n[x]: b.jpg\n",
        "![a][x]\n[x]: b.jpg \"t\"\n",
        "![x]\n[x]: b.jpg\n",
        "![x][]\ntext\n[X]: b.jpg\n",
        "![a][x]\n\n[x]: b.jpg \"t\" width=40px\n",
        "![a][x]\n\n[x]: b.jpg width=40px height=3\n",
        "![a][x]\n\n[x]: b.jpg {: .c}\n",
        "![a][x y]\ntext\n[X  Y]: <b.jpg>\n",
        "- ![a][x]\n\n# h\ntext\n[x]: b.jpg\n",
        "![a][x]\r\n[x]: b.jpg\r\n",
        "![a][x] ![c][x]\n[x]: b.jpg\n[x]: c.jpg\n",
    ] {
        check(post, &["b.jpg"]);
    }
    for post in [
        "![a][x]\n\n```\n[x]: b.jpg\n```\n",
        "![a][x]\n\n    [x]: b.jpg\n",
        "`![a][x]`\n[x]: b.jpg\n",
        "![a][x]\n[x]: b.jpg and more words\n",
        "![a][x]\n[y]: b.jpg\n",
        "[a][x]\n[x]: b.jpg\n",
    ] {
        check(post, &[]);
    }
}

#[test]
fn fences_that_a_tab_follows() {
    for post in [
        "```\ncode\n```\t\n\n![a](b.jpg)\n",
        "~~~\ncode\n~~~\t\t\n\n![a](b.jpg)\n",
        "```\ncode\n``` \t\n\n![a](b.jpg)\n",
        "- item\n\n  ```\n  code\n  ```\t\n\n  ![a](b.jpg)\n",
        "```js\t\ncode\n```\n\n![a](b.jpg)\n",
    ] {
        check(post, &["b.jpg"]);
    }
    check("```\n![a](b.jpg)\n```x\t\n![a](c.jpg)\n", &[]);
}

#[test]
fn embeds_of_wikis() {
    for (post, raw) in [
        ("![[b.png]]", "b.png"),
        ("![[sub/b 2.png|100]]", "sub/b 2.png"),
        ("![[b.png|alt|100x20]]", "b.png"),
        ("![[ b.png ]]", "b.png"),
        ("![[b.svg#part]]", "b.svg"),
        ("- text ![[下载.webp]] text", "下载.webp"),
        ("> ![[b.png]]", "b.png"),
        ("| a | ![[sub/b 2.png\\|100]] |\n|---|---|\n", "sub/b 2.png"),
        ("![[https://c.example/b.png]]", "https://c.example/b.png"),
        ("![[b.PNG]]", "b.PNG"),
    ] {
        let found = references(post);
        let found: Vec<_> = found.iter().map(|found| (found.raw.as_str(), found.name.as_str())).collect();
        assert_eq!(found, [(raw, "embed")], "{post}");
    }
    for post in [
        "![[note]]",
        "![[note.md#b.png]]",
        "[[b.png]]",
        "`![[b.png]]`",
        "```\n![[b.png]]\n```",
        "<!-- ![[b.png]] -->",
        "![[b.png]",
        "![[b\n.png]]",
        "![[]]",
        "![[a.mp4]]",
    ] {
        check(post, &[]);
    }
    check("![[b.png]](c.jpg)", &["c.jpg"]);
}
