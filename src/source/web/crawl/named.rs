//! What became of what a source names itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use url::Url;

use crate::locks::Mutex;
use crate::model::{Failure, HostKey};
use crate::source::error::SourceError;
use crate::source::listing::Entry;

/// What became of what the source itself names: its pages, its sitemaps, the lines of its list.
#[derive(Default)]
pub(super) struct Named {
    is_any_read: AtomicBool,
    failed: Mutex<Vec<SourceError>>,
    /// Hosts that are not asked any more in this run, with the first address that waits for the next one, why, and how
    /// many do.
    put_off: Mutex<BTreeMap<HostKey, (Url, Failure, u64)>>,
}

impl Named {
    /// Something of it was read.
    pub(super) fn read(&self) {
        self.is_any_read.store(true, Ordering::Relaxed);
    }

    /// A part of it was not.
    pub(super) fn failed(&self, error: SourceError) {
        self.failed.lock().push(error);
    }

    /// An address waits for the next run, because its host is not asked any more in this one.
    pub(super) fn put_off(&self, url: &Url, failure: Failure) {
        let Some(host) = HostKey::of(url) else { return };
        self.put_off.lock().entry(host).or_insert_with(|| (url.clone(), failure, 0)).2 += 1;
    }

    /// The addresses that wait for the next run: of each host the first, why it waits, and what else does.
    pub(super) fn waiting(&self) -> Vec<(Url, Failure, String)> {
        let put_off = self.put_off.take().into_iter();
        let waiting = put_off.map(|(host, (url, failure, count))| {
            let addresses = if count == 1 { "1 address".to_owned() } else { format!("{count} addresses") };
            let detail = format!("{}; {addresses} of {host} wait for the next run", failure.detail);
            (url, failure, detail)
        });
        waiting.collect()
    }

    /// What there is to say: the source cannot be read where nothing of it was, and otherwise these addresses cannot.
    pub(super) fn into_entries(self) -> impl Iterator<Item = Entry> {
        let is_any_read = self.is_any_read.into_inner();
        let entry = move |error| if is_any_read { Entry::Unread(error) } else { Entry::Unreadable(error) };
        self.failed.into_inner().into_iter().map(entry)
    }
}
