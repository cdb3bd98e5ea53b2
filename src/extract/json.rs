//! The strings in some JSON, each with the properties that lead to it. Invalid JSON is skipped.

use std::ops::Range;

/// Reports every string: the properties of the objects around it, outermost first, its place without the quotes, and
/// its value. Items of an array have the array's property.
pub(in crate::extract) fn strings(json: &str, mut take: impl FnMut(&[String], Range<usize>, &str)) {
    let mut path: Vec<String> = Vec::new();
    let mut objects = Vec::new();
    let mut last = String::new();
    let mut at = 0;
    while let Some(byte) = json.as_bytes().get(at) {
        let in_object = objects.last() == Some(&true);
        match byte {
            b'{' => path.push(String::new()),
            b'}' if in_object => drop(path.pop()),
            b':' | b',' if in_object => {
                let property = if *byte == b':' { std::mem::take(&mut last) } else { String::new() };
                path.last_mut().into_iter().for_each(|open| open.clone_from(&property));
            }
            b'"' => {
                let end = string_length(&json.as_bytes()[at + 1..]).map_or(json.len(), |length| at + length + 2);
                last = serde_json::from_str(&json[at..end]).unwrap_or_default();
                if !last.is_empty() {
                    take(&path, at + 1..end - 1, &last);
                }
                at = end - 1;
            }
            _ => {}
        }
        match byte {
            b'{' | b'[' => objects.push(*byte == b'{'),
            b'}' | b']' => drop(objects.pop()),
            _ => {}
        }
        at += 1;
    }
}

/// The length of a string without its quotes, given what follows the first.
pub(in crate::extract) fn string_length(rest: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', rest.get(at..)?)?;
        if rest[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: &[(&str, &str)]) {
        let mut found = Vec::new();
        strings(json, |path, span, value| {
            let raw = &json[span];
            assert!(raw == value || raw.contains('\\'), "{json}");
            found.push((path.join("."), value.to_owned()));
        });
        let found: Vec<_> = found.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect();
        assert_eq!(found, expected, "{json}");
    }

    #[test]
    fn each_string_has_the_properties_that_lead_to_it() {
        check(
            r#"{"a": "x", "b": {"c": ["y", "z"]}}"#,
            &[("", "a"), ("a", "x"), ("", "b"), ("b.", "c"), ("b.c", "y"), ("b.c", "z")],
        );
        check(r#"["x\/y", {"a": "é"}]"#, &[("", "x/y"), ("", "a"), ("a", "é")]);
    }

    #[test]
    fn what_is_no_json_costs_nothing() {
        for broken in ["", "\"", "\"a", "\"a\\", "}}]]", ":,", "[}", "{]"] {
            check(broken, &[]);
        }
        check("{\"a\":\"b", &[("", "a")]);
        check(&"[{".repeat(100_000), &[]);
    }
}
