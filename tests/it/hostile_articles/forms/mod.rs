//! What is repeated to make an article of any length: for each format what opens, nests, never closes, or makes a parser
//! look back or ahead.

mod data;
mod html;
mod markdown;

use offprint::testing::model::Format;

/// A way to write an article of any length.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) format: Format,
    /// What comes once, before.
    pub(super) before: &'static str,
    /// What is repeated; `#` in it is a number that is another each time.
    pub(super) part: &'static str,
    /// What is repeated as often afterwards.
    pub(super) closing: &'static str,
    /// What comes once, after.
    pub(super) after: &'static str,
}

impl Form {
    /// An article of about this length.
    pub(super) fn article(&self, length: usize) -> String {
        let count = (length / (self.part.len() + self.closing.len()).max(1)).max(1);
        let mut text = self.before.to_owned();
        for number in 0..count {
            if self.part.contains('#') {
                text.push_str(&self.part.replace('#', &number.to_string()));
            } else {
                text.push_str(self.part);
            }
        }
        text.push_str(&self.closing.repeat(count));
        text + self.after
    }

    pub(super) fn name(&self) -> String {
        let start: String = format!("{}{}", self.before, self.part).chars().take(40).collect();
        format!("{:?} {}", self.format, start.escape_debug())
    }
}

pub(super) const fn of(
    format: Format,
    before: &'static str,
    part: &'static str,
    closing: &'static str,
    after: &'static str,
) -> Form {
    Form { format, before, part, closing, after }
}

/// Articles as people write them, which all others are compared with: one of each format.
pub(super) const HONEST: [Form; 5] = [
    of(
        Format::Html,
        "<!DOCTYPE html><title>Kites</title>",
        "<p>The wind <em>turned</em> at noon, and <a href='/#'>the kites</a> came down.\n<figure><img src='/#.jpg' alt='A kite'>\
         <figcaption>A kite of paper</figcaption></figure>\n",
        "",
        "",
    ),
    of(
        Format::Xhtml,
        "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><body>",
        "<p>The wind <em>turned</em> at noon.</p><p><img src='/#.jpg' alt='A kite'/></p>\n",
        "",
        "</body></html>",
    ),
    of(
        Format::Markdown,
        "---\ntitle: Kites\n---\n",
        "## Noon #\n\nThe wind *turned* at noon, and [the kites](/#) came down.\n\n![A kite of paper](/#.jpg)\n\n",
        "",
        "",
    ),
    of(
        Format::Mdx,
        "import A from 'a'\n\n",
        "The wind *turned* at noon.\n\n<Figure src=\"/#.jpg\" />\n\n![A kite](/#.jpg)\n\n",
        "",
        "",
    ),
    of(Format::Css, "", ".kite-# { color: red; background: url(/#.jpg) no-repeat; margin: 0 auto }\n", "", ""),
];

/// Every form that is not honest.
pub(super) fn hostile() -> impl Iterator<Item = &'static Form> {
    html::FORMS.iter().chain(markdown::FORMS).chain(data::FORMS)
}
