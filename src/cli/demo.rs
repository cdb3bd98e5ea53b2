//! `offprint demo`.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context;
use ipnet::{IpNet, Ipv4Net};

use super::exit::Exit;
use super::output::{Label, Output};
use super::run;
use crate::config::{Config, Size, SourceConfig};
use crate::demo::Newsroom;
use crate::mirror::Report;
use crate::source::Source;
use crate::web;

/// The name of the demo's source, and so of the folder of its mirror.
const NAME: &str = "demo";

/// Mirrors a small newsroom on loopback with the settings, prints what happened, and serves the result.
pub(crate) async fn demo(config: Config, once: bool, address: SocketAddr, output: &Output) -> anyhow::Result<Exit> {
    let newsroom = Newsroom::open().context("cannot open the newsroom on loopback")?;
    let posts = tempfile::tempdir().context("cannot make a folder for the newsroom's posts")?;
    newsroom.write_posts(posts.path()).context("cannot write the newsroom's posts")?;
    output.note(&format!(
        "A newsroom of {} articles has opened at {}. Mirroring it into {} …",
        newsroom.posts().len(),
        newsroom.address(),
        config.store.display()
    ));
    let config = with_newsroom(config, posts.path(), &newsroom);
    let source = Source::new(config.source[0].clone(), &config.store)?;
    let report = run::mirror_sources(&config, vec![source], output).await?;
    if output.json {
        output.value(&report)?;
    } else {
        print(&report, newsroom.request_count(), output);
    }
    let exit = Exit::of_report(&report);
    if once || exit == Exit::Interrupted {
        return Ok(if exit == Exit::Missing { Exit::Done } else { exit });
    }
    serve(&config, address, output).await
}

/// The settings, with the newsroom for a source and its hosts where they are.
fn with_newsroom(mut config: Config, posts: &std::path::Path, newsroom: &Newsroom) -> Config {
    let shipped = Config::default().source.swap_remove(0);
    config.source = vec![SourceConfig { name: NAME.parse().expect("it is plain"), path: posts.to_owned(), ..shipped }];
    let loopback = Ipv4Net::new_assert(Ipv4Addr::LOCALHOST, 32);
    config.fetch.allow_net.push(IpNet::V4(loopback));
    let address = newsroom.address();
    config.fetch.resolve.extend(Newsroom::HOSTS.iter().map(|host| ((*host).to_owned(), address)));
    config
}

fn print(report: &Report, requests: usize, output: &Output) {
    let Report { articles, references, urls, blobs, thumbnails, .. } = report;
    output.line(&format!("Read {} articles, {} of them new.", articles.seen, articles.new));
    output.line(&format!(
        "Asked {requests} times for {} images; {} came, {} are missing.",
        urls.fetched + urls.failed,
        urls.fetched,
        urls.failed
    ));
    output.line(&format!(
        "Kept {} new blobs ({}); {} images had the bytes of another and cost nothing.",
        blobs.new,
        Size(blobs.bytes_new),
        blobs.duplicate
    ));
    output.line(&format!("Made {} thumbnails.", thumbnails.made));
    output.line(&format!("{} of {} references are local now.", references.local, references.found));
    for failure in &report.failures {
        let status = failure.status.map(|status| format!(" {status}")).unwrap_or_default();
        let text = format!("{} ({}{status}); its article keeps the address.", failure.url, failure.reason);
        output.labelled(Label::Warning("missing"), &text);
    }
    output.note("Each article equals its original outside the addresses of its images: `offprint restore` proves it.");
}

/// Serves the mirror until Ctrl-C or SIGTERM, which the run listens for too and which then end the process.
async fn serve(config: &Config, address: SocketAddr, output: &Output) -> anyhow::Result<Exit> {
    let anywhere = SocketAddr::new(address.ip(), 0);
    let server = web::serve_folder(&config.store, address)
        .or_else(|_| web::serve_folder(&config.store, anywhere))
        .with_context(|| format!("cannot serve the mirror at {address}"))?;
    output.line(&format!("See the mirror at {}articles/{NAME}/ (Ctrl-C ends)", server.url()));
    output.note("Look at it with the newsroom gone: nothing in it needs a network.");
    let _ = tokio::signal::ctrl_c().await;
    server.stop().await;
    Ok(Exit::Done)
}
