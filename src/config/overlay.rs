//! The user's values laid over the defaults, key by key.

use std::ops::Range;

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

/// Tables whose keys are the user's own.
const FREE_TABLES: [&str; 1] = ["fetch.resolve"];
/// Lists of tables in which what is left out is inherited from elsewhere and not from the shipped example.
const INHERITING: [&str; 1] = ["fetch.host"];
/// Keys of such a list whose shipped value is an example: left out of a block, they are empty.
const EXAMPLES: [(&str, &str); 1] = [("source", "path")];

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

fn unknown_key(place: &str, name: &str, known: &Table) -> String {
    let nearest = known
        .keys()
        .map(|key| (strsim::jaro_winkler(name, key), key))
        .filter(|(similarity, _)| *similarity > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((_, key)) = nearest {
        return format!("there is no setting `{place}`; did you mean `{key}`?");
    }
    let keys: Vec<_> = known.keys().map(|key| format!("`{key}`")).collect();
    format!("there is no setting `{place}`; there are {}", keys.join(", "))
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
