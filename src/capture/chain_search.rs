//! Whether a capture's chain went through heads of which only the digest is known, as the ledger has them of certificates.

use super::codec;
use super::error::CaptureError;
use super::reader::Capture;
use super::record::Record;
use crate::seal::{ChainHead, Digest};
use std::collections::BTreeMap;

/// Heads that were met in the last attempt, each with the number of exchanges that were recorded after it.
pub type Met = BTreeMap<String, u64>;

impl Capture {
    /// Those of the `wanted` heads, as digests in hex, that its chain went through since the last attempt began.
    ///
    /// # Errors
    /// As [`Capture::log`], and where the log cannot be read.
    pub fn went_through_any(&self, wanted: &[&str]) -> Result<Met, CaptureError> {
        let wanted: Vec<Digest> = wanted.iter().filter_map(|digest| Digest::parse(digest)).collect();
        let mut met = Met::new();
        if wanted.is_empty() {
            return Ok(met);
        }
        let mut head = ChainHead::default();
        for bytes in self.log()? {
            let bytes = bytes?;
            head = head.then(&bytes);
            match codec::decode(&bytes).map_err(|words| CaptureError::damaged(&self.path, words))? {
                // What was before no longer counts.
                Record::Attempt(_) => met.clear(),
                Record::Exchange(_) => met.values_mut().for_each(|since| *since = since.saturating_add(1)),
                _ => {}
            }
            if wanted.contains(&head.digest) {
                met.insert(head.digest.to_string(), 0);
            }
        }
        Ok(met)
    }
}
