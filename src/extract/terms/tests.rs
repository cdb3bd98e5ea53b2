//! Which terms a text has, and which texts a phrase is found in.

use proptest::prelude::*;

use super::*;

fn is_found(phrase: &str, text: &str) -> bool {
    let (phrase, terms) = (Phrase::new(phrase).unwrap(), terms(text));
    (0..terms.len()).any(|at| phrase.span(&terms[at..]).is_some())
}

/// A text as characters: runs of the same class, with one space between each two.
fn normalised(text: &str) -> String {
    let (mut out, mut before) = (String::from(" "), None);
    let mut add = |c: char| {
        let class = class(c);
        if class == Class::Other || before.is_some_and(|before| before != class) {
            out.push(' ');
        }
        before = (class != Class::Other).then_some(class);
        out.extend((class != Class::Other).then_some(c));
    };
    for c in text.chars() {
        let mut one = String::new();
        normalise(c.encode_utf8(&mut [0; 4]), &mut one);
        for c in one.chars() {
            add(c);
        }
    }
    out.push(' ');
    out.split_whitespace().fold(String::from(" "), |all, run| all + run + " ")
}

/// Whether a normalised text holds a phrase: its words whole, and its characters anywhere.
fn holds(text: &str, phrase: &str) -> bool {
    let (text, phrase) = (normalised(text), normalised(phrase));
    let bare = phrase.trim();
    let is_at = |c: Option<char>| c.is_some_and(|c| class(c) == Class::Cjk);
    let start = if is_at(bare.chars().next()) { "" } else { " " };
    let end = if is_at(bare.chars().next_back()) { "" } else { " " };
    text.contains(&format!("{start}{bare}{end}"))
}

#[test]
fn text_is_cut_into_words_and_pairs_of_characters() {
    for (text, expected) in [
        ("", ""),
        (" \u{0}\n\"'*()-:.", ""),
        ("Rain, again: RAIN!", "rain again rain"),
        ("don't snake_case 3.14", "don t snake case 3 14"),
        ("我们", "我们 们"),
        ("树", "树"),
        ("重跑gen-itgc后", "重跑 跑 gen itgc 后"),
        ("操作系统。好", "操作 作系 系统 统 好"),
        ("人々の〇ー", "人々 々の の〇 〇ー ー"),
        ("데이터 베이스", "데이 이터 터 베이 이스 스"),
        ("ㄅㄆ", "ㄅㄆ ㄆ"),
        ("𠮷野家", "𠮷野 野家 家"),
        ("ｶﾞﾗｽ Ｆｕｌｌ", "ガラ ラス ス full"),
        ("ガ", "ガ"),
        ("か\u{3099}", "が"),
        ("Ünïcödé ÆØ ﬁ Straße", "unicode æø fi strasse"),
        ("Άλφα ΟΔΟΣ οδός", "αλφα οδοσ οδοσ"),
        ("ещё МОЙ", "ещё мой"),
        ("co\u{ad}operate a\u{200d}b", "cooperate ab"),
        ("株式㍿", "株式 式株 株式 式会 会社 社"),
        ("क्षत्रिय", "क्षत्रिय"),
        ("\u{301}x", "x"),
        ("10½", "101 2"),
        ("・゠", ""),
    ] {
        assert_eq!(cut(text), expected, "{text:?}");
    }
}

#[test]
fn a_phrase_has_no_last_character_that_others_could_follow() {
    for (text, terms, is_prefix) in [
        ("rain", &["rain"][..], false),
        ("我们", &["我们"], false),
        ("操作系统", &["操作", "作系", "系统"], false),
        ("树", &["树"], true),
        ("重跑gen", &["重跑", "跑", "gen"], false),
        ("gen后", &["gen", "后"], true),
        ("a \"b\" OR c* NEAR(d)", &["a", "b", "or", "c", "near", "d"], false),
    ] {
        let phrase = Phrase::new(text).unwrap();
        assert_eq!(
            (phrase.terms(), phrase.is_prefix()),
            (&terms.iter().map(ToString::to_string).collect::<Vec<_>>()[..], is_prefix),
            "{text}"
        );
    }
    assert_eq!(Phrase::new(""), None);
    assert_eq!(Phrase::new("。。\u{0}\"-"), None);
}

#[test]
fn a_phrase_is_found_where_its_words_and_characters_follow_each_other() {
    for (phrase, text, found) in [
        ("gen", "重跑gen-itgc后", true),
        ("itgc", "重跑gen-itgc后", true),
        ("重跑", "重跑gen-itgc后", true),
        ("后", "重跑gen-itgc后", true),
        ("跑", "重跑gen-itgc后", true),
        ("重后", "重跑gen-itgc后", false),
        ("ge", "重跑gen-itgc后", false),
        ("quick brown", "the quick, brown fox", true),
        ("quick fox", "the quick brown fox", false),
        ("系统", "操作系统", true),
        ("操系", "操作系统", false),
        ("统树", "操作系统。树", false),
        ("café", "CAFE", true),
    ] {
        assert_eq!(is_found(phrase, text), found, "{phrase} in {text}");
        assert_eq!(holds(text, phrase), found, "{phrase} in {text}");
    }
}

#[test]
fn the_place_of_a_phrase_is_that_in_the_text_as_it_stands() {
    for (phrase, text, expected) in [
        ("cafe", "Un Café\u{301}!", "Café\u{301}"),
        ("作系", "操作系统", "作系"),
        ("作", "操作系统", "作"),
        ("ガラス", "ｶﾞﾗｽの", "ｶﾞﾗｽ"),
        ("会", "㍿", "㍿"),
        ("跑gen", "重跑gen", "跑gen"),
    ] {
        let (phrase, terms) = (Phrase::new(phrase).unwrap(), terms(text));
        let found = (0..terms.len()).find_map(|at| phrase.span(&terms[at..])).unwrap();
        assert_eq!(&text[found], expected, "{text}");
    }
}

fn words() -> impl Strategy<Value = String> {
    let letter = prop::sample::select("我们你好树木系统の〇々ー가나𠮷abcÉя12 。,-\n\"'*".chars().collect::<Vec<_>>());
    prop::collection::vec(letter, 0..40).prop_map(String::from_iter)
}

proptest! {
    /// No false hit and no miss: a phrase is found exactly in the normalised texts that hold it.
    #[test]
    fn a_phrase_is_found_exactly_where_the_text_holds_it(text in words(), phrase in words(), start in 0_usize..40, length in 1_usize..9) {
        let part: String = text.chars().skip(start).take(length).collect();
        for phrase in [phrase.chars().take(8).collect(), part] {
            if Phrase::new(&phrase).is_some() {
                prop_assert_eq!(is_found(&phrase, &text), holds(&text, &phrase), "{:?} in {:?}", phrase, text);
            }
        }
    }

    /// Terms hold nothing that a query language could obey, and stand in the text in order.
    #[test]
    fn terms_are_letters_and_digits_of_the_text(text in any::<String>()) {
        let terms = terms(&text);
        for term in &terms {
            prop_assert!(!term.text.is_empty() && text.get(term.span.clone()).is_some());
            prop_assert!(!term.text.contains(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric()), "{:?}", term);
            prop_assert!(!term.text.contains(char::is_whitespace), "{:?}", term);
        }
        prop_assert!(terms.windows(2).all(|two| two[0].span.start <= two[1].span.start));
        prop_assert_eq!(cut(&text).split_ascii_whitespace().count(), terms.len());
    }
}
