//! Histories that once failed.

use super::step::Step::{
    Add, Backup, Change, Clock, Delete, Edit, Fetch, Forget, Links, LoseThumbnail, Output, Rebuild, Rename, Repair,
    Restore, Rot, Thumbnails, UnmountArchive, Weather,
};
use super::world::Weather::{Cut, Fair, Gone, Lying, Silent};
use super::{Place, live};

/// A copy of the catalog that was made while the clock was ahead is not taken for the newest.
#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_is_made_anew_after_a_clock_was_ahead() {
    live(Place::InPlace, &[Clock(4000), Add(2), Weather(Gone), Rebuild(0)]);
}

/// What was taken down is on record, and is no article without its original.
#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_is_made_anew_after_a_post_was_taken_down() {
    live(Place::InPlace, &[Add(4), Add(7), Forget(0), Rebuild(0)]);
}

/// A post in place that is gone is gone once, although an image of it changes since.
#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_is_gone_is_news_once() {
    let before = [Backup, Thumbnails(4), Weather(Silent), Delete(2), Weather(Lying), Edit(4), Fetch(0), Links];
    let after = [Rename(15), Add(19), Weather(Cut), Weather(Fair), Change(7), Weather(Fair), Delete(4)];
    live(Place::InPlace, &[&before[..], &after].concat());
}

/// A repair asks for a body that was refused, and is kept as evidence, as for an image that is shown.
#[tokio::test(flavor = "multi_thread")]
async fn evidence_that_rotted_is_repaired_by_its_host() {
    live(Place::Apart, &[Fetch(3), Add(20), Rot(21)]);
}

/// What the settings refuse as an image by now, a repair restores all the same.
#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_too_small_by_now_is_repaired() {
    live(Place::Apart, &[Fetch(3), Rot(0), Repair]);
}

/// No archive is begun while the other is not mounted, whatever becomes of the posts meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn posts_are_renamed_while_the_archive_is_not_mounted() {
    live(Place::Apart, &[Output, UnmountArchive, Rename(0), Edit(0)]);
}

/// What had rotted when the archive was copied has rotted when the copy is restored.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_with_a_rotten_image_is_restored() {
    live(Place::Apart, &[Rot(19), Backup, Repair, Restore]);
}

/// A repair for one reason repairs everything.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_thumbnail_beside_a_rotten_image() {
    live(Place::Apart, &[Rot(6), LoseThumbnail, Weather(Silent), Rot(0), LoseThumbnail]);
}
