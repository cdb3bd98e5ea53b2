//! The open `template` elements.

/// The open `template` elements, outermost first. The content of most is not shown; that of others is, such as a
/// declarative shadow tree (HTML, "the template element").
#[derive(Default)]
pub(super) struct Templates {
    open: Vec<bool>,
    hiding: usize,
}

impl Templates {
    /// Opens one, whose content is hidden or shown.
    pub(super) fn open(&mut self, hides: bool) {
        self.open.push(hides);
        self.hiding += usize::from(hides);
    }

    /// Closes the innermost one.
    pub(super) fn close(&mut self) {
        if self.open.pop() == Some(true) {
            self.hiding -= 1;
        }
    }

    /// Whether what stands here is in one that hides it.
    pub(super) const fn hide(&self) -> bool {
        self.hiding > 0
    }
}
