//! A small newsroom on loopback: what `offprint demo` shows and the tests mirror.
