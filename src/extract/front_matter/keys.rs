//! Which keys of front matter hold an image, and which values name one.

use super::entry::Entry;
use crate::extract::address::{has_image_path, is_http, is_inline_image, names_host};
use crate::extract::character_references;
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
    "pictureurl",
    "poster",
    "posterurl",
    "thumb",
    "thumbnail",
    "thumburl",
];

/// How keys end that say how an image is named, after a key of images: `imageSrc`, `cover_path`. A `url` may be a page's.
const NAMING: &[&str] = &["file", "path", "src", "uri"];

/// Keys that say where a thing is: the URL of an image, if the key that holds them is one of an image.
const PLACES: &[&str] = &["contenturl", "file", "filename", "href", "path", "src", "uri", "url"];

/// Keys that describe the image whose mapping they are in.
const WORDS: &[&str] =
    &["alt", "attr", "attribution", "caption", "class", "credit", "description", "id", "name", "title"];

/// Parts of keys that say where a click leads.
const LINKS: &[&str] = &["canonical", "href", "link", "original", "redirect", "target", "url"];

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
    let named = NAMING.iter().find_map(|ending| key.strip_suffix(ending)).filter(|stem| !stem.is_empty());
    if is_image_key(&key)
        || named.is_some_and(is_image_key)
        || options.front_matter_keys.iter().any(|wanted| is_wanted(wanted, &key, &parent))
    {
        Role::Image
    } else if IMAGE_ENDINGS.iter().any(|ending| named.unwrap_or(&key).ends_with(ending)) {
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

/// Whether an entry says where a click leads, so that an image there is opened.
pub(super) fn is_link(entry: &Entry, options: &ExtractOptions) -> bool {
    let key = normalise(last_part(&entry.key));
    role(entry, options) == Role::Other && LINKS.iter().any(|word| key.contains(word))
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
/// copy `&amp;` from an attribute. Themes print the value into HTML, where a browser decodes it.
fn decode_references(value: &str) -> String {
    character_references::decoded(value, &[("amp", '&')]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_as_the_search_needs() {
        assert!(IMAGES.is_sorted());
    }
}
