//! Images whose `src` is the same on many elements: a placeholder of the site itself, which a script replaces by what
//! another attribute names.

use std::collections::{BTreeMap, HashSet};

use crate::extract::sink::{MAX_REFERENCES, RawReference, Sink};

/// On how many elements one URL is a placeholder.
const MANY: usize = 3;

/// What other attributes name, by the `src` of their element.
#[derive(Default)]
pub(super) struct Shared(BTreeMap<String, Vec<RawReference>>, usize);

impl Shared {
    /// Records an image that would be shown if the `src` of its element were a placeholder.
    pub(super) fn note(&mut self, src: String, image: RawReference) {
        if self.1 < MAX_REFERENCES {
            self.0.entry(src).or_default().push(image);
            self.1 += 1;
        }
    }

    /// Reports the images of elements whose `src` turned out to be a placeholder: each element names another image.
    pub(super) fn close(self, sink: &mut Sink) {
        for images in self.0.into_values().filter(|images| images.len() >= MANY) {
            let named: HashSet<_> = images.iter().map(|image| image.value.as_str()).collect();
            if named.len() == images.len() {
                sink.extend(images);
            }
        }
    }
}
