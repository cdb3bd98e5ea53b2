//! Images named in JSON-LD, as search engines read it (schema.org).

use std::ops::Range;

/// Properties whose value is an image.
const IMAGES: &[&str] = &["image", "logo", "photo", "primaryImageOfPage", "screenshot", "thumbnail", "thumbnailUrl"];
/// Properties of an image that hold its address.
const ADDRESSES: &[&str] = &["contentUrl", "url"];

/// An open object or array.
#[derive(Default)]
struct Container {
    /// Whether it is the value of a property that is an image, or a list of such values.
    image: bool,
    /// Of an object: the property whose value comes next, once its colon was seen.
    property: Option<String>,
    object: bool,
}

impl Container {
    /// Whether a container that comes next is an image.
    fn holds_image(&self) -> bool {
        match &self.property {
            Some(property) => IMAGES.contains(&property.as_str()),
            None => self.image && !self.object,
        }
    }

    /// Whether a string that comes next is the address of one.
    fn holds_address(&self) -> bool {
        let address = self.property.as_deref().is_some_and(|property| ADDRESSES.contains(&property));
        self.holds_image() || (self.image && address)
    }
}

/// The addresses of images in some JSON: where each stands without its quotes, the property, and what it says.
pub(super) fn images(json: &str) -> Vec<(Range<usize>, String, String)> {
    let mut found = Vec::new();
    let mut open = vec![Container::default()];
    let mut last = String::new();
    let mut at = 0;
    while let Some(byte) = json.as_bytes().get(at) {
        let top = open.len() - 1;
        match byte {
            b'{' | b'[' => {
                open.push(Container { image: open[top].holds_image(), object: *byte == b'{', ..Container::default() });
            }
            b'}' | b']' if top > 0 => open.truncate(top),
            b':' if open[top].object => open[top].property = Some(std::mem::take(&mut last)),
            b',' => open[top].property = None,
            b'"' => {
                let end = string_end(json.as_bytes(), at);
                last = serde_json::from_str(&json[at..end]).unwrap_or_default();
                if open[top].holds_address() && !last.is_empty() {
                    let property = open[top].property.clone().unwrap_or_else(|| "image".to_owned());
                    found.push((at + 1..end - 1, property, last.clone()));
                }
                at = end - 1;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The byte after the string that starts at a quote.
fn string_end(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: &[(&str, &str, &str)]) {
        let found = images(json);
        let found: Vec<_> =
            found.iter().map(|(span, name, value)| (&json[span.clone()], name.as_str(), value.as_str())).collect();
        assert_eq!(found, expected, "{json}");
    }

    #[test]
    fn images_are_strings_lists_and_objects() {
        check(r#"{"name": "x", "image": "a.jpg"}"#, &[("a.jpg", "image", "a.jpg")]);
        check(
            r#"{"image": ["a.jpg", {"url": "b.jpg", "name": "c"}]}"#,
            &[("a.jpg", "image", "a.jpg"), ("b.jpg", "url", "b.jpg")],
        );
        check(
            r#"[{"@graph": [{"url": "x", "thumbnailUrl": "https:\/\/h\/a.jpg"}]}]"#,
            &[(r"https:\/\/h\/a.jpg", "thumbnailUrl", "https://h/a.jpg")],
        );
        check(
            r#"{"publisher": {"url": "x", "logo": {"@type": "ImageObject", "url": "l.png"}}}"#,
            &[("l.png", "url", "l.png")],
        );
    }

    #[test]
    fn what_is_no_json_names_no_image() {
        for broken in
            ["", "\"", "}}]]", "{\"image\":", "{\"image\":\"a", "{\"image\":\"a\\", "\"image\": \"a\"", "[\"a\"]"]
        {
            check(broken, &[]);
        }
    }
}
