//! The backend: its URL, the outgoing proxy, the trusted roots, and the client certificate presented to it.

pub(crate) mod connect_error;
mod dial;
pub(crate) mod error_source;
mod identity;
mod outgoing;

pub(crate) use dial::CONNECT;
pub use dial::Dialer;
pub use identity::ClientIdentity;
pub(crate) use identity::MISSING;
pub use outgoing::Outgoing;
pub(crate) use outgoing::OutgoingProxy;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::net::SocketAddr;
use std::sync::Arc;

/// The backend that requests are forwarded to.
///
/// The target of a request is forwarded unchanged; the path of this URL only appears in the base URL shown to users.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Whether the backend uses TLS.
    pub tls: bool,
    /// The host in lower case; IPv6 in brackets.
    pub host: String,
    pub port: u16,
    /// The URL's path without a trailing slash; may be empty.
    pub path: String,
    /// The trusted certificates.
    pub trust: Trust,
    /// The outgoing proxy.
    pub outgoing: Outgoing,
    /// The client certificate, presented if the backend requests one.
    pub identity: Arc<ClientIdentity>,
    /// Other hosts treated as the backend: CONNECT to them is intercepted, on any port.
    pub also: Vec<String>,
}

/// The trusted certificates of the backend.
#[derive(Clone, Debug)]
pub enum Trust {
    /// The system's roots, the webpki roots, and these.
    Roots(Vec<CertificateDer<'static>>),
    /// Any certificate: an attacker between recorder and backend can read and modify the traffic.
    Anyone,
}

impl Upstream {
    /// The same, with this path if the URL has none.
    pub(crate) fn or_path(self, path: &str) -> Upstream {
        let path = if self.path.is_empty() { path.to_owned() } else { self.path };
        Upstream { path, ..self }
    }

    /// Parses a URL: `https://host[:port][/path]`, or `http://` for a backend without TLS.
    ///
    /// # Errors
    /// A message with the reason and an example.
    pub fn parse(url: &str, trust: Trust) -> Result<Upstream, String> {
        let wrong =
            |what: &str| format!("invalid upstream `{url}`: {what}; it looks like https://api.example.com/pos/v10");
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("it has no scheme"))?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(wrong("its scheme is neither https nor http")),
        };
        if rest.contains(['?', '#', '@', ' ']) {
            return Err(wrong("it has more than host, port and path"));
        }
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let default = if tls { 443 } else { 80 };
        let (host, port) = split_authority(authority, default).ok_or_else(|| wrong("its host or port is not valid"))?;
        let path = path.trim_end_matches('/').to_owned();
        let (outgoing, identity) = (Outgoing::default(), Arc::default());
        Ok(Upstream { tls, host, port, path, trust, outgoing, identity, also: Vec::new() })
    }

    /// Another URL with the same trust, outgoing proxy and client certificate.
    ///
    /// # Errors
    /// As [`Upstream::parse`].
    pub fn beside(&self, url: &str) -> Result<Upstream, String> {
        let (outgoing, identity) = (self.outgoing.clone(), self.identity.clone());
        Ok(Upstream { outgoing, identity, ..Upstream::parse(url, self.trust.clone())? })
    }

    /// The outgoing proxy, if one applies.
    ///
    /// # Errors
    /// A message if an environment variable contains an unusable proxy.
    pub fn proxy(&self) -> Result<Option<&OutgoingProxy>, String> {
        self.outgoing.to(self.tls, &self.host, self.port)
    }

    /// The connector to the backend. `own`: addresses of the recorder itself, which must not be used as the proxy.
    ///
    /// # Errors
    /// A message if TLS cannot be set up.
    pub fn connector(&self, own: &[SocketAddr]) -> Result<HttpsConnector<Dialer>, String> {
        let builder = HttpsConnectorBuilder::new().with_tls_config(self.client_config()?);
        Ok(builder.https_or_http().enable_http1().wrap_connector(Dialer::new(self.outgoing.clone(), own)))
    }

    /// `https` or `http`.
    pub fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    /// The value of `Host`: without the scheme's default port (RFC 9110 section 7.2).
    pub fn authority(&self) -> String {
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }

    /// The URL without the path.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme(), self.authority())
    }

    /// The TLS configuration for the backend.
    fn client_config(&self) -> Result<ClientConfig, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|e| format!("cannot set up TLS to the backend: {e}"))?;
        Ok(match &self.trust {
            Trust::Roots(more) => {
                let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                for certificate in more {
                    let added = roots.add(certificate.clone());
                    added.map_err(|e| format!("a certificate for the backend cannot be used: {e}"))?;
                }
                builder.with_root_certificates(roots).with_client_cert_resolver(self.identity.clone())
            }
            Trust::Anyone => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Anyone(algorithms(&provider))))
                .with_client_cert_resolver(self.identity.clone()),
        })
    }
}

/// Splits `host:port`; returns the host in lower case, IPv6 in brackets.
pub(crate) fn split_authority(authority: &str, default_port: u16) -> Option<(String, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (inner, after) = rest.split_once(']')?;
            inner.parse::<std::net::Ipv6Addr>().ok()?;
            (format!("[{inner}]"), after.strip_prefix(':').or_else(|| after.is_empty().then_some("")))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host.to_owned(), Some(port)),
            None => (authority.to_owned(), Some("")),
        },
    };
    let port = match port? {
        "" => default_port,
        digits => digits.parse().ok().filter(|&port| port != 0)?,
    };
    let fits = !host.is_empty() && crate::pki::Name::parse(&host).is_some();
    fits.then(|| (host.to_ascii_lowercase(), port))
}

fn algorithms(provider: &CryptoProvider) -> WebPkiSupportedAlgorithms {
    provider.signature_verification_algorithms
}

/// Accepts any certificate; the signatures of the handshake are still verified.
#[derive(Debug)]
struct Anyone(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstream_urls_are_parsed() {
        let read = |url| Upstream::parse(url, Trust::Roots(Vec::new()));
        let upstream = read("https://API.example/pos/v10/").unwrap();
        assert_eq!(
            (upstream.authority().as_str(), upstream.port, upstream.path.as_str()),
            ("api.example", 443, "/pos/v10")
        );
        assert_eq!(read("http://[::1]:8080").unwrap().origin(), "http://[::1]:8080");
        for wrong in [
            "api.example",
            "ftp://a",
            "https://",
            "https://a:b",
            "https://a:0",
            "https://u@a",
            "https://a?b",
            "https://[::1",
        ] {
            let sentence = read(wrong).unwrap_err();
            assert!(sentence.contains("looks like https://"), "{sentence}");
        }
    }
}
