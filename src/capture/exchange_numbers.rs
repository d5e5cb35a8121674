//! Exchange numbers: allocation, and the ranges that are recorded or missing.

use super::error::CaptureError;
use super::private_fs;
use crate::seal::Digest;
use std::collections::BTreeMap;
use std::fs::File;
#[cfg(unix)]
use std::os::unix::fs::FileExt;
use std::path::Path;

const FILE: &str = "numbers";
/// Larger than any `numbers` file.
const LONGEST: u64 = 256;
/// How far above the highest known number a run begins if the `numbers` file is lost: more than a recorder has in
/// progress at a time, or allocates while its checkpoint lags behind.
pub(super) const STEP: u64 = 1_000_000;

/// Allocates exchange numbers and persists each in the `numbers` file before it is used, so exchanges that were in
/// progress when the process was killed can be named afterwards.
pub(super) struct NumberAllocator {
    next: u64,
    file: File,
    closed: bool,
}

impl NumberAllocator {
    /// Starts at `next` and persists it in `dir`.
    pub(super) fn open(dir: &Path, next: u64) -> Result<NumberAllocator, CaptureError> {
        let path = dir.join(FILE);
        let file = private_fs::open(&path).map_err(|error| CaptureError::io("open", &path, &error))?;
        let numbers = NumberAllocator { next, file, closed: false };
        // Overwrite instead of truncating first: a kill in between must not lose the number.
        let length = written(next).len() as u64;
        let noted = numbers.note().and_then(|()| numbers.file.set_len(length));
        noted.map_err(|error| CaptureError::io("write", &path, &error))?;
        Ok(numbers)
    }

    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Whether an exchange with this number may still be recorded: always before [`Self::close`], afterwards only if
    /// the number was allocated.
    pub(super) fn is_taken(&self, number: u64) -> bool {
        !self.closed || number < self.next
    }

    /// Allocates the next number. The number counts as used even if persisting it fails. After [`Self::close`], no
    /// number is used any more.
    pub(super) fn take(&mut self) -> (u64, std::io::Result<()>) {
        let number = self.next;
        if self.closed {
            return (number, Ok(()));
        }
        self.next = number.saturating_add(1);
        (number, self.note())
    }

    /// Closes the allocator; returns the next number, which is never used.
    pub(super) fn close(&mut self) -> u64 {
        self.closed = true;
        self.next
    }

    fn note(&self) -> std::io::Result<()> {
        // Always the same length: one small write at one offset, which a kill cannot truncate.
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

/// The content of the file: the number and the beginning of its digest, so that damage does not yield another number.
fn written(next: u64) -> String {
    let digits = format!("{next:020}");
    let digest = Digest::of(digits.as_bytes()).to_string();
    format!("{digits} {}\n", digest.get(..16).unwrap_or_default())
}

/// The next number from the `numbers` file; `None` if the file is missing or damaged, or if the number is below
/// `known`, the next number in the checkpoint, which cannot happen in a file that the recorder wrote.
pub(super) fn noted(dir: &Path, known: u64) -> Option<u64> {
    let text = String::from_utf8(private_fs::read(&dir.join(FILE), LONGEST).ok()?).ok()?;
    let next = text.get(..20)?.parse().ok()?;
    (text == written(next) && next >= known).then_some(next)
}

/// A set of numbers, stored as ranges; the insertion order does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges(BTreeMap<u64, u64>);

impl Ranges {
    /// Adds a number; returns `false` if it is already in the set.
    pub(super) fn insert(&mut self, number: u64) -> bool {
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
    pub(super) fn last(&self) -> Option<u64> {
        self.0.last_key_value().map(|(_, &last)| last)
    }

    /// The highest number below this one.
    pub(super) fn last_below(&self, number: u64) -> Option<u64> {
        self.0.range(..number).next_back().map(|(_, &last)| last.min(number.saturating_sub(1)))
    }

    /// The numbers in `from..to` that are not in the set, as inclusive ranges.
    pub(super) fn missing(&self, from: u64, to: u64) -> Vec<(u64, u64)> {
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
    fn allocated_number_is_persisted_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut numbers = NumberAllocator::open(dir.path(), 5).unwrap();
        assert_eq!(numbers.take().0, 5);
        assert_eq!(noted(dir.path(), 1), Some(6));
        assert_eq!((numbers.close(), numbers.take().0, numbers.take().0), (6, 6, 6));
        assert!(numbers.is_taken(5) && !numbers.is_taken(6));
        assert_eq!(noted(dir.path(), 6), Some(6));
    }

    #[test]
    fn altered_numbers_file_is_rejected() {
        let dir = tempfile::tempdir().unwrap();
        drop(NumberAllocator::open(dir.path(), 12).unwrap());
        let path = dir.path().join(FILE);
        let note = std::fs::read_to_string(&path).unwrap();
        assert_eq!(noted(dir.path(), 13), None, "the checkpoint has a higher number");
        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(noted(dir.path(), 1), None, "byte {at}");
            std::fs::write(&path, &note[..at]).unwrap();
            assert_eq!(noted(dir.path(), 1), None, "truncated at {at}");
        }
        std::fs::write(&path, note.repeat(100)).unwrap();
        assert_eq!(noted(dir.path(), 1), None);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(noted(dir.path(), 1), None);
    }
}
