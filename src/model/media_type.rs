//! What bytes are, by their content.

use super::named::named;

named! {
    /// What kind of media some bytes are. The name is the extension of blobs of this type.
    pub enum MediaType {
        /// JPEG (ITU-T T.81).
        Jpeg = "jpg",
        /// PNG, animated or not.
        Png = "png",
        /// GIF87a and GIF89a.
        Gif = "gif",
        /// WebP (RFC 9649).
        WebP = "webp",
        /// AVIF.
        Avif = "avif",
        /// HEIC and other HEIF.
        Heic = "heic",
        /// JPEG XL.
        Jxl = "jxl",
        /// JPEG 2000.
        Jp2 = "jp2",
        /// Windows bitmap.
        Bmp = "bmp",
        /// TIFF.
        Tiff = "tiff",
        /// Windows icon.
        Ico = "ico",
        /// Windows cursor.
        Cur = "cur",
        /// SVG.
        Svg = "svg",
        /// SVG that is packed with gzip. Browsers show it where a server says so in `Content-Encoding`.
        Svgz = "svgz",
        /// Photoshop, of either size (PSD and PSB).
        Psd = "psd",
        /// DNG.
        Dng = "dng",
        /// Canon's camera raw, on TIFF.
        Cr2 = "cr2",
        /// Canon's camera raw, on ISO base media.
        Cr3 = "cr3",
        /// Nikon's camera raw.
        Nef = "nef",
        /// Sony's camera raw.
        Arw = "arw",
        /// Pentax's camera raw.
        Pef = "pef",
        /// Samsung's camera raw.
        Srw = "srw",
        /// Fujifilm's camera raw.
        Raf = "raf",
        /// Olympus' camera raw.
        Orf = "orf",
        /// Panasonic's camera raw.
        Rw2 = "rw2",
        /// MPEG-4 video or audio.
        Mp4 = "mp4",
        /// WebM or Matroska.
        WebM = "webm",
        /// Ogg audio or video.
        Ogg = "ogg",
        /// MPEG audio.
        Mp3 = "mp3",
        /// WAVE audio.
        Wav = "wav",
        /// WebVTT text track.
        Vtt = "vtt",
        /// PDF.
        Pdf = "pdf",
        /// An HTML document.
        Html = "html",
        /// A Markdown document.
        Markdown = "md",
        /// A style sheet.
        Css = "css",
        /// Other text.
        Text = "txt",
        /// Bytes of no kind offprint knows.
        Unknown = "bin",
    }
}

impl MediaType {
    /// The media type to serve it as (RFC 6838).
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
            Self::Avif => "image/avif",
            Self::Heic => "image/heic",
            Self::Jxl => "image/jxl",
            Self::Jp2 => "image/jp2",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
            Self::Ico | Self::Cur => "image/vnd.microsoft.icon",
            Self::Svg => "image/svg+xml",
            Self::Svgz => "image/svg+xml-compressed",
            Self::Psd => "image/vnd.adobe.photoshop",
            Self::Dng => "image/x-adobe-dng",
            Self::Cr2 => "image/x-canon-cr2",
            Self::Cr3 => "image/x-canon-cr3",
            Self::Nef => "image/x-nikon-nef",
            Self::Arw => "image/x-sony-arw",
            Self::Pef => "image/x-pentax-pef",
            Self::Srw => "image/x-samsung-srw",
            Self::Raf => "image/x-fuji-raf",
            Self::Orf => "image/x-olympus-orf",
            Self::Rw2 => "image/x-panasonic-rw2",
            Self::Mp4 => "video/mp4",
            Self::WebM => "video/webm",
            Self::Ogg => "application/ogg",
            Self::Mp3 => "audio/mpeg",
            Self::Wav => "audio/wav",
            Self::Vtt => "text/vtt",
            Self::Pdf => "application/pdf",
            Self::Html => "text/html",
            Self::Markdown => "text/markdown",
            Self::Css => "text/css",
            Self::Text => "text/plain",
            Self::Unknown => "application/octet-stream",
        }
    }

    /// Whether the originals of articles are kept as it.
    pub const fn is_article(self) -> bool {
        matches!(self, Self::Markdown | Self::Html | Self::Css)
    }

    /// Whether a browser or an image viewer would show it as an image.
    pub const fn is_image(self) -> bool {
        matches!(
            self,
            Self::Jpeg
                | Self::Png
                | Self::Gif
                | Self::WebP
                | Self::Avif
                | Self::Heic
                | Self::Jxl
                | Self::Jp2
                | Self::Bmp
                | Self::Tiff
                | Self::Ico
                | Self::Cur
                | Self::Svg
                | Self::Svgz
                | Self::Psd
        ) || self.is_camera_raw()
    }

    /// Whether it is SVG, packed or not.
    pub const fn is_svg(self) -> bool {
        matches!(self, Self::Svg | Self::Svgz)
    }

    /// Whether it is media: an image, audio, video or a text track.
    pub const fn is_media(self) -> bool {
        self.is_image() || self.is_audio_or_video()
    }

    /// Whether a browser may open a file of this type as a document that acts: a drawing, and what is no media.
    pub const fn may_act(self) -> bool {
        self.is_svg() || !self.is_media()
    }

    /// Whether it holds the values of a camera's sensor.
    pub const fn is_camera_raw(self) -> bool {
        matches!(
            self,
            Self::Dng
                | Self::Cr2
                | Self::Cr3
                | Self::Nef
                | Self::Arw
                | Self::Pef
                | Self::Srw
                | Self::Raf
                | Self::Orf
                | Self::Rw2
        )
    }

    /// Whether it is audio, video or a text track: what `video`, `audio` and `track` name.
    pub const fn is_audio_or_video(self) -> bool {
        matches!(self, Self::Mp4 | Self::WebM | Self::Ogg | Self::Mp3 | Self::Wav | Self::Vtt)
    }
}

/// Whether the bytes of a media file are all there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Ending {
    /// The file ends where its format says.
    #[default]
    Whole,
    /// The pixels are whole, but the end is missing: the EOI marker of a JPEG, the IEND chunk of a PNG, the trailer of
    /// a GIF, trailing metadata, or part of the last row of a BMP. Browsers show such an image.
    NoEndMarker,
    /// Pixels are missing.
    Truncated,
}

/// What is known about a blob that is media, without decoding its pixels.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Asset {
    /// What it is, by its content.
    pub media_type: MediaType,
    /// Width in pixels as stored, before orientation is applied; 0 if it has none.
    pub width: u32,
    /// Height in pixels as stored, before orientation is applied; 0 if it has none.
    pub height: u32,
    /// EXIF orientation, 1 to 8; 1 where none is given.
    pub orientation: u8,
    /// How many frames it shows; 1 for a still.
    pub frames: u32,
    /// Whether pixels can be transparent.
    pub alpha: bool,
    /// Bits per channel; 0 if unknown.
    pub bit_depth: u8,
    /// The colour space its pixels are stored in, such as `rgb`, `gray`, `cmyk`; empty if unknown.
    pub color_space: String,
    /// The description of its ICC profile, where it has one.
    pub icc_name: Option<String>,
    /// The moment it was taken, as EXIF spells it (`YYYY:MM:DD HH:MM:SS`).
    pub taken: Option<String>,
    /// Whether all of it is there.
    pub ending: Ending,
    /// A perceptual hash of its pixels, where it was decoded.
    pub perceptual_hash: Option<u64>,
}

impl Asset {
    /// An asset of which only the type is known.
    pub fn of_type(media_type: MediaType) -> Self {
        Self {
            media_type,
            width: 0,
            height: 0,
            orientation: 1,
            frames: 1,
            alpha: false,
            bit_depth: 0,
            color_space: String::new(),
            icc_name: None,
            taken: None,
            ending: Ending::Whole,
            perceptual_hash: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_type_has_an_extension_of_its_own_that_a_path_can_have() {
        let names: BTreeSet<_> = MediaType::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(names.len(), MediaType::ALL.len());
        for kind in MediaType::ALL {
            assert_eq!(MediaType::from_name(kind.as_str()), Some(*kind));
            assert!(kind.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{kind}");
        }
        assert_eq!(MediaType::from_name("jpeg"), None, "one name each");
    }

    #[test]
    fn what_a_type_is_served_as_says_what_it_is() {
        for kind in MediaType::ALL {
            let (top, sub) = kind.mime().split_once('/').unwrap();
            assert!(!sub.is_empty(), "{kind}");
            assert_eq!(top == "image", kind.is_image(), "{kind}");
            let is_text = matches!(kind, MediaType::Html | MediaType::Markdown | MediaType::Css | MediaType::Text);
            assert_eq!(top == "text" && *kind != MediaType::Vtt, is_text, "{kind}");
        }
    }

    #[test]
    fn camera_raw_is_an_image_that_no_browser_has_a_type_for() {
        let raw: Vec<_> = MediaType::ALL.iter().filter(|kind| kind.is_camera_raw()).collect();
        assert!(raw.iter().all(|kind| kind.is_image() && kind.mime().starts_with("image/x-")), "{raw:?}");
        assert_eq!(raw.len(), 10);
        assert!(!MediaType::Tiff.is_camera_raw() && !MediaType::Psd.is_camera_raw());
    }

    #[test]
    fn no_type_is_both_an_image_and_a_sound() {
        let both = |kind: &&MediaType| kind.is_image() && kind.is_audio_or_video();
        assert_eq!(MediaType::ALL.iter().find(both), None);
        let neither = MediaType::ALL.iter().filter(|kind| !kind.is_image() && !kind.is_audio_or_video());
        let expected =
            [MediaType::Pdf, MediaType::Html, MediaType::Markdown, MediaType::Css, MediaType::Text, MediaType::Unknown];
        assert!(neither.eq(&expected), "what is no media");
    }

    #[test]
    fn an_asset_of_a_type_alone_claims_nothing_else() {
        for kind in MediaType::ALL {
            let asset = Asset::of_type(*kind);
            assert_eq!((asset.media_type, asset.width, asset.height), (*kind, 0, 0));
            assert_eq!((asset.orientation, asset.frames, asset.ending), (1, 1, Ending::Whole));
            assert!(asset.icc_name.is_none() && asset.taken.is_none() && asset.perceptual_hash.is_none());
        }
        assert!(Ending::Whole < Ending::NoEndMarker && Ending::NoEndMarker < Ending::Truncated, "from best to worst");
    }
}
