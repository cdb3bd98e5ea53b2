//! The entries of a report's lists.

use serde::{Deserialize, Serialize};

use crate::model::digest::Digest;
use crate::model::failure::Reason;
use crate::model::named::named;

/// An image whose bytes changed at its origin. Both versions are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChangedImage {
    /// Its URL.
    pub url: String,
    /// The SHA-256 it had.
    pub old: Digest,
    /// The SHA-256 it has now.
    pub new: Digest,
    /// Articles that show it.
    pub articles: Vec<String>,
}

/// A URL without a good capture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FailedUrl {
    /// The URL.
    pub url: String,
    /// Articles that show it.
    pub articles: Vec<String>,
    /// Why.
    pub reason: Reason,
    /// What happened, in one sentence for a person, with the way out.
    pub detail: String,
    /// The status, where one came.
    pub status: Option<u16>,
    /// Attempts without a good capture so far.
    pub attempts: u32,
    /// When it is tried again; `None` for never.
    pub next_attempt: Option<String>,
}

/// A thumbnail that cannot be made of an image that is kept. Articles show the image itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FailedThumbnail {
    /// The SHA-256 of the image.
    pub image: Digest,
    /// An address that gave it; `None` where none did.
    pub url: Option<String>,
    /// The name of the size.
    pub name: String,
    /// Why, in one sentence for a person.
    pub detail: String,
}

named! {
    /// Why a report lists a problem. This list is closed: what reads reports relies on it.
    pub enum ProblemReason {
        /// The article cannot be read.
        Unreadable = "unreadable",
        /// A folder of the source cannot be read. What is on record of it stays.
        UnreadableFolder = "unreadable_folder",
        /// An address that the source names cannot be read. Others of it can, and what is on record of it stays.
        UnreadAddress = "unread_address",
        /// The article is larger than `rewrite.max_article`.
        TooLarge = "too_large",
        /// Reading the article's markup takes more memory than there is for articles.
        TooMuchMarkup = "too_much_markup",
        /// The article holds links into an archive, and this one has no record of what they replaced.
        UntracedLinks = "untraced_links",
        /// The original of the article is damaged or missing in the archive.
        DamagedOriginal = "damaged_original",
        /// In place, the article was changed during the run. The next one mirrors it.
        ChangedDuringRun = "changed_during_run",
        /// The disk does not distinguish the article's name from that of another article, or two sources write both into one
        /// folder.
        NameCollision = "name_collision",
        /// The place of the article's mirror holds a file that offprint did not write.
        PlaceTaken = "place_taken",
        /// The mirror of the article cannot be written, or its original not be kept.
        NotWritten = "not_written",
        /// Something else lies in the archive where an image, a thumbnail or other bytes belong.
        Misplaced = "misplaced",
        /// Images have no thumbnails for a reason that is none of theirs: no process that decodes can be had.
        NotDecoded = "not_decoded",
        /// In place, the article belongs to another user since its mirror was written.
        OtherOwner = "other_owner",
        /// Images of the article stay remote, because a link there would change how the text around it is read.
        StaysRemote = "stays_remote",
        /// Drawings of the article stay remote where it opens them: they could run scripts as a part of the site.
        ActiveDrawing = "active_drawing",
        /// The article has more references than one article may have. The others stay unchanged.
        TooManyReferences = "too_many_references",
        /// The page of a feed's entry gives no full text. What the feed itself says is the body of its post.
        NoFullText = "no_full_text",
        /// More than half of a source's articles are gone from it at once.
        GoneInBulk = "gone_in_bulk",
        /// The copy of the catalog cannot be made.
        CatalogCopy = "catalog_copy",
        /// The index of texts cannot be written, or an article not be put into it. The next run tries again.
        SearchIndex = "search_index",
        /// The index of texts could not be used. The run made it anew.
        IndexMadeAnew = "index_made_anew",
        /// A row of the catalog cannot be read.
        DamagedCatalog = "damaged_catalog",
        /// The catalog is older than the archive around it: it does not know what mirrors, reports or its own copies show.
        OlderCatalog = "older_catalog",
        /// Any other. Reports of earlier versions name no reason, and so have this one.
        Other = "other",
    }
}

impl ProblemReason {
    /// Whether the article was neither recorded nor mirrored because of it, so that `articles.failed` counts it.
    pub const fn fails_article(self) -> bool {
        match self {
            Self::Unreadable
            | Self::TooLarge
            | Self::TooMuchMarkup
            | Self::UntracedLinks
            | Self::DamagedOriginal
            | Self::ChangedDuringRun
            | Self::NameCollision
            | Self::PlaceTaken
            | Self::NotWritten => true,
            Self::UnreadableFolder
            | Self::UnreadAddress
            | Self::StaysRemote
            | Self::ActiveDrawing
            | Self::Misplaced
            | Self::NotDecoded
            | Self::OtherOwner
            | Self::TooManyReferences
            | Self::NoFullText
            | Self::GoneInBulk
            | Self::CatalogCopy
            | Self::SearchIndex
            | Self::IndexMadeAnew
            | Self::DamagedCatalog
            | Self::OlderCatalog
            | Self::Other => false,
        }
    }

    /// Whether the run put it right itself.
    pub const fn is_put_right(self) -> bool {
        matches!(self, Self::IndexMadeAnew)
    }

    const fn other() -> Self {
        Self::Other
    }
}

/// What could not be read or written, or needs attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Problem {
    /// The article, as `SOURCE/PATH` or by its file; or what else has the problem, such as a source.
    pub article: String,
    /// Why.
    #[serde(default = "ProblemReason::other")]
    pub reason: ProblemReason,
    /// The same as a sentence for a person, with the way out.
    pub message: String,
}

named! {
    /// Why something is not read as an article. This list is closed: what reads reports relies on it.
    pub enum SkippedReason {
        /// No glob of the source includes it.
        NotIncluded = "not_included",
        /// A glob of the source excludes it.
        Excluded = "excluded",
        /// Its name begins with a dot, or that of a folder that it lies in.
        Hidden = "hidden",
        /// It lies in the archive or in the output of a source.
        OffLimits = "off_limits",
        /// It is a link that leads out of the source.
        LeadsOut = "leads_out",
        /// It is a link to a folder.
        LinkToFolder = "link_to_folder",
        /// It is a link, where a mirror in place would replace it.
        LinkInPlace = "link_in_place",
        /// It is a link to nothing.
        Dangling = "dangling",
        /// It was taken down by `offprint forget`.
        TakenDown = "taken_down",
        /// It is neither a file nor a folder nor a link.
        Special = "special",
        /// Any other. Reports of earlier versions name no reason, and so have this one.
        Other = "other",
    }
}

impl SkippedReason {
    const fn other() -> Self {
        Self::Other
    }
}

/// What looks like an article and is not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SkippedFile {
    /// Its source and its path there.
    pub article: String,
    /// Why.
    #[serde(default = "SkippedReason::other")]
    pub reason: SkippedReason,
    /// The same as a sentence for a person.
    pub message: String,
}
