//! Words for numbers and moments.

use jiff::Timestamp;

/// A count with its noun, in the plural where there is not just one: `1 article`, `2 articles`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// The same for the length of a list.
pub(crate) fn count_of<T>(things: &[T], noun: &str) -> String {
    count(things.len() as u64, noun)
}

/// A moment as people write it, to the minute and in UTC. Text that is no moment stays unchanged.
pub(crate) fn moment(text: &str) -> String {
    let at = text.parse::<Timestamp>();
    at.map_or_else(|_| text.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_no_seconds() {
        assert_eq!(moment("2026-03-08T07:15:59.25Z"), "2026-03-08 07:15 UTC");
        assert_eq!(moment("never"), "never");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!([0, 1, 2].map(|number| count(number, "image")), ["0 images", "1 image", "2 images"]);
        assert_eq!(count_of(&["a"], "URL"), "1 URL");
    }
}
