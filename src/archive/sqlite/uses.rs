//! What uses a blob: the one list of the columns that name blobs.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::error::{Damaged, in_row};
use crate::archive::rules::BlobUse;
use crate::model::Digest;

/// Every use of a blob, as a table in front of a statement.
const USED: &str = "WITH used (used_as, digest, article_id, url_id) AS (
    SELECT 'original', original, id, NULL FROM article
    UNION ALL SELECT 'earlier_original', original, article_id, NULL FROM article_version
    UNION ALL SELECT 'asset', digest, NULL, id FROM url WHERE digest NOT NULL
    UNION ALL SELECT 'earlier_asset', digest, NULL, url_id FROM replaced_asset
    UNION ALL SELECT 'shown_first', digest, article_id, url_id FROM shown_version
    UNION ALL SELECT 'revoked', digest, NULL, url_id FROM refused_body
    UNION ALL SELECT 'evidence', e.body, NULL, c.url_id FROM exchange e JOIN capture c ON c.id = e.capture_id
        WHERE e.body NOT NULL)";

fn used(row: &Row<'_>) -> Result<BlobUse> {
    let used_as: String = row.get("used_as")?;
    Ok(match used_as.as_str() {
        "original" => BlobUse::Original(row.get("article_id")?),
        "earlier_original" => BlobUse::EarlierOriginal(row.get("article_id")?),
        "asset" => BlobUse::Asset(row.get("url_id")?),
        "earlier_asset" => BlobUse::EarlierAsset(row.get("url_id")?),
        "shown_first" => BlobUse::ShownFirst(row.get("article_id")?, row.get("url_id")?),
        "revoked" => BlobUse::Revoked(row.get("url_id")?),
        "evidence" => BlobUse::Evidence(row.get("url_id")?),
        other => return Err(Damaged::in_column("use of a blob", other)),
    })
}

/// One use of a blob, where it has any.
pub(super) fn any(connection: &Connection, digest: Digest) -> Result<Option<BlobUse>> {
    connection
        .prepare_cached(&format!("{USED} SELECT * FROM used WHERE digest = ?1 LIMIT 1"))?
        .query_row([digest], used)
        .optional()
}

/// Every use of a blob.
pub(super) fn all(connection: &Connection, digest: Digest) -> Result<Vec<BlobUse>> {
    connection
        .prepare_cached(&format!("{USED} SELECT * FROM used WHERE digest = ?1"))?
        .query_map([digest], used)?
        .collect()
}

/// The blobs that these articles and URLs use, both as lists in JSON.
pub(super) fn blobs_of(connection: &Connection, articles: &str, urls: &str) -> Result<Vec<Digest>> {
    connection
        .prepare_cached(&format!(
            "{USED} SELECT DISTINCT digest FROM used
             WHERE article_id IN (SELECT value FROM json_each(?1)) OR url_id IN (SELECT value FROM json_each(?2))
             ORDER BY digest"
        ))?
        .query_map(params![articles, urls], in_row("blob", &["digest"], |row| row.get("digest")))?
        .collect()
}
