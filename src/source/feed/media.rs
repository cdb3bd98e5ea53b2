//! Media RSS, enclosures and the images of podcasts.

use url::Url;

use super::super::xml::{Element, Namespace};
use super::model::{Media, MediaKind};
use crate::model::is_web_address;

/// The media of an entry of RSS or Atom.
pub(super) fn of_entry(entry: &Element, base: &Url) -> Vec<Media> {
    let mut media = Vec::new();
    for element in entry.elements() {
        of_element(element, base, &mut media);
    }
    media
}

fn of_element(element: &Element, base: &Url, media: &mut Vec<Media>) {
    match (element.namespace, element.name.to_ascii_lowercase().as_str()) {
        (Namespace::Media, "group" | "content") => {
            push(element, "url", base, media);
            element.elements().for_each(|inner| of_element(inner, base, media));
        }
        (Namespace::Media, "thumbnail") => media.extend(image(element.attribute("url"), base, true)),
        (Namespace::Itunes, "image") => media.extend(image(element.attribute("href"), base, false)),
        (Namespace::Core | Namespace::Atom, "enclosure") => push(element, "url", base, media),
        (Namespace::Core, "image") => media.extend(image(image_address(element).as_deref(), base, false)),
        (Namespace::Atom | Namespace::Core, "link") if element.attribute("rel") == Some("enclosure") => {
            push(element, "href", base, media);
        }
        _ => {}
    }
}

/// The URL of an `image` of RSS: its text, or that of an element in it.
pub(super) fn image_address(element: &Element) -> Option<String> {
    let resource = || element.attribute_in(Namespace::Rdf, "resource").map(str::to_owned);
    let inner = element.text_of(Namespace::Core, "url").or_else(resource);
    inner.or_else(|| Some(element.text().trim().to_owned()).filter(|text| !text.is_empty()))
}

fn image(address: Option<&str>, base: &Url, is_thumbnail: bool) -> Option<Media> {
    Some(Media { url: web(base, address?)?, kind: MediaKind::Image, is_thumbnail })
}

fn push(element: &Element, attribute: &str, base: &Url, media: &mut Vec<Media>) {
    let Some(url) = element.attribute(attribute).and_then(|address| web(base, address)) else { return };
    let kind = match kind_of(element.attribute("type"), element.attribute("medium"), &url) {
        MediaKind::Other if is_called_nothing(element) && !has_extension(&url) => MediaKind::Image,
        kind => kind,
    };
    media.push(Media { url, kind, is_thumbnail: false });
}

/// Whether content has a size to be shown in and says no more of itself: its type and its medium need not be there
/// (Media RSS, "media:content").
fn is_called_nothing(element: &Element) -> bool {
    let has = |name: &str| element.attribute(name).is_some();
    let of_others = ["type", "medium", "duration", "bitrate", "framerate", "samplingrate", "channels"];
    element.namespace == Namespace::Media && has("height") && !of_others.into_iter().any(has)
}

fn has_extension(url: &Url) -> bool {
    url.path_segments().and_then(|mut segments| segments.next_back()).is_some_and(|name| name.contains('.'))
}

/// A URL on the web.
pub(super) fn web(base: &Url, address: &str) -> Option<Url> {
    base.join(address.trim()).ok().filter(is_web_address)
}

/// What a medium is, by its type, or else by the extension of its URL.
pub(super) fn kind_of(media_type: Option<&str>, medium: Option<&str>, url: &Url) -> MediaKind {
    let named = [media_type, medium].into_iter().flatten().find_map(|name| {
        let kind = name.split('/').next()?.trim().to_ascii_lowercase();
        match kind.as_str() {
            "image" => Some(MediaKind::Image),
            "video" => Some(MediaKind::Video),
            "audio" => Some(MediaKind::Audio),
            _ => None,
        }
    });
    named.unwrap_or_else(|| by_extension(url))
}

fn by_extension(url: &Url) -> MediaKind {
    let extension = url.path().rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    match extension.as_str() {
        "jpg" | "jpeg" | "png" | "gif" | "webp" | "avif" | "svg" | "bmp" => MediaKind::Image,
        "mp4" | "m4v" | "webm" | "mov" => MediaKind::Video,
        "mp3" | "m4a" | "ogg" | "opus" | "flac" => MediaKind::Audio,
        _ => MediaKind::Other,
    }
}
