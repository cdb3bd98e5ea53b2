//! `offprint serve`.

use std::net::SocketAddr;

use anyhow::Context;

use super::arguments::ServeArguments;
use super::exit::{Exit, UsageError};
use super::output::Output;
use super::signals::Signals;
use crate::archive::{self, Archive, Mode};
use crate::config::Config;
use crate::regular_file;
use crate::web::{self, Access, Server};

/// The shortest token: what others could guess keeps nobody out.
const SHORTEST_TOKEN: usize = 16;

/// Serves the pages of the archive until Ctrl-C or SIGTERM.
pub(crate) async fn serve(arguments: &ServeArguments, config: &Config, output: &Output) -> anyhow::Result<Exit> {
    let address = arguments.listen.unwrap_or(config.serve.listen);
    let token = token(config)?;
    refuse_open(address, token.is_some() || arguments.public)?;
    let archive = archive::open(&config.store, Mode::Read)?;
    let access = Access::new(&config.serve.hosts, token.as_deref());
    let server = start(archive, address, access, config)?;
    until_stopped(server, output).await
}

/// The server of the pages.
pub(super) fn start(archive: Archive, address: SocketAddr, access: Access, config: &Config) -> anyhow::Result<Server> {
    web::serve(archive, address, access, config.serve.max_connections)
        .with_context(|| format!("cannot serve the archive at {address}"))
}

/// Says where the pages are, and waits for the signal to end.
pub(super) async fn until_stopped(server: Server, output: &Output) -> anyhow::Result<Exit> {
    let mut signals = Signals::new()?;
    output.line(&format!("See the archive at {} (Ctrl-C ends)", server.url()));
    signals.wait().await;
    server.stop().await;
    Ok(Exit::Done)
}

/// Refuses an address that other machines reach, unless readers are to know a token or it is said to be meant.
fn refuse_open(address: SocketAddr, is_meant: bool) -> Result<(), UsageError> {
    if address.ip().is_loopback() || is_meant {
        return Ok(());
    }
    Err(UsageError(format!(
        "other machines can reach {address}, and whoever does could read the archive: set [serve] token_file, listen at \
         127.0.0.1, or say --public"
    )))
}

/// The token that readers must send, where the settings name its file.
fn token(config: &Config) -> anyhow::Result<Option<String>> {
    let file = &config.serve.token_file;
    if file.as_os_str().is_empty() {
        return Ok(None);
    }
    let bytes = regular_file::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    let token = text.trim();
    if token.len() < SHORTEST_TOKEN || token.contains('\n') {
        let message = format!(
            "{} is to hold one line of at least {SHORTEST_TOKEN} characters, such as `openssl rand -hex 32` prints",
            file.display()
        );
        return Err(UsageError(message).into());
    }
    Ok(Some(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_answered_unless_more_is_meant() {
        for (address, is_open) in [
            ("127.0.0.1:8700", false),
            ("127.9.9.9:1", false),
            ("[::1]:8700", false),
            ("0.0.0.0:8700", true),
            ("[::]:1", true),
            ("192.0.2.1:80", true),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(refuse_open(address, false).is_err(), is_open, "{address}");
            assert!(refuse_open(address, true).is_ok(), "{address}");
        }
    }

    #[test]
    fn a_token_is_one_long_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let mut config = Config::default();
        assert_eq!(token(&config).unwrap(), None);
        config.serve.token_file.clone_from(&file);
        assert!(token(&config).is_err(), "there is no such file");
        for (text, expected) in [
            ("", None),
            ("short\n", None),
            ("0123456789abcdef\nmore", None),
            ("0123456789abcdef\n", Some("0123456789abcdef")),
            (" 0123456789 abcdef ", Some("0123456789 abcdef")),
        ] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(token(&config).ok().flatten().as_deref(), expected, "{text:?}");
        }
    }
}
