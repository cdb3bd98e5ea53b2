//! Articles, their references and mirrors.

use async_trait::async_trait;

use super::MemoryCatalog;
use super::state::{ArticleEntry, State, next_id, page};
use crate::archive::catalog::{
    ArticleRow, Articles, CatalogError, DatedArticle, NewReference, QueueChanges, ReferenceRow, VersionRow,
    WriteOutcome,
};
use crate::archive::rules::{self, ArticleFacts, KnownArticle, MirrorFacts, RecordFacts};
use crate::model::{
    ArticleId, ArticleKey, ArticleVersion, Digest, Edit, Fingerprint, HostKey, Revision, SourceName, Span, UrlId,
};

#[async_trait]
impl Articles for MemoryCatalog {
    async fn article(&self, key: &ArticleKey) -> Result<Option<ArticleRow>, CatalogError> {
        let state = self.state();
        Ok(state.article_ids.get(key).and_then(|id| state.article_row(*id)))
    }

    async fn article_by_id(&self, id: ArticleId) -> Result<Option<ArticleRow>, CatalogError> {
        Ok(self.state().article_row(id))
    }

    async fn articles(
        &self,
        source: Option<&str>,
        after: Option<&ArticleKey>,
        limit: usize,
    ) -> Result<Vec<ArticleRow>, CatalogError> {
        let is_meant = |key: &ArticleKey| source.is_none_or(|source| key.source.as_str() == source);
        let state = self.state();
        Ok(page(&state.article_ids, after.cloned(), limit, |key, id| state.article_row(*id).filter(|_| is_meant(key))))
    }

    async fn sources(&self) -> Result<Vec<SourceName>, CatalogError> {
        let mut names: Vec<_> = self.state().article_ids.keys().map(|key| key.source.clone()).collect();
        names.dedup();
        Ok(names)
    }

    async fn articles_by_date(
        &self,
        before: Option<DatedArticle>,
        limit: usize,
    ) -> Result<Vec<ArticleRow>, CatalogError> {
        let state = self.state();
        let mut rows: Vec<_> = state.articles.keys().filter_map(|id| state.article_row(*id)).collect();
        rows.sort_by_key(|row| std::cmp::Reverse((row.date(), row.id)));
        rows.retain(|row| before.is_none_or(|before| (row.date(), row.id) < (before.date, before.id)));
        rows.truncate(limit);
        Ok(rows)
    }

    async fn articles_of_host(
        &self,
        host: &HostKey,
        after: Option<&ArticleKey>,
        limit: usize,
    ) -> Result<Vec<ArticleRow>, CatalogError> {
        let state = self.state();
        let shows = |id: &ArticleId| {
            let mut urls = state.articles[id].references.iter().filter_map(|(_, url)| *url);
            urls.any(|url| state.urls[&url].host == *host)
        };
        Ok(page(&state.article_ids, after.cloned(), limit, |_, id| state.article_row(*id).filter(|_| shows(id))))
    }

    async fn articles_of(&self, url: UrlId, limit: usize) -> Result<Vec<ArticleKey>, CatalogError> {
        let state = self.state();
        let showing = state.urls.get(&url).map(|entry| &entry.showing);
        let mut keys: Vec<_> =
            showing.into_iter().flatten().map(|article| state.articles[article].version.key.clone()).collect();
        keys.sort_unstable();
        keys.truncate(limit);
        Ok(keys)
    }

    async fn record_article(
        &self,
        version: &ArticleVersion,
        size: u64,
        references: &[NewReference],
    ) -> Result<(ArticleId, QueueChanges), CatalogError> {
        let mut state = self.state();
        let facts = state.record_facts(&version.key, references);
        Ok((facts.article, state.decide(rules::recorded(version.clone(), size, facts))))
    }

    async fn touch_article(&self, id: ArticleId, fingerprint: Fingerprint) -> Result<(), CatalogError> {
        let mut state = self.state();
        if let Some(entry) = state.articles.get_mut(&id) {
            entry.version.fingerprint = fingerprint;
        }
        state.change(id, ArticleFacts::back_in_source);
        Ok(())
    }

    async fn mark_vanished(&self, ids: &[ArticleId]) -> Result<(), CatalogError> {
        let mut state = self.state();
        for id in ids {
            state.change(*id, ArticleFacts::gone_from_source);
        }
        Ok(())
    }

    async fn stale_articles(&self, after: Option<ArticleId>, limit: usize) -> Result<Vec<ArticleId>, CatalogError> {
        Ok(page(&self.state().articles, after, limit, |id, entry| entry.facts.stale.then_some(*id)))
    }

    async fn versions(&self, id: ArticleId) -> Result<Vec<VersionRow>, CatalogError> {
        let state = self.state();
        let versions = |entry: &ArticleEntry| [entry.earlier.clone(), vec![entry.version_row()]].concat();
        Ok(state.articles.get(&id).map(versions).unwrap_or_default())
    }

    async fn references(&self, id: ArticleId) -> Result<Vec<ReferenceRow>, CatalogError> {
        let state = self.state();
        let Some(entry) = state.articles.get(&id) else { return Ok(Vec::new()) };
        let row = |(reference, url): &(NewReference, Option<UrlId>)| state.reference_row(entry, reference, *url);
        Ok(entry.references.iter().map(row).collect())
    }

    async fn record_mirror(
        &self,
        id: ArticleId,
        planned: Revision,
        digest: Digest,
        edits: &[Edit],
    ) -> Result<WriteOutcome, CatalogError> {
        let mut state = self.state();
        let Some(facts) = state.facts_of(id) else { return Ok(WriteOutcome::Conflict) };
        let facts = MirrorFacts { facts, kept: state.kept_spans(id) };
        let Some(effects) = rules::mirrored(id, planned, digest, edits.to_vec(), facts) else {
            return Ok(WriteOutcome::Conflict);
        };
        state.apply(effects);
        Ok(WriteOutcome::Applied)
    }

    async fn finish_mirror(&self, id: ArticleId, fingerprint: Fingerprint) -> Result<(), CatalogError> {
        let mut state = self.state();
        if let Some(entry) = state.articles.get_mut(&id) {
            entry.mirror_file = Some(fingerprint);
        }
        state.change(id, ArticleFacts::mirror_appeared);
        Ok(())
    }

    async fn edits(&self, id: ArticleId) -> Result<Vec<Edit>, CatalogError> {
        Ok(self.state().articles.get(&id).map(|entry| entry.edits.clone()).unwrap_or_default())
    }
}

impl State {
    pub(super) fn article_row(&self, id: ArticleId) -> Option<ArticleRow> {
        let (entry, facts) = (self.articles.get(&id)?, self.facts_of(id)?);
        Some(ArticleRow {
            id,
            version: entry.version.clone(),
            state: facts.state(),
            is_gone: facts.vanished,
            revision: facts.revision,
            waiting: facts.waiting,
            mirror: entry.mirror.zip(entry.mirror_file),
        })
    }

    fn reference_row(&self, article: &ArticleEntry, reference: &NewReference, url: Option<UrlId>) -> ReferenceRow {
        let first = url.and_then(|url| article.shown_first.get(&url)).map(|digest| self.asset(*digest));
        ReferenceRow::new(reference.clone(), url.map(|url| self.url_row(url)), first)
    }

    /// What is on record where an article was read. The rows of what it shows are made where there are none.
    fn record_facts(&mut self, key: &ArticleKey, references: &[NewReference]) -> RecordFacts {
        let known = self.article_ids.get(key).copied();
        let article = known.unwrap_or_else(|| ArticleId(next_id(self.articles.keys().last().map(|id| id.0))));
        let before = known.and_then(|id| {
            let original = self.articles.get(&id)?.version.original;
            Some(KnownArticle { original, facts: self.facts_of(id)?, urls: self.urls_of(id) })
        });
        let with_url =
            |reference: &NewReference| (reference.clone(), reference.url.as_ref().map(|url| self.ensure_url(url)));
        let references: Vec<_> = references.iter().map(with_url).collect();
        let shown = references.iter().filter_map(|(_, url)| *url);
        let urls = shown.map(|url| (url, self.urls[&url].facts.clone())).collect();
        RecordFacts { article, before, references, urls }
    }

    /// The references of an article whose URL has a good capture.
    fn kept_spans(&self, article: ArticleId) -> Vec<Span> {
        let is_kept = |url: &Option<UrlId>| url.is_some_and(|url| self.urls[&url].facts.kept.is_some());
        let references = self.articles[&article].references.iter();
        references.filter(|(_, url)| is_kept(url)).map(|(reference, _)| reference.place.span).collect()
    }
}
