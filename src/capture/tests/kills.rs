//! Tests of killed recorders: acknowledged records survive, and losses are reported.

use super::*;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const CHILD: &str = "POSCERT_TEST_CAPTURE_CHILD";

/// Not a test by itself: records until it is killed, and prints each acknowledged number.
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
fn acknowledged_records_survive_a_kill() {
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
                assert!(acknowledged.insert(number.parse::<u64>().unwrap()), "a number was allocated twice");
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

/// Damages a `numbers` file.
type Harm = fn(&Path);

/// A capture whose recorder was interrupted with three exchanges in progress, and whose `numbers` file was damaged.
fn cut_off(dir: &Path, harm: Harm) {
    let writer = Writer::open(dir, options()).unwrap();
    take(&writer, 4);
    block_on(async {
        writer.append(exchange(1, 0)).await.unwrap();
        writer.append(exchange(3, 0)).await.unwrap();
    });
    // This number is persisted, and no record follows.
    assert_eq!(writer.take_number(), 5);
    drop(writer);
    while store::is_held(dir) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    harm(&dir.join("numbers"));
}

#[test]
fn without_numbers_file_losses_are_unknown_and_no_number_is_reused() {
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
        let words = "the number of lost exchanges is unknown";
        let capture = open(&dir).unwrap();
        assert!(!capture.complete && capture.remarks.join("; ").contains(words), "{:?}", capture.remarks);
        let writer = Writer::open(&dir, options()).unwrap();
        let first = writer.take_number();
        assert!(first > 1_000_000, "{first} may have been allocated before");
        block_on(async {
            writer.append(exchange_of(2, first)).await.unwrap();
            writer.close().await.unwrap();
        });
        let capture = open(&dir).unwrap();
        assert!(!capture.complete && capture.remarks.join("; ").contains(words), "{:?}", capture.remarks);
        assert_eq!((capture.gaps.as_slice(), numbers(&capture)), (&[(2, 2)][..], vec![1, 3, first]));
    }
    // After a clean shutdown the `numbers` file is not needed.
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
fn after_the_stop_no_number_is_allocated_and_no_exchange_recorded() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    let writer = Writer::open(&dir, options()).unwrap();
    take(&writer, 1);
    let (stopped, late) = block_on(async {
        let closing = writer.clone();
        let stopped = closing.close();
        tokio::pin!(stopped);
        // The stop is queued, and an exchange that had not ended is appended after it.
        let begun = tokio::time::timeout(std::time::Duration::ZERO, &mut stopped).await;
        let late = writer.append(exchange(writer.take_number(), 1)).await;
        (if let Ok(done) = begun { done } else { stopped.await }, late)
    });
    assert_eq!((stopped, late.unwrap_err().kind), (Ok(()), CaptureErrorKind::Closed));
    let capture = open(&dir).unwrap();
    assert_eq!((capture.gaps.as_slice(), capture.header.next_number), (&[(1, 1)][..], 2));
}
