//! Places within ranges.

use std::ops::Range;

/// Whether a place is in one of some ranges, which are in order.
pub(super) fn is_within(at: usize, ranges: &[Range<usize>]) -> bool {
    let after = ranges.partition_point(|range| range.start <= at);
    after > 0 && at < ranges[after - 1].end
}
