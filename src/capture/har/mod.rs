//! HAR 1.2 files of any producer (browsers, mitmproxy, hand-made) as records. HAR is an exchange format, never the
//! store: what it has no field for is in `_poscert` or unknown.
//!
//! `startedDateTime` + `time` is the end of the response; response status 0 means that there was no response. Secrets
//! are replaced on reading, under a key derived from the file's bytes.

mod body;
mod container;
mod entry;
pub mod export;
pub mod extension;
pub(crate) mod masks;
mod message;
mod model;
mod order;
mod remarks;
mod repair;
mod shown;
mod timings;

#[cfg(test)]
mod producer_tests;
#[cfg(test)]
mod tests;

use super::error::{CaptureError, CaptureErrorKind};
use super::record::{Exchange, FORMAT, Record};
use super::redact::Redactor;
use crate::profile::{Place, Profile};
use crate::seal::Key;
use body::EntryContext;
use model::Outline;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use timings::EntryStart;

/// The content of a HAR file.
pub(super) struct Read {
    /// Exchanges in number order, after the other records.
    pub records: Vec<Record>,
    /// Numbers of entries that are not API calls, in order.
    pub left_out: Vec<u64>,
    /// Whether no entry that may be an API call is hidden.
    pub is_whole: bool,
    /// See [`super::Capture::resolution_us`].
    pub resolution_us: u64,
    /// See [`super::Capture::lasted_us`].
    pub lasted_us: u64,
    /// See [`super::Capture::ties`].
    pub ties: Vec<Vec<usize>>,
    /// Remarks for the reader.
    pub remarks: Vec<String>,
}

/// An entry, classified as an API call or not.
struct Sorted<'a> {
    text: &'a str,
    kind: Kind,
    started: Option<EntryStart>,
    /// The text of `startedDateTime`, for an error message.
    said: String,
    run: u32,
    number: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Call,
    Other,
    /// Its URL cannot be parsed.
    Unreadable,
    /// Its URL or method is masked or missing: it may be a call.
    Hidden,
}

/// Reads the bytes of a HAR file with calls of this API; `path` is used in messages, and at most `limit` bytes are
/// decompressed.
pub(super) fn read(path: &Path, bytes: Vec<u8>, limit: u64, profile: &Profile) -> Result<Read, CaptureError> {
    let name = path.display();
    let container::Unpacked { text, mut files } = container::unpack(path, bytes, limit)?;
    let file: model::File = serde_json::from_slice(&text).map_err(|error| not_har(path, &text, &error))?;
    let wrong = |at: usize, words: &str| {
        let sentence = format!("{name}: entry {}: {words}; export it again or fix that entry", at + 1);
        CaptureError::new(CaptureErrorKind::Damaged, sentence)
    };
    let redactor = Redactor::new(Key::derived("poscert har", &text));
    let maker = file.log.maker().to_owned();
    let extra = file.log.extra.unwrap_or_default();
    if extra.format > FORMAT {
        let sentence = format!(
            "{name} has _poscert format {}, but this version reads format {FORMAT}: use a newer poscert",
            extra.format
        );
        return Err(CaptureError::new(CaptureErrorKind::Unsupported, sentence));
    }
    let is_own = extra.redacted;
    let redactor = if is_own { redactor.for_own() } else { redactor };
    let mut credentials = shown::Credentials::by(&maker);
    let mut entries = sorted(&file.log.entries, is_own, &mut credentials, profile);
    for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.kind == Kind::Call) {
        if entry.started.is_none() {
            return Err(wrong(at, &format!("startedDateTime {} is not a time", entry.said)));
        }
    }
    let begun: Vec<EntryStart> = entries.iter().filter(|e| e.kind == Kind::Call).filter_map(|e| e.started).collect();
    let mut clock = timings::ClockResolution::of(&begun);
    let mut calls = Vec::new();
    let first = first_moments(&entries);
    for (at, sorted) in entries.iter_mut().enumerate().filter(|(_, entry)| entry.kind == Kind::Call) {
        let text = repair::mend(sorted.text);
        let entry: model::Entry = serde_json::from_str(&text).map_err(|error| wrong(at, &error.to_string()))?;
        let Some(moment) = sorted.started else { continue };
        let since = moment.wall_us.saturating_sub(first.get(&sorted.run).copied().unwrap_or(moment.wall_us));
        let base = extra.first_heads.get(&sorted.run).copied().unwrap_or(0);
        let head = base.saturating_add(u64::try_from(since).unwrap_or(0));
        let mended = matches!(text, std::borrow::Cow::Owned(_));
        let mut beside = EntryContext { profile, maker: &maker, files: &mut files, mended, is_own };
        let exchange = entry::exchange(&entry, &mut beside, moment, head).map_err(|words| wrong(at, &words))?;
        clock.lasted(entry.time);
        calls.push((at, redactor.exchange(exchange)));
    }
    let resolution_us = if is_own { extra.resolution_us.max(1) } else { clock.begin_us() };
    let lasted_us = if is_own { extra.lasted_us.max(1) } else { clock.lasted_us() };
    let order = numbers(&entries, clock.padded_us()).map_err(|(at, words)| wrong(at, &words))?;
    let number = |at: usize| order.numbers.get(at).copied().unwrap_or(0);
    let mut calls: Vec<Exchange> =
        calls.into_iter().map(|(at, exchange)| Exchange { number: number(at), ..exchange }).collect();
    calls.sort_by_key(|exchange| exchange.number);
    if !is_own {
        credentials.apply(&mut calls, profile);
    }
    let numbers_of = |kind: Kind| {
        let some = entries.iter().enumerate().filter(|(_, entry)| entry.kind == kind);
        let mut numbers: Vec<u64> = some.map(|(at, _)| number(at)).collect();
        numbers.sort_unstable();
        numbers
    };
    let (others, unreadable, hidden) =
        (numbers_of(Kind::Other), numbers_of(Kind::Unreadable), numbers_of(Kind::Hidden));
    let mut all = remarks::of(&calls);
    if !order.ties.is_empty() {
        let tied: Vec<u64> = order.ties.iter().flatten().copied().collect();
        all.push(format!(
            "the order of {} calls ({}) is unknown, because their times are too close and the file is not sorted by \
             time: requirements that depend on it are not exercised",
            tied.len(),
            remarks::listed(&tied)
        ));
    }
    if !others.is_empty() {
        all.push(format!("{} entries of the HAR are not API calls and were skipped", others.len()));
    }
    let which = |kind: Kind| {
        let places: Vec<u64> = (1_u64..).zip(&entries).filter(|(_, e)| e.kind == kind).map(|(at, _)| at).collect();
        remarks::listed(&places)
    };
    if !unreadable.is_empty() {
        let (count, which) = (unreadable.len(), which(Kind::Unreadable));
        all.push(format!("{count} entries of the HAR have an unreadable URL and were skipped: {which}"));
    }
    if !hidden.is_empty() {
        let (count, which) = (hidden.len(), which(Kind::Hidden));
        all.push(format!(
            "{count} entries of the HAR may be API calls, but their URL or method is masked or missing: {which}; the \
             capture is incomplete"
        ));
    }
    if begun.iter().any(|moment| !moment.has_offset) {
        all.push("times without a UTC offset were read as UTC".to_owned());
    }
    if resolution_us > 1000 && !begun.is_empty() {
        let step = timings::in_words(resolution_us);
        all.push(format!(
            "the times of the HAR have a resolution of {step}: pauses between calls are not known more precisely"
        ));
    }
    if lasted_us > 1000 {
        let step = timings::in_words(lasted_us);
        all.push(format!("the durations of the HAR have a resolution of {step}: they are not known more precisely"));
    }
    let place = |number: &u64| calls.binary_search_by_key(number, |exchange| exchange.number).ok();
    let ties = order.ties.iter().map(|group| group.iter().filter_map(place).collect()).collect();
    let others_than_exchanges = |record: Record| match record {
        Record::Exchange(_) => None,
        Record::Connection(event) => Some(Record::Connection(redactor.connection(event))),
        other => Some(other),
    };
    let mut records: Vec<Record> = extra.records.into_iter().filter_map(others_than_exchanges).collect();
    records.extend(calls.into_iter().map(|exchange| Record::Exchange(Box::new(exchange))));
    let mut left_out = others;
    left_out.extend(unreadable);
    let is_whole = hidden.is_empty();
    left_out.extend(hidden);
    left_out.sort_unstable();
    Ok(Read { records, left_out, is_whole, resolution_us, lasted_us, ties, remarks: all })
}

/// Classifies the entries. A browser's HAR file contains everything that it loaded. API calls are the requests to
/// hosts that receive at least one request for an API path, except CORS preflights and responses from the browser's
/// cache. Other entries need not be valid HAR.
fn sorted<'a>(
    entries: &[&'a serde_json::value::RawValue],
    is_own: bool,
    credentials: &mut shown::Credentials,
    profile: &Profile,
) -> Vec<Sorted<'a>> {
    let mut all = Vec::with_capacity(entries.len());
    let mut hosts = BTreeSet::new();
    let mut places = Vec::with_capacity(entries.len());
    for raw in entries {
        let outline: Outline = serde_json::from_str(&repair::mend(raw.get())).unwrap_or_default();
        credentials.see(outline.headers());
        let (method, url) = (outline.of_request("method"), outline.of_request("url"));
        let place = entry::place(url).or_else(|| entry::within_the_browser(url));
        let asks = place.as_ref().map_or(url, |place| place.target.as_str());
        let asks = is_of_the_api(profile, method, asks);
        let authority = place.map(|place| place.authority);
        hosts.extend(authority.clone().filter(|_| asks));
        // Only the response to a GET or HEAD comes from a cache.
        let is_read = ["GET", "HEAD"].iter().any(|read| method.eq_ignore_ascii_case(read));
        let beside = (outline.is_cached() && is_read) || is_preflight(&outline, method);
        let is_hidden = |text: &str| text.trim().is_empty() || masks::is_mask(text);
        places.push((authority, asks, beside, (is_hidden(url), is_hidden(method))));
        let said = outline.started.to_string();
        all.push(Sorted {
            text: raw.get(),
            kind: Kind::Other,
            started: outline.started.as_str().and_then(timings::parse),
            said: entry::clip(&said),
            run: outline
                .extra
                .get("run")
                .and_then(serde_json::Value::as_u64)
                .and_then(|run| u32::try_from(run).ok())
                .unwrap_or(0),
            number: outline.number(),
        });
    }
    for (entry, (authority, asks, beside, (hides_url, hides_method))) in all.iter_mut().zip(places) {
        let is_of_host = asks || authority.as_ref().is_some_and(|authority| hosts.contains(authority));
        entry.kind = match authority {
            _ if is_own => Kind::Call,
            _ if beside => Kind::Other,
            Some(_) if hides_method && is_of_host => Kind::Hidden,
            Some(authority) if hosts.contains(&authority) => Kind::Call,
            // The host may be that of the API.
            Some(authority) if masks::is_mask_in_url(&authority) => Kind::Hidden,
            Some(_) => Kind::Other,
            // An API path with an unreadable host must not be ignored.
            None if asks => Kind::Call,
            None if hides_url => Kind::Hidden,
            None => Kind::Unreadable,
        };
    }
    all
}

fn is_of_the_api(profile: &Profile, method: &str, target: &str) -> bool {
    let route = profile.route(method, target);
    route.place != Place::Unknown || profile.is_below_base(&route.path)
}

/// Whether this is a CORS preflight.
fn is_preflight(outline: &Outline, method: &str) -> bool {
    let asks = |(name, _): (&str, &str)| name.eq_ignore_ascii_case("access-control-request-method");
    let headers = outline.request.get("headers").and_then(serde_json::Value::as_array);
    let no_headers = headers.is_none_or(Vec::is_empty);
    let says = outline.resource_type == "preflight" || no_headers || outline.headers().any(asks);
    method.eq_ignore_ascii_case("OPTIONS") && says
}

fn not_har(path: &Path, text: &[u8], error: &serde_json::Error) -> CaptureError {
    let name = path.display();
    // An error about invalid JSON is more helpful than one about the HAR structure.
    let broken = serde_json::from_slice::<serde::de::IgnoredAny>(text).err();
    let (error_kind, sentence) = match (text.iter().find(|b| !b.is_ascii_whitespace()), broken) {
        (None, _) => (
            CaptureErrorKind::NotACapture,
            format!("{name} is empty; pass a capture directory, a signed archive or a HAR file"),
        ),
        (Some(b'{'), Some(broken)) => {
            (CaptureErrorKind::Damaged, format!("{name} is truncated or invalid JSON: {broken}; export it again"))
        }
        (Some(b'{'), None) => (
            CaptureErrorKind::Damaged,
            format!("{name} is not a HAR 1.2 file: {error}; export it again or fix that place"),
        ),
        (Some(_), _) => {
            let expected = "expected a capture directory, a signed archive (.poscert) or a HAR file";
            (CaptureErrorKind::NotACapture, format!("{name} is not a capture: {expected}"))
        }
    };
    CaptureError::new(error_kind, sentence)
}

/// The number of each entry: its own if all have one, else by time.
fn numbers(entries: &[Sorted], padded_us: u64) -> Result<order::Order, (usize, String)> {
    let own: Option<Vec<u64>> = entries.iter().map(|entry| entry.number).collect();
    if let Some(own) = own.filter(|own| !own.is_empty()) {
        let mut seen = BTreeSet::new();
        for (at, &number) in own.iter().enumerate() {
            if number == 0 || !seen.insert(number) {
                return Err((at, format!("_poscert.number {number} is duplicated or zero")));
            }
        }
        return Ok(order::Order { numbers: own, ties: Vec::new() });
    }
    let step = |moment: EntryStart| moment.resolution_us().max(padded_us);
    let moment = |entry: &Sorted| order::Moment {
        started: entry.started,
        step_us: entry.started.map_or(padded_us, step),
        is_call: entry.kind == Kind::Call,
    };
    Ok(order::of(&entries.iter().map(moment).collect::<Vec<_>>()))
}

/// The earliest time of each run; a HAR file of another program is one run, 0.
fn first_moments(entries: &[Sorted]) -> BTreeMap<u32, i64> {
    let mut first = BTreeMap::new();
    for entry in entries {
        let Some(moment) = entry.started else { continue };
        let earliest: &mut i64 = first.entry(entry.run).or_insert(moment.wall_us);
        *earliest = moment.wall_us.min(*earliest);
    }
    first
}
