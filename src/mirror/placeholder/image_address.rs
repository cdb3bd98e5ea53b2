//! Which addresses are sizes of one image.

use url::Url;

/// The URL of an image without the parts that only choose among its sizes: the query, and sizes in the path such as
/// `-640x480`, `@2x` and `/w_300/`. A size in an unknown form costs a probe; a number may be all that distinguishes two
/// images.
pub(super) fn image_address(url: &Url) -> String {
    let segments = url.path().split('/').filter(|segment| !segment.split(',').all(is_command));
    let without_sizes: Vec<_> = segments.map(without_size).collect();
    format!("{}/{}", url.host_str().unwrap_or_default(), without_sizes.join("/"))
}

/// A command to an image server, or a size alone: `w_300`, `h200`, `640x480`.
fn is_command(part: &str) -> bool {
    let number = part.strip_prefix(['w', 'h']).map(|rest| rest.trim_start_matches(['_', '-', '=']));
    number.is_some_and(is_number) || is_size(part)
}

/// `640x480`, `640x` or `2x`.
fn is_size(text: &str) -> bool {
    text.split_once('x').is_some_and(|(width, height)| is_number(width) && (height.is_empty() || is_number(height)))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A file name without a size before its extension: `a-640x480.jpg`, `a@2x.jpg`.
fn without_size(segment: &str) -> String {
    let (stem, extension) = segment.rsplit_once('.').unwrap_or((segment, ""));
    let cut = stem.rfind(['-', '_', '@']).filter(|at| is_size(&stem[at + 1..]));
    format!("{}.{extension}", &stem[..cut.unwrap_or(stem.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(path: &str) -> String {
        image_address(&Url::parse(&format!("https://img.example{path}")).unwrap())
    }

    #[test]
    fn sizes_of_one_image_are_one_image() {
        for (one, other) in [
            ("/a.jpg?w=300", "/a.jpg?w=600"),
            ("/a-300x200.jpg", "/a.jpg"),
            ("/a@2x.png", "/a.png"),
            ("/w_300,h_200/a.jpg", "/w_600/a.jpg"),
            ("/640x480/a.jpg", "/w300/a.jpg"),
        ] {
            assert_eq!(address(one), address(other));
        }
    }

    #[test]
    fn what_may_distinguish_two_images_stays() {
        for (one, other) in [
            ("/a.jpg", "/b.jpg"),
            ("/photo-1.jpg", "/photo-2.jpg"),
            ("/posts/17/cover.jpg", "/posts/18/cover.jpg"),
            ("/a.jpg", "/a.png"),
            ("/é-x.jpg", "/é.jpg"),
        ] {
            assert_ne!(address(one), address(other));
        }
    }
}
