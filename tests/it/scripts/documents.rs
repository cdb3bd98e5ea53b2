//! Documents with hostile addresses, of seeds.

use fastrand::Rng;
use offprint::testing::model::Format;

/// A document as its author wrote it.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) format: Format,
    pub(super) text: String,
}

/// What addresses are made of.
const ADDRESSES: [&str; 40] = [
    "</xmp>",
    "<xmp>",
    "</textarea>",
    "<textarea>",
    "</title>",
    "<title>",
    "</style>",
    "<style>",
    "</script>",
    "<script>",
    "<!--",
    "-->",
    "--!>",
    "]]>",
    "<![CDATA[",
    "<",
    ">",
    "'",
    "\"",
    "`",
    "``",
    "```",
    "&lt;",
    "&#60;",
    "&quot;",
    "&#39;",
    "\\",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "%3C",
    "javascript:hit(0)",
    "*",
    "_",
    "//",
    "</noscript>",
    "</svg>",
];

/// What stands around and between them.
const SURROUNDINGS: [&str; 46] = [
    "<xmp>",
    "</xmp>",
    "<textarea>",
    "</textarea>",
    "<title>",
    "</title>",
    "<style>",
    "</style>",
    "<noscript>",
    "</noscript>",
    "<template>",
    "</template>",
    "<svg>",
    "</svg>",
    "<math>",
    "</math>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "<div>",
    "</div>",
    "<p>",
    "<b>",
    "<a href='",
    "<a title=\"",
    "<img title='",
    "<img title=\"\n\n",
    "'>",
    "\">",
    "`",
    "``",
    "```\n",
    "\n```\n",
    "~~~\n",
    "\n\n",
    "\n",
    "    ",
    "> ",
    "- ",
    "| a | b |\n|---|---|\n",
    "[x]: ",
    "<iframe>",
    "<plaintext>",
];

/// Handlers: `@` is a number that is another each time.
const HANDLERS: [&str; 10] = [
    "<img src=x onerror=hit(@)>",
    "</xmp><img src=x onerror=hit(@)>",
    "</textarea><img src=x onerror=hit(@)>",
    "</style><script>hit(@)</script>",
    "--><svg onload=hit(@)>",
    "</title><svg onload=hit(@)>",
    "'><img src=x onerror=hit(@)>",
    "\"><img src=x onerror=hit(@)>",
    "' src=x onerror=hit(@) b='",
    "\" src=x onerror=hit(@) b=\"",
];

/// So many documents, the same for the same seed.
pub(super) fn some(format: Format, seed: u64, count: usize) -> Vec<Document> {
    let mut chance = Rng::with_seed(seed);
    (0..count).map(|_| Document { format, text: text(format, &mut chance) }).collect()
}

fn text(format: Format, chance: &mut Rng) -> String {
    let (mut text, mut number) = (String::new(), 0);
    for _ in 0..chance.usize(2..7) {
        match chance.u8(..10) {
            0..3 => text.push_str(pick(&SURROUNDINGS, chance)),
            3..7 => text.push_str(&image(format, chance, &mut number)),
            7..9 => text.push_str(&handler(chance, &mut number)),
            _ => text.extend([" ", pick(&ADDRESSES, chance)]),
        }
        text.push_str(["", " ", "\n", "\n\n"][chance.usize(..4)]);
    }
    // Hugo builds no site with a shortcode that it does not know.
    text.replace("{{", "{ {")
}

fn pick<'a>(all: &[&'a str], chance: &mut Rng) -> &'a str {
    all[chance.usize(..all.len())]
}

fn handler(chance: &mut Rng, number: &mut usize) -> String {
    *number += 1;
    pick(&HANDLERS, chance).replace('@', &number.to_string())
}

fn address(chance: &mut Rng) -> String {
    let mut address =
        ["http://h.example/1.png?", "http://h.example/", "a.png?", "//h.example/b.jpg#"][chance.usize(..4)].to_owned();
    for _ in 0..chance.usize(0..4) {
        address.push_str(pick(&ADDRESSES, chance));
    }
    address + ["", ".jpg", ".png"][chance.usize(..3)]
}

/// An image with a hostile address, and a handler in a text beside it.
fn image(format: Format, chance: &mut Rng, number: &mut usize) -> String {
    let (address, handler) = (address(chance), handler(chance, number));
    let html = match chance.u8(..8) {
        0 => format!("<img src='{address}' alt='{handler}'>"),
        1 => format!("<img src=\"{address}\" alt=\"{handler}\">"),
        2 => format!("<img alt='{handler}' src='{address}'>"),
        3 => format!("<img src={address} title='{handler}'>"),
        4 => format!("<img srcset='{address} 1x, {address} 2x' alt='{handler}'>"),
        5 => format!("<img data-src='{address}' alt='{handler}'>"),
        6 => format!("<p style=\"background:url('{address}')\" title=\"{handler}\">"),
        _ => format!("<a href='{address}'><img src='{address}' alt='{handler}'></a>"),
    };
    if format != Format::Markdown || chance.bool() {
        return html;
    }
    match chance.u8(..7) {
        0 => format!("![{handler}]({address})"),
        1 => format!("![a](<{address}> '{handler}')"),
        2 => format!("![a]({address} \"{handler}\")"),
        3 => format!("[![a]({address})]({address}) {handler}"),
        4 => format!("![x]\n\n[x]: {address} '{handler}'\n"),
        5 => format!("![x]\n\n[x]: <{address}>\n{handler}\n"),
        _ => format!("{{% img {address} {handler} %}}"),
    }
}
