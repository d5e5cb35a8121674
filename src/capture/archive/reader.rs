//! Reader of archives: first signature and index at the end of the file, then the rest from front to back, one block
//! at a time, each section against the digest that the manifest or the index holds.

use super::frame::{self, Frame, FrameHead, Tag};
use super::index::{BlockEntry, Counted, Index};
use super::manifest::Manifest;
use super::record_block::Records;
use super::{Damage, FORMAT, Header, RuleFile, Unreadable, file_header};
use crate::capture::error::{CaptureError, CaptureErrorKind};
use crate::seal::{ChainHead, Digest, Fingerprint};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An archive whose signature, header, rule files and index are valid; its records are verified as they are read.
#[derive(Clone, Debug)]
pub(in crate::capture) struct Archive {
    path: PathBuf,
    pub header: Header,
    /// The signed chain head.
    pub head: ChainHead,
    pub sealed_by: Vec<Fingerprint>,
    pub rules: Arc<Vec<RuleFile>>,
    blocks: Arc<Vec<BlockEntry>>,
    /// Whether these are all blocks; otherwise they need not be contiguous.
    whole: bool,
}

/// The position of a frame.
struct Place {
    at: u64,
    head: FrameHead,
}

/// Converts an archive error.
pub(super) fn capture_error(path: &Path, error: Unreadable) -> CaptureError {
    match error {
        Unreadable::Io(error) => CaptureError::io("read", path, &error),
        Unreadable::Damaged(Damage { at, what }) | Unreadable::Excess(Damage { at, what }) => {
            CaptureError::damaged(path, format_args!("at byte {at}, {what}"))
        }
        Unreadable::Newer(version) => {
            let name = path.display();
            let sentence = format!("{name} is an archive of format {version}, but this version reads format {FORMAT}");
            CaptureError::new(CaptureErrorKind::Unsupported, format!("{sentence}: use a newer poscert"))
        }
    }
}

pub(super) fn sections(path: &Path) -> Result<Archive, Unreadable> {
    let mut file = BufReader::new(File::open(path)?);
    let places = places(&mut file)?;
    let mut rules = places.iter().filter(|place| place.head.tag == Tag::Rule);
    frame::check_rules(rules.clone().map(|place| place.head.content()))
        .map_err(|words| Unreadable::Excess(Damage::new(rules.next_back().map_or(0, |place| place.at), words)))?;
    let (seal, rest) = last(&places, Tag::Seal)?;
    let (manifest, sealed_by, _) = Manifest::read(&frame_at(&mut file, seal)?, seal.at)?;
    if manifest.length != seal.at {
        return Err(Damage::new(seal.at, format!("the signature belongs at byte {}", manifest.length)).into());
    }
    let (index_place, rest) = last(rest, Tag::Index)?;
    let index: Index = json(&sealed(&mut file, index_place, manifest.index)?, index_place)?;
    let (header_place, rest) = first(rest)?;
    let header: Header = json(&sealed(&mut file, header_place, manifest.header)?, header_place)?;
    if rest.len() != manifest.rules.len().saturating_add(index.blocks.len()) {
        return Err(Damage::new(header_place.at, "unsigned sections follow the header").into());
    }
    let (rule_places, block_places) = rest.split_at(manifest.rules.len().min(rest.len()));
    let mut rules = Vec::new();
    for (place, entry) in rule_places.iter().zip(&manifest.rules) {
        let (name, text) = rule_file(sealed(&mut file, place, entry.frame)?, place.at)?;
        if name != entry.name || Digest::of(&text) != entry.text {
            return Err(
                Damage::new(place.at, format!("the rule file {name:?} does not match the signed digest")).into()
            );
        }
        rules.push((name, text));
    }
    for (place, entry) in block_places.iter().zip(&index.blocks) {
        if place.at != entry.at || place.head.digest != entry.frame || place.head.tag != Tag::Records {
            let what = format!("{} does not match the signed digest", entry.name());
            return Err(Damage::new(place.at, what).into());
        }
    }
    let head = manifest.head();
    let (rules, blocks) = (Arc::new(rules), Arc::new(index.blocks));
    Ok(Archive { path: path.to_owned(), header, head, sealed_by, rules, blocks, whole: true })
}

/// Lists the frames without reading their content; the last one must end where the file ends.
fn places(file: &mut BufReader<File>) -> Result<Vec<Place>, Unreadable> {
    let mut start = Vec::new();
    file.by_ref().take(file_header::BYTES as u64).read_to_end(&mut start)?;
    file_header::read(&start)?;
    let length = file.get_ref().metadata()?.len();
    let mut at = file_header::BYTES as u64;
    let mut places = Vec::new();
    loop {
        let head = frame::read_head(file, at)?;
        let next = at.saturating_add(head.length());
        if next > length {
            return Err(Damage::new(at, format!("{} is truncated", head.tag.name())).into());
        }
        places.push(Place { at, head });
        if head.tag == Tag::Seal {
            return match length.saturating_sub(next) {
                0 => Ok(places),
                more => Err(Damage::new(next, format!("{more} unexpected bytes follow the signature")).into()),
            };
        }
        file.seek_relative(i64::try_from(head.length().saturating_sub(frame::HEAD_BYTES)).unwrap_or(i64::MAX))?;
        at = next;
    }
}

/// The byte offset of the `SEAL` frame.
pub(super) fn seal_at(file: &mut BufReader<File>) -> Result<u64, Unreadable> {
    let places = places(file)?;
    Ok(last(&places, Tag::Seal)?.0.at)
}

fn last(places: &[Place], tag: Tag) -> Result<(&Place, &[Place]), Damage> {
    match places.split_last() {
        Some((place, rest)) if place.head.tag == tag => Ok((place, rest)),
        Some((place, _)) => Err(Damage::new(place.at, format!("{} is missing", tag.name()))),
        None => Err(Damage::new(file_header::BYTES as u64, format!("{} is missing", tag.name()))),
    }
}

fn first(places: &[Place]) -> Result<(&Place, &[Place]), Damage> {
    match places.split_first() {
        Some((place, rest)) if place.head.tag == Tag::Header => Ok((place, rest)),
        _ => Err(Damage::new(file_header::BYTES as u64, "the header is missing")),
    }
}

fn frame_at(file: &mut BufReader<File>, place: &Place) -> Result<Frame, Unreadable> {
    file.seek(SeekFrom::Start(place.at))?;
    frame::read(file, place.at)
}

/// The content of a frame, which must have this digest.
fn sealed(file: &mut BufReader<File>, place: &Place, digest: Digest) -> Result<Vec<u8>, Unreadable> {
    let frame = frame_at(file, place)?;
    if frame.head.digest != digest {
        let what = format!("{} does not match the signed digest", frame.head.tag.name());
        return Err(Damage::new(place.at, what).into());
    }
    Ok(frame.content)
}

fn json<T: serde::de::DeserializeOwned>(content: &[u8], place: &Place) -> Result<T, Damage> {
    let unreadable = |error| Damage::new(place.at, format!("{} cannot be read ({error})", place.head.tag.name()));
    serde_json::from_slice(content).map_err(unreadable)
}

/// Parses the content of a `RULE` frame.
pub(super) fn rule_file(content: Vec<u8>, at: u64) -> Result<RuleFile, Damage> {
    let parts = content.split_first_chunk::<4>().and_then(|(length, rest)| {
        let (name, text) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        Some((String::from_utf8(name.to_vec()).ok()?, text.to_vec()))
    });
    parts.ok_or_else(|| Damage::new(at, "the name of a rule file is malformed"))
}

impl Archive {
    /// A damaged archive: its intact blocks, with holes between them.
    pub(super) fn of_blocks(
        path: &Path,
        header: Header,
        sealed_by: Vec<Fingerprint>,
        rules: Vec<RuleFile>,
        blocks: Vec<BlockEntry>,
    ) -> Archive {
        let (rules, blocks) = (Arc::new(rules), Arc::new(blocks));
        Archive { path: path.to_owned(), header, head: ChainHead::default(), sealed_by, rules, blocks, whole: false }
    }

    /// The bytes of its records, in log order.
    pub(crate) fn log(&self) -> Result<Log, CaptureError> {
        let file = File::open(&self.path).map_err(|error| CaptureError::io("open", &self.path, &error))?;
        let file = BufReader::new(file);
        Ok(Log { archive: self.clone(), file, block: 0, records: None, head: ChainHead::default(), ended: false })
    }

    /// Checks the index against the records.
    pub(crate) fn counted(&self) -> Counted<'_> {
        Counted::of(&self.blocks)
    }

    /// A damage error for the archive as a whole.
    pub(crate) fn damaged(&self, what: &str) -> CaptureError {
        CaptureError::damaged(&self.path, what)
    }
}

/// Reads the records of an archive, one block in memory at a time.
pub(in crate::capture) struct Log {
    archive: Archive,
    file: BufReader<File>,
    block: usize,
    records: Option<Records>,
    head: ChainHead,
    ended: bool,
}

impl Log {
    fn record(&mut self) -> Result<Option<Vec<u8>>, Unreadable> {
        loop {
            if let Some(records) = &mut self.records {
                let entry = self.archive.blocks.get(self.block.saturating_sub(1)).cloned().unwrap_or_default();
                let damaged = |what: String| Damage::new(entry.at, format!("in {}: {what}", entry.name()));
                if let Some(bytes) = records.next().map_err(damaged)? {
                    return Ok(Some(bytes.to_vec()));
                }
                self.head = records.head();
                let sealed = ChainHead { count: entry.first.saturating_add(entry.records), digest: entry.chain };
                if self.head != sealed {
                    return Err(damaged("the chain head does not match the index".to_owned()).into());
                }
                self.records = None;
            }
            let Some(entry) = self.archive.blocks.get(self.block) else {
                let at = self.archive.blocks.last().map_or(0, |entry| entry.at);
                let whole = self.head == self.archive.head || !self.archive.whole;
                let what = "the chain head does not match the signed one";
                return if whole { Ok(None) } else { Err(Damage::new(at, what).into()) };
            };
            let before = self.archive.whole.then_some(self.head);
            self.records = Some(open_block(&mut self.file, entry, before)?);
            self.block = self.block.saturating_add(1);
        }
    }
}

/// Opens the block of an index entry; `before` is the expected chain head before it, if known.
fn open_block(
    file: &mut BufReader<File>,
    entry: &BlockEntry,
    before: Option<ChainHead>,
) -> Result<Records, Unreadable> {
    let named = |what: &str| Damage::new(entry.at, format!("{} {what}", entry.name()));
    file.seek(SeekFrom::Start(entry.at))?;
    let frame = frame::read(file, entry.at).map_err(|error| match error {
        Unreadable::Damaged(damage) => named(&format!("cannot be read: {}", damage.what)).into(),
        other => other,
    })?;
    if frame.head.tag != Tag::Records || frame.head.digest != entry.frame {
        return Err(named("does not match the signed digest").into());
    }
    let records = Records::of(frame.content).ok_or_else(|| named("is truncated"))?;
    if before.is_some_and(|before| records.head() != before) {
        return Err(named("does not continue the chain of the previous block").into());
    }
    Ok(records)
}

impl Iterator for Log {
    type Item = Result<Vec<u8>, CaptureError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let record =
            self.record().transpose().map(|record| record.map_err(|error| capture_error(&self.archive.path, error)));
        self.ended = !matches!(record, Some(Ok(_)));
        record
    }
}
