//! The hash chain of the ledger: altering, removing, adding or moving a line is detected.
//!
//! A line is `{"chain":"<64 hex digits>","entry":<JSON>}` with a line break. Its digest is SHA-256 over the digest of
//! the previous line (32 zero bytes for the first) and the exact JSON of the entry. A separate head file holds the
//! number of lines and the last digest, which detects lines that are removed from or added at the end.

use super::super::date;
use super::{Entry, LedgerEvent};
use crate::seal::{ChainHead, Digest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const BEGIN: &str = "{\"chain\":\"";
const MIDDLE: &str = "\",\"entry\":";
const END: &str = "}";

/// A crash between the two writes leaves one line that the head file does not count.
const MOST_UNCOUNTED: u64 = 1;

/// The lines of a ledger whose chain is intact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    /// The entries, in order.
    pub entries: Vec<Entry>,
    /// The chain head after the last entry.
    pub head: ChainHead,
    /// The length of the complete lines, in bytes.
    pub whole: usize,
    /// The bytes after the last complete line: an incomplete entry.
    pub truncated: Vec<u8>,
    /// The last line is complete except for its line break.
    pub unbroken: bool,
    /// The number of lines that the head file does not count yet.
    pub uncounted: u64,
}

/// The content of a head file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadFile {
    count: u64,
    digest: String,
}

/// The line of an entry, with its line break, and the chain head after it.
///
/// # Errors
/// The entry cannot be serialized, which does not happen with text and numbers.
pub(crate) fn line(entry: &Entry, before: ChainHead) -> Result<(String, ChainHead), String> {
    let json = serde_json::to_string(entry).map_err(|error| format!("cannot serialize a ledger entry: {error}"))?;
    let head = before.then(json.as_bytes());
    Ok((format!("{BEGIN}{}{MIDDLE}{json}{END}\n", head.digest), head))
}

/// The content of a head file.
pub(crate) fn head_text(head: ChainHead) -> String {
    format!("{{\"count\":{},\"digest\":\"{}\"}}\n", head.count, head.digest)
}

/// Parses a head file.
pub(crate) fn head_of(text: &str) -> Option<ChainHead> {
    let file: HeadFile = serde_json::from_str(text).ok()?;
    Some(ChainHead { count: file.count, digest: Digest::parse(&file.digest)? })
}

/// Parses the lines of a ledger and checks them against its head file; `counted` is `None` if there is no head file.
///
/// # Errors
/// The ledger is damaged; the message names the line.
pub(crate) fn read(bytes: &[u8], counted: Option<ChainHead>) -> Result<Lines, String> {
    let mut lines = Lines::default();
    let mut heads = vec![lines.head];
    let mut known = BTreeMap::new();
    for (piece, number) in bytes.split_inclusive(|&b| b == b'\n').zip(1_u64..) {
        let (text, broken) = match piece.strip_suffix(b"\n") {
            Some(text) => (text, true),
            None => (piece, false),
        };
        match entry(text, lines.head, number) {
            Ok((entry, head)) => {
                in_place(&mut known, &entry.act).map_err(|why| format!("line {number}: {why}"))?;
                lines.entries.push(entry);
                lines.head = head;
                lines.whole = lines.whole.saturating_add(piece.len());
                lines.unbroken = !broken;
                heads.push(head);
            }
            Err(why) if broken => return Err(format!("line {number}: {why}")),
            Err(_) => lines.truncated = piece.to_vec(),
        }
    }
    let there = lines.head.count;
    let counted = match counted {
        Some(counted) => counted,
        None if bytes.is_empty() => ChainHead::default(),
        None => return Err("the head file is missing".to_owned()),
    };
    if counted.count > there {
        let last = counted.count;
        return Err(format!("line {}: expected {last} entries, found {there}", there.saturating_add(1)));
    }
    let then = usize::try_from(counted.count).ok().and_then(|at| heads.get(at));
    if then.is_none_or(|head| head.digest != counted.digest) {
        return Err(format!("line {}: the digest does not match the head file", counted.count.max(1)));
    }
    lines.uncounted = there.saturating_sub(counted.count);
    if lines.uncounted > MOST_UNCOUNTED {
        let (line, counted) = (counted.count.saturating_add(2), counted.count);
        return Err(format!(
            "line {line}: the head file counts {counted} entries, found {there}, more than a crash explains"
        ));
    }
    Ok(lines)
}

/// The entry of a line, and the chain head after it.
fn entry(line: &[u8], before: ChainHead, number: u64) -> Result<(Entry, ChainHead), String> {
    let text = std::str::from_utf8(line).map_err(|_| "not UTF-8".to_owned())?;
    let parts = text.strip_prefix(BEGIN).and_then(|rest| rest.split_once(MIDDLE));
    let parts = parts.and_then(|(chain, rest)| Some((chain, rest.strip_suffix(END)?)));
    let (chain, json) = parts.ok_or_else(|| "not a ledger entry".to_owned())?;
    let head = before.then(json.as_bytes());
    if head.digest.to_string() != chain {
        return Err("digest mismatch: this entry was altered, or an earlier one removed, added or moved".to_owned());
    }
    let entry: Entry = serde_json::from_str(json).map_err(|error| format!("not a ledger entry ({error})"))?;
    if entry.number != number {
        return Err(format!("expected entry {number}, found entry {}", entry.number));
    }
    if !date::is_moment(&entry.entered) {
        return Err("invalid date".to_owned());
    }
    Ok((entry, head))
}

/// Checks that an event can follow the `known` ones: certificates by id, and whether they are revoked. A certificate is
/// issued once, and revoked at most once after that.
fn in_place(known: &mut BTreeMap<String, bool>, act: &LedgerEvent) -> Result<(), String> {
    match act {
        LedgerEvent::Issued(new) if known.contains_key(&new.id) => Err(format!("{} was already issued", new.id)),
        LedgerEvent::Issued(new) => {
            known.insert(new.id.clone(), false);
            Ok(())
        }
        LedgerEvent::Revoked(new) => match known.insert(new.id.clone(), true) {
            None => Err(format!("{} was never issued", new.id)),
            Some(true) => Err(format!("{} was already revoked", new.id)),
            Some(false) => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests;
