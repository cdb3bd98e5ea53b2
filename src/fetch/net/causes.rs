//! The chain of causes of an error.

use std::error::Error;

/// An error with everything that caused it, innermost last.
pub(crate) fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| inner(*error))
}

/// An `io::Error` hides the error it wraps: its own source is that error's source.
fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| error.source())
}

/// An error and its innermost cause as one text: what stands between names the parts of libraries.
pub(crate) fn whole_message(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (**cause).source());
    match causes.last().map(ToString::to_string).filter(|cause| !cause.is_empty()) {
        Some(cause) if cause != error.to_string() => format!("{error}: {cause}"),
        _ => error.to_string(),
    }
}
