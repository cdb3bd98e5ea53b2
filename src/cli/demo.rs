//! `offprint demo`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context;
use ipnet::{IpNet, Ipv4Net};

use super::arguments::Global;
use super::exit::Exit;
use super::output::{Label, Output};
use super::run;
use super::serve;
use super::settings;
use super::words::count;
use crate::archive::{self, Mode};
use crate::config::{Config, Size, SourceConfig, SourceKind};
use crate::demo::DemoServer;
use crate::model::Report;
use crate::source::Source;
use crate::web::Access;

/// The name of the demo's source, and so of the folder of its mirror.
const NAME: &str = "demo";

/// Mirrors a small news site on loopback, prints what happened, and serves the result. The user's settings and archive
/// have no part in it, so that nothing of the demo gets into an archive of real articles.
pub(crate) async fn demo(global: &Global, once: bool, address: SocketAddr, output: &Output) -> anyhow::Result<Exit> {
    let folder = tempfile::Builder::new().prefix("offprint-demo-").tempdir();
    let folder = folder.context("cannot make a folder for the demo")?;
    let list = folder.path().join("feeds.opml");
    let server = DemoServer::open().context("cannot start the server of the demo on loopback")?;
    server.write_opml(&list).context("cannot write the list of the site's feeds")?;
    let mut config = with_demo(settings::read_named(global)?, list, &server);
    config.store = global.store.clone().unwrap_or_else(|| folder.path().join("store"));
    output.note(&format!(
        "A site with {} has opened at {}. Mirroring their articles into {} …",
        count(server.feed_count() as u64, "feed"),
        server.address(),
        config.store.display()
    ));
    let source = Source::new(config.source[0].clone(), &config.store)?;
    let report = run::mirror_sources(&config, vec![source], None, output).await?;
    if output.json {
        output.value(&report)?;
    } else {
        print(&report, &server, output);
    }
    let exit = Exit::of_report(&report);
    if once || exit == Exit::Interrupted {
        return Ok(if exit == Exit::Missing { Exit::Done } else { exit });
    }
    serve_pages(&config, address, output).await
}

/// The settings, with the news site for a source and its hosts where they are.
fn with_demo(mut config: Config, opml: PathBuf, server: &DemoServer) -> Config {
    let shipped = Config::default().source.swap_remove(0);
    let name = NAME.parse().expect("it is plain");
    config.source = vec![SourceConfig { name, kind: SourceKind::Feeds, opml, ..shipped }];
    let loopback = Ipv4Net::new_assert(Ipv4Addr::LOCALHOST, 32);
    config.fetch.allow_net.push(IpNet::V4(loopback));
    let address = server.address();
    let hosts = DemoServer::HOSTS.iter().chain([&DemoServer::FEED_HOST]);
    config.fetch.resolve.extend(hosts.map(|host| ((*host).to_owned(), address)));
    config
}

fn print(report: &Report, server: &DemoServer, output: &Output) {
    let Report { articles, references, urls, blobs, thumbnails, .. } = report;
    output.line(&format!("Read {} in their feeds, {} of them new.", count(articles.seen, "article"), articles.new));
    output.line(&format!(
        "Sent {} requests for {} and {}: {} came, {} missing.",
        server.request_count(),
        count(server.feed_count() as u64, "feed"),
        count(urls.fetched + urls.failed, "image"),
        urls.fetched,
        urls.failed
    ));
    output.line(&format!(
        "Kept {} ({}); {} had the bytes of another and took no space.",
        count(blobs.new, "new blob"),
        Size(blobs.bytes_new),
        count(blobs.duplicate, "image")
    ));
    output.line(&format!("Made {}.", count(thumbnails.made, "thumbnail")));
    output.line(&format!("{} of {} are local now.", references.local, count(references.found, "reference")));
    for failure in &report.failures {
        let status = failure.status.map(|status| format!(" {status}")).unwrap_or_default();
        let text = format!("{} ({}{status}); its article keeps the remote URL", failure.url, failure.reason);
        output.labelled(Label::Warning("missing"), &text);
    }
    output.note("Each article equals its original outside the URLs of its images.");
}

/// Serves the pages of the archive until Ctrl-C or SIGTERM.
async fn serve_pages(config: &Config, address: SocketAddr, output: &Output) -> anyhow::Result<Exit> {
    let start = |address| {
        let archive = archive::open(&config.store, Mode::Read)?;
        serve::start(archive, address, Access::default(), config)
    };
    let anywhere = SocketAddr::new(address.ip(), 0);
    let server = start(address).or_else(|_| start(anywhere))?;
    output.note("The pages of the archive load nothing from that site.");
    serve::until_stopped(server, output).await
}
