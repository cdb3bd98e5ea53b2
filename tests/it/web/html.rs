//! Pages of ours are well-formed, and hold nothing inline.

use html5gum::{StartTag, Token, Tokenizer};

/// Elements without an end (HTML Standard, section 13.1.2).
const VOID: [&str; 8] = ["meta", "link", "img", "input", "br", "hr", "base", "source"];

/// What a page consists of.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Where it leads: all links, images, frames and forms.
    pub(super) links: Vec<String>,
    headings: usize,
    ids: Vec<String>,
    open: Vec<String>,
}

impl Page {
    /// Reads a page, which fails where it is not well-formed.
    pub(super) fn read(address: &str, text: &str) -> Self {
        let mut page = Self::default();
        for token in Tokenizer::new(text) {
            match token.unwrap() {
                Token::StartTag(tag) => page.start(address, &tag),
                Token::EndTag(tag) => {
                    let name = String::from_utf8_lossy(&tag.name).into_owned();
                    assert_eq!(page.open.pop(), Some(name), "{address}: {text}");
                }
                Token::Error(error) => panic!("{address}: {error:?}: {text}"),
                _ => {}
            }
        }
        assert_eq!(page.open, [""; 0], "{address}");
        assert_eq!(page.headings, 1, "{address} has one h1");
        let mut ids = page.ids.clone();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), page.ids.len(), "{address} has each id once");
        page
    }

    fn start(&mut self, address: &str, tag: &StartTag<()>) {
        let name = String::from_utf8_lossy(&tag.name).into_owned();
        self.headings += usize::from(name == "h1");
        assert_ne!(name, "style", "{address} has styles inline");
        let attributes: Vec<_> = tag.attributes.iter().map(|(name, value)| (text(name), text(&value.value))).collect();
        let has = |wanted: &str| attributes.iter().any(|(name, _)| name == wanted);
        assert!(name != "script" || has("src"), "{address} has a script inline");
        assert!(name != "img" || has("alt") && has("width") && has("height"), "{address}: {attributes:?}");
        assert!(name != "iframe" || has("sandbox") && has("title"), "{address}: {attributes:?}");
        for (attribute, value) in attributes {
            assert!(attribute != "style" && !attribute.starts_with("on"), "{address}: {attribute} is inline");
            match attribute.as_str() {
                "href" | "src" | "action" => self.links.push(value),
                "id" => self.ids.push(value),
                _ => {}
            }
        }
        if !VOID.contains(&name.as_str()) && !tag.self_closing {
            self.open.push(name);
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
