//! Words for numbers.

/// A count with its noun, in the plural where there is not just one: `1 article`, `2 articles`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// The same for the length of a list.
pub(crate) fn count_of<T>(things: &[T], noun: &str) -> String {
    count(things.len() as u64, noun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular() {
        assert_eq!([0, 1, 2].map(|number| count(number, "image")), ["0 images", "1 image", "2 images"]);
        assert_eq!(count_of(&["a"], "URL"), "1 URL");
    }
}
