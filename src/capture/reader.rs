//! Opening of captures: directories, signed archives and HAR files. Reading writes nothing into the capture or next
//! to it, and holds in memory only the exchanges that were in progress at the same time.

use super::archive::{self, Header, RuleFile};
use super::checkpoint::{Checkpoint, SegmentMeta};
use super::error::{CaptureError, CaptureErrorKind};
use super::record::{Record, Session};
use super::reorder::ReorderBuffer;
use super::segment::SegmentReader;
use super::summary::{Summary, gaps_in_words};
use super::{codec, exchange_numbers, store};
use crate::profile::{Profile, pos_v10};
use crate::seal;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Maximum size of a HAR file in bytes; it is read into memory as a whole.
pub(super) const LONGEST_HAR: u64 = 1024 * 1024 * 1024;

/// The kind of source that a capture is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureKind {
    /// A directory that poscert recorded.
    Directory,
    /// A signed archive.
    Archive,
    /// A HAR file.
    Har,
}

impl CaptureKind {
    /// `directory`, `archive` or `har`.
    pub fn name(self) -> &'static str {
        match self {
            CaptureKind::Directory => "directory",
            CaptureKind::Archive => "archive",
            CaptureKind::Har => "har",
        }
    }
}

/// An opened capture: its summary, and its records, which can be read repeatedly.
#[derive(Debug)]
pub struct Capture {
    /// The API whose calls it has.
    pub profile: &'static Profile,
    /// The kind of source.
    pub kind: CaptureKind,
    /// The digest of its content in hex: the chain head, or the SHA-256 of the HAR file.
    pub digest: String,
    /// The client and the features being certified, if recorded.
    pub session: Option<Session>,
    /// Fingerprints of the keys that signed it.
    pub sealed_by: Vec<String>,
    /// The number of exchanges.
    pub exchanges: u64,
    /// The number of certification attempts, at least 1.
    pub attempts: u32,
    /// Allocated exchange numbers without a record, as inclusive ranges.
    pub gaps: Vec<(u64, u64)>,
    /// Every run was shut down cleanly, and no exchange is lost.
    pub complete: bool,
    /// A recorder is writing into it.
    pub live: bool,
    /// The resolution of its times in microseconds: 1 for recorded captures, that of `startedDateTime` for HAR files.
    pub resolution_us: u64,
    /// The resolution of its durations in microseconds: 1 for recorded captures, that of `time` for HAR files.
    pub lasted_us: u64,
    /// Groups of exchanges whose relative order is unknown, as indexes among all exchanges, from 0. Only HAR files
    /// have such groups.
    pub ties: Vec<Vec<usize>>,
    /// It is damaged, and only its intact records are read.
    pub salvaged: bool,
    /// Remarks for the reader, one sentence each.
    pub remarks: Vec<String>,
    /// The chain head. A HAR file has no chain; its head counts no records.
    pub head: seal::ChainHead,
    /// A summary of the content, with times and challenges.
    pub header: Header,
    /// The rule files in the archive, in order; empty for other kinds.
    pub rules: Arc<Vec<RuleFile>>,
    pub(super) path: PathBuf,
    pub(super) absent: Vec<(u64, u64)>,
    pub(super) source: Source,
}

/// The source of the records.
#[expect(clippy::large_enum_variant, reason = "there is one for each capture that is open")]
#[derive(Clone, Debug)]
pub(super) enum Source {
    Segments { dir: PathBuf, parts: Vec<SegmentPlan> },
    Archive(archive::reader::Archive),
    Records(Arc<Vec<Record>>),
}

/// A segment to be read.
#[derive(Clone, Debug)]
pub(super) struct SegmentPlan {
    /// Its expected content.
    pub part: SegmentMeta,
    pub before: seal::ChainHead,
    /// Whether it is complete; a salvaged segment may hold more records, which cannot be read.
    pub whole: bool,
}

/// The bytes of records, in log order.
pub(crate) type Log = Box<dyn Iterator<Item = Result<Vec<u8>, CaptureError>>>;

/// Decides by the content, and by the file extension if the content is inconclusive.
pub(super) fn looks_like_an_archive(path: &Path) -> Result<bool, CaptureError> {
    let mut start = Vec::new();
    let file = File::open(path).map_err(|error| CaptureError::io("open", path, &error))?;
    file.take(16).read_to_end(&mut start).map_err(|error| CaptureError::io("read", path, &error))?;
    let named = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("poscert"));
    Ok(archive::is_archive(&start) || named && !start.is_empty())
}

pub(super) fn open_archive(path: &Path) -> Result<Capture, CaptureError> {
    let archive = archive::open::open(path)?;
    let (mut summary, mut counted) = (Summary::default(), archive.counted());
    for bytes in archive.log()? {
        let taken = codec::decode(&bytes?).and_then(|record| {
            let number = if let Record::Exchange(exchange) = &record { Some(exchange.number) } else { None };
            counted.take(number)?;
            summary.take_next(&record)
        });
        taken.map_err(|words| archive.damaged(&words))?;
    }
    let header = Header::of(&summary, archive.header.next_number, false);
    let header = header.with_loss_unknown(archive.header.loss_unknown, &summary);
    if header != archive.header {
        return Err(archive.damaged("the header does not match the records"));
    }
    let (head, rules) = (archive.head, Arc::clone(&archive.rules));
    let sealed_by = archive.sealed_by.iter().map(ToString::to_string).collect();
    let remarks = remarks(&summary, &header, false);
    let capture = Capture::new(path, CaptureKind::Archive, &summary, header, Source::Archive(archive));
    Ok(Capture { digest: head.digest.to_string(), head, rules, sealed_by, remarks, ..capture })
}

pub(super) fn open_directory(dir: &Path) -> Result<Capture, CaptureError> {
    if !Checkpoint::stands_in(dir) {
        return Err(no_head(dir));
    }
    let closed = if store::is_held(dir) { store::ask_to_close(dir)? } else { None };
    let live = closed.is_some();
    let head = closed.map_or_else(|| Checkpoint::read(dir), Ok)?;
    if !live {
        store::check_unnamed(dir, &head)?;
    }
    let mut plans = Vec::new();
    let mut summary = Summary::default();
    let mut chain = seal::ChainHead::default();
    for mut part in head.parts {
        let before = chain;
        let place = dir.join(&part.name);
        let mut reader = SegmentReader::open(&place, chain)?;
        for record in reader.by_ref() {
            summary.take_next(&record?).map_err(|words| CaptureError::damaged(&place, words))?;
        }
        chain = reader.head();
        store::check_part(&place, &part, chain)?;
        // A second reading must find exactly this, whatever the checkpoint said.
        part.count = chain.count.saturating_sub(part.first);
        part.digest = chain.digest.to_string();
        plans.push(SegmentPlan { part, before, whole: true });
    }
    let note = exchange_numbers::noted(dir, head.next_number);
    if let Some(taken) = note.filter(|&note| !live && summary.ends_before(note)) {
        let what = format!("exchange numbers below {taken} were used, but checkpoint and segments end earlier");
        return Err(CaptureError::damaged(dir, what));
    }
    let header = Header::of(&summary, note.unwrap_or(head.next_number), live);
    let header = header.with_loss_unknown(note.is_none() && !live, &summary);
    let mut remarks = remarks(&summary, &header, live);
    if live {
        let count = summary.under_way(head.next_number);
        let sentence = format!("{count} exchanges were in progress when it was read");
        remarks.insert(0, format!("a recorder is writing to this capture; {sentence}"));
    }
    let source = Source::Segments { dir: dir.to_owned(), parts: plans };
    let capture = Capture::new(dir, CaptureKind::Directory, &summary, header, source);
    Ok(Capture { digest: chain.digest.to_string(), head: chain, live, remarks, ..capture })
}

/// Remarks on a recorder's log.
pub(super) fn remarks(summary: &Summary, header: &Header, live: bool) -> Vec<String> {
    let mut remarks: Vec<String> =
        header.challenges.iter().map(|words| format!("recorded with challenge {words:?}")).collect();
    let cut = summary.cut_runs(live);
    if !cut.is_empty() {
        let runs: Vec<String> = cut.iter().map(u32::to_string).collect();
        remarks.push(format!("the recorder was interrupted in run {}", runs.join(", ")));
    }
    remarks.extend(gaps_in_words(&header.gaps));
    if header.loss_unknown {
        let why = "file `numbers` was missing or unreadable after an interrupted run";
        remarks.push(format!("the number of lost exchanges is unknown: {why}"));
    }
    remarks
}

fn no_head(dir: &Path) -> CaptureError {
    let has_parts = std::fs::read_dir(dir)
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("part-")));
    if has_parts {
        return CaptureError::damaged(dir, "it has segments but no checkpoint (file `head`)");
    }
    let sentence = format!(
        "{} is not a capture: no checkpoint (file `head`); pass a capture directory, a signed archive or a HAR file",
        dir.display()
    );
    CaptureError::new(CaptureErrorKind::NotACapture, sentence)
}

impl Capture {
    pub(super) fn new(path: &Path, kind: CaptureKind, summary: &Summary, header: Header, source: Source) -> Capture {
        Capture {
            profile: pos_v10(),
            kind,
            digest: String::new(),
            session: summary.session.clone(),
            sealed_by: Vec::new(),
            exchanges: summary.exchanges,
            attempts: summary.attempts(),
            gaps: header.gaps.clone(),
            complete: header.complete,
            live: false,
            resolution_us: 1,
            lasted_us: 1,
            ties: Vec::new(),
            salvaged: false,
            remarks: Vec::new(),
            head: seal::ChainHead::default(),
            header,
            rules: Arc::default(),
            path: path.to_owned(),
            absent: summary.absent(),
            source,
        }
    }

    /// The bytes of its records in log order, the order of the chain of digests.
    ///
    /// # Errors
    /// If it can no longer be read, and for HAR files, which have no log.
    pub fn log(&self) -> Result<Log, CaptureError> {
        match &self.source {
            Source::Segments { dir, parts } => Ok(Box::new(Segments::new(dir.clone(), parts.clone()))),
            Source::Archive(archive) => Ok(Box::new(archive.log()?)),
            Source::Records(_) => {
                let name = self.path.display();
                let sentence = format!("{name} is a HAR file, which has no chain of digests");
                let next = "name the capture directory it was exported from";
                Err(CaptureError::new(CaptureErrorKind::Unsupported, format!("{sentence}: {next}")))
            }
        }
    }

    /// Whether its chain contains this head, noted while the capture grew.
    ///
    /// # Errors
    /// As [`Capture::log`], and if the log cannot be read up to that head.
    pub fn contains_head(&self, noted: seal::ChainHead) -> Result<bool, CaptureError> {
        let mut head = seal::ChainHead::default();
        let mut log = self.log()?;
        while head.count < noted.count {
            let Some(bytes) = log.next() else { return Ok(false) };
            head = head.then(&bytes?);
        }
        Ok(head == noted)
    }

    /// Its records: exchanges in number order, other records at their position among them. Can be called repeatedly.
    ///
    /// # Errors
    /// If a segment can no longer be read; later errors are returned as the last item.
    pub fn records(&self) -> Result<impl Iterator<Item = Result<Record, CaptureError>> + use<>, CaptureError> {
        let log: Box<dyn Iterator<Item = Result<Record, CaptureError>>> = match &self.source {
            Source::Records(records) => {
                let records = Arc::clone(records);
                Box::new((0..records.len()).filter_map(move |at| records.get(at).cloned().map(Ok)))
            }
            _ => {
                let path = self.path.clone();
                let decoded =
                    move |bytes: Vec<u8>| codec::decode(&bytes).map_err(|words| CaptureError::damaged(&path, words));
                Box::new(self.log()?.map(move |bytes| bytes.and_then(&decoded)))
            }
        };
        Ok(ReorderBuffer::new(log, self.absent.clone()))
    }
}

/// The record bytes of all segments; one segment is open at a time.
struct Segments {
    dir: PathBuf,
    parts: std::vec::IntoIter<SegmentPlan>,
    open: Option<(SegmentReader, SegmentPlan)>,
}

impl Segments {
    fn new(dir: PathBuf, parts: Vec<SegmentPlan>) -> Segments {
        Segments { dir, parts: parts.into_iter(), open: None }
    }

    fn bytes(&mut self) -> Result<Option<Vec<u8>>, CaptureError> {
        loop {
            if let Some((reader, SegmentPlan { part, whole, .. })) = &mut self.open {
                let read = reader.head().count.saturating_sub(part.first);
                // A live recorder may have appended records meanwhile.
                let more = if read < part.count { reader.bytes()? } else { None };
                if more.is_some() {
                    return Ok(more);
                }
                if *whole {
                    store::check_part(&self.dir.join(&part.name), part, reader.head())?;
                }
                self.open = None;
            }
            let Some(plan) = self.parts.next() else { return Ok(None) };
            self.open = Some((SegmentReader::open(&self.dir.join(&plan.part.name), plan.before)?, plan));
        }
    }
}

impl Iterator for Segments {
    type Item = Result<Vec<u8>, CaptureError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.bytes().transpose()
    }
}
