//! A frame: the one shape of all sections of an archive.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | the tag: `HEAD`, `RULE`, `RECS`, `INDX` or `SEAL` |
//! | 4 | length of the content, big-endian |
//! | 4 | length of the content as stored, big-endian |
//! | 32 | SHA-256 of these twelve bytes and the stored content |
//! | ... | the content as stored: a zstd frame (RFC 8878); in `SEAL` as it is |
//!
//! The digest finds damage where nobody can check a signature, and says where it is; that nobody made up another content
//! with another digest is for the manifest.

use super::{Damage, Unreadable};
use crate::seal::Digest;
use std::io::{self, Read, Write};

/// Which section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Header,
    Rule,
    Records,
    Index,
    Seal,
}

impl Tag {
    pub const ALL: [Tag; 5] = [Tag::Header, Tag::Rule, Tag::Records, Tag::Index, Tag::Seal];

    pub fn bytes(self) -> [u8; 4] {
        match self {
            Tag::Header => *b"HEAD",
            Tag::Rule => *b"RULE",
            Tag::Records => *b"RECS",
            Tag::Index => *b"INDX",
            Tag::Seal => *b"SEAL",
        }
    }

    pub fn of(bytes: [u8; 4]) -> Option<Tag> {
        Tag::ALL.into_iter().find(|tag| tag.bytes() == bytes)
    }

    /// In a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Tag::Header => "the header",
            Tag::Rule => "a rule file",
            Tag::Records => "a block of records",
            Tag::Index => "the index",
            Tag::Seal => "the seal",
        }
    }
}

/// How long the part before the content is.
pub(super) const HEAD_BYTES: u64 = 44;
/// The longest content.
pub(super) const CONTENT_LIMIT: u32 = 64 << 20;
/// What zstd may add to a content that does not shrink.
const STORED_LIMIT: u32 = CONTENT_LIMIT + (1 << 20);
/// zstd's own default.
const LEVEL: i32 = 3;

/// What stands before a frame's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHead {
    pub tag: Tag,
    content: u32,
    stored: u32,
    pub digest: Digest,
}

/// A frame that was read and whose digest fits.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub head: FrameHead,
    pub content: Vec<u8>,
}

impl FrameHead {
    fn new(tag: Tag, content: u32, stored: &[u8]) -> Option<FrameHead> {
        let length = u32::try_from(stored.len()).ok().filter(|length| *length <= STORED_LIMIT)?;
        let bare = FrameHead { tag, content, stored: length, digest: Digest::default() };
        Some(FrameHead { digest: Digest::of_all(&[&bare.start(), stored]), ..bare })
    }

    /// What the digest covers beside the content.
    fn start(&self) -> [u8; 12] {
        let [a, b, c, d] = self.tag.bytes();
        let [e, f, g, h] = self.content.to_be_bytes();
        let [i, j, k, l] = self.stored.to_be_bytes();
        [a, b, c, d, e, f, g, h, i, j, k, l]
    }

    /// The head in these bytes; `None` where they are none, whatever is behind them.
    pub fn parse(bytes: &[u8]) -> Option<FrameHead> {
        let (tag, rest) = bytes.split_first_chunk::<4>()?;
        let (content, rest) = rest.split_first_chunk::<4>()?;
        let (stored, rest) = rest.split_first_chunk::<4>()?;
        let (digest, _) = rest.split_first_chunk::<32>()?;
        let (content, stored) = (u32::from_be_bytes(*content), u32::from_be_bytes(*stored));
        let head = FrameHead { tag: Tag::of(*tag)?, content, stored, digest: Digest(*digest) };
        (content <= CONTENT_LIMIT && stored <= STORED_LIMIT).then_some(head)
    }

    /// How long the whole frame is.
    pub fn length(&self) -> u64 {
        HEAD_BYTES.saturating_add(u64::from(self.stored))
    }

    /// Whether this is the stored content that the head was made for.
    fn fits(&self, stored: &[u8]) -> bool {
        Digest::of_all(&[&self.start(), stored]) == self.digest
    }
}

/// Writes a frame.
pub(super) fn write(out: &mut impl Write, tag: Tag, content: &[u8]) -> io::Result<FrameHead> {
    let too_long = || io::Error::other(format!("{} of {} bytes is longer than a frame", tag.name(), content.len()));
    let length = u32::try_from(content.len()).ok().filter(|length| *length <= CONTENT_LIMIT).ok_or_else(too_long)?;
    let packed;
    let stored = if tag == Tag::Seal {
        content
    } else {
        packed = zstd::bulk::compress(content, LEVEL)?;
        &packed
    };
    let head = FrameHead::new(tag, length, stored).ok_or_else(too_long)?;
    out.write_all(&head.start())?;
    out.write_all(&head.digest.0)?;
    out.write_all(stored)?;
    Ok(head)
}

/// Reads the head of the frame that begins here.
pub(super) fn read_head(input: &mut impl Read, at: u64) -> Result<FrameHead, Unreadable> {
    let mut bytes = Vec::new();
    input.take(HEAD_BYTES).read_to_end(&mut bytes)?;
    if bytes.is_empty() {
        return Err(Damage::new(at, "it ends there, before its seal").into());
    }
    FrameHead::parse(&bytes).ok_or_else(|| Damage::new(at, "no section begins there").into())
}

/// Reads the frame that begins here.
pub(super) fn read(input: &mut impl Read, at: u64) -> Result<Frame, Unreadable> {
    let head = read_head(input, at)?;
    let damaged = |what: &str| Damage::new(at, format!("{} {what}", head.tag.name()));
    let mut stored = Vec::new();
    input.take(u64::from(head.stored)).read_to_end(&mut stored)?;
    if u64::try_from(stored.len()) != Ok(u64::from(head.stored)) {
        return Err(damaged("is cut off").into());
    }
    if !head.fits(&stored) {
        return Err(damaged("does not fit its digest").into());
    }
    let length = usize::try_from(head.content).unwrap_or(usize::MAX);
    let content = match head.tag {
        Tag::Seal => stored,
        _ => zstd::bulk::decompress(&stored, length).map_err(|error| damaged(&format!("does not unpack ({error})")))?,
    };
    if content.len() != length {
        return Err(damaged("is not as long as it says").into());
    }
    Ok(Frame { head, content })
}
