//! The feed of the archive: the newest articles, and the runs in which images changed or were lost (RFC 4287).

use askama::Template;
use hyper::StatusCode;

use super::super::address;
use super::super::error::PageError;
use super::super::policy::own;
use super::super::response::{Response, whole};
use super::frame::Moment;
use super::item::report_of;
use crate::archive::{Archive, ArticleFilter, ArticleRow, RunRow};
use crate::model::{ArchiveId, Digest};

const ARTICLES: usize = 50;
const RUNS: usize = 20;
/// URLs that an entry names.
const URLS: usize = 20;

#[derive(Debug, Template)]
#[template(path = "feed.xml")]
struct Feed {
    id: String,
    updated: Moment,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    id: String,
    title: String,
    href: String,
    updated: Moment,
    text: String,
}

pub(in super::super) async fn page(archive: &Archive) -> Result<Response, PageError> {
    let id = archive.catalog.archive().await?.id;
    let newest = archive.catalog.list_articles(&ArticleFilter::default(), None, ARTICLES).await?;
    let runs = archive.catalog.list_runs(None, RUNS).await?;
    for row in newest.unreadable.iter().chain(&runs.unreadable) {
        tracing::warn!(row, "the Atom feed leaves out what cannot be read");
    }
    let articles = newest.rows.iter().map(|row| article(id, row));
    let mut entries: Vec<_> = articles.chain(runs.rows.iter().filter_map(|row| lost_or_changed(id, row))).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.updated.0));
    let updated = entries.first().map_or(Moment(jiff::Timestamp::UNIX_EPOCH), |entry| entry.updated);
    let feed = Feed { id: urn(id, ""), updated, entries };
    Ok(whole(own(StatusCode::OK, "application/atom+xml; charset=utf-8"), feed.render()?))
}

fn article(archive: ArchiveId, row: &ArticleRow) -> Entry {
    let key = &row.version.key;
    Entry {
        id: urn(archive, &key.to_string()),
        title: plain(&row.title()),
        href: address::article(key),
        updated: Moment(row.version.read_at),
        text: plain(&key.source),
    }
}

fn lost_or_changed(archive: ArchiveId, row: &RunRow) -> Option<Entry> {
    let report = report_of(row)?;
    let changed = report.changed_images.iter().map(|image| format!("new bytes: {}", image.url));
    let lost = report.missing.new.iter().map(|url| format!("missing: {url}"));
    let lines: Vec<_> = changed.chain(lost).take(URLS).collect();
    let (changed, lost) = (report.changed_images.len(), report.missing.new.len());
    (changed + lost > 0).then(|| Entry {
        id: urn(archive, &format!("run {}", row.began)),
        title: format!("{changed} images with new bytes, {lost} newly missing"),
        href: address::run(row.began),
        updated: Moment(row.ended.unwrap_or(row.began)),
        text: plain(&lines.join("\n")),
    })
}

/// A name that stays the same wherever the archive is served (RFC 9562, version 8).
fn urn(archive: ArchiveId, what: &str) -> String {
    let hex = Digest::of(format!("{archive}/{what}").as_bytes()).to_string();
    format!("urn:uuid:{}-{}-8{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

/// A text without the characters that XML cannot hold (XML 1.0, section 2.2).
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::at;
    use crate::model::RunId;

    #[test]
    fn a_name_is_a_uuid_that_stays() {
        let name = urn(ArchiveId(7), "posts/a.md");
        assert_eq!(name, urn(ArchiveId(7), "posts/a.md"));
        assert_ne!(name, urn(ArchiveId(8), "posts/a.md"));
        let parts: Vec<_> = name.trim_start_matches("urn:uuid:").split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{name}");
        assert_eq!(plain("a\u{0}\u{8}b\nc\u{ffff}"), "ab\nc");
    }

    #[test]
    fn a_run_is_an_entry_where_it_lost_or_changed_something() {
        let run = |report: &str| {
            let row = RunRow { id: RunId(1), began: at(0), ended: Some(at(9)), report: report.to_owned() };
            lost_or_changed(ArchiveId(1), &row)
        };
        assert!(run("{}").is_none() && run("no report").is_none());
        let entry = run(r#"{"missing":{"urls":1,"new":["http://a.example/1"]}}"#).unwrap();
        assert_eq!(entry.title, "0 images with new bytes, 1 newly missing");
        assert_eq!((entry.text.as_str(), entry.updated.0), ("missing: http://a.example/1", at(9)));
    }
}
