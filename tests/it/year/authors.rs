//! What authors do with their posts, and with the folder of them.

use super::archive::Archive;
use super::step::Step;
use super::world::{IMAGES, Post};

impl Archive {
    /// What an author does. Edits of a mirror in place are made in the mirror.
    pub(super) fn write(&mut self, step: Step) {
        match step {
            Step::Add(number) => self.add(number),
            Step::Edit(number) => self.edit(number),
            Step::Rename(number) => self.copy(number, "", true),
            Step::MovePost(number) => self.copy(number, ["sub/", "sub/deep/", ""][usize::from(number % 3)], true),
            Step::Copy(number) => self.copy(number, "", false),
            Step::Delete(number) => {
                if let Some(name) = self.chosen(number).filter(|_| self.present.len() > 1) {
                    self.take_away(&name);
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, number: u8) {
        let name = format!("post-{}", self.next());
        let post = Post::new(&self.world, number);
        self.sandbox.write(&Self::file(&name), &post.text);
        self.note_written(&name);
        self.posts.insert(name.clone(), post);
        self.present.insert(name);
    }

    /// One of the posts that are there.
    pub(super) fn chosen(&self, number: u8) -> Option<String> {
        let at = usize::from(number).checked_rem(self.present.len())?;
        self.present.iter().nth(at).cloned()
    }

    fn edit(&mut self, number: u8) {
        let Some(name) = self.chosen(number) else { return };
        let (title, line) = (format!("title: Edit {}", self.next()), format!("\n![]({})\n", self.world.url(number)));
        let edited = |text: &str| {
            let (start, rest) = text.split_once("title: ").unwrap();
            let (_, rest) = rest.split_once('\n').unwrap();
            format!("{start}{title}\n{rest}{line}")
        };
        let file = Self::file(&name);
        self.sandbox.write(&file, edited(&self.sandbox.text(&file)));
        self.note_written(&name);
        let post = self.posts.get_mut(&name).unwrap();
        post.text = edited(&post.text);
        post.images.push(number % IMAGES);
    }

    fn copy(&mut self, number: u8, folder: &str, rename: bool) {
        let Some(name) = self.chosen(number) else { return };
        let other = format!("{folder}post-{}", self.next());
        let (from, to) = (self.sandbox.path(&Self::file(&name)), Self::file(&other));
        self.sandbox.write(&to, std::fs::read(&from).unwrap());
        self.note_written(&other);
        self.posts.insert(other.clone(), self.posts[&name].clone());
        self.present.insert(other);
        if rename {
            self.take_away(&name);
        }
    }

    /// The next run over the posts reads it.
    fn note_written(&mut self, name: &str) {
        self.unread.insert(name.to_owned());
    }

    /// A post leaves. What no run has read of it, the archive cannot give back.
    fn take_away(&mut self, name: &str) {
        std::fs::remove_file(self.sandbox.path(&Self::file(name))).unwrap();
        self.present.remove(name);
        if self.unread.remove(name) {
            self.posts.remove(name);
        }
    }

    pub(super) fn unmount(&mut self) {
        if std::mem::take(&mut self.mounted) {
            std::fs::rename(self.sandbox.path("posts"), self.sandbox.path("away")).unwrap();
            std::fs::create_dir(self.sandbox.path("posts")).unwrap();
        }
    }

    pub(super) fn mount(&mut self) {
        if !std::mem::replace(&mut self.mounted, true) {
            std::fs::remove_dir(self.sandbox.path("posts")).unwrap();
            std::fs::rename(self.sandbox.path("away"), self.sandbox.path("posts")).unwrap();
        }
    }
}
