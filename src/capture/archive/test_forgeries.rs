//! Tests of forged captures: records and headers that the holder of a key made up, with valid digests and impossible
//! content. They are refused on opening, as a directory and as an archive.

use super::writer::write_in_blocks;
use super::{Header, RuleFile};
use crate::capture::checkpoint::Checkpoint;
use crate::capture::reader::{SegmentPlan, Source};
use crate::capture::record::{Exchange, RunStart, RunStop};
use crate::capture::store::Store;
use crate::capture::summary::Summary;
use crate::capture::{Capture, CaptureError, CaptureErrorKind, CaptureKind, Durability, Record, codec, open};
use crate::seal::{self, SigningKey};
use std::path::Path;

fn exchange(number: u64) -> Record {
    Record::Exchange(Box::new(Exchange { number, run: 1, ..Exchange::default() }))
}

fn start(first_number: u64) -> Record {
    Record::RunStart(RunStart { run: 1, first_number, ..RunStart::default() })
}

fn stop(next_number: u64) -> Record {
    Record::RunStop(RunStop { run: 1, at_us: 0, next_number })
}

/// Writes a capture directory with these records.
fn directory(dir: &Path, records: &[Record]) {
    std::fs::create_dir(dir).unwrap();
    Checkpoint::empty().write(dir, false).unwrap();
    let (mut store, _) = Store::open(dir, Checkpoint::empty(), Durability::Off, 1_000).unwrap();
    let bytes: Vec<Vec<u8>> = records.iter().map(|record| codec::encode(record).unwrap()).collect();
    store.append(&bytes, 0).unwrap();
    store.close_part().unwrap();
}

/// Writes an archive of that directory with a header altered by `change`.
fn archive(dir: &Path, path: &Path, records: &[Record], change: impl Fn(Header) -> Header) {
    let head = Checkpoint::read(dir).unwrap();
    let part = SegmentPlan { part: head.parts[0].clone(), before: seal::ChainHead::default(), whole: true };
    let mut summary = Summary::default();
    records.iter().for_each(|record| drop(summary.take(record)));
    let header = change(Header::of(&summary, head.next_number, false));
    let source = Source::Segments { dir: dir.to_owned(), parts: vec![part] };
    let capture = Capture::new(dir, CaptureKind::Directory, &summary, header, source);
    let capture = Capture { head: head.chain().unwrap(), ..capture };
    write(&capture, &[], path);
}

fn write(capture: &Capture, rules: &[RuleFile], path: &Path) {
    let mut bytes = Vec::new();
    write_in_blocks(3_000, capture, rules, &SigningKey::random().unwrap(), &mut bytes, |_| ()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Opens an archive of these records.
fn opened(records: &[Record], change: impl Fn(Header) -> Header) -> Result<Capture, CaptureError> {
    let place = tempfile::tempdir().unwrap();
    let (dir, path) = (place.path().join("capture"), place.path().join("x.poscert"));
    directory(&dir, records);
    archive(&dir, &path, records, change);
    let capture = open(&path)?;
    assert_eq!(capture.records()?.flatten().count(), records.len());
    Ok(capture)
}

fn refused(opened: Result<Capture, CaptureError>, words: &str) {
    let error = opened.unwrap_err();
    assert_eq!(error.kind, CaptureErrorKind::Damaged, "{error}");
    assert!(error.message.contains(words) && !error.message.contains('\n'), "{words}: {error}");
}

#[test]
fn plausible_capture_is_read() {
    let records = [start(1), exchange(2), exchange(1), stop(3)];
    let capture = opened(&records, |header| header).unwrap();
    assert_eq!((capture.exchanges, capture.complete, capture.header.next_number), (2, true, 3));
}

#[test]
fn number_outside_its_run_is_damage_in_directory_and_archive() {
    for (records, words) in [
        (vec![start(1), exchange(0), exchange(2), stop(3)], "exchange 0 is outside the number range of run 1"),
        (vec![start(1), exchange(1), stop(2), exchange(2)], "exchange 2 is outside"),
        (vec![start(1 << 63), exchange(1), exchange(3), stop(1 << 63)], "exchange 1 is outside"),
        (vec![start(1), exchange(1), exchange(1), stop(2)], "exchange 1 is recorded twice"),
        (vec![start(1), exchange(1), start(1), exchange(2), stop(3)], "run 1 is repeated or out of order"),
        (vec![exchange(1)], "exchange 1 is outside"),
    ] {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("capture");
        directory(&dir, &records);
        refused(open(&dir), words);
        refused(opened(&records, |header| header), words);
    }
}

#[test]
fn header_mismatch_is_damage() {
    let records = [start(1), exchange(1), exchange(3), stop(4)];
    let words = "the header does not match the records";
    let changes: [fn(Header) -> Header; 9] = [
        |header| Header { next_number: 1, ..header },
        |header| Header { next_number: 999, ..header },
        |header| Header { gaps: vec![], ..header },
        |header| Header { gaps: vec![(2, 3)], ..header },
        |header| Header { gaps: vec![], complete: true, ..header },
        |header| Header { complete: true, ..header },
        |header| Header { loss_unknown: true, ..header },
        |header| Header { runs: 2, ..header },
        |header| Header { challenges: vec!["mine".to_owned()], ..header },
    ];
    for change in changes {
        refused(opened(&records, change), words);
    }
    // For an interrupted run, only the header knows the next number; it cannot be below that of its records.
    let cut = [start(1), exchange(1), exchange(3)];
    refused(opened(&cut, |header| Header { next_number: 3, ..header }), words);
    let further = |header| Header { next_number: 6, gaps: vec![(2, 2), (4, 5)], ..header };
    assert_eq!(opened(&cut, further).unwrap().gaps, [(2, 2), (4, 5)]);
    let unknown = opened(&cut, |header| Header { loss_unknown: true, ..header }).unwrap();
    assert!(
        !unknown.complete && unknown.remarks.concat().contains("lost exchanges is unknown"),
        "{:?}",
        unknown.remarks
    );
}

#[test]
fn gap_before_the_first_run_is_reported() {
    let later = [start(101), exchange(101), stop(102)];
    let capture = opened(&later, |header| header).unwrap();
    assert_eq!((capture.gaps.as_slice(), capture.complete), (&[(1, 100)][..], false));
}

#[test]
fn number_and_size_of_rule_files_are_limited() {
    let place = tempfile::tempdir().unwrap();
    let (dir, path) = (place.path().join("capture"), place.path().join("x.poscert"));
    directory(&dir, &[start(1), stop(1)]);
    let capture = open(&dir).unwrap();
    let file = |at: usize, length: usize| (format!("{at:03}.toml"), vec![b'#'; length]);
    let many: Vec<RuleFile> = (0..101).map(|at| file(at, 1)).collect();
    let long: Vec<RuleFile> = (0..9).map(|at| file(at, 1 << 20)).collect();
    for (rules, words) in [(many, "101 rule files"), (long, "9 rule files of 9437292 bytes")] {
        let unwritten = super::write(&capture, &rules, &SigningKey::random().unwrap(), &mut Vec::new(), |_| ());
        assert!(unwritten.unwrap_err().message.contains(words));
        write(&capture, &rules, &path);
        refused(open(&path), words);
        // Also when it is salvaged.
        let salvaged = crate::capture::open_or_salvage(&path, crate::profile::pos_v10()).unwrap();
        assert!(salvaged.rules.is_empty() && salvaged.remarks.concat().contains("none of them is used"));
    }
    write(&capture, &[file(0, 7 << 20)], &path);
    assert_eq!(open(&path).unwrap().rules.len(), 1);
}
