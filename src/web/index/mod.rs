//! The static pages of an archive, in its folder `index`: to be opened from the disk, with no server and no script.
//!
//! They are derived from the catalog. What each was made from is kept beside them in short (`index/marks`), so that
//! only pages whose content changed are made and written. Where neither the catalog nor a name in their folders changed,
//! nothing is looked at, but once a week. Whatever is lost or edited there is made anew when it is looked at; pages that
//! nothing is on record for any more are removed. Files of other names are left alone.

mod article;
mod error;
mod group;
mod home;
mod lists;
mod marks;
mod missing;
mod places;
mod writer;

use std::collections::BTreeMap;

pub use self::error::IndexError;
pub use self::writer::IndexCounts;

use self::group::{Group, LISTS, MISSING, marks_of, shard_name};
use self::marks::Marks;
use self::places::Places;
use self::writer::{Writer, look};
use super::assets::STYLE;
use crate::archive::{Archive, Derived, Prefix, StoreKey};
use crate::clock;
use crate::model::Digest;
use crate::source::Source;

/// Writes the static pages that are missing or whose content changed, and removes those of what is on record no more.
/// The sources say where mirrors are that lie outside of the archive; those of other sources are in it.
///
/// # Errors
/// Where the catalog cannot be read, or files cannot be written. What was written until then is good.
pub async fn write_index(archive: &Archive, sources: &[Source]) -> Result<IndexCounts, IndexError> {
    // Before anything is read: what changes meanwhile is written by the next call.
    let state = state(archive, sources).await?;
    if state.is_some() && state == archive.catalog.compared(Derived::StaticPages).await? {
        return Ok(IndexCounts::default());
    }
    let counts = write_changed(archive, sources).await?;
    if let (Some(state), 0) = (state, counts.obstructed) {
        archive.catalog.record_compared(Derived::StaticPages, state).await?;
    }
    Ok(counts)
}

/// The state of all that pages are made from, and of their names: another one each week. `None` where a page that each
/// archive has is not there, or names may have changed just now.
async fn state(archive: &Archive, sources: &[Source]) -> Result<Option<Digest>, IndexError> {
    for key in [StoreKey::start_page(), style()] {
        if !matches!(archive.objects.stat(&key).await, Ok(Some(_))) {
            return Ok(None);
        }
    }
    let shards = (0..=u8::MAX).map(Prefix::ArticlePages);
    let names = archive.objects.names_state(shards.chain([Prefix::ListPages, Prefix::MissingPages]).collect()).await;
    let (Some(content), Some(names)) = (archive.catalog.content_mark().await?, names) else { return Ok(None) };
    let places: BTreeMap<_, _> =
        sources.iter().map(|source| (source.name(), source.link_from_archive("", ""))).collect();
    let text = format!("{content} {names} {places:?} {} {}", clock::week(), look());
    Ok(Some(Digest::of(text.as_bytes())))
}

async fn write_changed(archive: &Archive, sources: &[Source]) -> Result<IndexCounts, IndexError> {
    let marks = Marks::read(archive).await?;
    let writer = Writer::new(archive, Places::new(archive, sources, &marks.sources));
    writer.put(&style(), STYLE.as_bytes().to_vec()).await?;
    for shard in shards_in_use(archive, &marks).await {
        writer.articles(shard, marks.of_shard(shard)).await?;
    }
    let months = marks.months();
    writer.lists(&months).await?;
    writer.missing(marks.missing).await?;
    writer.home(&months).await?;
    Ok(writer.counts())
}

/// The shards that pages of articles are in, or are to be, or of which it is on record what they were made from.
async fn shards_in_use(archive: &Archive, marks: &Marks) -> Vec<u8> {
    let all = || 0..=u8::MAX;
    let may_have = archive.objects.may_have(all().map(Prefix::ArticlePages).collect()).await;
    let noted = archive.objects.stat_all(all().map(|shard| marks_of(&shard_name(shard))).collect()).await;
    let found = all().zip(may_have).zip(noted);
    let in_use = found
        .filter(|((shard, may_have), noted)| *may_have || noted.is_some() || marks.of_shard(*shard).next().is_some());
    in_use.map(|((shard, _), _)| shard).collect()
}

/// Removes the static pages, and nothing else that lies beside them.
///
/// # Errors
/// Where files cannot be listed or removed.
pub async fn remove_index(archive: &Archive) -> Result<IndexCounts, IndexError> {
    let home = StoreKey::start_page();
    let writer = Writer::new(archive, Places::default());
    // The style comes first and the start page last, so that one of them is there wherever a call was cut off.
    if matches!((archive.objects.stat(&style()).await, archive.objects.stat(&home).await), (Ok(None), Ok(None))) {
        return Ok(writer.counts());
    }
    for shard in shards_in_use(archive, &Marks::default()).await {
        writer.finish(Group::open(archive, Prefix::ArticlePages(shard), &shard_name(shard)).await?).await?;
    }
    writer.finish(Group::open(archive, Prefix::ListPages, LISTS).await?).await?;
    writer.finish(Group::open(archive, Prefix::MissingPages, MISSING).await?).await?;
    writer.remove(&style()).await?;
    writer.remove(&home).await?;
    Ok(writer.counts())
}

fn style() -> StoreKey {
    StoreKey::index("style.css")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use crate::model::Reason;

    async fn files(archive: &Archive) -> Vec<String> {
        let mut prefixes: Vec<_> = (0..=u8::MAX).map(Prefix::ArticlePages).collect();
        prefixes.extend([Prefix::ListPages, Prefix::MissingPages]);
        let keys = archive.objects.keys_of_all(prefixes).await;
        keys.into_iter().flat_map(Result::unwrap).map(|key| key.path()).collect()
    }

    async fn text(archive: &Archive, key: &StoreKey) -> String {
        String::from_utf8(archive.objects.read(key).await.unwrap().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn pages_are_written_once_and_go_with_what_they_show() {
        let archive = fixtures::archive();
        fixtures::show(&archive, "a.md", &["http://a.example/1", "http://b.example/<2>"]).await;
        fixtures::complete(&archive, 2_000, |url| match url.path() {
            "/1" => fixtures::kept("one"),
            _ => fixtures::failed(Reason::Dns, None, 9_000),
        })
        .await;
        let counts = write_index(&archive, &[]).await.unwrap();
        // A page each of the article, its month, the host, the hosts and the start; the style; three files of marks.
        assert_eq!((counts.written, counts.removed, counts.obstructed), (9, 0, 0));
        assert_eq!(files(&archive).await.len(), 4);
        assert_eq!(write_index(&archive, &[]).await.unwrap(), IndexCounts::default());
        let page = text(&archive, &StoreKey::article_page(&fixtures::key("a.md"))).await;
        assert!(page.contains("http://b.example/%3C2%3E") && page.contains("<code>dns</code>"), "{page}");
        assert!(!page.contains("next attempt"), "which changes every night");
        let hosts = text(&archive, &StoreKey::list_page(Prefix::MissingPages, "hosts")).await;
        assert!(hosts.contains("b.example") && !hosts.contains("a.example"), "{hosts}");
        let counts = remove_index(&archive).await.unwrap();
        assert_eq!((counts.written, counts.removed), (0, 9));
        assert_eq!(files(&archive).await, [""; 0]);
        assert_eq!(remove_index(&archive).await.unwrap(), IndexCounts::default());
    }

    #[tokio::test]
    async fn a_failed_attempt_changes_the_pages_of_what_is_missing_alone() {
        let archive = fixtures::archive();
        fixtures::show(&archive, "a.md", &["http://a.example/1"]).await;
        fixtures::complete(&archive, 2_000, |_| fixtures::failed(Reason::Dns, None, 9_000)).await;
        write_index(&archive, &[]).await.unwrap();
        archive.catalog.enqueue_due(fixtures::at(9_001), std::time::Duration::from_secs(365 * 86_400)).await.unwrap();
        fixtures::complete(&archive, 9_001, |_| fixtures::failed(Reason::Dns, None, 99_000)).await;
        let counts = write_index(&archive, &[]).await.unwrap();
        assert_eq!(counts.written, 2, "the page of the host, and the marks");
    }
}
