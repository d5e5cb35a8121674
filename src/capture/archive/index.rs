//! The index: position and content of each block of records, so that an exchange is found without reading all blocks,
//! and the records lost with a damaged block can be named.

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
    /// The byte offset of its frame in the archive.
    pub at: u64,
    pub frame: Digest,
    /// The log index of its first record, from 0.
    pub first: u64,
    /// The number of its records.
    pub records: u64,
    /// How many of them are exchanges.
    pub exchanges: u64,
    /// The lowest and the highest exchange number.
    pub numbers: Option<(u64, u64)>,
    /// The chain's digest after its last record.
    pub chain: Digest,
}

/// Checks the index against the records as they are read in order.
pub(in crate::capture) struct Counted<'a> {
    blocks: std::slice::Iter<'a, BlockEntry>,
    /// The block whose records are being read, and its expected content.
    entry: Option<&'a BlockEntry>,
    records: u64,
    exchanges: u64,
    numbers: Option<(u64, u64)>,
}

impl<'a> Counted<'a> {
    pub(super) fn of(blocks: &'a [BlockEntry]) -> Counted<'a> {
        let mut blocks = blocks.iter();
        Counted { entry: blocks.next(), blocks, records: 0, exchanges: 0, numbers: None }
    }

    /// Counts a record; `number` is the exchange number, if it is an exchange.
    ///
    /// # Errors
    /// If the index does not match the records.
    pub(crate) fn take(&mut self, number: Option<u64>) -> Result<(), String> {
        self.records += 1;
        if let Some(number) = number {
            self.exchanges += 1;
            let (low, high) = self.numbers.unwrap_or((number, number));
            self.numbers = Some((low.min(number), high.max(number)));
        }
        let Some(entry) = self.entry.filter(|entry| entry.records <= self.records) else { return Ok(()) };
        if (entry.exchanges, entry.numbers) != (self.exchanges, self.numbers) {
            return Err(format!("the index does not match the records: {}", entry.name()));
        }
        *self =
            Counted { entry: self.blocks.next(), blocks: self.blocks.clone(), records: 0, exchanges: 0, numbers: None };
        Ok(())
    }
}

impl BlockEntry {
    /// Describes the block: `the block of records 5 to 9 (3 exchanges between 4 and 6)`.
    pub(super) fn name(&self) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_mismatch_is_detected() {
        let entry = |records, exchanges, numbers| BlockEntry { records, exchanges, numbers, ..BlockEntry::default() };
        let counted = |blocks: &[BlockEntry]| {
            let mut counted = Counted::of(blocks);
            [None, Some(2), Some(1), None].into_iter().try_for_each(|number| counted.take(number))
        };
        assert_eq!(counted(&[entry(3, 2, Some((1, 2))), entry(1, 0, None)]), Ok(()));
        for wrong in
            [entry(3, 1, Some((1, 2))), entry(3, 2, Some((1, 3))), entry(3, 2, None), entry(2, 2, Some((1, 2)))]
        {
            assert!(counted(&[wrong]).unwrap_err().contains("does not match"));
        }
    }
}
