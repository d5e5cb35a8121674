//! The recorder's own certificate towards a backend that asks for one (mutual TLS).

use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use rustls::{AlertDescription, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A client certificate with its key, or that there is none; and whether the backend has asked for one.
#[derive(Default)]
pub struct ClientIdentity {
    certified: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl ClientIdentity {
    /// Of two PEM texts, the certificate with its chain, and its key (PKCS#8, PKCS#1 or SEC1).
    ///
    /// # Errors
    /// What is wrong with which of them, in a sentence that begins with the name of its option.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<ClientIdentity, String> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("--upstream-cert: the certificate cannot be read ({error})"))?;
        if chain.is_empty() {
            return Err("--upstream-cert: there is no PEM certificate in it".to_owned());
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
            .map_err(|_| "--upstream-key: there is no PEM private key in it (PKCS#8, PKCS#1 or SEC1)".to_owned())?;
        ClientIdentity::new(chain, key).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                "--upstream-key: it is not the key of the first certificate in --upstream-cert".to_owned()
            }
            error => format!("--upstream-cert and --upstream-key cannot be used ({error})"),
        })
    }

    /// Of a certificate with its chain, and its key.
    ///
    /// # Errors
    /// A key that cannot be used, or is not that of the first certificate.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<ClientIdentity, rustls::Error> {
        let certified = CertifiedKey::from_der(chain, key, &rustls::crypto::ring::default_provider())?;
        Ok(ClientIdentity { certified: Some(Arc::new(certified)), asked: AtomicBool::new(false) })
    }

    /// Whether the backend has asked for a certificate and there is none.
    pub fn is_missing(&self) -> bool {
        self.certified.is_none() && self.asked.load(Ordering::Relaxed)
    }

    /// What can be done where a connection broke by this error, in part of a sentence; `None` where it has nothing to do with
    /// a client certificate.
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
            "the backend does not take the client certificate of --upstream-cert: give the one that is meant for it, with \
             its whole chain",
        )
    }
}

/// The backend wants what was not given.
pub const MISSING: &str = "the backend asks for a client certificate, and none was given: give one with --upstream-cert FILE and \
                           --upstream-key FILE";

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
    fn a_certificate_and_its_key_are_taken_and_what_is_wrong_is_named() {
        let (chain, key) = made();
        let (_, other) = made();
        let key_pem = key.serialize_pem();
        let given = ClientIdentity::from_pem(chain.as_bytes(), key_pem.as_bytes()).unwrap();
        assert!(given.has_certs() && !format!("{given:?}").contains("BEGIN"));
        let both = format!("{chain}{key_pem}");
        assert!(ClientIdentity::from_pem(both.as_bytes(), both.as_bytes()).is_ok());
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        for (chain, key, wanted) in [
            (key_pem.as_str(), key_pem.as_str(), "--upstream-cert: there is no PEM certificate"),
            ("-----BEGIN CERTIFICATE-----\n???\n-----END CERTIFICATE-----\n", &key_pem, "--upstream-cert: "),
            (&chain, &chain, "--upstream-key: there is no PEM private key"),
            (&chain, encrypted, "--upstream-key: the key is encrypted"),
            (&chain, &other.serialize_pem(), "--upstream-key: it is not the key of the first certificate"),
        ] {
            let sentence = ClientIdentity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap_err();
            assert!(sentence.starts_with(wanted), "{sentence}");
        }
    }

    #[test]
    fn a_break_is_laid_to_a_missing_certificate_only_where_one_was_asked_for() {
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
        assert!(given.remedy(&alert(AlertDescription::UnknownCA)).unwrap().contains("does not take"));
        assert_eq!(given.remedy(&std::io::Error::from(std::io::ErrorKind::BrokenPipe)), None);
    }
}
