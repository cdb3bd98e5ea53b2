//! Makes what several threads wrote durable by one call of the system.
//!
//! Each call for one file waits for the disk and commits the journal of its file system. Where several threads wait, one
//! call for all of the disk serves them.

use std::fs::{File, Metadata};
use std::io;
use std::sync::{Arc, Condvar, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::folder::Folder;
use crate::locks::{Mutex, MutexGuard};

/// The fewest threads that one call for all of the disk serves.
const FEWEST: usize = 4;

/// A call for all of the disk that takes longer saves what other programs write, too.
const LONG: Duration = Duration::from_millis(500);

/// For how long each file is then saved by a call of its own.
const ALONE: Duration = Duration::from_secs(30);

/// How those who wait are saved: by the call of one of them, or each by their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Saved {
    Together,
    Alone,
}

/// Where threads wait for the disk of a folder.
#[derive(Debug)]
pub(super) struct GroupSync {
    root: Arc<Folder>,
    /// The device whose files one call can save; `None` where none can.
    device: Option<u64>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Those who wait for the next call. What they wrote before is saved by it.
    next: Arc<OnceLock<Saved>>,
    waiting: usize,
    /// Whether a call is being made. What is written meanwhile may not be saved by it.
    is_saving: bool,
    /// Until when each file is saved alone.
    alone_until: Option<Instant>,
}

impl GroupSync {
    /// For what is written below a folder.
    pub(super) fn new(root: Arc<Folder>) -> Self {
        let device = root.device_saved_whole();
        Self { root, device, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Makes the bytes of a file durable, which may be staged elsewhere. What is `found` is what is known of it.
    pub(super) fn sync_file(&self, file: &File, found: &Metadata) -> io::Result<()> {
        self.save(found, || file.sync_all())
    }

    /// Makes the names in a folder durable, where the file system can do that. What is `found` is the folder, or a file in
    /// it.
    pub(super) fn sync_names(&self, folder: &Folder, found: &Metadata) -> io::Result<()> {
        self.save(found, || folder.sync())
    }

    /// Makes a file or a folder durable that `found` is known of. `alone` does it for this one, and is called where no call
    /// for all of the disk succeeded: its error is the one that counts.
    fn save(&self, found: &Metadata, alone: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if self.device != Some(device(found)) {
            return alone();
        }
        match self.wait() {
            Ok(Saved::Together) => Ok(()),
            Ok(Saved::Alone) => alone(),
            Err(leader) => leader.save(alone),
        }
    }

    /// Waits for a call that begins from now on; `Err` where this thread is the one that makes it. Nobody begins to wait
    /// while each is saved alone.
    fn wait(&self) -> Result<Saved, Leader<'_>> {
        let mut state = self.state.lock();
        if state.is_each_alone() {
            return Ok(Saved::Alone);
        }
        let round = Arc::clone(&state.next);
        state.waiting += 1;
        while state.is_saving || round.get().is_some() {
            if let Some(saved) = round.get() {
                return Ok(*saved);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Err(Leader::new(self, &mut state))
    }
}

impl State {
    /// Whether a call for all took long, a short while ago.
    fn is_each_alone(&self) -> bool {
        self.alone_until.is_some_and(|until| until > Instant::now())
    }
}

/// The thread that makes the call for all who wait.
struct Leader<'a> {
    group: &'a GroupSync,
    round: Arc<OnceLock<Saved>>,
    together: bool,
}

impl<'a> Leader<'a> {
    fn new(group: &'a GroupSync, state: &mut MutexGuard<'_, State>) -> Self {
        state.is_saving = true;
        let waiting = std::mem::take(&mut state.waiting);
        // Who began to wait before a slow call ended does not make another.
        let together = waiting >= FEWEST && !state.is_each_alone();
        Self { group, round: std::mem::take(&mut state.next), together }
    }

    fn save(self, alone: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let begun = Instant::now();
        let together = self.together && self.group.root.save_disk().is_ok();
        let took = begun.elapsed();
        // Also where all of the disk was saved: a file system that failed meanwhile, or can only be read from now on, says so
        // to a call for one file. Whoever comes meanwhile waits, so that the next call serves them together.
        let saved = alone();
        match (together, &saved) {
            (true, Ok(())) => self.end(Saved::Together, took),
            _ => self.end(Saved::Alone, Duration::ZERO),
        }
        saved
    }

    fn end(self, saved: Saved, took: Duration) {
        let _ = self.round.set(saved);
        if took > LONG {
            self.group.state.lock().alone_until = Some(Instant::now() + ALONE);
        }
    }
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        // Where the call panicked, each of the others makes its own.
        let _ = self.round.set(Saved::Alone);
        self.group.state.lock().is_saving = false;
        self.group.changed.notify_all();
    }
}

#[cfg(unix)]
fn device(found: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::dev(found)
}

/// No disk is saved by one call there.
#[cfg(not(unix))]
fn device(_found: &Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::thread::scope;

    use super::*;
    use crate::archive::files::Links;

    /// A folder on a disk that can be saved by one call, as far as the group knows, and what is known of it.
    fn on_disk() -> (tempfile::TempDir, Metadata, GroupSync) {
        let place = tempfile::tempdir().unwrap();
        let root = Folder::open(place.path(), Links::Refused).unwrap();
        let found = root.metadata().unwrap();
        (place, found.clone(), GroupSync { device: Some(device(&found)), ..GroupSync::new(Arc::new(root)) })
    }

    /// Lets `others` threads wait while the first one saves; gives how many were saved alone.
    fn saved_alone(group: &GroupSync, found: &Metadata, others: usize) -> usize {
        saved_after(group, found, others, || ())
    }

    /// The same, with what happens before the first one has saved.
    fn saved_after(group: &GroupSync, found: &Metadata, others: usize, happens: impl FnOnce()) -> usize {
        let alone = AtomicUsize::new(0);
        let count = || -> io::Result<()> {
            alone.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        scope(|scope| {
            let (goes_on, wait) = mpsc::channel();
            let first = scope.spawn(move || group.save(found, || wait.recv().map_err(io::Error::other)));
            while !group.state.lock().is_saving {
                std::thread::yield_now();
            }
            for _ in 0..others {
                scope.spawn(move || group.save(found, count).unwrap());
            }
            while group.state.lock().waiting < others {
                std::thread::yield_now();
            }
            happens();
            goes_on.send(()).unwrap();
            first.join().unwrap().unwrap();
        });
        alone.into_inner()
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn many_who_wait_are_saved_by_one_call_and_few_each_by_their_own() {
        let (_place, found, group) = on_disk();
        for (others, alone) in [(1, 1), (FEWEST - 1, FEWEST - 1), (FEWEST, 1), (40, 1)] {
            assert_eq!(saved_alone(&group, &found, others), alone, "{others} wait");
            // Others may write to this disk, too.
            group.state.lock().alone_until = None;
        }
    }

    #[test]
    fn for_a_while_after_a_call_for_all_took_long_each_is_saved_by_its_own() {
        let (_place, found, group) = on_disk();
        group.state.lock().alone_until = Some(Instant::now() + ALONE);
        let mut alone = 0;
        for _ in 0..9 {
            let saved = group.save(&found, || {
                assert!(!group.state.lock().is_saving && group.state.lock().waiting == 0, "nobody waits for it");
                alone += 1;
                Ok(())
            });
            saved.unwrap();
        }
        assert_eq!(alone, 9);
        group.state.lock().alone_until = None;
        let slow = || group.state.lock().alone_until = Some(Instant::now() + ALONE);
        assert_eq!(saved_after(&group, &found, 9, slow), 9, "nor where they wait already");
        let begun = Instant::now();
        let leader = Leader::new(&group, &mut group.state.lock());
        leader.end(Saved::Together, LONG * 2);
        assert!(group.state.lock().alone_until.is_some_and(|until| until >= begun + ALONE));
        let leader = Leader::new(&group, &mut group.state.lock());
        leader.end(Saved::Alone, Duration::ZERO);
        assert!(group.state.lock().alone_until.is_some(), "a call for one says nothing of the disk");
    }

    #[test]
    fn what_is_on_another_disk_is_saved_alone_and_its_error_is_given() {
        let (_place, found, group) = on_disk();
        let refused = || Err(io::Error::other("worn out"));
        for device in [None, group.device.map(|device| device + 1)] {
            let group = GroupSync { device, ..GroupSync::new(Arc::clone(&group.root)) };
            assert_eq!(group.save(&found, refused).unwrap_err().to_string(), "worn out");
            assert!(!group.state.lock().is_saving && group.state.lock().waiting == 0, "nobody waits for it");
        }
        assert_eq!(group.save(&found, refused).unwrap_err().to_string(), "worn out");
        assert!(group.save(&found, || Ok(())).is_ok(), "who comes later is not held up");
    }

    /// Where the call for one panics, those who wait make their own.
    #[test]
    fn a_call_that_panics_holds_nobody_up() {
        let (_place, found, group) = on_disk();
        scope(|scope| {
            let (goes_on, wait) = mpsc::channel::<()>();
            let (group, found) = (&group, &found);
            let first =
                scope.spawn(move || group.save(found, || wait.recv().map_err(io::Error::other).map(|()| panic!())));
            while !group.state.lock().is_saving {
                std::thread::yield_now();
            }
            let second = scope.spawn(move || group.save(found, || Ok(())));
            while group.state.lock().waiting < 1 {
                std::thread::yield_now();
            }
            goes_on.send(()).unwrap();
            assert!(first.join().is_err() && second.join().unwrap().is_ok());
        });
    }

    #[test]
    fn files_and_names_are_saved_where_they_are() {
        let (place, _, group) = on_disk();
        std::fs::write(place.path().join("file"), "bytes").unwrap();
        let file = File::open(place.path().join("file")).unwrap();
        group.sync_file(&file, &file.metadata().unwrap()).unwrap();
        group.sync_names(&group.root, &file.metadata().unwrap()).unwrap();
        let elsewhere = tempfile::tempfile_in("/dev/shm").or_else(|_| tempfile::tempfile()).unwrap();
        group.sync_file(&elsewhere, &elsewhere.metadata().unwrap()).unwrap();
    }
}
