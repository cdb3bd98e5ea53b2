//! Runs as cron starts them: every night, with dead hosts, over large archives.

mod dead_hosts;
mod missing;
mod night;
mod retry;
mod scale;
