//! The rules of a robots.txt (RFC 9309).

use std::borrow::Cow;
use std::time::Duration;

/// How much of a file is read, in bytes (section 2.5).
pub(crate) const READ: usize = 500 << 10;
/// The name of offprint in these files.
const PRODUCT: &str = "offprint";

/// The rules of one robots.txt that hold for offprint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Robots {
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
    sitemaps: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    allow: bool,
    pattern: String,
}

/// The rules of some groups, while a file is read.
#[derive(Default)]
struct Group {
    named: bool,
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
}

/// Reads a file line by line.
#[derive(Default)]
struct Reader {
    own: Group,
    others: Group,
    sitemaps: Vec<String>,
    /// The agents that the current lines are for.
    for_own: bool,
    for_others: bool,
    /// The line before named a user agent, so another one belongs to the same group.
    naming: bool,
}

impl Robots {
    /// Reads a file. Lines that cannot be read are ignored (section 2.2).
    pub fn parse(file: &[u8]) -> Self {
        let file = &file[..file.len().min(READ)];
        let text = String::from_utf8_lossy(file);
        let mut reader = Reader::default();
        text.trim_start_matches('\u{feff}').split(['\r', '\n']).for_each(|line| reader.line(line));
        let group = if reader.own.named { reader.own } else { reader.others };
        Self { rules: group.rules, crawl_delay: group.crawl_delay, sitemaps: reader.sitemaps }
    }

    /// Whether a path, with its query, may be crawled: the longest pattern that matches decides, and of two as long
    /// the one that allows (section 2.2.2).
    pub fn allows(&self, path: &str) -> bool {
        let path = normal(path);
        let matching = self.rules.iter().filter(|rule| matches(&rule.pattern, &path));
        let deciding = matching.max_by_key(|rule| (rule.pattern.len(), rule.allow));
        path == "/robots.txt" || deciding.is_none_or(|rule| rule.allow)
    }

    /// The spacing that the host asks for (`Crawl-delay`, in seconds). It is not part of the standard, and widely used.
    pub const fn crawl_delay(&self) -> Option<Duration> {
        self.crawl_delay
    }

    /// The sitemaps that the file names, as written there.
    pub fn sitemaps(&self) -> &[String] {
        &self.sitemaps
    }
}

impl Reader {
    fn line(&mut self, line: &str) {
        let line = line.split('#').next().unwrap_or_default();
        let Some((key, value)) = line.split_once(':') else { return };
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "user-agent" => self.user_agent(value),
            "allow" => self.rule(true, value),
            "disallow" => self.rule(false, value),
            "crawl-delay" => self.crawl_delay(value),
            // A sitemap belongs to no group, and ends none.
            "sitemap" => self.sitemaps.push(value.to_owned()),
            _ => {}
        }
    }

    /// Groups that name the same agent are read as one (section 2.2.1).
    fn user_agent(&mut self, value: &str) {
        if !self.naming {
            (self.for_own, self.for_others) = (false, false);
        }
        self.naming = true;
        let token = value.split(|c: char| !(c.is_ascii_alphabetic() || c == '-' || c == '_')).next();
        if value == "*" {
            self.for_others = true;
        } else if token.is_some_and(|token| token.eq_ignore_ascii_case(PRODUCT)) {
            (self.for_own, self.own.named) = (true, true);
        }
    }

    /// Of several delays the longest counts.
    fn crawl_delay(&mut self, value: &str) {
        self.naming = false;
        let delay = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        if self.for_own {
            self.own.crawl_delay = self.own.crawl_delay.max(delay);
        }
        if self.for_others {
            self.others.crawl_delay = self.others.crawl_delay.max(delay);
        }
    }

    fn rule(&mut self, allow: bool, value: &str) {
        self.naming = false;
        if value.is_empty() {
            return;
        }
        let rule = Rule { allow, pattern: normal(value).into_owned() };
        if self.for_own {
            self.own.rules.push(rule.clone());
        }
        if self.for_others {
            self.others.rules.push(rule);
        }
    }
}

/// Normalises the percent-encoding of a path, so that paths and patterns can be compared (section 2.2.2): unreserved
/// characters are decoded; bytes beyond ASCII, and a percent sign that encodes nothing, are encoded.
fn normal(path: &str) -> Cow<'_, str> {
    if path.bytes().all(|byte| byte.is_ascii() && byte != b'%') {
        return Cow::Borrowed(path);
    }
    let (mut spelled, mut rest) = (String::new(), path.as_bytes());
    while let [first, tail @ ..] = rest {
        let (byte, encoded, tail) = match encoded_byte(rest) {
            Some(byte) => (byte, true, &rest[3..]),
            None => (*first, false, tail),
        };
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if plain || (byte.is_ascii() && byte != b'%' && !encoded) {
            spelled.push(char::from(byte));
        } else {
            spelled.push('%');
            spelled.push_str(&data_encoding::HEXUPPER.encode(&[byte]));
        }
        rest = tail;
    }
    Cow::Owned(spelled)
}

fn encoded_byte(bytes: &[u8]) -> Option<u8> {
    let digits = bytes.strip_prefix(b"%")?.get(..2)?;
    data_encoding::HEXLOWER_PERMISSIVE.decode(digits).ok()?.first().copied()
}

/// Whether a pattern matches the start of a path: `*` matches anything, a final `$` the end (section 2.2.3). Each part
/// between two `*` is matched at its first occurrence. That is enough, because only the last part may need a later one.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, whole) = pattern.strip_suffix('$').map_or((pattern, false), |pattern| (pattern, true));
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return !whole || rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    if whole { rest.ends_with(last) } else { rest.contains(last) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, path: &str) -> bool {
        Robots::parse(file.as_bytes()).allows(path)
    }

    #[test]
    fn the_delay_is_that_of_the_group_that_counts() {
        let delay = |file: &str| Robots::parse(file.as_bytes()).crawl_delay().map(|delay| delay.as_secs_f64());
        assert_eq!(delay("user-agent: *\ncrawl-delay: 2.5\ndisallow: /a"), Some(2.5));
        assert_eq!(delay("user-agent: *\ncrawl-delay: 9\nuser-agent: offprint\ncrawl-delay: 1"), Some(1.0));
        assert_eq!(delay("user-agent: *\ncrawl-delay: 9\nuser-agent: offprint\ndisallow:"), None);
        assert_eq!(delay("user-agent: other\ncrawl-delay: 9"), None);
        for nonsense in ["-1", "soon", "1e999", "NaN", ""] {
            assert_eq!(delay(&format!("user-agent: *\ncrawl-delay: {nonsense}")), None, "{nonsense}");
        }
    }

    #[test]
    fn the_longest_match_decides_and_allow_wins_a_tie() {
        let file = "User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /a/b/c\nAllow: /t\nDisallow: /t\n";
        assert!(!check(file, "/a") && !check(file, "/abc") && !check(file, "/a/x?q"));
        assert!(check(file, "/a/b") && check(file, "/a/b/d"));
        assert!(!check(file, "/a/b/c/d"));
        assert!(check(file, "/t/x") && check(file, "/") && check(file, "/A"));
    }

    #[test]
    fn the_published_examples_hold() {
        // RFC 9309, sections 2.2.3 and 5.1.
        assert!(!check("user-agent: *\ndisallow: /path/file-with-a-%2A.html", "/path/file-with-a-%2a.html"));
        assert!(
            !check("user-agent: *\ndisallow: *.gif$", "/x/y.gif")
                && check("user-agent: *\ndisallow: *.gif$", "/y.gif?")
        );
        let file = "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\
                    User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\n\
                    User-Agent: offprint\nUser-Agent: barbot\nDisallow: /example/page.html\n\
                    User-Agent: quxbot\n";
        assert!(!check(file, "/example/page.html") && check(file, "/example/other.html") && check(file, "/a.gif"));
    }

    #[test]
    fn wildcards_stand_for_anything_also_nothing() {
        let check = |pattern: &str, path: &str| matches(pattern, path);
        assert!(check("/a*b*c", "/a1b2b3c4") && check("/a*", "/a") && check("/*", "/"));
        assert!(check("/a*c$", "/abcbc") && !check("/a*c$", "/abcb") && check("/$", "/") && !check("/$", "/a"));
        assert!(check("/**a", "/xa") && !check("/a*b", "/ba") && !check("a", "/a"));
        assert!(!check("/ab*b$", "/ab"), "one letter does not match twice");
    }

    #[test]
    fn spellings_of_one_path_are_one_path() {
        let file = "user-agent: *\ndisallow: /caf\u{e9}\ndisallow: /%7Ejoe\ndisallow: /a%2fb\n";
        assert!(!check(file, "/caf%c3%a9") && !check(file, "/~joe/") && !check(file, "/a%2Fb") && check(file, "/a/b"));
        let percent = "user-agent: *\ndisallow: /100%\n";
        assert!(check(percent, "/100") && !check(percent, "/100%"));
    }

    #[test]
    fn an_own_group_replaces_that_of_all_others_and_is_merged() {
        let file = "User-agent: *\nDisallow: /\n\nUser-agent: OffPrint/1.0\nDisallow: /x\nSitemap: /s.xml\n\n\
                    user-agent: other\nuser-agent: offprint\ndisallow: /y\nuser-agent: offprinter\ndisallow: /z";
        assert!(check(file, "/") && !check(file, "/x") && !check(file, "/y") && check(file, "/z"));
        assert_eq!(Robots::parse(file.as_bytes()).sitemaps(), ["/s.xml"]);
        assert!(
            check("User-agent: *\nDisallow: /\nUser-agent: offprint\nDisallow:", "/x"),
            "an empty rule forbids nothing"
        );
    }

    #[test]
    fn noise_is_ignored() {
        let file = "\u{feff}# hello\r\nUSER-AGENT : * # all\r\nnonsense\r\nCrawl-delay: 5\r\nDisallow:/x#y\rAllow\n";
        assert!(!check(file, "/x") && check(file, "/y"));
        assert!(check("", "/") && check("Disallow: /", "/"), "rules before any group are nobody's");
        assert!(check("User-agent: *\nDisallow: /\n", "/robots.txt"));
        assert!(Robots::parse(&[0xff, 0xfe, 0x00, b'\n', 0xc3]).allows("/"));
    }

    #[test]
    fn text_beyond_the_limit_is_not_read() {
        let file = format!("user-agent: *\n{}\ndisallow: /\n", "#".repeat(READ));
        assert!(check(&file, "/"));
    }

    /// The rule of section 2.2.3 spelled out letter by letter.
    fn matches_slowly(pattern: &[u8], path: &[u8]) -> bool {
        match (pattern, path) {
            ([], _) | (b"$", []) => true,
            ([b'*', pattern @ ..], _) => (0..=path.len()).any(|at| matches_slowly(pattern, &path[at..])),
            ([letter, pattern @ ..], [first, path @ ..]) => letter == first && matches_slowly(pattern, path),
            (_, []) => false,
        }
    }

    proptest::proptest! {
        #[test]
        fn patterns_match_as_the_rule_says(pattern in "/[ab*]{0,8}[$]?", path in "/[ab]{0,8}") {
            let slowly = matches_slowly(pattern.as_bytes(), path.as_bytes());
            proptest::prop_assert_eq!(matches(&pattern, &path), slowly, "{} {}", pattern, path);
        }

        #[test]
        fn any_bytes_are_read(file: Vec<u8>, path in "/.{0,40}") {
            Robots::parse(&file).allows(&path);
            Robots::parse(&[b"user-agent: *\ndisallow: ", &file[..]].concat()).allows(&path);
        }

        #[test]
        fn a_path_has_one_spelling(path in "/[a-z%\u{e9}~ 0-9A-F]{0,20}") {
            let once = normal(&path).into_owned();
            proptest::prop_assert_eq!(normal(&once), once.as_str());
        }
    }

    #[test]
    fn many_wildcards_take_no_time() {
        let file = format!("user-agent: *\ndisallow: /{}b$\n", "a*".repeat(2000));
        assert!(check(&file, &format!("/{}", "a".repeat(8000))));
    }
}
