//! Images that look alike: search among perceptual hashes.
//!
//! The hash survives resizing, recompression, slight cropping and small additions. A match is advice: two images may look
//! alike and still differ in what matters, so nothing is ever merged or removed because of one.

/// The largest distance between the hashes of two renditions of one image.
///
/// Chosen on photographs (see the tests): copies that were resized, compressed again, cropped by 2 % or overlaid with a
/// small logo stay below it. Of random 64-bit hashes, one pair in 3.5 billion is this close, so that among ten million
/// images a chance match is rare.
pub const NEAR: u32 = 8;

/// The Hamming distance of two hashes, in bits.
pub const fn distance(one: u64, other: u64) -> u32 {
    (one ^ other).count_ones()
}

/// The number of parts that a hash is split into, of 16 bits each.
const PARTS: usize = 4;

/// An index of hashes that finds close ones without comparing all.
///
/// Multi-index hashing (Norouzi, Punjani, Fleet: Fast Search in Hamming Space with Multi-Index Hashing, 2012): two hashes
/// that differ in at most `radius` bits differ in at most `radius / 4` bits in one of their four quarters. Each quarter
/// has a table sorted by it, and a search reads only the parts of the tables where that quarter is close. The index takes
/// 36 bytes per hash.
#[derive(Debug, Clone)]
pub struct Index {
    tables: [Table; PARTS],
    /// The input position of each hash of the first table.
    numbers: Vec<u32>,
}

/// All hashes, sorted by one of their quarters.
#[derive(Debug, Clone)]
struct Table {
    shift: usize,
    /// The start of the hashes with each value of the quarter, and the end of the last.
    starts: Vec<u32>,
    hashes: Vec<u64>,
}

impl Table {
    /// Sorts by counting. Calls `moved` with the old and the new position of each hash.
    fn new(hashes: &[u64], shift: usize, mut moved: impl FnMut(usize, usize)) -> Self {
        let mut starts = vec![0_u32; (1 << 16) + 1];
        for &hash in hashes {
            starts[quarter(hash, shift) + 1] += 1;
        }
        for value in 1..starts.len() {
            starts[value] += starts[value - 1];
        }
        let (mut next, mut sorted) = (starts.clone(), vec![0; hashes.len()]);
        for (from, &hash) in hashes.iter().enumerate() {
            let slot = &mut next[quarter(hash, shift)];
            sorted[*slot as usize] = hash;
            moved(from, *slot as usize);
            *slot += 1;
        }
        Self { shift, starts, hashes: sorted }
    }

    /// The positions of the hashes whose quarter has this value.
    fn range(&self, value: usize) -> std::ops::Range<usize> {
        self.starts[value] as usize..self.starts[value + 1] as usize
    }
}

/// One quarter of a hash.
fn quarter(hash: u64, shift: usize) -> usize {
    (hash >> shift & 0xffff) as usize
}

/// A hash that a search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Match {
    /// The Hamming distance to the hash searched for.
    pub distance: u32,
    /// The position of the hash in the input of the index.
    pub number: u32,
}

impl Index {
    /// An index of hashes, each known by its position. Hashes beyond the first 2³² are left out.
    pub fn new(hashes: &[u64]) -> Self {
        let hashes = &hashes[..hashes.len().min(u32::MAX as usize)];
        let mut numbers = vec![0; hashes.len()];
        let first = Table::new(hashes, 0, |from, to| numbers[to] = u32::try_from(from).unwrap_or(u32::MAX));
        let [second, third, fourth] = [16, 32, 48].map(|shift| Table::new(hashes, shift, |_, _| ()));
        Self { tables: [first, second, third, fourth], numbers }
    }

    /// All hashes within `radius` bits of this one, the closest first.
    pub fn within(&self, hash: u64, radius: u32) -> Vec<Match> {
        let masks: Vec<usize> = (0..1_usize << 16).filter(|mask| mask.count_ones() <= radius / 4).collect();
        let mut found: Vec<u64> = Vec::new();
        for table in &self.tables {
            for mask in &masks {
                let candidates = &table.hashes[table.range(quarter(hash, table.shift) ^ mask)];
                found.extend(candidates.iter().filter(|&&candidate| distance(hash, candidate) <= radius));
            }
        }
        found.sort_unstable();
        found.dedup();
        let mut matches: Vec<Match> =
            found.iter().flat_map(|&near| self.numbers_of(near, distance(hash, near))).collect();
        matches.sort_unstable();
        matches
    }

    /// The positions of exactly this hash.
    fn numbers_of(&self, hash: u64, distance: u32) -> impl Iterator<Item = Match> {
        let table = &self.tables[0];
        let equal = table.range(quarter(hash, 0)).filter(move |&at| table.hashes[at] == hash);
        equal.map(move |at| Match { distance, number: self.numbers[at] })
    }
}

/// Groups of images that look alike, each with the best copy first. `hashes` come in order of preference (the largest
/// image first): each hash that is in no group yet takes all others within `radius` of it. Membership is not transitive,
/// so that a group never drifts away from its first member. Images without a match are left out.
pub fn duplicate_groups(hashes: &[u64], radius: u32) -> Vec<Vec<u32>> {
    let index = Index::new(hashes);
    let mut taken = vec![false; hashes.len()];
    let mut groups = Vec::new();
    for (first, &hash) in hashes.iter().enumerate() {
        if taken[first] {
            continue;
        }
        taken[first] = true;
        let mut group = vec![u32::try_from(first).unwrap_or(u32::MAX)];
        for near in index.within(hash, radius) {
            if !std::mem::replace(&mut taken[near.number as usize], true) {
                group.push(near.number);
            }
        }
        if group.len() > 1 {
            groups.push(group);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn by_comparing_all(hashes: &[u64], hash: u64, radius: u32) -> Vec<Match> {
        let all = hashes.iter().enumerate();
        let mut found: Vec<Match> = all
            .map(|(number, &other)| Match { distance: distance(hash, other), number: u32::try_from(number).unwrap() })
            .filter(|found| found.distance <= radius)
            .collect();
        found.sort_unstable();
        found
    }

    proptest! {
        #[test]
        fn the_index_finds_what_comparing_all_finds(
            bases in prop::collection::vec(any::<u64>(), 1..8),
            flips in prop::collection::vec((any::<prop::sample::Index>(), prop::collection::vec(0_u32..64, 0..14)), 0..60),
            radius in 0_u32..13,
        ) {
            let near = flips.iter().map(|(base, bits)| bits.iter().fold(*base.get(&bases), |hash, bit| hash ^ 1 << bit));
            let hashes: Vec<u64> = bases.iter().copied().chain(near).collect();
            let index = Index::new(&hashes);
            for &hash in &bases {
                prop_assert_eq!(index.within(hash, radius), by_comparing_all(&hashes, hash, radius));
            }
        }
    }

    #[test]
    fn duplicate_groups_gather_around_the_first_and_do_not_drift() {
        let hashes = [0, 0b111, u64::MAX, 0b11_1111, 0b1];
        // The fourth is as close to the second as the second is to the first, but too far from the first.
        assert_eq!(distance(hashes[1], hashes[3]), 3);
        assert_eq!(duplicate_groups(&hashes, 3), [vec![0, 4, 1]]);
    }
}
