//! The sealed archive: a capture as one file that anyone can check, months later and on another machine.
//!
//! A file is a preamble and frames, one behind the other: `HEAD` (what is in it), `RULE` (a rule file each), `RECS` (a
//! block of the log's records each), `INDX` (where each block lies, and its digest), `SEAL` (the manifest, which holds
//! the digests of all the others, in a DSSE envelope with its signatures). [`frame`] is the one shape of all of them.
//! `docs/archive.md` says it exactly enough for a stranger to write a reader.
//!
//! The records are the log's own bytes in the log's own order, so the chain of digests over them ends as the
//! capture directory's does: that head is the content's digest, whatever key sealed it and whatever version wrote it.

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

pub use cosign::add_signature;
pub use file_header::{FORMAT, is_archive};
pub use header::Header;
pub use writer::write;

/// A rule file as it stands in an archive: its name and its text.
pub type RuleFile = (String, Vec<u8>);

/// What of an archive does not stand: where in the file, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Damage {
    /// The byte at which the section begins.
    pub at: u64,
    /// Which section it is, and what is wrong with it.
    pub what: String,
}

impl Damage {
    fn new(at: u64, what: impl Into<String>) -> Damage {
        Damage { at, what: what.into() }
    }
}

/// Why something of an archive could not be read.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// The file system refused.
    Io(std::io::Error),
    /// It is not what was written.
    Damaged(Damage),
    /// It is more than is ever read: where, and what. The sentence says all there is to say.
    Excess(Damage),
    /// It is of a version that this one does not read.
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
