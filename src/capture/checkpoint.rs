//! The head of a capture: a small file beside the parts that says how many records there are and what their chain's
//! digest is, so that a part that lost its records is seen to be damaged, and never taken for an empty one.
//!
//! Its first line is JSON, its second the SHA-256 of the first. It is replaced in one step, after the records it
//! counts are durable, so it may lag behind the parts but is never ahead of them.

use super::error::{CaptureError, CaptureErrorKind};
use super::{private_fs, record::FORMAT};
use crate::seal::{self, Digest};
use serde::{Deserialize, Serialize};
use std::path::Path;

const FILE: &str = "head";
/// Longer than the head of any capture: some ten thousand parts.
const LONGEST: u64 = 16 * 1024 * 1024;

/// A part as the head knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SegmentMeta {
    /// Its directory in the capture's.
    pub name: String,
    /// The log index of its first record.
    pub first: u64,
    /// How many records.
    pub count: u64,
    /// The chain's digest after its last record, in hex.
    pub digest: String,
    /// Whether nothing is written to it any more.
    pub closed: bool,
}

/// The head of a capture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// [`FORMAT`].
    pub format: u32,
    /// How many records in all parts.
    pub count: u64,
    /// The chain's digest after the last of them, in hex.
    pub digest: String,
    /// No exchange number from here on was taken when it was written.
    pub next_number: u64,
    /// How many runs there were.
    pub runs: u32,
    /// By which the capture's key is known again; empty in what was recorded before there was such a field.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key_check: String,
    /// In order.
    pub parts: Vec<SegmentMeta>,
}

impl Checkpoint {
    /// The head of a capture that holds nothing yet.
    pub fn empty() -> Checkpoint {
        Checkpoint { format: FORMAT, digest: Digest::default().to_string(), next_number: 1, ..Checkpoint::default() }
    }

    /// The chain's head.
    pub fn chain(&self) -> Option<seal::ChainHead> {
        Some(seal::ChainHead { count: self.count, digest: Digest::parse(&self.digest)? })
    }

    /// Whether a directory has a head.
    pub fn stands_in(dir: &Path) -> bool {
        dir.join(FILE).exists()
    }

    /// Reads the head of a capture.
    pub fn read(dir: &Path) -> Result<Checkpoint, CaptureError> {
        let path = dir.join(FILE);
        let bytes = private_fs::read(&path, LONGEST).map_err(|error| CaptureError::io("read", &path, &error))?;
        let text = String::from_utf8_lossy(&bytes);
        let damaged = |what: &str| CaptureError::damaged(&path, what);
        // The version stands before the digest: another version may seal its head in another way.
        let (line, sum) = text.split_once('\n').ok_or_else(|| damaged("it does not hold two lines"))?;
        if let Some(format) = format_of(line).filter(|&format| format != FORMAT) {
            let sentence = format!(
                "{} is of format {format}, this version reads format {FORMAT}: use the poscert that made it, or a newer one",
                dir.display()
            );
            return Err(CaptureError::new(CaptureErrorKind::Unsupported, sentence));
        }
        if sum.trim_end() != Digest::of(line.as_bytes()).to_string() {
            return Err(damaged("its digest does not fit its content"));
        }
        let head: Checkpoint = serde_json::from_str(line).map_err(|error| damaged(&error.to_string()))?;
        head.fits().then_some(head).ok_or_else(|| damaged("its counts do not add up"))
    }

    /// Puts this head in the place of the one before.
    pub fn write(&self, dir: &Path, sync: bool) -> Result<(), CaptureError> {
        let path = dir.join(FILE);
        let line = serde_json::to_string(self).map_err(|error| {
            CaptureError::new(CaptureErrorKind::Io, format!("cannot write {}: {error}", path.display()))
        })?;
        let content = format!("{line}\n{}\n", Digest::of(line.as_bytes()));
        private_fs::replace(&path, content.as_bytes(), sync).map_err(|error| CaptureError::io("write", &path, &error))
    }

    /// Whether the parts follow one another, each with a plain name, and make up the whole.
    fn fits(&self) -> bool {
        let mut next = 0_u64;
        for part in &self.parts {
            let plain = !part.name.is_empty() && part.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            if part.first != next || !plain || Digest::parse(&part.digest).is_none() {
                return false;
            }
            next = next.saturating_add(part.count);
        }
        let last = self.parts.last().map_or_else(|| Digest::default().to_string(), |part| part.digest.clone());
        next == self.count && last == self.digest
    }
}

fn format_of(line: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    serde_json::from_str::<Version>(line).ok().map(|version| version.format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cut_and_flip_is_damage() {
        let dir = tempfile::tempdir().unwrap();
        let head = Checkpoint { runs: 3, ..Checkpoint::empty() };
        head.write(dir.path(), true).unwrap();
        assert_eq!(Checkpoint::read(dir.path()).unwrap(), head);
        let path = dir.path().join(FILE);
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() - 1 {
            std::fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(Checkpoint::read(dir.path()).unwrap_err().trouble, CaptureErrorKind::Damaged, "cut at {at}");
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            std::fs::write(&path, &flipped).unwrap();
            assert!(Checkpoint::read(dir.path()).is_err(), "flipped at {at}");
        }
    }

    #[test]
    fn another_version_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), "{\"format\":9,\"new\":true}\nx\n").unwrap();
        let error = Checkpoint::read(dir.path()).unwrap_err();
        assert_eq!(error.trouble, CaptureErrorKind::Unsupported);
        assert!(error.sentence.contains("format 9"), "{error}");
    }
}
