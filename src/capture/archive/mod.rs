//! The signed archive: a capture as one file that anyone can verify, months later and on another machine.
//!
//! A file is a file header followed by frames: `HEAD` (a summary of the content), `RULE` (one rule file each), `RECS`
//! (one block of the log's records each), `INDX` (the position and digest of each block), `SEAL` (the manifest with
//! the digests of all other frames, in a signed DSSE envelope). [`frame`] defines their common layout.
//! `docs/archive.md` is the specification.
//!
//! The records are the log's bytes in log order, so their chain of digests ends in the same chain head as the capture
//! directory's. That head is the content's digest, whichever key signed it and whichever version wrote it.

mod cosign;
mod file_header;
mod frame;
mod header;
mod index;
mod manifest;
pub(super) mod open;
pub(super) mod reader;
mod record_block;
pub(super) mod salvage;
mod scan;
mod writer;

#[cfg(test)]
mod test_forgeries;
#[cfg(test)]
mod tests;

pub(crate) use cosign::add_signature;
pub(crate) use file_header::{FORMAT, is_archive};
pub(crate) use header::Header;
pub(crate) use writer::write;

/// A rule file in an archive: its name and its text.
pub(crate) type RuleFile = (String, Vec<u8>);

/// Damage of an archive: where and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Damage {
    /// The byte offset of the section.
    pub at: u64,
    /// The section, and what is wrong with it.
    pub what: String,
}

impl Damage {
    fn new(at: u64, what: impl Into<String>) -> Damage {
        Damage { at, what: what.into() }
    }
}

/// Why a part of an archive could not be read.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// A file system error.
    Io(std::io::Error),
    Damaged(Damage),
    /// It exceeds a limit: where and what. The location is final and needs no further search.
    Excess(Damage),
    /// Its version is not supported.
    Newer(u32),
}

impl From<std::io::Error> for Unreadable {
    fn from(error: std::io::Error) -> Unreadable {
        Unreadable::Io(error)
    }
}

impl From<Damage> for Unreadable {
    fn from(damage: Damage) -> Unreadable {
        Unreadable::Damaged(damage)
    }
}
