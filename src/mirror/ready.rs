//! Articles on their way from the stage that made them ready to the one that writes them.

use tokio::sync::mpsc;

use crate::archive::ArticleId;

/// How many articles wait.
const WAITING: usize = 256;

/// Sends articles of which nothing is left in the queue.
#[derive(Debug, Clone)]
pub(super) struct ReadyArticles(mpsc::Sender<ArticleId>);

/// A channel for articles that are ready. It closes when every sender is dropped.
pub(super) fn ready_articles() -> (ReadyArticles, mpsc::Receiver<ArticleId>) {
    let (send, receive) = mpsc::channel(WAITING);
    (ReadyArticles(send), receive)
}

impl ReadyArticles {
    /// Sends articles to the writing stage. If that has ended, the run is ending.
    pub(super) async fn announce(&self, articles: Vec<ArticleId>) {
        for article in articles {
            let _ = self.0.send(article).await;
        }
    }
}
