//! The order in which style sheets are written: those that others import come first, so that each is written once.

use std::collections::{HashMap, HashSet};

use super::super::control::Control;
use super::super::error::MirrorError;
use super::super::sources::Sources;
use super::sheets::Sheets;
use crate::archive::{Archive, ArticleId, ArticleState};
use crate::model::Format;

/// Articles taken from the catalog at a time.
const PAGE: usize = 256;

/// Walks along the imports of the style sheets that are not written yet. The work is linear in their references, however
/// they import each other.
pub(super) struct SheetOrder<'a> {
    archive: &'a Archive,
    sources: &'a Sources,
    seen: HashSet<ArticleId>,
    /// The step of each sheet. In a ring of imports, one of them goes unheeded.
    steps: HashMap<ArticleId, usize>,
}

/// What is left to do with a sheet.
enum Visit {
    Enter(ArticleId),
    /// Its imports have their steps.
    Leave(ArticleId, Vec<ArticleId>),
}

impl<'a> SheetOrder<'a> {
    /// Of the sheets in an archive.
    pub(super) fn new(archive: &'a Archive, sources: &'a Sources) -> Self {
        Self { archive, sources, seen: HashSet::new(), steps: HashMap::new() }
    }

    /// The stale style sheets, in steps: none imports another of its own step or of a later one, but for rings.
    /// None where the user says stop meanwhile.
    pub(super) async fn steps(mut self, control: &Control) -> Result<Vec<Vec<ArticleId>>, MirrorError> {
        let mut last = None;
        loop {
            let stale = self.archive.catalog.stale_articles(last, PAGE).await?;
            let Some(end) = stale.last() else { return Ok(self.in_order()) };
            last = Some(*end);
            for sheet in stale {
                if control.is_stopped() {
                    return Ok(Vec::new());
                }
                self.walk(sheet).await?;
            }
        }
    }

    fn in_order(self) -> Vec<Vec<ArticleId>> {
        let mut steps = vec![Vec::new(); self.steps.values().max().map_or(0, |last| last + 1)];
        for (sheet, step) in self.steps {
            steps[step].push(sheet);
        }
        for sheets in &mut steps {
            sheets.sort_unstable();
        }
        steps
    }

    /// Gives an article its step, and before that all that it imports.
    async fn walk(&mut self, sheet: ArticleId) -> Result<(), MirrorError> {
        let mut visits = vec![Visit::Enter(sheet)];
        while let Some(visit) = visits.pop() {
            match visit {
                Visit::Enter(sheet) if self.seen.insert(sheet) => {
                    let Some(imports) = self.imports(sheet).await? else { continue };
                    let enter: Vec<_> = imports.iter().map(|import| Visit::Enter(*import)).collect();
                    visits.push(Visit::Leave(sheet, imports));
                    visits.extend(enter);
                }
                Visit::Enter(_) => {}
                Visit::Leave(sheet, imports) => {
                    let after = imports.iter().filter_map(|import| self.steps.get(import)).max();
                    let step = after.map_or(0, |last| last + 1);
                    self.steps.insert(sheet, step);
                }
            }
        }
        Ok(())
    }

    /// The sheets that are not written yet which a stale style sheet imports; `None` for another article.
    async fn imports(&self, sheet: ArticleId) -> Result<Option<Vec<ArticleId>>, MirrorError> {
        let row = self.archive.catalog.article_by_id(sheet).await?;
        let is_meant = |state, format| state == ArticleState::Stale && format == Format::Css;
        let Some(row) = row.filter(|row| is_meant(row.state, row.version.format)) else { return Ok(None) };
        let key = &row.version.key;
        let Some(source) = self.sources.get(&key.source) else { return Ok(None) };
        let references = self.archive.catalog.references(sheet).await?;
        Ok(Some(Sheets::find(self.archive, source, &key.path, &references).await?.unwritten))
    }
}
