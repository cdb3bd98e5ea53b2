//! What a thumbnail is made from besides its image: the settings of its size, and the version of the renderer.

use crate::archive::ThumbnailRow;
use crate::config::{Animation, Fit, ThumbnailConfig, ThumbnailFormat};
use crate::model::{Digest, MediaType};

/// Part of every recipe's digest: raised when the same settings make other pixels of some types, so that the thumbnails of
/// these are made again.
const THUMBNAIL_VERSION: usize = 4;

/// How many versions were before.
const EARLIER: usize = THUMBNAIL_VERSION - 1;

/// Versions, and the types of which those before made other pixels, or none. Before 3, text in SVG was not drawn; of AVIF and
/// HEIC neither grids, the clean aperture nor HDR were known, nor was HDR in JPEG XL; runs in BMP began on black; and bitmaps
/// in icons ended where their directory said. Before 4, TIFF with codes of fax machines was a negative where black is zero.
/// The thumbnails of all others are those of this version, too, but for those of PNG that name their colors by numbers
/// (`cICP`): these are few, and stay as they are.
const CHANGED: [(usize, &[MediaType]); 2] = [
    (
        3,
        &[
            MediaType::Svg,
            MediaType::Avif,
            MediaType::Heic,
            MediaType::Jxl,
            MediaType::Bmp,
            MediaType::Ico,
            MediaType::Cur,
        ],
    ),
    (4, &[MediaType::Tiff]),
];

/// One size that the settings ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The settings of the size.
    pub size: ThumbnailConfig,
    /// Names the settings and the version of the renderer. A thumbnail on record with another digest is outdated.
    pub digest: Digest,
    /// The same of the versions before, from the first on.
    earlier: [Digest; EARLIER],
}

impl Recipe {
    /// The recipe of a size.
    pub fn new(size: &ThumbnailConfig) -> Self {
        let digest = |version| Digest::of(text(version, size).as_bytes());
        let earlier = std::array::from_fn(|at| digest(at + 1));
        Self { size: size.clone(), digest: digest(THUMBNAIL_VERSION), earlier }
    }

    /// The digests by which the versions before made this size.
    #[cfg(test)]
    pub(super) fn earlier(size: &ThumbnailConfig) -> [Digest; EARLIER] {
        Self::new(size).earlier
    }

    /// Whether it is the recipe of a thumbnail on record, or of the failure to make one.
    pub fn is_of(&self, row: &ThumbnailRow) -> bool {
        row.name == self.size.name && row.recipe == self.digest
    }

    /// The record of a thumbnail that a version before made, as one of this recipe; `None` if it made none, or this
    /// version makes another of an image of this type.
    pub fn taken_over(&self, row: &ThumbnailRow, media_type: MediaType) -> Option<ThumbnailRow> {
        let made_by = self.earlier.iter().position(|digest| *digest == row.recipe)? + 1;
        let is_changed = CHANGED.iter().any(|(version, types)| *version > made_by && types.contains(&media_type));
        let is_same = row.name == self.size.name && row.made.is_ok() && !is_changed;
        is_same.then(|| ThumbnailRow { recipe: self.digest, ..row.clone() })
    }
}

/// The text of which the digest is made. Archives hold digests of exactly this text: a new setting of thumbnails is
/// appended only if it is not at its default.
fn text(version: usize, size: &ThumbnailConfig) -> String {
    let ThumbnailConfig { name, width, height, fit, format, quality, animation } = size;
    let (fit, format, animation) = (fit_name(*fit), format_name(*format), animation_name(*animation));
    format!(
        "{version} ThumbnailConfig {{ name: \"{name}\", width: {width}, height: {height}, fit: {fit}, \
         format: {format}, quality: {quality}, animation: {animation} }}"
    )
}

const fn fit_name(fit: Fit) -> &'static str {
    match fit {
        Fit::Inside => "Inside",
        Fit::Auto => "Auto",
        Fit::Cover => "Cover",
        Fit::CoverTop => "CoverTop",
        Fit::Width => "Width",
    }
}

const fn format_name(format: ThumbnailFormat) -> &'static str {
    match format {
        ThumbnailFormat::Auto => "Auto",
        ThumbnailFormat::Jpeg => "Jpeg",
        ThumbnailFormat::WebP => "WebP",
        ThumbnailFormat::Png => "Png",
        ThumbnailFormat::Avif => "Avif",
    }
}

const fn animation_name(animation: Animation) -> &'static str {
    match animation {
        Animation::Still => "Still",
        Animation::Keep => "Keep",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::RenditionRow;
    use crate::config::Config;

    #[test]
    fn the_recipe_of_the_default_size_is_the_one_that_archives_hold() {
        let recipe = Recipe::new(&Config::default().thumbnail[0]);
        let held = "4 ThumbnailConfig { name: \"small\", width: 480, height: 480, fit: Inside, format: Auto, \
                    quality: 80, animation: Still }";
        assert_eq!(recipe.digest, Digest::of(held.as_bytes()));
    }

    #[test]
    fn what_the_version_before_made_is_taken_over_unless_this_one_makes_another() {
        let recipe = Recipe::new(&Config::default().thumbnail[0]);
        let row = |recipe| ThumbnailRow {
            original: Digest::of(b"a"),
            name: "small".parse().unwrap(),
            recipe,
            made: Ok(RenditionRow {
                media_type: MediaType::Jpeg,
                width: 9,
                height: 9,
                size: 9,
                digest: Digest::of(b"b"),
            }),
        };
        for before in recipe.earlier.map(row) {
            assert!(!recipe.is_of(&before));
            let taken = recipe.taken_over(&before, MediaType::Jpeg).unwrap();
            assert!(recipe.is_of(&taken) && taken.made == before.made);
        }
        for (version, types) in CHANGED {
            for (made_by, digest) in (1..).zip(recipe.earlier) {
                for changed in types {
                    let taken = recipe.taken_over(&row(digest), *changed);
                    assert_eq!(taken.is_some(), made_by >= version, "{changed:?} by version {made_by}");
                }
            }
        }
        let before = row(recipe.earlier[1]);
        let failed = ThumbnailRow { made: Err("it is damaged".to_owned()), ..before.clone() };
        assert_eq!(recipe.taken_over(&failed, MediaType::Jpeg), None, "it is tried again");
        assert_eq!(recipe.taken_over(&row(Digest::of(b"other")), MediaType::Jpeg), None);
        let other = ThumbnailRow { name: "large".parse().unwrap(), ..before };
        assert_eq!(recipe.taken_over(&other, MediaType::Jpeg), None);
    }

    #[test]
    fn every_setting_of_a_size_changes_its_recipe() {
        let size = Config::default().thumbnail[0].clone();
        let others = [
            ThumbnailConfig { name: "other".parse().unwrap(), ..size.clone() },
            ThumbnailConfig { width: 100, ..size.clone() },
            ThumbnailConfig { height: 100, ..size.clone() },
            ThumbnailConfig { fit: Fit::Auto, ..size.clone() },
            ThumbnailConfig { fit: Fit::Cover, ..size.clone() },
            ThumbnailConfig { fit: Fit::CoverTop, ..size.clone() },
            ThumbnailConfig { format: ThumbnailFormat::Png, ..size.clone() },
            ThumbnailConfig { quality: 81, ..size.clone() },
            ThumbnailConfig { animation: Animation::Keep, ..size.clone() },
        ];
        let digests: std::collections::BTreeSet<_> =
            others.iter().chain([&size]).map(|size| Recipe::new(size).digest).collect();
        assert_eq!(digests.len(), others.len() + 1);
    }
}
