//! The recorder's client certificate for a backend that requests one (mutual TLS).

use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use rustls::{AlertDescription, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// An optional client certificate with its key, and whether the backend has requested one.
#[derive(Default)]
pub struct ClientIdentity {
    certified: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl ClientIdentity {
    /// Parses two PEM texts: the certificate with its chain, and its key (PKCS#8, PKCS#1 or SEC1).
    ///
    /// # Errors
    /// A message that begins with the name of the option concerned.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<ClientIdentity, String> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("--upstream-cert: the certificate cannot be read ({error})"))?;
        if chain.is_empty() {
            return Err("--upstream-cert: the file contains no PEM certificate".to_owned());
        }
        let is_encrypted = |key: &[u8]| {
            let text = String::from_utf8_lossy(key);
            text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED")
        };
        if is_encrypted(key) {
            return Err(
                "--upstream-key: the key is encrypted; decrypt it with `openssl pkey -in KEY -out PLAIN`".to_owned()
            );
        }
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|_| "--upstream-key: the file contains no PEM private key (PKCS#8, PKCS#1 or SEC1)".to_owned())?;
        ClientIdentity::new(chain, key).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                "--upstream-key: the key does not match the first certificate in --upstream-cert".to_owned()
            }
            error => format!("--upstream-cert and --upstream-key cannot be used ({error})"),
        })
    }

    /// Creates an identity from a certificate with its chain, and its key.
    ///
    /// # Errors
    /// If the key cannot be used or does not match the first certificate.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<ClientIdentity, rustls::Error> {
        let certified = CertifiedKey::from_der(chain, key, &rustls::crypto::ring::default_provider())?;
        Ok(ClientIdentity { certified: Some(Arc::new(certified)), asked: AtomicBool::new(false) })
    }

    /// Whether the backend has requested a certificate and none is configured.
    pub fn is_missing(&self) -> bool {
        self.certified.is_none() && self.asked.load(Ordering::Relaxed)
    }

    /// The next step after this connection error, as part of a message; `None` if the client certificate is not the
    /// cause.
    pub fn remedy(&self, error: &(dyn Error + 'static)) -> Option<&'static str> {
        let alert = super::error_source::tls(error).and_then(|error| match error {
            rustls::Error::AlertReceived(alert) => Some(*alert),
            _ => None,
        });
        if alert == Some(AlertDescription::CertificateRequired) || self.is_missing() {
            return Some(MISSING);
        }
        let refuses = alert.is_some_and(|alert| {
            matches!(
                alert,
                AlertDescription::BadCertificate
                    | AlertDescription::UnsupportedCertificate
                    | AlertDescription::CertificateRevoked
                    | AlertDescription::CertificateExpired
                    | AlertDescription::CertificateUnknown
                    | AlertDescription::UnknownCA
                    | AlertDescription::AccessDenied
                    | AlertDescription::DecryptError
                    | AlertDescription::HandshakeFailure
            )
        });
        (refuses && self.asked.load(Ordering::Relaxed)).then_some(
            "the backend does not accept the client certificate of --upstream-cert: pass the one issued for it, with \
             its whole chain",
        )
    }
}

/// The message for a backend that requests a client certificate if none is configured.
pub(crate) const MISSING: &str = "the backend requests a client certificate, and none is configured: pass one with \
                           --upstream-cert FILE and --upstream-key FILE";

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ClientIdentity(given: {})", self.certified.is_some())
    }
}

impl ResolvesClientCert for ClientIdentity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.certified.clone()
    }

    fn has_certs(&self) -> bool {
        self.certified.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> (String, rcgen::KeyPair) {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec!["till".to_owned()]).unwrap().self_signed(&key).unwrap();
        (certificate.pem(), key)
    }

    #[test]
    fn certificate_and_key_are_parsed_and_errors_name_the_option() {
        let (chain, key) = made();
        let (_, other) = made();
        let key_pem = key.serialize_pem();
        let given = ClientIdentity::from_pem(chain.as_bytes(), key_pem.as_bytes()).unwrap();
        assert!(given.has_certs() && !format!("{given:?}").contains("BEGIN"));
        let both = format!("{chain}{key_pem}");
        assert!(ClientIdentity::from_pem(both.as_bytes(), both.as_bytes()).is_ok());
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        for (chain, key, wanted) in [
            (key_pem.as_str(), key_pem.as_str(), "--upstream-cert: the file contains no PEM certificate"),
            ("-----BEGIN CERTIFICATE-----\n???\n-----END CERTIFICATE-----\n", &key_pem, "--upstream-cert: "),
            (&chain, &chain, "--upstream-key: the file contains no PEM private key"),
            (&chain, encrypted, "--upstream-key: the key is encrypted"),
            (&chain, &other.serialize_pem(), "--upstream-key: the key does not match the first certificate"),
        ] {
            let sentence = ClientIdentity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap_err();
            assert!(sentence.starts_with(wanted), "{sentence}");
        }
    }

    #[test]
    fn missing_certificate_is_named_only_if_one_was_requested() {
        let none = ClientIdentity::default();
        let alert = |alert| std::io::Error::other(rustls::Error::AlertReceived(alert));
        assert_eq!(none.remedy(&alert(AlertDescription::HandshakeFailure)), None);
        assert_eq!(none.remedy(&alert(AlertDescription::CertificateRequired)), Some(MISSING));
        assert!(none.resolve(&[], &[]).is_none() && none.is_missing());
        assert_eq!(none.remedy(&std::io::Error::from(std::io::ErrorKind::BrokenPipe)), Some(MISSING));
        let (chain, key) = made();
        let given = ClientIdentity::from_pem(chain.as_bytes(), key.serialize_pem().as_bytes()).unwrap();
        assert_eq!(given.remedy(&alert(AlertDescription::UnknownCA)), None);
        assert!(given.resolve(&[], &[]).is_some() && !given.is_missing());
        assert!(given.remedy(&alert(AlertDescription::UnknownCA)).unwrap().contains("does not accept"));
        assert_eq!(given.remedy(&std::io::Error::from(std::io::ErrorKind::BrokenPipe)), None);
    }
}
