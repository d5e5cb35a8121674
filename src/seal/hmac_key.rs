//! Keys, and HMAC-SHA-256 (RFC 2104) under them. A plain digest of a telephone number is guessed in seconds; a keyed
//! one only by who holds the key.

use super::{Digest, hex, secret_file};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A secret key of 256 bits. It does not print itself.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// A new key from the system's random numbers, never the same twice.
    ///
    /// # Errors
    /// Where the system has none to give.
    pub fn random() -> io::Result<Key> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Key(bytes))
    }

    /// A key made of content: who has the content has the key, and nobody else.
    pub fn derived(purpose: &str, content: &[u8]) -> Key {
        Key(Digest::of_all(&[purpose.as_bytes(), &[0], content]).0)
    }

    /// Makes a new key and its file, readable by its owner alone from the moment it exists.
    ///
    /// # Errors
    /// Where the file is there already or cannot be written.
    pub fn create(path: &Path) -> io::Result<Key> {
        let key = Key::random()?;
        secret_file::write_new(path, format!("{}\n", hex::encode(&key.0)).as_bytes(), 0o600)?;
        Ok(key)
    }

    /// Reads a key's file.
    ///
    /// # Errors
    /// Where it cannot be read, or holds no key.
    pub fn read(path: &Path) -> io::Result<Key> {
        let mut text = String::new();
        File::open(path)?.take(1024).read_to_string(&mut text)?;
        let bytes = hex::decode(text.trim()).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Key).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it holds no key of 64 hex digits"))
    }

    /// By which this key is known again, and from which it cannot be found: 16 hex digits.
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

    /// A keyed hash of bytes that come piece by piece.
    pub fn hasher(&self) -> KeyedHash {
        // HMAC fills a short key up with zeros to the hash's block of 64 bytes.
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

/// A keyed hash under way.
#[derive(Clone)]
pub struct KeyedHash(Hmac<Sha256>);

impl KeyedHash {
    /// Takes the next piece in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all pieces.
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_hmac_sha_256() {
        // RFC 4231, test case 2, with the key filled up with zeros to the block as HMAC does.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let hash = Key(key).hash(b"what do ya want for nothing?");
        assert_eq!(hex::encode(&hash), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn a_key_file_is_its_owners_alone_and_never_written_over() {
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
