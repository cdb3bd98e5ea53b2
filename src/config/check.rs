//! Settings that cannot work although each value has its type.

use super::Config;
use super::check_source::check_source;
use super::checked::{A_URL, Checked, ensure, home, is_web};
use super::fetch::{FetchConfig, HostConfig};
use super::media::{ThumbnailConfig, ThumbnailFormat};
use super::run::{FallbackConfig, ReportConfig};
use super::serve::ServeConfig;
use crate::model::RefererStrategy;

/// Refuses what cannot work.
pub(super) fn check(config: &Config) -> Checked {
    unique_names("source", config.source.iter().map(|source| source.name.as_str()))?;
    unique_names("thumbnail", config.thumbnail.iter().map(|size| size.name.as_str()))?;
    home("store", &config.store)?;
    for (at, source) in config.source.iter().enumerate() {
        check_source(&format!("source[{at}]"), source)?;
    }
    for (at, size) in config.thumbnail.iter().enumerate() {
        check_thumbnail(&format!("thumbnail[{at}]"), size)?;
    }
    let wanted = &config.rewrite.thumbnail_name;
    ensure(
        wanted.is_empty() || config.thumbnail.iter().any(|size| *size.name == **wanted),
        || "rewrite.thumbnail_name".to_owned(),
        || format!("there is no [[thumbnail]] named \"{wanted}\""),
    )?;
    check_fetch(&config.fetch)?;
    check_report(&config.report)?;
    check_serve(&config.serve)?;
    check_fallback(&config.fallback)
}

/// Names become folders, so they differ from each other.
fn unique_names<'a>(list: &str, names: impl Iterator<Item = &'a str>) -> Checked {
    let mut seen = std::collections::BTreeSet::new();
    for (at, name) in names.enumerate() {
        let message = || format!("there are two [[{list}]] named \"{name}\"");
        ensure(seen.insert(name), || format!("{list}[{at}].name"), message)?;
    }
    Ok(())
}

fn check_thumbnail(place: &str, size: &ThumbnailConfig) -> Checked {
    for (side, pixels) in [("width", size.width), ("height", size.height)] {
        ensure(pixels > 0, || format!("{place}.{side}"), || "it takes at least 1 pixel".to_owned())?;
    }
    let quality = || format!("{place}.quality");
    ensure((1..=100).contains(&size.quality), quality, || "it takes 1 to 100".to_owned())?;
    let is_written = size.format != ThumbnailFormat::Avif || cfg!(feature = "avif");
    ensure(
        is_written,
        || format!("{place}.format"),
        || "this build writes no AVIF: build it with --features avif, or choose auto or webp".to_owned(),
    )
}

fn check_fetch(fetch: &FetchConfig) -> Checked {
    let at_least_one = [("concurrency", fetch.concurrency), ("per_host", fetch.per_host)];
    for (key, value) in at_least_one {
        ensure(value > 0, || format!("fetch.{key}"), || "it takes at least 1".to_owned())?;
    }
    let unknown = fetch.schemes.iter().find(|scheme| !matches!(scheme.as_str(), "http" | "https"));
    ensure(
        unknown.is_none() && !fetch.schemes.is_empty(),
        || "fetch.schemes".to_owned(),
        || "offprint requests http and https: write one of them, or both".to_owned(),
    )?;
    home("fetch.ca_file", &fetch.ca_file)?;
    referers("fetch.referer", &fetch.referer)?;
    for (at, host) in fetch.host.iter().enumerate() {
        check_host(&format!("fetch.host[{at}]"), host)?;
    }
    Ok(())
}

fn check_host(place: &str, host: &HostConfig) -> Checked {
    let key = |name: &str| format!("{place}.{name}");
    ensure(host.per_host != Some(0), || key("per_host"), || "it takes at least 1".to_owned())?;
    let Some(strategies) = &host.referer else { return Ok(()) };
    referers(&key("referer"), strategies)?;
    let is_configured = strategies.contains(&RefererStrategy::Configured);
    ensure(
        !is_configured || !host.referer_value.is_empty(),
        || key("referer"),
        || "\"configured\" sends referer_value: set it".to_owned(),
    )
}

fn referers(key: &str, strategies: &[RefererStrategy]) -> Checked {
    ensure(!strategies.is_empty(), || key.to_owned(), || "write [\"none\"] to send no Referer".to_owned())
}

/// URLs of notifications may hold a secret, so messages do not repeat them.
fn check_report(report: &ReportConfig) -> Checked {
    let addresses = [
        ("webhook", &report.webhook),
        ("ping_start", &report.ping_start),
        ("ping_success", &report.ping_success),
        ("ping_failure", &report.ping_failure),
    ];
    for (key, address) in addresses {
        ensure(address.is_empty() || is_web(address), || format!("report.{key}"), || A_URL.to_owned())?;
    }
    home("report.prometheus", &report.prometheus)
}

fn check_serve(serve: &ServeConfig) -> Checked {
    home("serve.token_file", &serve.token_file)?;
    ensure(serve.max_connections > 0, || "serve.max_connections".to_owned(), || "it takes at least 1".to_owned())?;
    let is_host =
        |host: &String| host.parse::<hyper::http::uri::Authority>().is_ok_and(|host| !host.as_str().contains('@'));
    for (at, host) in serve.hosts.iter().enumerate() {
        let key = || format!("serve.hosts[{at}]");
        ensure(is_host(host), key, || "write a name such as \"archive.example\" or \"nas.local:8700\"".to_owned())?;
    }
    Ok(())
}

fn check_fallback(fallback: &FallbackConfig) -> Checked {
    for (at, template) in fallback.templates.iter().enumerate() {
        let key = || format!("fallback.templates[{at}]");
        let rest = template.replace("{url}", "").replace("{timestamp}", "20010203040506");
        ensure(template.contains("{url}") && is_web(&rest), key, || {
            "write an http or https URL with {url} in it, and {timestamp}".to_owned()
        })?;
        ensure(!rest.contains(['{', '}']), key, || "only {url} and {timestamp} are filled in".to_owned())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn refusal(text: &str) -> Option<String> {
        Config::parse(text, Path::new("my.toml")).err().map(|error| error.to_string())
    }

    /// Each is refused at its line, in words that name the way out.
    #[test]
    fn what_cannot_work_is_refused_with_its_line_and_the_way_out() {
        let source = |line: &str| format!("[[source]]\nname = \"a\"\npath = \"p\"\n{line}\n");
        for (text, line, way_out) in [
            (source("links = \"media\""), 4, "\"/media/\""),
            (source("links = \"/a b/\""), 4, "\"/media/\""),
            (source("links = \"javascript:x\""), 4, "\"/media/\""),
            (source("base_url = \"example.org\""), 4, "https://example.org/"),
            (source("url = \"https://a.example/\""), 4, "write its path"),
            (source("include = [\"{a\"]"), 4, "alternate"),
            (source("exclude = [\"[\"]"), 4, "character class"),
            (source("output = \"~you/x\""), 4, "whole path"),
            ("[[source]]\nname = \"a\"\n".to_owned(), 1, "path = \"posts\""),
            ("[[source]]\nname = \"a\"\nkind = \"feed\"\n".to_owned(), 1, "its URL"),
            ("store = \"~you/archive\"\n".to_owned(), 1, "whole path"),
            ("[report]\nwebhook = \"not a url\"\n".to_owned(), 2, "https://"),
            ("[report]\nping_start = \"ftp://a.example\"\n".to_owned(), 2, "https://"),
            ("[fallback]\ntemplates = [\"https://a.example/{timstamp}/{url}\"]\n".to_owned(), 2, "{timestamp}"),
            ("[fallback]\ntemplates = [\"https://a.example/\"]\n".to_owned(), 2, "{url}"),
            ("[fetch]\nschemes = [\"ftp\"]\n".to_owned(), 2, "http and https"),
            ("[fetch]\nschemes = []\n".to_owned(), 2, "http and https"),
            ("[fetch]\nreferer = []\n".to_owned(), 2, "[\"none\"]"),
            ("[fetch]\nper_host = 0\n".to_owned(), 2, "at least 1"),
            ("[[fetch.host]]\nhost = \"a\"\nper_host = 0\n".to_owned(), 3, "at least 1"),
            ("[[fetch.host]]\nhost = \"a\"\nreferer = [\"configured\"]\n".to_owned(), 3, "referer_value"),
            ("[[thumbnail]]\nname = \"a\"\nheight = 0\n".to_owned(), 3, "at least 1"),
            ("[[thumbnail]]\nname = \"a\"\nquality = 101\n".to_owned(), 3, "1 to 100"),
        ] {
            let message = refusal(&text).unwrap_or_else(|| panic!("accepted: {text}"));
            let place = format!("my.toml:{line}: ");
            assert!(message.starts_with(&place) && message.contains(way_out), "{text}: {message}");
        }
    }

    #[test]
    fn what_works_is_accepted() {
        for text in [
            "[[source]]\nname = \"a\"\npath = \"p\"\nlinks = \"/media/\"\nbase_url = \"https://a.example/b/\"\n",
            "[[source]]\nname = \"a\"\npath = \"p\"\nlinks = \"https://cdn.example/m\"\noutput = \"~/mirror\"\n",
            "[[source]]\nname = \"a\"\npath = \"~\"\n",
            "[report]\nwebhook = \"http://127.0.0.1:9/x?y\"\n",
            "[fallback]\ntemplates = [\"https://a.example/{timestamp}id_/{url}\", \"http://b.example/?u={url}\"]\n",
            "[[fetch.host]]\nhost = \"a\"\nreferer = [\"configured\"]\nreferer_value = \"https://a/\"\n",
        ] {
            assert_eq!(refusal(text), None, "{text}");
        }
    }

    #[test]
    fn no_address_of_a_notification_is_repeated() {
        for key in ["webhook", "ping_start", "ping_success", "ping_failure"] {
            let message = refusal(&format!("[report]\n{key} = \"hooks.example/hush\"\n")).unwrap();
            assert!(!message.contains("hush"), "{message}");
        }
    }
}
