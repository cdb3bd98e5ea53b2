//! `strace` kills the program, or fails a call of it. It counts the calls of each thread, so the n-th call is that of the
//! first thread to come to it.

use std::process::{Command, Output};

use super::{counts, tree};
use crate::corpus::{needs, say};
use crate::sandbox::{Sandbox, is_thorough};

/// Runs the program with a fault injected; only in calls about these places, where some are named. Every call that is
/// looked at is written into the file `calls`.
pub(super) fn inject(sandbox: &Sandbox, arguments: &[&str], fault: &str, places: &[String]) -> Output {
    needs("strace");
    let program = sandbox.command(arguments);
    let mut strace = Command::new("strace");
    strace.args(["-qq", "-f", "-o"]).arg(sandbox.path("calls")).arg("-e").arg(format!("inject={fault}"));
    for place in places {
        strace.args(["-P", place]);
    }
    strace.arg(program.get_program()).args(program.get_args()).current_dir(sandbox.path(""));
    strace.output().unwrap()
}

/// A command that is killed at one call after another, each time over an archive that was `prepared` alike.
pub(super) struct Killed<'a> {
    pub(super) arguments: &'a [&'a str],
    /// How it ends when nothing disturbs it.
    pub(super) ends: &'a [i32],
    pub(super) prepared: &'a dyn Fn() -> Sandbox,
    /// What holds whenever it is killed, besides that nothing is damaged.
    pub(super) always: &'a dyn Fn(&Sandbox, &str),
    /// What holds once it was run again, besides that the archive is as after an undisturbed command.
    pub(super) finished: &'a dyn Fn(&Sandbox, &str),
}

impl Killed<'_> {
    /// Kills at the n-th of some calls, for growing n, until the command does not come to it. Whenever it is killed, nothing
    /// is damaged, and the same command finishes the work.
    pub(super) fn at(&self, calls: &str) {
        let undisturbed = (self.prepared)();
        let ran = undisturbed.run(self.arguments);
        assert!(self.ends.contains(&ran.status), "{ran:?}");
        (self.finished)(&undisturbed, "undisturbed");
        let (expected, mut killed) = (tree(&undisturbed), 0);
        // Such a command makes few calls: each of the first ones, or each third, and then each time twice as many.
        for count in
            (1..=16).step_by(if is_thorough() { 1 } else { 3 }).chain(counts().into_iter().filter(|count| *count > 16))
        {
            let sandbox = (self.prepared)();
            let when = format!("{calls}, call {count}");
            let ended = inject(&sandbox, self.arguments, &format!("{calls}:signal=SIGKILL:when={count}"), &[]);
            if ended.status.code().is_some_and(|code| self.ends.contains(&code)) {
                break;
            }
            killed += 1;
            is_verified(&sandbox, &when);
            (self.always)(&sandbox, &when);
            let again = sandbox.run(self.arguments);
            assert!(self.ends.contains(&again.status), "{when}: {again:?}");
            assert_eq!(tree(&sandbox), expected, "{when}");
            (self.finished)(&sandbox, &when);
            is_verified(&sandbox, &when);
        }
        say(&format!("{}: killed {killed} times at {calls}", self.arguments.join(" ")));
        assert!(killed > 0, "it came to no such call");
    }
}

/// Nothing is damaged; blobs on no record are allowed.
fn is_verified(sandbox: &Sandbox, when: &str) {
    let verified = sandbox.run(&["verify"]);
    assert_eq!(verified.status, 0, "{when}: {verified:?}");
}
