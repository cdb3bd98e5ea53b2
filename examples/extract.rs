//! Lists the images of one article: `cargo run --example extract -- posts/a.md https://example.org/a.html`.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::error::Error;
use std::path::Path;

use offprint::{Config, ExtractOptions, Reference, extract, format_of};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("name an article")?;
    for reference in references(Path::new(&file), arguments.next().as_deref())? {
        println!("{}..{} {} {}", reference.span.start, reference.span.end, reference.kind, reference.raw);
    }
    Ok(())
}

/// The references of an article. Relative URLs are resolved against `base`, if it is given.
pub fn references(file: &Path, base: Option<&str>) -> Result<Vec<Reference>, Box<dyn Error>> {
    let bytes = std::fs::read(file)?;
    let base = base.map(str::parse).transpose()?;
    let options = ExtractOptions::new(&Config::default().rewrite, base);
    let format = format_of(&file.to_string_lossy(), &bytes);
    Ok(extract(&bytes, format, &options).references)
}
