//! Mirrors a folder of posts into an archive: `cargo run --example mirror_folder -- posts store`.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use offprint::{CancellationToken, Config, Fetcher, Mirror, Mode, Report, Source, open};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(posts), Some(store)) = (arguments.next(), arguments.next()) else {
        return Err("name a folder of posts and one for the archive".into());
    };
    let report = mirror_folder(Path::new(&posts), Path::new(&store)).await?;
    println!(
        "{} articles, {} of {} references local",
        report.articles.seen, report.references.local, report.references.found
    );
    Ok(())
}

/// Mirrors every article of a folder, with the default settings.
pub async fn mirror_folder(posts: &Path, store: &Path) -> Result<Report, Box<dyn Error>> {
    let mut config = Config::default();
    posts.clone_into(&mut config.source[0].path);
    let archive = Arc::new(open(store, Mode::Create)?);
    let source = Source::new(config.source[0].clone(), store)?;
    let fetcher = Fetcher::new(&config.fetch, archive.objects.staging().folder())?;
    // Cancel it to end the run at a consistent point.
    let stop = CancellationToken::new();
    Ok(Mirror::new(config, archive, fetcher, vec![source], stop)?.run().await?)
}
