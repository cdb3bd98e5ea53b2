//! The `offprint` program.

fn main() {}
