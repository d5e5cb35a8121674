//! Writer of archives, from front to back, one block of records in memory at a time. The output depends only on the
//! capture, the rule files, the key and this version: it does not contain when or where it was written.

use super::frame::{self, CONTENT_LIMIT, Tag};
use super::index::Index;
use super::manifest::{Manifest, RuleEntry, TYPE};
use super::record_block::Block;
use super::{FORMAT, RuleFile, file_header};
use crate::capture::error::{CaptureError, CaptureErrorKind};
use crate::capture::{Capture, codec};
use crate::seal::{ChainHead, Digest, Envelope, SigningKey};
use serde::Serialize;
use std::io::{self, Write};

/// Size at which a block is finished and the next one begins.
const BLOCK_BYTES: usize = 256 * 1024;

/// Writes a capture as a signed archive, with the rule files that it was judged by. `progress` receives the number of
/// records written so far.
///
/// # Errors
/// If the capture is being recorded, is a HAR file or cannot be read to its end, or if `out` cannot be written.
pub(crate) fn write(
    capture: &Capture,
    rules: &[RuleFile],
    key: &SigningKey,
    out: &mut impl Write,
    progress: impl FnMut(u64),
) -> Result<ChainHead, CaptureError> {
    let lengths = rules.iter().map(|file| content_of(file).len() as u64);
    frame::check_rules(lengths).map_err(|words| failed(io::Error::other(words)))?;
    write_in_blocks(BLOCK_BYTES, capture, rules, key, out, progress)
}

/// As [`write`], with blocks of this size.
pub(super) fn write_in_blocks(
    block_bytes: usize,
    capture: &Capture,
    rules: &[RuleFile],
    key: &SigningKey,
    out: &mut impl Write,
    mut progress: impl FnMut(u64),
) -> Result<ChainHead, CaptureError> {
    if capture.live {
        let sentence = "a recorder is writing to this capture; stop the recorder first";
        return Err(CaptureError::new(CaptureErrorKind::Held, sentence));
    }
    if capture.salvaged {
        let sentence = "this capture is damaged; a salvaged capture cannot be exported as a signed archive";
        return Err(CaptureError::new(CaptureErrorKind::Damaged, sentence));
    }
    let log = capture.log()?;
    let mut out = Counted { out, count: 0 };
    out.write_all(&file_header::bytes()).map_err(failed)?;
    let header = frame::write(&mut out, Tag::Header, &json(&capture.header)?).map_err(failed)?.digest;
    let rules = write_rules(&mut out, rules).map_err(failed)?;
    let mut index = Index::default();
    let mut block = Block::behind(ChainHead::default());
    for bytes in log {
        let bytes = bytes?;
        let too_long = || failed(io::Error::other(format!("record {} is too long for a block", block.head().count)));
        if bytes.len().saturating_add(64) > usize::try_from(CONTENT_LIMIT).unwrap_or(usize::MAX) {
            return Err(too_long());
        }
        if !block.is_empty() && block.bytes().len().saturating_add(bytes.len()) > block_bytes {
            block = write_block(&mut out, block, &mut index).map_err(failed)?;
            progress(block.head().count);
        }
        let record = codec::decode(&bytes).map_err(|words| failed(io::Error::other(words)))?;
        if block.add(&record, &bytes).is_none() {
            return Err(failed(io::Error::other("a record is too long for a block")));
        }
    }
    if !block.is_empty() {
        block = write_block(&mut out, block, &mut index).map_err(failed)?;
    }
    let head = block.head();
    progress(head.count);
    if head != capture.head {
        let sentence = "the capture changed while it was read; export it again";
        return Err(CaptureError::new(CaptureErrorKind::Damaged, sentence));
    }
    let index = frame::write(&mut out, Tag::Index, &json(&index)?).map_err(failed)?.digest;
    let manifest = Manifest {
        format: FORMAT,
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        records: head.count,
        chain: head.digest,
        header,
        rules,
        index,
        length: out.count,
    };
    let mut envelope = Envelope::new(TYPE, &json(&manifest)?);
    envelope.sign(key).map_err(|words| failed(io::Error::other(words)))?;
    frame::write(&mut out, Tag::Seal, envelope.json().as_bytes()).map_err(failed)?;
    out.flush().map_err(failed)?;
    Ok(head)
}

fn write_block(out: &mut Counted<impl Write>, block: Block, index: &mut Index) -> io::Result<Block> {
    let at = out.count;
    let head = frame::write(out, Tag::Records, block.bytes())?;
    index.blocks.push(block.entry(at, head.digest));
    Ok(Block::behind(block.head()))
}

/// The content of a `RULE` frame: the length of the name (4 bytes, big-endian), the name and the text.
fn write_rules(out: &mut Counted<impl Write>, rules: &[RuleFile]) -> io::Result<Vec<RuleEntry>> {
    let mut entries = Vec::new();
    for file in rules {
        let frame = frame::write(out, Tag::Rule, &content_of(file))?.digest;
        let (name, text) = file;
        entries.push(RuleEntry { name: name.clone(), text: Digest::of(text), frame });
    }
    Ok(entries)
}

fn content_of((name, text): &RuleFile) -> Vec<u8> {
    // A name of four gigabytes does not fit into a frame anyway.
    let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], name.as_bytes(), text].concat()
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, CaptureError> {
    serde_json::to_vec(value).map_err(|error| failed(io::Error::other(error)))
}

fn failed(error: io::Error) -> CaptureError {
    CaptureError::new(CaptureErrorKind::Io, format!("cannot write the archive: {error}; check the output path"))
}

/// Counts the bytes written.
struct Counted<W> {
    out: W,
    count: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.count = self.count.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
