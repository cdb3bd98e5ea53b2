//! What shapes the mirror of a source's articles, in one digest: when it changes, they are mirrored again.

use std::fmt::Write as _;

use crate::config::{ChangedImages, Config, DataUrls, Images, Lazy, MediaKind, RewriteConfig};
use crate::model::Digest;
use crate::render::Recipe;
use crate::source::Source;

/// Raised when the same settings find or write something else.
const MIRROR_FORMAT_VERSION: u32 = 4;

/// The digest of every setting that decides what is found in the articles of a source and what is written to them.
/// Settings are named one by one. A new setting is added here only if it is not at its default, so that an upgrade
/// re-reads nothing.
pub(super) fn settings_digest(config: &Config, source: &Source) -> Digest {
    let mut text = format!("mirror {MIRROR_FORMAT_VERSION}\n");
    let mut line = |name: &str, value: &str| writeln!(text, "{name}={value:?}").expect("a text takes any text");
    line("links", &source.link_prefix());
    line("base_url", &source.config.base_url);
    line("adopts", if source.adopts(config.rewrite.adopt_local) { "yes" } else { "no" });
    source.config.roots.iter().for_each(|root| line("root", &root.to_string_lossy()));
    if source.keeps_sheets() {
        line("style_sheets", "linked");
    }
    rewriting(&config.rewrite, &mut line);
    for size in &config.thumbnail {
        line("thumbnail", &Recipe::new(size).digest.to_string());
    }
    Digest::of(text.as_bytes())
}

/// Every field is matched by name, so that a new one is not forgotten.
fn rewriting(config: &RewriteConfig, line: &mut impl FnMut(&str, &str)) {
    let RewriteConfig {
        images,
        lazy,
        thumbnail_fields,
        thumbnail_name,
        front_matter_keys,
        front_matter_urls,
        lazy_attributes,
        media,
        json_ld,
        data_urls,
        adopt_local: _, // A source says whether it adopts.
        changed_images,
        max_article: _, // It shapes nothing of an article that is read.
    } = config;
    line("images", images_text(*images));
    line("lazy", lazy_text(*lazy));
    line("thumbnail_name", thumbnail_name);
    line("front_matter_urls", if *front_matter_urls { "yes" } else { "no" });
    line("json_ld", if *json_ld { "yes" } else { "no" });
    line("data_urls", data_urls_text(*data_urls));
    line("changed_images", changed_images_text(*changed_images));
    for field in thumbnail_fields {
        line("thumbnail_field", field);
    }
    for key in front_matter_keys {
        line("front_matter_key", key);
    }
    for attribute in lazy_attributes {
        line("lazy_attribute", attribute);
    }
    for kind in media {
        line("media", media_text(*kind));
    }
}

const fn images_text(value: Images) -> &'static str {
    match value {
        Images::Original => "original",
        Images::ThumbnailLinked => "thumbnail-linked",
    }
}

const fn lazy_text(value: Lazy) -> &'static str {
    match value {
        Lazy::Reveal => "reveal",
        Lazy::Keep => "keep",
    }
}

const fn data_urls_text(value: DataUrls) -> &'static str {
    match value {
        DataUrls::Keep => "keep",
        DataUrls::Lift => "lift",
    }
}

const fn changed_images_text(value: ChangedImages) -> &'static str {
    match value {
        ChangedImages::First => "first",
        ChangedImages::Newest => "newest",
    }
}

const fn media_text(value: MediaKind) -> &'static str {
    match value {
        MediaKind::Image => "image",
        MediaKind::Poster => "poster",
        MediaKind::Video => "video",
        MediaKind::Audio => "audio",
        MediaKind::Track => "track",
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::SourceConfig;

    fn digest(config: &Config) -> Digest {
        let source = Source::new(config.source[0].clone(), Path::new("/site/store")).unwrap();
        settings_digest(config, &source)
    }

    fn with(change: impl FnOnce(&mut Config)) -> Digest {
        let mut config = Config::default();
        config.source[0].path = "/site/posts".into();
        change(&mut config);
        digest(&config)
    }

    #[test]
    fn what_shapes_a_mirror_changes_the_digest_and_nothing_else_does() {
        type Change = fn(&mut Config);
        let base = with(|_| ());
        let shaping: [Change; 13] = [
            |config| config.source[0].links = "/media/".to_owned(),
            |config| config.source[0].base_url = "https://a.example/".to_owned(),
            |config| config.source[0].roots = vec!["/site/static".into()],
            |config| config.source[0].output = "/site/public".into(),
            |config| config.source[0].output = ".".into(),
            |config| config.rewrite.images = Images::ThumbnailLinked,
            |config| config.rewrite.lazy = Lazy::Keep,
            |config| config.rewrite.front_matter_keys = vec!["cover".to_owned()],
            |config| config.rewrite.data_urls = DataUrls::Lift,
            |config| config.rewrite.changed_images = ChangedImages::Newest,
            |config| config.rewrite.media = vec![MediaKind::Image],
            |config| config.thumbnail[0].width = 100,
            |config| config.thumbnail.clear(),
        ];
        let digests: std::collections::BTreeSet<_> = shaping.into_iter().map(with).chain([base]).collect();
        assert_eq!(digests.len(), 14);
        let others: [Change; 3] = [
            |config| config.fetch.concurrency = 3,
            |config| config.rewrite.max_article.0 = 1,
            |config| config.source[0] = SourceConfig { exclude: vec!["x".to_owned()], ..config.source[0].clone() },
        ];
        assert!(others.into_iter().all(|change| with(change) == base));
    }
}
