//! Which file uses which: every path of the source, resolved to the file that defines what it names.
//!
//! What counts as use:
//!
//! - A path `crate::…`, `super::…`, `self::…`, or one that starts with a name in scope, anywhere in the code: in `use`
//!   lines, in expressions and types, in bodies of macros. A macro of another file by its name, too.
//! - A name that a folder's `mod.rs` re-exports counts as a use of the file that defines it. The re-export itself is no
//!   use, for a list of what a folder offers depends on nothing; where the same file needs the name for itself, it is.
//! - Importing a module is no use of it; what is named through it is. Nor is declaring it (`mod x;`).
//!
//! Not seen: methods, which Rust does not name by paths. Code of tests is left out: it may use everything.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::tokens::{tokens, without_tests};
use super::tree::{Module, read_file};

/// A use of one file by another, and the path that says so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) line: usize,
    pub(super) path: String,
}

/// The source of a crate.
pub(super) struct Source {
    pub(super) files: Vec<PathBuf>,
    modules: Vec<Module>,
    macros: HashMap<String, usize>,
}

/// What a path leads to.
#[derive(Clone, Copy, PartialEq)]
enum Target {
    Module(usize),
    Item(usize),
}

impl Source {
    /// The crate whose root is `lib.rs` of a folder.
    pub(super) fn read(folder: &Path) -> Self {
        let mut source = Self { files: Vec::new(), modules: Vec::new(), macros: HashMap::new() };
        source.add(folder, "lib.rs", None);
        source
    }

    /// Adds a file and those of its modules.
    fn add(&mut self, folder: &Path, name: &str, parent: Option<usize>) -> usize {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
        let file = self.files.len();
        self.files.push(path);
        let own = self.modules.len();
        let read = read_file(&without_tests(&tokens(&text)), file, own, parent);
        self.modules.extend(read.modules);
        self.macros.extend(read.macros.into_iter().map(|name| (name, file)));
        for (module, child) in read.declared {
            let (inside, name) = place(folder, &child);
            let index = self.add(&inside, &name, Some(module));
            self.modules[module].children.insert(child, index);
        }
        own
    }

    /// Every use of one file by another.
    pub(super) fn uses(&self) -> BTreeSet<Use> {
        let mut found = BTreeSet::new();
        for (at, module) in self.modules.iter().enumerate() {
            let from = module.file;
            let imports = module.imports.iter().filter(|import| !import.public || module.needs(&import.name));
            let imports = imports.map(|import| (&import.path, import.line));
            for (path, line) in imports.chain(module.paths.iter().map(|(path, line)| (path, *line))) {
                if let Some(Target::Item(to)) = self.resolve(at, path, &mut HashSet::new()) {
                    found.insert(Use { from, to, line, path: path.join("::") });
                }
            }
            for (name, line) in &module.macros {
                found.extend(self.macros.get(name).map(|to| Use {
                    from,
                    to: *to,
                    line: *line,
                    path: format!("{name}!"),
                }));
            }
        }
        found.retain(|found| found.from != found.to);
        found
    }

    fn resolve(&self, from: usize, path: &[String], seen: &mut HashSet<(usize, String)>) -> Option<Target> {
        let mut at = Target::Module(from);
        for (number, name) in path.iter().enumerate() {
            let Target::Module(module) = at else { return Some(at) };
            let is_last = number + 1 == path.len();
            at = match name.as_str() {
                "crate" => Target::Module(0),
                "self" => at,
                "super" => Target::Module(self.modules[module].parent?),
                // What a glob names is the module's.
                "*" => Target::Item(self.modules[module].file),
                _ => match self.lookup(module, name, is_last, seen) {
                    Some(found) => found,
                    // What a macro defines is seen nowhere; it stands in the file of the module.
                    None if number > 0 => Target::Item(self.modules[module].file),
                    None => return None,
                },
            };
        }
        Some(at)
    }

    /// A name in the scope of a module. A name of both a module and an item is the item where a path ends.
    fn lookup(&self, at: usize, name: &str, last: bool, seen: &mut HashSet<(usize, String)>) -> Option<Target> {
        if !seen.insert((at, format!("{name}{last}"))) {
            return None;
        }
        let module = &self.modules[at];
        let child = module.children.get(name).map(|child| Target::Module(*child));
        let item = module.items.contains(name).then_some(Target::Item(module.file));
        let mut by_import = || {
            let named = module.imports.iter().filter(|import| import.name == name && import.path != [name.to_owned()]);
            let mut named = named.filter_map(|import| self.resolve(at, &import.path, seen));
            named.find(|target| !last || matches!(target, Target::Item(_)) || child.is_none())
        };
        let found = if last { item.or_else(&mut by_import).or(child) } else { child.or_else(&mut by_import).or(item) };
        found.or_else(|| self.by_glob(at, name, last, seen))
    }

    fn by_glob(&self, at: usize, name: &str, last: bool, seen: &mut HashSet<(usize, String)>) -> Option<Target> {
        let globs = self.modules[at].imports.iter().filter(|import| import.name == "*");
        let mut found = globs.filter_map(|import| {
            let (_, folder) = import.path.split_last()?;
            match self.resolve(at, folder, seen)? {
                Target::Module(module) => self.lookup(module, name, last, seen),
                Target::Item(_) => None,
            }
        });
        found.next()
    }

    /// The name of a file below the crate's folder.
    pub(super) fn name(&self, file: usize) -> String {
        let root = self.files[0].parent().expect("a file lies in a folder");
        self.files[file].strip_prefix(root).expect("all lie below").to_string_lossy().into_owned()
    }
}

/// Where a module that a file in this folder declares is.
fn place(folder: &Path, name: &str) -> (PathBuf, String) {
    let inside = folder.join(name);
    if inside.join("mod.rs").is_file() {
        (inside, "mod.rs".to_owned())
    } else {
        (folder.to_owned(), format!("{name}.rs"))
    }
}

/// Groups of files that use each other, directly or through others: the strongly connected components of more than one.
pub(super) fn circles(uses: &BTreeSet<Use>) -> BTreeSet<BTreeSet<usize>> {
    let mut next = BTreeMap::<usize, BTreeSet<usize>>::new();
    for found in uses {
        next.entry(found.from).or_default().insert(found.to);
    }
    let reached: BTreeMap<_, _> = next.keys().map(|start| (*start, reachable(*start, &next))).collect();
    let leads = |from: usize, to: usize| reached.get(&from).is_some_and(|reached| reached.contains(&to));
    let circle = |start: &usize| reached[start].iter().copied().filter(|other| leads(*other, *start)).collect();
    reached.keys().map(circle).filter(|circle: &BTreeSet<usize>| circle.len() > 1).collect()
}

/// Everything that can be reached from a start; the start itself only over a circle.
fn reachable(start: usize, next: &BTreeMap<usize, BTreeSet<usize>>) -> BTreeSet<usize> {
    let (mut found, mut open) = (BTreeSet::new(), vec![start]);
    while let Some(at) = open.pop() {
        open.extend(next.get(&at).into_iter().flatten().filter(|other| found.insert(**other)));
    }
    found
}
