//! Entries whose posts have the main text of the pages that they lead to.

use std::sync::Arc;

use jiff::Timestamp;
use tracing::debug;
use url::Url;

use super::entries::{Making, Placed};
use super::entry_pages::EntryPages;
use super::location::normal;
use super::no_text::NoText;
use super::reading::{Reading, unrecorded};
use super::specs::Feeds;
use crate::archive::EntryPage;
use crate::extract::MainText;
use crate::model::{ArticleKey, Digest, Failure, ProblemReason, Reason, RelativePath, is_web_address};
use crate::source::error::SourceError;
use crate::source::feed::Entry;
use crate::source::listing;
use crate::source::post;

impl Reading<Feeds> {
    /// Lists the article that is made of an entry, with the main text of its page. One that is as it was, and whose page is
    /// not due, is not listed. Returns when its page is due that could not be read.
    pub(super) async fn list_full(
        &self,
        making: &Arc<Making>,
        placed: Placed,
        pages: &EntryPages,
    ) -> Result<Option<Timestamp>, SourceError> {
        let Placed { entry, identity, row } = placed;
        let version = version_of(&entry);
        let known = row.page.as_ref().filter(|page| page.version == version);
        let is_due = known.is_none_or(|page| page.next_attempt.is_some_and(|at| at <= self.now));
        let recorded = known.and_then(|page| page.next_attempt);
        if !is_due && !making.are_settings_new {
            return Ok(recorded);
        }
        let key = ArticleKey { source: self.source.clone(), path: row.path.clone() };
        let is_kept_out = self.reader.archive.catalog.is_taken_down(&key).await.map_err(unrecorded)?;
        let link = entry.link.clone().filter(|link| !is_kept_out && is_web_address(link));
        let mut due = recorded;
        let text = match link {
            None => None,
            Some(link) if !is_due => self.recorded_text(&link, pages).await?,
            Some(link) => {
                let failures = known.map_or(0, |page| page.failures);
                let (text, why) = self.asked_text(&link, pages).await?;
                let page = self.what_became(version, failures, why.as_ref());
                due = page.next_attempt;
                self.checkpoint.asked_page(identity, page);
                self.report(&row.path, &link, why, due).await;
                text
            }
        };
        let entry = with_text(entry, text);
        for listed in self.made(making, vec![Placed { entry, identity, row }]).await? {
            pages.list(listed.path.clone());
            self.send(listing::Entry::Article(listed)).await;
        }
        Ok(due)
    }

    /// The main text of a page that is asked for, or, where that gives none, of the page as it is on record; and why the
    /// request gave none.
    async fn asked_text(
        &self,
        link: &Url,
        pages: &EntryPages,
    ) -> Result<(Option<MainText>, Option<NoText>), SourceError> {
        let url = normal(link.clone());
        let limit = self.reader.crawl.max_pages;
        let found = if self.may_ask() && pages.count() < limit {
            pages.text(&url, Box::pin(self.page_text(link, pages))).await?
        } else {
            self.reader.watch.cut_short();
            let detail = "no further request may be sent in this run";
            Arc::new(Err(NoText::Fetch(Failure::new(Reason::Budget, detail))))
        };
        match found.as_ref() {
            Ok(text) => Ok((Some(text.clone()), None)),
            Err(why) => Ok((self.recorded_text(link, pages).await?, Some(why.clone()))),
        }
    }
}

impl Reading<Feeds> {
    /// What is recorded of a page that was asked for, after so many failures.
    fn what_became(&self, version: Digest, failures: u32, why: Option<&NoText>) -> EntryPage {
        let Some(failure) = why.and_then(NoText::failure) else {
            return EntryPage { version, failures: 0, next_attempt: None };
        };
        if failure.reason == Reason::Budget {
            return EntryPage { version, failures, next_attempt: Some(self.now) };
        }
        if let Some(at) = failure.retry_at {
            return EntryPage { version, failures, next_attempt: Some(at) };
        }
        let next_attempt = self.reader.schedule.retry(failures, &failure, self.now, fastrand::f64());
        EntryPage { version, failures: failures.saturating_add(1), next_attempt }
    }

    /// Reports why a page gives no full text. What a budget left is reported as such.
    async fn report(&self, path: &RelativePath, link: &Url, why: Option<NoText>, due: Option<Timestamp>) {
        let is_of_budget = |why: &NoText| matches!(why, NoText::Fetch(failure) if failure.reason == Reason::Budget);
        let Some(why) = why.filter(|why| !is_of_budget(why)) else { return };
        debug!(%link, why = why.name(), "no full text");
        let again = match due {
            Some(at) => format!("it is asked for again from {} on", at.strftime("%Y-%m-%d %H:%M UTC")),
            None => "it is asked for again when the entry changes".to_owned(),
        };
        let message = format!("the page {link} gives no full text ({}): {}; {again}", why.name(), why.detail());
        self.send(listing::Entry::Problem(path.clone(), ProblemReason::NoFullText, message)).await;
    }
}

/// The digest of what a feed says of an entry: where it differs, the entry was changed.
fn version_of(entry: &Entry) -> Digest {
    let Entry { link, title, authors, published, updated, content, media, .. } = entry;
    let moment = |at: &Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let media: Vec<_> = media.iter().map(|media| media.url.as_str()).collect();
    let link = link.as_ref().map_or("", Url::as_str);
    let parts = [link, title, &authors.join("\n"), &moment(published), &moment(updated), content, &media.join("\n")]
        .join("\n\n");
    Digest::of(parts.as_bytes())
}

/// The entry with the main text of its page as its content, unless its own content has more text.
fn with_text(mut entry: Entry, text: Option<MainText>) -> Entry {
    let has_more = |text: &MainText| post::text_length(&text.html) >= post::text_length(&entry.content);
    let Some(MainText { title, html }) = text.filter(has_more) else { return entry };
    if entry.title.is_empty() {
        entry.title = post::file_title(&entry);
    }
    if entry.title.is_empty() {
        entry.title = title;
    }
    entry.content = html;
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(title: &str, content: &str) -> Entry {
        Entry { title: title.to_owned(), content: content.to_owned(), ..Entry::default() }
    }

    #[test]
    fn the_content_is_the_one_with_more_text() {
        let page = |html: &str| Some(MainText { title: "of the page".to_owned(), html: html.to_owned() });
        for (title, own, html, expected) in [
            ("t", "short", "<p>longer text", ("t", "<p>longer text")),
            ("t", "<p>the whole text", "<p class='x y z'>cookies?", ("t", "<p>the whole text")),
            ("t", "", "<img src=x>", ("t", "<img src=x>")),
            ("t", "<script>not a text at all</script>", "<p>text", ("t", "<p>text")),
            ("", "own words", "<p>longer words", ("own words", "<p>longer words")),
            ("", "", "<p>longer words", ("of the page", "<p>longer words")),
        ] {
            let found = with_text(entry(title, own), page(html));
            assert_eq!((found.title.as_str(), found.content.as_str()), expected);
        }
        assert_eq!(with_text(entry("t", "own"), None).content, "own");
    }

    #[test]
    fn an_entry_is_another_version_where_anything_of_it_differs() {
        let plain = version_of(&entry("a", "b"));
        let linked = Entry { link: Url::parse("https://a.example/").ok(), ..entry("a", "b") };
        let dated = Entry { updated: Some(Timestamp::UNIX_EPOCH), ..entry("a", "b") };
        for other in [entry("ab", ""), entry("a", "c"), linked, dated] {
            assert_ne!(version_of(&other), plain, "{other:?}");
        }
        assert_eq!(version_of(&entry("a", "b")), plain);
    }
}
