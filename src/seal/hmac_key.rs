//! Secret keys and HMAC-SHA-256 (RFC 2104).
//!
//! The plain digest of a telephone number can be reversed in seconds by trying all numbers; a keyed hash can be
//! reversed only with the key.

use super::{Digest, hex, secret_file};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A secret key of 256 bits. Its `Debug` output does not contain the key.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// A new key from the system's random number generator.
    ///
    /// # Errors
    /// If the system provides no random numbers.
    pub fn random() -> io::Result<Key> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Key(bytes))
    }

    /// A key derived from content: only holders of the content can compute it.
    pub fn derived(purpose: &str, content: &[u8]) -> Key {
        Key(Digest::of_all(&[purpose.as_bytes(), &[0], content]).0)
    }

    /// Creates a new key and its file. The file is created with mode 0600.
    ///
    /// # Errors
    /// If the file exists or cannot be written.
    pub fn create(path: &Path) -> io::Result<Key> {
        let key = Key::random()?;
        secret_file::write_new(path, format!("{}\n", hex::encode(&key.0)).as_bytes(), 0o600)?;
        Ok(key)
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// If the file cannot be read or contains no key.
    pub fn read(path: &Path) -> io::Result<Key> {
        let mut text = String::new();
        File::open(path)?.take(1024).read_to_string(&mut text)?;
        let bytes = hex::decode(text.trim()).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Key).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it contains no key of 64 hex digits"))
    }

    /// A check value that identifies the key without revealing it: 16 hex digits.
    pub fn check(&self) -> String {
        let hash = self.hash(b"by this the key is known again");
        hex::encode(hash.get(..8).unwrap_or(&hash))
    }

    /// The keyed hash of these bytes.
    pub fn hash(&self, bytes: &[u8]) -> [u8; 32] {
        let mut hash = self.hasher();
        hash.update(bytes);
        hash.finish()
    }

    /// Starts an incremental keyed hash.
    pub fn hasher(&self) -> KeyedHash {
        // HMAC pads a short key with zeros to the hash's block size of 64 bytes.
        let mut block = [0; 64];
        block.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        KeyedHash(<Hmac<Sha256> as KeyInit>::new((&block).into()))
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// An incremental keyed hash.
#[derive(Clone)]
pub struct KeyedHash(Hmac<Sha256>);

impl KeyedHash {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all bytes added.
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyed_hash_is_hmac_sha_256() {
        // RFC 4231, test case 2, with the key padded with zeros to the block as HMAC does.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let hash = Key(key).hash(b"what do ya want for nothing?");
        assert_eq!(hex::encode(&hash), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn key_file_is_private_and_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let key = Key::create(&path).unwrap();
        assert_eq!(Key::read(&path).unwrap().0, key.0);
        assert_ne!(key.0, Key::random().unwrap().0);
        assert!(Key::create(&path).is_err());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, "no key").unwrap();
        assert!(Key::read(&path).is_err());
        assert_eq!(format!("{key:?}"), "Key(..)");
    }
}
