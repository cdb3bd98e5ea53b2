//! Why an article is not read.

use super::super::article_memory::TooMuchMarkup;
use crate::archive::ReadError;
use crate::config::Size;
use crate::model::ProblemReason;

/// Why an article is not read, as reports say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::mirror) struct Unread {
    /// The reason.
    pub(in crate::mirror) reason: ProblemReason,
    /// The same as a sentence for a person, with the way out.
    pub(in crate::mirror) message: String,
}

impl Unread {
    /// A file that the system does not give.
    pub(super) fn file(cause: &std::io::Error) -> Self {
        Self { reason: ProblemReason::Unreadable, message: format!("cannot be read: {cause}") }
    }

    /// An article with a reference that would open an object of the archive.
    pub(in crate::mirror) fn opens_archive(at: usize) -> Self {
        let message = format!(
            "the address from byte {at} on would open a file of the archive in its mirror; \
             take it out of the article to have it mirrored"
        );
        Self { reason: ProblemReason::UntracedLinks, message }
    }

    /// An article that is larger than the settings allow.
    pub(super) fn too_large(size: Size) -> Self {
        let message = format!("it has {size}, more than rewrite.max_article allows; raise that to read it");
        Self { reason: ProblemReason::TooLarge, message }
    }

    /// A text with so many links into an archive that does not know what they replaced. One of `nobodys`, texts that belong to
    /// no article, may be its original.
    pub(super) fn untraced(links: usize, first: &str, nobodys: &[String]) -> Self {
        let candidates = match nobodys {
            [] => String::new(),
            some => format!("; of what the archive keeps, it may be one of {}", some.join(", ")),
        };
        let which = match links {
            1 => format!("a link into an archive, {first}"),
            _ => format!("{links} links into an archive, such as {first}"),
        };
        let message = format!(
            "it holds {which}, and this archive does not know what stood there; \
             run offprint with the archive that wrote them (`--store`), or put the original back{candidates}"
        );
        Self { reason: ProblemReason::UntracedLinks, message }
    }
}

impl From<TooMuchMarkup> for Unread {
    fn from(refused: TooMuchMarkup) -> Self {
        Self { reason: ProblemReason::TooMuchMarkup, message: refused.to_string() }
    }
}

impl From<ReadError> for Unread {
    fn from(error: ReadError) -> Self {
        Self { reason: ProblemReason::DamagedOriginal, message: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_sentence_with_the_way_out() {
        for (unread, reason, says) in [
            (Unread::file(&std::io::Error::other("no rights")), ProblemReason::Unreadable, "cannot be read: no rights"),
            (
                Unread::too_large(Size(3 << 20)),
                ProblemReason::TooLarge,
                "it has 3.0 MiB, more than rewrite.max_article",
            ),
            (
                Unread::untraced(2, "../blobs/x", &[]),
                ProblemReason::UntracedLinks,
                "2 links into an archive, such as ../blobs/x",
            ),
        ] {
            assert_eq!(unread.reason, reason);
            assert!(unread.message.contains(says) && reason.fails_article(), "{}", unread.message);
        }
        assert!(Unread::untraced(1, "x", &[]).message.contains("holds a link into"));
        assert!(
            Unread::untraced(1, "x", &["blobs/y".to_owned()])
                .message
                .ends_with("`--store`), or put the original back; of what the archive keeps, it may be one of blobs/y")
        );
    }
}
