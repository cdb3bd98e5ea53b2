//! Articles on their way from the stage that made them ready to the one that writes them.

use tokio::sync::mpsc;

use crate::archive::ArticleId;

/// How many articles wait.
const WAITING: usize = 256;

/// Sends articles of which nothing is left in the queue.
#[derive(Debug, Clone)]
pub(super) struct ReadyArticles(mpsc::Sender<ArticleId>);

/// A way for articles that are ready. It ends when every sender is gone.
pub(super) fn ready_articles() -> (ReadyArticles, mpsc::Receiver<ArticleId>) {
    let (send, receive) = mpsc::channel(WAITING);
    (ReadyArticles(send), receive)
}

impl ReadyArticles {
    /// Hands articles on. Where nobody takes them any more, the run is ending.
    pub(super) async fn announce(&self, articles: Vec<ArticleId>) {
        for article in articles {
            let _ = self.0.send(article).await;
        }
    }
}
