//! What keeps a browser from showing a local image: attributes of its element, and a policy of the page.

use super::scanner::Pass;
use super::tokens::{Attribute, Tag};
use super::value::Value;
use crate::extract::sink::RawReference;
use crate::model::ReferenceKind;

/// Attributes that make a browser refuse an image from the disk, or one with other bytes than expected, and their names
/// in a mirror. They are extracted from a mirror again, so that it can be restored.
const ATTRIBUTES: &[&str] = &["crossorigin", "integrity", "data-crossorigin", "data-integrity"];

/// The directive that decides over images, and the one that does if that is absent (Content Security Policy Level 3,
/// section 6.8).
const DIRECTIVES: [&str; 2] = ["img-src", "default-src"];

impl Pass<'_, '_, '_, '_> {
    /// Reports the attributes of an element with images that would hide local ones.
    pub(super) fn barriers(&mut self, tag: &Tag<'_>, image_group: u32) {
        for attribute in tag.attributes().filter(|attribute| ATTRIBUTES.contains(&attribute.name)) {
            let (name, span) = (attribute.name, attribute.start..attribute.start + attribute.name.len());
            self.sink.push(RawReference::new(span, name.to_owned(), ReferenceKind::CrossOrigin, name, image_group));
        }
    }

    /// Reports the directive of a policy that decides over images.
    pub(super) fn policy(&mut self, content: &Attribute<'_>) {
        let Some(span) = content.span.clone() else { return };
        let value = Value::new(self.text, span, content.value);
        let Some((name, part)) = directive(content.value) else { return };
        let (place, image_group) = (value.span(part.clone()), self.sink.image_group());
        let directive = content.value[part].to_owned();
        self.sink.push(RawReference::new(place, directive, ReferenceKind::Policy, name, image_group));
    }
}

/// The directive of a policy that decides over images, and where it stands. Of several with one name the first counts.
fn directive(policy: &str) -> Option<(&'static str, std::ops::Range<usize>)> {
    DIRECTIVES.into_iter().find_map(|name| {
        let mut start = 0;
        policy.split(';').find_map(|directive| {
            let from = start + (directive.len() - directive.trim_ascii_start().len());
            start += directive.len() + 1;
            let first = directive.split_ascii_whitespace().next()?;
            first.eq_ignore_ascii_case(name).then(|| (name, from..from + directive.trim_ascii().len()))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::directive;

    #[test]
    fn the_directive_for_images_is_found_or_else_the_default() {
        for (policy, expected) in [
            ("img-src https://c.example", Some("img-src https://c.example")),
            ("script-src 'self'; IMG-SRC a b ; img-src c", Some("IMG-SRC a b")),
            ("default-src 'none';img-src\t*", Some("img-src\t*")),
            ("script-src 'self';\n default-src\n https: ", Some("default-src\n https:")),
            ("default-src", Some("default-src")),
            ("script-src 'self'; upgrade-insecure-requests", None),
            ("; ;", None),
        ] {
            assert_eq!(directive(policy).map(|(_, part)| &policy[part]), expected, "{policy}");
        }
    }
}
