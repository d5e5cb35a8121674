//! Recorders that are killed: what was acknowledged is there, and what is lost is named or said not to be known.

use super::*;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const CHILD: &str = "POSCERT_TEST_CAPTURE_CHILD";

/// Not a test by itself: records until it is killed, and prints each number that was acknowledged.
#[test]
fn a_child_that_records_until_it_is_killed() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    let writer = Writer::open(Path::new(&dir), WriterOptions { part_exchanges: 50, ..options() }).unwrap();
    block_on(async {
        loop {
            let batch: Vec<u64> = (0..5).map(|_| writer.take_number()).collect();
            let queued: Vec<_> =
                batch.iter().rev().map(|&n| (n, writer.append(exchange_of(writer.run(), n)))).collect();
            for (number, done) in queued {
                done.await.unwrap();
                println!("acknowledged {number}");
            }
        }
    });
}

#[test]
fn a_killed_recorder_loses_nothing_that_was_acknowledged() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    let mut acknowledged = std::collections::BTreeSet::new();
    for round in 1..=4_usize {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "capture::tests::kills::a_child_that_records_until_it_is_killed", "--nocapture"])
            .env(CHILD, &dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let enough = round * 37;
        let mut seen = 0;
        while let Some(Ok(line)) = lines.next() {
            if let Some((_, number)) = line.split_once("acknowledged ") {
                assert!(acknowledged.insert(number.parse::<u64>().unwrap()), "a number was taken twice");
                seen += 1;
            }
            if seen == enough {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(seen >= enough, "the child did not get that far");
        let capture = open(&dir).unwrap();
        let there = numbers(&capture);
        let missing: Vec<&u64> = acknowledged.iter().filter(|number| there.binary_search(number).is_err()).collect();
        assert!(missing.is_empty(), "round {round}: acknowledged and lost: {missing:?}");
        assert!(!capture.complete && !capture.live);
        let lost: u64 = capture.gaps.iter().map(|(first, last)| last - first + 1).sum();
        let taken = super::super::exchange_numbers::noted(&dir, 1).unwrap() - 1;
        assert_eq!(there.len() as u64 + lost, taken, "each number is recorded or named as lost");
    }
    let writer = Writer::open(&dir, options()).unwrap();
    assert_eq!(writer.run(), 5);
    block_on(writer.close()).unwrap();
    assert!(open(&dir).unwrap().remarks[0].contains("run 1, 2, 3, 4"));
}

/// What is done to a note.
type Harm = fn(&Path);

/// A capture whose recorder was cut off with 3 under way, and whose note of the numbers was harmed.
fn cut_off(dir: &Path, harm: Harm) {
    let writer = Writer::open(dir, options()).unwrap();
    take(&writer, 4);
    block_on(async {
        writer.append(exchange(1, 0)).await.unwrap();
        writer.append(exchange(3, 0)).await.unwrap();
    });
    // What was noted of a number that no record came after.
    assert_eq!(writer.take_number(), 5);
    drop(writer);
    while store::is_held(dir) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    harm(&dir.join("numbers"));
}

#[test]
fn without_the_note_of_the_numbers_the_loss_is_not_known_and_none_is_taken_again() {
    let harms: [Harm; 5] = [
        |path| std::fs::remove_file(path).unwrap(),
        |path| std::fs::write(path, "").unwrap(),
        |path| std::fs::write(path, "00000000000000000004\n").unwrap(),
        |path| std::fs::write(path, "what?").unwrap(),
        |path| drop(exchange_numbers::NumberAllocator::open(path.parent().unwrap(), 2).unwrap()),
    ];
    for harm in harms {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("capture");
        cut_off(&dir, harm);
        let words = "which exchanges were lost last cannot be told";
        let capture = open(&dir).unwrap();
        assert!(!capture.complete && capture.remarks.join("; ").contains(words), "{:?}", capture.remarks);
        let writer = Writer::open(&dir, options()).unwrap();
        let first = writer.take_number();
        assert!(first > 1_000_000, "{first} may have been taken before");
        block_on(async {
            writer.append(exchange_of(2, first)).await.unwrap();
            writer.close().await.unwrap();
        });
        let capture = open(&dir).unwrap();
        assert!(!capture.complete && capture.remarks.join("; ").contains(words), "{:?}", capture.remarks);
        assert_eq!((capture.gaps.as_slice(), numbers(&capture)), (&[(2, 2)][..], vec![1, 3, first]));
    }
    // A run that stopped in good order says it all.
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    capture_in(&dir);
    std::fs::remove_file(dir.join("numbers")).unwrap();
    let capture = open(&dir).unwrap();
    assert!(capture.complete && capture.remarks.is_empty(), "{:?}", capture.remarks);
    let writer = Writer::open(&dir, options()).unwrap();
    assert_eq!(writer.take_number(), 9);
    block_on(writer.append(exchange_of(2, 9))).unwrap();
    block_on(writer.close()).unwrap();
    assert!(open(&dir).unwrap().complete);
}

#[test]
fn after_the_stop_no_number_is_taken_and_no_exchange_comes_in() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    let writer = Writer::open(&dir, options()).unwrap();
    take(&writer, 1);
    let (stopped, late) = block_on(async {
        let closing = writer.clone();
        let stopped = closing.close();
        tokio::pin!(stopped);
        // The stop is queued, and a call that was not ended comes in behind it.
        let begun = tokio::time::timeout(std::time::Duration::ZERO, &mut stopped).await;
        let late = writer.append(exchange(writer.take_number(), 1)).await;
        (if let Ok(done) = begun { done } else { stopped.await }, late)
    });
    assert_eq!((stopped, late.unwrap_err().trouble), (Ok(()), CaptureErrorKind::Closed));
    let capture = open(&dir).unwrap();
    assert_eq!((capture.gaps.as_slice(), capture.header.next_number), (&[(1, 1)][..], 2));
}
