//! Search for chain heads of which only the digest is known, as the ledger stores them for certificates.

use super::codec;
use super::error::CaptureError;
use super::reader::Capture;
use super::record::Record;
use crate::seal::{ChainHead, Digest};
use std::collections::BTreeMap;

/// Heads found in the last attempt, each with the number of exchanges recorded after it.
pub(super) type FoundHeads = BTreeMap<String, u64>;

impl Capture {
    /// Returns those of the `wanted` heads (digests in hex) that the chain contains since the last attempt began.
    ///
    /// # Errors
    /// As [`Capture::log`], and if the log cannot be read.
    pub fn find_heads(&self, wanted: &[&str]) -> Result<FoundHeads, CaptureError> {
        let wanted: Vec<Digest> = wanted.iter().filter_map(|digest| Digest::parse(digest)).collect();
        let mut found = FoundHeads::new();
        if wanted.is_empty() {
            return Ok(found);
        }
        let mut head = ChainHead::default();
        for bytes in self.log()? {
            let bytes = bytes?;
            head = head.then(&bytes);
            match codec::decode(&bytes).map_err(|words| CaptureError::damaged(&self.path, words))? {
                // Earlier records no longer count.
                Record::Attempt(_) => found.clear(),
                Record::Exchange(_) => found.values_mut().for_each(|since| *since = since.saturating_add(1)),
                _ => {}
            }
            if wanted.contains(&head.digest) {
                found.insert(head.digest.to_string(), 0);
            }
        }
        Ok(found)
    }
}
