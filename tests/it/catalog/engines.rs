//! How each engine is opened, empty.

use std::any::Any;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use offprint::testing::archive::{self, Catalog, MemoryCatalog, Mode};

/// An empty catalog, and whatever must live as long as it does.
pub(crate) struct Fresh {
    catalog: Arc<dyn Catalog>,
    _rest: Box<dyn Any + Send>,
}

impl Deref for Fresh {
    type Target = dyn Catalog;

    fn deref(&self) -> &Self::Target {
        &*self.catalog
    }
}

/// In one database file, which need not wait for a disk where the system has a place for such files.
pub(crate) fn sqlite() -> Fresh {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let archive = archive::open(folder.path(), Mode::Create).unwrap();
    Fresh { catalog: Arc::clone(&archive.catalog), _rest: Box::new((archive, folder)) }
}

pub(crate) fn memory() -> Fresh {
    Fresh { catalog: Arc::new(MemoryCatalog::new()), _rest: Box::new(()) }
}
