//! The style sheets of pages: articles of their own, which the mirrors of pages link to.

use std::collections::HashMap;

use url::Url;

use super::super::error::MirrorError;
use super::super::sources::RunSource;
use crate::archive::{Archive, ArticleId, ReferenceRow};
use crate::model::{ArticleKey, Format, ReferenceKind, RelativePath, Span};
use crate::rewrite::LocalLink;
use crate::source::page_path;

/// What becomes of an article of which a style sheet is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MissingSheets {
    /// It waits for the style sheet.
    Wait,
    /// It is written without it, and again where that is only not written yet: they import each other.
    WriteAgain,
    /// It is written without it.
    StayRemote,
}

/// Whether an article was written, or may not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Done,
    /// It waits for a style sheet.
    Waits,
}

/// Where the style sheets of an article are.
#[derive(Debug, Default)]
pub(super) struct Sheets {
    /// The links to those whose mirror is there.
    pub(super) links: HashMap<Span, LocalLink>,
    /// The others that are kept, and whose mirrors are not written yet.
    pub(super) unwritten: Vec<ArticleId>,
    /// Whether there are others that are not kept. The crawl reports them.
    is_any_missing: bool,
}

/// What there is of a style sheet.
enum Kept {
    /// Its mirror, of the article at this path.
    Mirror(RelativePath),
    /// An article whose mirror is not written yet.
    Unwritten(ArticleId),
    Nothing,
}

impl Sheets {
    /// Whether all of them are linked.
    pub(super) const fn are_whole(&self) -> bool {
        self.unwritten.is_empty() && !self.is_any_missing
    }

    /// Looks for the style sheets that an article names.
    pub(super) async fn find(
        archive: &Archive,
        source: &RunSource,
        path: &RelativePath,
        rows: &[ReferenceRow],
    ) -> Result<Self, MirrorError> {
        let mut sheets = Self::default();
        for row in rows.iter().filter(|row| row.place.kind == ReferenceKind::Sheet) {
            let Some(Ok(url)) = &row.unfetched else { continue };
            match kept(archive, source, url).await? {
                Kept::Mirror(sheet) => {
                    let link = LocalLink::from(source.link_to(path, &sheet));
                    sheets.links.insert(row.place.span, link);
                }
                Kept::Unwritten(sheet) => sheets.unwritten.push(sheet),
                Kept::Nothing => sheets.is_any_missing = true,
            }
        }
        Ok(sheets)
    }
}

async fn kept(archive: &Archive, source: &RunSource, url: &Url) -> Result<Kept, MirrorError> {
    let Some(path) = page_path(archive, source.name(), url).await? else { return Ok(Kept::Nothing) };
    let key = ArticleKey { source: source.name().clone(), path };
    let row = archive.catalog.article(&key).await?;
    Ok(match row.filter(|row| row.version.format == Format::Css) {
        Some(row) if row.mirror.is_some() => Kept::Mirror(key.path),
        Some(row) => Kept::Unwritten(row.id),
        None => Kept::Nothing,
    })
}
