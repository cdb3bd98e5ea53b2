//! What happens to the feeds: the script of the simulation.

use fastrand::Rng;

use super::feed::{Dialect, Entry, Feed, Health, Identity};

/// Titles, with what a post of that title is called. Many entries share one.
const TITLES: [(&str, &str); 12] = [
    ("李强调研上汽集团：牢牢把握战略主动权", "李强调研上汽集团：牢牢把握战略主动权"),
    ("Weather", "Weather"),
    ("weather", "weather"),
    ("今日头条", "今日头条"),
    ("CON", "CON_"),
    ("it's so", "it's so"),
    ("a/b: c?", "a_b_ c_"),
    ("Ends in a dot.", "Ends in a dot"),
    ("  two   blanks ", "two blanks"),
    ("..", "untitled"),
    ("e\u{301}tude", "\u{e9}tude"),
    ("Плохая погода", "Плохая погода"),
];
/// Images that entries share.
pub(super) const IMAGES: u64 = 40;
/// How an address answers that a feed has moved away from.
const MOVED: [u16; 4] = [301, 308, 302, 307];

/// Who writes the feeds.
#[derive(Debug)]
pub(super) struct Publisher {
    pub(super) feeds: Vec<Feed>,
    day: i64,
    rng: Rng,
}

/// What a post of this title is called, where it is the first of its name.
pub(super) fn stem(title: &str) -> String {
    let known = TITLES.iter().find(|(known, _)| *known == title).map(|(_, stem)| (*stem).to_owned());
    // Names are cut so that file systems take them: the long title is 110 characters of three bytes each.
    known.unwrap_or_else(|| title.chars().take(76).collect())
}

impl Publisher {
    pub(super) fn new(count: usize, seed: u64) -> Self {
        let mut publisher = Self { feeds: Vec::new(), day: 0, rng: Rng::with_seed(seed) };
        for number in 0..count {
            let dialect = [Dialect::Rss, Dialect::Rss, Dialect::Atom, Dialect::Json][number % 4];
            let mut feed = Feed {
                number,
                dialect,
                health: Health::Fine,
                path: format!("/f/{number}"),
                moved: Vec::new(),
                next: 0,
                entries: Vec::new(),
                withdrawn: Vec::new(),
                dropped: Vec::new(),
                changes: 0,
            };
            for _ in 0..publisher.rng.usize(1..8) {
                publisher.write(&mut feed);
            }
            publisher.feeds.push(feed);
        }
        publisher
    }

    /// A day of news, faults and removals.
    pub(super) fn happen(&mut self) {
        self.day += 1;
        for mut feed in std::mem::take(&mut self.feeds) {
            if feed.health != Health::Gone {
                self.edit(&mut feed);
                self.go_wrong(&mut feed);
            }
            self.feeds.push(feed);
        }
    }

    /// What can be mended is.
    pub(super) fn mend(&mut self) {
        self.day += 1;
        for feed in self.feeds.iter_mut().filter(|feed| feed.health != Health::Gone) {
            feed.health = Health::Fine;
            feed.changes += 1;
        }
    }

    fn happens(&mut self, percent: u8) -> bool {
        self.rng.u8(0..100) < percent
    }

    fn title(&mut self) -> String {
        match self.rng.usize(0..=TITLES.len()) {
            at if at < TITLES.len() => TITLES[at].0.to_owned(),
            _ => "长".repeat(110),
        }
    }

    fn text(&mut self) -> String {
        let more = ["", "{{ page.title }}", "{% raw %} {}", "& <b>bold</b>"][self.rng.usize(0..4)];
        format!("Day {}, {} {more}", self.day, self.rng.u32(..))
    }

    fn write(&mut self, feed: &mut Feed) {
        let is_plain = feed.dialect != Dialect::Rss;
        let identity = match feed.next % 9 {
            5 if !is_plain => Identity::Link,
            7 if !is_plain => Identity::Nothing,
            _ => Identity::Guid,
        };
        let entry = Entry {
            number: feed.next,
            identity,
            title: self.title(),
            text: self.text(),
            day: self.day,
            image: self.rng.u64(0..IMAGES),
            is_twice: false,
        };
        feed.next += 1;
        feed.entries.push(entry);
        sort(feed);
    }

    fn edit(&mut self, feed: &mut Feed) {
        for percent in [40, 15] {
            if self.happens(percent) {
                self.write(feed);
            }
        }
        if !feed.entries.is_empty() {
            self.edit_one(feed);
        }
        if self.happens(4) && !feed.withdrawn.is_empty() {
            let back = feed.withdrawn.remove(0);
            feed.entries.push(back);
        }
        if self.happens(4) && !feed.dropped.is_empty() {
            let back = feed.dropped.remove(0);
            feed.entries.push(back);
        }
        sort(feed);
        feed.changes += 1;
    }

    fn edit_one(&mut self, feed: &mut Feed) {
        let at = self.rng.usize(0..feed.entries.len());
        let title = self.title();
        let (text, image) = (self.text(), self.rng.u64(0..IMAGES));
        let entry = &mut feed.entries[at];
        match self.rng.u8(0..100) {
            0..15 => (entry.text, entry.image) = (text, image),
            15..22 => entry.title = title,
            22..30 => entry.day = self.day - i64::from(self.rng.u8(0..5)),
            30..36 => entry.is_twice = !entry.is_twice,
            // Back to what it once said.
            36..40 => "the same words".clone_into(&mut entry.text),
            40..45 if feed.dialect == Dialect::Atom => {
                let gone = feed.entries.remove(at);
                feed.withdrawn.push(gone);
            }
            40..46 => {
                let gone = feed.entries.remove(at);
                feed.dropped.push(gone);
            }
            _ => {}
        }
    }

    fn go_wrong(&mut self, feed: &mut Feed) {
        if feed.health != Health::Fine && self.happens(50) {
            feed.health = Health::Fine;
        } else if self.happens(7) {
            const FAULTS: [Health; 9] = [
                Health::Status(500),
                Health::Status(502),
                Health::Status(404),
                Health::Status(403),
                Health::Page,
                Health::PageOfFeed,
                Health::OtherXml,
                Health::Cut,
                Health::Reset,
            ];
            feed.health = FAULTS[self.rng.usize(0..FAULTS.len())];
        } else if self.happens(1) {
            feed.health = Health::Gone;
        } else if self.happens(3) {
            let status = MOVED[self.rng.usize(0..MOVED.len())];
            let to = format!("/moved/{}/{}", feed.number, feed.moved.len());
            feed.moved.push((std::mem::replace(&mut feed.path, to), status));
        }
    }
}

fn sort(feed: &mut Feed) {
    feed.entries.sort_by_key(|entry| std::cmp::Reverse(entry.date()));
}
