//! The first sixteen bytes of an archive: what it is, which version of the format, and a check over both, so that a
//! damaged version is not taken for a newer one.

use super::{Damage, Unreadable};
use crate::seal::Digest;

/// The version of the archive's format. A reader of a newer version reads these; an older one refuses newer ones.
pub const FORMAT: u32 = 1;

/// The first byte is no ASCII and the last ones are line ends, so that a transfer as text shows at once.
const MAGIC: [u8; 8] = *b"\x89PoScrt\n";

/// How long it is.
pub(super) const BYTES: usize = 16;

/// The preamble of this version.
pub(super) fn bytes() -> [u8; BYTES] {
    of_version(FORMAT)
}

/// The preamble of a version.
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

/// Whether a file that begins with these bytes is an archive, be it a damaged one.
pub fn is_archive(start: &[u8]) -> bool {
    let alike = MAGIC.iter().zip(start).filter(|(a, b)| a == b).count();
    alike >= MAGIC.len() - 1
}

/// Checks the first bytes of a file.
pub(super) fn read(start: &[u8]) -> Result<(), Unreadable> {
    let damaged = |what: &str| Err(Damage::new(0, format!("its first {BYTES} bytes {what}")).into());
    let Some((magic, rest)) = start.split_first_chunk::<8>() else { return damaged("are not all there") };
    let Some((version, rest)) = rest.split_first_chunk::<4>() else { return damaged("are not all there") };
    let Some((sum, _)) = rest.split_first_chunk::<4>() else { return damaged("are not all there") };
    let version = u32::from_be_bytes(*version);
    if *magic != MAGIC || *sum != check(version) {
        return damaged("are not those that an archive begins with");
    }
    if version != FORMAT {
        return Err(Unreadable::Newer(version));
    }
    Ok(())
}
