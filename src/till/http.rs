//! One request, one answer: HTTP/1.1 over TLS, given up at its time-out by closing the connection.
//!
//! A call that is given up must be seen to be given up: its connection is closed and never used again, for an
//! answer that comes too late would be taken for the answer to the next request. Dropping hyper's future of the
//! answer does that.

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

/// The longest answer that is read; the API's own are a few hundred bytes.
const LONGEST_ANSWER: usize = 1 << 20;

/// A complete answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Bytes,
}

/// The till's connections.
pub struct Line {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Line {
    /// A line that trusts the certificates in a PEM file or, without one, those of the system and of the PEM file
    /// `beside` them. (The system's are those of `SSL_CERT_FILE` where that is set.)
    ///
    /// # Errors
    /// [`ClientError::Setup`] where there is no certificate to trust.
    pub fn new(ca_file: Option<&Path>, beside: Option<&Path>) -> Result<Line, ClientError> {
        let roots = match ca_file {
            Some(path) => roots_of_file(path)?,
            None => roots_of_system(beside)?,
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
        Ok(Line { client })
    }

    /// Sends a request and reads its answer to the end. After `patience` it is given up and its connection closed.
    ///
    /// # Errors
    /// Why there is no answer, in words.
    pub async fn exchange(&self, request: Request<Full<Bytes>>, patience: Option<Duration>) -> Result<Answer, String> {
        match patience {
            None => self.whole(request).await,
            Some(patience) => match tokio::time::timeout(patience, self.whole(request)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(format!("no answer within {} ms", patience.as_millis())),
            },
        }
    }

    async fn whole(&self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let answer = self.client.request(request).await.map_err(|error| why(&error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LONGEST_ANSWER).collect().await;
        let body = body.map_err(|error| why(error.as_ref()))?;
        Ok(Answer { status, body: body.to_bytes() })
    }
}

/// Why there is no answer, and what to do where the cause is known.
fn why(error: &(dyn Error + 'static)) -> String {
    let mut text = error_chain(error);
    if text.contains("UnknownIssuer") {
        text.push_str(" (the certificate is not trusted: name the CA's file with --ca-file)");
    }
    text
}

fn roots_of_file(path: &Path) -> Result<RootCertStore, ClientError> {
    let trouble = |what: String| ClientError::Setup(format!("the CA file {} {what}", path.display()));
    let pem = std::fs::read(path).map_err(|error| trouble(format!("cannot be read: {error}")))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| trouble(format!("is not PEM: {error}")))?;
        roots.add(certificate).map_err(|error| trouble(format!("holds a certificate that cannot be used: {error}")))?;
    }
    if roots.is_empty() {
        return Err(trouble("holds no certificate: give one in PEM form".to_owned()));
    }
    Ok(roots)
}

fn roots_of_system(beside: Option<&Path>) -> Result<RootCertStore, ClientError> {
    let mut roots = beside.map_or_else(|| Ok(RootCertStore::empty()), roots_of_file)?;
    // A system's list holds certificates that rustls cannot use; the others are enough.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(ClientError::Setup(
            "the system has no trusted certificates: name a CA's file with --ca-file".to_owned(),
        ));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_that_cannot_be_used_is_named() {
        let empty = tempfile::NamedTempFile::new().unwrap();
        let sentence = Line::new(Some(empty.path()), None).err().unwrap().to_string();
        assert!(sentence.contains("holds no certificate"), "{sentence}");
        let sentence = Line::new(None, Some(Path::new("/nowhere/ca.pem"))).err().unwrap().to_string();
        assert!(sentence.contains("/nowhere/ca.pem") && sentence.contains("cannot be read"), "{sentence}");
    }
}
