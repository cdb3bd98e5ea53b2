//! The page that says why another one is not shown.

use askama::Template;

use super::super::error::PageError;
use super::super::policy::own;
use super::super::query::Query;
use super::super::response::{Response, whole};
use super::frame::Frame;

#[derive(Debug, Template)]
#[template(path = "failure.html")]
struct Failure {
    frame: Frame,
    why: String,
}

pub(in super::super) fn page(error: &PageError) -> Result<Response, PageError> {
    let title = error.status().canonical_reason().unwrap_or("Not shown");
    let failure = Failure { frame: Frame::new("", title, &Query::default()), why: error.to_string() };
    Ok(whole(own(error.status(), "text/html; charset=utf-8"), failure.render()?))
}
