//! `offprint demo`.

use std::net::SocketAddr;

use super::exit::Exit;
use super::output::Output;
use crate::config::Config;

/// Mirrors a small newsroom on loopback and shows it.
pub(crate) async fn demo(_config: Config, _once: bool, _address: SocketAddr, _output: &Output) -> anyhow::Result<Exit> {
    anyhow::bail!("not yet")
}
