//! What is recorded of an article's references.

use crate::archive::NewReference;
use crate::config::AdoptLocal;
use crate::ingest::NI_SCHEME;
use crate::model::Reference;
use crate::source::Source;

/// The references as the catalog keeps them: with a URL where they name something that can be fetched or adopted. It asks
/// the file system, so it is not for the runtime.
pub(super) fn new_references(source: &Source, adopt: AdoptLocal, references: &[Reference]) -> Vec<NewReference> {
    let adopts = source.adopts(adopt);
    let is_fetchable = |reference: &Reference| match &reference.url {
        _ if !reference.kind.is_media() => false,
        Ok(url) if url.scheme() == NI_SCHEME => true,
        Ok(url) if url.scheme() == "file" => adopts && source.local_file(url).is_some(),
        Ok(url) => url.has_host(),
        Err(_) => false,
    };
    let new = |reference: &Reference| {
        let fetched = reference.url.as_ref().ok().filter(|_| is_fetchable(reference));
        NewReference {
            span: reference.span,
            kind: reference.kind,
            name: reference.name.clone(),
            image_group: reference.image_group,
            reveal: reference.reveal,
            link_wrap: reference.link_wrap,
            url: fetched.cloned(),
            unfetched: fetched.is_none().then(|| reference.url.clone()),
        }
    };
    references.iter().map(new).collect()
}
