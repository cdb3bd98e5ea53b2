//! What can happen between two nights.

use proptest::prelude::*;

use super::world::Weather;

/// One event. Numbers choose a post or an image among those that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing changes.
    Nothing,
    /// A post is written.
    Add(u8),
    /// A post gets another title and one more image.
    Edit(u8),
    /// A post gets another name.
    Rename(u8),
    /// A post is copied under another name.
    Copy(u8),
    /// A post is deleted.
    Delete(u8),
    /// The folder of posts is not mounted: its mount point is empty.
    Unmount,
    /// The folder of posts is mounted again.
    Mount,
    /// An image gets new bytes at its host.
    Change(u8),
    /// The host behaves otherwise.
    Weather(Weather),
    /// Thumbnails get another width.
    Thumbnails(u8),
    /// Local links get a prefix, or lose it.
    Links,
    /// The mirror is written elsewhere.
    Output,
    /// The archive is moved to another folder.
    Move,
    /// The bytes of an image on the disk change.
    Rot(u8),
    /// A thumbnail is lost.
    LoseThumbnail,
    /// The catalog is lost for one night, and comes back from its copy.
    LoseCatalog,
    /// What nothing refers to is removed.
    Gc,
    /// Damage is repaired.
    Repair,
    /// A run is killed after so many milliseconds.
    Kill(u8),
}

impl Step {
    /// Every kind of step.
    pub(super) const EACH: [Self; 25] = [
        Self::Nothing,
        Self::Add(1),
        Self::Edit(0),
        Self::Rename(0),
        Self::Copy(0),
        Self::Delete(0),
        Self::Unmount,
        Self::Mount,
        Self::Change(0),
        Self::Weather(Weather::Fair),
        Self::Weather(Weather::Gone),
        Self::Weather(Weather::Busy),
        Self::Weather(Weather::Lying),
        Self::Weather(Weather::Cut),
        Self::Weather(Weather::Silent),
        Self::Thumbnails(1),
        Self::Links,
        Self::Output,
        Self::Move,
        Self::Rot(0),
        Self::LoseThumbnail,
        Self::LoseCatalog,
        Self::Gc,
        Self::Repair,
        Self::Kill(40),
    ];
}

/// Any step: those that articles take more often than those that only disks and operators take.
pub(super) fn step() -> impl Strategy<Value = Step> {
    let number = 0..12_u8;
    let weather = [Weather::Gone, Weather::Busy, Weather::Lying, Weather::Cut, Weather::Silent, Weather::Fair];
    prop_oneof![
        3 => number.clone().prop_map(Step::Add),
        3 => number.clone().prop_map(Step::Edit),
        2 => number.clone().prop_map(Step::Rename),
        1 => number.clone().prop_map(Step::Copy),
        1 => number.clone().prop_map(Step::Delete),
        3 => number.clone().prop_map(Step::Change),
        4 => prop::sample::select(weather.to_vec()).prop_map(Step::Weather),
        2 => number.clone().prop_map(Step::Rot),
        1 => number.clone().prop_map(Step::Thumbnails),
        2 => (0..200_u8).prop_map(Step::Kill),
        8 => prop::sample::select(vec![
            Step::Nothing, Step::Unmount, Step::Mount, Step::Links, Step::Output, Step::Move, Step::LoseThumbnail,
            Step::LoseCatalog, Step::Gc, Step::Repair,
        ]),
    ]
}
