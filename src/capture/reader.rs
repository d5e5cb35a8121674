//! Opening what was recorded: a capture directory, a sealed archive or a HAR file, wherever it stands. Reading writes nothing beside
//! it or in it, and holds no more in memory than what was unfinished at a time.

use super::archive::{self, Header, RuleFile};
use super::checkpoint::{Checkpoint, SegmentMeta};
use super::error::{CaptureError, CaptureErrorKind};
use super::record::{Record, Session};
use super::reorder::ReorderBuffer;
use super::segment::SegmentReader;
use super::summary::{Summary, gaps_in_words};
use super::{codec, exchange_numbers, store};
use crate::seal;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A HAR is read as a whole: the most of it, in bytes.
pub(super) const LONGEST_HAR: u64 = 1024 * 1024 * 1024;

/// What a capture was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureKind {
    /// A directory that `poscert` wrote.
    Directory,
    /// A sealed archive.
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

/// A capture that was opened: its summary, and its records as often as wanted.
#[derive(Debug)]
pub struct Capture {
    /// What it was read from.
    pub kind: CaptureKind,
    /// Of its content: the head of the chain, or the SHA-256 of the HAR file, in hex.
    pub digest: String,
    /// Who is certified for what, where the capture says so.
    pub session: Option<Session>,
    /// Fingerprints of the keys that sealed it.
    pub sealed_by: Vec<String>,
    /// How many exchanges it holds.
    pub exchanges: u64,
    /// How many attempts, from 1.
    pub attempts: u32,
    /// Exchange numbers that were taken and have no record: first and last of each range.
    pub gaps: Vec<(u64, u64)>,
    /// Every run stopped in good order, and no number is lost.
    pub complete: bool,
    /// A recorder writes into it at this moment.
    pub live: bool,
    /// The resolution of its times in microseconds: 1 for a recorder's own; that of a HAR's `startedDateTime`.
    pub resolution_us: u64,
    /// The resolution of how long its exchanges lasted, likewise; that of a HAR's `time`.
    pub lasted_us: u64,
    /// Groups of exchanges of which it does not tell the order: their places among all, from 0. Only a HAR has any.
    pub ties: Vec<Vec<usize>>,
    /// It is damaged, and only what is whole of it is read.
    pub salvaged: bool,
    /// What a reader must know, a sentence each.
    pub remarks: Vec<String>,
    /// The head of the chain of digests; of no records in a HAR, which has no chain.
    pub head: seal::ChainHead,
    /// The same in brief, with the times and the challenges.
    pub header: Header,
    /// The rule files that are sealed with it, in order; none but in an archive.
    pub rules: Arc<Vec<RuleFile>>,
    pub(super) path: PathBuf,
    pub(super) absent: Vec<(u64, u64)>,
    pub(super) source: Source,
}

/// Where the records come from.
#[expect(clippy::large_enum_variant, reason = "there is one for each capture that is open")]
#[derive(Clone, Debug)]
pub(super) enum Source {
    Segments { dir: PathBuf, parts: Vec<SegmentPlan> },
    Archive(archive::reader::Archive),
    Records(Arc<Vec<Record>>),
}

/// A part as it is to be read.
#[derive(Clone, Debug)]
pub(super) struct SegmentPlan {
    /// What has to be in it.
    pub part: SegmentMeta,
    /// The chain's head before it.
    pub before: seal::ChainHead,
    /// Whether that is all; of a salvaged part there may be more that cannot be read.
    pub whole: bool,
}

/// The bytes of records, in the order of the log.
pub type Log = Box<dyn Iterator<Item = Result<Vec<u8>, CaptureError>>>;

/// By content, whatever it is called; by its name, where the content says nothing.
pub(super) fn looks_like_an_archive(path: &Path) -> Result<bool, CaptureError> {
    let mut start = Vec::new();
    let file = File::open(path).map_err(|error| CaptureError::io("open", path, &error))?;
    file.take(16).read_to_end(&mut start).map_err(|error| CaptureError::io("read", path, &error))?;
    let named = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("poscert"));
    Ok(archive::is_archive(&start) || named)
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
        return Err(archive.damaged("its header does not say what its records say"));
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
        // The second reading has to find exactly this, whatever the head said.
        part.count = chain.count.saturating_sub(part.first);
        part.digest = chain.digest.to_string();
        plans.push(SegmentPlan { part, before, whole: true });
    }
    let note = exchange_numbers::noted(dir, head.next_number);
    if let Some(taken) = note.filter(|&note| !live && summary.ends_before(note)) {
        let what = format!(
            "exchange numbers below {taken} were taken, and its last run ends before that: its head and parts are older ones"
        );
        return Err(CaptureError::damaged(dir, what));
    }
    let header = Header::of(&summary, note.unwrap_or(head.next_number), live);
    let header = header.with_loss_unknown(note.is_none() && !live, &summary);
    let mut remarks = remarks(&summary, &header, live);
    if live {
        let count = summary.under_way(head.next_number);
        let sentence = format!("{count} exchanges were under way when it was read");
        remarks.insert(0, format!("a recorder is writing into this capture; {sentence}"));
    }
    let source = Source::Segments { dir: dir.to_owned(), parts: plans };
    let capture = Capture::new(dir, CaptureKind::Directory, &summary, header, source);
    Ok(Capture { digest: chain.digest.to_string(), head: chain, live, remarks, ..capture })
}

/// What of a recorder's log a reader must know.
pub(super) fn remarks(summary: &Summary, header: &Header, live: bool) -> Vec<String> {
    let mut remarks: Vec<String> =
        header.challenges.iter().map(|words| format!("recorded under the challenge {words:?}")).collect();
    let cut = summary.cut_runs(live);
    if !cut.is_empty() {
        let runs: Vec<String> = cut.iter().map(u32::to_string).collect();
        remarks.push(format!("the recorder was cut off in run {}", runs.join(", ")));
    }
    remarks.extend(gaps_in_words(&header.gaps));
    if header.loss_unknown {
        let why = "the file `numbers` was missing or unreadable after a run that was cut off";
        remarks.push(format!("which exchanges were lost last cannot be told: {why}"));
    }
    remarks
}

fn no_head(dir: &Path) -> CaptureError {
    let has_parts = std::fs::read_dir(dir)
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("part-")));
    if has_parts {
        return CaptureError::damaged(dir, "it holds parts and no head that says how many records they must have");
    }
    let sentence = format!(
        "{} is no capture: no head stands in it; name a capture directory, a sealed archive or a HAR file",
        dir.display()
    );
    CaptureError::new(CaptureErrorKind::NotACapture, sentence)
}

impl Capture {
    pub(super) fn new(path: &Path, kind: CaptureKind, summary: &Summary, header: Header, source: Source) -> Capture {
        Capture {
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

    /// The bytes of its records in the order of the log, the one in which the chain of digests is made.
    ///
    /// # Errors
    /// Where it cannot be read any more, and of a HAR, which has no log.
    pub fn log(&self) -> Result<Log, CaptureError> {
        match &self.source {
            Source::Segments { dir, parts } => Ok(Box::new(Segments::new(dir.clone(), parts.clone()))),
            Source::Archive(archive) => Ok(Box::new(archive.log()?)),
            Source::Records(_) => {
                let name = self.path.display();
                let sentence = format!("{name} is a HAR, in which no recorder's log and no chain of digests stands");
                let next = "name the capture directory it was made from";
                Err(CaptureError::new(CaptureErrorKind::Unsupported, format!("{sentence}: {next}")))
            }
        }
    }

    /// Whether its chain went through this head, which somebody noted while it grew.
    ///
    /// # Errors
    /// As [`Capture::log`], and where the log cannot be read to that place.
    pub fn went_through(&self, noted: seal::ChainHead) -> Result<bool, CaptureError> {
        let mut head = seal::ChainHead::default();
        let mut log = self.log()?;
        while head.count < noted.count {
            let Some(bytes) = log.next() else { return Ok(false) };
            head = head.then(&bytes?);
        }
        Ok(head == noted)
    }

    /// Its records: exchanges in number order, the others at their place. It can be called again.
    ///
    /// # Errors
    /// Where a part cannot be read any more; what goes wrong further on comes as the last item.
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

/// The records' bytes of all parts, one part open at a time.
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
                // A recorder that went on meanwhile may have added to it.
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
