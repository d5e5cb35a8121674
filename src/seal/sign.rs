//! Ed25519 signatures (RFC 8032) and their key files.
//!
//! A signing key is a PKCS#8 PEM file (RFC 5958), its public key a SubjectPublicKeyInfo PEM file (RFC 8410);
//! `openssl pkey` reads and writes both. Signatures are deterministic.

use super::{Digest, bounded_read, io_reason, secret_file};
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes};
use ed25519_dalek::{Signature, Signer, SigningKey as Secret, VerifyingKey};
use std::fmt;
use std::path::{Path, PathBuf};

const WHAT: &str = "the signing key";
/// The size limit of a PEM file in bytes; no key is that long.
const LONGEST_PEM: u64 = 64 * 1024;

/// A private signing key. Its `Debug` output does not contain the key.
#[derive(Clone)]
pub struct SigningKey(Secret);

/// A public key that verifies signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// The fingerprint of a public key: the SHA-256 of its SubjectPublicKeyInfo in DER, as printed by
/// `openssl pkey -pubin -outform der | sha256sum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(Digest);

impl SigningKey {
    /// A new key from the system's random number generator.
    ///
    /// # Errors
    /// If the system provides no random numbers.
    pub fn random() -> Result<SigningKey, String> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| format!("cannot create {WHAT}: {error}"))?;
        Ok(SigningKey(Secret::from_bytes(&seed)))
    }

    pub fn default_place() -> Option<PathBuf> {
        secret_file::data_place("signing-key.pem")
    }

    /// Reads the key from this file, or creates both on first use. A new key file has mode 0600; the public key is
    /// written next to it with the extension `.pub`. The flag is `true` if this call created the key.
    ///
    /// # Errors
    /// A message if the file cannot be read or created, contains no Ed25519 key, or is readable by other users.
    pub fn open(path: &Path) -> Result<(SigningKey, bool), String> {
        if let Some(pem) = secret_file::read(WHAT, path)? {
            return Ok((SigningKey::from_pem(&pem, path)?, false));
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            secret_file::make_dir("the directory of the signing key", folder)?;
        }
        // Without the public key: OpenSSL 3.0 and programs built on it cannot read the form that includes it.
        let secret = KeypairBytes { secret_key: SigningKey::random()?.0.to_bytes(), public_key: None };
        let pem = secret.to_pkcs8_pem(LineEnding::LF).map_err(|error| format!("cannot write {WHAT}: {error}"))?;
        secret_file::put(WHAT, path, &pem)?;
        let pem = secret_file::read(WHAT, path)?.unwrap_or_default();
        let key = SigningKey::from_pem(&pem, path)?;
        secret_file::put_public("the public key", &public_place(path), key.public().pem().as_bytes())?;
        Ok((key, true))
    }

    fn from_pem(pem: &str, path: &Path) -> Result<SigningKey, String> {
        Secret::from_pkcs8_pem(pem).map(SigningKey).map_err(|error| {
            format!("{} contains no Ed25519 signing key in PKCS#8 PEM ({error}); pass another file", path.display())
        })
    }

    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The signature over these bytes.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).to_bytes().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// The path of the public key that belongs to this signing key file.
pub(crate) fn public_place(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

impl PublicKey {
    /// Parses a PEM public key (`BEGIN PUBLIC KEY`).
    pub fn from_pem(pem: &str) -> Option<PublicKey> {
        VerifyingKey::from_public_key_pem(pem).ok().map(PublicKey)
    }

    /// Parses a DER SubjectPublicKeyInfo.
    pub fn from_der(der: &[u8]) -> Option<PublicKey> {
        VerifyingKey::from_public_key_der(der).ok().map(PublicKey)
    }

    pub fn pem(&self) -> String {
        // Encoding a 32-byte key cannot fail.
        self.0.to_public_key_pem(LineEnding::LF).unwrap_or_default()
    }

    pub fn der(&self) -> Vec<u8> {
        self.0.to_public_key_der().map(|der| der.as_bytes().to_vec()).unwrap_or_default()
    }

    /// The key's fingerprint.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Digest::of(&self.der()))
    }

    /// Whether this is the key's signature over these bytes. Keys and signatures that could verify for more than one
    /// message are rejected, although RFC 8032 permits them.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}

impl Fingerprint {
    /// Parses 64 hex digits, with or without the prefix `SHA256:`.
    pub fn parse(text: &str) -> Option<Fingerprint> {
        let digits = text.get(..7).filter(|head| head.eq_ignore_ascii_case("sha256:")).map_or(text, |_| &text[7..]);
        Digest::parse(digits).map(Fingerprint)
    }

    /// The fingerprint given by a command-line argument: a fingerprint itself, or the path of a public key file.
    ///
    /// # Errors
    /// A message if the argument is neither.
    pub fn of_argument(argument: &str) -> Result<Fingerprint, String> {
        if let Some(fingerprint) = Fingerprint::parse(argument) {
            return Ok(fingerprint);
        }
        let pem = bounded_read::read_text(Path::new(argument), LONGEST_PEM).map_err(|error| {
            format!(
                "`{argument}` is neither a fingerprint of 64 hex digits nor a readable file ({})",
                io_reason(&error)
            )
        })?;
        let key = PublicKey::from_pem(&pem).ok_or_else(|| {
            let hint = if pem.contains("PRIVATE KEY") {
                "; this is the private key: pass the file that ends in .pub"
            } else {
                ""
            };
            format!("{argument} contains no Ed25519 public key in PEM{hint}")
        })?;
        Ok(key.fingerprint())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_is_ed25519() {
        // RFC 8032 section 7.1, test 2.
        let seed =
            super::super::hex::decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").unwrap();
        let key = SigningKey(Secret::from_bytes(&seed.try_into().unwrap()));
        let signature = key.sign(&[0x72]);
        let wanted = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
        assert_eq!(super::super::hex::encode(&signature), wanted);
        assert!(key.public().verifies(&[0x72], &signature));
        assert!(!key.public().verifies(&[0x73], &signature));
        assert!(!key.public().verifies(&[0x72], &signature[1..]));
    }

    #[test]
    fn signing_key_is_created_once_and_reread() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys/k.pem");
        let (key, made) = SigningKey::open(&path).unwrap();
        assert!(made);
        let (again, made) = SigningKey::open(&path).unwrap();
        assert!(!made);
        assert_eq!(key.public(), again.public());
        let public = public_place(&path);
        let argument = public.to_str().unwrap();
        assert_eq!(Fingerprint::of_argument(argument), Ok(key.public().fingerprint()));
        let fingerprint = key.public().fingerprint().to_string();
        assert_eq!(Fingerprint::of_argument(&fingerprint), Ok(key.public().fingerprint()));
        assert_eq!(Fingerprint::of_argument(&format!("SHA256:{fingerprint}")), Ok(key.public().fingerprint()));
        assert!(Fingerprint::of_argument(path.to_str().unwrap()).unwrap_err().contains("this is the private key"));
        assert!(Fingerprint::of_argument("nowhere").is_err());
        assert_eq!(format!("{key:?}"), "SigningKey(..)");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
            assert!(SigningKey::open(&path).unwrap_err().contains("chmod 600"));
        }
    }
}
