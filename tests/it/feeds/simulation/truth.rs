//! What an archive of the simulation must hold: kept by the script's own rules, without the program's code.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::feed::{Dialect, Entry, Feed, Health};
use super::publisher::stem;

/// A post, with all that it ever said.
#[derive(Debug, Clone, Default)]
pub(super) struct Post {
    pub(super) versions: Vec<String>,
    pub(super) is_withdrawn: bool,
}

/// How a feed is asked for.
#[derive(Debug, Clone, Default)]
struct Asking {
    /// Where it moved for good.
    moved_to: Option<String>,
    is_retired: bool,
}

/// What a night must bring.
#[derive(Debug, Default)]
pub(super) struct Night {
    pub(super) new: u64,
    pub(super) changed: u64,
    pub(super) vanished: u64,
    /// Posts with a new version.
    pub(super) touched: Vec<String>,
    /// The addresses that are asked for.
    pub(super) asked: BTreeSet<String>,
    /// The addresses of the feeds that cannot be read, as the settings name them.
    pub(super) failed: BTreeSet<String>,
}

/// The whole of it.
#[derive(Debug, Default)]
pub(super) struct Truth {
    pub(super) posts: BTreeMap<String, Post>,
    places: HashMap<(usize, String), String>,
    taken: HashSet<String>,
    asking: HashMap<usize, Asking>,
}

/// What asking for a feed comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Read,
    /// A page without a feed.
    Page,
    Failed,
}

impl Truth {
    pub(super) fn count(&self) -> usize {
        self.posts.len()
    }

    pub(super) fn version_count(&self) -> usize {
        self.posts.values().map(|post| post.versions.len()).sum()
    }

    /// Whether a feed is not asked for any more.
    pub(super) fn is_retired(&self, feed: &Feed) -> bool {
        self.asking.get(&feed.number).is_some_and(|asking| asking.is_retired)
    }

    /// A night in which these feeds are asked for.
    pub(super) fn night(&mut self, feeds: &[Feed], origin: &str) -> Night {
        let mut night = Night::default();
        for feed in feeds {
            if self.ask(feed, &mut night) {
                self.read(feed, origin, &mut night);
            }
        }
        night
    }

    /// Whether the feed is read.
    fn ask(&mut self, feed: &Feed, night: &mut Night) -> bool {
        let asking = self.asking.entry(feed.number).or_default();
        if asking.is_retired {
            return false;
        }
        let start = asking.moved_to.clone().unwrap_or_else(|| feed.first_path());
        let hops = feed.moved.iter().skip_while(|(path, _)| *path != start);
        let (paths, statuses): (Vec<_>, Vec<_>) = hops.cloned().unzip();
        night.asked.extend(paths);
        night.asked.insert(feed.path.clone());
        if feed.health == Health::PageOfFeed {
            night.asked.insert(alternate(feed));
        }
        let answer = answer(feed);
        if answer != Answer::Read {
            night.failed.insert(feed.first_path());
        }
        match answer {
            Answer::Read if !statuses.is_empty() && statuses.iter().all(|status| [301, 308].contains(status)) => {
                asking.moved_to = Some(feed.path.clone());
            }
            Answer::Failed => {
                asking.is_retired = feed.health == Health::Gone && asking.moved_to.is_none();
                asking.moved_to = None;
            }
            Answer::Read | Answer::Page => {}
        }
        answer == Answer::Read
    }

    fn read(&mut self, feed: &Feed, origin: &str, night: &mut Night) {
        let mut known = HashSet::new();
        for entry in feed.listed().into_iter().take(whole_entries(feed)) {
            if known.insert(entry.key()) {
                self.post(feed, &entry, origin, night);
            }
        }
        for entry in feed.withdrawn.iter().filter(|_| feed.dialect == Dialect::Atom) {
            let place = self.places.get(&(feed.number, entry.key()));
            let post = place.and_then(|place| self.posts.get_mut(place));
            if let Some(post) = post.filter(|post| !post.is_withdrawn) {
                post.is_withdrawn = true;
                night.vanished += 1;
            }
        }
    }

    fn post(&mut self, feed: &Feed, entry: &Entry, origin: &str, night: &mut Night) {
        let place = match self.places.get(&(feed.number, entry.key())) {
            Some(place) => place.clone(),
            None => self.place(feed, entry),
        };
        let text = text(feed, entry, origin);
        let post = self.posts.entry(place.clone()).or_default();
        post.is_withdrawn = false;
        if post.versions.last() == Some(&text) {
            return;
        }
        *(if post.versions.is_empty() { &mut night.new } else { &mut night.changed }) += 1;
        post.versions.push(text);
        night.touched.push(place);
    }

    /// A free name, for file systems without case as well.
    fn place(&mut self, feed: &Feed, entry: &Entry) -> String {
        let folder = feed.categories().join("/");
        let stem = stem(&entry.title);
        let names = std::iter::once(format!("{folder}/{stem}.md"))
            .chain((2..).map(|number| format!("{folder}/{stem} {number}.md")));
        let place = names.into_iter().find(|name| self.taken.insert(name.to_lowercase())).unwrap();
        self.places.insert((feed.number, entry.key()), place.clone());
        place
    }
}

/// The feed that the page of a feed names.
pub(super) fn alternate(feed: &Feed) -> String {
    format!("/alternate/{}", feed.number)
}

/// How many of the entries that a feed lists arrive whole.
pub(super) fn whole_entries(feed: &Feed) -> usize {
    let listed = feed.listed().len();
    if feed.health == Health::Cut && listed > 1 { listed / 2 } else { listed }
}

fn answer(feed: &Feed) -> Answer {
    match feed.health {
        Health::Fine | Health::PageOfFeed => Answer::Read,
        Health::Cut if feed.dialect != Dialect::Json => Answer::Read,
        Health::Page => Answer::Page,
        _ => Answer::Failed,
    }
}

/// The post in the seed's form.
fn text(feed: &Feed, entry: &Entry, origin: &str) -> String {
    let image = format!("{origin}/i/{}.png", entry.image);
    let title = entry.title.split_whitespace().collect::<Vec<_>>().join(" ").replace('\'', "''");
    let categories = feed.categories().map(|category| format!(" - {category}\n")).concat();
    let body = entry.body(origin).replace('{', "&#123;").replace('}', "&#125;");
    format!(
        "\n---\ntitle: '{title}'\ncategories: \n{categories}headimg: '{image}'\nauthor: 观察者\ncomments: false\n\
         date: {}\nthumbnail: '{image}'\n---\n\n<div>   \n{body}  \n</div>\n            ",
        entry.http_date()
    )
}
