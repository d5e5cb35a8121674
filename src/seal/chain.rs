//! The hash chain over the records of a log.
//!
//! Each record's digest covers the previous digest and the record's bytes, so the head (count and last digest) commits
//! to every record and their order.

use super::Digest;

/// The head of a chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChainHead {
    /// The number of records.
    pub count: u64,
    /// The digest of the last record; all zeros for an empty chain.
    pub digest: Digest,
}

impl ChainHead {
    /// The head after one more record: `SHA-256(digest before || record bytes)`.
    #[must_use]
    pub fn then(self, record: &[u8]) -> ChainHead {
        let digest = Digest::of_all(&[&self.digest.0, record]);
        ChainHead { count: self.count.saturating_add(1), digest }
    }

    /// Parses the display form, `COUNT:DIGEST` with the digest in hex.
    pub fn parse(text: &str) -> Option<ChainHead> {
        let (count, digest) = text.trim().split_once(':')?;
        Some(ChainHead { count: count.parse().ok()?, digest: Digest::parse(digest)? })
    }
}

impl std::fmt::Display for ChainHead {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}", self.count, self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head(records: &[Vec<u8>]) -> ChainHead {
        records.iter().fold(ChainHead::default(), |head, record| head.then(record))
    }

    #[test]
    fn chain_head_parses_its_display_form() {
        let two = head(&[b"one".to_vec(), b"two".to_vec()]);
        assert_eq!(ChainHead::parse(&format!(" {two}\n")), Some(two));
        for none in ["", "2", "2:", "2:12ab", "x:00", &two.digest.to_string()] {
            assert_eq!(ChainHead::parse(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn every_change_to_the_records_changes_the_head(
            records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..12),
            at in any::<prop::sample::Index>(),
            other in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let at = at.index(records.len());
            let mut left_out = records.clone();
            left_out.remove(at);
            prop_assert_ne!(head(&left_out), head(&records));
            let mut altered = records.clone();
            altered[at] = other;
            prop_assert_eq!(head(&altered) == head(&records), altered == records);
            let mut swapped = records.clone();
            swapped.swap(0, at);
            prop_assert_eq!(head(&swapped) == head(&records), swapped == records);
        }
    }
}
