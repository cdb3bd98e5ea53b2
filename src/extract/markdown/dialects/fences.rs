//! Fences that are not what CommonMark makes of them: those that a tab follows, and those around the text of a directive.

use super::lines::{Copy, Line};

/// Directives of `MyST` whose content is text: `` ```{note} ``.
const PROSE: [&str; 24] = [
    "admonition",
    "attention",
    "card",
    "caution",
    "danger",
    "div",
    "dropdown",
    "epigraph",
    "error",
    "exercise",
    "grid",
    "grid-item",
    "grid-item-card",
    "hint",
    "important",
    "margin",
    "note",
    "seealso",
    "sidebar",
    "tab-item",
    "tab-set",
    "tip",
    "topic",
    "warning",
];

/// Writes spaces for the fences of directives whose content is text, which CommonMark takes for code.
pub(super) fn open_prose(copy: &mut Copy<'_>) {
    if !copy.has(&["```{"]) {
        return;
    }
    let text = copy.text();
    let (mut open, mut code, mut blanks) = (Vec::new(), None, Vec::new());
    for line in copy.quoted_lines() {
        let content = text[line.text..line.end].trim_end();
        if ends_verbatim(content) {
            open.clear();
        }
        let Some(mark) = content.bytes().next().filter(|mark| matches!(mark, b'`' | b'~')) else { continue };
        let length = content.bytes().take_while(|byte| *byte == mark).count();
        let info = content[length..].trim();
        if length < 3 || info.contains('`') {
            continue;
        }
        if let Some((opened, by)) = code {
            code = code.filter(|_| mark != by || length < opened || !info.is_empty());
        } else if let Some((_, start)) = open.pop_if(|(opened, _)| mark == b'`' && length >= *opened && info.is_empty())
        {
            blanks.extend([start, line.text..line.end].map(|fence| (fence, b' ')));
        } else if mark == b'`' && is_prose(info) {
            open.push((length, line.text..line.end));
        } else {
            code = Some((length, mark));
        }
    }
    blanks.sort_by_key(|(fence, _)| fence.start);
    copy.fill(blanks);
}

/// Whether a comment or an element of raw text ends in a line: what stood there before was no fence.
fn ends_verbatim(line: &str) -> bool {
    let of_raw = ["</pre", "</script", "</style", "</textarea"].iter().any(|end| line.starts_with(end));
    of_raw || line.contains("-->") && !line.contains("<!--")
}

fn is_prose(info: &str) -> bool {
    let name = info.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(name, _)| name);
    name.is_some_and(|name| PROSE.binary_search(&name).is_ok())
}

/// Writes spaces for the tabs after a fence: CommonMark 4.5 allows spaces and tabs there, the parser only spaces.
pub(super) fn close(copy: &mut Copy<'_>) {
    if !copy.has(&["`\t", "` \t", "~\t", "~ \t"]) {
        return;
    }
    let text = copy.text();
    let after_fence = |line: Line| {
        let fence = text[line.text..line.end].trim_end_matches([' ', '\t']);
        let is_fence = fence.ends_with("```") || fence.ends_with("~~~");
        is_fence.then(|| (line.text + fence.len()..line.end, b' '))
    };
    let blanks: Vec<_> = copy.lines().into_iter().filter_map(after_fence).collect();
    copy.fill(blanks);
}
