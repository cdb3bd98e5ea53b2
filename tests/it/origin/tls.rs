//! An authority of our own, certificates right and wrong, and an origin that shows them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::testserver::{Origin, Site, Stream, Wrap};

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Nothing.
    None,
    /// It was valid until 2020.
    Expired,
    /// It is valid from 2100.
    NotYetValid,
    /// It is for `elsewhere.example`.
    WrongName,
    /// It is signed by its own key.
    SelfSigned,
}

/// A certificate authority that clients trust when they are reported to.
pub(crate) struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new authority with a new key.
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "an authority for tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().unwrap();
        Self { certificate: params.self_signed(&key).unwrap(), issuer: Issuer::new(params, key) }
    }

    /// Its certificate in PEM, as `ca_file` takes it.
    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// An origin at a free port of 127.0.0.1 that speaks HTTP/2 and HTTP/1.1 over TLS, for these names.
    pub(crate) fn origin(&self, names: &[&str], flaw: Flaw, site: Site) -> Origin {
        self.origin_with(names, flaw, &["h2", "http/1.1"], site)
    }

    /// The same with the protocols that it agrees to (ALPN, RFC 7301).
    pub(crate) fn origin_with(&self, names: &[&str], flaw: Flaw, protocols: &[&str], site: Site) -> Origin {
        let mut config = self.server_config(names, flaw);
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let tls = Tls(TlsAcceptor::from(Arc::new(config)));
        Origin::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), Arc::new(tls), site).unwrap()
    }

    fn server_config(&self, names: &[&str], flaw: Flaw) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let chain = vec![self.sign(names, flaw, &key)];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        builder.with_no_client_auth().with_single_cert(chain, key).unwrap()
    }

    fn sign(&self, names: &[&str], flaw: Flaw, key: &KeyPair) -> CertificateDer<'static> {
        let names = if flaw == Flaw::WrongName { &["elsewhere.example"] } else { names };
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        match flaw {
            Flaw::Expired => params.not_after = date_time_ymd(2020, 1, 1),
            Flaw::NotYetValid => params.not_before = date_time_ymd(2100, 1, 1),
            Flaw::SelfSigned => return params.self_signed(key).unwrap().into(),
            Flaw::None | Flaw::WrongName => {}
        }
        params.signed_by(key, &self.issuer).unwrap().into()
    }
}

struct Tls(TlsAcceptor);

#[async_trait]
impl Wrap for Tls {
    async fn wrap(&self, stream: TcpStream) -> io::Result<Box<dyn Stream>> {
        Ok(Box::new(self.0.accept(stream).await?))
    }
}

mod tests {
    use std::error::Error;

    use crate::testserver::{Behaviour, End, Portion, Version};

    use super::super::{builder, image};
    use super::*;

    const NAME: &str = "img.example";

    fn client(authority: &Authority, origin: &Origin) -> reqwest::Client {
        let trusted = reqwest::Certificate::from_pem(authority.pem().as_bytes()).unwrap();
        builder().tls_certs_only([trusted]).resolve(NAME, origin.address()).build().unwrap()
    }

    fn url(origin: &Origin) -> String {
        format!("https://{NAME}:{}/a.jpg", origin.address().port())
    }

    fn site() -> Site {
        Site::new().on("/a.jpg", Behaviour::serve(image()))
    }

    async fn check_protocol(protocols: &[&str], version: Version) {
        let authority = Authority::new();
        let origin = authority.origin_with(&[NAME], Flaw::None, protocols, site());
        let response = client(&authority, &origin).get(url(&origin)).send().await.unwrap();
        assert_eq!(&response.bytes().await.unwrap(), image().bytes());
        let request = &origin.log().requests()[0].request;
        assert_eq!((request.version, request.host_name()), (version, NAME));
    }

    #[tokio::test]
    async fn the_protocol_is_negotiated() {
        check_protocol(&["h2", "http/1.1"], Version::Http2).await;
        check_protocol(&["http/1.1"], Version::Http11).await;
        check_protocol(&[], Version::Http11).await;
    }

    async fn check_flaw(flaw: Flaw, said: &str) {
        let authority = Authority::new();
        let origin = authority.origin(&[NAME], flaw, site());
        let error = client(&authority, &origin).get(url(&origin)).send().await.unwrap_err();
        let mut reasons = vec![error.to_string()];
        let mut source = error.source();
        while let Some(error) = source {
            reasons.push(error.to_string());
            source = error.source();
        }
        assert!(reasons.iter().any(|reason| reason.contains(said)), "{flaw:?}: {reasons:?}");
        assert_eq!((origin.log().count(), origin.log().connections()), (0, 1), "{flaw:?}");
    }

    #[tokio::test]
    async fn flawed_certificates_are_refused_for_their_flaw() {
        check_flaw(Flaw::Expired, "expired").await;
        check_flaw(Flaw::NotYetValid, "not valid yet").await;
        check_flaw(Flaw::WrongName, "not valid for name").await;
        check_flaw(Flaw::SelfSigned, "UnknownIssuer").await;
    }

    #[tokio::test]
    async fn a_break_within_tls_is_no_orderly_end() {
        let authority = Authority::new();
        for (end, close) in [(End::Close, true), (End::Reset, true), (End::Reset, false)] {
            let whole = Behaviour::serve(image());
            let whole = if close { whole.until_close() } else { whole };
            let site = Site::new().on("/a.jpg", whole.breaks_off(Portion::Percent(50), end));
            let origin = authority.origin_with(&[NAME], Flaw::None, &["http/1.1"], site);
            let response = client(&authority, &origin).get(url(&origin)).send().await.unwrap();
            assert!(response.bytes().await.is_err(), "{end:?}");
        }
    }
}
