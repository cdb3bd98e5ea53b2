//! Bytes → facts and thumbnails: pure, bounded, CPU-bound.
