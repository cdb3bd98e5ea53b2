//! Pictures that look alike: a perceptual hash, and finding hashes that are close.
//!
//! The hash survives resizing, recompression, slight cropping and small additions. What is found is advice: two
//! pictures may look alike and still differ in what matters, so nothing is ever merged or removed because of it.

use super::picture::{Channels, Picture};

/// In how many bits the hashes of two renditions of one picture differ, at most.
///
/// Chosen on photographs (see the tests): copies that were resized, compressed again, cropped by 2 % or overlaid with
/// a small logo stay below it. Of 64 random bits, one pair in 3.5 billion is this close, so that among ten million
/// pictures a chance match is rare.
pub const NEAR: u32 = 8;

/// The side of the square that is hashed.
pub(super) const SIDE: u32 = 32;

/// The highest frequency that is kept: up to it there are 65 whose directions add up to no more.
const HIGHEST: usize = 10;

/// The mean strength of the kept frequencies below which a picture is too even to be told from others.
const FAINTEST: f32 = 4.0;

/// The hash of a picture of [`SIDE`] × [`SIDE`]: which of its lowest frequencies lie above their median. `None` where
/// the picture has next to no structure, because noise alone would make up its hash.
pub(super) fn hash(picture: &Picture) -> Option<u64> {
    let frequencies = lowest_frequencies(&luminance(picture));
    let strength = frequencies.iter().map(|value| value.abs()).sum::<f32>() / 64.0;
    let mut sorted = frequencies;
    sorted.sort_by(f32::total_cmp);
    let median = f32::midpoint(sorted[31], sorted[32]);
    let bits = frequencies.iter().fold(0, |hash, &value| hash << 1 | u64::from(value > median));
    (strength >= FAINTEST).then_some(bits)
}

/// The brightness of each pixel (ITU-R BT.601).
fn luminance(picture: &Picture) -> Vec<f32> {
    let size = picture.channels.count();
    let light = |pixel: &[u8]| match picture.channels {
        Channels::Gray | Channels::GrayAlpha => f32::from(pixel[0]),
        _ => 0.299 * f32::from(pixel[0]) + 0.587 * f32::from(pixel[1]) + 0.114 * f32::from(pixel[2]),
    };
    picture.data.chunks_exact(size).map(light).collect()
}

/// The 64 lowest frequencies of a cosine transform (DCT-II), by the sum of their two directions, without the one that
/// only tells brightness. Taken in this order they bear cropping better than a square of 8 × 8 does.
fn lowest_frequencies(light: &[f32]) -> [f32; 64] {
    let waves: [[f32; SIDE as usize]; HIGHEST + 1] = std::array::from_fn(|k| std::array::from_fn(|n| wave(k, n)));
    // The transform is separable: first along each row, then along the columns of what that gives.
    let rows: Vec<[f32; HIGHEST + 1]> = light
        .chunks_exact(SIDE as usize)
        .map(|row| std::array::from_fn(|u| row.iter().zip(&waves[u]).map(|(light, wave)| light * wave).sum()))
        .collect();
    let mut order = (1..=HIGHEST).flat_map(|sum| (0..=sum).map(move |v| (v, sum - v)));
    std::array::from_fn(|_| {
        let (v, u) = order.next().unwrap_or_default();
        rows.iter().zip(&waves[v]).map(|(row, wave)| row[u] * wave).sum::<f32>() / 16.0
    })
}

/// The cosine of frequency `k` at sample `n`.
#[expect(clippy::cast_precision_loss, reason = "both are below 64")]
fn wave(k: usize, n: usize) -> f32 {
    (std::f32::consts::PI / SIDE as f32 * (n as f32 + 0.5) * k as f32).cos()
}

/// In how many bits two hashes differ.
pub const fn distance(one: u64, other: u64) -> u32 {
    (one ^ other).count_ones()
}

/// How many parts a hash is cut into, of 16 bits each.
const PARTS: usize = 4;

/// Hashes, arranged so that close ones are found without comparing all.
///
/// Multi-index hashing (Norouzi, Punjani, Fleet: Fast Search in Hamming Space with Multi-Index Hashing, 2012): hashes
/// that differ in `radius` bits differ in at most `radius / 4` bits in one of their four quarters. So one table for
/// each quarter, sorted by it, needs to be read only where that quarter is close. Takes 36 bytes a hash.
#[derive(Debug, Clone)]
pub struct Index {
    tables: [Table; PARTS],
    /// The number that each hash of the first table was given with.
    numbers: Vec<u32>,
}

/// All hashes, sorted by one of their quarters.
#[derive(Debug, Clone)]
struct Table {
    shift: usize,
    /// Where the hashes with each value of the quarter start; one entry more than there are values.
    starts: Vec<u32>,
    hashes: Vec<u64>,
}

impl Table {
    /// Sorts by counting, and says where each hash went.
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

    /// Where the hashes stand whose quarter has this value.
    fn range(&self, value: usize) -> std::ops::Range<usize> {
        self.starts[value] as usize..self.starts[value + 1] as usize
    }
}

/// One quarter of a hash.
fn quarter(hash: u64, shift: usize) -> usize {
    (hash >> shift & 0xffff) as usize
}

/// A hash that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Match {
    /// In how many bits it differs.
    pub distance: u32,
    /// Its number: where it stood in what the index was made from.
    pub number: u32,
}

impl Index {
    /// An index of hashes, each known by its position. Further ones than 2³² are left out.
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

    /// The numbers of exactly this hash.
    fn numbers_of(&self, hash: u64, distance: u32) -> impl Iterator<Item = Match> {
        let table = &self.tables[0];
        let equal = table.range(quarter(hash, 0)).filter(move |&at| table.hashes[at] == hash);
        equal.map(move |at| Match { distance, number: self.numbers[at] })
    }
}

/// Pictures that look alike, each family with the best copy first. `hashes` come in order of preference (the largest
/// picture first): each that is in no family yet gathers those within `radius` of it. Membership is not passed on from
/// one member to the next, so that a family never drifts away from its first. Pictures that are alone are left out.
pub fn families(hashes: &[u64], radius: u32) -> Vec<Vec<u32>> {
    let index = Index::new(hashes);
    let mut taken = vec![false; hashes.len()];
    let mut families = Vec::new();
    for (first, &hash) in hashes.iter().enumerate() {
        if taken[first] {
            continue;
        }
        taken[first] = true;
        let mut family = vec![u32::try_from(first).unwrap_or(u32::MAX)];
        for near in index.within(hash, radius) {
            if !std::mem::replace(&mut taken[near.number as usize], true) {
                family.push(near.number);
            }
        }
        if family.len() > 1 {
            families.push(family);
        }
    }
    families
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
    fn families_gather_around_the_first_and_do_not_drift() {
        let hashes = [0, 0b111, u64::MAX, 0b11_1111, 0b1];
        // The fourth is as close to the second as the second is to the first, but too far from the first.
        assert_eq!(distance(hashes[1], hashes[3]), 3);
        assert_eq!(families(&hashes, 3), [vec![0, 4, 1]]);
    }

    fn picture(light: impl Fn(usize, usize) -> u8) -> Picture {
        let side = SIDE as usize;
        let data = (0..side * side).map(|at| light(at % side, at / side)).collect();
        Picture::new(SIDE, SIDE, Channels::Gray, data).unwrap()
    }

    fn circle(x: usize, y: usize) -> u8 {
        let near = x.abs_diff(9).pow(2) + y.abs_diff(14).pow(2) < 64;
        if near { 230 } else { u8::try_from(40 + x * 2 + y).unwrap() }
    }

    #[test]
    fn a_brighter_softer_copy_has_nearly_the_same_hash() {
        let one = hash(&picture(circle)).unwrap();
        let other = hash(&picture(|x, y| circle(x, y) / 2 + 60)).unwrap();
        let mirrored = hash(&picture(|x, y| circle(31 - x, y))).unwrap();
        assert!(distance(one, other) <= 2, "{}", distance(one, other));
        assert!(distance(one, mirrored) > 20, "{}", distance(one, mirrored));
    }

    #[test]
    fn an_even_picture_has_no_hash() {
        assert_eq!(hash(&picture(|_, _| 200)), None);
        assert_eq!(hash(&picture(|x, _| if x % 2 == 0 { 200 } else { 202 })), None);
        assert!(hash(&picture(circle)).is_some());
    }
}
