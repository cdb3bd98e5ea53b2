//! Fetched bytes → blob, asset, verdict.
