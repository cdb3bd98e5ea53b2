//! The fonts of the system, of which a drawing gets those that its text asks for.
//!
//! The program looks for fonts when the first drawing with text comes, and hands over their bytes: where drawings are
//! decoded, no file can be opened. What a drawing gets is bounded in files and in bytes, and is the same wherever it is
//! decoded.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use resvg::usvg::fontdb::{Database, ID, Source, Stretch, Style, Weight};
use skrifa::{FontRef, MetadataProvider};

use crate::config::MediaConfig;
use crate::media::Fonts;
use crate::media::fonts::{Wanted, is_generic, select, wanted};
use crate::model::Asset;

/// How many faces are added for characters that the faces by name lack: of one script each, as a rule.
const MOST_FALLBACKS: usize = 4;
/// The part of the memory for decoding that fonts may have.
const SHARE: u64 = 4;

/// The fonts of the system.
#[derive(Debug, Default)]
pub struct SystemFonts {
    /// Instead of where the system has its fonts.
    folder: Option<PathBuf>,
    faces: OnceLock<Database>,
}

impl SystemFonts {
    /// Those of a folder alone.
    #[cfg(any(test, feature = "testing"))]
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()), faces: OnceLock::new() }
    }

    /// The fonts for an image: none but for an SVG with text. Reads files.
    pub fn for_image(&self, bytes: &[u8], asset: &Asset, limits: &MediaConfig) -> Fonts {
        let wanted = if asset.media_type.is_svg() { wanted(bytes) } else { None };
        wanted.map_or_else(Fonts::default, |wanted| self.of(&wanted, limits))
    }

    fn of(&self, wanted: &Wanted, limits: &MediaConfig) -> Fonts {
        let faces = self.faces.get_or_init(|| found(self.folder.as_deref()));
        let mut chosen = by_name(faces, wanted);
        chosen.extend(for_the_rest(faces, wanted, &chosen));
        Fonts::new(read(&files(faces, &chosen), limits))
    }
}

fn found(folder: Option<&Path>) -> Database {
    let mut faces = Database::new();
    match folder {
        Some(folder) => faces.load_fonts_dir(folder),
        None => faces.load_system_fonts(),
    }
    faces
}

/// The faces of the families that are named, and of the one that stands for all others.
fn by_name(faces: &Database, wanted: &Wanted) -> Vec<ID> {
    let weights = [(true, Weight::NORMAL), (wanted.bold, Weight::BOLD)];
    let styles = [(true, Style::Normal), (wanted.italic, Style::Italic)];
    let kinds = || weights.iter().flat_map(|weight| styles.map(|style| (weight.0 && style.0, weight.1, style.1)));
    let kinds: Vec<_> = kinds().filter(|kind| kind.0).collect();
    let there: HashSet<_> = faces.faces().flat_map(|face| &face.families).map(|(name, _)| name.as_str()).collect();
    let present = wanted.families.iter().map(String::as_str).filter(|name| there.contains(name) || is_generic(name));
    let mut chosen = Vec::new();
    for name in std::iter::once(None).chain(present.map(Some)) {
        for (_, weight, style) in &kinds {
            let face = select(faces, name.into_iter(), (*weight, Stretch::Normal, *style));
            chosen.extend(face.filter(|face| !chosen.contains(face)));
        }
    }
    chosen
}

/// Faces for the characters that the chosen ones lack: each time the one that has the most of them.
fn for_the_rest(faces: &Database, wanted: &Wanted, chosen: &[ID]) -> Vec<ID> {
    let mut lacking = wanted.characters.clone();
    for face in chosen {
        lacking = without(faces, *face, &lacking);
    }
    let mut added = Vec::new();
    while !lacking.is_empty() && added.len() < MOST_FALLBACKS {
        let rests = faces.faces().map(|face| {
            let order = (face.style != Style::Normal, face.weight.0.abs_diff(Weight::NORMAL.0), face.monospaced);
            (without(faces, face.id, &lacking), order, face.id)
        });
        let best = rests.min_by_key(|(rest, order, _)| (rest.len(), *order));
        let Some((rest, _, face)) = best.filter(|(rest, _, _)| rest.len() < lacking.len()) else { break };
        lacking = rest;
        added.push(face);
    }
    added
}

/// The characters that a face lacks.
fn without(faces: &Database, face: ID, characters: &BTreeSet<char>) -> BTreeSet<char> {
    let lacks = faces.with_face_data(face, |bytes, index| {
        let map = FontRef::from_index(bytes, index).ok()?.charmap();
        Some(characters.iter().copied().filter(|one| map.map(*one).is_none()).collect())
    });
    lacks.flatten().unwrap_or_else(|| characters.clone())
}

/// The files of faces, each once.
fn files(faces: &Database, chosen: &[ID]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for (source, _) in chosen.iter().filter_map(|face| faces.face_source(*face)) {
        if let Source::File(file) | Source::SharedFile(file, _) = source
            && !files.contains(&file)
        {
            files.push(file);
        }
    }
    files
}

/// Reads files, as far as their number and size allow. One that is too large, or gone meanwhile, is left out.
fn read(files: &[PathBuf], limits: &MediaConfig) -> Vec<Vec<u8>> {
    let share = if limits.max_alloc.0 == 0 { u64::MAX } else { limits.max_alloc.0 / SHARE };
    let mut left = Fonts::MOST_BYTES.min(share);
    let mut read = Vec::new();
    for file in files {
        let length = std::fs::metadata(file).map_or(u64::MAX, |metadata| metadata.len());
        if length > left || read.len() == Fonts::MOST_FILES {
            continue;
        }
        // It may have grown since.
        if let Some(bytes) = std::fs::read(file).ok().filter(|bytes| bytes.len() as u64 == length) {
            left -= length;
            read.push(bytes);
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Size};
    use crate::media::{probe, thumbnails_with};

    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/fonts");

    fn of(text: &str, limits: &MediaConfig) -> Vec<Vec<u8>> {
        let svg = format!("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>{text}</svg>");
        let fonts = SystemFonts::in_folder(Path::new(FOLDER));
        let fonts = fonts.for_image(svg.as_bytes(), &probe(svg.as_bytes(), limits), limits);
        fonts.files().map(<[u8]>::to_vec).collect()
    }

    fn file(name: &str) -> Vec<u8> {
        std::fs::read(Path::new(FOLDER).join(name)).unwrap()
    }

    #[test]
    fn a_drawing_gets_the_fonts_that_it_names_and_those_that_have_its_letters() {
        let limits = Config::default().media;
        let of = |text| of(text, &limits);
        assert!(of("<path d='M0 0h9'/>").is_empty());
        let both = |files: Vec<Vec<u8>>| {
            assert_eq!(files.len(), 2);
            assert!(files.contains(&file("latin.ttf")) && files.contains(&file("han.ttf")));
        };
        both(of("<text>abc &#x4e2d;</text>"));
        both(of("<text font-family='Offprint Han'>abc</text>"));
        let latin = of("<text font-family='Offprint Latin'>abc</text>").contains(&file("latin.ttf"));
        assert!(latin, "it is the one that is named");
        let lacking = of("<text>\u{1f600}</text>");
        assert_eq!(lacking.len(), 1, "no font has it, and the text gets one all the same");
    }

    /// Every character has a shape of its own: none is the box of a character that no font has.
    #[test]
    #[ignore = "needs a font of Chinese, Japanese and Korean"]
    fn chinese_japanese_and_korean_show_by_a_cjk_font() {
        let config = Config::default();
        let limits = &config.media;
        let shown = |text: char| {
            let text = format!("<text y='80' font-size='80' font-family='Arial'>{text}</text>");
            let svg = format!("<svg xmlns='http://www.w3.org/2000/svg' width='99' height='99'>{text}</svg>");
            let asset = probe(svg.as_bytes(), limits);
            let fonts = SystemFonts::default().for_image(svg.as_bytes(), &asset, limits);
            let made = thumbnails_with(svg.as_bytes(), &asset, &config.thumbnail, &fonts, limits).sizes.remove(0);
            made.unwrap().bytes
        };
        let shapes: BTreeSet<_> = ['\u{4e2d}', '\u{6587}', '\u{65e5}', '\u{3042}', '\u{ac00}'].map(shown).into();
        assert_eq!(shapes.len(), 5);
    }

    #[test]
    fn fonts_have_a_share_of_the_memory() {
        let limits = |bytes: u64| MediaConfig { max_alloc: Size(bytes), ..Config::default().media };
        let text = "<text>abc \u{4e2d}</text>";
        let all: usize = ["latin.ttf", "han.ttf"].map(|name| file(name).len()).iter().sum();
        assert_eq!(of(text, &limits(0)).len(), 2);
        assert_eq!(of(text, &limits(SHARE * all as u64)).len(), 2);
        assert_eq!(of(text, &limits(SHARE * (all as u64 - 1))).len(), 1);
        assert!(of(text, &limits(SHARE)).is_empty());
    }

    #[test]
    fn a_folder_without_fonts_has_none() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.ttf"), "no font").unwrap();
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><text>a</text></svg>";
        let limits = Config::default().media;
        let fonts = SystemFonts::in_folder(folder.path()).for_image(svg, &probe(svg, &limits), &limits);
        assert_eq!(fonts.bytes(), 0);
    }
}
