//! HTML and Markdown beside and within each other: in block quotes and list items, and without a blank line between.

use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::Format;

fn check_as(format: Format, post: &str, expected: &[&str]) {
    let references = extract(post.as_bytes(), format, &ExtractOptions::default()).references;
    let found: Vec<_> = references.into_iter().map(|reference| reference.raw).collect();
    assert_eq!(found, expected, "{post}");
}

fn check(post: &str, expected: &[&str]) {
    check_as(Format::Markdown, post, expected);
}

#[test]
fn markdown_may_stand_right_below_html_that_has_ended() {
    for html in [
        "<p>x</p>",
        "<div>x</div>",
        "<div>\nx\n</div>",
        "<hr>",
        "<hr/>",
        "<br>",
        "<h2 id=\"t\">t</h2>",
        "<center><b>x</b></center>",
        "<a name=\"x\"></a>",
        "<span class=\"x\">",
        "<font color=red>",
        "<iframe src=\"x\"></iframe>",
        "<table>\n<tr><td>x</td></tr>\n</table>",
        "<div><!-- > --></div>",
        "<div title=\"a > b\"\n  class=x>\nx</div>",
        "<p>x</p>\n<p>y</p>",
        "<div><script>if (a<b) {}</script></div>",
        "text\n<p>x</p>",
        "<DIV>x</div>",
    ] {
        check(&format!("{html}\n![a](u)\n"), &["u"]);
        check(&format!("a\n\n{html}\ntext ![a](u) text\n\n![b](v)\n"), &["u", "v"]);
        // In a block quote, a tag on several lines is left to CommonMark.
        if !html.contains("\"\n") {
            check(&format!("> {}\n> ![a](u)\n", html.replace('\n', "\n> ")), &["u"]);
        }
    }
    check("<p><img src=a></p>\n![b](b)\n", &["a", "b"]);
    check("<img src=a>\n![b](b)\n", &["a", "b"]);
    check("<picture>\n<source srcset=a>\n<img src=b>\n</picture>\n![c](c)\n", &["a", "b", "c"]);
    check("<div>\n\n![a](a)\n\n</div>\n![b](b)\n", &["a", "b"]);
    check("- x\n\n  <p>y</p>\n  ![a](a)\n", &["a"]);
    check("<center>x</center>\n- ![a](a)\n", &["a"]);
    check("<p>x</p>\n# ![a](a)\n", &["a"]);
    check("<p>x</p>\n![a][r]\n\n[r]: a\n", &["a"]);
}

#[test]
fn markdown_within_html_or_beside_it_on_its_line_is_none() {
    for post in [
        "<div>\n![a](u)\n</div>\n",
        "<p align=center>\n![a](u)\n</p>\n",
        "<center>\n![a](u)\n</center>\n",
        "<details><summary>s</summary>\n![a](u)\n</details>\n",
        "<table><tr><td>\n![a](u)\n</td></tr></table>\n",
        "<p>x</p> ![a](u)\n",
        "<p>never closed\n![a](u)\n",
        "<div><p>x</p>\n![a](u)\n</div>\n",
        "<pre>\n![a](u)\n</pre>\n",
        "```\n<p>x</p>\n![a](u)\n```\n",
        "    <p>x</p>\n    ![a](u)\n",
        "<div>\n<!--\n</div>\n![a](u)\n-->\n</div>\n",
    ] {
        check(post, &[]);
    }
}

#[test]
fn a_tag_can_stand_on_several_lines_of_a_block_quote_or_an_item() {
    for (post, expected) in [
        ("> <img\n> src=\"u\">\n", "u"),
        ("> text\n> <img\n>  src=\"u\"\n> alt=x> text\n", "u"),
        ("> a <img alt=\"a\n> b\" src=\"u\"> b\n", "u"),
        ("> > <img\n> > src='u'>\n", "u"),
        ("> > <img\n> src='u'>\n", "u"),
        ("> <img\nsrc='u'>\n", "u"),
        ("> - <img\n>   src='u'>\n", "u"),
        ("- > <img\n  > src='u'>\n", "u"),
        ("> x <picture><source\n> srcset='u'></picture>\n", "u"),
        ("> [!note]\n> <img\n> src='u'\n> width=3>\n", "u"),
        ("> <div\n> class=x>\n> <img\n> src='u'>\n> </div>\n", "u"),
        ("- <img\n  src='u'>\n", "u"),
        ("1. x\n   <img\n   src='u'>\n", "u"),
        ("> <img src='u'\n> srcset=\"u 2x\n> \">\n", "u"),
    ] {
        let expected = if post.contains("srcset=\"u") { vec![expected; 2] } else { vec![expected] };
        check(post, &expected);
    }
    check("> a <img\n\n> src='u'>\n", &[]);
    check("> `<img\n> src='u'>`\n", &[]);
}

#[test]
fn elements_of_block_quotes_and_tables_can_hold_markdown() {
    for post in [
        "> <div markdown=\"1\">\n> ![a](u)\n> </div>\n",
        "> <div class=x markdown=block>\n> ![a](u)\n> </div>\n> text\n",
        "> <div\n> class=x\n> markdown=\"1\">\n> ![a](u)\n> </div>\n",
        "> > <section markdown>\n> > ![a](u)\n> > </section>\n",
        "> <figure markdown=\"span\">\n>   ![a](u)\n>   <figcaption>c</figcaption>\n> </figure>\n",
        "> text\n>\n> <div markdown=1>\n>     ![a](u)\n> </div>\n",
        "<table><tr><td markdown=\"1\">\n![a](u)\n</td></tr></table>\n",
        "<table>\n<tr>\n<td markdown=\"1\">\n![a](u)\n</td>\n</tr>\n</table>\n",
        "<table><tr><td markdown=\"span\">![a](u)</td></tr></table>\n",
        "<div><div markdown=1>\n![a](u)\n</div></div>\n",
        "- x\n\n  <div markdown=\"1\">\n  ![a](u)\n  </div>\n",
        "> {::options parse_block_html=\"true\" /}\n> <div>\n> ![a](u)\n> </div>\n",
    ] {
        check(post, &["u"]);
    }
    for post in [
        "> <div>\n> ![a](u)\n> </div>\n",
        "> <div markdown=0>\n> ![a](u)\n> </div>\n",
        "> ```\n> <div markdown=1>\n> ![a](u)\n> </div>\n> ```\n",
        "<table><tr><td markdown=0>\n![a](u)\n</td></tr></table>\n",
        "<p>x<span markdown=0>\n![a](u)\n</span></p>\n",
    ] {
        check(post, &[]);
    }
    check("> <div markdown=1>\n> <img src=a>\n> ![b](b)\n> </div>\n", &["a", "b"]);
}

#[test]
fn admonitions_and_definitions_can_be_in_block_quotes() {
    for post in [
        "> !!! note\n>\n>     ![a](u)\n",
        "> !!! note \"T\"\n>     ![a](u)\n",
        "> ??? note\n>\n>     text\n>\n>     ![a](u)\n",
        "> > !!! note\n> >\n> >     ![a](u)\n",
        "> === \"A\"\n>\n>     ![a](u)\n",
        "> Term\n>\n> :   x\n>\n>     ![a](u)\n",
        "> !!! note\n>     !!! tip\n>         ![a](u)\n",
        "> text\n> !!! note\n>\n> \t![a](u)\n",
        ">!!! note\n>\n>     ![a](u)\n",
        "> [!NOTE]\n> ![a](u)\n",
        "> ::: tip\n> ![a](u)\n> :::\n",
        "> :::{figure} u.jpg\n> :::\n",
        "!!! note\n    > ![a](u)\n",
    ] {
        check(post, &[if post.contains("u.jpg") { "u.jpg" } else { "u" }]);
    }
    for post in [
        "> !!! note\n\n>     ![a](u)\n",
        "> text\n>\n>     ![a](u)\n",
        "> !!! note\n> text\n>\n>     ![a](u)\n",
        "> ```\n> !!! note\n> ```\n>\n>     ![a](u)\n",
        "> !!! note\n>\n>     ```\n>     ![a](u)\n>     ```\n",
        "!!! note\n\n>     ![a](u)\n",
    ] {
        check(post, &[]);
    }
}

#[test]
fn definitions_stand_in_quotes_on_two_lines_and_with_spaces() {
    for (post, expected) in [
        ("> ![a][x]\n> [x]: u\n", "u"),
        ("> > ![a][x]\n> > [x]: <u> 't'\n", "u"),
        ("![a][x]\n[x]:\n  u\n", "u"),
        ("> ![a][x]\n> [x]:\n> u 't'\n", "u"),
        ("![a][x]\n\n[x]: https://c.example/a b.jpg\n", "https://c.example/a b.jpg"),
        ("![a][x]\n\n[x]: img/a b.jpg \"t\"\n", "img/a b.jpg"),
        ("![a] [x]\n\n[x]: u\n", "u"),
        ("![a b] [X y]\n\n[x  Y]: u\n", "u"),
        ("- ![a] [x]\n\n[x]: u\n", "u"),
        ("text ![a] [x] text\n\n[x]: u\n", "u"),
        ("[![a] [x]](page)\n\n[x]: u\n", "u"),
        ("![a] [x]{width=3}\n\n[x]: u\n", "u"),
    ] {
        check(post, &[expected]);
    }
    for post in [
        "![a] [x]\n\n[y]: u\n",
        "`![a] [x]`\n\n[x]: u\n",
        "[a] [x]\n\n[x]: u.jpg\n",
        "![a]  [x]\n\n[x]: u\n",
        "![a][x]\n\n[x]: see https://c.example/a b.jpg\n",
        "![a][x]\n\n    [x]: u\n",
        "![a][x]\n[x]:\n\nu\n",
    ] {
        check(post, &[]);
    }
    check("![a] [x]\n\n[x]: u\n[a]: v\n", &["v"]);
}

#[test]
fn an_escaped_embed_is_text() {
    for (post, expected) in [
        ("\\![[c.png]]\n", &[][..]),
        ("\\\\![[c.png]]\n", &["c.png"]),
        ("\\\\\\![[c.png]]\n", &[]),
        ("!\\[[c.png]]\n", &[]),
        ("\\!\\[\\[c.png]]\n", &[]),
        ("a\\![[c.png]] ![[d.png]]\n", &["d.png"]),
        ("\\![a](u)\n", &[]),
        ("\\:::{figure} u.jpg\n:::\n", &[]),
        ("\\<img src=u>\n", &[]),
        ("{{</* figure src=\"u.jpg\" */>}}\n", &[]),
        ("| a |\n|---|\n| \\![[c.png\\|300]] ![[d.png\\|3]] |\n", &["d.png"]),
    ] {
        check(post, expected);
    }
}

#[test]
fn mdx_can_start_with_anything() {
    for (post, expected) in [
        ("    ![x](a.png)\n", &["a.png"][..]),
        ("\t![x](a.png)\n", &["a.png"]),
        ("      <img src=\"a.png\" />\n", &["a.png"]),
        ("    <Card img=\"/a.png\" />\n", &["/a.png"]),
        ("---\ntitle: x\n---\n    ![x](a.png)\n", &["a.png"]),
        ("import a from './a.png'\n\n![b](b.png)\n", &["./a.png", "b.png"]),
        ("import a from './a.png'\nimport b from './b.png'\n\n# x\n", &["./a.png", "./b.png"]),
        ("export const meta = {\n  image: '/a.png',\n}\n\n![b](b.png)\n", &["/a.png", "b.png"]),
        (
            "export default ({children}) => <Layout cover=\"/a.png\">{children}</Layout>\n\n![b](b.png)\n",
            &["/a.png", "b.png"],
        ),
        ("{/* ![x](no.png) */}\n![x](a.png)\n", &["a.png"]),
        ("<Hero image=\"/a.png\" />\n![x](b.png)\n", &["/a.png", "b.png"]),
        ("<>\n  ![x](a.png)\n</>\n", &["a.png"]),
    ] {
        check_as(Format::Mdx, post, expected);
    }
    check_as(Format::Mdx, "    ```\n    ![x](no.png)\n    ```\n", &[]);
}
