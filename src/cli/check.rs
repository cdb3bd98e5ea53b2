//! `offprint check`.

use super::exit::Exit;
use super::open_to_read;
use super::output::{self, Output, printable};
use crate::check::{self, Checked, Finding};
use crate::config::Config;

/// Proves that the mirror needs no network, or says where it does.
pub(crate) async fn check(config: &Config, output: &Output) -> anyhow::Result<Exit> {
    let archive = open_to_read(config)?;
    let checked = check::check(&archive, config).await?;
    if output.json {
        output::value(&checked)?;
    } else {
        tell(&checked);
    }
    Ok(if !checked.dangling.is_empty() || !checked.unreadable.is_empty() {
        Exit::Damaged
    } else if checked.remote.is_empty() {
        Exit::Done
    } else {
        Exit::Missing
    })
}

fn tell(checked: &Checked) {
    let list = |what: &str, findings: &[Finding]| {
        for Finding { article, raw, kind, start } in findings {
            let place = start.map(|start| format!(" at byte {start}")).unwrap_or_default();
            let kind = kind.map(|kind| format!(" ({kind})")).unwrap_or_default();
            output::line(&printable(&format!("{what}: {raw}{kind} in {article}{place}")));
        }
    };
    list("remote", &checked.remote);
    list("leads nowhere", &checked.dangling);
    list("cannot be read", &checked.unreadable);
    output::line(&format!(
        "{} articles, {} references local, {} remote, {} leading nowhere",
        checked.articles,
        checked.local,
        checked.remote.len(),
        checked.dangling.len()
    ));
}
