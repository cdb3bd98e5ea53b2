//! References and local paths → the mirrored article, by splicing.
