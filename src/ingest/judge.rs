//! Whether an answer is what its reference shows.

use super::placeholders::KnownPlaceholders;
use crate::archive::PlaceholderVerdict;
use crate::config::MediaConfig;
use crate::fetch::Judge;
use crate::locks::Mutex;
use crate::media;
use crate::model::{Asset, Digest, Ending, Failure, HostKey, MediaType, Reason, ReferenceKind};
use crate::staging::Staged;

/// Judges what a URL answered, by its content alone.
#[derive(Debug)]
pub struct ImageJudge<'a> {
    kind: ReferenceKind,
    limits: &'a MediaConfig,
    placeholders: Option<(&'a KnownPlaceholders, HostKey)>,
    candidate: Option<Digest>,
    /// The last body that lacked only its end marker.
    unclosed: Mutex<Option<Digest>>,
}

impl<'a> ImageJudge<'a> {
    /// A judge of what a reference of this kind shows.
    pub fn new(kind: ReferenceKind, limits: &'a MediaConfig) -> Self {
        Self { kind, limits, placeholders: None, candidate: None, unclosed: Mutex::new(None) }
    }

    /// The same, which also refuses the known placeholders of this host.
    #[must_use]
    pub fn of_host(self, host: Option<HostKey>, placeholders: &'a KnownPlaceholders) -> Self {
        Self { placeholders: host.map(|host| (placeholders, host)), ..self }
    }

    /// The same, which also refuses these bytes.
    #[must_use]
    pub fn but_not(self, candidate: Digest) -> Self {
        Self { candidate: Some(candidate), ..self }
    }

    fn is_placeholder(&self, digest: Digest) -> bool {
        let of_host =
            self.placeholders.as_ref().and_then(|(placeholders, host)| placeholders.get(host, digest).verdict);
        self.candidate == Some(digest) || of_host == Some(PlaceholderVerdict::Placeholder)
    }

    fn look(&self, asset: &Asset) -> Result<(), Reason> {
        let wanted = match self.kind {
            ReferenceKind::Media => asset.media_type.is_audio_or_video(),
            _ => asset.media_type.is_image(),
        };
        if !wanted {
            Err(Reason::NotAnImage)
        } else if self.limits.is_tracker(asset.width, asset.height) {
            Err(Reason::TrackingPixel)
        } else {
            Ok(())
        }
    }
}

impl ImageJudge<'_> {
    /// Judges bytes that came without a request: of a file beside the article, or of the article itself. The author
    /// left them so, so an image that is truncated is kept.
    pub async fn judge_local(&self, staged: &Staged) -> Result<Asset, Failure> {
        self.asset_of(staged).await
    }

    /// The asset, if the bytes are of the wanted kind.
    async fn asset_of(&self, staged: &Staged) -> Result<Asset, Failure> {
        if self.is_placeholder(staged.digest) {
            return Err(Failure::new(Reason::Placeholder, "the host sends the same in place of other images"));
        }
        let (content, limits) = (staged.content(), self.limits.clone());
        let probe = move || content.read().map(|bytes| media::probe(&bytes, &limits));
        let asset = tokio::task::spawn_blocking(probe).await.expect("probing an image does not panic");
        let asset = asset.map_err(|error| Failure::new(Reason::Truncated, format!("cannot read it back: {error}")))?;
        self.look(&asset).map_err(|reason| Failure::new(reason, refusal(reason, &asset)))?;
        Ok(asset)
    }

    /// Refuses a body that is truncated. One that lacks only its end marker is refused the first time and accepted the
    /// second time: if equal bytes of the declared length come twice, the origin has no others.
    fn check_ending(&self, ending: Ending, digest: Digest) -> Result<(), Reason> {
        let mut unclosed = self.unclosed.lock();
        match ending {
            Ending::Whole => Ok(()),
            Ending::NoEndMarker if *unclosed == Some(digest) => Ok(()),
            Ending::NoEndMarker => {
                *unclosed = Some(digest);
                Err(Reason::Truncated)
            }
            Ending::Truncated => Err(Reason::Truncated),
        }
    }
}

impl Judge for ImageJudge<'_> {
    type Accepted = Asset;

    async fn judge(&self, staged: &Staged, _content_type: Option<&str>) -> Result<Asset, Failure> {
        let asset = self.asset_of(staged).await?;
        self.check_ending(asset.ending, staged.digest).map_err(|reason| Failure::new(reason, detail(reason)))?;
        Ok(asset)
    }
}

/// The same, which says where a page came in place of an image.
fn refusal(reason: Reason, asset: &Asset) -> &'static str {
    match (reason, asset.media_type) {
        (Reason::NotAnImage, MediaType::Html) => "the host sent a web page in place of the image",
        (reason, _) => detail(reason),
    }
}

/// Why a body is not accepted, for a person.
const fn detail(reason: Reason) -> &'static str {
    match reason {
        Reason::Truncated => "the image ends early",
        Reason::TrackingPixel => "the image is no larger than media.min_side: it counts readers",
        _ => "the body is not an image of the kind that the article shows",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::model::MediaType;
    use crate::staging::Staging;

    fn asset(media_type: MediaType, width: u32, height: u32) -> Asset {
        Asset { width, height, ..Asset::of_type(media_type) }
    }

    #[test]
    fn only_media_of_the_wanted_kind_that_is_whole_and_visible_is_good() {
        let limits = Config::default().media;
        let look = |kind, asset: &Asset| ImageJudge::new(kind, &limits).look(asset);
        assert_eq!(look(ReferenceKind::Image, &asset(MediaType::Jpeg, 640, 480)), Ok(()));
        assert_eq!(look(ReferenceKind::Image, &asset(MediaType::Svg, 0, 0)), Ok(()));
        assert_eq!(look(ReferenceKind::Image, &asset(MediaType::Html, 0, 0)), Err(Reason::NotAnImage));
        assert_eq!(look(ReferenceKind::Image, &asset(MediaType::Mp4, 0, 0)), Err(Reason::NotAnImage));
        assert_eq!(look(ReferenceKind::Media, &asset(MediaType::Mp4, 0, 0)), Ok(()));
        assert_eq!(look(ReferenceKind::Image, &asset(MediaType::Gif, 1, 1)), Err(Reason::TrackingPixel));
        assert_eq!(look(ReferenceKind::Image, &asset(MediaType::Gif, 600, 1)), Ok(()));
    }

    #[test]
    fn a_body_without_its_end_marker_is_good_when_it_comes_twice() {
        let limits = Config::default().media;
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        let verdict = ImageJudge::new(ReferenceKind::Image, &limits);
        assert_eq!(verdict.check_ending(Ending::Whole, one), Ok(()));
        assert_eq!(verdict.check_ending(Ending::Truncated, one), Err(Reason::Truncated));
        assert_eq!(verdict.check_ending(Ending::Truncated, one), Err(Reason::Truncated));
        let answers = [one, other, one, one].map(|digest| verdict.check_ending(Ending::NoEndMarker, digest));
        let refused = Err(Reason::Truncated);
        assert_eq!(answers, [refused, refused, refused, Ok(())]);
    }

    #[tokio::test]
    async fn a_local_file_ends_where_its_author_left_it() {
        let limits = Config::default().media;
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x09\0\0\0\x07\x08\x06\0\0\0\0\0\0\0";
        let folder = tempfile::tempdir().unwrap();
        let staged = Staging::new(folder.path()).write(png).unwrap();
        let verdict = ImageJudge::new(ReferenceKind::Image, &limits);
        assert_eq!(verdict.judge(&staged, None).await.unwrap_err().reason, Reason::Truncated);
        assert_eq!(verdict.judge_local(&staged).await.unwrap().ending, Ending::Truncated);
    }
}
