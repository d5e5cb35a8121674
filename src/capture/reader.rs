//! Opening what was recorded: a capture directory or a HAR file, wherever it stands. Reading writes nothing beside
//! it or in it, and holds no more in memory than what was unfinished at a time.

use super::error::{CaptureError, Trouble};
use super::head::{Head, PartHead};
use super::order::InOrder;
use super::part::PartReader;
use super::record::{Record, Session};
use super::summary::{Summary, gaps_in_words};
use super::{har, numbers, store};
use crate::seal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// What a reader must know, a sentence each.
    pub remarks: Vec<String>,
    absent: Vec<(u64, u64)>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Parts { dir: PathBuf, parts: Vec<PartHead> },
    Records(Arc<Vec<Record>>),
}

/// Opens a capture, whatever it is.
///
/// # Errors
/// One sentence where there is none, it is damaged, or of a version that this one does not read.
pub fn open(path: &Path) -> Result<Capture, CaptureError> {
    let metadata = std::fs::metadata(path).map_err(|error| CaptureError::io("open", path, &error))?;
    if metadata.is_dir() {
        return open_directory(path);
    }
    let bytes = std::fs::read(path).map_err(|error| CaptureError::io("read", path, &error))?;
    if path.extension().is_some_and(|ending| ending == "poscert") {
        let sentence = format!("reading a sealed archive ({}) is not built yet in this version", path.display());
        return Err(CaptureError::new(Trouble::Unsupported, sentence));
    }
    let digest = seal::Digest::of(&bytes).to_string();
    let read = har::read(path, bytes)?;
    let mut summary = Summary::default();
    for record in &read.records {
        summary.take(record).map_err(|words| CaptureError::damaged(path, words))?;
    }
    // A HAR from elsewhere has no runs, and nothing says that it is not whole; what was left out of it on purpose is
    // not lost.
    read.left_out.iter().for_each(|&number| summary.leave_out(number));
    let gaps = summary.gaps(0, false);
    let mut remarks = read.remarks;
    remarks.extend(gaps_in_words(&gaps));
    Ok(Capture {
        kind: CaptureKind::Har,
        digest,
        session: summary.session.clone(),
        sealed_by: Vec::new(),
        exchanges: summary.exchanges,
        attempts: summary.attempts(),
        complete: summary.all_stopped() && gaps.is_empty(),
        gaps,
        live: false,
        resolution_us: read.resolution_us,
        remarks,
        absent: summary.absent(),
        source: Source::Records(Arc::new(read.records)),
    })
}

fn open_directory(dir: &Path) -> Result<Capture, CaptureError> {
    if !Head::stands_in(dir) {
        return Err(no_head(dir));
    }
    let closed = if store::is_held(dir) { store::ask_to_close(dir)? } else { None };
    let live = closed.is_some();
    let head = closed.map_or_else(|| Head::read(dir), Ok)?;
    let mut parts = head.parts;
    let mut summary = Summary::default();
    let mut chain = seal::Head::default();
    for part in &mut parts {
        let place = dir.join(&part.name);
        let mut reader = PartReader::open(&place, chain)?;
        for record in reader.by_ref() {
            summary.take(&record?).map_err(|words| CaptureError::damaged(&place, words))?;
        }
        chain = reader.head();
        store::check_part(&place, part, chain)?;
        // The second reading has to find exactly this, whatever the head said.
        part.count = chain.count.saturating_sub(part.first);
        part.digest = chain.digest.to_string();
    }
    let taken_to = numbers::noted(dir).unwrap_or(0).max(head.next_number);
    let gaps = summary.gaps(taken_to, live);
    let mut remarks = Vec::new();
    if live {
        let count = summary.under_way(head.next_number);
        remarks.push(format!(
            "a recorder is writing into this capture; {count} exchanges were under way when it was read"
        ));
    }
    let cut = summary.cut_runs(live);
    if !cut.is_empty() {
        let runs: Vec<String> = cut.iter().map(u32::to_string).collect();
        remarks.push(format!("the recorder was cut off in run {}", runs.join(", ")));
    }
    remarks.extend(gaps_in_words(&gaps));
    Ok(Capture {
        kind: CaptureKind::Directory,
        digest: chain.digest.to_string(),
        session: summary.session.clone(),
        sealed_by: Vec::new(),
        exchanges: summary.exchanges,
        attempts: summary.attempts(),
        complete: summary.all_stopped() && gaps.is_empty(),
        gaps,
        live,
        resolution_us: 1,
        remarks,
        absent: summary.absent(),
        source: Source::Parts { dir: dir.to_owned(), parts },
    })
}

fn no_head(dir: &Path) -> CaptureError {
    let has_parts = std::fs::read_dir(dir)
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("part-")));
    if has_parts {
        return CaptureError::damaged(dir, "it holds parts and no head that says how many records they must have");
    }
    let sentence =
        format!("{} is no capture: no head stands in it; name a capture directory or a HAR file", dir.display());
    CaptureError::new(Trouble::NotACapture, sentence)
}

impl Capture {
    /// Its records: exchanges in number order, the others at their place. It can be called again.
    ///
    /// # Errors
    /// Where a part cannot be read any more; what goes wrong further on comes as the last item.
    pub fn records(&self) -> Result<impl Iterator<Item = Result<Record, CaptureError>> + use<>, CaptureError> {
        let log: Box<dyn Iterator<Item = Result<Record, CaptureError>>> = match &self.source {
            Source::Parts { dir, parts } => Box::new(Parts::new(dir.clone(), parts.clone())),
            Source::Records(records) => {
                let records = Arc::clone(records);
                Box::new((0..records.len()).filter_map(move |at| records.get(at).cloned().map(Ok)))
            }
        };
        Ok(InOrder::new(log, self.absent.clone()))
    }
}

/// The records of all parts, one part open at a time.
struct Parts {
    dir: PathBuf,
    parts: std::vec::IntoIter<PartHead>,
    open: Option<(PartReader, PartHead)>,
    chain: seal::Head,
}

impl Parts {
    fn new(dir: PathBuf, parts: Vec<PartHead>) -> Parts {
        Parts { dir, parts: parts.into_iter(), open: None, chain: seal::Head::default() }
    }

    fn record(&mut self) -> Result<Option<Record>, CaptureError> {
        loop {
            if let Some((reader, part)) = &mut self.open {
                let read = reader.head().count.saturating_sub(part.first);
                // A recorder that went on meanwhile may have added to it.
                if let Some(record) = (read < part.count).then(|| reader.next()).flatten() {
                    return record.map(Some);
                }
                self.chain = reader.head();
                store::check_part(&self.dir.join(&part.name), part, self.chain)?;
                self.open = None;
            }
            let Some(part) = self.parts.next() else { return Ok(None) };
            self.open = Some((PartReader::open(&self.dir.join(&part.name), self.chain)?, part));
        }
    }
}

impl Iterator for Parts {
    type Item = Result<Record, CaptureError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.record().transpose()
    }
}
