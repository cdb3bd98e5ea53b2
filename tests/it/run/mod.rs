//! Runs as cron starts them: every night, with dead hosts, over large archives.

mod dead_hosts;
mod dry_run;
mod garbage;
mod held;
mod missing;
mod night;
mod report;
mod retry;
mod scale;
mod secrets;
mod strace_counts;
mod thumbnails;
