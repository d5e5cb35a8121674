//! A segment of a capture (directory `part-*`): a sled database of some thousand records, in log order.
//!
//! The key of a record is its log index (big-endian); the value is the chain's digest after it, followed by its
//! bytes. Long records are split into pieces, because sled's memory use grows with large values; the key of a later
//! piece is the log index and the piece's number. A segment is read through a private copy, because opening a sled
//! database writes to it.

use super::error::CaptureError;
use super::panic_guard::caught;
use super::{Record, codec, private_fs};
use crate::seal::{ChainHead, Digest};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const PIECE: usize = 8 * 1024;
const CACHE: u64 = 8 * 1024 * 1024;
/// Maximum size of a segment that is read; 20,000 exchanges with the longest bodies take less.
const LARGEST: u64 = 64 << 30;

/// A segment that is being written.
pub(super) struct Segment {
    /// `None` once it is closed.
    db: Option<sled::Db>,
    dir: PathBuf,
}

impl Segment {
    pub(super) fn create(dir: &Path) -> Result<Segment, CaptureError> {
        private_fs::make_dir(dir).map_err(|error| CaptureError::io("create", dir, &error))?;
        let part = Segment { db: Some(open(dir, false)?), dir: dir.to_owned() };
        private_fs::close_to_others(dir).map_err(|error| CaptureError::io("restrict permissions of", dir, &error))?;
        Ok(part)
    }

    /// Appends records after the chain head `head`; returns the new chain head.
    pub(super) fn append(&self, head: ChainHead, records: &[Vec<u8>]) -> Result<ChainHead, CaptureError> {
        let mut batch = sled::Batch::default();
        let mut chain = head;
        for record in records {
            let index = chain.count;
            chain = chain.then(record);
            let (first, rest) = record.split_at(record.len().min(PIECE));
            batch.insert(&index.to_be_bytes(), [&chain.digest.0, first].concat());
            for (number, piece) in (1_u32..).zip(rest.chunks(PIECE)) {
                batch.insert([&index.to_be_bytes()[..], &number.to_be_bytes()].concat(), piece);
            }
        }
        let db = self.db()?;
        self.capture_error("write to", caught(|| db.apply_batch(batch)))?;
        Ok(chain)
    }

    /// Flushes appended records to the operating system: they survive a killed process.
    pub(super) fn flush(&self) -> Result<(), CaptureError> {
        let db = self.db()?;
        self.capture_error("write to", caught(|| db.flush())).map(|_| ())
    }

    /// Syncs to the disk: the records survive a power failure. sled's own flush does not guarantee that (it calls
    /// `sync_file_range`).
    pub(super) fn sync(&self) -> Result<(), CaptureError> {
        self.flush()?;
        private_fs::sync_tree(&self.dir).map_err(|error| CaptureError::io("sync", &self.dir, &error))
    }

    /// Closes the segment and syncs it; afterwards it can be read without a lock.
    pub(super) fn close(mut self) -> Result<(), CaptureError> {
        self.flush()?;
        let (db, dir) = (self.db.take(), self.dir.clone());
        let dropped = caught(move || drop(db));
        dropped.map_err(|words| CaptureError::io("close", &dir, &std::io::Error::other(words)))?;
        wait_for_lock(&dir)?;
        private_fs::close_to_others(&dir).map_err(|error| CaptureError::io("restrict permissions of", &dir, &error))?;
        private_fs::sync_tree(&dir).map_err(|error| CaptureError::io("sync", &dir, &error))
    }

    fn db(&self) -> Result<&sled::Db, CaptureError> {
        self.db
            .as_ref()
            .ok_or_else(|| CaptureError::io("write to", &self.dir, &std::io::Error::other("the segment is closed")))
    }

    fn capture_error<T>(&self, doing: &str, result: Result<sled::Result<T>, String>) -> Result<T, CaptureError> {
        match result {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(sled::Error::Io(error))) => Err(CaptureError::io(doing, &self.dir, &plain(error))),
            Ok(Err(error)) => Err(CaptureError::io(doing, &self.dir, &std::io::Error::other(error.to_string()))),
            Err(words) => Err(CaptureError::io(doing, &self.dir, &std::io::Error::other(words))),
        }
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        // The store may have failed before; a further error adds nothing.
        let _ = caught(|| drop(self.db.take()));
    }
}

/// Restores the system's error message: sled passes on the errors of its own threads as debug output.
fn plain(error: std::io::Error) -> std::io::Error {
    match error.raw_os_error() {
        None if error.to_string().starts_with("Os {") => error.kind().into(),
        _ => error,
    }
}

/// sled's own threads may hold the file lock a moment longer than the handle exists.
fn wait_for_lock(dir: &Path) -> Result<(), CaptureError> {
    let path = dir.join("db");
    let file = File::open(&path).map_err(|error| CaptureError::io("open", &path, &error))?;
    let until = Instant::now() + Duration::from_secs(10);
    while file.try_lock().is_err() {
        if Instant::now() > until {
            let held = std::io::Error::other("the store did not release its lock");
            return Err(CaptureError::io("close", &path, &held));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn open(dir: &Path, private_copy: bool) -> Result<sled::Db, CaptureError> {
    let config = || {
        let config = sled::Config::new().path(dir).cache_capacity(CACHE).flush_every_ms(None);
        config.mode(sled::Mode::HighThroughput).temporary(private_copy).open()
    };
    match caught(config) {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(sled::Error::Io(error))) => Err(CaptureError::io("open", dir, &plain(error))),
        Ok(Err(error)) => Err(CaptureError::damaged(dir, error)),
        Err(words) => Err(CaptureError::damaged(dir, words)),
    }
}

/// Whether sled uses this file name: `db`, `conf`, snapshots, and numbers for large values.
fn is_of_the_store(name: &str) -> bool {
    matches!(name, "db" | "conf") || name.starts_with("snap.") || name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads the records of a segment from a private copy, which is removed on drop.
pub(super) struct SegmentReader {
    dir: PathBuf,
    iter: sled::Iter,
    ahead: Option<(sled::IVec, sled::IVec)>,
    head: ChainHead,
    // Drop order matters: the database before the directory that contains it.
    _db: sled::Db,
    _place: tempfile::TempDir,
}

impl SegmentReader {
    /// Opens a copy of the segment in `dir`; `head` is the chain head before it.
    pub(super) fn open(dir: &Path, head: ChainHead) -> Result<SegmentReader, CaptureError> {
        let is_there = std::fs::symlink_metadata(dir).is_ok_and(|metadata| metadata.is_dir());
        if !is_there || std::fs::symlink_metadata(dir.join("db")).is_err() {
            return Err(CaptureError::damaged(dir, "the segment is missing, although the checkpoint lists it"));
        }
        let place = tempfile::Builder::new().prefix("poscert-").tempdir();
        let place =
            place.map_err(|error| CaptureError::io("create a temporary copy in", &std::env::temp_dir(), &error))?;
        let copy = place.path().join("part");
        private_fs::copy(dir, &copy, Some("blobs"), is_of_the_store, LARGEST).map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => CaptureError::damaged(dir, error),
            _ => CaptureError::io("copy", dir, &error),
        })?;
        let db = open(&copy, true).map_err(|error| match error.kind {
            super::CaptureErrorKind::Damaged => CaptureError::damaged(dir, "its store cannot be opened"),
            _ => error,
        })?;
        Ok(SegmentReader { dir: dir.to_owned(), iter: db.iter(), ahead: None, head, _db: db, _place: place })
    }

    /// The chain head after the records read so far.
    pub(super) fn head(&self) -> ChainHead {
        self.head
    }

    fn piece(&mut self) -> Result<Option<(sled::IVec, sled::IVec)>, CaptureError> {
        if let Some(piece) = self.ahead.take() {
            return Ok(Some(piece));
        }
        let iter = &mut self.iter;
        match caught(|| iter.next()) {
            Ok(None) => Ok(None),
            Ok(Some(Ok(piece))) => Ok(Some(piece)),
            Ok(Some(Err(error))) => Err(CaptureError::damaged(&self.dir, error)),
            Err(words) => Err(CaptureError::damaged(&self.dir, words)),
        }
    }

    /// The bytes of the next record.
    pub(super) fn bytes(&mut self) -> Result<Option<Vec<u8>>, CaptureError> {
        let Some((key, value)) = self.piece()? else { return Ok(None) };
        let index = self.head.count;
        if key.as_ref() != index.to_be_bytes() {
            return Err(CaptureError::damaged(&self.dir, format_args!("record {index} is missing or misplaced")));
        }
        let Some((digest, first)) = value.split_first_chunk::<32>() else {
            return Err(CaptureError::damaged(&self.dir, format_args!("record {index} is truncated")));
        };
        let mut bytes = first.to_vec();
        while let Some((key, value)) = self.piece()? {
            if key.len() == 8 {
                self.ahead = Some((key, value));
                break;
            }
            bytes.extend_from_slice(&value);
        }
        let head = self.head.then(&bytes);
        if head.digest != Digest(*digest) {
            let what = format_args!("record {index} does not match the chain of digests");
            return Err(CaptureError::damaged(&self.dir, what));
        }
        self.head = head;
        Ok(Some(bytes))
    }

    fn record(&mut self) -> Result<Option<Record>, CaptureError> {
        let index = self.head.count;
        let Some(bytes) = self.bytes()? else { return Ok(None) };
        let unreadable = |words| CaptureError::damaged(&self.dir, format_args!("record {index}: {words}"));
        codec::decode(&bytes).map(Some).map_err(unreadable)
    }
}

impl Iterator for SegmentReader {
    type Item = Result<Record, CaptureError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.record().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::{Connection, RunStop};
    use super::*;

    fn record(detail: &str) -> Record {
        Record::Connection(Connection { detail: detail.to_owned(), ..Connection::default() })
    }

    #[test]
    fn records_of_any_length_are_read_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("part-000001");
        let part = Segment::create(&place).unwrap();
        let records = [record(&"x".repeat(100_000)), Record::RunStop(RunStop::default()), record(&"y".repeat(8_192))];
        let bytes: Vec<Vec<u8>> = records.iter().map(|record| codec::encode(record).unwrap()).collect();
        let head = part.append(ChainHead::default(), &bytes[..1]).unwrap();
        let head = part.append(head, &bytes[1..]).unwrap();
        part.sync().unwrap();
        part.close().unwrap();
        let mut reader = SegmentReader::open(&place, ChainHead::default()).unwrap();
        let read: Vec<Record> = reader.by_ref().collect::<Result<_, _>>().unwrap();
        assert_eq!(read, records);
        assert_eq!(reader.head(), head);
        // After another chain head, the same records are not the same log.
        let other = ChainHead { digest: Digest::of(b"x"), count: 0 };
        assert!(SegmentReader::open(&place, other).unwrap().next().unwrap().is_err());
    }

    #[test]
    fn missing_segment_is_damage() {
        let dir = tempfile::tempdir().unwrap();
        let error = SegmentReader::open(&dir.path().join("part-000001"), ChainHead::default()).err().unwrap();
        assert_eq!(error.kind, super::super::CaptureErrorKind::Damaged);
    }
}
