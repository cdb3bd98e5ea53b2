//! The original article, bit for bit.
