//! Bodies of any kind, which whoever asked for them identifies.

use url::Url;

use crate::fetch::{Fetcher, Judge, Purpose};
use crate::model::{Failure, Reason};
use crate::staging::Staged;

/// Accepts any body that is not too large, with the type that its response claims.
pub(super) struct AnyBody<'a> {
    /// The most bytes; 0 for any number.
    pub(super) most: u64,
    /// The setting that says so.
    pub(super) limit: &'static str,
    /// What is asked for, whose rules of robots.txt hold for redirects, too.
    pub(super) purpose: Purpose,
    pub(super) fetcher: &'a Fetcher,
}

impl Judge for AnyBody<'_> {
    type Accepted = Option<String>;

    async fn judge(&self, staged: &Staged, content_type: Option<&str>) -> Result<Option<String>, Failure> {
        if self.most > 0 && staged.length > self.most {
            return Err(Failure::new(Reason::TooLarge, too_large(self.limit, self.most)));
        }
        Ok(content_type.map(str::to_owned))
    }

    async fn follow(&self, to: &Url) -> Result<(), Failure> {
        self.fetcher.check_robots(self.purpose, to).await
    }
}

/// That a body has more bytes than a setting permits.
pub(super) fn too_large(limit: &str, most: u64) -> String {
    format!("it has more than {limit} ({most} bytes)")
}
