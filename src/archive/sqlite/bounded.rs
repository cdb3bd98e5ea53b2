//! Lists of rows, up to a size: a catalog that came from somebody else may have any number of rows of any length.

use rusqlite::Result;

use super::error::Damaged;

/// The most bytes of rows that are held at once. All that belongs to one article is far less.
const MOST: usize = 64 << 20;

/// What a row takes besides its texts.
const ROW: usize = 256;

/// All rows, if their sizes add up to this at most. `length` gives the size of a row's texts and bytes.
pub(super) fn collect<T>(
    rows: impl Iterator<Item = Result<T>>,
    what: &'static str,
    length: impl Fn(&T) -> usize,
) -> Result<Vec<T>> {
    let (mut all, mut size) = (Vec::new(), 0);
    for row in rows {
        let row = row?;
        size += ROW + length(&row);
        if size > MOST {
            return Err(Damaged::in_column(what, format_args!("more than {} MiB", MOST >> 20)));
        }
        all.push(row);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_end_where_they_are_more_than_memory_should_hold() {
        let rows = |count: usize| (0..count).map(Ok);
        assert_eq!(collect(rows(3), "list", |row| *row).unwrap(), [0, 1, 2]);
        let longest = |_: &usize| MOST / 4;
        assert_eq!(collect(rows(3), "list", longest).unwrap().len(), 3);
        let error = collect(rows(usize::MAX), "list", longest).unwrap_err();
        assert!(error.to_string().contains("list"), "{error}");
    }
}
