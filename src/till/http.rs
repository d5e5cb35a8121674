//! The till's HTTP client: one request and one response, HTTP/1.1 over TLS, with a timeout that closes the connection.
//!
//! A call that is given up must be visible to the other side, and its connection must never be used again: a late
//! response would be taken for the response to the next request. Dropping hyper's response future closes it.

use super::ClientError;
use crate::pki::error_chain;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The longest response that is read; those of the API have a few hundred bytes.
const LONGEST_ANSWER: usize = 1 << 20;

/// A complete response.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
}

/// The till's connections.
pub struct HttpClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl HttpClient {
    /// A client that trusts the certificates in a PEM file or, without one, those of the system and of the PEM file
    /// `extra_ca`. (The system's are those in `SSL_CERT_FILE` if it is set.)
    ///
    /// # Errors
    /// [`ClientError::Setup`] if there is no trusted certificate.
    pub fn new(ca_file: Option<&Path>, extra_ca: Option<&Path>) -> Result<HttpClient, ClientError> {
        let roots = match ca_file {
            Some(path) => roots_of_file(path)?,
            None => roots_of_system(extra_ca)?,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| ClientError::Setup(format!("TLS cannot be set up: {error}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1().build();
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(20))
            .build(connector);
        Ok(HttpClient { client })
    }

    /// Sends a request and reads the response to its end. After `timeout` it is given up and the connection closed.
    ///
    /// # Errors
    /// A message that says why there is no response.
    pub async fn exchange(&self, request: Request<Full<Bytes>>, timeout: Option<Duration>) -> Result<Answer, String> {
        match timeout {
            None => self.whole(request).await,
            Some(timeout) => match tokio::time::timeout(timeout, self.whole(request)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(format!("no response within {} ms", timeout.as_millis())),
            },
        }
    }

    async fn whole(&self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let answer = self.client.request(request).await.map_err(|error| {
            if is_refused(&error) {
                format!("nothing listens at {authority}; start `poscert record`, or pass --base-url")
            } else {
                why(&error)
            }
        })?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LONGEST_ANSWER).collect().await;
        let body = body.map_err(|error| why(error.as_ref()))?;
        Ok(Answer { status, body: body.to_bytes() })
    }
}

/// Whether the host refused the connection.
fn is_refused(error: &(dyn Error + 'static)) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused) || error.source().is_some_and(is_refused)
}

/// Why there is no response, and what to do if the cause is known.
fn why(error: &(dyn Error + 'static)) -> String {
    let mut text = error_chain(error);
    if text.contains("UnknownIssuer") {
        text.push_str(" (the certificate is not trusted: pass the CA file with --ca-file)");
    }
    text
}

fn roots_of_file(path: &Path) -> Result<RootCertStore, ClientError> {
    let ca_error = |what: String| ClientError::Setup(format!("the CA file {} {what}", path.display()));
    let pem =
        std::fs::read(path).map_err(|error| ca_error(format!("cannot be read: {}", crate::seal::io_reason(&error))))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| ca_error(format!("is not PEM: {error}")))?;
        roots
            .add(certificate)
            .map_err(|error| ca_error(format!("contains a certificate that cannot be used: {error}")))?;
    }
    if roots.is_empty() {
        return Err(ca_error("contains no certificate: use a file in PEM format".to_owned()));
    }
    Ok(roots)
}

fn roots_of_system(extra_ca: Option<&Path>) -> Result<RootCertStore, ClientError> {
    let mut roots = extra_ca.map_or_else(|| Ok(RootCertStore::empty()), roots_of_file)?;
    // The system's list may hold certificates that rustls cannot use; the others are enough.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(ClientError::Setup(
            "the system has no trusted certificates: pass a CA file with --ca-file".to_owned(),
        ));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_ca_file_is_named_in_the_error() {
        let empty = tempfile::NamedTempFile::new().unwrap();
        let sentence = HttpClient::new(Some(empty.path()), None).err().unwrap().to_string();
        assert!(sentence.contains("contains no certificate"), "{sentence}");
        let sentence = HttpClient::new(None, Some(Path::new("/nowhere/ca.pem"))).err().unwrap().to_string();
        assert!(sentence.contains("/nowhere/ca.pem") && sentence.contains("cannot be read"), "{sentence}");
    }
}
