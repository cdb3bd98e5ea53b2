//! Archives that somebody made to do harm, and every command of the program on each: nothing outside of the archive is
//! read into what is printed or kept, written, removed or waited for.
//!
//! A generator makes them: any of the [`places`] of an archive holds any of the [`things`] that may lie there, or its
//! catalog has any of the [`rows`] and [`schemas`] that no offprint writes. By default a few of all, chosen by a seed,
//! are tried; `measurement` tries as many as `OFFPRINT_SCALE` says.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

mod canary;
mod commands;
mod hostile;
mod places;
mod received;
mod rows;
mod schemas;
mod things;
