//! TLS for the HTTP client, with its provider of cryptography named here and nothing installed for the whole process.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;

use crate::fetch::error::FetchError;

/// TLS that trusts the system's certificate authorities and those of a PEM file; an empty path names none.
///
/// # Errors
/// The file cannot be read or holds no certificate, or the system's authorities cannot be loaded.
pub fn client_config(ca_file: &Path) -> Result<ClientConfig, FetchError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = |error: rustls::Error| FetchError::Client(error.to_string());
    let verifier = Verifier::new_with_extra_roots(authorities(ca_file)?, Arc::clone(&provider)).map_err(client)?;
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(client)?.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, FetchError> {
    if path.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    let invalid = |cause: String| FetchError::CaFile { path: path.to_owned(), cause };
    let pem = std::fs::read(path).map_err(|error| invalid(error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|error| invalid(error.to_string()))?;
    if found.is_empty() { Err(invalid("it holds no certificate in PEM form".to_owned())) } else { Ok(found) }
}
