//! Images that no page shows, as an article: those of a list, and those that a sitemap names for a page.

use std::fmt::Write as _;

use url::Url;

use crate::source::xml::escape;

/// The most images of one article.
pub(super) const MOST: usize = 1000;

/// A page that shows images, one after another, under a title. The same images make the same bytes.
pub(super) fn page(title: &str, images: &[Url]) -> Vec<u8> {
    let escaped = |text: &str| {
        let mut html = String::new();
        escape(text, &mut html);
        html
    };
    let title = escaped(title);
    let mut html = format!("<!doctype html>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<h1>{title}</h1>\n");
    for image in images {
        let url = escaped(image.as_str());
        let figure = writeln!(html, "<figure><img src=\"{url}\" alt=\"\"><figcaption>{url}</figcaption></figure>");
        figure.expect("a text takes any text");
    }
    html.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::{ExtractOptions, extract};
    use crate::model::Format;

    #[test]
    fn every_image_is_a_reference() {
        let images: Vec<_> = ["https://a.example/1.png?a=1&b=\"2\"", "https://a.example/<2>"]
            .iter()
            .map(|url| Url::parse(url).unwrap())
            .collect();
        let html = page("<list>", &images);
        let found = extract(&html, Format::Html, &ExtractOptions::default());
        let urls: Vec<_> = found.references.into_iter().map(|reference| reference.url.unwrap()).collect();
        assert_eq!(urls, images);
        assert_eq!(found.title.as_deref(), Some("<list>"));
    }
}
