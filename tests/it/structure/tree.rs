//! One source file: its modules, what they define and import, and every path in them.

use std::collections::{BTreeSet, HashMap};

use super::tokens::Token;

/// A name that `use` brings into scope, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Import {
    /// `*` for everything.
    pub(super) name: String,
    pub(super) path: Vec<String>,
    pub(super) public: bool,
    pub(super) line: usize,
}

/// A module: that of a file, or one written out inside another.
#[derive(Debug, Default)]
pub(super) struct Module {
    pub(super) file: usize,
    pub(super) parent: Option<usize>,
    pub(super) children: HashMap<String, usize>,
    pub(super) items: BTreeSet<String>,
    pub(super) imports: Vec<Import>,
    /// Paths outside of `use` lines, with their lines.
    pub(super) paths: Vec<(Vec<String>, usize)>,
    /// Names of macros that it calls, with their lines.
    pub(super) macros: Vec<(String, usize)>,
    /// Names outside of `use` lines.
    names: BTreeSet<String>,
}

impl Module {
    /// Whether it names something outside of its `use` lines.
    pub(super) fn needs(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}

/// What a file holds.
#[derive(Default)]
pub(super) struct FileModules {
    pub(super) modules: Vec<Module>,
    /// Modules that lie in files of their own, each with the module that declares it.
    pub(super) declared: Vec<(usize, String)>,
    /// Macros that it defines.
    pub(super) macros: Vec<String>,
}

/// Reads the tokens of a file. Its own module gets the number `first`, those inside the numbers that follow.
pub(super) fn read_file(tokens: &[Token], file: usize, first: usize, parent: Option<usize>) -> FileModules {
    let own = Module { file, parent, ..Module::default() };
    let found = FileModules { modules: vec![own], ..FileModules::default() };
    let mut reader = Reader { tokens, at: 0, first, file, braces: Vec::new(), found };
    while reader.at < tokens.len() {
        reader.step();
    }
    reader.found
}

struct Reader<'t> {
    tokens: &'t [Token],
    at: usize,
    first: usize,
    file: usize,
    /// What each open brace belongs to: a module, or something else.
    braces: Vec<Option<usize>>,
    found: FileModules,
}

const ITEMS: [&str; 9] = ["fn", "struct", "enum", "union", "trait", "type", "const", "static", "macro_rules"];

impl Reader<'_> {
    fn text(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", |token| &token.text)
    }

    /// The innermost module here, by its number within the file.
    fn module(&self) -> usize {
        self.braces.iter().rev().find_map(|brace| *brace).unwrap_or(0)
    }

    fn step(&mut self) {
        let is_item = self.braces.last().is_none_or(Option::is_some);
        match self.text(0) {
            "{" => self.open(None),
            "}" => {
                self.braces.pop();
                self.at += 1;
            }
            "pub" => self.visibility(),
            // `use<…>` says what a type captures.
            "use" if self.text(1) != "<" => self.import(false),
            "mod" if self.tokens.get(self.at + 1).is_some_and(Token::is_name) => self.submodule(),
            item if is_item && ITEMS.contains(&item) => self.item(),
            _ => self.path(),
        }
    }

    fn open(&mut self, module: Option<usize>) {
        self.braces.push(module);
        self.at += 1;
    }

    /// Passes over `pub` and what stands in parentheses behind it.
    fn visibility(&mut self) {
        self.at += 1;
        if self.text(0) == "(" && matches!(self.text(1), "crate" | "super" | "self" | "in") {
            while self.text(0) != ")" {
                self.at += 1;
            }
            self.at += 1;
        }
        if self.text(0) == "use" {
            self.import(true);
        }
    }

    fn submodule(&mut self) {
        let (name, module) = (self.text(1).to_owned(), self.module());
        self.at += 2;
        if self.text(0) == "{" {
            let inner = self.found.modules.len();
            let parent = Some(self.first + module);
            self.found.modules.push(Module { file: self.file, parent, ..Module::default() });
            self.found.modules[module].children.insert(name, self.first + inner);
            self.open(Some(inner));
        } else {
            self.found.declared.push((self.first + module, name));
        }
    }

    fn item(&mut self) {
        let named = if self.text(1) == "!" { 2 } else { 1 };
        let (name, module) = (self.text(named).to_owned(), self.module());
        // `const fn` is named by what follows.
        if !ITEMS.contains(&name.as_str()) {
            if named == 2 {
                self.found.macros.push(name.clone());
            }
            self.found.modules[module].items.insert(name);
            self.at += named;
        }
        self.at += 1;
    }

    /// A path, a name or something else.
    fn path(&mut self) {
        let start = self.at;
        let is_field = start > 0 && (self.tokens[start - 1].is(".") || self.tokens[start - 1].is("::"));
        let mut path = Vec::new();
        while self.tokens.get(self.at).is_some_and(Token::is_name) {
            path.push(self.text(0).to_owned());
            self.at += 1;
            if self.text(0) != "::" || !self.tokens.get(self.at + 1).is_some_and(Token::is_name) {
                break;
            }
            self.at += 1;
        }
        self.at += usize::from(path.is_empty());
        let (module, line, calls) = (self.module(), self.tokens[start].line, self.text(0) == "!");
        let module = &mut self.found.modules[module];
        module.names.extend(path.first().cloned());
        match path.len() {
            1 if calls => module.macros.push((path.remove(0), line)),
            2.. if !is_field => module.paths.push((path, line)),
            _ => {}
        }
    }

    /// A `use` line, to its semicolon.
    fn import(&mut self, public: bool) {
        let line = self.tokens[self.at].line;
        self.at += 1;
        let mut found = Vec::new();
        self.branch(&[], &mut found);
        let module = self.module();
        let imports = found.into_iter().map(|(name, path)| Import { name, path, public, line });
        self.found.modules[module].imports.extend(imports);
    }

    /// One branch of a tree of imports, and what it brings into scope.
    fn branch(&mut self, before: &[String], found: &mut Vec<(String, Vec<String>)>) {
        let mut path = before.to_vec();
        // What starts with `::` is of another crate.
        if path.is_empty() && self.text(0) == "::" {
            path.push("::".to_owned());
        }
        while self.at < self.tokens.len() {
            match self.text(0) {
                "::" => self.at += 1,
                "{" => return self.branches(&path, found),
                "as" => {
                    found.push((self.text(1).to_owned(), path));
                    self.at += 2;
                    return;
                }
                "," | "}" | ";" => break,
                name => {
                    path.push(name.to_owned());
                    self.at += 1;
                }
            }
        }
        // `use folder::{self, …}`
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        found.extend(path.last().cloned().map(|name| (name, path)));
    }

    fn branches(&mut self, path: &[String], found: &mut Vec<(String, Vec<String>)>) {
        self.at += 1;
        while !matches!(self.text(0), "" | "}" | ";") {
            self.branch(path, found);
            self.at += usize::from(self.text(0) == ",");
        }
        self.at += 1;
    }
}

fn read(source: &str) -> FileModules {
    read_file(&super::tokens::tokens(source), 7, 20, None)
}

#[test]
fn imports_are_read_branch_by_branch() {
    let found = read("use a::{self, b::C, d::*, e as f}; pub(crate) use super::g;");
    let imports: Vec<_> = found.modules[0].imports.iter().map(|it| (it.name.as_str(), it.path.join("::"))).collect();
    let expected = [("a", "a"), ("C", "a::b::C"), ("*", "a::d::*"), ("f", "a::e"), ("g", "super::g")];
    assert_eq!(imports, expected.map(|(name, path)| (name, path.to_owned())));
    assert_eq!(found.modules[0].imports.iter().filter(|import| import.public).count(), 1);
}

#[test]
fn items_modules_and_paths_are_found() {
    let source = "mod x; mod y { fn f() { crate::z::g() } } macro_rules! m { () => { super::h() } } pub(in super::super) fn k() { m!(); a.b::<C>() }";
    let found = read(source);
    assert_eq!(found.declared, [(20, "x".to_owned())]);
    assert_eq!((found.modules[0].children["y"], found.modules[1].parent), (21, Some(20)));
    assert_eq!(found.modules[1].paths, [(vec!["crate".to_owned(), "z".to_owned(), "g".to_owned()], 1)]);
    assert_eq!(found.modules[0].paths, [(vec!["super".to_owned(), "h".to_owned()], 1)]);
    assert_eq!(found.macros, ["m"]);
    assert!(["k", "m"].iter().all(|name| found.modules[0].items.contains(*name)));
    assert_eq!(found.modules[0].macros, [("m".to_owned(), 1)]);
}
