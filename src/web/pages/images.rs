//! The gallery: small images, newest first.

use askama::Template;
use serde::Serialize;

use super::super::error::PageError;
use super::super::links::Links;
use super::super::query::Query;
use super::super::response::Response;
use super::frame::{Frame, ROWS, moments_of, month, respond};
use super::preview::{Preview, previews};
use crate::archive::{Archive, ImageFilter};
use crate::model::{HostKey, MediaType};

const PATH: &str = "/images";

#[derive(Debug, Template, Serialize)]
#[template(path = "images.html")]
struct Images {
    #[serde(flatten)]
    frame: Frame,
    images: Vec<Preview>,
    #[serde(skip)]
    types: Vec<&'static str>,
    #[serde(skip)]
    media_type: String,
    #[serde(skip)]
    host: String,
    #[serde(skip)]
    month: String,
    #[serde(skip)]
    wider: u32,
}

pub(in super::super) async fn page(archive: &Archive, query: &Query) -> Result<Response, PageError> {
    let filter = ImageFilter {
        media_type: query.read("type", MediaType::from_name)?,
        host: query.text("host").map(|host| HostKey::from_stored(host.to_owned())),
        width: query.value("wider")?.unwrap_or_default(),
        dates: query.read("month", month)?.map(moments_of),
    };
    let page = archive.catalog.list_images(&filter, query.after()?, ROWS).await?;
    let rows: Vec<_> = page.rows.into_iter().map(|row| row.image).collect();
    let mut unreadable = page.unreadable;
    let small = previews(archive, &rows, Links::Served, &mut unreadable).await?;
    let text = |name: &str| query.text(name).unwrap_or_default().to_owned();
    let mut frame = Frame::new("images", "Images", query);
    (frame.previous, frame.next) = (query.first(PATH), query.next(PATH, page.next.as_ref()));
    frame.unreadable = unreadable;
    let images = Images {
        frame,
        images: rows.iter().filter_map(|row| small.get(&row.digest).cloned()).collect(),
        types: MediaType::ALL.iter().filter(|kind| kind.is_image()).map(|kind| kind.as_str()).collect(),
        media_type: text("type"),
        host: text("host"),
        month: text("month"),
        wider: filter.width,
    };
    respond(query, &images)
}
