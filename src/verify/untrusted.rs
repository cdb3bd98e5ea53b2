//! Verifies an archive that came from somebody else, before it is used for anything: everything that verification
//! covers, and whatever else lies in its folder.

use std::path::Path;
use std::sync::Arc;

use super::error::VerifyError;
use super::finding::Finding;
use super::progress::add;
use super::{Subset, Verification, VerifyOptions, VerifyProgress};
use crate::archive::{self, Archive, ArchiveError, Mode};

/// Verifies all of an archive whose maker is not trusted. Each thing in its folder that offprint does not put there is
/// a finding, as is a mirrored article without a row, and a catalog that cannot be used. It follows no link in the
/// folder, waits for nothing there and changes nothing. No settings say where parts of the archive are.
///
/// # Errors
/// [`VerifyError`] where there is no archive, or it cannot be read.
pub async fn verify_untrusted(
    store: &Path,
    rate: Option<u64>,
    progress: Arc<VerifyProgress>,
) -> Result<Verification, VerifyError> {
    let mut findings: Vec<_> = archive::survey(store)?.into_iter().map(Finding::stray).collect();
    add(&progress.findings, findings.len());
    let archive = match archive::open(store, Mode::Read) {
        Ok(archive) => Arc::new(archive),
        Err(ArchiveError::Missing { place }) => return Err(ArchiveError::Missing { place }.into()),
        Err(error) => {
            findings.push(unopened(&error));
            return Ok(Verification { findings, ..Verification::default() });
        }
    };
    let foreign = archive.catalog.foreign_rows().await.unwrap_or_else(|error| vec![error.to_string()]);
    let is_foreign = !foreign.is_empty();
    add(&progress.findings, foreign.len());
    findings.extend(foreign.into_iter().map(|detail| Finding::Catalog { detail }));
    let verified = super::verify(Arc::clone(&archive), options(&archive, rate), Arc::clone(&progress)).await;
    let mut found = match verified {
        Ok(found) => found,
        // What was found before is named, too, where a catalog cannot be read to its end because of what is in it.
        Err(VerifyError::Catalog(error)) if is_foreign => {
            add(&progress.findings, 1);
            findings.push(Finding::Catalog { detail: error.to_string() });
            Verification::default()
        }
        Err(error) => return Err(error),
    };
    findings.append(&mut found.findings);
    Ok(Verification { findings, ..found })
}

/// The finding of what keeps an archive from being opened: its catalog, or another of its files.
fn unopened(error: &ArchiveError) -> Finding {
    let detail = error.to_string();
    if matches!(error, ArchiveError::Object(_)) { Finding::Folder { detail } } else { Finding::Catalog { detail } }
}

/// Everything. The mirrors are those in the archive, wherever the settings put those of their own sources.
fn options(archive: &Archive, rate: Option<u64>) -> VerifyOptions {
    let mirrored = archive.clone();
    let find_mirror = move |key: &crate::model::ArticleKey| super::find_mirror(&[], &mirrored, key);
    VerifyOptions { subset: Subset::ALL, rate, find_mirror: Box::new(find_mirror) }
}
