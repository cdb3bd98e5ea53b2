//! The command line: commands, their arguments and their help.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgAction, Args, ColorChoice, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use url::Url;

use crate::config::Size;
use crate::mirror::Retry;
use crate::model::Format;
use crate::verify::Subset;

/// Keep articles whole: find every image they show, keep the bytes for good, and write the same articles with every
/// image local.
#[derive(Debug, Parser)]
#[command(name = "offprint", version, after_help = AFTER, styles = STYLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The command of the processes that decode. The program itself starts them.
pub(crate) const DECODE: &str = "decode";

const STYLES: clap::builder::Styles = clap::builder::Styles::styled();

const AFTER: &str = "\
Start with:
  offprint demo                mirror a small news site on this machine, and show the result
  offprint mirror my-posts/    mirror a folder of posts into ./store
  offprint run                 mirror every source in the settings (every night)

Exit status:
  0 done
  1 could not run, or a source could not be read
  2 wrong arguments or settings
  3 done, but images are newly missing or work was left; check: images are still remote
  4 damage found; check: a local link leads nowhere
  75 another run holds the archive
  130 interrupted (the archive is consistent)

Environment:
  OFFPRINT_CONFIG, OFFPRINT_STORE   used where --config or --store is not given
  OFFPRINT_LOG                      what is logged on standard error, such as offprint::fetch=debug
  NO_COLOR                          no colour";

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Read the settings from FILE [default: offprint.toml, or else config.toml, in the current folder]
    #[arg(long, global = true, value_name = "FILE", help_heading = GLOBAL)]
    pub(crate) config: Option<PathBuf>,
    /// Use the archive in the folder DIR, instead of the one in the settings
    #[arg(long, global = true, value_name = "DIR", help_heading = GLOBAL)]
    pub(crate) store: Option<PathBuf>,
    /// Print the result as JSON on standard output, and nothing else there
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) json: bool,
    /// Print only errors and damage
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = GLOBAL)]
    pub(crate) quiet: bool,
    /// List everything, and log the steps of a run; -vv logs each request, too
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = GLOBAL)]
    pub(crate) verbose: u8,
    /// Choose when to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value_t = ColorChoice::Auto, help_heading = GLOBAL)]
    pub(crate) color: ColorChoice,
}

const GLOBAL: &str = "Global options";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an empty archive
    ///
    /// Makes the folder of the settings, or DIR of --store, with its catalog and the file that identifies it. A first
    /// `offprint run` does the same, unless mirrors that link into an archive show that there was one.
    /// Where there is an archive, nothing changes.
    Init,
    /// Mirror every source in the settings (the nightly job)
    ///
    /// Reads the articles that are new or changed, fetches the images they show that are not kept yet, makes
    /// thumbnails, and writes the mirror. What did not change costs no request and no write. What failed is tried
    /// again on a schedule. Prints one line, or nothing with -q.
    Run {
        /// Print what would be fetched and written, and change nothing; -v lists each URL and article
        #[arg(long)]
        dry_run: bool,
        /// Ask again now for what failed, without waiting for its time: all of it, or what failed at one host, for one
        /// reason, or at one URL
        #[arg(
            long,
            value_name = "all|HOST|REASON|URL",
            num_args = 0..=1,
            require_equals = true,
            default_missing_value = "all"
        )]
        retry: Option<Retry>,
        /// Request feeds, sitemaps and pages although robots.txt forbids it; the report says so
        #[arg(long)]
        ignore_robots: bool,
    },
    /// Mirror just these files, folders or URLs, with the same settings
    Mirror {
        /// Files or folders of posts; URLs, each of a feed, a sitemap, a page or an image: its content decides; - reads URLs
        /// from standard input, one in each line
        #[arg(required_unless_present = "html", value_name = "PATH|URL|-")]
        places: Vec<PathBuf>,
        /// Mirror the HTML in FILE, such as the page that a browser rendered, as the page at --base-url; - reads standard
        /// input
        #[arg(long, value_name = "FILE|-", requires = "base_url", conflicts_with_all = ["places", "dry_run"])]
        html: Option<PathBuf>,
        /// The URL of the page in --html
        #[arg(long, value_name = "URL", requires = "html")]
        base_url: Option<Url>,
        /// Request feeds, sitemaps and pages although robots.txt forbids it; the report says so
        #[arg(long)]
        ignore_robots: bool,
        /// Print what would be fetched and written, and change nothing; -v lists each URL and article
        #[arg(long)]
        dry_run: bool,
    },
    /// Mirror a small news site on this machine for real, and show the result
    ///
    /// Starts a server on loopback with feeds of posts whose images are copied, redirected, slow, missing or refused at
    /// first; mirrors them, prints what happened, and serves the pages of the archive until Ctrl-C. Everything lies in a temporary
    /// folder that is removed at the end; --store keeps it in a folder of yours.
    Demo {
        /// End after the report, without serving the pages
        #[arg(long)]
        once: bool,
        /// Serve the pages at ADDRESS; port 0 takes any that is free
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
        address: SocketAddr,
    },
    /// Decode images for the program that started this one, over standard input and output
    #[command(name = DECODE, hide = true)]
    Decode,
    /// List the references of an article, with their byte offsets (no network, no archive)
    Extract(ExtractArguments),
    /// Show what the archive holds, the last runs, what is missing and why
    Status {
        /// Show every capture of this URL, or every version of this article (SOURCE/PATH, its file or its mirror)
        #[arg(long, value_name = "URL|ARTICLE")]
        history: Option<String>,
        /// Show images that look alike, and the best copy of images that are gone
        #[arg(long, conflicts_with = "history")]
        similar: bool,
    },
    /// Check that the mirror loads nothing from the network, and list what is still remote
    ///
    /// Reads every mirrored article: each local link must lead to a file, and each image that is still remote is
    /// listed. Exit status 3 where something is remote, 4 where a link leads nowhere.
    Check,
    /// Verify what is kept: re-hash it, check the archive's structure, and repair damage
    ///
    /// Hashes every blob and thumbnail, follows every record to its file, compares every mirrored article with its
    /// original, and follows its links. Exit status 4 where damage is found. May run beside `offprint run`.
    Verify(VerifyArguments),
    /// Remove what nothing refers to, after the grace period of the settings
    ///
    /// What a version of an article or a good capture of a URL refers to always stays.
    Gc {
        /// List what would be removed, and remove nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Write into the settings what another program exports
    Import {
        #[command(subcommand)]
        from: Import,
    },
    /// Take down articles, images, sources or hosts, on record
    ///
    /// Deletes an article with its versions, its mirror and the images that no other article shows; or what was fetched
    /// from a URL or a host, so that articles show the remote URLs again. An article that is mirrored in place gets its
    /// original back. The catalog records what was taken down, when and why; later runs neither read nor fetch it.
    Forget(ForgetArguments),
    /// Find articles by their text
    ///
    /// Prints the articles that have all the words, newest first, each with the part of its text that has them. Words are
    /// found in titles, texts and captions, whatever their case and accents; Chinese, Japanese and Korean by any characters
    /// that follow each other. "night market" in quotation marks is a phrase, -rain leaves articles out that have a word;
    /// source:, host:, before:, after: and missing:yes choose the articles. Put all of it into single quotation marks:
    /// offprint search 'rain -"night market" after:2025'. Reads the index that `offprint run` writes.
    Search(SearchArguments),
    /// Show the archive as web pages on this machine
    ///
    /// Serves the pages at the address of the settings (`serve.listen`) until Ctrl-C. Reads the archive and changes nothing:
    /// a run may go on meanwhile, and the pages show what it has done so far. No script of an archived page runs, and
    /// nothing is loaded from elsewhere.
    Serve(ServeArguments),
    /// Print or restore original articles, bit for bit
    Restore(RestoreArguments),
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write one for each command
    Man {
        /// Write the pages of all commands and of the settings file into the folder DIR
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// What can be imported.
#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// Add a source to the settings for each feed of an OPML file
    ///
    /// Nested outlines become categories. Feeds that the settings name already are skipped, and the rest of the file stays
    /// unchanged.
    Opml {
        /// The OPML file
        file: PathBuf,
    },
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// Verify only part N of T, so that T nights together cover everything
    #[arg(long, value_name = "N/T", default_value_t = Subset::ALL)]
    pub(crate) subset: Subset,
    /// Read at most this many bytes a second, such as "20 MiB"
    #[arg(long, value_name = "SIZE")]
    pub(crate) rate: Option<Size>,
    /// Repair damage: fetch identical bytes from the origin, make thumbnails and mirrors again, quarantine the rest
    #[arg(long)]
    pub(crate) repair: bool,
    /// Verify an archive that came from somebody else before it is used: also list what lies in its folder and is no part
    /// of an archive; the sources in the settings have no effect
    #[arg(long, conflicts_with_all = ["subset", "repair", "rebuild"])]
    pub(crate) untrusted: bool,
    /// Make a lost or damaged catalog anew: from its newest copy, the blobs, the mirrors, the sources and the reports
    #[arg(long, conflicts_with_all = ["subset", "rate", "repair"])]
    pub(crate) rebuild: bool,
}

/// Arguments of `extract`.
#[derive(Debug, Args)]
pub(crate) struct ExtractArguments {
    /// The article; - reads standard input
    #[arg(value_name = "FILE|-")]
    pub(crate) file: PathBuf,
    /// Read the article as FORMAT
    #[arg(long = "as", value_name = "FORMAT", default_value = "auto")]
    pub(crate) format: FormatArgument,
    /// Resolve relative URLs against URL
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

/// Arguments of `search`.
#[derive(Debug, Args)]
pub(crate) struct SearchArguments {
    /// What the articles have
    #[arg(required = true, value_name = "WORDS")]
    pub(crate) words: Vec<String>,
    /// Print up to this many articles
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) limit: u16,
    /// Choose the order
    #[arg(long, value_name = "ORDER", default_value = "newest")]
    pub(crate) sort: SortArgument,
}

/// The order of what is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SortArgument {
    /// By date
    Newest,
    /// By how often and where the words stand
    Best,
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Listen at this address and port, instead of those in the settings; port 0 takes any that is free
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Let every machine that reaches the address read the archive, without a token
    #[arg(long)]
    pub(crate) public: bool,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// Articles: SOURCE/PATH as reports name them, a mirrored file, or the file itself; a folder of them, or a source
    #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "ARTICLE|FOLDER|SOURCE")]
    pub(crate) articles: Vec<PathBuf>,
    /// Every article of the archive
    #[arg(long)]
    pub(crate) all: bool,
    /// This version of each article: its number, the oldest being 1, or the first digits of its SHA-256
    #[arg(long, value_name = "N|DIGEST", conflicts_with = "all")]
    pub(crate) version: Option<String>,
    /// Write below this folder instead of to standard output
    #[arg(long, value_name = "DIR", conflicts_with = "in_place")]
    pub(crate) to: Option<PathBuf>,
    /// Write over the articles themselves: undoes a mirror in place
    #[arg(long)]
    pub(crate) in_place: bool,
    /// Replace files that have other content: below DIR, or changed in place since the last run
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// Arguments of `forget`.
#[derive(Debug, Args)]
pub(crate) struct ForgetArguments {
    /// An article (SOURCE/PATH, its file or its mirror), a URL, a source or a host
    #[arg(required = true, value_name = "ARTICLE|URL|SOURCE|HOST")]
    pub(crate) names: Vec<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) reason: String,
    /// List what would be taken down, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    use super::*;
    use crate::model::Reason;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("offprint").chain(line.split_whitespace()))
    }

    fn parsed(line: &str) -> Cli {
        parse(line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_of_every_command_stand_before_or_after_it() {
        for line in [
            "--json -q --store s --config c --color never run",
            "run --json -q --store s --config c --color never",
            "-q --store s run --json --config c --color never",
        ] {
            let global = parsed(line).global;
            assert!(global.json && global.quiet && global.verbose == 0, "{line}");
            assert_eq!(global.store.as_deref(), Some(std::path::Path::new("s")), "{line}");
            assert_eq!(global.config.as_deref(), Some(std::path::Path::new("c")), "{line}");
            assert_eq!(global.color, ColorChoice::Never, "{line}");
        }
        assert_eq!((parsed("run").global.verbose, parsed("run -vv").global.verbose), (0, 2));
    }

    #[test]
    fn what_to_retry_is_one_word_after_an_equals_sign() {
        for (line, expected) in [
            ("run", None),
            ("run --retry", Some(Retry::All)),
            ("run --retry=all", Some(Retry::All)),
            ("run --retry=http_status", Some(Retry::Reason(Reason::HttpStatus))),
            ("run --retry=a.example:8080", Some(Retry::Host("a.example:8080".to_owned()))),
            ("run --retry=https://a.example/1", Some(Retry::Url("https://a.example/1".parse().unwrap()))),
        ] {
            let Command::Run { retry, dry_run, ignore_robots } = parsed(line).command else { panic!("{line}") };
            assert_eq!((retry, dry_run, ignore_robots), (expected, false, false), "{line}");
        }
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let Command::Demo { once, address } = parsed("demo").command else { panic!("another command") };
        assert_eq!((once, address.to_string().as_str()), (false, "127.0.0.1:8080"));
        let Command::Verify(verify) = parsed("verify").command else { panic!("another command") };
        assert!(verify.subset == Subset::ALL && verify.rate.is_none() && !verify.repair && !verify.rebuild);
        let Command::Forget(forget) = parsed("forget a b").command else { panic!("another command") };
        assert_eq!((forget.names.len(), forget.reason.as_str(), forget.dry_run), (2, "", false));
        let Command::Search(search) = parsed("search a b").command else { panic!("another command") };
        assert_eq!((search.words.len(), search.limit, search.sort), (2, 20, SortArgument::Newest));
        let Command::Serve(serve) = parsed("serve").command else { panic!("another command") };
        assert!(serve.listen.is_none() && !serve.public);
        let Command::Restore(restore) = parsed("restore a").command else { panic!("another command") };
        assert!(!restore.all && !restore.in_place && !restore.overwrite && restore.to.is_none());
    }

    #[test]
    fn sizes_and_shares_are_read_as_people_write_them() {
        let Command::Verify(verify) = parsed("verify --subset 3/30 --rate 20MiB --repair").command else {
            panic!("another command")
        };
        assert_eq!(
            (verify.subset.to_string().as_str(), verify.rate, verify.repair),
            ("3/30", Some(Size(20 << 20)), true)
        );
    }

    #[test]
    fn each_format_can_be_forced_by_its_name() {
        for (name, forced) in [
            ("auto", None),
            ("markdown", Some(Format::Markdown)),
            ("mdx", Some(Format::Mdx)),
            ("html", Some(Format::Html)),
            ("xhtml", Some(Format::Xhtml)),
            ("css", Some(Format::Css)),
        ] {
            let Command::Extract(extract) = parsed(&format!("extract --as {name} -")).command else { panic!("{name}") };
            assert_eq!(extract.format.forced(), forced, "{name}");
        }
        let every = FormatArgument::value_variants().iter().filter_map(|format| format.forced()).count();
        assert_eq!(every, Format::ALL.len(), "every format has a name here");
    }

    #[test]
    fn what_contradicts_itself_or_lacks_something_is_refused() {
        for (line, kind) in [
            ("", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
            ("--version", ErrorKind::DisplayVersion),
            ("--help", ErrorKind::DisplayHelp),
            ("runs", ErrorKind::InvalidSubcommand),
            ("run extra", ErrorKind::UnknownArgument),
            ("run --retry all", ErrorKind::UnknownArgument),
            ("run --retry=nobody", ErrorKind::ValueValidation),
            ("-q -v run", ErrorKind::ArgumentConflict),
            ("run --color sometimes", ErrorKind::InvalidValue),
            ("mirror", ErrorKind::MissingRequiredArgument),
            ("mirror --retry a", ErrorKind::UnknownArgument),
            ("demo --address here", ErrorKind::ValueValidation),
            ("extract", ErrorKind::MissingRequiredArgument),
            ("extract --as pdf a", ErrorKind::InvalidValue),
            ("extract --base-url nowhere a", ErrorKind::ValueValidation),
            ("status --similar --history a", ErrorKind::ArgumentConflict),
            ("verify --subset 3/2", ErrorKind::ValueValidation),
            ("verify --rate soon", ErrorKind::ValueValidation),
            ("verify --rebuild --repair", ErrorKind::ArgumentConflict),
            ("verify --rebuild --rate 1MB", ErrorKind::ArgumentConflict),
            ("restore", ErrorKind::MissingRequiredArgument),
            ("restore --all a", ErrorKind::ArgumentConflict),
            ("restore --to d --in-place a", ErrorKind::ArgumentConflict),
            ("restore --all --version 1", ErrorKind::ArgumentConflict),
            ("forget", ErrorKind::MissingRequiredArgument),
            ("search", ErrorKind::MissingRequiredArgument),
            ("search rain --limit 0", ErrorKind::ValueValidation),
            ("search rain --sort oldest", ErrorKind::InvalidValue),
            ("search -rain", ErrorKind::UnknownArgument),
            ("serve --listen here", ErrorKind::ValueValidation),
            ("serve 8700", ErrorKind::UnknownArgument),
            ("import", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
            ("import opml", ErrorKind::MissingRequiredArgument),
            ("completions klingon", ErrorKind::InvalidValue),
        ] {
            let refused = parse(line).err().unwrap_or_else(|| panic!("accepted: {line}"));
            assert_eq!(refused.kind(), kind, "{line}: {refused}");
        }
    }
}
