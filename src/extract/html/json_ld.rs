//! Images named in JSON-LD, as search engines read it (schema.org).

use std::ops::Range;

use crate::extract::json;

/// Properties whose value is an image.
const IMAGES: &[&str] = &["image", "logo", "photo", "primaryImageOfPage", "screenshot", "thumbnail", "thumbnailUrl"];
/// Properties of an image that hold its URL.
const ADDRESSES: &[&str] = &["contentUrl", "url"];

/// The URLs of images in some JSON: where each stands without its quotes, the property, and what it says.
pub(super) fn images(json: &str) -> Vec<(Range<usize>, String, String)> {
    let mut found = Vec::new();
    json::strings(json, |path, span, value| {
        if let Some(property) = path.last().filter(|_| is_image(path)) {
            found.push((span, property.clone(), value.to_owned()));
        }
    });
    found
}

/// Whether properties lead to an image, or to the URL of one.
fn is_image(path: &[String]) -> bool {
    let names_image = |at: usize| {
        let property = path.len().checked_sub(at).and_then(|at| path.get(at));
        property.is_some_and(|property| IMAGES.contains(&property.as_str()))
    };
    let address = path.last().is_some_and(|property| ADDRESSES.contains(&property.as_str()));
    names_image(1) || (address && names_image(2))
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
