//! How many files the process may have open.

/// Raises the soft limit to the hard one. The usual soft limit of 1024 is made for programs that wait with `select(2)`;
/// a run with many hosts needs more. If that fails, the fetcher opens fewer connections.
#[cfg(unix)]
pub(super) fn raise_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// There is no such limit here.
#[cfg(not(unix))]
pub(super) const fn raise_limit() {}
