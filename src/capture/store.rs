//! The log of a capture directory: segments, chain and checkpoint, kept consistent.
//!
//! Order of writes, so that a kill at any point leaves a readable capture: a segment's directory, the checkpoint that
//! lists it, its records, their flush, the acknowledgement, the checkpoint that counts them.

use super::checkpoint::{Checkpoint, SegmentMeta};
use super::error::{CaptureError, CaptureErrorKind};
use super::options::Durability;
use super::segment::{Segment, SegmentReader};
use super::{Record, private_fs};
use crate::seal;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const LOCK: &str = "lock";
const ASK: &str = "ask";

/// Locks the capture for one recorder. The lock is released when the process ends.
pub(super) fn hold(dir: &Path) -> Result<File, CaptureError> {
    let path = dir.join(LOCK);
    let file = private_fs::open(&path).map_err(|error| CaptureError::io("open", &path, &error))?;
    // A reader that checks for a recorder holds the lock for a moment.
    let until = Instant::now() + Duration::from_millis(500);
    while file.try_lock().is_err() {
        if Instant::now() > until {
            let sentence = format!(
                "another recorder is writing into {}: stop it, or choose another --capture directory",
                dir.display()
            );
            return Err(CaptureError::new(CaptureErrorKind::Held, sentence));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(file)
}

/// Whether a recorder has the capture locked.
pub(super) fn is_held(dir: &Path) -> bool {
    private_fs::open_to_read(&dir.join(LOCK)).is_ok_and(|file| file.try_lock_shared().is_err())
}

/// Asks the recorder to close its open segment and waits for it. Returns the checkpoint in which all segments that
/// existed at the time of asking are closed, or `None` if the recorder stopped meanwhile. Writes nothing: the request
/// is a shared lock on the file `ask`.
pub(super) fn ask_to_close(dir: &Path) -> Result<Option<Checkpoint>, CaptureError> {
    let path = dir.join(ASK);
    let file = private_fs::open_to_read(&path).map_err(|error| CaptureError::io("open", &path, &error))?;
    let parts = Checkpoint::read(dir)?.parts.len();
    file.lock_shared().map_err(|error| CaptureError::io("lock", &path, &error))?;
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let mut head = Checkpoint::read(dir)?;
        if head.parts.iter().take(parts).all(|part| part.closed) {
            let next_number = head.next_number;
            head.parts.truncate(parts);
            head.count = head.parts.iter().map(|part| part.count).sum();
            head.digest = head.parts.last().map_or(head.digest, |part| part.digest.clone());
            return Ok(Some(Checkpoint { next_number, ..head }));
        }
        if !is_held(dir) {
            return Ok(None);
        }
        if Instant::now() > until {
            let sentence = format!(
                "the recorder that is writing into {} did not close its open segment: stop it and try again",
                dir.display()
            );
            return Err(CaptureError::new(CaptureErrorKind::Held, sentence));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The log, open for writing.
pub(super) struct Store {
    dir: PathBuf,
    durability: Durability,
    head: Checkpoint,
    chain: seal::ChainHead,
    part: Option<Segment>,
    /// Number of exchanges in the open segment.
    exchanges: u64,
    limit: u64,
    stale_head: bool,
    ask: File,
}

impl Store {
    /// Opens the log of a capture with this checkpoint, and closes a segment that a killed recorder left open. Also
    /// returns the highest exchange number found beyond the checkpoint's count.
    pub(super) fn open(
        dir: &Path,
        head: Checkpoint,
        durability: Durability,
        limit: u64,
    ) -> Result<(Store, u64), CaptureError> {
        let path = dir.join(ASK);
        let ask = private_fs::open(&path).map_err(|error| CaptureError::io("open", &path, &error))?;
        let chain =
            head.chain().ok_or_else(|| CaptureError::damaged(dir, "the digest in its checkpoint is malformed"))?;
        let limit = limit.max(1);
        let mut store = Store {
            dir: dir.to_owned(),
            durability,
            head,
            chain,
            part: None,
            exchanges: 0,
            limit,
            stale_head: false,
            ask,
        };
        let highest = store.close_left_open()?;
        Ok((store, highest))
    }

    /// Adds the records that a killed recorder made durable beyond its checkpoint, and closes that segment.
    fn close_left_open(&mut self) -> Result<u64, CaptureError> {
        let Some(last) = self.head.parts.last().filter(|part| !part.closed).cloned() else { return Ok(0) };
        let dir = self.dir.join(&last.name);
        let mut reader = self.last_part(&last)?;
        let mut highest = 0;
        for record in reader.by_ref() {
            if let Record::Exchange(exchange) = record? {
                highest = highest.max(exchange.number);
            }
        }
        let found = reader.head();
        check_part(&dir, &last, found)?;
        private_fs::sync_tree(&dir).map_err(|error| CaptureError::io("sync", &dir, &error))?;
        self.chain = found;
        self.count_in_head(true);
        self.write_head(true)?;
        Ok(highest)
    }

    /// The records of the last segment.
    fn last_part(&self, last: &SegmentMeta) -> Result<SegmentReader, CaptureError> {
        let before = match self.head.parts.len().checked_sub(2).and_then(|at| self.head.parts.get(at)) {
            Some(part) => seal::Digest::parse(&part.digest).unwrap_or_default(),
            None => seal::Digest::default(),
        };
        SegmentReader::open(&self.dir.join(&last.name), seal::ChainHead { count: last.first, digest: before })
    }

    /// Whether the last run, if any, was shut down cleanly: its stop is then in the last segment.
    pub(super) fn ends_in_good_order(&self) -> Result<bool, CaptureError> {
        let Some(last) = self.head.parts.last() else { return Ok(self.head.runs == 0) };
        let mut stopped = false;
        for record in self.last_part(last)? {
            match record? {
                Record::RunStart(_) => stopped = false,
                Record::RunStop(_) => stopped = true,
                _ => {}
            }
        }
        Ok(stopped)
    }

    /// The chain head after the appended records.
    pub(super) fn chain(&self) -> seal::ChainHead {
        self.chain
    }

    /// How many more exchanges fit into the open segment, at least 1.
    pub(super) fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.exchanges).max(1)
    }

    /// Appends records, `exchanges` of which are exchanges, with the configured durability.
    pub(super) fn append(&mut self, records: &[Vec<u8>], exchanges: u64) -> Result<(), CaptureError> {
        if self.exchanges >= self.limit {
            self.close_part()?;
        }
        if self.part.is_none() {
            self.open_part()?;
        }
        let Some(part) = &self.part else { return Ok(()) };
        let chain = part.append(self.chain, records)?;
        match self.durability {
            Durability::Off => {}
            Durability::Process => part.flush()?,
            Durability::Power => part.sync()?,
        }
        self.chain = chain;
        self.exchanges = self.exchanges.saturating_add(exchanges);
        self.stale_head = true;
        self.count_in_head(false);
        Ok(())
    }

    fn open_part(&mut self) -> Result<(), CaptureError> {
        // A kill between creating a segment and writing the checkpoint that lists it leaves a directory without
        // acknowledged records.
        let free = (self.head.parts.len() + 1..).map(|number| format!("part-{number:06}"));
        let name = free.into_iter().find(|name| !self.dir.join(name).exists()).unwrap_or_default();
        let part = Segment::create(&self.dir.join(&name))?;
        let digest = self.chain.digest.to_string();
        self.head.parts.push(SegmentMeta { name, first: self.chain.count, count: 0, digest, closed: false });
        self.write_head(self.durability == Durability::Power)?;
        self.part = Some(part);
        self.exchanges = 0;
        Ok(())
    }

    /// Closes the open segment, if any.
    pub(super) fn close_part(&mut self) -> Result<(), CaptureError> {
        let Some(part) = self.part.take() else { return self.write_stale_head() };
        part.close()?;
        self.count_in_head(true);
        self.write_head(true)
    }

    /// Whether a reader asks to close the open segment.
    pub(super) fn is_asked(&self) -> bool {
        if self.part.is_none() {
            return false;
        }
        match self.ask.try_lock() {
            Ok(()) => {
                let _ = self.ask.unlock();
                false
            }
            Err(_) => true,
        }
    }

    fn count_in_head(&mut self, closed: bool) {
        let digest = self.chain.digest.to_string();
        if let Some(part) = self.head.parts.last_mut() {
            part.count = self.chain.count.saturating_sub(part.first);
            part.digest.clone_from(&digest);
            part.closed = closed;
        }
        self.head.count = self.chain.count;
        self.head.digest = digest;
    }

    /// Sets the next number and the number of runs for the next checkpoint.
    pub(super) fn note(&mut self, next_number: u64, runs: u32) {
        self.head.next_number = next_number;
        self.head.runs = runs;
    }

    /// Writes the checkpoint if records were appended since the last one.
    pub(super) fn write_stale_head(&mut self) -> Result<(), CaptureError> {
        if !self.stale_head {
            return Ok(());
        }
        // The checkpoint must never be ahead of the records that it counts.
        if let Some(part) = self.part.as_ref().filter(|_| self.durability == Durability::Off) {
            part.flush()?;
        }
        self.write_head(self.durability == Durability::Power)
    }

    /// Whether records were appended since the last checkpoint.
    pub(super) fn has_stale_head(&self) -> bool {
        self.stale_head
    }

    fn write_head(&mut self, sync: bool) -> Result<(), CaptureError> {
        self.head.write(&self.dir, sync)?;
        self.stale_head = false;
        Ok(())
    }
}

/// Refuses a capture with a segment that holds records and is not in the checkpoint: the checkpoint is outdated. A
/// segment that was being created when the recorder was killed holds no records.
pub(super) fn check_unnamed(dir: &Path, head: &Checkpoint) -> Result<(), CaptureError> {
    let entries = std::fs::read_dir(dir).map_err(|error| CaptureError::io("read", dir, &error))?;
    for entry in entries {
        let name = entry.map_err(|error| CaptureError::io("read", dir, &error))?.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with("part-") || head.parts.iter().any(|part| part.name == name) {
            continue;
        }
        let place = dir.join(&*name);
        if SegmentReader::open(&place, head.chain().unwrap_or_default()).is_ok_and(|mut part| part.next().is_some()) {
            let what = "it holds records but is not in the checkpoint: the checkpoint is outdated";
            return Err(CaptureError::damaged(&place, what));
        }
    }
    Ok(())
}

/// Checks a segment against its entry in the checkpoint: all records are present, and more only if it is open.
pub(super) fn check_part(dir: &Path, part: &SegmentMeta, found: seal::ChainHead) -> Result<(), CaptureError> {
    let count = found.count.saturating_sub(part.first);
    if count < part.count || (part.closed && count > part.count) {
        let what = format_args!("it holds {count} records, but the checkpoint counts {}", part.count);
        return Err(CaptureError::damaged(dir, what));
    }
    if count == part.count && found.digest.to_string() != part.digest {
        return Err(CaptureError::damaged(dir, "its records do not match the digest in the checkpoint"));
    }
    Ok(())
}
