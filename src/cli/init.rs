//! `offprint init`.

use serde_json::json;

use super::exit::Exit;
use super::output::Output;
use super::words::moment;
use crate::archive::{self, ArchiveError, Mode};
use crate::config::Config;

/// Makes an archive, and nothing if there is one.
pub(crate) async fn init(config: &Config, output: &Output) -> anyhow::Result<Exit> {
    let is_new = matches!(archive::open(&config.store, Mode::Read), Err(ArchiveError::Missing { .. }));
    let archive = archive::open(&config.store, Mode::Create)?;
    let row = archive.catalog.archive().await?;
    let store = config.store.display();
    if output.json {
        let (id, made) = (row.id.to_string(), row.made_at.to_string());
        output.value(&json!({"store": store.to_string(), "id": id, "made": made, "new": is_new}))?;
    } else if is_new {
        output.line(&format!("{store} is an archive now; `offprint run` fills it"));
    } else {
        output.line(&format!("{store} is an archive already, made {}", moment(&row.made_at.to_string())));
    }
    Ok(Exit::Done)
}
