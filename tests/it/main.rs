//! offprint as its users and its parts see it. One binary, so that it links once.

mod catalog;
mod cli;
mod conformance;
mod corpus;
#[cfg(target_os = "linux")]
mod crash;
mod dead_hosts;
mod fetch;
mod front_matter;
mod gc;
mod hostile_mirror;
mod markdown;
mod media;
mod mirror;
mod mirror_fallback;
mod mirror_inline;
mod mirror_linked;
mod newsroom;
mod night;
mod objects;
mod oddities;
mod oddities_text;
mod old_archives;
mod origin;
mod properties;
mod recall;
mod received_archive;
mod sandbox;
mod scale;
mod similar;
mod sources;
mod stand_ins;
mod structure;
mod testserver;
mod verify;
mod web;
