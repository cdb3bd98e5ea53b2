//! Where a saved page came from, as the program that saved it wrote in a comment at its start.

/// How much of a page is searched, in bytes.
const SEARCHED: usize = 8192;

/// The URL of a saved page: of browsers (`saved from url=(0022)http://…`), `SingleFile` (`url: http://…`) and `HTTrack`
/// (`Mirrored from host/path by HTTrack …`).
pub(super) fn url(page: &str) -> Option<String> {
    let end = (0..=SEARCHED.min(page.len())).rev().find(|at| page.is_char_boundary(*at))?;
    let mut comments = page[..end].split("<!--").skip(1).filter_map(|rest| rest.split_once("-->"));
    comments.find_map(|(comment, _)| of_comment(comment.trim()))
}

fn of_comment(comment: &str) -> Option<String> {
    let word = |rest: &str| rest.split_ascii_whitespace().next().map(str::to_owned);
    if let Some(rest) = comment.strip_prefix("saved from url=") {
        return word(rest.split_once(')').map_or(rest, |(_, url)| url)).filter(|url| is_web(url));
    }
    if let Some(rest) = comment.strip_prefix("Mirrored from ").filter(|rest| rest.contains("HTTrack")) {
        return word(rest).map(|place| if is_web(&place) { place } else { format!("http://{place}") });
    }
    let mut lines = comment.lines().map(str::trim);
    lines.next().filter(|first| first.starts_with("Page saved with SingleFile"))?;
    lines.find_map(|line| line.strip_prefix("url:")).and_then(word).filter(|url| is_web(url))
}

fn is_web(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::url;

    #[test]
    fn the_comment_says_where_a_page_was_saved() {
        for (page, expected) in [
            ("<!-- saved from url=(0018)http://h.example/a -->\n<html>", Some("http://h.example/a")),
            ("<!doctype html>\n<!-- saved from url=(0019)https://h.example/a -->", Some("https://h.example/a")),
            ("<!-- saved from url=https://h.example/ -->", Some("https://h.example/")),
            (
                "<!--\n Page saved with SingleFile \n url: https://h.example/b \n saved date: x\n-->",
                Some("https://h.example/b"),
            ),
            (
                "<html><!-- Mirrored from h.example/p.html by HTTrack Website Copier/3.x [XR&CO'2014], x -->",
                Some("http://h.example/p.html"),
            ),
            ("<!-- x --><!-- saved from url=(0018)http://h.example/a -->", Some("http://h.example/a")),
            ("<!-- saved from url=(0014)about:internet -->", None),
            ("<!-- saved from url=", None),
            ("<!-- Mirrored from h.example by hand -->", None),
            ("<!-- url: https://h.example/ -->", None),
            ("saved from url=(0018)http://h.example/a", None),
            ("", None),
        ] {
            assert_eq!(url(page).as_deref(), expected, "{page}");
        }
        assert_eq!(url(&("ü".repeat(5000) + "<!-- saved from url=(0018)http://h.example/a -->")), None);
    }
}
