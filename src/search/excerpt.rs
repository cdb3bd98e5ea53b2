//! The part of a text that shows what was searched for.

use std::ops::Range;

use serde::Serialize;

use crate::extract::{Phrase, terms};

/// Characters of an excerpt.
const LENGTH: usize = 200;
/// Characters before the first match in it.
const BEFORE: usize = 40;
/// Matches that are marked in one text.
const MOST_MARKED: usize = 1000;

/// A piece of an excerpt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Fragment {
    /// The text as it stands in the article.
    pub text: String,
    /// Whether it is what was searched for.
    pub is_match: bool,
}

/// A whole text in one line, with what was searched for marked.
pub(super) fn marked(text: &str, phrases: &[Phrase]) -> Vec<Fragment> {
    fragments(text, 0..text.len(), &merged(matches(text, phrases)))
}

/// The part of a text with the most of what was searched for; its start, where it has none of that.
pub(super) fn excerpt(text: &str, phrases: &[Phrase]) -> Vec<Fragment> {
    let found = matches(text, phrases);
    let start = best_start(text, &found);
    let end = after(text, start, LENGTH);
    let mut fragments = fragments(text, start..end, &merged(found));
    let dots = || Fragment { text: "…".to_owned(), is_match: false };
    if start > 0 {
        fragments.insert(0, dots());
    }
    if end < text.trim_end().len() {
        fragments.push(dots());
    }
    fragments
}

/// Whether a text has any of the phrases.
pub(super) fn has_any(text: &str, phrases: &[Phrase]) -> bool {
    !matches(text, phrases).is_empty()
}

/// Where phrases stand in a text: the index of each and its place, in the order of the text.
fn matches(text: &str, phrases: &[Phrase]) -> Vec<(usize, Range<usize>)> {
    let terms = terms(text);
    let at = |at: usize| {
        let terms = &terms[at..];
        phrases.iter().enumerate().filter_map(move |(phrase, wanted)| Some((phrase, wanted.span(terms)?)))
    };
    (0..terms.len()).flat_map(at).take(MOST_MARKED).collect()
}

/// The places of matches, each byte once.
fn merged(matches: Vec<(usize, Range<usize>)>) -> Vec<Range<usize>> {
    let mut merged: Vec<Range<usize>> = Vec::new();
    for (_, span) in matches {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

/// Where the excerpt begins that shows the most different phrases.
fn best_start(text: &str, found: &[(usize, Range<usize>)]) -> usize {
    let shown = |first: usize| {
        let end = after(text, found[first].1.start, LENGTH - BEFORE);
        let within = found[first..].iter().take_while(|(_, span)| span.end <= end);
        let phrases: u64 = within.fold(0, |seen, (phrase, _)| seen | 1 << (phrase % 64));
        phrases.count_ones()
    };
    // The first of those that show as many.
    let best = (0..found.len()).rev().max_by_key(|first| shown(*first));
    best.map_or(0, |best| begin(text, found[best].1.start))
}

/// A place some characters before this one, at the start of a line or of a word where there is one.
fn begin(text: &str, at: usize) -> usize {
    let before = text[..at].char_indices().rev().take(BEFORE).last().map_or(at, |(start, _)| start);
    if before == 0 {
        return 0;
    }
    let lead = &text[before..at];
    match (lead.rfind('\n'), lead.find(' ')) {
        (Some(line), _) => before + line + 1,
        (None, Some(space)) => before + space + 1,
        (None, None) => before,
    }
}

/// A place so many characters after this one.
fn after(text: &str, start: usize, count: usize) -> usize {
    text[start..].char_indices().nth(count).map_or(text.len(), |(at, _)| start + at)
}

/// A part of a text in one line, with these places marked.
fn fragments(text: &str, part: Range<usize>, marks: &[Range<usize>]) -> Vec<Fragment> {
    let (mut fragments, mut at) = (Vec::new(), part.start);
    let mut push = |span: Range<usize>, is_match| {
        let text = text[span].replace(char::is_control, " ");
        fragments.extend((!text.is_empty()).then_some(Fragment { text, is_match }));
    };
    for mark in marks.iter().filter(|mark| mark.start < part.end && mark.end > part.start) {
        let mark = mark.start.max(part.start)..mark.end.min(part.end);
        push(at..mark.start.max(at), false);
        push(mark.start.max(at)..mark.end, true);
        at = mark.end;
    }
    push(at..part.end, false);
    fragments
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn phrases(words: &[&str]) -> Vec<Phrase> {
        words.iter().map(|word| Phrase::new(word).unwrap()).collect()
    }

    /// Fragments as a text with brackets around what is marked.
    fn shown(fragments: &[Fragment]) -> String {
        let one = |fragment: &Fragment| {
            if fragment.is_match { format!("[{}]", fragment.text) } else { fragment.text.clone() }
        };
        fragments.iter().map(one).collect()
    }

    #[test]
    fn what_was_searched_for_is_marked_as_it_stands() {
        for (text, words, expected) in [
            ("Rain & <b>RAIN</b>", &["rain"][..], "[Rain] & <b>[RAIN]</b>"),
            ("操作系统", &["作系统"], "操[作系统]"),
            ("操作系统", &["操作", "作系"], "[操作系]统"),
            ("树木", &["树"], "[树]木"),
            ("the night,\nmarket", &["night market"], "the [night, market]"),
            ("Café ｶﾞﾗｽ", &["cafe", "ガラ"], "[Café] [ｶﾞﾗ]ｽ"),
            ("nothing", &["rain"], "nothing"),
            ("", &["rain"], ""),
        ] {
            assert_eq!(shown(&marked(text, &phrases(words))), expected, "{text}");
        }
    }

    #[test]
    fn an_excerpt_begins_near_the_most_of_what_was_searched_for() {
        let text = format!("rain {}\nthe market at night, with rain {}", "and ".repeat(90), "fog ".repeat(90));
        let found = shown(&excerpt(&text, &phrases(&["rain", "market"])));
        assert!(found.starts_with("…the [market] at night, with [rain] fog"), "{found}");
        assert!(found.ends_with('…') && found.chars().count() <= LENGTH + 6, "{found}");
        let found = shown(&excerpt(&text, &phrases(&["rain"])));
        assert!(found.starts_with("[rain] and") && found.ends_with('…'), "{found}");
        assert_eq!(shown(&excerpt("short", &phrases(&["rain"]))), "short");
        let run = "雨".repeat(900) + "树木" + &"雨".repeat(900);
        let found = shown(&excerpt(&run, &phrases(&["树木"])));
        assert!(found.starts_with("…雨") && found.contains("[树木]"), "{found}");
        assert!(has_any(&run, &phrases(&["树木"])) && !has_any(&run, &phrases(&["木树"])));
    }

    proptest! {
        /// Nothing is added to a text that is marked, and nothing is lost.
        #[test]
        fn a_marked_text_is_the_text(text in "[ab雨天 .,é\n]{0,300}", words in prop::collection::vec("[ab雨天é]{1,3}", 1..4)) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let phrases = phrases(&words);
            let whole: String = marked(&text, &phrases).iter().map(|fragment| fragment.text.as_str()).collect();
            prop_assert_eq!(whole, text.replace('\n', " "));
            let part = excerpt(&text, &phrases);
            prop_assert_eq!(part.iter().any(|fragment| fragment.is_match), has_any(&text, &phrases));
        }
    }
}
