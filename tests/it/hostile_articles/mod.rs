//! Articles that somebody wrote to take time or memory: reading and rewriting one costs time in proportion to its length,
//! with the constants of honest articles, and no more memory than the bounds allow.

mod cost;
mod forms;
mod measurement;
