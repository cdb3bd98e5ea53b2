//! The fonts that a drawing is given.
//!
//! Decoding opens no file, so whoever asks for it hands over the fonts that the text of a drawing needs: [`wanted()`] says
//! which these are, from a look at the bytes of the drawing, and [`select`] finds them among those of a system. Fonts
//! that a drawing itself brings along are never used.

mod families;
mod wanted;

use std::sync::Arc;

use resvg::usvg::fontdb::{Database, Source};

pub(crate) use self::families::{is_generic, select};
pub(crate) use self::wanted::{Wanted, wanted};

/// Font files, as bytes.
#[derive(Debug, Clone, Default)]
pub struct Fonts(Vec<Arc<Vec<u8>>>);

impl Fonts {
    /// The most files of one drawing.
    pub const MOST_FILES: usize = 16;
    /// The most bytes of all its files together. A font of all characters of Chinese, Japanese and Korean has 20 MB.
    pub const MOST_BYTES: u64 = 64 << 20;

    /// These files. What is no font is ignored where it is used.
    pub fn new(files: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self(files.into_iter().map(Arc::new).collect())
    }

    /// The bytes of each file.
    pub fn files(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|file| file.as_slice())
    }

    /// The bytes of all files together.
    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|file| file.len() as u64).sum()
    }

    /// The faces in these files.
    pub(super) fn database(&self) -> Database {
        let mut database = Database::new();
        for file in &self.0 {
            database.load_font_source(Source::Binary(Arc::<Vec<u8>>::clone(file)));
        }
        database
    }
}
