//! The detailed view of one exchange.

use super::{ending, list, sanitize};
use crate::capture::content_encoding;
use crate::capture::record::{AnsweredBy, Body, BodyRetention, Exchange, Header, Way};
use std::io::{self, Write};

/// Writes the details of an exchange.
pub(super) fn write(out: &mut impl Write, exchange: &Exchange) -> io::Result<()> {
    summary(out, exchange)?;
    let request = &exchange.request;
    let start = format!("{} {} {}", request.method, request.target, request.version);
    writeln!(out, "\nRequest to {}://{}", sanitize::line(&request.scheme), sanitize::line(&request.authority))?;
    message(out, &start, &request.headers, &request.body, &request.trailers)?;
    match &exchange.answer {
        None => writeln!(out, "\nNo response")?,
        Some(answer) => {
            writeln!(out, "\nResponse{}", sender(exchange))?;
            let start = format!("{} {} {}", answer.version, answer.status, answer.reason);
            message(out, &start, &answer.headers, &answer.body, &answer.trailers)?;
        }
    }
    times(out, exchange)?;
    for (token, claims) in &exchange.claims {
        writeln!(out, "\nClaims of {}", sanitize::line(token))?;
        for (name, value) in claims {
            writeln!(out, "  {}: {}", sanitize::line(name), sanitize::line(&value.to_string()))?;
        }
    }
    for note in &exchange.notes {
        writeln!(out, "\nNote: {}", sanitize::line(note))?;
    }
    Ok(())
}

fn summary(out: &mut impl Write, exchange: &Exchange) -> io::Result<()> {
    let mut facts = Vec::new();
    if exchange.run > 0 {
        facts.push(format!("run {}", exchange.run));
    }
    facts.extend(exchange.connection.map(|number| format!("connection {number}")));
    match exchange.tls.as_deref() {
        Some("") => facts.push("no TLS".to_owned()),
        Some(tls) => facts.push(sanitize::line(tls)),
        None => {}
    }
    if exchange.way == Way::Connect {
        facts.push("via CONNECT".to_owned());
    }
    let date = jiff::Timestamp::from_microsecond(exchange.wall_us);
    let date = date.map_or_else(|_| "at an unknown time".to_owned(), |moment| moment.strftime("%Y-%m-%d").to_string());
    let colon = if facts.is_empty() { "" } else { ": " };
    writeln!(out, "Exchange {}{colon}{}", exchange.number, facts.join(", "))?;
    let took = list::milliseconds(exchange.duration_us());
    writeln!(out, "{date} {}, took {took}", list::clock(exchange.wall_us))?;
    if let Some(fault) = exchange.fault {
        writeln!(out, "Injected fault: {}", fault.name())?;
    }
    if let Some(reason) = &exchange.request.refused {
        writeln!(out, "Refused by the recorder: {}", sanitize::line(reason))?;
    }
    match ending(exchange) {
        Some(ending) => {
            writeln!(out, "Incomplete: {ending}; {} bytes of the response were sent", exchange.end.bytes_out)
        }
        None => writeln!(out, "Complete"),
    }
}

/// Where the response came from, and whether any of it reached the client.
fn sender(exchange: &Exchange) -> &'static str {
    match exchange.answered_by {
        AnsweredBy::Nobody if exchange.times.answer_head_in.is_some() => {
            " from the backend, not delivered to the client"
        }
        AnsweredBy::Nobody => ", not delivered to the client",
        AnsweredBy::Backend => " from the backend",
        AnsweredBy::Recorder => " from the recorder",
    }
}

fn message(out: &mut impl Write, start: &str, headers: &[Header], body: &Body, trailers: &[Header]) -> io::Result<()> {
    writeln!(out, "  {}", sanitize::line(start.trim_end()))?;
    fields(out, headers)?;
    let content = content(body, headers);
    if !content.is_empty() {
        writeln!(out)?;
    }
    for line in content.lines() {
        writeln!(out, "  {line}")?;
    }
    fields(out, trailers)
}

fn fields(out: &mut impl Write, headers: &[Header]) -> io::Result<()> {
    headers.iter().try_for_each(|h| writeln!(out, "  {}: {}", sanitize::line(&h.name), sanitize::line(&h.value)))
}

/// The body for display: decoded, JSON indented, binary content by size only.
fn content(body: &Body, headers: &[Header]) -> String {
    let length = body.length;
    match body.kept {
        BodyRetention::Digest => {
            return format!("({length} bytes; the capture has only a keyed digest: {})", body.digest);
        }
        BodyRetention::Unknown => return format!("({length} bytes; body not in the capture)"),
        BodyRetention::Prefix => {
            let first = sanitize::block(&String::from_utf8_lossy(&body.bytes));
            return format!("{first}\n(the first {} of {length} bytes)", body.bytes.len());
        }
        BodyRetention::Whole if body.bytes.is_empty() => return String::new(),
        BodyRetention::Whole => {}
    }
    let Some(bytes) = content_encoding::content(body, headers) else {
        return format!("({length} bytes; content encoding cannot be decoded)");
    };
    match std::str::from_utf8(&bytes) {
        Ok(text) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => {
            sanitize::block(&sanitize::indented(text))
        }
        Ok(text) => sanitize::block(text),
        Err(_) => format!("({length} bytes of binary data)"),
    }
}

fn times(out: &mut impl Write, exchange: &Exchange) -> io::Result<()> {
    let times = &exchange.times;
    let all = [
        ("connection accepted", times.accepted),
        ("TLS handshake done", times.tls_done),
        ("request head received", Some(times.request_head)),
        ("request end received", times.request_end),
        ("backend connected", times.backend_connected),
        ("request forwarded", times.request_out),
        ("response head received", times.answer_head_in),
        ("response end received", times.answer_end_in),
        ("response head sent", times.answer_head_out),
        ("response end sent", times.answer_end_out),
        ("end", Some(times.end)),
    ];
    writeln!(out, "\nTimes, relative to the request head")?;
    for (name, at) in all {
        let Some(at) = at else { continue };
        let (sign, us) = match at.checked_sub(times.request_head) {
            Some(after) => ("+", after),
            None => ("-", times.request_head.saturating_sub(at)),
        };
        writeln!(out, "  {name:<22} {sign}{}", list::milliseconds(us))?;
    }
    if !exchange.informational.is_empty() {
        writeln!(out, "  1xx responses that were not forwarded: {:?}", exchange.informational)?;
    }
    Ok(())
}
