//! What rules ask to store, as statements.

use rusqlite::{Connection, Result, ToSql, params};

use super::captures::append_media;
use super::codec::Millis;
use super::{article_facts, assets, document_rows, jobs, mirrors, references, revisits, urls, versions};
use crate::archive::catalog::{BlobRow, QueueChanges};
use crate::archive::rules::{ArticleEffect, ArticleFacts, Decision, Effect};
use crate::model::{ArticleId, Digest, HostKey};

/// Stores what a rule decided, and gives what that changed in the queue.
pub(super) fn decide(connection: &Connection, decision: Decision) -> Result<QueueChanges> {
    let queued = apply(connection, decision.effects)?;
    let ready_articles = article_facts::ready_of(connection, decision.articles)?;
    Ok(QueueChanges { ready_articles, queued, ..QueueChanges::default() })
}

/// Stores effects, and gives how many jobs that put into the queue.
pub(super) fn apply(connection: &Connection, effects: Vec<Effect>) -> Result<u64> {
    effects.into_iter().map(|effect| store(connection, effect)).sum()
}

fn store(connection: &Connection, effect: Effect) -> Result<u64> {
    let run = |sql: &str, parameters: &[&dyn ToSql]| execute(connection, sql, parameters);
    match effect {
        Effect::Queue(url) => return jobs::queue(connection, url),
        Effect::RecordBlob(row) => record_blob(connection, row),
        Effect::StoreAsset { digest, asset } => assets::store(connection, digest, &asset),
        Effect::AppendCapture { url, run, digest, exchanges } => append_media(connection, url, run, digest, &exchanges),
        Effect::AppendDocument { run, document } => document_rows::append(connection, run, &document),
        Effect::AppendRevisit { capture, revisit } => revisits::append(connection, capture, revisit),
        Effect::StoreUrl { url, facts } => urls::store(connection, url, &facts),
        Effect::KeepReplaced { url, digest } => {
            run("INSERT INTO replaced_asset (digest, url_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING", &[&digest, &url])
        }
        Effect::ForgetReplaced { url, digest } => {
            run("DELETE FROM replaced_asset WHERE digest = ?1 AND url_id = ?2", &[&digest, &url])
        }
        Effect::KeepRevoked { url, digest } => {
            run("INSERT OR REPLACE INTO refused_body (url_id, digest) VALUES (?1, ?2)", &[&url, &digest])
        }
        Effect::MarkReplacing { host, digest } => mark_replacing(connection, &host, &digest),
        Effect::KeepShown { article, url, digest } => run(
            "INSERT INTO shown_version (article_id, url_id, digest) VALUES (?1, ?2, ?3)",
            &[&article, &url, &digest],
        ),
        Effect::ForgetShown { article, url } => {
            run("DELETE FROM shown_version WHERE article_id = ?1 AND url_id = ?2", &[&article, &url])
        }
        Effect::Unqueue(url) => run(UNQUEUE, &[&url]),
        Effect::EndJob(url) => run("DELETE FROM job WHERE url_id = ?1", &[&url]),
        Effect::Article(article, effect) => change_article(connection, article, effect),
        Effect::MakeStale(article) => article_facts::change(connection, article, ArticleFacts::made_stale),
        Effect::ForgetVersions(digest) => run_each(connection, &FORGET_VERSIONS, &digest),
        Effect::ForgetThumbnail { original, name } => assets::forget_thumbnails(connection, original, Some(&name)),
        Effect::ForgetThumbnails(digest) => assets::forget_thumbnails(connection, digest, None),
        Effect::ForgetAsset { digest, media_type } => assets::forget(connection, digest, media_type),
        Effect::ForgetArticle(article) => forget_article(connection, article),
        Effect::ForgetGiven(url) => run_each(connection, &FORGET_GIVEN, &url),
        Effect::ForgetUrl(url) => run("DELETE FROM url WHERE id = ?1", &[&url]),
        Effect::NoteGarbage { path, since } => {
            run("INSERT OR REPLACE INTO garbage (path, first_seen) VALUES (?1, ?2)", &[&path, &Millis(since)])
        }
    }?;
    Ok(0)
}

fn change_article(connection: &Connection, article: ArticleId, effect: ArticleEffect) -> Result<()> {
    match effect {
        ArticleEffect::KeepVersion => versions::keep(connection, article),
        ArticleEffect::StoreVersion(version) => versions::store(connection, article, &version),
        ArticleEffect::StoreReferences(references) => references::store(connection, article, &references),
        ArticleEffect::StoreFacts(facts) => article_facts::store(connection, article, facts),
        ArticleEffect::StoreUnshown(unshown) => {
            execute(connection, "UPDATE article SET refused = ?2 WHERE id = ?1", &[&article, &unshown])
        }
        ArticleEffect::StoreMirror { digest, edits } => mirrors::store(connection, article, digest, &edits),
    }
}

fn execute(connection: &Connection, sql: &str, parameters: &[&dyn ToSql]) -> Result<()> {
    connection.prepare_cached(sql)?.execute(parameters).map(drop)
}

fn run_each(connection: &Connection, statements: &[&str], parameter: &dyn ToSql) -> Result<()> {
    statements.iter().try_for_each(|sql| execute(connection, sql, &[parameter]))
}

fn record_blob(connection: &Connection, BlobRow { digest, media_type, size, created }: BlobRow) -> Result<()> {
    assets::record_blob(connection, digest, media_type, size, created)
}

fn mark_replacing(connection: &Connection, host: &HostKey, digest: &Digest) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO shared_blob (host_id, digest, replaces_others) SELECT id, ?2, 1 FROM host WHERE key = ?1
             ON CONFLICT (host_id, digest) DO UPDATE SET replaces_others = 1",
        )?
        .execute(params![host.as_str(), digest])?;
    Ok(())
}

const UNQUEUE: &str = "DELETE FROM job WHERE url_id = ?1 AND NOT EXISTS (SELECT 1 FROM reference WHERE url_id = ?1)";

const FORGET_VERSIONS: [&str; 3] = [
    "DELETE FROM replaced_asset WHERE digest = ?1",
    "DELETE FROM shown_version WHERE digest = ?1",
    "DELETE FROM refused_body WHERE digest = ?1",
];

const FORGET_GIVEN: [&str; 7] = [
    "DELETE FROM job WHERE url_id = ?1",
    "DELETE FROM shown_version WHERE url_id = ?1",
    "DELETE FROM replaced_asset WHERE url_id = ?1",
    "DELETE FROM refused_body WHERE url_id = ?1",
    "DELETE FROM revisit WHERE capture_id IN (SELECT id FROM capture WHERE url_id = ?1)",
    "DELETE FROM exchange WHERE capture_id IN (SELECT id FROM capture WHERE url_id = ?1)",
    "DELETE FROM capture WHERE url_id = ?1",
];

fn forget_article(connection: &Connection, article: ArticleId) -> Result<()> {
    let statements = [
        "DELETE FROM edit WHERE article_id = ?1",
        "DELETE FROM shown_version WHERE article_id = ?1",
        "DELETE FROM reference WHERE article_id = ?1",
        "DELETE FROM article_version WHERE article_id = ?1",
        "DELETE FROM article WHERE id = ?1",
    ];
    run_each(connection, &statements, &article)
}
