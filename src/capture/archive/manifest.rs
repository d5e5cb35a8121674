//! The manifest: the digests of everything else in an archive. It is what is signed.

use super::frame::Frame;
use super::{Damage, FORMAT};
use crate::seal::{ChainHead, Digest, Envelope, Fingerprint};
use serde::{Deserialize, Serialize};

/// The payload's type in the envelope.
pub(super) const TYPE: &str = "application/vnd.poscert.archive+json";

/// The digests of everything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// [`FORMAT`], as in the preamble.
    pub format: u32,
    /// The version of poscert that wrote it.
    pub engine: String,
    /// How many records.
    pub records: u64,
    /// The chain's digest after the last of them: the digest of the content, whoever sealed it.
    pub chain: Digest,
    /// The digest of the header's frame.
    pub header: Digest,
    /// The rule files, in the order in which they are read.
    pub rules: Vec<RuleEntry>,
    /// The digest of the index's frame.
    pub index: Digest,
    /// How many bytes stand before the seal's frame.
    pub length: u64,
}

/// A rule file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RuleEntry {
    pub name: String,
    /// SHA-256 of its text.
    pub text: Digest,
    /// The digest of its frame.
    pub frame: Digest,
}

impl Manifest {
    /// The head of the chain.
    pub fn head(&self) -> ChainHead {
        ChainHead { count: self.records, digest: self.chain }
    }

    /// The manifest in a seal's frame, by whom it is signed, and the envelope.
    pub fn read(frame: &Frame, at: u64) -> Result<(Manifest, Vec<Fingerprint>, Envelope), Damage> {
        let damaged = |what: String| Damage::new(at, format!("the seal does not hold: {what}"));
        let envelope = Envelope::parse(&frame.content).map_err(damaged)?;
        if envelope.payload_type != TYPE {
            return Err(damaged(format!("it is over {:?} and not over {TYPE}", envelope.payload_type)));
        }
        let signers = envelope.signers(&[]).map_err(damaged)?;
        if signers.is_empty() {
            return Err(damaged("nobody has signed it".to_owned()));
        }
        let payload = envelope.payload().map_err(damaged)?;
        let manifest: Manifest = serde_json::from_slice(&payload).map_err(|error| damaged(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(damaged(format!("it was made for an archive of format {}", manifest.format)));
        }
        Ok((manifest, signers, envelope))
    }
}
