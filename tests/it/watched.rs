//! A process that is watched while it runs: the memory and the descriptors that it has.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::sandbox::Ran;

/// How a process went.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) ran: Ran,
    pub(crate) took: Duration,
    /// The most memory that it had, in MiB.
    pub(crate) peak: u64,
    /// The most descriptors that were seen.
    pub(crate) descriptors: usize,
}

/// Runs a command to its end, and watches it (`proc(5)`).
pub(crate) fn watch(mut command: Command) -> Watched {
    let (begin, own_name) = (Instant::now(), name_of("thread-self"));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program can be started");
    let process = child.id();
    let watching = std::thread::spawn(move || {
        let (mut peak, mut descriptors) = (0, 0);
        // A process that has ended, and is about to be waited for, has no memory.
        while let Some(now) = peak_of(process) {
            peak = peak.max(now);
            // Until it has a name of its own it may still have the descriptors of this process: execve(2) closes them
            // after it has let this process go on.
            if name_of(process) != own_name {
                descriptors = descriptors.max(fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count));
            }
            // A process that had hundreds of descriptors would be slowed down by those who count them more often.
            std::thread::sleep(Duration::from_millis(20));
        }
        (peak, descriptors)
    });
    let ran = Ran::of(&child.wait_with_output().expect("it ends"));
    let took = begin.elapsed();
    let (peak, descriptors) = watching.join().expect("watching does not panic");
    Watched { ran, took, peak, descriptors }
}

/// The name of a process or thread.
fn name_of(process: impl std::fmt::Display) -> Option<String> {
    fs::read_to_string(format!("/proc/{process}/comm")).ok()
}

/// The most memory that a process has had so far, in MiB.
pub(crate) fn peak_of(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib / 1024)
}
