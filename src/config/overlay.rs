//! The user's values laid over the defaults, key by key.

use std::ops::Range;

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::defaults::shipped;

/// Tables whose keys are the user's own.
const FREE_TABLES: [&str; 1] = ["fetch.resolve"];
/// Lists of tables whose missing keys take their values from elsewhere, and not from the shipped example.
const INHERITING: [&str; 1] = ["fetch.host"];
/// Keys of such a list whose shipped value is an example: left out of a block, they are empty.
const EXAMPLES: [(&str, &str); 1] = [("source", "path")];

/// How many keys are named where none is like the wrong one.
const NEAREST: usize = 3;
/// Where every setting stands with what it means.
const ALL_STAND: &str = "`offprint man --out DIR` writes offprint.toml(5), which has every setting";

/// A key that no setting has.
pub(super) struct UnknownKey {
    /// Where it stands.
    pub(super) span: Range<usize>,
    /// What is wrong, with the nearest right key.
    pub(super) message: String,
}

/// Lays `given` over `known`; `place` is the dotted path of the table.
pub(super) fn overlay(known: &mut Table, given: &DeTable<'_>, place: &str) -> Result<(), UnknownKey> {
    for (key, value) in given {
        let name = key.get_ref().as_ref();
        let place = if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
        let Some(default) = known.get(name) else {
            return Err(UnknownKey { span: key.span(), message: unknown_key(&place, name, known) });
        };
        let merged = overlaid(default, value, &place)?;
        known.insert(name.to_owned(), merged);
    }
    Ok(())
}

fn overlaid(default: &Value, given: &Spanned<DeValue<'_>>, place: &str) -> Result<Value, UnknownKey> {
    match (default, given.get_ref()) {
        (Value::Table(_), _) if FREE_TABLES.contains(&place) => Ok(plain(given.get_ref())),
        (Value::Table(known), DeValue::Table(table)) => {
            let mut known = known.clone();
            overlay(&mut known, table, place)?;
            Ok(Value::Table(known))
        }
        (Value::Array(known), DeValue::Array(items)) if known.first().is_some_and(Value::is_table) => {
            items.iter().map(|item| list_item(&known[0], item, place)).collect::<Result<_, _>>().map(Value::Array)
        }
        _ => Ok(plain(given.get_ref())),
    }
}

fn list_item(example: &Value, item: &Spanned<DeValue<'_>>, place: &str) -> Result<Value, UnknownKey> {
    let mut merged = overlaid(example, item, place)?;
    for (_, key) in EXAMPLES.iter().filter(|(list, _)| *list == place) {
        if let (Value::Table(merged), DeValue::Table(given)) = (&mut merged, item.get_ref())
            && given.get(*key).is_none()
        {
            merged.insert((*key).to_owned(), Value::String(String::new()));
        }
    }
    Ok(if INHERITING.contains(&place) { plain(item.get_ref()) } else { merged })
}

/// What is wrong, and the way out: the same name in another table, the nearest one in this table, or where all stand.
fn unknown_key(place: &str, name: &str, known: &Table) -> String {
    let wrong = format!("there is no setting `{place}`");
    if let Some(table) = table_with(&Value::Table(shipped()), name, "") {
        return format!("{wrong}; did you mean `{name}` {table}?");
    }
    let mut nearest: Vec<_> = known.keys().map(|key| (strsim::jaro_winkler(name, key), key)).collect();
    nearest.sort_by(|a, b| b.0.total_cmp(&a.0));
    if let Some((_, key)) = nearest.first().filter(|(similarity, _)| *similarity > 0.7) {
        return format!("{wrong}; did you mean `{key}`?");
    }
    let some: Vec<_> = nearest.iter().take(NEAREST).map(|(_, key)| format!("`{key}`")).collect();
    format!("{wrong}; the nearest are {}; {ALL_STAND}", some.join(", "))
}

/// The table in which a setting of this name stands.
fn table_with(value: &Value, name: &str, place: &str) -> Option<String> {
    let (table, here) = match value {
        Value::Table(table) if place.is_empty() => (table, "at the top".to_owned()),
        Value::Table(table) => (table, format!("in [{place}]")),
        Value::Array(items) => (items.first()?.as_table()?, format!("in [[{place}]]")),
        _ => return None,
    };
    if !FREE_TABLES.contains(&place) && table.contains_key(name) {
        return Some(here);
    }
    let below = |key: &String| if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
    table.iter().find_map(|(key, value)| table_with(value, name, &below(key)))
}

/// The value without its spans.
fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::String(number.to_string()), Value::Integer),
        DeValue::Float(number) => {
            number.as_str().parse().map_or_else(|_| Value::String(number.to_string()), Value::Float)
        }
        DeValue::Boolean(truth) => Value::Boolean(*truth),
        DeValue::Datetime(moment) => Value::Datetime(*moment),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| plain(item.get_ref())).collect()),
        DeValue::Table(table) => {
            Value::Table(table.iter().map(|(key, value)| (key.get_ref().to_string(), plain(value.get_ref()))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn overlaid(text: &str) -> Result<Table, String> {
        let mut merged = shipped();
        let given = DeTable::parse(text).unwrap();
        overlay(&mut merged, given.get_ref(), "").map(|()| merged).map_err(|unknown| unknown.message)
    }

    /// The dotted paths of all values that are no tables, with the values.
    fn leaves(value: &Value, place: &str) -> Vec<(String, Value)> {
        let Value::Table(table) = value else { return vec![(place.to_owned(), value.clone())] };
        let within = |(key, value): (&String, &Value)| {
            let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
            leaves(value, &place)
        };
        table.iter().flat_map(within).collect()
    }

    fn all() -> Vec<(String, Value)> {
        let simple = |(_, value): &(String, Value)| !matches!(value, Value::Array(_));
        leaves(&Value::Table(shipped()), "").into_iter().filter(simple).collect()
    }

    #[test]
    fn nothing_laid_over_the_defaults_leaves_them() {
        assert_eq!(overlaid("").unwrap(), shipped());
    }

    #[test]
    fn each_value_alone_changes_itself_and_nothing_else() {
        let all = all();
        assert!(all.len() > 50, "{} values", all.len());
        for (place, _) in &all {
            let merged = overlaid(&format!("{place} = \"another value\"\n")).unwrap();
            let merged = leaves(&Value::Table(merged), "");
            for (other, value) in leaves(&Value::Table(shipped()), "") {
                let now = merged.iter().find(|(name, _)| *name == other).map(|(_, value)| value);
                let expected = if other == *place { Value::String("another value".to_owned()) } else { value };
                assert_eq!(now, Some(&expected), "{other}, where {place} is given");
            }
        }
    }

    #[test]
    fn a_block_of_a_list_takes_what_it_leaves_out_from_the_example_or_from_elsewhere() {
        let merged = overlaid("[[thumbnail]]\nname = \"a\"\n[[fetch.host]]\nhost = \"h\"\n[[source]]\nname = \"s\"\n");
        let merged = merged.unwrap();
        let example = shipped()["thumbnail"][0].clone();
        assert_eq!(merged["thumbnail"][0]["width"], example["width"]);
        assert_eq!(merged["fetch"]["host"][0].as_table().unwrap().len(), 1, "what it leaves out is that of [fetch]");
        assert_eq!(merged["source"][0]["path"].as_str(), Some(""), "the example's path is nobody's");
    }

    #[test]
    fn values_keep_their_kinds_and_numbers_their_bases() {
        let given =
            DeTable::parse("a = 0xff\nb = 1_000\nc = -3\nd = 1.5\ne = true\nf = 1979-05-27\ng = [1, {h = 'x'}]\n");
        let given = given.unwrap();
        let value = |key: &str| plain(given.get_ref().get(key).unwrap().get_ref());
        assert_eq!(
            (value("a"), value("b"), value("c")),
            (Value::Integer(255), Value::Integer(1000), Value::Integer(-3))
        );
        assert_eq!((value("d"), value("e")), (Value::Float(1.5), Value::Boolean(true)));
        assert_eq!(value("f").to_string(), "1979-05-27");
        assert_eq!(value("g").to_string(), "[1, { h = \"x\" }]");
    }

    proptest! {
        /// A misspelt key is refused anywhere, and the right key is named.
        #[test]
        fn a_misspelt_key_is_refused_and_the_right_one_is_named(pick in any::<prop::sample::Index>(), slip in 0..3_usize) {
            let all = all();
            let (place, _) = pick.get(&all);
            let (table, key) = place.rsplit_once('.').unwrap_or(("", place));
            prop_assume!(key.len() > 4);
            let misspelt = match slip {
                0 => key[..key.len() - 1].to_owned(),
                1 => format!("{key}s"),
                _ => format!("{}{}{}", &key[1..2], &key[..1], &key[2..]),
            };
            prop_assume!(!all.iter().any(|(other, _)| other.rsplit('.').next() == Some(&misspelt)));
            let place = if table.is_empty() { misspelt } else { format!("{table}.{misspelt}") };
            let refused = overlaid(&format!("{place} = 1\n")).unwrap_err();
            let expected = format!("there is no setting `{place}`; did you mean `{key}`?");
            prop_assert_eq!(refused, expected);
        }
    }
}
