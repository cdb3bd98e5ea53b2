//! The text that an original and its mirrors share.

use crate::extract::{self, ExtractOptions};
use crate::model::{Digest, Format, Span};

/// A digest of what rewriting does not change: of an article without its references and its tags, the letters and
/// digits. An original and each of its mirrors have the same.
pub(super) fn text_digest(bytes: &[u8], format: Format, options: &ExtractOptions) -> Digest {
    let references = extract::extract(bytes, format, options).references;
    let spans = references.iter().filter(|reference| reference.kind.takes_link()).map(|reference| reference.span);
    Digest::of(&letters(bytes, spans.collect()))
}

/// Letters, digits and whatever is not ASCII, outside of tags and of some spans.
fn letters(bytes: &[u8], mut left_out: Vec<Span>) -> Vec<u8> {
    left_out.sort_unstable();
    let (mut kept, mut in_tag, mut spans) = (Vec::new(), false, left_out.into_iter().peekable());
    for (at, byte) in bytes.iter().enumerate() {
        while spans.next_if(|span| span.end <= at).is_some() {}
        let is_left_out = spans.peek().is_some_and(|span| span.start <= at);
        match byte {
            _ if is_left_out => {}
            b'<' => in_tag = true,
            b'>' => in_tag = false,
            byte if !in_tag && (byte.is_ascii_alphanumeric() || !byte.is_ascii()) => kept.push(*byte),
            _ => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn digest(text: &str, format: Format) -> Digest {
        text_digest(text.as_bytes(), format, &ExtractOptions::new(&Config::default().rewrite, None))
    }

    #[test]
    fn a_mirror_has_the_text_of_its_original_and_no_other() {
        let blob = format!("../../blobs/sha256/ab/{}.jpg", "ab".repeat(32));
        let original = "# Ferry\n\n![deck](https://a.example/deck.jpg) leaves at <b>9</b>\n";
        for mirror in [
            format!("# Ferry\n\n![deck]({blob}) leaves at <b>9</b>\n"),
            format!("# Ferry\n\n[![deck]({blob})]({blob}) leaves at <b>9</b>\n"),
        ] {
            assert_eq!(digest(&mirror, Format::Markdown), digest(original, Format::Markdown), "{mirror}");
        }
        let other = original.replace("at <b>9", "at <b>10");
        assert_ne!(digest(&other, Format::Markdown), digest(original, Format::Markdown));
        let html = "<p>Tide <img data-src=\"https://a.example/tide.png\"></p>";
        let mirror = format!("<p>Tide <a href=\"{blob}\"><img src=\"{blob}\" data-src=\"{blob}\"></a></p>");
        assert_eq!(digest(&mirror, Format::Html), digest(html, Format::Html));
    }
}
