//! The checkpoint of a capture (file `head`): the number of records and the digest of their chain. With it, a segment
//! that lost its records is recognised as damaged, not taken for an empty one.
//!
//! Its first line is JSON, its second the SHA-256 of the first. It is replaced atomically after the records that it
//! counts are durable, so it may lag behind the segments but is never ahead of them.

use super::error::{CaptureError, CaptureErrorKind};
use super::{private_fs, record::FORMAT};
use crate::seal::{self, Digest};
use serde::{Deserialize, Serialize};
use std::path::Path;

const FILE: &str = "head";
/// Larger than any checkpoint: about ten thousand segments.
const LONGEST: u64 = 16 * 1024 * 1024;

/// A segment's entry in the checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SegmentMeta {
    /// The name of its directory.
    pub name: String,
    /// The log index of its first record.
    pub first: u64,
    /// The number of its records.
    pub count: u64,
    /// The chain's digest after its last record, in hex.
    pub digest: String,
    /// Whether it is complete; nothing is appended to it any more.
    pub closed: bool,
}

/// The checkpoint of a capture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// [`FORMAT`].
    pub format: u32,
    /// The number of records in all segments.
    pub count: u64,
    /// The chain's digest after the last of them, in hex.
    pub digest: String,
    /// The next exchange number when it was written.
    pub next_number: u64,
    /// The number of runs.
    pub runs: u32,
    /// Identifies the capture's key; empty in captures recorded before this field existed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key_check: String,
    /// The name of the profile of the recorded API; empty in captures recorded before this field existed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api_profile: String,
    /// The segments, in order.
    pub parts: Vec<SegmentMeta>,
}

impl Checkpoint {
    /// The checkpoint of an empty capture.
    pub(super) fn empty() -> Checkpoint {
        Checkpoint { format: FORMAT, digest: Digest::default().to_string(), next_number: 1, ..Checkpoint::default() }
    }

    /// The chain head; `None` if its digest is malformed.
    pub(super) fn chain(&self) -> Option<seal::ChainHead> {
        Some(seal::ChainHead { count: self.count, digest: Digest::parse(&self.digest)? })
    }

    /// Whether a directory has a checkpoint.
    pub(super) fn stands_in(dir: &Path) -> bool {
        dir.join(FILE).exists()
    }

    pub(super) fn read(dir: &Path) -> Result<Checkpoint, CaptureError> {
        let path = dir.join(FILE);
        let bytes = private_fs::read(&path, LONGEST).map_err(|error| CaptureError::io("read", &path, &error))?;
        let text = String::from_utf8_lossy(&bytes);
        let damaged = |what: &str| CaptureError::damaged(&path, what);
        // The version is checked before the digest: another version may compute the digest differently.
        let (line, sum) = text.split_once('\n').ok_or_else(|| damaged("it does not have two lines"))?;
        if let Some(format) = format_of(line).filter(|&format| format != FORMAT) {
            let sentence = format!(
                "{} has format {format}, but this version reads format {FORMAT}: use the version that wrote it, or a \
                 newer one",
                dir.display()
            );
            return Err(CaptureError::new(CaptureErrorKind::Unsupported, sentence));
        }
        if sum.trim_end() != Digest::of(line.as_bytes()).to_string() {
            return Err(damaged("its digest does not match its content"));
        }
        let head: Checkpoint = serde_json::from_str(line).map_err(|error| damaged(&error.to_string()))?;
        head.fits().then_some(head).ok_or_else(|| damaged("its counts do not add up"))
    }

    /// Replaces the checkpoint atomically.
    pub(super) fn write(&self, dir: &Path, sync: bool) -> Result<(), CaptureError> {
        let path = dir.join(FILE);
        let line = serde_json::to_string(self).map_err(|error| {
            CaptureError::new(CaptureErrorKind::Io, format!("cannot write {}: {error}", path.display()))
        })?;
        let content = format!("{line}\n{}\n", Digest::of(line.as_bytes()));
        private_fs::replace(&path, content.as_bytes(), sync).map_err(|error| CaptureError::io("write", &path, &error))
    }

    /// Whether the segments are contiguous, have plain names, and add up to the totals.
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
    fn every_truncation_and_bit_flip_is_damage() {
        let dir = tempfile::tempdir().unwrap();
        let head = Checkpoint { runs: 3, ..Checkpoint::empty() };
        head.write(dir.path(), true).unwrap();
        assert_eq!(Checkpoint::read(dir.path()).unwrap(), head);
        let path = dir.path().join(FILE);
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() - 1 {
            std::fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(Checkpoint::read(dir.path()).unwrap_err().kind, CaptureErrorKind::Damaged, "truncated at {at}");
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            std::fs::write(&path, &flipped).unwrap();
            assert!(Checkpoint::read(dir.path()).is_err(), "flipped at {at}");
        }
    }

    #[test]
    fn unsupported_version_is_reported() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), "{\"format\":9,\"new\":true}\nx\n").unwrap();
        let error = Checkpoint::read(dir.path()).unwrap_err();
        assert_eq!(error.kind, CaptureErrorKind::Unsupported);
        assert!(error.message.contains("format 9"), "{error}");
    }
}
