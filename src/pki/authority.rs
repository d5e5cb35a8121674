//! The local CA: created on first use, then loaded; it issues leaf certificates and TLS server configurations.

use super::PkiError;
use super::ca_dir::{self, CaFiles};
use super::identity::AnyClient;
use super::leaf::{self, Name};
use super::truststore;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const DAY: u64 = 24 * 60 * 60;
/// Long, because the CA is installed on a till once and then seldom touched.
const CA_VALID: Duration = Duration::from_secs(5 * 365 * DAY);
const CA_BACKDATED: Duration = Duration::from_secs(2 * DAY);
/// How long a cached leaf is used; it is valid for longer.
const LEAF_KEPT: Duration = Duration::from_secs(20 * DAY);
/// The limit of the leaf cache, which clients fill with names of their choice.
const LEAVES: usize = 256;

/// A configuration, and when its leaf was issued.
type Made = (Instant, Arc<ServerConfig>);

/// The local CA.
pub struct Authority {
    files: CaFiles,
    certificate: CertificateDer<'static>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    configs: Mutex<HashMap<Vec<Name>, Made>>,
}

impl Authority {
    /// Loads the CA from a directory, or creates it there. Also writes its public files.
    pub fn open(dir: &Path) -> Result<Authority, PkiError> {
        let files = CaFiles::within(dir);
        ca_dir::make_dir(dir)?;
        let text = match ca_dir::read_private(&files.private)? {
            Some(text) => text,
            None => {
                ca_dir::put_private(&files.private, &new_ca()?)?;
                ca_dir::read_private(&files.private)?.unwrap_or_default()
            }
        };
        let authority = Authority::load(files, &text)?;
        ca_dir::put_public(&authority.files.pem, authority.pem.as_bytes())?;
        ca_dir::put_public(&authority.files.der, &authority.certificate)?;
        let trusted = authority.trusted();
        let bundle: String = trusted.iter().map(pem).collect();
        ca_dir::put_public(&authority.files.bundle, bundle.as_bytes())?;
        ca_dir::put_public(&authority.files.truststore, &truststore::jks(&trusted))?;
        ca_dir::make_dir(&authority.files.php)?;
        ca_dir::put_public(&authority.files.php.join("poscert.ini"), &php_settings(&authority.files.bundle))?;
        Ok(authority)
    }

    fn load(files: CaFiles, text: &str) -> Result<Authority, PkiError> {
        let broken = |why: String| {
            let path = files.private.display();
            PkiError(format!("CA key file {path} cannot be read ({why}); delete its directory to create a new CA"))
        };
        let key = KeyPair::from_pem(text).map_err(|e| broken(e.to_string()))?;
        let certificate = CertificateDer::from_pem_slice(text.as_bytes()).map_err(|e| broken(e.to_string()))?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key).map_err(|e| broken(e.to_string()))?;
        let pem = pem(&certificate);
        Ok(Authority { files, certificate, pem, issuer, configs: Mutex::default() })
    }

    /// The paths of the CA's files.
    pub fn files(&self) -> &CaFiles {
        &self.files
    }

    /// The CA's certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The CA, followed by the system's roots.
    fn trusted(&self) -> Vec<CertificateDer<'static>> {
        // Unreadable roots are skipped: a partial list is better than none.
        let system = rustls_native_certs::load_native_certs().certs;
        let others = system.into_iter().filter(|certificate| *certificate != self.certificate);
        std::iter::once(self.certificate.clone()).chain(others).collect()
    }

    /// A TLS server configuration for these names: TLS 1.2 and 1.3, ALPN `http/1.1` and `http/1.0`, a leaf with its own
    /// key. The same names get the same configuration for up to 20 days, so that clients can resume sessions.
    pub fn server_config_for(&self, names: &[Name]) -> Result<Arc<ServerConfig>, PkiError> {
        let mut names = names.to_vec();
        names.sort();
        names.dedup();
        let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made, config)) = configs.get(&names)
            && made.elapsed() < LEAF_KEPT
        {
            return Ok(config.clone());
        }
        let (certificate, key) = leaf::make(&names, &self.issuer)?;
        let config = Arc::new(server_config(certificate, PrivateKeyDer::Pkcs8(key), false)?);
        if configs.len() >= LEAVES {
            configs.clear();
        }
        configs.insert(names, (Instant::now(), config.clone()));
        Ok(config)
    }

    /// As [`Authority::server_config_for`], and requests a client certificate. The handshake accepts any certificate or
    /// none; the caller checks it.
    pub fn server_config_asking_clients(&self, names: &[Name]) -> Result<Arc<ServerConfig>, PkiError> {
        let (certificate, key) = leaf::make(names, &self.issuer)?;
        server_config(certificate, PrivateKeyDer::Pkcs8(key), true).map(Arc::new)
    }
}

fn server_config(
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    asks_clients: bool,
) -> Result<ServerConfig, PkiError> {
    let failed = |e: rustls::Error| PkiError(format!("cannot set up TLS: {e}"));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone());
    let builder = builder.with_safe_default_protocol_versions().map_err(failed)?;
    let builder = if asks_clients {
        builder.with_client_cert_verifier(AnyClient::new(provider))
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder.with_single_cert(vec![certificate], key).map_err(failed)?;
    // In order of preference; an old client may offer only `http/1.0`.
    config.alpn_protocols = vec![b"http/1.1".to_vec(), b"http/1.0".to_vec()];
    Ok(config)
}

/// Creates a CA and returns its key and certificate as PEM.
fn new_ca() -> Result<String, PkiError> {
    let failed = |e: rcgen::Error| PkiError(format!("cannot create a CA: {e}"));
    let serial = leaf::serial()?;
    let mark: String = serial.to_bytes().iter().take(4).map(|b| format!("{b:02x}")).collect();
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "poscert");
    params.distinguished_name.push(DnType::CommonName, format!("poscert local CA {mark}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(serial);
    leaf::valid(&mut params, CA_BACKDATED, CA_VALID);
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.self_signed(&key).map_err(failed)?;
    Ok(format!("{}{}", key.serialize_pem(), pem(certificate.der())))
}

/// PHP settings that make cURL and streams trust the bundle. PHP reads them as bytes.
fn php_settings(bundle: &Path) -> Vec<u8> {
    let path = bundle.as_os_str().as_encoded_bytes();
    // No spelling of a quotation mark or `$` is read by all PHP versions; such a path must be configured by hand.
    if path.iter().any(|byte| b"\"$\\\n".contains(byte)) {
        return b"; the CA's path contains a character that cannot be written here\n".to_vec();
    }
    [b"curl.cainfo=\"", path, b"\"\nopenssl.cafile=\"", path, b"\"\n"].concat()
}

/// A certificate as PEM (RFC 7468).
fn pem(certificate: &CertificateDer<'_>) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(certificate);
    let lines = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned());
    let body: Vec<String> = lines.collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", body.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    fn leaf_pem(authority: &Authority, hosts: &[&str]) -> String {
        let names: Vec<Name> = hosts.iter().map(|h| Name::parse(h).unwrap()).collect();
        let (certificate, _) = leaf::make(&names, &authority.issuer).unwrap();
        pem(&certificate)
    }

    #[test]
    fn ca_is_created_once_and_its_key_is_private() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("deep/ca");
        let first = Authority::open(&dir).unwrap();
        let again = Authority::open(&dir).unwrap();
        assert_eq!(first.certificate(), again.certificate());
        let mode = std::fs::metadata(&first.files.private).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(std::fs::read_to_string(&first.files.bundle).unwrap().starts_with(&first.pem));
        assert_eq!(std::fs::read(&first.files.der).unwrap(), first.certificate().as_ref());
        let other = Authority::open(&home.path().join("other")).unwrap();
        assert_ne!(first.certificate(), other.certificate());
        for entry in std::fs::read_dir(&dir).unwrap() {
            let entry = entry.unwrap();
            let holds_key = std::fs::read_to_string(entry.path()).is_ok_and(|text| text.contains("PRIVATE"));
            assert_eq!(holds_key, entry.path() == first.files.private);
        }
    }

    #[test]
    fn key_readable_by_other_users_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let files = Authority::open(dir.path()).unwrap().files;
        std::fs::set_permissions(&files.private, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = Authority::open(dir.path()).err().unwrap();
        assert!(error.0.contains("chmod 600"), "{error}");
        std::fs::set_permissions(&files.private, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&files.private, "junk").unwrap();
        let error = Authority::open(dir.path()).err().unwrap();
        assert!(error.0.contains("cannot be read"), "{error}");
    }

    #[test]
    fn openssl_accepts_the_leaves_strictly() {
        if Command::new("openssl").arg("version").output().is_err() {
            return; // Not installed; the clients of the test suite check the same leaves.
        }
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::open(&dir.path().join("ca")).unwrap();
        for (hosts, option, host) in [
            (vec!["api.example"], "-verify_hostname", "api.example"),
            (vec!["127.0.0.1", "localhost"], "-verify_ip", "127.0.0.1"),
            (vec!["[::1]"], "-verify_ip", "::1"),
        ] {
            let leaf = dir.path().join("leaf.pem");
            std::fs::write(&leaf, leaf_pem(&authority, &hosts)).unwrap();
            let output = Command::new("openssl")
                .args(["verify", "-x509_strict", "-purpose", "sslserver", option, host, "-CAfile"])
                .arg(&authority.files.pem)
                .arg(&leaf)
                .output()
                .unwrap();
            assert!(output.status.success(), "{hosts:?}: {}", String::from_utf8_lossy(&output.stderr));
            let text = Command::new("openssl").args(["x509", "-noout", "-text", "-in"]).arg(&leaf).output().unwrap();
            let text = String::from_utf8_lossy(&text.stdout).into_owned();
            for part in [
                "Authority Key Identifier",
                "Subject Key Identifier",
                "TLS Web Server Authentication",
                "Digital Signature",
            ] {
                assert!(text.contains(part), "{part} is not in {text}");
            }
        }
    }

    #[test]
    fn same_names_get_the_same_configuration() {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::open(dir.path()).unwrap();
        let name = |host| Name::parse(host).unwrap();
        let first = authority.server_config_for(&[name("a.example"), name("127.0.0.1")]).unwrap();
        let again = authority.server_config_for(&[name("127.0.0.1"), name("A.example")]).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        assert!(!Arc::ptr_eq(&first, &authority.server_config_for(&[name("b.example")]).unwrap()));
        assert_eq!(first.alpn_protocols, [b"http/1.1".to_vec(), b"http/1.0".to_vec()]);
    }
}
