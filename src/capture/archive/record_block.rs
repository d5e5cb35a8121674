//! A block of records: its position in the log and in the chain, then the records, each preceded by its length.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | the log index of its first record, from 0, big-endian |
//! | 32 | the chain's digest before it |
//! | 4 and ... | the length of a record, big-endian, and its bytes (MessagePack); repeated |

use super::index::BlockEntry;
use crate::capture::Record;
use crate::seal::{ChainHead, Digest};

const START: usize = 40;

/// A block under construction.
pub(super) struct Block {
    bytes: Vec<u8>,
    before: ChainHead,
    after: ChainHead,
    exchanges: u64,
    numbers: Option<(u64, u64)>,
}

impl Block {
    /// An empty block after this chain head.
    pub(super) fn behind(head: ChainHead) -> Block {
        let bytes = [&head.count.to_be_bytes()[..], &head.digest.0].concat();
        Block { bytes, before: head, after: head, exchanges: 0, numbers: None }
    }

    /// Adds a record; `bytes` are its bytes in the log. `None` if it is too long for a block.
    pub(super) fn add(&mut self, record: &Record, bytes: &[u8]) -> Option<()> {
        let length = u32::try_from(bytes.len()).ok()?;
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(bytes);
        self.after = self.after.then(bytes);
        if let Record::Exchange(exchange) = record {
            self.exchanges = self.exchanges.saturating_add(1);
            let (low, high) = self.numbers.unwrap_or((exchange.number, exchange.number));
            self.numbers = Some((low.min(exchange.number), high.max(exchange.number)));
        }
        Some(())
    }

    /// The content of its frame.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The chain head after it.
    pub(super) fn head(&self) -> ChainHead {
        self.after
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.len() <= START
    }

    /// Its entry in the index; `at` is the byte offset of its frame and `frame` the frame's digest.
    pub(super) fn entry(&self, at: u64, frame: Digest) -> BlockEntry {
        BlockEntry {
            at,
            frame,
            first: self.before.count,
            records: self.after.count.saturating_sub(self.before.count),
            exchanges: self.exchanges,
            numbers: self.numbers,
            chain: self.after.digest,
        }
    }
}

/// Reads the records of a block one by one.
pub(super) struct Records {
    content: Vec<u8>,
    at: usize,
    head: ChainHead,
}

impl Records {
    /// The records in the content of a frame; `None` if the content is too short.
    pub(super) fn of(content: Vec<u8>) -> Option<Records> {
        let (first, rest) = content.split_first_chunk::<8>()?;
        let (digest, _) = rest.split_first_chunk::<32>()?;
        let head = ChainHead { count: u64::from_be_bytes(*first), digest: Digest(*digest) };
        Some(Records { content, at: START, head })
    }

    /// The chain head after the records read so far; at the start, the chain head before the block.
    pub(super) fn head(&self) -> ChainHead {
        self.head
    }

    /// The bytes of the next record; an error if they are truncated.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, String> {
        let rest = self.content.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        let cut = || format!("record {} is truncated", self.head.count);
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| cut())?;
        let bytes = rest.get(..length).ok_or_else(cut)?;
        self.at = self.at.saturating_add(4).saturating_add(length);
        self.head = self.head.then(bytes);
        Ok(Some(bytes))
    }
}
