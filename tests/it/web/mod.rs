//! What is served over HTTP: the pages of an archive, and the server of the demo.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic, in its own functions as well")]

mod browsed;
pub(crate) mod demo_server;
mod files;
mod hostile;
mod html;
mod index;
mod lists;
mod looks;
mod measurement;
mod pages;
mod program;
mod proofs;
mod requests;
mod unreadable;

use offprint::testing::demo::photo::Photo;
use offprint::testing::web::{self, Access, Server};
use reqwest::Response;

use crate::origin::client;
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// The title of an article, in two scripts, with what must be escaped.
const TITLE: &str = "Rain & <b>雨</b> \"today\"";

/// Something that stands in no page of ours unless it was copied there unescaped.
const ARCHIVED: &str = "<script id=\"archived\">";

/// An archive with a few articles and its server.
struct Shown {
    sandbox: Sandbox,
    origin: Origin,
    server: Server,
}

fn photo(seed: u64) -> Behaviour {
    Behaviour::serve(Content::new("image/jpeg", Photo::new(seed, 900, 600).jpeg()))
}

fn site() -> Origin {
    let drawing = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"30\"><script>parent.acted = 1</script>\
                   <rect width=\"40\" height=\"30\" fill=\"teal\"/></svg>";
    let drawing = Behaviour::serve(Content::new("image/svg+xml", drawing));
    let site = Site::new().on("/1.jpg", photo(1)).on("/2.jpg", photo(2)).on("/3.jpg", photo(3));
    Origin::start(site.on("/drawing.svg", drawing)).unwrap()
}

impl Shown {
    /// Mirrors a few articles and serves the archive. Two images of its origin are missing, and those of a host that does not exist.
    fn new() -> Self {
        let (sandbox, origin) = (Sandbox::new(), site());
        let image = |name: &str| origin.url(name);
        let post = |title: &str, day: u32, body: String| {
            format!("---\ntitle: '{title}'\ndate: 2024-11-{day:02} 08:00:00\n---\n\n{body}\n")
        };
        let rain = format!("![]({})\n![]({})\n![]({})\n", image("/1.jpg"), image("/2.jpg"), image("/gone.jpg"));
        sandbox.write("posts/rain.md", post(TITLE, 20, rain));
        sandbox.write("posts/deep/雨 天.md", post("雨天", 21, format!("![]({})", image("/1.jpg"))));
        sandbox.write("posts/page.html", hostile::page(&origin));
        sandbox.run(&["run"]).expect(3);
        let archive = sandbox.archive();
        let server = web::serve(archive, ([127, 0, 0, 1], 0).into(), Access::default(), 64).unwrap();
        Self { sandbox, origin, server }
    }

    async fn get(&self, path: &str) -> Response {
        client().get(self.server.url() + path.trim_start_matches('/')).send().await.unwrap()
    }

    /// The text of a page that is shown.
    async fn text(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    }

    async fn json(&self, path: &str) -> serde_json::Value {
        let text = self.text(path).await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))
    }
}
