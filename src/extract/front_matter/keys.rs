//! Which keys of front matter hold an image, and which values name one.

use super::entry::Entry;
use crate::extract::address::{has_image_path, is_http, is_inline_image, names_host};
use crate::extract::options::ExtractOptions;
use crate::extract::template::looks_like_template;

/// When an article was published, best first. Keys are compared as [`normalise`] spells them.
pub(super) const DATES: &[&str] =
    &["date", "pubdate", "publishdate", "published", "publishedat", "created", "createdat"];

/// Where an article was published, best first.
pub(super) const ADDRESSES: &[&str] =
    &["canonical", "canonicalurl", "permalink", "link", "url", "source", "sourceurl", "originalurl"];

/// Keys that hold an image in the themes of Hexo, Hugo, Jekyll, VuePress, Astro, Gatsby and Ghost.
const IMAGES: &[&str] = &[
    "avatar",
    "background",
    "backgroundimage",
    "banner",
    "bannerimage",
    "bannerimg",
    "bg",
    "bgimage",
    "bgimg",
    "cardimage",
    "cover",
    "coverimage",
    "coverimg",
    "coverphoto",
    "coverurl",
    "favicon",
    "feature",
    "featured",
    "featuredimage",
    "featuredimg",
    "featureimage",
    "featureimg",
    "gallery",
    "headerimage",
    "headerimg",
    "headimage",
    "headimg",
    "hero",
    "heroimage",
    "icon",
    "image",
    "imagepath",
    "images",
    "imageurl",
    "img",
    "imgs",
    "imgurl",
    "indeximg",
    "logo",
    "masthead",
    "metaimage",
    "ogimage",
    "overlayimage",
    "pageheaderimage",
    "photo",
    "photos",
    "pic",
    "pics",
    "picture",
    "pictures",
    "postbanner",
    "postcover",
    "poster",
    "postimage",
    "postimg",
    "preview",
    "previewimage",
    "screenshot",
    "screenshots",
    "seoimage",
    "shareimage",
    "shareimg",
    "socialimage",
    "splash",
    "teaser",
    "thumb",
    "thumbnail",
    "thumbnailimage",
    "thumbnails",
    "thumbnailurl",
    "thumbs",
    "topimage",
    "topimg",
    "twitterimage",
];

/// How keys end that name an image on the web, with any beginning: `excerpt_image`.
const IMAGE_ENDINGS: &[&str] = &[
    "avatar",
    "avatarurl",
    "background",
    "banner",
    "bannerurl",
    "cover",
    "coverurl",
    "image",
    "imageurl",
    "images",
    "img",
    "imgurl",
    "logo",
    "logourl",
    "photo",
    "photourl",
    "picture",
    "poster",
    "thumb",
    "thumbnail",
    "thumburl",
];

/// Keys that say where a thing is: the URL of an image, if the key that holds them is one of an image.
const PLACES: &[&str] = &["contenturl", "file", "filename", "href", "path", "src", "uri", "url"];

/// Keys that describe the image whose mapping they are in.
const WORDS: &[&str] =
    &["alt", "attr", "attribution", "caption", "class", "credit", "description", "id", "name", "title"];

/// What a key promises about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// An image: any URL, or a path to an image file.
    Image,
    /// An image on the web, or a path to an image file.
    Remote,
    /// A file, which may be an image.
    File,
    /// Nothing.
    Other,
}

/// The URL that an entry names, if it names an image.
pub(super) fn image(entry: &Entry, options: &ExtractOptions) -> Option<String> {
    let value = decode_references(entry.value.trim());
    if value.is_empty()
        || looks_like_template(&value)
        || is_list(&value)
        || value.contains(['<', '>', '"'])
        || value.contains(char::is_control)
    {
        return None;
    }
    let named = match role(entry, options) {
        Role::Remote => (is_http(&value) && !value.contains(char::is_whitespace)) || is_image_path(&value),
        Role::Image => is_remote(&value) || is_image_path(&value) || (options.data_urls && is_inline_image(&value)),
        Role::File => is_image_path(&value),
        Role::Other => options.front_matter_urls && is_http(&value) && has_image_path(&value),
    };
    (named || options.local_links.contains(&value)).then_some(value)
}

fn role(entry: &Entry, options: &ExtractOptions) -> Role {
    let key = normalise(last_part(&entry.key));
    let parent = normalise(last_part(&entry.parent));
    if is_image_key(&key) || options.front_matter_keys.iter().any(|wanted| is_wanted(wanted, &key, &parent)) {
        Role::Image
    } else if IMAGE_ENDINGS.iter().any(|ending| key.ends_with(ending)) {
        Role::Remote
    } else if !is_image_key(&parent) || WORDS.contains(&key.as_str()) {
        Role::Other
    } else if PLACES.contains(&key.as_str()) && parent != "gallery" {
        Role::Image
    } else {
        // A gallery's `url` is where a click leads: a larger image, or a page.
        Role::File
    }
}

/// Whether an entry's key is one of images.
pub(super) fn is_of_images(entry: &Entry) -> bool {
    is_image_key(&normalise(last_part(&entry.key))) || is_image_key(&normalise(last_part(&entry.parent)))
}

fn is_image_key(key: &str) -> bool {
    IMAGES.binary_search(&key).is_ok()
}

/// Whether a configured key, such as `cover` or `header.art`, is this one.
fn is_wanted(wanted: &str, key: &str, parent: &str) -> bool {
    let matches_parent = wanted.rsplit_once('.').is_none_or(|(above, _)| normalise(last_part(above)) == parent);
    normalise(last_part(wanted)) == key && matches_parent
}

/// A key without what themes vary: case, `-` and `_`.
pub(super) fn normalise(key: &str) -> String {
    key.chars().filter(|letter| !matches!(letter, '-' | '_' | ' ' | ':')).flat_map(char::to_lowercase).collect()
}

/// `image` of a flat key such as `header.image`.
fn last_part(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(_, last)| last)
}

/// Whether a value is several URLs, between commas or white space.
fn is_list(value: &str) -> bool {
    let mut words = value.split_whitespace();
    let host = |word: Option<&str>| word.is_some_and(|word| names_host(word.trim_start_matches(',')));
    let files = value.split([',', ';', '|']).map(str::trim);
    [",http", ";http", "|http"].iter().any(|mark| value.contains(mark))
        || (host(words.next()) && host(words.next()))
        || (files.clone().count() > 1 && files.into_iter().all(has_image_path))
}

fn is_remote(value: &str) -> bool {
    names_host(value) && (!value.contains(char::is_whitespace) || has_image_path(value))
}

/// Whether a value is the URL or the path of an image file, by its extension. `*.jpg` stands for many.
fn is_image_path(value: &str) -> bool {
    let local = !value.contains([':', '\t']) && !value.contains("*.");
    (local || is_remote(value)) && has_image_path(value)
}

/// Decodes the character references that feeds leave in front matter.
///
/// They are not part of YAML or JSON, but generators write `&#123;` so that a template engine does not see `{`, and
/// copy `&amp;` from an attribute. Themes print the value into HTML, where a browser decodes it. Only references that
/// end in `;` are decoded, as a bare `&copy=1` belongs to a query.
fn decode_references(value: &str) -> String {
    let mut decoded = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('&') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        let (letter, length) = reference(rest).unwrap_or(('&', 1));
        decoded.push(letter);
        rest = &rest[length..];
    }
    decoded + rest
}

/// The character that `&#123;`, `&#x7b;` or `&amp;` stands for, and the length of the reference.
fn reference(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(10).position(|byte| byte == b';')?;
    let name = &text[1..end];
    if name == "amp" {
        return Some(('&', end + 1));
    }
    let number = name.strip_prefix('#')?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => number.parse().ok()?,
    };
    let letter = char::from_u32(code).filter(|letter| !letter.is_control())?;
    Some((letter, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_as_the_search_needs() {
        assert!(IMAGES.is_sorted());
    }

    #[test]
    fn only_whole_references_are_decoded() {
        let cases = [
            ("a&#123;b&#x7D;c", "a{b}c"),
            ("?a=1&amp;b=2&c=3", "?a=1&b=2&c=3"),
            ("&copy=1&amp", "&copy=1&amp"),
            ("&#0;&#xD800;&#99999999;&;&", "&#0;&#xD800;&#99999999;&;&"),
        ];
        for (value, expected) in cases {
            assert_eq!(decode_references(value), expected);
        }
    }
}
