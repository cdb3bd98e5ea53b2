//! Which face of those at hand a text is drawn with.

use resvg::usvg::fontdb::{Database, Family, ID, Query, Stretch, Style, Weight};

/// The families that stand for a generic one (CSS Fonts 4, section 2.1.3), the first that is there. At the head are those
/// whose letters are as wide as those of the fonts that most drawings are made with.
const SERIF: &[&str] = &[
    "Times New Roman",
    "Liberation Serif",
    "Tinos",
    "Times",
    "Nimbus Roman",
    "FreeSerif",
    "Noto Serif",
    "DejaVu Serif",
    "Noto Serif CJK SC",
    "Noto Serif CJK JP",
];
const SANS_SERIF: &[&str] = &[
    "Arial",
    "Liberation Sans",
    "Arimo",
    "Helvetica",
    "Nimbus Sans",
    "FreeSans",
    "Noto Sans",
    "DejaVu Sans",
    "Segoe UI",
    "Roboto",
    "Open Sans",
    "Ubuntu",
    "Cantarell",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
];
const MONOSPACE: &[&str] = &[
    "Courier New",
    "Liberation Mono",
    "Cousine",
    "Courier",
    "Nimbus Mono PS",
    "FreeMono",
    "Noto Sans Mono",
    "DejaVu Sans Mono",
    "Menlo",
    "Consolas",
];

/// The names that stand for one of these lists, in small letters: the generic ones, and what is nearly everywhere where
/// drawings are made.
const GENERIC: &[(&[&str], &[&str])] = &[
    (
        &["sans-serif", "system-ui", "ui-sans-serif", "arial", "helvetica", "helvetica neue", "verdana", "tahoma"],
        SANS_SERIF,
    ),
    (&["cursive", "fantasy", "roboto", "open sans", "segoe ui", "dejavu sans", "trebuchet ms", "calibri"], SANS_SERIF),
    (&["monospace", "ui-monospace", "courier", "courier new", "consolas", "menlo", "monaco"], MONOSPACE),
    (&["serif", "ui-serif", "times", "times new roman", "georgia", "cambria"], SERIF),
];

/// The face for a text: of the first of its families that is there or that others stand for, else of a serif family as
/// browsers do, else any.
pub fn select<'a>(
    database: &Database,
    families: impl Iterator<Item = &'a str>,
    (weight, stretch, style): (Weight, Stretch, Style),
) -> Option<ID> {
    let of_family = |name: &str| {
        let families = &[Family::Name(name)];
        database.query(&Query { families, weight, stretch, style })
    };
    let named = |name: &str| of_family(name).or_else(|| stand_ins(name).iter().find_map(|name| of_family(name)));
    let defaults = ["serif", "sans-serif", "monospace"];
    families.chain(defaults).find_map(named).or_else(|| any(database, style))
}

/// Whether a name is that of no family, and others stand for it.
pub fn is_generic(name: &str) -> bool {
    !stand_ins(name).is_empty()
}

/// The families that stand for one that is not there.
fn stand_ins(name: &str) -> &'static [&'static str] {
    let name = name.to_lowercase();
    let of_it = GENERIC.iter().find(|(names, _)| names.contains(&name.as_str()));
    of_it.map_or(&[], |(_, families)| families)
}

/// A face of a family that no list names.
fn any(database: &Database, style: Style) -> Option<ID> {
    let best = database.faces().min_by_key(|face| (face.style != style, face.weight.0.abs_diff(Weight::NORMAL.0)));
    best.map(|face| face.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use resvg::usvg::fontdb::{FaceInfo, Language, Source};

    fn database(families: &[(&str, u16)]) -> Database {
        let mut database = Database::new();
        for (family, weight) in families {
            database.push_face_info(FaceInfo {
                id: ID::dummy(),
                source: Source::Binary(std::sync::Arc::new(Vec::new())),
                index: 0,
                families: vec![((*family).to_owned(), Language::English_UnitedStates)],
                post_script_name: String::new(),
                style: Style::Normal,
                weight: Weight(*weight),
                stretch: Stretch::Normal,
                monospaced: false,
            });
        }
        database
    }

    fn found(database: &Database, families: &[&str], weight: u16) -> Option<(String, u16)> {
        let id = select(database, families.iter().copied(), (Weight(weight), Stretch::Normal, Style::Normal))?;
        database.face(id).map(|face| (face.families[0].0.clone(), face.weight.0))
    }

    #[test]
    fn a_family_that_is_not_there_is_drawn_by_one_that_stands_for_it() {
        let all =
            database(&[("DejaVu Serif", 400), ("DejaVu Sans", 400), ("DejaVu Sans", 700), ("DejaVu Sans Mono", 400)]);
        for (families, weight, family) in [
            (&["Helvetica"][..], 400, ("DejaVu Sans", 400)),
            (&["Brand", "sans-serif"], 700, ("DejaVu Sans", 700)),
            (&["Brand", "monospace", "serif"], 400, ("DejaVu Sans Mono", 400)),
            (&["DejaVu Sans Mono"], 400, ("DejaVu Sans Mono", 400)),
            (&["Brand"], 400, ("DejaVu Serif", 400)),
            (&[], 400, ("DejaVu Serif", 400)),
        ] {
            assert_eq!(found(&all, families, weight), Some((family.0.to_owned(), family.1)), "{families:?}");
        }
    }

    #[test]
    fn where_no_family_is_known_any_face_serves_and_without_faces_none() {
        assert_eq!(found(&database(&[("Odd", 900), ("Odd", 300)]), &["Arial"], 400), Some(("Odd".to_owned(), 300)));
        assert_eq!(found(&database(&[]), &["Arial"], 400), None);
    }

    #[test]
    fn generic_families_are_known_whatever_their_case() {
        for (generic, first, second) in [
            ("sans-serif", "Liberation Sans", "DejaVu Sans"),
            ("Helvetica Neue", "Liberation Sans", "DejaVu Sans"),
            ("SERIF", "Liberation Serif", "DejaVu Serif"),
            ("georgia", "Liberation Serif", "DejaVu Serif"),
            ("Monospace", "Liberation Mono", "DejaVu Sans Mono"),
            ("consolas", "Liberation Mono", "DejaVu Sans Mono"),
        ] {
            assert!(is_generic(generic));
            let both = database(&[("Odd", 400), (second, 400), (first, 400)]);
            assert_eq!(found(&both, &[generic], 400), Some((first.to_owned(), 400)), "{generic}");
            let one = database(&[("Odd", 400), (second, 400)]);
            assert_eq!(found(&one, &[generic], 400), Some((second.to_owned(), 400)), "{generic}");
        }
        assert!(!is_generic("Brand") && !is_generic(""));
    }
}
