//! Tests of archives against the directories they were exported from: same records, same chain, same bytes; and
//! changes after the export.

use super::writer::write_in_blocks;
use super::*;
use crate::capture::record::{Body, Exchange, Request};
use crate::capture::{Capture, CaptureErrorKind, CaptureKind, Record, Writer, WriterOptions, open};
use crate::seal::{Digest, SigningKey};
use std::path::{Path, PathBuf};

fn exchange(number: u64) -> Record {
    let body = Body { bytes: vec![b'x'; 300], length: 300, ..Body::default() };
    let request = Request { method: "GET".to_owned(), target: format!("/{number}"), body, ..Request::default() };
    Record::Exchange(Box::new(Exchange { number, run: 1, request, ..Exchange::default() }))
}

/// A capture of `count` exchanges; of each two, the second ends first.
fn capture_in(dir: &Path, count: u64) {
    let options = WriterOptions { part_exchanges: 5, challenge: "said at noon".to_owned(), ..WriterOptions::default() };
    let writer = Writer::open(dir, options).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let numbers: Vec<u64> = (0..count).map(|_| writer.take_number()).collect();
        for pair in numbers.chunks(2) {
            for &number in pair.iter().rev() {
                writer.append(exchange(number)).await.unwrap();
            }
        }
        writer.close().await.unwrap();
    });
}

fn rules() -> Vec<RuleFile> {
    vec![("common.toml".to_owned(), b"# one".to_vec()), ("more.toml".to_owned(), b"# two".to_vec())]
}

fn archived(capture: &Capture, key: &SigningKey, block: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let head = write_in_blocks(block, capture, &rules(), key, &mut bytes, |_| ()).unwrap();
    assert_eq!(head, capture.head);
    bytes
}

/// A capture directory, its archive in blocks of about three exchanges, and the path and bytes of the archive.
fn both(count: u64) -> (tempfile::TempDir, Capture, PathBuf, Vec<u8>) {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    capture_in(&dir, count);
    let capture = open(&dir).unwrap();
    let bytes = archived(&capture, &SigningKey::random().unwrap(), 3_000);
    let path = place.path().join("x.poscert");
    std::fs::write(&path, &bytes).unwrap();
    (place, capture, path, bytes)
}

fn log(capture: &Capture) -> Vec<Vec<u8>> {
    capture.log().unwrap().map(Result::unwrap).collect()
}

fn records(capture: &Capture) -> Vec<Record> {
    capture.records().unwrap().map(Result::unwrap).collect()
}

#[test]
fn archive_has_the_records_of_the_directory() {
    let (place, capture, path, bytes) = both(12);
    let archive = open(&path).unwrap();
    assert_eq!(archive.kind, CaptureKind::Archive);
    assert_eq!(log(&archive), log(&capture));
    assert_eq!((records(&archive), records(&archive)), (records(&capture), records(&capture)));
    assert_eq!((archive.digest.as_str(), archive.head), (capture.digest.as_str(), capture.head));
    assert_eq!((archive.exchanges, archive.complete, archive.live), (12, true, false));
    assert_eq!(archive.header, capture.header);
    assert_eq!(archive.header.challenges, ["said at noon"]);
    assert_eq!(*archive.rules, rules());
    assert_eq!(archive.sealed_by.len(), 1);
    // The name of the file does not matter.
    let renamed = place.path().join("evidence.bin");
    std::fs::write(&renamed, &bytes).unwrap();
    assert_eq!(open(&renamed).unwrap().digest, archive.digest);
}

#[test]
fn export_is_deterministic_and_content_digest_is_independent_of_the_key() {
    let (_place, capture, path, _) = both(12);
    let (one, two) = (SigningKey::random().unwrap(), SigningKey::random().unwrap());
    let bytes = archived(&capture, &one, 3_000);
    assert_eq!(archived(&capture, &one, 3_000), bytes);
    assert_eq!(archived(&open(&path).unwrap(), &one, 3_000), bytes, "from an archive as from the directory");
    assert_ne!(archived(&capture, &two, 3_000), bytes);
    std::fs::write(&path, archived(&capture, &two, 500_000)).unwrap();
    assert_eq!(open(&path).unwrap().digest, capture.digest);
}

#[test]
fn added_signature_changes_the_signature_frame_only() {
    let (_place, _, path, bytes) = both(4);
    let witness = SigningKey::random().unwrap();
    let mut signed = Vec::new();
    let signers = add_signature(&path, &witness, &mut signed).unwrap();
    assert_eq!(signers.len(), 2);
    let seal = bytes.windows(4).rposition(|tag| tag == b"SEAL").unwrap();
    assert_eq!(signed[..seal], bytes[..seal]);
    std::fs::write(&path, &signed).unwrap();
    let archive = open(&path).unwrap();
    assert_eq!(archive.sealed_by[1], witness.public().fingerprint().to_string());
    // Each key signs once.
    let mut again = Vec::new();
    add_signature(&path, &witness, &mut again).unwrap();
    assert_eq!(again, signed);
}

#[test]
fn every_bit_flip_and_truncation_is_detected() {
    let (place, capture, path, bytes) = both(6);
    let other = place.path().join("other");
    std::fs::write(&path, &bytes).unwrap();
    let sections = scan::survey(&path).unwrap();
    assert!(sections.holes.is_empty() && sections.frames.len() >= 7, "{sections:?}");
    let section_of = |at: usize| {
        let mut starts = sections.frames.iter().map(|(start, _)| *start);
        starts.rfind(|start| *start <= at as u64).unwrap_or(0)
    };
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(&path, &flipped).unwrap();
        let error = open(&path).expect_err(&format!("byte {at} of {}", bytes.len()));
        assert_eq!(error.kind, CaptureErrorKind::Damaged, "byte {at}: {error}");
        let place = format!("at byte {}, ", section_of(at));
        assert!(error.message.contains(&place) && !error.message.contains('\n'), "byte {at}, {place}: {error}");
        std::fs::write(&path, &bytes[..at]).unwrap();
        let error = open(&path).expect_err(&format!("truncated at {at}"));
        let kind = if at == 0 { CaptureErrorKind::NotACapture } else { CaptureErrorKind::Damaged };
        assert_eq!(error.kind, kind, "truncated at {at}: {error}");
        // Also with another file extension, unless too little is left to recognise it.
        std::fs::write(&other, &bytes[..at]).unwrap();
        let error = open(&other).expect_err(&format!("truncated at {at}"));
        assert!(at < 7 || error.kind == CaptureErrorKind::Damaged, "truncated at {at}: {error}");
    }
    std::fs::write(&path, [&bytes[..], b"x"].concat()).unwrap();
    let error = open(&path).unwrap_err();
    assert!(error.message.contains(&format!("at byte {}, ", bytes.len())), "{error}");
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(open(&path).unwrap().digest, capture.digest);
}

#[test]
fn newer_version_is_reported() {
    let (_place, _, path, bytes) = both(1);
    let newer = [&file_header::of_version(7)[..], &bytes[file_header::BYTES..]].concat();
    std::fs::write(&path, newer).unwrap();
    let error = open(&path).unwrap_err();
    assert_eq!(error.kind, CaptureErrorKind::Unsupported);
    assert!(error.message.contains("an archive of format 7, but this version reads format 1"), "{error}");
}

#[test]
fn har_and_live_captures_are_not_exported() {
    let place = tempfile::tempdir().unwrap();
    let key = SigningKey::random().unwrap();
    let har = place.path().join("x.har");
    std::fs::write(&har, r#"{"log":{"version":"1.2","entries":[]}}"#).unwrap();
    let error = write(&open(&har).unwrap(), &[], &key, &mut Vec::new(), |_| ()).unwrap_err();
    assert!(error.message.contains("is a HAR"), "{error}");
    let dir = place.path().join("capture");
    let writer = Writer::open(&dir, WriterOptions::default()).unwrap();
    let error = write(&open(&dir).unwrap(), &[], &key, &mut Vec::new(), |_| ()).unwrap_err();
    assert!(error.message.contains("stop the recorder first"), "{error}");
    drop(writer);
}

#[test]
fn interrupted_run_is_preserved() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    let writer = Writer::open(&dir, WriterOptions::default()).unwrap();
    let (_lost, kept, _also_lost) = (writer.take_number(), writer.take_number(), writer.take_number());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(writer.append(exchange(kept))).unwrap();
    drop(writer);
    while crate::capture::store::is_held(&dir) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let capture = open(&dir).unwrap();
    let path = place.path().join("x.poscert");
    std::fs::write(&path, archived(&capture, &SigningKey::random().unwrap(), 3_000)).unwrap();
    let archive = open(&path).unwrap();
    assert_eq!((archive.gaps.as_slice(), archive.complete), (&[(1, 1), (3, 3)][..], false));
    assert_eq!(archive.remarks, capture.remarks);
}

#[test]
fn a_digest_is_64_hex_digits_in_json() {
    let digest = Digest::of(b"x");
    let json = serde_json::to_string(&digest).unwrap();
    assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
    assert!(serde_json::from_str::<Digest>("\"12\"").is_err());
}
