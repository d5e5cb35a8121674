//! The ledger's lines: each is an entry and the digest of all up to it, so that altering, removing or moving one shows.
//!
//! A line is `{"chain":"<64 hex digits>","entry":<JSON>}` with a line break. Its digest is SHA-256 over the digest before it
//! (32 zero bytes at first) and the entry's JSON as it stands in the line. How many lines there must be, and the last
//! digest, stand in a file of their own, so that leaving out the last ones shows too, and so does adding some.

use super::super::date;
use super::{Entry, LedgerEvent};
use crate::seal::{ChainHead, Digest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const BEGIN: &str = "{\"chain\":\"";
const MIDDLE: &str = "\",\"entry\":";
const END: &str = "}";

/// A crash between the two writes leaves one line that the head does not count.
const MOST_UNCOUNTED: u64 = 1;

/// Lines that were read and hang together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// In their order.
    pub entries: Vec<Entry>,
    /// The digest of all.
    pub head: ChainHead,
    /// How many bytes the whole lines take.
    pub whole: usize,
    /// What stands after the last whole line: an entry whose writing was cut off.
    pub torn: Vec<u8>,
    /// The last line is whole but for its line break.
    pub unbroken: bool,
    /// Lines that the head does not count yet.
    pub uncounted: u64,
}

/// The head as its file holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadFile {
    count: u64,
    digest: String,
}

/// A line, with its break, and the head after it.
///
/// # Errors
/// Where the entry has no JSON, which no entry of text and numbers has.
pub fn line(entry: &Entry, before: ChainHead) -> Result<(String, ChainHead), String> {
    let json = serde_json::to_string(entry).map_err(|error| format!("an entry has no JSON: {error}"))?;
    let head = before.then(json.as_bytes());
    Ok((format!("{BEGIN}{}{MIDDLE}{json}{END}\n", head.digest), head))
}

/// The text of a head's file.
pub fn head_text(head: ChainHead) -> String {
    format!("{{\"count\":{},\"digest\":\"{}\"}}\n", head.count, head.digest)
}

/// Reads a head's file.
pub fn head_of(text: &str) -> Option<ChainHead> {
    let file: HeadFile = serde_json::from_str(text).ok()?;
    Some(ChainHead { count: file.count, digest: Digest::parse(&file.digest)? })
}

/// Reads the lines of a ledger and holds them against its head; `None` where there is no head.
///
/// # Errors
/// In words, with the line, where they do not hang together.
pub fn read(bytes: &[u8], counted: Option<ChainHead>) -> Result<Lines, String> {
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
            Err(_) => lines.torn = piece.to_vec(),
        }
    }
    let there = lines.head.count;
    let counted = match counted {
        Some(counted) => counted,
        None if bytes.is_empty() => ChainHead::default(),
        None => return Err("its head is missing, which says how many entries there must be".to_owned()),
    };
    if counted.count > there {
        let last = counted.count;
        return Err(format!("line {}: there must be {last} entries, and {there} are there", there.saturating_add(1)));
    }
    let then = usize::try_from(counted.count).ok().and_then(|at| heads.get(at));
    if then.is_none_or(|head| head.digest != counted.digest) {
        return Err(format!("line {}: its digest is not the one that the head has", counted.count.max(1)));
    }
    lines.uncounted = there.saturating_sub(counted.count);
    if lines.uncounted > MOST_UNCOUNTED {
        let (line, counted) = (counted.count.saturating_add(2), counted.count);
        return Err(format!(
            "line {line}: the head counts {counted} entries, and {there} are there, more than a crash explains"
        ));
    }
    Ok(lines)
}

/// The entry of a line, and the head after it.
fn entry(line: &[u8], before: ChainHead, number: u64) -> Result<(Entry, ChainHead), String> {
    let text = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
    let parts = text.strip_prefix(BEGIN).and_then(|rest| rest.split_once(MIDDLE));
    let parts = parts.and_then(|(chain, rest)| Some((chain, rest.strip_suffix(END)?)));
    let (chain, json) = parts.ok_or_else(|| "it is no entry".to_owned())?;
    let head = before.then(json.as_bytes());
    if head.digest.to_string() != chain {
        return Err("its digest does not fit: it was altered, or one before it removed, added or moved".to_owned());
    }
    let entry: Entry = serde_json::from_str(json).map_err(|error| format!("it is no entry ({error})"))?;
    if entry.number != number {
        return Err(format!("it is entry {}", entry.number));
    }
    if !date::is_moment(&entry.entered) {
        return Err("its date is none".to_owned());
    }
    Ok((entry, head))
}

/// Whether an act can come after what is `known`: certificates by id, and whether they were revoked. What is revoked was
/// given, and each happens once.
fn in_place(known: &mut BTreeMap<String, bool>, act: &LedgerEvent) -> Result<(), String> {
    match act {
        LedgerEvent::Issued(new) if known.contains_key(&new.id) => Err(format!("{} was given before", new.id)),
        LedgerEvent::Issued(new) => {
            known.insert(new.id.clone(), false);
            Ok(())
        }
        LedgerEvent::Revoked(new) => match known.insert(new.id.clone(), true) {
            None => Err(format!("{} was never given", new.id)),
            Some(true) => Err(format!("{} was revoked before", new.id)),
            Some(false) => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests;
