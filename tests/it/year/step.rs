//! What can happen between two nights.

use proptest::prelude::*;

use super::world::Weather;

/// One event. Numbers choose a post, an image, a setting or a kind of damage among those that there are.
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
    /// A post moves to another folder.
    MovePost(u8),
    /// A post is copied under another name.
    Copy(u8),
    /// A post is deleted.
    Delete(u8),
    /// The folder of posts is not mounted: its mount point is empty.
    Unmount,
    /// The folder of posts is mounted again.
    Mount,
    /// The archive is not mounted.
    UnmountArchive,
    /// The archive is mounted again.
    MountArchive,
    /// An image gets new bytes at its host.
    Change(u8),
    /// The host behaves otherwise.
    Weather(Weather),
    /// The clock is so many days ahead for one night, or behind.
    Clock(i16),
    /// Thumbnails get another width.
    Thumbnails(u8),
    /// The settings that decide what a request gives change.
    Fetch(u8),
    /// Local links get a prefix, or lose it.
    Links,
    /// The mirror is written elsewhere.
    Output,
    /// The archive is moved to another folder.
    Move,
    /// The bytes of an image on the disk change.
    Rot(u8),
    /// The bytes of an original change, and are repaired.
    RotOriginal(u8),
    /// A thumbnail is lost.
    LoseThumbnail,
    /// The catalog is lost for one night, and comes back from its copy.
    LoseCatalog,
    /// The catalog is lost or damaged, and made anew.
    Rebuild(u8),
    /// The catalog is replaced by one of its copies.
    OldCatalog(u8),
    /// The archive is copied elsewhere.
    Backup,
    /// The archive is replaced by its copy.
    Restore,
    /// A post in place becomes its original again.
    Undo(u8),
    /// What nothing refers to is removed.
    Gc,
    /// Damage is repaired.
    Repair,
    /// An article, or a URL, is taken down.
    Forget(u8),
    /// A run, or another command that writes, is killed after so many milliseconds.
    Kill(u8),
    /// The power fails so many milliseconds after a run began.
    PowerLoss(u8),
    /// The disk is full for one run.
    DiskFull,
}

impl Step {
    /// The nights of a year that has every kind of step, in an order in which each finds something to do.
    pub(super) const EACH: &[&[Self]] = &[
        &[Self::Add(3), Self::Edit(0), Self::Add(1)],
        &[Self::Rename(0), Self::MovePost(1), Self::Copy(0)],
        &[Self::Backup, Self::Nothing],
        &[Self::Unmount],
        &[Self::Mount, Self::Thumbnails(1), Self::Links],
        &[Self::UnmountArchive, Self::Edit(1)],
        &[Self::MountArchive, Self::Output],
        &[Self::UnmountArchive],
        &[Self::MountArchive, Self::Move, Self::Change(0)],
        &[Self::Weather(Weather::Gone), Self::Add(4), Self::Fetch(1)],
        &[Self::Weather(Weather::Picky), Self::Fetch(2)],
        &[Self::Weather(Weather::Failing)],
        &[Self::Weather(Weather::Lying), Self::Clock(4000)],
        &[Self::Weather(Weather::Cut)],
        &[Self::Weather(Weather::Stalling), Self::Add(2)],
        &[Self::Weather(Weather::Silent)],
        &[Self::Weather(Weather::Fair), Self::Clock(-4000)],
        &[Self::Rot(0)],
        &[Self::Repair, Self::RotOriginal(0), Self::LoseThumbnail, Self::LoseCatalog, Self::Rebuild(0)],
        &[Self::Rebuild(1)],
        &[Self::Rebuild(2)],
        &[Self::OldCatalog(0)],
        &[Self::Undo(0), Self::Gc, Self::Kill(40), Self::Kill(81)],
        &[Self::PowerLoss(60), Self::DiskFull, Self::Delete(0)],
        &[Self::Restore],
        &[Self::Forget(0), Self::Forget(1)],
    ];
}

/// Any step: those that articles take more often than those that only disks and operators take.
pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![4 => of_authors(), 3 => of_hosts(), 3 => of_operators(), 2 => of_disks()]
}

const NUMBER: std::ops::Range<u8> = 0..24;

fn of_authors() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => NUMBER.prop_map(Step::Add),
        3 => NUMBER.prop_map(Step::Edit),
        2 => NUMBER.prop_map(Step::Rename),
        1 => NUMBER.prop_map(Step::MovePost),
        1 => NUMBER.prop_map(Step::Copy),
        1 => NUMBER.prop_map(Step::Delete),
        1 => Just(Step::Unmount),
        2 => Just(Step::Mount),
    ]
}

fn of_hosts() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => NUMBER.prop_map(Step::Change),
        5 => prop::sample::select(Weather::ALL.to_vec()).prop_map(Step::Weather),
        2 => Just(Step::Weather(Weather::Fair)),
        1 => prop::sample::select(vec![-4000, -400, -2, 2, 40, 4000]).prop_map(Step::Clock),
    ]
}

fn of_operators() -> impl Strategy<Value = Step> {
    let plain = vec![
        Step::Nothing,
        Step::Links,
        Step::Output,
        Step::Move,
        Step::Backup,
        Step::Restore,
        Step::Gc,
        Step::Gc,
        Step::Repair,
        Step::Repair,
        Step::Fetch(0),
    ];
    prop_oneof![
        6 => prop::sample::select(plain),
        1 => NUMBER.prop_map(Step::Thumbnails),
        1 => NUMBER.prop_map(Step::Fetch),
        1 => NUMBER.prop_map(Step::Undo),
        1 => NUMBER.prop_map(Step::Forget),
        1 => NUMBER.prop_map(Step::OldCatalog),
    ]
}

fn of_disks() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => NUMBER.prop_map(Step::Rot),
        1 => NUMBER.prop_map(Step::RotOriginal),
        2 => NUMBER.prop_map(Step::Rebuild),
        2 => (0..200_u8).prop_map(Step::Kill),
        2 => (0..200_u8).prop_map(Step::PowerLoss),
        4 => prop::sample::select(vec![
            Step::LoseThumbnail, Step::LoseCatalog, Step::DiskFull, Step::UnmountArchive, Step::MountArchive,
            Step::MountArchive,
        ]),
    ]
}
