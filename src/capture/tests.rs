//! Tests of writing and reading captures: order, gaps, runs, live captures, and damage.

use super::record::*;
use super::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn options() -> WriterOptions {
    WriterOptions { part_exchanges: 3, upstream: "https://u:p4ssw0rd@h/".to_owned(), ..WriterOptions::default() }
}

fn exchange(number: u64, bytes: usize) -> Record {
    let body = Body { bytes: vec![b'x'; bytes], length: bytes as u64, ..Body::default() };
    let request = Request { method: "GET".to_owned(), target: format!("/{number}"), body, ..Request::default() };
    Record::Exchange(Box::new(Exchange { number, run: 1, request, ..Exchange::default() }))
}

/// An exchange of a later run.
fn exchange_of(run: u32, number: u64) -> Record {
    match exchange(number, 2_000) {
        Record::Exchange(exchange) => Record::Exchange(Box::new(Exchange { run, ..*exchange })),
        other => other,
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn take(writer: &Writer, count: u64) {
    (1..=count).for_each(|_| assert!(writer.take_number() > 0));
}

/// A capture of eight exchanges in three segments, closed cleanly.
fn capture_in(dir: &Path) {
    let writer = Writer::open(dir, options()).unwrap();
    take(&writer, 8);
    block_on(async {
        for number in [2, 1, 4, 3, 6, 5, 8, 7] {
            writer.append(exchange(number, 10)).await.unwrap();
        }
        writer.close().await.unwrap();
    });
}

fn numbers(capture: &Capture) -> Vec<u64> {
    let exchanges = capture.records().unwrap().filter_map(|record| match record.unwrap() {
        Record::Exchange(exchange) => Some(exchange.number),
        _ => None,
    });
    exchanges.collect()
}

/// All files below a directory with their content, to check that nothing was written.
fn files_of(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files_of(&path));
        } else {
            all.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    all
}

#[test]
fn records_are_read_in_number_order_and_reading_writes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    capture_in(&dir);
    let before = files_of(place.path());
    let capture = open(&dir).unwrap();
    assert_eq!(numbers(&capture), (1..=8).collect::<Vec<_>>());
    assert_eq!(numbers(&capture), (1..=8).collect::<Vec<_>>(), "a second time");
    assert_eq!((capture.exchanges, capture.attempts, capture.complete, capture.live), (8, 1, true, false));
    assert_eq!((capture.gaps.len(), capture.remarks.len(), capture.resolution_us), (0, 0, 1));
    let records: Vec<Record> = capture.records().unwrap().map(Result::unwrap).collect();
    assert!(matches!(&records[0], Record::RunStart(start) if start.run == 1 && start.durability == "process"));
    assert!(matches!(&records[0], Record::RunStart(start) if !start.upstream.contains("p4ss")));
    assert!(matches!(&records[9], Record::RunStop(stop) if stop.next_number == 9));
    assert_eq!(files_of(place.path()), before, "reading wrote something");
    let parts = std::fs::read_dir(&dir).unwrap().filter(|e| e.as_ref().unwrap().path().is_dir()).count();
    assert_eq!(parts, 3);
}

#[cfg(unix)]
#[test]
fn capture_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("a/b/capture");
    capture_in(&dir);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for path in files_of(&dir).keys() {
        assert_eq!(mode(path), 0o600, "{}", path.display());
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }
}

#[test]
fn reopened_capture_continues_with_a_new_run() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    capture_in(&dir);
    let digest = open(&dir).unwrap().digest;
    let writer = Writer::open(&dir, options()).unwrap();
    assert_eq!((writer.run(), writer.take_number()), (2, 9));
    let session = Session { client_id: Some("c".to_owned()), ..Session::default() };
    block_on(async {
        writer.append(Record::Session(session.clone())).await.unwrap();
        writer
            .append(Record::Attempt(AttemptStart { number: 2, first_number: 9, ended_as: "failed".to_owned() }))
            .await
            .unwrap();
        writer.append(exchange_of(2, 9)).await.unwrap();
        writer.close().await.unwrap();
        assert_eq!(writer.append(exchange(10, 0)).await.unwrap_err().kind, CaptureErrorKind::Closed);
    });
    let capture = open(&dir).unwrap();
    assert_eq!((capture.exchanges, capture.attempts, capture.complete), (9, 2, true));
    assert_eq!(capture.session, Some(session));
    assert_ne!(capture.digest, digest);
}

#[test]
fn interrupted_run_reports_lost_exchanges() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    let writer = Writer::open(&dir, options()).unwrap();
    take(&writer, 4);
    block_on(async {
        writer.append(exchange(1, 0)).await.unwrap();
        writer.append(exchange(3, 0)).await.unwrap();
    });
    drop(writer);
    let wait = || store::is_held(&dir).then(|| std::thread::sleep(std::time::Duration::from_millis(5)));
    while wait().is_some() {}
    let capture = open(&dir).unwrap();
    assert_eq!((capture.gaps.as_slice(), capture.complete, capture.live), (&[(2, 2), (4, 4)][..], false, false));
    let remarks = capture.remarks.join("; ");
    assert_eq!(remarks, "the recorder was interrupted in run 1; 2 exchanges are lost: numbers 2 and 4");
    // The next run allocates none of these numbers, and the gap stays.
    let writer = Writer::open(&dir, options()).unwrap();
    assert_eq!(writer.take_number(), 5);
    block_on(async {
        writer.append(exchange_of(2, 5)).await.unwrap();
        writer.close().await.unwrap();
    });
    let capture = open(&dir).unwrap();
    assert_eq!((capture.gaps.as_slice(), capture.complete), (&[(2, 2), (4, 4)][..], false));
    assert_eq!(numbers(&capture), [1, 3, 5]);
}

#[test]
fn live_capture_can_be_read() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    let writer = Writer::open(&dir, WriterOptions::default()).unwrap();
    for round in 1..=3_u64 {
        take(&writer, 2);
        // The first of each two is still in progress.
        block_on(writer.append(exchange(round * 2, 100_000))).unwrap();
        let capture = open(&dir).unwrap();
        assert!(capture.live && !capture.complete && capture.gaps.is_empty());
        assert_eq!(numbers(&capture), (1..=round).map(|n| n * 2).collect::<Vec<_>>());
        assert!(capture.remarks[0].contains(&format!("{round} exchanges were in progress")), "{:?}", capture.remarks);
    }
    let refused = Writer::open(&dir, options()).err().unwrap();
    assert_eq!(refused.kind, CaptureErrorKind::Held);
    block_on(writer.close()).unwrap();
    assert_eq!(open(&dir).unwrap().gaps, [(1, 1), (3, 3), (5, 5)]);
}

#[test]
fn closed_capture_is_complete_with_any_durability() {
    for durability in Durability::ALL {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("capture");
        let writer = Writer::open(&dir, WriterOptions { durability, ..options() }).unwrap();
        take(&writer, 7);
        block_on(async {
            let queued: Vec<_> = (1..=7).map(|number| writer.append(exchange(number, 20_000))).collect();
            for done in queued {
                done.await.unwrap();
            }
            writer.close_part().await.unwrap();
            writer.close().await.unwrap();
        });
        assert_eq!(numbers(&open(&dir).unwrap()), (1..=7).collect::<Vec<_>>(), "{durability:?}");
        assert_eq!(Durability::from_name(durability.name()), Some(durability));
        assert!(durability.promise().len() > 40);
    }
}

/// The name of a change, the change, and words that the message must contain.
type Harm = (&'static str, fn(&Path), &'static str);

#[test]
fn damaged_capture_is_not_taken_for_an_empty_one() {
    let harms: [Harm; 10] = [
        ("a truncated segment", |dir| std::fs::write(dir.join("part-000002/db"), b"").unwrap(), "part-000002"),
        ("the last segment truncated", |dir| std::fs::write(dir.join("part-000003/db"), b"").unwrap(), "part-000003"),
        (
            "a segment truncated in the middle",
            |dir| {
                let path = dir.join("part-000001/db");
                let bytes = std::fs::read(&path).unwrap();
                let end = bytes.iter().rposition(|b| *b != 0).unwrap();
                std::fs::write(&path, &bytes[..end / 2]).unwrap();
            },
            "part-000001",
        ),
        (
            "a segment recreated empty",
            |dir| {
                std::fs::remove_dir_all(dir.join("part-000002")).unwrap();
                drop(segment::Segment::create(&dir.join("part-000002")).unwrap());
            },
            "part-000002",
        ),
        ("a segment removed", |dir| std::fs::remove_dir_all(dir.join("part-000002")).unwrap(), "part-000002"),
        (
            "two segments swapped",
            |dir| {
                std::fs::rename(dir.join("part-000001"), dir.join("x")).unwrap();
                std::fs::rename(dir.join("part-000002"), dir.join("part-000001")).unwrap();
                std::fs::rename(dir.join("x"), dir.join("part-000002")).unwrap();
            },
            "part-000001",
        ),
        (
            "a byte of a record changed",
            |dir| {
                let path = dir.join("part-000002/db");
                let mut bytes = std::fs::read(&path).unwrap();
                let at = bytes.windows(6).position(|w| w == b"target").unwrap();
                bytes[at] ^= 1;
                std::fs::write(&path, bytes).unwrap();
            },
            "part-000002",
        ),
        ("the checkpoint removed", |dir| std::fs::remove_file(dir.join("head")).unwrap(), "no checkpoint"),
        ("the checkpoint emptied", |dir| std::fs::write(dir.join("head"), b"").unwrap(), "head"),
        (
            "a checkpoint of fewer records",
            |dir| {
                let mut head = checkpoint::Checkpoint::read(dir).unwrap();
                head.parts[2].count -= 1;
                head.count -= 1;
                head.write(dir, false).unwrap();
            },
            "the checkpoint counts",
        ),
    ];
    for (what, harm, words) in harms {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("capture");
        capture_in(&dir);
        harm(&dir);
        let error = open(&dir).expect_err(what);
        assert_eq!(error.kind, CaptureErrorKind::Damaged, "{what}: {error}");
        assert!(error.message.contains(words), "{what}: {error}");
        assert!(!error.message.contains('\n'), "{what}: {error}");
    }
}

#[test]
fn flipped_byte_is_detected_or_harmless() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    capture_in(&dir);
    let digest = open(&dir).unwrap().digest;
    let path = dir.join("part-000001/db");
    let whole = std::fs::read(&path).unwrap();
    let end = whole.iter().rposition(|b| *b != 0).unwrap();
    for at in (0..end).step_by(end / 60 + 1) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&path, bytes).unwrap();
        // The result is an error or the same records: never others, never fewer.
        match open(&dir) {
            Ok(capture) => assert_eq!((capture.digest, capture.exchanges), (digest.clone(), 8), "at {at}"),
            Err(error) => assert!(!error.message.is_empty()),
        }
    }
}

#[test]
fn paths_without_a_capture_are_refused() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("letter.txt"), "Dear").unwrap();
    assert_eq!(Writer::open(place.path(), options()).err().unwrap().kind, CaptureErrorKind::NotACapture);
    assert_eq!(open(place.path()).unwrap_err().kind, CaptureErrorKind::NotACapture);
    assert_eq!(open(&place.path().join("letter.txt")).unwrap_err().kind, CaptureErrorKind::NotACapture);
    assert_eq!(open(&place.path().join("none")).unwrap_err().kind, CaptureErrorKind::Io);
    std::fs::write(place.path().join("x.poscert"), "?").unwrap();
    assert_eq!(open(&place.path().join("x.poscert")).unwrap_err().kind, CaptureErrorKind::Damaged);
    let file = place.path().join("letter.txt/capture");
    assert_eq!(Writer::open(&file, options()).err().unwrap().kind, CaptureErrorKind::Io);
}

#[test]
fn store_failure_is_reported_to_all_callers() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    let writer = Writer::open(&dir, WriterOptions { part_exchanges: 1, ..options() }).unwrap();
    block_on(async {
        writer.append(exchange(writer.take_number(), 1)).await.unwrap();
        // The directory disappears while recording: the next segment cannot be created.
        std::fs::rename(&dir, place.path().join("gone")).unwrap();
        std::fs::write(&dir, "a file in its place").unwrap();
        let error = writer.append(exchange(writer.take_number(), 1)).await.unwrap_err();
        assert_eq!(error.kind, CaptureErrorKind::Io);
        assert_eq!(writer.failure().await, error);
        assert_eq!(writer.is_failed(), Some(error.clone()));
        assert_eq!(writer.append(exchange(3, 1)).await.unwrap_err(), error);
        assert!(writer.close().await.is_err());
    });
}

#[cfg(test)]
mod foreign_files;
#[cfg(test)]
mod kills;

/// A capture without the name of its API was recorded when there was one: the PoS API v10.
#[test]
fn capture_of_another_api_is_not_continued() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    capture_in(&dir);
    let other = || WriterOptions {
        api_profile: crate::profile::ProfileId { name: "library".into(), digest: String::new() },
        ..WriterOptions::default()
    };
    let refused = |options: WriterOptions| Writer::open(&dir, options).map(drop).unwrap_err().message;
    assert!(refused(other()).contains("recorded with the profile pos-v10"), "{}", refused(other()));
    let head = checkpoint::Checkpoint::read(&dir).unwrap();
    assert_eq!(head.api_profile, "pos-v10");
    checkpoint::Checkpoint { api_profile: String::new(), ..head }.write(&dir, true).unwrap();
    assert!(refused(other()).contains("recorded with the profile pos-v10"));
}
