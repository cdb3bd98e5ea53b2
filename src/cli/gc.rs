//! `offprint gc`.

use jiff::Timestamp;
use serde_json::json;

use super::exit::Exit;
use super::open::open_to_read;
use super::output::Output;
use super::words::count_of;
use crate::archive::{self, Mode};
use crate::config::{Config, Size};
use crate::gc::{self, Garbage};

/// Removes what nothing refers to, or lists it.
pub(crate) async fn gc(config: &Config, dry_run: bool, output: &Output) -> anyhow::Result<Exit> {
    let (grace, now) = (config.run.grace, Timestamp::now());
    let garbage = if dry_run {
        gc::plan(&open_to_read(config)?, grace, now).await?
    } else {
        let archive = archive::open(&config.store, Mode::Write)?;
        gc::sweep(&archive, gc::plan(&archive, grace, now).await?).await?
    };
    if output.json {
        output.value(&as_json(&garbage, dry_run))?;
    } else {
        print(&garbage, dry_run, output);
    }
    Ok(Exit::Done)
}

fn bytes(garbage: &[Garbage]) -> u64 {
    garbage.iter().map(Garbage::size).sum()
}

fn as_json(garbage: &[Garbage], dry_run: bool) -> serde_json::Value {
    let things: Vec<_> = garbage
        .iter()
        .map(|garbage| json!({"kind": garbage.kind(), "name": garbage.to_string(), "bytes": garbage.size()}))
        .collect();
    json!({"dry_run": dry_run, "removed": things.len(), "bytes": bytes(garbage), "garbage": things})
}

fn print(garbage: &[Garbage], dry_run: bool, output: &Output) {
    if dry_run || output.lists_all() {
        for garbage in garbage {
            output.line(&format!("{}: {garbage} ({})", garbage.kind(), Size(garbage.size())));
        }
    }
    let done = if dry_run { "would be removed" } else { "removed" };
    output.line(&format!("{} {done}, {}", count_of(garbage, "file"), Size(bytes(garbage))));
}
