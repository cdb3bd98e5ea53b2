//! `offprint check`.

use super::exit::Exit;
use super::output::{Label, Output};
use super::words::count;
use crate::archive::{self, Mode};
use crate::check::{self, Checked, CheckedPlace};
use crate::config::Config;

/// Checks that the mirror needs no network, and lists where it does.
pub(crate) async fn check(config: &Config, output: &Output) -> anyhow::Result<Exit> {
    let archive = archive::open(&config.store, Mode::Read)?;
    let checked = check::check(&archive, config).await?;
    if output.json {
        output.value(&checked)?;
    } else {
        print(&checked, output);
    }
    archive.refuse_without_blobs::<anyhow::Error>().await?;
    Ok(if !checked.dangling.is_empty() || !checked.unreadable.is_empty() {
        Exit::Damaged
    } else if checked.remote.is_empty() && checked.missing.is_empty() {
        Exit::Done
    } else {
        Exit::Missing
    })
}

fn print(checked: &Checked, output: &Output) {
    print_places(Label::Warning("remote"), &checked.remote, output);
    print_places(Label::Warning("leads nowhere"), &checked.missing, output);
    print_places(Label::Damage("leads nowhere"), &checked.dangling, output);
    print_places(Label::Damage("cannot be read"), &checked.unreadable, output);
    output.line(&format!(
        "{}, {} local, {} remote, {} leading nowhere",
        count(checked.articles, "article"),
        count(checked.local, "reference"),
        checked.remote.len(),
        checked.dangling.len() + checked.missing.len()
    ));
}

fn print_places(label: Label, places: &[CheckedPlace], output: &Output) {
    for CheckedPlace { article, raw, kind, start } in places {
        let place = start.map(|start| format!(" at byte {start}")).unwrap_or_default();
        let kind = kind.map(|kind| format!(" ({kind})")).unwrap_or_default();
        output.labelled(label, &format!("{raw}{kind} in {article}{place}"));
    }
}
