//! The descriptors that this process may open.

use std::error::Error;

use super::causes::causes;

/// Taken where the system names no limit.
const PLENTY: u64 = 1 << 20;

/// How many descriptors requests may use: half of the limit, so that the catalog and the objects have the other half.
pub(crate) fn for_requests() -> usize {
    usize::try_from(soft_limit() / 2).unwrap_or(usize::MAX)
}

#[cfg(unix)]
fn soft_limit() -> u64 {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(PLENTY)
}

#[cfg(not(unix))]
const fn soft_limit() -> u64 {
    PLENTY
}

/// Whether an error says that no descriptor is left: a state of this process (`EMFILE`) or of the system (`ENFILE`), which
/// passes, and says nothing of the host.
pub(crate) fn are_exhausted(error: &(dyn Error + 'static)) -> bool {
    causes(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>()).any(is_exhaustion)
}

#[cfg(unix)]
fn is_exhaustion(error: &std::io::Error) -> bool {
    use rustix::io::Errno;
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

#[cfg(not(unix))]
const fn is_exhaustion(_: &std::io::Error) -> bool {
    false
}
