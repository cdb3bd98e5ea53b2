//! Which path answers how.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::answer::Answer;
use super::behaviour::Behaviour;
use super::log::Request;

type Rest = Arc<dyn Fn(&Request) -> Option<Behaviour> + Send + Sync>;

/// What an origin serves: behaviours by path, for all hosts or for one.
#[derive(Clone, Default)]
pub struct Site {
    everywhere: HashMap<String, Behaviour>,
    at_host: HashMap<(String, String), Behaviour>,
    rest: Option<Rest>,
}

impl Site {
    /// A site where every path answers 404.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a path for every host. With a query, it is for that query; without, for every query.
    #[must_use]
    pub fn on(mut self, path: &str, behaviour: Behaviour) -> Self {
        self.set(path, behaviour);
        self
    }

    /// With a path for one host, named without its port.
    #[must_use]
    pub fn at(mut self, host: &str, path: &str, behaviour: Behaviour) -> Self {
        self.set_at(host, path, behaviour);
        self
    }

    /// With an answer to requests for any other path; `None` is 404.
    #[must_use]
    pub fn otherwise(mut self, rest: impl Fn(&Request) -> Option<Behaviour> + Send + Sync + 'static) -> Self {
        self.rest = Some(Arc::new(rest));
        self
    }

    /// With a chain of `count` redirects: `path/1` to `path/2` and so on, the last one to `end`.
    #[must_use]
    pub fn redirect_chain(self, path: &str, count: usize, end: &str) -> Self {
        (1..=count).fold(self, |site, step| {
            let next = if step == count { end.to_owned() } else { format!("{path}/{}", step + 1) };
            site.on(&format!("{path}/{step}"), Behaviour::redirect(302, &next))
        })
    }

    /// Sets a path, as [`Site::on`] does.
    pub fn set(&mut self, path: &str, behaviour: Behaviour) {
        self.everywhere.insert(path.to_owned(), behaviour);
    }

    /// Sets a path of one host, as [`Site::at`] does.
    pub fn set_at(&mut self, host: &str, path: &str, behaviour: Behaviour) {
        self.at_host.insert((host.to_owned(), path.to_owned()), behaviour);
    }

    /// Makes every behaviour another one; paths that answer by [`Site::otherwise`] stay as they are.
    pub fn change_all(&mut self, change: impl Fn(&str, Behaviour) -> Behaviour) {
        for (path, behaviour) in &mut self.everywhere {
            *behaviour = change(path, behaviour.clone());
        }
        for ((_, path), behaviour) in &mut self.at_host {
            *behaviour = change(path, behaviour.clone());
        }
    }

    /// What happens to this request.
    pub(super) fn answer(&self, request: &Request) -> Answer {
        match self.find(request) {
            Some(behaviour) => behaviour.answer(request),
            None => self.rest(request).unwrap_or_else(|| Behaviour::status(404)).answer(request),
        }
    }

    fn find(&self, request: &Request) -> Option<&Behaviour> {
        let host = request.host_name().to_owned();
        let at_host = |path: &str| self.at_host.get(&(host.clone(), path.to_owned()));
        let everywhere = |path: &str| self.everywhere.get(path);
        at_host(&request.target)
            .or_else(|| at_host(request.path()))
            .or_else(|| everywhere(&request.target))
            .or_else(|| everywhere(request.path()))
    }

    fn rest(&self, request: &Request) -> Option<Behaviour> {
        self.rest.as_ref().and_then(|rest| rest(request))
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<_> = self.everywhere.keys().chain(self.at_host.keys().map(|(_, path)| path)).collect();
        f.debug_struct("Site").field("paths", &paths).finish_non_exhaustive()
    }
}
