//! Frames: the common layout of all sections of an archive.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | the tag: `HEAD`, `RULE`, `RECS`, `INDX` or `SEAL` |
//! | 4 | length of the content, big-endian |
//! | 4 | length of the content as stored, big-endian |
//! | 32 | SHA-256 of these twelve bytes and the stored content |
//! | ... | the content as stored: one zstd frame (RFC 8878); in `SEAL` as it is |
//!
//! The digest detects and locates damage without verifying a signature. Protection against a different content with a
//! matching digest comes from the manifest.

use super::{Damage, Unreadable};
use crate::seal::Digest;
use std::io::{self, Read, Write};

/// The kind of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Header,
    Rule,
    Records,
    Index,
    Seal,
}

impl Tag {
    pub(super) const ALL: [Tag; 5] = [Tag::Header, Tag::Rule, Tag::Records, Tag::Index, Tag::Seal];

    pub(super) fn bytes(self) -> [u8; 4] {
        match self {
            Tag::Header => *b"HEAD",
            Tag::Rule => *b"RULE",
            Tag::Records => *b"RECS",
            Tag::Index => *b"INDX",
            Tag::Seal => *b"SEAL",
        }
    }

    pub(super) fn of(bytes: [u8; 4]) -> Option<Tag> {
        Tag::ALL.into_iter().find(|tag| tag.bytes() == bytes)
    }

    /// The maximum length of the content.
    pub(super) fn limit(self) -> u32 {
        match self {
            Tag::Header => 4 << 20,
            Tag::Rule => RULE_BYTES,
            Tag::Records | Tag::Index => CONTENT_LIMIT,
            Tag::Seal => 1 << 20,
        }
    }

    /// The name used in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Tag::Header => "the header",
            Tag::Rule => "a rule file",
            Tag::Records => "a block of records",
            Tag::Index => "the index",
            Tag::Seal => "the signature",
        }
    }
}

/// The length of the part before the content.
pub(super) const HEAD_BYTES: u64 = 44;
/// The maximum length of any section's content.
pub(super) const CONTENT_LIMIT: u32 = 64 << 20;
/// Maximum total size and number of rule files, which are all in memory at once.
pub(super) const RULE_BYTES: u32 = 8 << 20;
const RULE_FILES: usize = 100;
/// What zstd may add to incompressible content.
const ADDED: u32 = 1 << 20;
/// The magic number of a zstd frame (RFC 8878, 3.1.1); skippable frames have others.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The default of zstd.
const LEVEL: i32 = 3;

/// The part of a frame before its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHead {
    pub tag: Tag,
    content: u32,
    stored: u32,
    pub digest: Digest,
}

/// A frame with a verified digest.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub head: FrameHead,
    pub content: Vec<u8>,
}

impl FrameHead {
    fn new(tag: Tag, content: u32, stored: &[u8]) -> Option<FrameHead> {
        let length = u32::try_from(stored.len()).ok()?;
        let bare = FrameHead { tag, content, stored: length, digest: Digest::default() };
        Some(FrameHead { digest: Digest::of_all(&[&bare.start(), stored]), ..bare })
    }

    /// What the digest covers besides the content.
    fn start(&self) -> [u8; 12] {
        let mut start = [0; 12];
        let parts = [self.tag.bytes(), self.content.to_be_bytes(), self.stored.to_be_bytes()];
        start.iter_mut().zip(parts.as_flattened()).for_each(|(to, from)| *to = *from);
        start
    }

    /// Parses a frame head; `None` if the bytes are not one. What follows is ignored.
    pub(super) fn parse(bytes: &[u8]) -> Option<FrameHead> {
        let (tag, rest) = bytes.split_first_chunk::<4>()?;
        let (content, rest) = rest.split_first_chunk::<4>()?;
        let (stored, rest) = rest.split_first_chunk::<4>()?;
        let (digest, _) = rest.split_first_chunk::<32>()?;
        let (content, stored) = (u32::from_be_bytes(*content), u32::from_be_bytes(*stored));
        Some(FrameHead { tag: Tag::of(*tag)?, content, stored, digest: Digest(*digest) })
    }

    /// Whether the lengths are within the limits of this kind of section.
    fn is_short_enough(&self) -> bool {
        self.content <= self.tag.limit() && self.stored <= self.tag.limit().saturating_add(ADDED)
    }

    /// The length of the content.
    pub(super) fn content(&self) -> u64 {
        u64::from(self.content)
    }

    /// The length of the whole frame.
    pub(super) fn length(&self) -> u64 {
        HEAD_BYTES.saturating_add(u64::from(self.stored))
    }

    /// Whether the stored content matches the digest.
    fn fits(&self, stored: &[u8]) -> bool {
        Digest::of_all(&[&self.start(), stored]) == self.digest
    }
}

/// Writes a frame.
pub(super) fn write(out: &mut impl Write, tag: Tag, content: &[u8]) -> io::Result<FrameHead> {
    let too_long = || io::Error::other(format!("{} of {} bytes is too long for a frame", tag.name(), content.len()));
    let length = u32::try_from(content.len()).ok().filter(|length| *length <= tag.limit()).ok_or_else(too_long)?;
    let packed;
    let stored = if tag == Tag::Seal {
        content
    } else {
        packed = zstd::bulk::compress(content, LEVEL)?;
        &packed
    };
    let head = FrameHead::new(tag, length, stored).filter(FrameHead::is_short_enough).ok_or_else(too_long)?;
    out.write_all(&head.start())?;
    out.write_all(&head.digest.0)?;
    out.write_all(stored)?;
    Ok(head)
}

/// Reads the head of the frame at this offset.
pub(super) fn read_head(input: &mut impl Read, at: u64) -> Result<FrameHead, Unreadable> {
    let mut bytes = Vec::new();
    input.take(HEAD_BYTES).read_to_end(&mut bytes)?;
    if bytes.is_empty() {
        return Err(Damage::new(at, "the file ends before the signature").into());
    }
    let head = FrameHead::parse(&bytes).ok_or_else(|| Damage::new(at, "no section begins"))?;
    if !head.is_short_enough() {
        let (name, limit) = (head.tag.name(), head.tag.limit());
        let what = format!("{name} has {} bytes, the limit is {limit}", head.content.max(head.stored));
        return Err(Unreadable::Excess(Damage::new(at, what)));
    }
    Ok(head)
}

/// Checks the number and total length of rule files.
///
/// # Errors
/// If there are too many or they are too long together.
pub(super) fn check_rules(lengths: impl Iterator<Item = u64>) -> Result<(), String> {
    let (count, bytes) =
        lengths.fold((0_usize, 0_u64), |(count, sum), length| (count.saturating_add(1), sum.saturating_add(length)));
    if count <= RULE_FILES && bytes <= u64::from(RULE_BYTES) {
        return Ok(());
    }
    Err(format!("{count} rule files of {bytes} bytes, the limits are {RULE_FILES} files and {RULE_BYTES} bytes"))
}

/// Reads the frame at this offset.
pub(super) fn read(input: &mut impl Read, at: u64) -> Result<Frame, Unreadable> {
    let head = read_head(input, at)?;
    let damaged = |what: &str| Damage::new(at, format!("{} {what}", head.tag.name()));
    let mut stored = Vec::new();
    input.take(u64::from(head.stored)).read_to_end(&mut stored)?;
    if u64::try_from(stored.len()) != Ok(u64::from(head.stored)) {
        return Err(damaged("is truncated").into());
    }
    if !head.fits(&stored) {
        return Err(damaged("does not match its digest").into());
    }
    let length = usize::try_from(head.content).unwrap_or(usize::MAX);
    let content = match head.tag {
        Tag::Seal => stored,
        _ if !is_one_zstd_frame(&stored) => return Err(damaged("is not stored as one zstd frame").into()),
        _ => zstd::bulk::decompress(&stored, length)
            .map_err(|error| damaged(&format!("cannot be decompressed ({error})")))?,
    };
    if content.len() != length {
        return Err(damaged("does not have the declared length").into());
    }
    Ok(Frame { head, content })
}

/// Whether this is exactly one zstd frame: data that a decoder skips could carry unverified content under the
/// signature.
fn is_one_zstd_frame(stored: &[u8]) -> bool {
    let length = zstd::zstd_safe::find_frame_compressed_size(stored);
    stored.starts_with(&ZSTD_MAGIC) && length.is_ok_and(|length| length == stored.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result of reading a frame with this stored content.
    fn said(tag: Tag, length: u32, stored: &[u8]) -> String {
        let head = FrameHead::new(tag, length, stored).unwrap();
        let bytes = [&head.start()[..], &head.digest.0, stored].concat();
        match read(&mut bytes.as_slice(), 0) {
            Ok(frame) => format!("{} bytes", frame.content.len()),
            Err(Unreadable::Damaged(damage)) => damage.what,
            Err(other) => format!("{other:?}"),
        }
    }

    #[test]
    fn content_is_one_zstd_frame() {
        let packed = |text: &[u8]| zstd::bulk::compress(text, LEVEL).unwrap();
        let hidden = [&[0x50, 0x2a, 0x4d, 0x18, 6, 0, 0, 0][..], b"hidden"].concat();
        let (whole, half) = (packed(b"text"), [packed(b"te"), packed(b"xt")]);
        assert_eq!(said(Tag::Header, 4, &whole), "4 bytes");
        assert_eq!(said(Tag::Header, 0, &packed(b"")), "0 bytes");
        for stored in [
            half.concat(),
            [&whole[..], &hidden].concat(),
            [&hidden[..], &whole].concat(),
            [&whole[..], b"junk"].concat(),
            hidden,
            vec![],
        ] {
            assert_eq!(said(Tag::Header, 4, &stored), "the header is not stored as one zstd frame", "{stored:?}");
        }
    }

    #[test]
    fn each_section_has_its_limit() {
        for tag in Tag::ALL {
            let more = tag.limit() + 1;
            assert!(said(tag, more, b"").contains(&format!("has {more} bytes, the limit is")), "{tag:?}");
        }
        assert!(write(&mut Vec::new(), Tag::Seal, &vec![0; (1 << 20) + 1]).is_err());
        let limit = u64::from(RULE_BYTES);
        assert!(check_rules([limit, 0].into_iter()).is_ok() && check_rules([limit, 1].into_iter()).is_err());
        assert!(check_rules([0; 100].into_iter()).is_ok() && check_rules([0; 101].into_iter()).is_err());
    }
}
