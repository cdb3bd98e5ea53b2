//! offprint as its users and its parts see it. One binary, so that it links once.

mod archive;
mod catalog;
mod cli;
mod corpus;
#[cfg(target_os = "linux")]
mod crash;
#[cfg(target_os = "linux")]
mod disk;
mod examples;
mod extract;
mod feeds;
mod fetch;
mod hostile_archive;
mod hostile_articles;
mod in_memory;
mod media;
mod mirror;
mod objects;
mod origin;
mod properties;
mod recall;
mod refusing;
mod run;
mod samples;
mod sandbox;
mod scripts;
mod search;
mod sites;
mod source;
mod structure;
mod testserver;
mod watched;
mod web;
mod year;
