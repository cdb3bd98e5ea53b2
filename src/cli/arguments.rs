//! What can be asked for.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgAction, Args, ColorChoice, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use url::Url;

use crate::config::Size;
use crate::model::Format;
use crate::verify::Subset;

/// Keeps articles whole: finds every image they show, keeps the bytes for good, and gives back the same articles with
/// every picture local.
#[derive(Debug, Parser)]
#[command(name = "offprint", version, after_help = AFTER, styles = STYLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const STYLES: clap::builder::Styles = clap::builder::Styles::styled();

const AFTER: &str = "\
Start with:
  offprint demo                a small newsroom on this machine, mirrored for real and shown
  offprint mirror my-posts/    mirror a folder of posts into ./store
  offprint run                 mirror every source of config.toml (every night)

Exit status:
  0 done   1 could not run   2 wrong arguments or settings   3 done, but references are newly missing
  4 damage found   75 another run holds the archive   130 interrupted (the archive is consistent)";

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Settings file [default: config.toml, where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The archive's folder, instead of the one in the settings
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// Print the result as JSON on standard output, and nothing else there
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print everything there is, and the steps of a run; -vv prints each request, too
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Colour
    #[arg(long, global = true, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub(crate) color: ColorChoice,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Mirror every source in the settings (the nightly job)
    ///
    /// Reads the articles that are new or changed, fetches the images they show that are not kept yet, makes
    /// thumbnails, and writes the mirror. What did not change costs no request and no write. What failed is tried
    /// again on a schedule. Under cron it prints one line, or nothing with -q.
    Run {
        /// Tell what would be fetched and written, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Mirror just these files or folders, with the same settings
    Mirror {
        /// Files or folders of posts
        #[arg(required = true, value_name = "PATH")]
        places: Vec<PathBuf>,
        /// Tell what would be fetched and written, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// A small newsroom on this machine, mirrored for real, then shown
    ///
    /// Starts an origin server on loopback with posts whose images are duplicated, redirected, slow, missing or
    /// flaky; mirrors them into the archive with the settings; tells what happened; and serves the mirror until
    /// Ctrl-C.
    Demo {
        /// End after the report instead of serving the mirror
        #[arg(long)]
        once: bool,
        /// Where to serve the mirror; port 0 takes any that is free
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
        address: SocketAddr,
    },
    /// List the references of one article, with their spans (no network, no archive)
    Extract(ExtractArguments),
    /// What the archive holds, the last runs, what is missing and why
    Status {
        /// Every capture of this URL, or every version of this article (SOURCE/PATH, its file or its mirror)
        #[arg(long, value_name = "URL|ARTICLE")]
        history: Option<String>,
        /// Families of pictures that look alike, and the best copy of images that are gone; nothing is changed
        #[arg(long, conflicts_with = "history")]
        similar: bool,
    },
    /// Prove that the mirror needs no network, and list what is still remote
    ///
    /// Reads every mirrored article: each local link must lead to a file, and each image that is still remote is
    /// listed. Exit status 3 where something is remote, 4 where a link leads nowhere.
    Check,
    /// Re-hash what is kept, check the archive's structure, and heal what is damaged
    ///
    /// Every blob and thumbnail is hashed, every record followed to its file, every mirrored article compared with its
    /// original and its links followed. Exit status 4 where damage is found. May go on beside a run.
    Verify(VerifyArguments),
    /// Remove what nothing refers to, after the grace period of the settings
    ///
    /// What a version of an article or a good capture of a URL refers to always stays.
    Gc {
        /// List what would be removed, and remove nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// The original article, bit for bit
    Restore(RestoreArguments),
    /// Completions for a shell, on standard output
    Completions {
        /// The shell
        shell: Shell,
    },
    /// The manual page, on standard output
    Man,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// Only the n-th of t shares, so that t nights together cover everything
    #[arg(long, value_name = "N/T", default_value_t = Subset::ALL)]
    pub(crate) subset: Subset,
    /// Read at most this many bytes a second, such as "20 MiB"
    #[arg(long, value_name = "SIZE")]
    pub(crate) rate: Option<Size>,
    /// Heal what is damaged from its origin, with identical bytes only; make again what is derived; put aside the rest
    #[arg(long)]
    pub(crate) repair: bool,
}

/// Arguments of `extract`.
#[derive(Debug, Args)]
pub(crate) struct ExtractArguments {
    /// The article; - reads standard input
    #[arg(value_name = "FILE|-")]
    pub(crate) file: PathBuf,
    /// How the article is written
    #[arg(long = "as", value_name = "FORMAT", default_value = "auto")]
    pub(crate) format: FormatArgument,
    /// What relative addresses are relative to
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<Url>,
}

/// How an article is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum FormatArgument {
    /// By its name, or else by its content
    Auto,
    /// Markdown with front matter
    Markdown,
    /// Markdown with JSX
    Mdx,
    /// HTML
    Html,
    /// HTML by XML's rules
    Xhtml,
    /// A style sheet
    Css,
}

impl FormatArgument {
    pub(crate) fn forced(self) -> Option<Format> {
        match self {
            Self::Auto => None,
            Self::Markdown => Some(Format::Markdown),
            Self::Mdx => Some(Format::Mdx),
            Self::Html => Some(Format::Html),
            Self::Xhtml => Some(Format::Xhtml),
            Self::Css => Some(Format::Css),
        }
    }
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// Articles: SOURCE/PATH as reports name them, a mirrored file, or the file itself
    #[arg(required = true, value_name = "ARTICLE")]
    pub(crate) articles: Vec<PathBuf>,
    /// Write below this folder instead of to standard output
    #[arg(long, value_name = "DIR", conflicts_with = "in_place")]
    pub(crate) to: Option<PathBuf>,
    /// Write over the articles themselves: undoes a mirror in place
    #[arg(long)]
    pub(crate) in_place: bool,
}
