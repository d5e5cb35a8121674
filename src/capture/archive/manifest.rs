//! The manifest: the digests of all other frames of an archive. It is the signed payload.

use super::frame::Frame;
use super::{Damage, FORMAT};
use crate::seal::{ChainHead, Digest, Envelope, Fingerprint};
use serde::{Deserialize, Serialize};

/// The payload type in the envelope.
pub(super) const TYPE: &str = "application/vnd.poscert.archive+json";

/// The digests of all other frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// [`FORMAT`], as in the file header.
    pub format: u32,
    /// The version of poscert that wrote it.
    pub engine: String,
    /// The number of records.
    pub records: u64,
    /// The chain's digest after the last record: the digest of the content, independent of the signer.
    pub chain: Digest,
    /// The digest of the `HEAD` frame.
    pub header: Digest,
    /// The rule files, in the order in which they are read.
    pub rules: Vec<RuleEntry>,
    /// The digest of the `INDX` frame.
    pub index: Digest,
    /// The number of bytes before the `SEAL` frame.
    pub length: u64,
}

/// A rule file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RuleEntry {
    pub name: String,
    /// SHA-256 of its text.
    pub text: Digest,
    pub frame: Digest,
}

impl Manifest {
    pub(super) fn head(&self) -> ChainHead {
        ChainHead { count: self.records, digest: self.chain }
    }

    /// Reads a `SEAL` frame: the manifest, its signers, and the envelope.
    pub(super) fn read(frame: &Frame, at: u64) -> Result<(Manifest, Vec<Fingerprint>, Envelope), Damage> {
        let damaged = |what: String| Damage::new(at, format!("the signature is invalid: {what}"));
        let envelope = Envelope::parse(&frame.content).map_err(damaged)?;
        if envelope.payload_type != TYPE {
            return Err(damaged(format!("the payload type is {:?}, expected {TYPE}", envelope.payload_type)));
        }
        let signers = envelope.signers(&[]).map_err(damaged)?;
        if signers.is_empty() {
            return Err(damaged("there is no signature".to_owned()));
        }
        let payload = envelope.payload().map_err(damaged)?;
        let manifest: Manifest = serde_json::from_slice(&payload).map_err(|error| damaged(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(damaged(format!("it is for an archive of format {}", manifest.format)));
        }
        Ok((manifest, signers, envelope))
    }
}
