//! What each reference of an article shows: decided from records, without I/O.

use std::collections::{HashMap, HashSet};

use crate::archive::{AssetRow, ReferenceRow, RenditionRow, StoreKey, UrlRow, UrlState, rules};
use crate::config::{Images, RewriteConfig};
use crate::model::{Asset, Digest, LinkWrap, ReferenceKind, Span};

/// The thumbnails that replace images in articles, by the digests of the images, with their files in the archive.
pub(super) type Thumbnails = HashMap<Digest, (String, RenditionRow)>;

/// What a reference shows from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// The file of the archive.
    pub(super) file: String,
    /// Where that is a thumbnail in the text: how many pixels the full image has, and its file.
    full: Option<(u64, String)>,
}

/// Where a reference shows a thumbnail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ThumbnailPlace {
    /// In a field of the front matter that is meant for one.
    Field,
    /// In the text, in a link to the full image.
    Text,
}

/// Decides by the settings.
pub(super) struct Rule<'a> {
    pub(super) rewrite: &'a RewriteConfig,
    /// The drawings that may run scripts where they are opened.
    pub(super) active: HashSet<Digest>,
}

impl Rule<'_> {
    /// The assets of the references that show a thumbnail, where there is one.
    pub(super) fn with_thumbnail<'a>(&self, rows: &'a [ReferenceRow]) -> impl Iterator<Item = &'a AssetRow> {
        rows.iter().filter(|row| self.thumbnail_place(row).is_some()).filter_map(|row| self.asset(row, rows))
    }

    /// The assets that references open as documents, or that links lead to which are written around their thumbnails.
    pub(super) fn opened<'a>(&self, rows: &'a [ReferenceRow]) -> impl Iterator<Item = &'a AssetRow> {
        let is_linked = |row: &&ReferenceRow| self.thumbnail_place(row) == Some(ThumbnailPlace::Text);
        let opens = move |row: &&ReferenceRow| row.place.kind.opens_document() || is_linked(row);
        rows.iter().filter(opens).filter_map(|row| self.asset(row, rows))
    }

    /// The references that stay remote because of what they would open.
    pub(super) fn left_remote(&self, rows: &[ReferenceRow]) -> Vec<Span> {
        rows.iter().filter(|row| self.opens_active(row, rows)).map(|row| row.place.span).collect()
    }

    fn opens_active(&self, row: &ReferenceRow, rows: &[ReferenceRow]) -> bool {
        let is_active = |kept: &AssetRow| self.active.contains(&kept.digest);
        row.place.kind.opens_document() && self.asset(row, rows).is_some_and(is_active)
    }

    /// What the references of an article show. References that are not among these stay unchanged.
    pub(super) fn shown<'a>(
        &self,
        rows: &'a [ReferenceRow],
        thumbnails: &Thumbnails,
    ) -> Vec<(&'a ReferenceRow, Shown)> {
        let shown = |row| Some((row, self.shown_by(row, self.asset(row, rows)?, thumbnails)));
        rows.iter().filter(|row| !self.opens_active(row, rows)).filter_map(shown).collect()
    }

    /// The asset that a reference shows.
    fn asset<'a>(&self, row: &'a ReferenceRow, rows: &'a [ReferenceRow]) -> Option<&'a AssetRow> {
        let newest = sibling(row, rows).or(row.url.as_ref()).and_then(|url| url.asset.as_ref());
        rules::shown(row.shown_first.as_ref(), newest, self.rewrite.changed_images)
    }

    fn thumbnail_place(&self, row: &ReferenceRow) -> Option<ThumbnailPlace> {
        if row.place.kind == ReferenceKind::FrontMatter && self.rewrite.thumbnail_fields.contains(&row.place.name) {
            Some(ThumbnailPlace::Field)
        } else if row.place.link_wrap.is_some() && self.rewrite.images == Images::ThumbnailLinked {
            Some(ThumbnailPlace::Text)
        } else {
            None
        }
    }

    /// The file that an article shows for an asset. In the text, that is a thumbnail only if it is smaller in every
    /// way.
    fn shown_by(
        &self,
        row: &ReferenceRow,
        AssetRow { digest, size, asset }: &AssetRow,
        thumbnails: &Thumbnails,
    ) -> Shown {
        let whole = StoreKey::Blob { digest: *digest, media_type: asset.media_type }.path();
        let thumbnail = self.thumbnail_place(row).and_then(|place| Some((place, thumbnails.get(digest)?)));
        let pixels = u64::from(asset.width) * u64::from(asset.height);
        match thumbnail {
            Some((ThumbnailPlace::Field, (file, _))) => Shown { file: file.clone(), full: None },
            Some((ThumbnailPlace::Text, (file, made)))
                if u64::from(made.width) * u64::from(made.height) < pixels
                    && made.size < *size
                    && !self.active.contains(digest) =>
            {
                Shown { file: file.clone(), full: Some((pixels, whole)) }
            }
            _ => Shown { file: whole, full: None },
        }
    }
}

/// The full image behind each image that shows a thumbnail: the largest, where its candidates differ in size.
pub(super) fn full_images<'a>(shown: &'a [(&ReferenceRow, Shown)]) -> HashMap<LinkWrap, &'a str> {
    let mut largest: HashMap<LinkWrap, &(u64, String)> = HashMap::new();
    for (reference, shown) in shown {
        let Some((link_wrap, full)) = reference.place.link_wrap.zip(shown.full.as_ref()) else { continue };
        let known = largest.entry(link_wrap).or_insert(full);
        if full.0 > known.0 {
            *known = full;
        }
    }
    largest.into_iter().map(|(link_wrap, (_, file))| (link_wrap, file.as_str())).collect()
}

/// Another URL of the same image with a good capture, for an image whose own gave none: a larger or smaller candidate,
/// the full-size file or the copy for readers without JavaScript.
fn sibling<'a>(row: &ReferenceRow, rows: &'a [ReferenceRow]) -> Option<&'a UrlRow> {
    let failed = |url: &UrlRow| url.asset.is_none() && matches!(url.facts.state, UrlState::Failed | UrlState::Retired);
    let gave_none = row.url.as_ref().is_some_and(failed);
    if !gave_none || !matches!(row.place.kind, ReferenceKind::Image | ReferenceKind::Lazy) {
        return None;
    }
    let good = |other: &&ReferenceRow| {
        other.place.image_group == row.place.image_group
            && matches!(
                other.place.kind,
                ReferenceKind::Image | ReferenceKind::Lazy | ReferenceKind::Srcset | ReferenceKind::FullSize
            )
    };
    let urls = rows.iter().filter(good).filter_map(|other| other.url.as_ref());
    let shown = urls.filter_map(|url| Some((url, url.asset.as_ref()?)));
    let area = |asset: &Asset| u64::from(asset.width) * u64::from(asset.height);
    shown.max_by_key(|(_, kept)| area(&kept.asset)).map(|(url, _)| url)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::archive::UrlFacts;
    use crate::config::{ChangedImages, Config};
    use crate::model::{MediaType, ReferencePlace, UrlId};

    fn kept(name: &str, width: u32, height: u32) -> AssetRow {
        let asset = Asset { width, height, ..Asset::of_type(MediaType::Jpeg) };
        AssetRow { digest: Digest::of(name.as_bytes()), size: 10_000, asset }
    }

    fn file(name: &str) -> String {
        StoreKey::Blob { digest: Digest::of(name.as_bytes()), media_type: MediaType::Jpeg }.path()
    }

    fn url(state: UrlState, asset: Option<AssetRow>) -> UrlRow {
        let facts = UrlFacts { state, kept: asset.as_ref().map(|kept| kept.digest), ..UrlFacts::default() };
        UrlRow { id: UrlId(1), url: "https://a.example/a.jpg".parse().unwrap(), facts, asset }
    }

    fn reference(at: usize, kind: ReferenceKind, url: UrlRow) -> ReferenceRow {
        let (span, name) = (Span::new(at, at + 1), String::new());
        let place = ReferencePlace { span, kind, name, image_group: 1, reveal: None, link_wrap: None };
        ReferenceRow { place, url: Some(url), unfetched: None, shown_first: None }
    }

    fn good(name: &str) -> ReferenceRow {
        reference(0, ReferenceKind::Image, url(UrlState::Good, Some(kept(name, 600, 400))))
    }

    fn thumbnail(of: &str, width: u32, size: u64) -> Thumbnails {
        let made = RenditionRow { media_type: MediaType::WebP, width, height: width, size, digest: Digest::of(b"t") };
        Thumbnails::from([(Digest::of(of.as_bytes()), ("thumbnails/small/t.webp".to_owned(), made))])
    }

    fn rule(rewrite: &RewriteConfig) -> Rule<'_> {
        Rule { rewrite, active: HashSet::new() }
    }

    fn files(config: &RewriteConfig, rows: &[ReferenceRow], thumbnails: &Thumbnails) -> Vec<String> {
        rule(config).shown(rows, thumbnails).into_iter().map(|(_, shown)| shown.file).collect()
    }

    #[test]
    fn the_settings_choose_between_the_first_and_the_newest_version() {
        let row = ReferenceRow { shown_first: Some(kept("old", 1, 1)), ..good("new") };
        for (changed_images, expected) in [(ChangedImages::First, "old"), (ChangedImages::Newest, "new")] {
            let config = RewriteConfig { changed_images, ..Config::default().rewrite };
            assert_eq!(files(&config, std::slice::from_ref(&row), &Thumbnails::new()), [file(expected)]);
        }
    }

    #[test]
    fn only_a_url_that_failed_is_replaced_by_the_largest_good_candidate() {
        let config = Config::default().rewrite;
        let small = reference(1, ReferenceKind::Srcset, url(UrlState::Good, Some(kept("small", 10, 10))));
        let large = reference(2, ReferenceKind::FullSize, url(UrlState::Good, Some(kept("large", 90, 90))));
        let check = |state, kind| {
            let rows = [reference(0, kind, url(state, None)), small.clone(), large.clone()];
            files(&config, &rows, &Thumbnails::new())
        };
        for state in [UrlState::Failed, UrlState::Retired] {
            assert_eq!(check(state, ReferenceKind::Image), [file("large"), file("small"), file("large")]);
        }
        assert_eq!(check(UrlState::Deferred, ReferenceKind::Image), [file("small"), file("large")], "it may come");
        assert_eq!(check(UrlState::Failed, ReferenceKind::Srcset), [file("small"), file("large")]);
    }

    #[test]
    fn a_field_for_thumbnails_shows_one_wherever_there_is_one() {
        let config = Config::default().rewrite;
        let place = ReferencePlace { kind: ReferenceKind::FrontMatter, name: "thumbnail".into(), ..good("a").place };
        let row = ReferenceRow { place, ..good("a") };
        let rows = std::slice::from_ref(&row);
        assert_eq!(files(&config, rows, &thumbnail("a", 600, 99_999)), ["thumbnails/small/t.webp"]);
        assert_eq!(files(&config, rows, &Thumbnails::new()), [file("a")]);
        assert_eq!(files(&config, &[good("a")], &thumbnail("a", 10, 10)), [file("a")], "no thumbnail in the text");
        let digest = Digest::of(b"a");
        assert!(rule(&config).with_thumbnail(rows).all(|found| found.digest == digest));
        assert_eq!(rule(&config).with_thumbnail(&[good("a")]).count(), 0);
    }

    /// In the text a thumbnail replaces its image only if it is smaller in every way, and leads to the full image.
    #[test]
    fn a_thumbnail_in_the_text_is_smaller_in_every_way_and_leads_to_the_whole() {
        let config = RewriteConfig { images: Images::ThumbnailLinked, ..Config::default().rewrite };
        let place = ReferencePlace { link_wrap: Some(LinkWrap::Linked), ..good("a").place };
        let wrapped = ReferenceRow { place, ..good("a") };
        let shown = |row: &ReferenceRow, width, size| {
            let thumbnails = thumbnail("a", width, size);
            let shown = rule(&config).shown(std::slice::from_ref(row), &thumbnails).remove(0).1;
            (shown.file, shown.full)
        };
        let whole = (file("a"), None);
        let small = ("thumbnails/small/t.webp".to_owned(), Some((240_000, file("a"))));
        for (row, width, size, expected) in [
            (&wrapped, 100, 9_999, &small),
            (&wrapped, 100, 10_000, &whole),
            (&wrapped, 600, 1, &whole),
            (&wrapped, 490, 1, &whole),
            (&wrapped, 489, 1, &small),
            (&good("a"), 100, 1, &whole),
        ] {
            assert_eq!(shown(row, width, size), *expected, "{width} {size}");
        }
    }

    /// An image element shows a drawing; an element or link that opens it would run what is in it.
    #[test]
    fn no_reference_opens_a_drawing_that_may_run_scripts() {
        let config = RewriteConfig { images: Images::ThumbnailLinked, ..Config::default().rewrite };
        let row = |at, kind, name| reference(at, kind, url(UrlState::Good, Some(kept(name, 600, 400))));
        let linked = ReferencePlace { link_wrap: Some(LinkWrap::Linked), ..good("b").place };
        let rows = [
            row(0, ReferenceKind::Embed, "a"),
            row(1, ReferenceKind::FullSize, "a"),
            row(2, ReferenceKind::Image, "a"),
            row(3, ReferenceKind::Embed, "c"),
            ReferenceRow { place: linked, ..good("b") },
        ];
        let opened: Vec<_> = rule(&config).opened(&rows).map(|found| found.digest).collect();
        assert_eq!(opened, ["a", "a", "c", "b"].map(|name| Digest::of(name.as_bytes())));
        let rule = Rule { active: HashSet::from([Digest::of(b"a"), Digest::of(b"b")]), ..rule(&config) };
        let shown = rule.shown(&rows, &thumbnail("b", 100, 1));
        let files: Vec<_> = shown.iter().map(|(_, shown)| (shown.file.clone(), shown.full.clone())).collect();
        assert_eq!(files, ["a", "c", "b"].map(|name| (file(name), None)), "no link is written to it either");
        assert_eq!(rule.left_remote(&rows), [Span::new(0, 1), Span::new(1, 2)]);
    }

    #[test]
    fn a_link_leads_to_the_largest_of_the_candidates_it_is_around() {
        let rows: Vec<_> = (0..4)
            .map(|at| {
                let row = reference(at, ReferenceKind::Srcset, url(UrlState::Good, None));
                let link_wrap = Some(LinkWrap::Markdown(Span::new(at / 2, 9)));
                ReferenceRow { place: ReferencePlace { link_wrap, ..row.place.clone() }, ..row }
            })
            .collect();
        let full = |at: usize, pixels| Shown { file: String::new(), full: Some((pixels, format!("{at}"))) };
        let shown: Vec<_> = rows.iter().zip([full(0, 5), full(1, 9), full(2, 7), full(3, 7)]).collect();
        let links = full_images(&shown);
        assert_eq!(links[&LinkWrap::Markdown(Span::new(0, 9))], "1", "the larger");
        assert_eq!(links[&LinkWrap::Markdown(Span::new(1, 9))], "2", "the first of two that are as large");
        assert_eq!(links.len(), 2);
    }

    proptest! {
        /// A reference shows the image of its own URL if that is kept, and otherwise only one of its own group.
        #[test]
        fn no_reference_shows_an_image_of_another_group(
            states in prop::collection::vec((0..3_u32, 0..4_usize, any::<bool>()), 1..7),
        ) {
            let states_of = [UrlState::Good, UrlState::Failed, UrlState::Deferred, UrlState::Retired];
            let row = |(at, (group, state, is_kept)): (usize, &(u32, usize, bool))| {
                let asset = is_kept.then(|| kept(&format!("{group} {at}"), 10 + u32::try_from(at).unwrap(), 10));
                let row = reference(at, ReferenceKind::Image, url(states_of[*state], asset));
                ReferenceRow { place: ReferencePlace { image_group: *group, ..row.place.clone() }, ..row }
            };
            let rows: Vec<_> = states.iter().enumerate().map(row).collect();
            let config = Config::default().rewrite;
            let shown = rule(&config).shown(&rows, &Thumbnails::new());
            for (row, shown) in &shown {
                let own = row.url.as_ref().and_then(|url| url.asset.as_ref());
                let files: Vec<_> = (0..rows.len()).map(|at| file(&format!("{} {at}", row.place.image_group))).collect();
                prop_assert!(files.contains(&shown.file), "of its group");
                if own.is_some() {
                    prop_assert_eq!(&shown.file, &file(&format!("{} {}", row.place.image_group, row.place.span.start)));
                }
            }
            let kept = rows.iter().filter(|row| row.url.as_ref().is_some_and(|url| url.asset.is_some())).count();
            prop_assert!(shown.len() >= kept);
        }
    }
}
