//! The index: where each block of records lies and what is in it, so that one exchange is found without reading all of
//! them, and a damaged block is known by what is missing with it.

use crate::seal::Digest;
use serde::{Deserialize, Serialize};

/// All blocks, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Index {
    pub blocks: Vec<BlockEntry>,
}

/// A block of records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BlockEntry {
    /// The byte of the archive at which its frame begins.
    pub at: u64,
    /// The digest of its frame.
    pub frame: Digest,
    /// The place of its first record in the log, from 0.
    pub first: u64,
    /// How many records.
    pub records: u64,
    /// How many of them are exchanges.
    pub exchanges: u64,
    /// The lowest and the highest number of these.
    pub numbers: Option<(u64, u64)>,
    /// The chain's digest after its last record.
    pub chain: Digest,
}

impl BlockEntry {
    /// In a sentence: `the block of records 5 to 9 (3 exchanges between 4 and 6)`.
    pub fn name(&self) -> String {
        let last = self.first.saturating_add(self.records.saturating_sub(1));
        let records = match self.records {
            1 => format!("the block of record {last}"),
            _ => format!("the block of records {} to {last}", self.first),
        };
        match self.numbers {
            None => format!("{records} (no exchange)"),
            Some((low, high)) if low == high => format!("{records} (exchange {low})"),
            Some((low, high)) => format!("{records} ({} exchanges between {low} and {high})", self.exchanges),
        }
    }
}
