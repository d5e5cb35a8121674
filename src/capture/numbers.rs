//! Exchange numbers: which were taken, which are there, and which are missing.

use super::error::CaptureError;
use super::files;
use std::collections::BTreeMap;
use std::fs::File;
#[cfg(unix)]
use std::os::unix::fs::FileExt;
use std::path::Path;

const FILE: &str = "numbers";

/// Hands out exchange numbers, and notes each outside this process before it is used: what was under way when the
/// process was killed can be named afterwards.
pub(super) struct Numbers {
    next: u64,
    file: File,
}

impl Numbers {
    /// Goes on with `next`, or with what the note in `dir` says where that is more.
    pub fn open(dir: &Path, next: u64) -> Result<Numbers, CaptureError> {
        let next = noted(dir).unwrap_or(0).max(next);
        let path = dir.join(FILE);
        let file = files::open(&path).map_err(|error| CaptureError::io("open", &path, &error))?;
        let numbers = Numbers { next, file };
        numbers.note().map_err(|error| CaptureError::io("write", &path, &error))?;
        Ok(numbers)
    }

    /// The number that is handed out next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Hands out a number; the note may fail, the number is taken all the same.
    pub fn take(&mut self) -> (u64, std::io::Result<()>) {
        let number = self.next;
        self.next = number.saturating_add(1);
        (number, self.note())
    }

    fn note(&self) -> std::io::Result<()> {
        // Always the same length: one small write at one place, which a kill cannot cut.
        let text = format!("{:020}\n", self.next);
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

/// The next number as the note of a capture says, where there is one.
pub(super) fn noted(dir: &Path) -> Option<u64> {
    std::fs::read_to_string(dir.join(FILE)).ok()?.trim_end().parse().ok()
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
        let mut numbers = Numbers::open(dir.path(), 5).unwrap();
        assert_eq!(numbers.take().0, 5);
        assert_eq!(noted(dir.path()), Some(6));
        assert_eq!(Numbers::open(dir.path(), 2).unwrap().next(), 6);
    }
}
