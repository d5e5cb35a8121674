//! Export of a capture as a HAR 1.2 file: valid for other tools, with `_poscert` fields so that reading it back gives
//! the same records.

use super::extension::{EntryExtra, LogExtra};
use crate::capture::Capture;
use crate::capture::content_encoding;
use crate::capture::error::{CaptureError, CaptureErrorKind};
use crate::capture::record::{Answer, Body, BodyRetention, Exchange, FORMAT, Header, Record, Request, values};
use crate::capture::strip_bodies::strip_bodies;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::{Number, Value, json};
use std::collections::BTreeMap;
use std::io::Write;

/// Writes a capture as HAR, one entry at a time. The output depends only on the capture and this version.
///
/// # Errors
/// If the capture cannot be read or `out` cannot be written.
pub fn write(capture: &Capture, out: &mut impl Write) -> Result<(), CaptureError> {
    write_with(capture, |_| {}, out)
}

/// As [`write()`], with the length and keyed digest instead of each body.
///
/// # Errors
/// As [`write()`].
pub fn write_stripped(capture: &Capture, out: &mut impl Write) -> Result<(), CaptureError> {
    write_with(capture, strip_bodies, out)
}

fn write_with(capture: &Capture, change: fn(&mut Exchange), out: &mut impl Write) -> Result<(), CaptureError> {
    let creator = json!({"name": "poscert", "version": env!("CARGO_PKG_VERSION")});
    line(out, &format!("{{\"log\":{{\"version\":\"1.2\",\"creator\":{creator},\"entries\":["))?;
    let mut extra = LogExtra {
        format: FORMAT,
        redacted: true,
        resolution_us: capture.resolution_us,
        lasted_us: capture.lasted_us,
        ..LogExtra::default()
    };
    let mut run_walls = BTreeMap::new();
    let mut first = true;
    for record in capture.records()? {
        let mut exchange = match record? {
            Record::Exchange(exchange) => exchange,
            other => {
                if let Record::RunStart(start) = &other {
                    run_walls.insert(start.run, start.wall_us);
                }
                extra.records.push(other);
                continue;
            }
        };
        change(&mut exchange);
        let head = extra.first_heads.entry(exchange.run).or_insert(exchange.times.request_head);
        *head = exchange.times.request_head.min(*head);
        let entry = entry(&exchange, run_walls.get(&exchange.run).copied());
        line(out, &format!("{}{entry}", if first { "" } else { "," }))?;
        first = false;
    }
    let extra = serde_json::to_string(&extra).map_err(|error| failed(&error.to_string()))?;
    line(out, &format!("],\"_poscert\":{extra}}}}}"))?;
    out.flush().map_err(|error| failed(&error.to_string()))
}

fn line(out: &mut impl Write, text: &str) -> Result<(), CaptureError> {
    writeln!(out, "{text}").map_err(|error| failed(&error.to_string()))
}

fn failed(words: &str) -> CaptureError {
    CaptureError::new(CaptureErrorKind::Io, format!("cannot write the HAR: {words}; check the output path"))
}

/// Times within a run come from its monotonic clock, so intervals between entries are exact even if the wall clock
/// was adjusted.
fn entry(exchange: &Exchange, run_wall_us: Option<i64>) -> Value {
    let since = i64::try_from(exchange.times.request_head).unwrap_or(i64::MAX);
    let started = run_wall_us.map_or(exchange.wall_us, |wall| wall.saturating_add(since));
    let started = jiff::Timestamp::from_microsecond(started).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let took = ms(exchange.duration_us());
    let mut extra = serde_json::to_value(EntryExtra::of(exchange)).unwrap_or_default();
    let undelivered = exchange.answer.as_ref().filter(|_| exchange.status().is_none());
    if let Some(undelivered) = undelivered {
        extra["undelivered"] = answer(undelivered);
    }
    json!({
        "startedDateTime": started.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string(),
        "time": took,
        "request": request(&exchange.request),
        "response": match &exchange.answer {
            Some(delivered) if undelivered.is_none() => answer(delivered),
            _ => no_answer(&exchange.end.detail),
        },
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        "_poscert": extra,
    })
}

/// Microseconds as milliseconds, exactly.
fn ms(us: u64) -> Value {
    let text = format!("{}.{:03}", us / 1000, us % 1000);
    text.parse::<Number>().map_or_else(|_| json!(us / 1000), Value::Number)
}

fn request(request: &Request) -> Value {
    let target = &request.target;
    let url = match target.starts_with('/') {
        true => format!("{}://{}{target}", request.scheme, request.authority),
        false if target.contains("://") => target.clone(),
        false => format!("{}://{}/{target}", request.scheme, request.authority),
    };
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let mut object = json!({
        "method": request.method,
        "url": url,
        "httpVersion": request.version,
        "cookies": [],
        "headers": headers(&request.headers),
        "queryString": query.split('&').filter(|pair| !pair.is_empty()).map(parameter).collect::<Vec<_>>(),
        "headersSize": -1,
        "bodySize": request.body.length,
    });
    if !request.body.bytes.is_empty() {
        let (text, encoding, _) = text(&request.body, &request.headers);
        object["postData"] = json!({"mimeType": mime(&request.headers), "text": text});
        if let Some(encoding) = encoding {
            object["postData"]["encoding"] = encoding.into();
        }
    }
    object
}

fn parameter(pair: &str) -> Value {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    json!({"name": decoded(name), "value": decoded(value)})
}

fn answer(answer: &Answer) -> Value {
    let mut content = json!({"mimeType": mime(&answer.headers)});
    if answer.body.bytes.is_empty() {
        content["size"] = answer.body.length.into();
    } else {
        let (text, encoding, size) = text(&answer.body, &answer.headers);
        content["size"] = size.into();
        content["text"] = text.into();
        if let Some(encoding) = encoding {
            content["encoding"] = encoding.into();
        }
    }
    json!({
        "status": answer.status,
        "statusText": answer.reason,
        "httpVersion": answer.version,
        "cookies": [],
        "headers": headers(&answer.headers),
        "content": content,
        "redirectURL": values(&answer.headers, "location").next().unwrap_or_default(),
        "headersSize": -1,
        "bodySize": answer.body.length,
    })
}

fn no_answer(reason: &str) -> Value {
    json!({
        "status": 0, "statusText": "", "httpVersion": "", "cookies": [], "headers": [],
        "content": {"size": 0, "mimeType": "x-unknown"}, "redirectURL": "", "headersSize": -1, "bodySize": -1,
        "_error": reason,
    })
}

/// A body as HAR stores it, without content coding: as text, or as base64 if it is not UTF-8; and its size.
fn text(body: &Body, headers: &[Header]) -> (String, Option<&'static str>, u64) {
    let content = content_encoding::content(body, headers);
    let bytes = content.as_deref().unwrap_or(&body.bytes);
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let size = if body.kept == BodyRetention::Whole { size } else { body.length };
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), None, size),
        Err(_) => (STANDARD.encode(bytes), Some("base64"), size),
    }
}

fn headers(headers: &[Header]) -> Vec<Value> {
    headers.iter().map(|header| json!({"name": header.name, "value": header.value})).collect()
}

fn mime(headers: &[Header]) -> String {
    values(headers, "content-type").next().unwrap_or("x-unknown").to_owned()
}
