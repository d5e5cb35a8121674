//! The file header of an archive: sixteen bytes with a magic number, the format version, and a checksum over both, so
//! that a damaged version is not taken for a newer one.

use super::{Damage, Unreadable};
use crate::seal::Digest;

/// The version of the archive format. A newer reader reads this version; an older reader refuses newer versions.
pub(crate) const FORMAT: u32 = 1;

/// The first byte is not ASCII and the last one is a line end, so that a transfer in text mode is detected.
const MAGIC: [u8; 8] = *b"\x89PoScrt\n";

/// Its length in bytes.
pub(super) const BYTES: usize = 16;

/// The file header of this version.
pub(super) fn bytes() -> [u8; BYTES] {
    of_version(FORMAT)
}

/// The file header of a version.
pub(super) fn of_version(version: u32) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    let [magic @ .., _, _, _, _, _, _, _, _] = &mut bytes;
    magic.copy_from_slice(&MAGIC);
    let [_, _, _, _, _, _, _, _, number @ .., _, _, _, _] = &mut bytes;
    number.copy_from_slice(&version.to_be_bytes());
    let check = check(version);
    let [.., a, b, c, d] = &mut bytes;
    [*a, *b, *c, *d] = check;
    bytes
}

fn check(version: u32) -> [u8; 4] {
    let [a, b, c, d, ..] = Digest::of_all(&[&MAGIC, &version.to_be_bytes()]).0;
    [a, b, c, d]
}

/// Whether a file that begins with these bytes is an archive, possibly a damaged one.
pub(crate) fn is_archive(start: &[u8]) -> bool {
    let alike = MAGIC.iter().zip(start).filter(|(a, b)| a == b).count();
    alike >= MAGIC.len() - 1
}

/// Checks the file header.
pub(super) fn read(start: &[u8]) -> Result<(), Unreadable> {
    let damaged = |what: &str| Err(Damage::new(0, format!("the {BYTES}-byte file header {what}")).into());
    let Some((magic, rest)) = start.split_first_chunk::<8>() else { return damaged("is truncated") };
    let Some((version, rest)) = rest.split_first_chunk::<4>() else { return damaged("is truncated") };
    let Some((sum, _)) = rest.split_first_chunk::<4>() else { return damaged("is truncated") };
    let version = u32::from_be_bytes(*version);
    if *magic != MAGIC || *sum != check(version) {
        return damaged("is not that of an archive");
    }
    if version != FORMAT {
        return Err(Unreadable::Newer(version));
    }
    Ok(())
}
