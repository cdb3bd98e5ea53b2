//! Sources → articles.
