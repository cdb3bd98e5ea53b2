//! `offprint forget`.

use serde_json::json;

use super::arguments::ForgetArguments;
use super::exit::Exit;
use super::index;
use super::named::target_named;
use super::output::{Label, Output};
use super::words::count_of;
use crate::archive::{self, Archive, BlobRow, Mode, TakedownReach, TakedownTarget};
use crate::clock;
use crate::config::{Config, Size};
use crate::forget::{self, Forgotten, TakenDownAgain};
use crate::source::{self, Source};
use crate::verify::find_mirror;

/// Takes down what was named, or lists what would go with it.
pub(crate) async fn forget(arguments: &ForgetArguments, config: &Config, output: &Output) -> anyhow::Result<Exit> {
    let archive = if arguments.dry_run {
        archive::open(&config.store, Mode::Read)?
    } else {
        archive::open(&config.store, Mode::Write)?
    };
    let mut targets = Vec::new();
    for name in &arguments.names {
        targets.push(target_named(name, config, &archive).await?);
    }
    let taken_down = each(&archive, arguments, config, &targets, output).await;
    // Also where one could not be taken down: those before it are.
    if !arguments.dry_run {
        index::refresh(&archive, config, &[], output).await;
    }
    let (done, exit) = taken_down?;
    if output.json {
        output.value(&json!({"dry_run": arguments.dry_run, "taken_down": done}))?;
    }
    Ok(exit)
}

/// Takes down one after the other, or says what would go with each. Gives what is said of them as JSON, and the status.
async fn each(
    archive: &Archive,
    arguments: &ForgetArguments,
    config: &Config,
    targets: &[TakedownTarget],
    output: &Output,
) -> anyhow::Result<(Vec<serde_json::Value>, Exit)> {
    let (mut done, mut exit) = (Vec::new(), Exit::Done);
    for target in targets {
        let forgotten = if arguments.dry_run {
            Forgotten::planned(archive.catalog.takedown_reach(target).await?)
        } else {
            one(archive, config, target, &arguments.reason).await?
        };
        exit = worse(exit, what_stays(&forgotten, config, output));
        if !output.json {
            print(target, &forgotten, arguments.dry_run, output);
        }
        done.push(as_json(target, &forgotten));
    }
    Ok((done, exit))
}

/// Says what could not be taken down. The status that follows from that: 4 where an original is damaged, and 3 where
/// somebody has to look at a file.
fn what_stays(Forgotten { left, not_ours, .. }: &Forgotten, config: &Config, output: &Output) -> Exit {
    for (key, error) in left {
        let why = format!("{key} stays in place as its mirror, because its original cannot be written back: {error}");
        output.labelled(Label::Damage("damaged"), &why);
    }
    for file in not_ours {
        let why = "offprint did not write it, or somebody changed it since: look at it, and delete it yourself";
        // In the archive, a place is relative to its folder.
        output.labelled(Label::Damage("stays"), &format!("{}: {why}", config.store.join(file).display()));
    }
    match (left.is_empty(), not_ours.is_empty()) {
        (false, _) => Exit::Damaged,
        (true, false) => Exit::Missing,
        (true, true) => Exit::Done,
    }
}

fn worse(one: Exit, other: Exit) -> Exit {
    if other as i32 > one as i32 { other } else { one }
}

/// Takes down again what the catalog does not know of, and says so.
pub(super) async fn take_down_again(archive: &Archive, sources: &[Source], output: &Output) -> anyhow::Result<()> {
    let find = |key: &_| {
        let mirror = find_mirror(sources, archive, key);
        (mirror.output, mirror.in_place)
    };
    let TakenDownAgain { again, unreadable, .. } = forget::take_down_again(archive, &find, clock::now()).await?;
    for row in &again {
        let what = format!("the {} {}, as the archive's files of takedowns say", row.target.kind(), row.target.name());
        output.labelled_note(Label::Warning("taken down again"), &what);
    }
    for file in &unreadable {
        let why = "what it says was taken down cannot be read: `offprint verify` says more";
        output.labelled_note(Label::Damage("damaged"), &format!("{file}: {why}"));
    }
    Ok(())
}

async fn one(archive: &Archive, config: &Config, target: &TakedownTarget, reason: &str) -> anyhow::Result<Forgotten> {
    let sources = source::configured(config)?;
    let find = |key: &_| {
        let mirror = find_mirror(&sources, archive, key);
        (mirror.output, mirror.in_place)
    };
    Ok(forget::forget(archive, target, reason, &find, clock::now()).await?)
}

fn bytes(reach: &TakedownReach) -> u64 {
    reach.blobs.iter().map(|blob: &BlobRow| blob.size).sum()
}

fn as_json(target: &TakedownTarget, forgotten: &Forgotten) -> serde_json::Value {
    let Forgotten { reach, left, not_ours, .. } = forgotten;
    let left = left.iter().map(|(key, error)| json!({"article": key.to_string(), "why": error.to_string()}));
    json!({
        "kind": target.kind(),
        "target": target.name(),
        "articles": reach.articles.iter().map(|(_, key)| key.to_string()).collect::<Vec<_>>(),
        "urls": reach.urls.iter().map(|(_, url)| url.to_string()).collect::<Vec<_>>(),
        "blobs": reach.blobs.iter().map(|blob| blob.key().path()).collect::<Vec<_>>(),
        "bytes": bytes(reach),
        "left_as_mirrors": left.collect::<Vec<_>>(),
        "texts": forgotten.texts,
        "same_text": forgotten.shared.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "not_ours": not_ours.iter().map(|file| file.display().to_string()).collect::<Vec<_>>(),
    })
}

fn print(target: &TakedownTarget, forgotten: &Forgotten, dry_run: bool, output: &Output) {
    let reach = &forgotten.reach;
    if dry_run || output.lists_all() {
        let articles = reach.articles.iter().map(|(_, key)| format!("article: {key}"));
        let urls = reach.urls.iter().map(|(_, url)| format!("URL: {url}"));
        let blobs = reach.blobs.iter().map(|blob| format!("blob: {}", blob.key()));
        articles.chain(urls).chain(blobs).for_each(|line| output.line(&line));
    }
    let done = if dry_run { "would be taken down" } else { "was taken down" };
    let kind = if target.kind() == "url" { "URL" } else { target.kind() };
    output.line(&format!(
        "the {kind} {} {done}: {}, {}, {} ({})",
        target.name(),
        count_of(&reach.articles, "article"),
        count_of(&reach.urls, "URL"),
        count_of(&reach.blobs, "blob"),
        Size(bytes(reach)),
    ));
    for key in &forgotten.shared {
        output.line(&format!("{key} has the same text and stays: name it to take it down, too"));
    }
    if forgotten.texts > 0 {
        let what = if forgotten.texts == 1 { "its text" } else { "these texts" };
        output.line(&format!(
            "later runs leave {what} out under any name; a text that is both edited and renamed is another article to them"
        ));
    }
}
