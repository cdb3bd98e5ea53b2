//! Articles that nobody would write, from a grammar of what goes wrong.

use proptest::prelude::*;
use proptest::sample::select;

const PIECES: &[&str] = &[
    "a.jpg",
    "b.png",
    "c%20d.gif",
    "e/f",
    "?q=1",
    "&",
    "&amp;",
    "&#038;",
    "&#x26;",
    "&copy",
    "&copy=",
    "&notit;",
    "&num;",
    "&comma;",
    "&#32;",
    "&quot;",
    "&apos;",
    "&NotEqualTilde;",
    "ü",
    "下载",
    "\u{1f600}",
    " ",
    "\n",
    "\r\n",
    "\t",
    ",",
    ", ",
    " 2x",
    " 100w",
    " 1x,",
    "(",
    ")",
    "url(",
    "url('",
    "')",
    "\")",
    "'",
    "\"",
    "data:,x",
    "data:image/gif;base64,R0",
    "#f",
    "{{x}}",
    "//host.example/",
    "https://host.example/",
    "HTTP://",
    "\0",
    "\\29 ",
    "\\",
    ";",
    "<",
    ">",
    "=",
    "`",
    "```",
    "/",
    "../",
    "image-set(",
    "/*",
    "*/",
    "javascript:",
    ":",
    "\u{feff}",
    "[",
    "{",
    "_",
];

const NAMES: &[&str] = &[
    "src",
    "SRC",
    "srcset",
    "data-src",
    "data-srcset",
    "data-original",
    "data-bg",
    "data-lazy-src",
    "file",
    "style",
    "href",
    "xlink:href",
    "poster",
    "background",
    "content",
    "rel",
    "property",
    "type",
    "data",
    "as",
    "imagesrcset",
    "class",
    "alt",
    "黄蜂女\"伊",
    "'",
    "=",
    "itemprop",
    "shadowrootmode",
];

const VALUES: &[&str] =
    &["icon", "og:image", "image", "preload", "image/png", "canonical", "open", "a.jpg", "https://h.example/a.jpg"];

const ELEMENTS: &[&str] = &[
    "img",
    "IMG",
    "source",
    "picture",
    "video",
    "audio",
    "a",
    "link",
    "meta",
    "base",
    "div",
    "td",
    "svg",
    "image",
    "use",
    "style",
    "script",
    "noscript",
    "template",
    "title",
    "textarea",
    "math",
    "mi",
    "iframe",
    "input",
    "object",
    "embed",
    "p",
    "foreignObject",
    "amp-img",
    "xmp",
    "select",
];

const TEXT: &[&str] = &[
    "text",
    "下载",
    "&lt;img src=x.jpg&gt;",
    "<!--",
    "-->",
    "<!-->",
    "<![CDATA[",
    "]]>",
    "\r\n",
    "\n\n",
    "<",
    "</",
    "<?",
    "<!",
    "a{b:url(c.png)}",
    "a{b:url('d.png",
    "@import url(e.css);",
    "@font-face{src:url(f)}",
    "/*",
    "*/",
    "\0",
    "--!>",
    "{",
    "}",
    "\u{a0}",
    "<script>'</script>",
    "<style>",
    "</style>",
    "<title>x</title>",
    "---\n",
    "```\n",
];

fn value() -> impl Strategy<Value = String> {
    let pieces = prop::collection::vec(select(PIECES), 0..6).prop_map(|pieces| pieces.concat());
    prop_oneof![4 => pieces, 1 => select(VALUES).prop_map(str::to_owned)]
}

fn attribute() -> impl Strategy<Value = String> {
    (select(NAMES), value(), 0..9).prop_map(|(name, value, form)| match form {
        0 => format!(" {name}"),
        1 => format!(" {name}={value}"),
        2 | 3 => format!(" {name}='{value}'"),
        4 => format!(" {name} = \"{value}\""),
        5 => format!("/{name}=\"{value}\""),
        6 => format!(" {name}="),
        _ => format!(" {name}=\"{value}\""),
    })
}

fn tag() -> impl Strategy<Value = String> {
    let start =
        (select(ELEMENTS), prop::collection::vec(attribute(), 0..5), select(&[">", ">", ">", "/>", " >", ""][..]));
    let start = start.prop_map(|(name, attributes, end)| format!("<{name}{}{end}", attributes.concat()));
    let end = select(ELEMENTS).prop_map(|name| format!("</{name}>"));
    prop_oneof![4 => start, 1 => end]
}

/// Markup with whatever goes wrong in markup.
pub(super) fn html() -> impl Strategy<Value = String> {
    let text = select(TEXT).prop_map(str::to_owned);
    prop::collection::vec(prop_oneof![3 => tag(), 1 => text], 0..12).prop_map(|parts| parts.concat())
}

/// A style sheet with whatever goes wrong in style sheets.
pub(super) fn css() -> impl Strategy<Value = String> {
    let parts = prop_oneof![
        select(TEXT).prop_map(str::to_owned),
        value(),
        value().prop_map(|value| format!("a{{b:url({value})}}"))
    ];
    prop::collection::vec(parts, 0..12).prop_map(|parts| parts.concat())
}

const MARKDOWN: &[&str] = &[
    "![",
    "](",
    ")",
    "]",
    "[",
    "[![t](",
    " \"title\")",
    "(<",
    ">)",
    "]: ",
    "\n\n",
    "\n",
    "```\n",
    "`",
    "    ",
    "> ",
    "- ",
    "# x\n",
    "{: .x}",
    "{{< figure src=\"a.jpg\" >}}",
    "{{% img src=b.png %}}",
    "{% asset_img c.gif d %}",
    "{% img e.jpg %}",
    "{% img g```.jpg %}",
    "{{< figure src=",
    "{{% img src=\"",
    " >}}",
    " %}}",
    "{% img ",
    " %}",
    "{% raw %}",
    "{% endraw %}",
    "<!--",
    "-->",
    "text",
    "下载",
    "\\",
    "*",
    "&amp;",
];

const FRONT_MATTER: &[&str] = &[
    "image: ",
    "thumbnail: ",
    "headimg: '",
    "cover: \"",
    "title: ",
    "\n",
    "\n- ",
    "\n  - ",
    "'",
    "\"",
    "|\n  ",
    ">\n  ",
    "&x ",
    "*x",
    "{",
    "}",
    "[",
    "]",
    ",",
    "#",
    ": ",
    "image = ",
    "https://h.example/a.jpg",
    "a.png",
    "\\",
    "''",
    "!!str ",
];

/// A post with front matter and whatever goes wrong in either.
pub(super) fn markdown() -> impl Strategy<Value = String> {
    let piece = prop_oneof![select(FRONT_MATTER).prop_map(str::to_owned), value()];
    let fences =
        select(&[("---\n", "\n---\n"), ("+++\n", "\n+++\n"), ("{", "}\n"), ("\n---\n", "\n---\n"), ("", "")][..]);
    let front = (fences, prop::collection::vec(piece, 0..8));
    let front = front.prop_map(|((open, close), pieces)| format!("{open}{}{close}", pieces.concat()));
    let body = prop_oneof![3 => select(MARKDOWN).prop_map(str::to_owned), 2 => value(), 2 => tag()];
    (front, prop::collection::vec(body, 0..14)).prop_map(|(front, body)| format!("{front}{}", body.concat()))
}
