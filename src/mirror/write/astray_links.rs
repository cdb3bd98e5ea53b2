//! References of an article that get no local link, and would open another object of the archive.

use std::collections::HashMap;

use super::super::astray::{Astray, astray};
use crate::archive::ReferenceRow;
use crate::model::Span;
use crate::rewrite::{LocalLink, Rewritten};

/// Where they stand, and what the mirror can have in their place.
pub(super) struct AstrayLinks(Vec<(Span, Astray)>);

impl AstrayLinks {
    /// Those among recorded references of an original, where these get local links.
    pub(super) fn find(original: &[u8], rows: &[ReferenceRow], links: &HashMap<Span, LocalLink>) -> Self {
        let stay = rows.iter().filter(|row| !links.contains_key(&row.place.span));
        let found = stay.filter_map(|row| Some((row.place.span, astray(original, &row.place, row.requested())?)));
        Self(found.collect())
    }

    /// The links that lead where the original does.
    pub(super) fn remote(&self) -> impl Iterator<Item = (Span, LocalLink)> {
        self.0.iter().filter_map(|(span, astray)| match astray {
            Astray::Remote(url) => Some((*span, url.clone().into())),
            Astray::Unknown => None,
        })
    }

    /// Where the first one stands that the mirror still has.
    pub(super) fn first_left(&self, rewritten: &Rewritten) -> Option<usize> {
        let mut places = self.0.iter().map(|(span, _)| *span);
        places.find(|span| !rewritten.writes_over(*span)).map(|span| span.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Edit;

    #[test]
    fn an_address_is_left_unless_an_edit_takes_its_place() {
        let links =
            AstrayLinks(vec![(Span::new(5, 9), Astray::Remote("x".into())), (Span::new(20, 24), Astray::Unknown)]);
        assert_eq!(links.remote().map(|(span, _)| span).collect::<Vec<_>>(), [Span::new(5, 9)]);
        let left = |spans: &[(usize, usize)]| {
            let edit = |(start, end): &(usize, usize)| Edit {
                span: Span::new(*start, *end),
                raw: Vec::new(),
                replacement: b"x".to_vec(),
            };
            let edits = spans.iter().map(edit).collect();
            links.first_left(&Rewritten { edits, mirror: Vec::new(), left_remote: Vec::new() })
        };
        assert_eq!(left(&[]), Some(5));
        assert_eq!(left(&[(0, 5), (5, 5), (9, 20)]), Some(5));
        assert_eq!(left(&[(5, 9)]), Some(20));
        assert_eq!(left(&[(4, 9), (20, 24)]), None);
    }
}
