//! `offprint gc`.

use serde_json::json;

use super::exit::Exit;
use super::index;
use super::output::{Label, Output};
use super::words::count_of;
use crate::archive::{self, Mode};
use crate::clock;
use crate::config::{Config, Size};
use crate::gc::{self, Garbage, GcPlan, GcRules};

/// Removes what nothing refers to, or lists it.
pub(crate) async fn gc(config: &Config, dry_run: bool, output: &Output) -> anyhow::Result<Exit> {
    let thumbnails: Vec<_> = config.thumbnail.iter().map(|size| size.name.clone()).collect();
    let rules = GcRules { thumbnails: &thumbnails, grace: config.run.grace, now: clock::now() };
    let GcPlan { going, waiting, newer, .. } = if dry_run {
        gc::plan(&archive::open(&config.store, Mode::Read)?, rules).await?
    } else {
        let archive = archive::open(&config.store, Mode::Write)?;
        let plan = gc::plan_and_note(&archive, rules).await?;
        let going = gc::sweep(&archive, plan.going.clone()).await?;
        index::refresh(&archive, config, &[], output).await;
        GcPlan { going, ..plan }
    };
    if output.json {
        output.value(&as_json(&going, &waiting, dry_run))?;
    } else {
        print(&going, dry_run, output);
        print_waiting(&waiting, output);
    }
    for newer in &newer {
        output.labelled_note(Label::Damage("damaged"), &newer.to_string());
    }
    Ok(if newer.is_empty() { Exit::Done } else { Exit::Damaged })
}

fn bytes(garbage: &[Garbage]) -> u64 {
    garbage.iter().map(Garbage::size).sum()
}

fn as_json(going: &[Garbage], waiting: &[Garbage], dry_run: bool) -> serde_json::Value {
    let one = |garbage: &Garbage| json!({"kind": garbage.kind(), "name": garbage.to_string(), "bytes": garbage.size()});
    let list = |garbage: &[Garbage]| garbage.iter().map(one).collect::<Vec<_>>();
    json!({
        "dry_run": dry_run,
        "removed": going.len(),
        "bytes": bytes(going),
        "garbage": list(going),
        "waiting": list(waiting),
    })
}

fn print(garbage: &[Garbage], dry_run: bool, output: &Output) {
    if dry_run || output.lists_all() {
        for garbage in garbage {
            output.line(&format!("{}: {garbage} ({})", garbage.kind(), Size(garbage.size())));
        }
    }
    if garbage.is_empty() {
        return output.line("nothing to remove");
    }
    let done = if dry_run { "would be removed" } else { "removed" };
    output.line(&format!("{} {done}, {}", count_of(garbage, "file"), Size(bytes(garbage))));
}

/// What is kept for now, with the setting that says for how long.
fn print_waiting(waiting: &[Garbage], output: &Output) {
    if waiting.is_empty() {
        return;
    }
    if output.lists_all() {
        for garbage in waiting {
            output.line(&format!("waiting: {garbage} ({})", Size(garbage.size())));
        }
    }
    output.line(&format!(
        "{} without a reference, {}, left until run.grace has passed since gc first saw each",
        count_of(waiting, "file"),
        Size(bytes(waiting)),
    ));
}
