//! Reads an archive: what it holds, and its originals. `cargo run --example read_archive -- store posts`.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::error::Error;
use std::path::Path;

use offprint::{Archive, ArticleKey, Mode, open, restore, status};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(store), Some(source)) = (arguments.next(), arguments.next()) else {
        return Err("name the folder of an archive and a source".into());
    };
    let archive = open(Path::new(&store), Mode::Read)?;
    let held = status(&archive).await?;
    println!("{} articles, {} images, {} URLs missing", held.articles, held.images, held.missing.len());
    for (article, original) in originals(&archive, &source).await? {
        println!("{article}: {} bytes", original.len());
    }
    Ok(())
}

/// Every article of a source with its original, bit for bit.
pub async fn originals(archive: &Archive, source: &str) -> Result<Vec<(ArticleKey, Vec<u8>)>, Box<dyn Error>> {
    let (mut originals, mut last) = (Vec::new(), None);
    loop {
        let page = archive.catalog.articles(Some(source), last.as_ref(), 100).await?;
        let Some(end) = page.last() else { return Ok(originals) };
        last = Some(end.version.key.clone());
        for row in &page {
            let original = restore(archive, &row.version.key).await?;
            originals.push((row.version.key.clone(), original));
        }
    }
}
