//! Exchange numbers: which were taken, which are there, and which are missing.

use super::error::CaptureError;
use super::private_fs;
use crate::seal::Digest;
use std::collections::BTreeMap;
use std::fs::File;
#[cfg(unix)]
use std::os::unix::fs::FileExt;
use std::path::Path;

const FILE: &str = "numbers";
/// Longer than any note.
const LONGEST: u64 = 256;
/// How far above the highest number that is known a run begins where the note is gone: more than a recorder has under way at
/// a time, or takes while its head lags behind.
pub(super) const STEP: u64 = 1_000_000;

/// Hands out exchange numbers, and notes each outside this process before it is used: what was under way when the
/// process was killed can be named afterwards.
pub(super) struct NumberAllocator {
    next: u64,
    file: File,
    closed: bool,
}

impl NumberAllocator {
    /// Begins with `next`, and notes it in `dir`.
    pub fn open(dir: &Path, next: u64) -> Result<NumberAllocator, CaptureError> {
        let path = dir.join(FILE);
        let file = private_fs::open(&path).map_err(|error| CaptureError::io("open", &path, &error))?;
        let numbers = NumberAllocator { next, file, closed: false };
        // What stood there is written over, not emptied first: a kill in between must not lose it.
        let length = written(next).len() as u64;
        let noted = numbers.note().and_then(|()| numbers.file.set_len(length));
        noted.map_err(|error| CaptureError::io("write", &path, &error))?;
        Ok(numbers)
    }

    /// The number that is handed out next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Whether a number was handed out before the end.
    pub fn is_taken(&self, number: u64) -> bool {
        !self.closed || number < self.next
    }

    /// Hands out a number; the note may fail, the number is taken all the same. After the end nothing is taken any more.
    pub fn take(&mut self) -> (u64, std::io::Result<()>) {
        let number = self.next;
        if self.closed {
            return (number, Ok(()));
        }
        self.next = number.saturating_add(1);
        (number, self.note())
    }

    /// Ends it: gives the next number, which nobody gets.
    pub fn close(&mut self) -> u64 {
        self.closed = true;
        self.next
    }

    fn note(&self) -> std::io::Result<()> {
        // Always the same length: one small write at one place, which a kill cannot cut.
        let text = written(self.next);
        #[cfg(unix)]
        return self.file.write_all_at(text.as_bytes(), 0);
        #[cfg(not(unix))]
        {
            use std::io::{Seek, SeekFrom, Write};
            let mut file = &self.file;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(text.as_bytes())
        }
    }
}

/// The note: the number, and the beginning of its digest, so that another number is not taken for it by accident.
fn written(next: u64) -> String {
    let digits = format!("{next:020}");
    let digest = Digest::of(digits.as_bytes()).to_string();
    format!("{digits} {}\n", digest.get(..16).unwrap_or_default())
}

/// The next number as the note of a capture says; `None` where there is no note, it is none, or it says less than `known`,
/// the next number that the head tells, which no recorder's note ever does.
pub(super) fn noted(dir: &Path, known: u64) -> Option<u64> {
    let text = String::from_utf8(private_fs::read(&dir.join(FILE), LONGEST).ok()?).ok()?;
    let next = text.get(..20)?.parse().ok()?;
    (text == written(next) && next >= known).then_some(next)
}

/// A set of numbers as ranges: small where they are without holes, whatever order they come in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges(BTreeMap<u64, u64>);

impl Ranges {
    /// Adds a number; `false` where it is there already.
    pub fn insert(&mut self, number: u64) -> bool {
        let before = self.0.range(..=number).next_back().map(|(&first, &last)| (first, last));
        if before.is_some_and(|(_, last)| last >= number) {
            return false;
        }
        let first = match before {
            Some((first, last)) if last.checked_add(1) == Some(number) => first,
            _ => number,
        };
        let last = number.checked_add(1).and_then(|after| self.0.remove(&after)).unwrap_or(number);
        self.0.insert(first, last);
        true
    }

    /// The highest number.
    pub fn last(&self) -> Option<u64> {
        self.0.last_key_value().map(|(_, &last)| last)
    }

    /// The highest number below this one.
    pub fn last_below(&self, number: u64) -> Option<u64> {
        self.0.range(..number).next_back().map(|(_, &last)| last.min(number.saturating_sub(1)))
    }

    /// The numbers from `from` up to and without `to` that are not in it, as ranges with both ends in them.
    pub fn missing(&self, from: u64, to: u64) -> Vec<(u64, u64)> {
        let mut missing = Vec::new();
        let mut next = from;
        for (&first, &last) in &self.0 {
            if first >= to {
                break;
            }
            if first > next {
                missing.push((next, first - 1));
            }
            next = next.max(last.saturating_add(1));
        }
        if next < to {
            missing.push((next, to - 1));
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn ranges_are_a_set(numbers in prop::collection::vec(1_u64..60, 0..60), from in 0_u64..70, to in 0_u64..70) {
            let (mut ranges, mut set) = (Ranges::default(), BTreeSet::new());
            for number in numbers {
                prop_assert_eq!(ranges.insert(number), set.insert(number));
            }
            prop_assert_eq!(ranges.last(), set.last().copied());
            let missing: Vec<u64> = ranges.missing(from, to).into_iter().flat_map(|(a, b)| a..=b).collect();
            prop_assert_eq!(missing, (from..to).filter(|n| !set.contains(n)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_taken_number_is_noted_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut numbers = NumberAllocator::open(dir.path(), 5).unwrap();
        assert_eq!(numbers.take().0, 5);
        assert_eq!(noted(dir.path(), 1), Some(6));
        assert_eq!((numbers.close(), numbers.take().0, numbers.take().0), (6, 6, 6));
        assert!(numbers.is_taken(5) && !numbers.is_taken(6));
        assert_eq!(noted(dir.path(), 6), Some(6));
    }

    #[test]
    fn a_note_that_was_changed_is_none() {
        let dir = tempfile::tempdir().unwrap();
        drop(NumberAllocator::open(dir.path(), 12).unwrap());
        let path = dir.path().join(FILE);
        let note = std::fs::read_to_string(&path).unwrap();
        assert_eq!(noted(dir.path(), 13), None, "the head knows of more");
        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(noted(dir.path(), 1), None, "byte {at}");
            std::fs::write(&path, &note[..at]).unwrap();
            assert_eq!(noted(dir.path(), 1), None, "cut at {at}");
        }
        std::fs::write(&path, note.repeat(100)).unwrap();
        assert_eq!(noted(dir.path(), 1), None);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(noted(dir.path(), 1), None);
    }
}
