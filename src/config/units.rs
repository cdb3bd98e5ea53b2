//! Values with units: `"30s"`, `"64 MiB"`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};

/// What was given where a duration or a size is expected.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnitError {
    /// Not a duration.
    #[error("`{0}` is not a duration: write a number and one of ms, s, m, h, d, such as \"30s\"")]
    Duration(String),
    /// Not a size.
    #[error("`{0}` is not a size: write a number and one of B, KB, KiB, MB, MiB, GB, GiB, TB, TiB, such as \"64 MiB\"")]
    Size(String),
}

/// A length of time, written `"500ms"`, `"30s"`, `"5m"`, `"12h"` or `"30d"`; `"0"` needs no unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HumanDuration(pub Duration);

impl FromStr for HumanDuration {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let unit = |unit: &str| match unit {
            "ms" => Some(1),
            "s" => Some(1_000),
            "m" => Some(60_000),
            "h" => Some(3_600_000),
            "d" => Some(86_400_000),
            _ => None,
        };
        quantity(text, unit)
            .map(|millis| Self(Duration::from_millis(millis)))
            .ok_or_else(|| UnitError::Duration(text.to_owned()))
    }
}

/// A number of bytes, written `"64 MiB"`, `"500 kB"` or `"0"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl FromStr for Size {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let unit = |unit: &str| match unit.to_ascii_lowercase().as_str() {
            "b" => Some(1),
            "kb" => Some(1_000),
            "kib" => Some(1 << 10),
            "mb" => Some(1_000_000),
            "mib" => Some(1 << 20),
            "gb" => Some(1_000_000_000),
            "gib" => Some(1 << 30),
            "tb" => Some(1_000_000_000_000),
            "tib" => Some(1 << 40),
            _ => None,
        };
        quantity(text, unit).map(Self).ok_or_else(|| UnitError::Size(text.to_owned()))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
        let (mut whole, mut tenths, mut unit) = (self.0, 0, 0);
        while whole >= 1024 && unit + 1 < UNITS.len() {
            tenths = whole % 1024 * 10 / 1024;
            whole /= 1024;
            unit += 1;
        }
        match (unit, whole) {
            (0, _) | (_, 100..) => write!(f, "{whole} {}", UNITS[unit]),
            _ => write!(f, "{whole}.{tenths} {}", UNITS[unit]),
        }
    }
}

/// `12 unit` as a whole number of the smallest unit; `0` needs no unit.
fn quantity(text: &str, unit: impl Fn(&str) -> Option<u64>) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, name) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    if number == 0 && name.is_empty() {
        return Some(0);
    }
    number.checked_mul(unit(name.trim())?)
}

/// A pair of functions that let serde read and write a text type as a string.
macro_rules! from_text {
    ($name:ident) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    };
}
from_text!(HumanDuration);
from_text!(Size);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_and_sizes_read_as_people_write_them() {
        let millis = |text: &str| text.parse::<HumanDuration>().map(|duration| duration.0.as_millis());
        assert_eq!(millis("250ms"), Ok(250));
        assert_eq!(millis("30s"), Ok(30_000));
        assert_eq!(millis("2 d"), Ok(172_800_000));
        assert_eq!(millis("0"), Ok(0));
        let bytes = |text: &str| text.parse::<Size>().map(|size| size.0);
        assert_eq!(bytes("64 MiB"), Ok(67_108_864));
        assert_eq!(bytes("5kB"), Ok(5_000));
    }

    #[test]
    fn what_has_no_unit_or_a_wrong_one_is_refused() {
        for text in ["", "30", "-1s", "1.5h", "30 parsecs", "99999999999999999999d", "18446744073709551615 h"] {
            assert!(text.parse::<HumanDuration>().is_err(), "{text}");
        }
        for text in ["", "64", "64 MeB", "18446744073709551615 TiB"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_print_with_a_unit_and_at_most_one_decimal() {
        let print = |bytes| Size(bytes).to_string();
        assert_eq!(print(0), "0 B");
        assert_eq!(print(1536), "1.5 KiB");
        assert_eq!(print(300 << 20), "300 MiB");
    }

    proptest! {
        /// A number and a unit are their product, however they are spaced.
        #[test]
        fn a_quantity_is_its_number_times_its_unit(number in 0..1_000_000_u64, space in " {0,2}") {
            for (unit, millis) in [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)] {
                let read = format!("{space}{number}{space}{unit}{space}").parse::<HumanDuration>().unwrap();
                prop_assert_eq!(read.0, Duration::from_millis(number * millis));
            }
            for (unit, bytes) in [("B", 1), ("kB", 1_000), ("KiB", 1 << 10), ("MB", 1_000_000), ("mib", 1 << 20)] {
                prop_assert_eq!(format!("{number}{space}{unit}").parse::<Size>().unwrap(), Size(number * bytes));
            }
        }

        /// What is printed reads as a size again, and is at most a tenth of its unit below the value.
        #[test]
        fn a_printed_size_is_close_to_what_it_stands_for(bytes in any::<u64>()) {
            let printed = Size(bytes).to_string();
            let (number, unit) = printed.split_once(' ').unwrap();
            let unit = format!("1 {unit}").parse::<Size>().unwrap().0 as f64;
            let shown = number.parse::<f64>().unwrap() * unit;
            prop_assert!(shown <= bytes as f64 * 1.000_001 && bytes as f64 - shown <= unit, "{bytes}: {printed}");
            prop_assert!(number.len() <= 4 || printed.ends_with("TiB"), "{printed}");
        }

        /// No text makes a number out of nothing.
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,12}") {
            let starts = text.trim().starts_with(|c: char| c.is_ascii_digit());
            prop_assert!(text.parse::<HumanDuration>().is_err() || starts);
            prop_assert!(text.parse::<Size>().is_err() || starts);
        }
    }
}
