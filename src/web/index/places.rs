//! Where mirrors are, as seen from the static pages.

use std::collections::BTreeMap;

use super::super::links::Links;
use crate::archive::{Archive, ArticleRow, Output, StoreKey};
use crate::model::{Digest, Format, SourceName};
use crate::source::Source;

/// How the page of an article leads to its mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mirror {
    /// A page, which is shown in a frame.
    Framed(String),
    /// Another file.
    File(String),
    /// Nowhere.
    Elsewhere,
}

/// The mirrors of each source.
#[derive(Default)]
pub(super) struct Places(BTreeMap<SourceName, Place>);

struct Place {
    output: Output,
    /// The source, where it is a known one: its mirrors may lie outside of the archive.
    source: Option<Source>,
}

impl Places {
    /// Those of the sources on record, of which some are known.
    pub(super) fn new(archive: &Archive, known: &[Source], on_record: &[SourceName]) -> Self {
        let place = |name: &SourceName| {
            let source = known.iter().find(|source| source.name() == name).cloned();
            let output = source.as_ref().map_or_else(|| archive.output(name), |source| source.destination(archive));
            (name.clone(), Place { output, source })
        };
        Self(on_record.iter().map(place).collect())
    }

    /// Differs where the mirrors of a source lie elsewhere.
    pub(super) fn mark(&self, source: &SourceName) -> u64 {
        let link = self.0.get(source).and_then(|place| place.source.as_ref()?.link_from_archive("", ""));
        Digest::of(link.unwrap_or_default().as_bytes()).short()
    }

    /// The link from the page of an article to its mirror, if that is there.
    pub(super) async fn mirror(&self, row: &ArticleRow) -> Mirror {
        let key = &row.version.key;
        let Some(place) = self.0.get(&key.source) else { return Mirror::Elsewhere };
        let is_there = row.mirror.is_some() && matches!(place.output.fingerprint(&key.path).await, Ok(Some(_)));
        let page = StoreKey::article_page(key);
        let link = match &place.source {
            _ if !is_there => None,
            None => Some(Links::from_file(&page).mirror(key)),
            Some(source) => {
                let path = page.path();
                source.link_from_archive(path.rsplit_once('/').map_or("", |(folder, _)| folder), &key.path)
            }
        };
        match (link, row.version.format) {
            (None, _) => Mirror::Elsewhere,
            (Some(link), Format::Html | Format::Xhtml) => Mirror::Framed(link),
            (Some(link), Format::Markdown | Format::Mdx | Format::Css) => Mirror::File(link),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Body;
    use crate::config::Config;
    use crate::fixtures;
    use crate::model::Fingerprint;

    fn source(output: &str) -> Source {
        let text = format!("[[source]]\nname = \"posts\"\npath = \"/home/me/posts\"\noutput = \"{output}\"\n");
        let config = Config::parse(&text, std::path::Path::new("/home/me/config.toml")).unwrap();
        Source::new(config.source[0].clone(), std::path::Path::new("/home/me/store")).unwrap()
    }

    #[tokio::test]
    async fn a_page_leads_to_a_mirror_that_is_there() {
        let archive = fixtures::archive();
        let id = fixtures::show(&archive, "雨.md", &[]).await;
        let mut row = archive.catalog.article_by_id(id).await.unwrap().unwrap();
        let names = [row.version.key.source.clone()];
        for sources in [vec![], vec![source("")]] {
            let places = Places::new(&archive, &sources, &names);
            assert_eq!(places.mirror(&row).await, Mirror::Elsewhere, "it is not written");
        }
        let fingerprint = Fingerprint { size: 1, modified: 1, inode: 1 };
        row.mirror = Some((Digest::of(b"x"), fingerprint));
        let places = Places::new(&archive, &[], &names);
        assert_eq!(places.mirror(&row).await, Mirror::Elsewhere, "it is lost");
        archive.objects.put(&StoreKey::Article(row.version.key.clone()), Body::Bytes(b"x".to_vec())).await.unwrap();
        let link = "../../../articles/posts/%E9%9B%A8.md".to_owned();
        assert_eq!(places.mirror(&row).await, Mirror::File(link.clone()));
        row.version.format = Format::Html;
        assert_eq!(Places::new(&archive, &[source("")], &names).mirror(&row).await, Mirror::Framed(link));
    }

    #[test]
    fn a_mirror_that_lies_elsewhere_has_another_mark() {
        let archive = fixtures::archive();
        let names = ["posts".parse().unwrap()];
        let mark = |sources: &[Source]| Places::new(&archive, sources, &names).mark(&names[0]);
        assert_ne!(mark(&[source("")]), mark(&[source("/home/me/made")]));
        assert_ne!(mark(&[source("/home/me/other")]), mark(&[source("/home/me/made")]));
        assert_eq!(mark(&[source("/home/me/made")]), mark(&[source("/home/me/made")]));
        assert_eq!(
            source("/home/me/made").link_from_archive("index/articles/ab", "a #1.md").unwrap(),
            "../../../../made/a%20%231.md"
        );
    }
}
