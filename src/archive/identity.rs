//! The identity of the archive in a folder: `archive.json`, which is written when the archive is made.
//!
//! The catalog has the same id. A folder with another catalog, or with none, is not opened: it is unknown what its
//! blobs belong to, and a new catalog would have them removed as garbage.

use std::io::{self, ErrorKind};

use serde::{Deserialize, Serialize};

use super::catalog::ArchiveRow;
use super::files::Tree;
use super::objects::ObjectError;
use crate::model::ArchiveId;
use crate::staging::Staging;

/// The file.
pub(super) const FILE: &str = "archive.json";
/// The layout of the folder; a later one may not be opened by this version.
const FORMAT: u32 = 1;
/// More than the file has.
const LONGEST: u64 = 4096;

/// The content of the file.
#[derive(Serialize, Deserialize)]
struct IdentityFile {
    /// 32 hexadecimal digits.
    id: String,
    format: u32,
    /// When the archive was made (RFC 3339), for people.
    made: String,
}

/// The id that the file has; `None` if there is no file.
pub(super) fn read(store: &Tree) -> Result<Option<ArchiveId>, ObjectError> {
    let Some(text) = store.read(FILE, LONGEST)? else { return Ok(None) };
    let id = parse(&text).map_err(|why| io::Error::new(ErrorKind::InvalidData, why));
    id.map(Some).map_err(store.failed("read", FILE))
}

fn parse(text: &[u8]) -> Result<ArchiveId, String> {
    let way_out = "remove the file, and `offprint run` writes it again";
    let content: IdentityFile =
        serde_json::from_slice(text).map_err(|error| format!("it is damaged ({error}); {way_out}"))?;
    if content.format > FORMAT {
        return Err(format!("it says format {}: use a newer offprint", content.format));
    }
    ArchiveId::parse(&content.id).ok_or_else(|| format!("its id is not 32 hexadecimal digits; {way_out}"))
}

/// Writes the file for the archive that a catalog is of.
pub(super) fn write(row: ArchiveRow, store: &Tree, staging: &Staging) -> Result<(), ObjectError> {
    let content = IdentityFile { id: row.id.to_string(), format: FORMAT, made: row.made_at.to_string() };
    let mut text = serde_json::to_vec_pretty(&content).expect("the content is plain data");
    text.push(b'\n');
    store.write(FILE, &text, staging).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_that_is_not_ours_is_refused_with_the_way_out() {
        let id = "0123456789abcdef".repeat(2);
        let made = "2026-11-22T03:00:00Z";
        let whole = format!("{{\"id\": \"{id}\", \"format\": 1, \"made\": \"{made}\"}}");
        assert_eq!(parse(whole.as_bytes()).map(|id| id.to_string()), Ok(id.clone()));
        for (text, says) in [
            (whole.replace("1,", "2,"), "use a newer offprint"),
            (whole.replace(&id, &id[1..]), "32 hexadecimal digits; remove the file"),
            (whole.replace(&id, &id.replace('f', "g")), "32 hexadecimal digits; remove the file"),
            (
                String::new(),
                "it is damaged (EOF while parsing a value at line 1 column 0); remove the file, and `offprint run` writes \
                 it again",
            ),
            (whole[..20].to_owned(), "remove the file"),
            ("[]".to_owned(), "remove the file"),
        ] {
            let refused = parse(text.as_bytes()).unwrap_err();
            assert!(refused.contains(says), "{text}: {refused}");
        }
    }
}
