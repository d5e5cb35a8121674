//! HAR 1.2 files of any maker (browsers, mitmproxy, hand-made) as records. HAR is a view, never the store: what it
//! cannot say stands in `_poscert` or is not known.
//!
//! `startedDateTime` + `time` is the end of the answer; response status 0 is a call that got no answer. Secrets are
//! replaced on the way in, under a key made of the file's bytes.

mod body;
mod entry;
pub mod export;
pub mod extra;
mod model;
mod time;

#[cfg(test)]
mod makers;
#[cfg(test)]
mod tests;

use super::error::{CaptureError, Trouble};
use super::record::{Body, Exchange, FORMAT, Kept, Record};
use super::redact::Redactor;
use crate::api::{Place, Route};
use crate::seal::Key;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use time::Started;

/// What was read from a HAR file.
pub(super) struct Read {
    /// Exchanges in number order, after the other records.
    pub records: Vec<Record>,
    /// Numbers of entries that are no calls of the API, in order.
    pub left_out: Vec<u64>,
    /// See [`super::Capture::resolution_us`].
    pub resolution_us: u64,
    /// What a reader must know.
    pub remarks: Vec<String>,
}

/// Reads a HAR file's bytes; `path` is for the sentences.
pub(super) fn read(path: &Path, bytes: Vec<u8>) -> Result<Read, CaptureError> {
    let name = path.display();
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let file: model::File = serde_json::from_slice(text).map_err(|error| not_har(path, text, &error))?;
    let wrong = |number: usize, words: &str| {
        let sentence = format!("{name}: entry {}: {words}; export it again, or mend that entry", number + 1);
        CaptureError::new(Trouble::Damaged, sentence)
    };
    let redactor = Redactor::new(Key::derived("poscert har", &bytes));
    // A large file is held once: as text, as entries, or as exchanges.
    drop(bytes);
    let maker = file.log.creator.and_then(|creator| creator.name).unwrap_or_default();
    let (entries, extra) = (file.log.entries, file.log.extra.unwrap_or_default());
    if extra.format > FORMAT {
        let sentence = format!(
            "{name} holds _poscert of format {}, this version reads {FORMAT}: use a newer poscert",
            extra.format
        );
        return Err(CaptureError::new(Trouble::Unsupported, sentence));
    }
    let mut started = Vec::with_capacity(entries.len());
    for (at, entry) in entries.iter().enumerate() {
        let moment = time::parse(&entry.started);
        started.push(
            moment.ok_or_else(|| {
                wrong(at, &format!("startedDateTime {:?} is not a time", entry::clip(&entry.started)))
            })?,
        );
    }
    let numbers = numbers(&entries, &started).map_err(|(at, words)| wrong(at, &words))?;
    let first = first_moments(&entries, &started);
    let redactor = if extra.redacted { redactor.for_own() } else { redactor };
    let cached = entries.iter().zip(&numbers).filter(|(entry, _)| entry.from_cache.is_some());
    let cached: BTreeSet<u64> = cached.map(|(_, number)| *number).collect();
    let mut exchanges = Vec::with_capacity(entries.len());
    for (at, (entry, moment)) in entries.into_iter().zip(&started).enumerate() {
        let run = entry.extra.as_ref().map_or(0, |extra| extra.run);
        let since = moment.wall_us.saturating_sub(first.get(&run).copied().unwrap_or(moment.wall_us));
        let base = extra.first_heads.get(&run).copied().unwrap_or(0);
        let head = base.saturating_add(u64::try_from(since).unwrap_or(0));
        let mut exchange = entry::exchange(&entry, &maker, *moment, head).map_err(|words| wrong(at, &words))?;
        exchange.number = numbers.get(at).copied().unwrap_or(0);
        exchanges.push(redactor.exchange(exchange));
    }
    exchanges.sort_by_key(|exchange| exchange.number);
    let is_own = extra.redacted;
    let (calls, others) = if is_own { (exchanges, Vec::new()) } else { calls_of_the_api(exchanges, &cached) };
    let digits = started.iter().map(|moment| moment.digits).max().unwrap_or(6);
    let resolution_us = if is_own { extra.resolution_us.max(1) } else { time::resolution_us(digits) };
    let mut remarks = remarks(&calls, others.len());
    if started.iter().any(|moment| !moment.has_offset) {
        remarks.push("times without an offset from UTC were taken as UTC".to_owned());
    }
    if resolution_us >= 1_000_000 && !started.is_empty() {
        remarks.push(
            "the times of the HAR are whole seconds: gaps between calls are known no better than that".to_owned(),
        );
    }
    let others_than_exchanges = |record: Record| match record {
        Record::Exchange(_) => None,
        Record::Connection(event) => Some(Record::Connection(redactor.connection(event))),
        other => Some(other),
    };
    let mut records: Vec<Record> = extra.records.into_iter().filter_map(others_than_exchanges).collect();
    records.extend(calls.into_iter().map(|exchange| Record::Exchange(Box::new(exchange))));
    Ok(Read { records, left_out: others.iter().map(|exchange| exchange.number).collect(), resolution_us, remarks })
}

/// What a HAR does not show of the calls in it.
fn remarks(calls: &[Exchange], left_out: usize) -> Vec<String> {
    let mut remarks = Vec::new();
    if left_out > 0 {
        remarks.push(format!("{left_out} entries of the HAR are no calls of the API and were left out"));
    }
    let hidden = |body: &Body| matches!(body.kept, Kept::Unknown | Kept::Digest);
    let bodies = calls.iter().flat_map(|call| [Some(&call.request.body), call.answer.as_ref().map(|a| &a.body)]);
    let bodies = bodies.flatten().filter(|body| hidden(body)).count();
    if bodies > 0 {
        remarks.push(format!("{bodies} bodies are not in the HAR: what they would show is not judged"));
    }
    let untimed = calls.iter().filter(|call| call.end.untimed).count();
    if untimed > 0 {
        let what = "how long a call lasted, and whether it was a time-out, is not judged where the HAR leaves it out";
        remarks.push(format!("{what}: {untimed} of {} calls", calls.len()));
    }
    remarks
}

fn not_har(path: &Path, text: &[u8], error: &serde_json::Error) -> CaptureError {
    let name = path.display();
    // Whether it is JSON at all says more than where it stopped to be a HAR.
    let broken = serde_json::from_slice::<serde::de::IgnoredAny>(text).err();
    let (trouble, sentence) = match (text.iter().find(|b| !b.is_ascii_whitespace()), broken) {
        (None, _) => {
            (Trouble::NotACapture, format!("{name} is empty: name a capture directory, a sealed archive or a HAR file"))
        }
        (Some(b'{'), Some(broken)) => {
            (Trouble::Damaged, format!("{name} is cut off or broken JSON: {broken}; export it again"))
        }
        (Some(b'{'), None) => {
            (Trouble::Damaged, format!("{name} is not a HAR 1.2 file: {error}; export it again, or mend that place"))
        }
        (Some(_), _) => {
            let what = "neither a capture directory nor a HAR file (JSON with log.entries)";
            (Trouble::NotACapture, format!("{name} is no capture: {what}; name one of these"))
        }
    };
    CaptureError::new(trouble, sentence)
}

/// The number of each entry: its own where all have one, else by time, ties by place in the file.
fn numbers(entries: &[model::Entry], started: &[Started]) -> Result<Vec<u64>, (usize, String)> {
    let own: Option<Vec<u64>> = entries.iter().map(|entry| entry.extra.as_ref()?.number).collect();
    if let Some(own) = own {
        let mut seen = BTreeSet::new();
        for (at, &number) in own.iter().enumerate() {
            if number == 0 || !seen.insert(number) {
                return Err((at, format!("_poscert.number {number} stands twice or is none")));
            }
        }
        return Ok(own);
    }
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|&at| started.get(at).map(|moment| (moment.wall_us, moment.nanos)));
    let mut numbers = vec![0; entries.len()];
    for (number, at) in (1_u64..).zip(order) {
        if let Some(place) = numbers.get_mut(at) {
            *place = number;
        }
    }
    Ok(numbers)
}

/// The earliest moment of each run; a HAR from elsewhere is one run, 0.
fn first_moments(entries: &[model::Entry], started: &[Started]) -> BTreeMap<u32, i64> {
    let mut first = BTreeMap::new();
    for (entry, moment) in entries.iter().zip(started) {
        let run = entry.extra.as_ref().map_or(0, |extra| extra.run);
        let earliest: &mut i64 = first.entry(run).or_insert(moment.wall_us);
        *earliest = moment.wall_us.min(*earliest);
    }
    first
}

/// A browser's HAR holds whatever it loaded. Calls of the API are those to hosts that are ever asked for something of
/// it, without the browser's own questions before them (CORS preflights) and what its cache answered.
fn calls_of_the_api(exchanges: Vec<Exchange>, cached: &BTreeSet<u64>) -> (Vec<Exchange>, Vec<Exchange>) {
    let of_api = exchanges.iter().filter(|exchange| asks_the_api(exchange));
    let hosts: BTreeSet<String> = of_api.map(|exchange| exchange.request.authority.clone()).collect();
    exchanges.into_iter().partition(|exchange| {
        let preflight = exchange.request.method.eq_ignore_ascii_case("OPTIONS")
            && exchange.request.values("access-control-request-method").next().is_some();
        hosts.contains(&exchange.request.authority) && !preflight && !cached.contains(&exchange.number)
    })
}

fn asks_the_api(exchange: &Exchange) -> bool {
    let route = Route::of(&exchange.request.method, &exchange.request.target);
    route.place != Place::Unknown || route.path.contains("/v10/") || route.path.ends_with("/v10")
}
