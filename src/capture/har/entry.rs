//! Conversion of a HAR entry into an exchange.

use super::body::{self, EntryContext};
use super::extension::EntryExtra;
use super::message::{Pair, Response};
use super::model::Entry;
use super::shown;
use super::timings::{EntryDuration, EntryStart, micros};
use crate::capture::record::{Answer, AnsweredBy, Body, End, EndedBy, Exchange, Header, Request, Stage, Times};

/// The parts of a URL that a request needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub scheme: String,
    pub authority: String,
    pub target: String,
}

/// Converts an entry that started at `request_head`; an error says what is wrong with the entry.
pub(super) fn exchange(
    entry: &Entry,
    context: &mut EntryContext<'_>,
    started: EntryStart,
    request_head: u64,
) -> Result<Exchange, String> {
    let url = &entry.request.url;
    let place = place(url).or_else(|| within_the_browser(url));
    let place = place.ok_or_else(|| format!("request.url {:?} is not a URL", clip(url)))?;
    let response = entry.response.as_ref().ok_or("response is missing; a call without a response has status 0")?;
    let none = Response { status: Some(None), ..Response::default() };
    let response = response.as_ref().unwrap_or(&none);
    let version = version(entry.request.version.as_deref());
    let version = if version.is_empty() { self::version(response.version.as_deref()) } else { version };
    let headers = headers(entry.request.headers.as_deref());
    let body = body::of_request(entry, &headers, context)?;
    let method = &entry.request.method;
    let answer = answer(response, method, context)?;
    let lasted = EntryDuration::of(entry, context.maker, answer.is_some());
    let not_shown = shown::of_request(&entry.request, &place.target);
    let end_at = request_head.saturating_add(lasted.us);
    let times =
        Times { request_head, end: end_at, answer_end_out: answer.is_some().then_some(end_at), ..Times::default() };
    let is_done = answer.is_some();
    let mut exchange = Exchange {
        tls: (place.scheme == "http").then(String::new),
        wall_us: started.wall_us,
        request: Request {
            version,
            method: entry.request.method.clone(),
            target: place.target,
            scheme: place.scheme,
            authority: place.authority,
            headers,
            body,
            not_shown,
            ..Request::default()
        },
        answered_by: if is_done { AnsweredBy::Backend } else { AnsweredBy::Nobody },
        end: End { untimed: !lasted.is_known, ..if is_done { End::default() } else { no_answer(response) } },
        answer,
        times,
        ..Exchange::default()
    };
    if let Some(extra) = &entry.extra {
        put_back(&mut exchange, extra, context)?;
    }
    Ok(exchange)
}

fn no_answer(response: &Response) -> End {
    let reason = response.error.as_ref().and_then(|error| error.as_str()).filter(|reason| !reason.is_empty());
    let detail = reason.map_or_else(|| "the client received no response".to_owned(), str::to_owned);
    End { by: EndedBy::Unknown, stage: Stage::Waiting, detail, ..End::default() }
}

/// Splits a URL of scheme `http`, `https`, `ws` or `wss` (RFC 3986).
pub(super) fn place(url: &str) -> Option<Place> {
    let (scheme, rest) = url.trim().split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let default = match scheme.as_str() {
        "https" | "wss" => ":443",
        "http" | "ws" => ":80",
        _ => return None,
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.strip_suffix(default).unwrap_or(host).to_ascii_lowercase();
    if host.is_empty() || host.contains(char::is_whitespace) {
        return None;
    }
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    // Userinfo in a URL is a credential; the target must show that it was sent.
    let target = if authority.contains('@') { format!("{scheme}://{authority}{path}") } else { path };
    Some(Place { scheme, authority: host, target })
}

/// URLs without a host that browsers load, such as `data:`; never an API call.
pub(super) fn within_the_browser(url: &str) -> Option<Place> {
    let scheme = url.split_once(':')?.0.to_ascii_lowercase();
    let known = ["about", "blob", "chrome", "data", "devtools", "file", "filesystem", "javascript"];
    let is_known = known.contains(&scheme.as_str()) || scheme.ends_with("-extension");
    is_known.then(|| Place { target: format!("{scheme}:"), scheme, authority: String::new() })
}

/// Normalises a version to `HTTP/1.1`, `HTTP/2`, ...; empty if unknown.
pub(super) fn version(text: Option<&str>) -> String {
    let text = text.unwrap_or_default().trim();
    let lower = text.to_ascii_lowercase();
    let number = lower.strip_prefix("http/").or_else(|| lower.strip_prefix('h')).unwrap_or(&lower);
    match number.split_once('-').map_or(number, |(number, _)| number) {
        "1.1" => "HTTP/1.1".to_owned(),
        "1.0" | "1" => "HTTP/1.0".to_owned(),
        "0.9" => "HTTP/0.9".to_owned(),
        "2" | "2.0" => "HTTP/2".to_owned(),
        "3" | "3.0" => "HTTP/3".to_owned(),
        "" | "unknown" => String::new(),
        _ => text.to_owned(),
    }
}

/// The headers without the pseudo-headers of HTTP/2 (RFC 9113 section 8.3).
fn headers(pairs: Option<&[Pair]>) -> Vec<Header> {
    let one = |pair: &Pair| {
        let (name, value) = (pair.name.clone().unwrap_or_default(), pair.value.clone().unwrap_or_default());
        Header { name, value: value.trim().to_owned() }
    };
    let all = pairs.unwrap_or_default().iter().map(one);
    all.filter(|header| !header.name.starts_with(':') && !header.name.is_empty()).collect()
}

/// The response; `None` if there was none, which browsers write as status 0. An entry that does not say which of the
/// two it was is an error: a lost response is evidence that cases wait for.
fn answer(response: &Response, method: &str, context: &mut EntryContext<'_>) -> Result<Option<Answer>, String> {
    let status = response.status.ok_or("response.status is missing; a call without a response has status 0")?;
    let status = status.unwrap_or(0.0);
    if status <= 0.0 {
        return Ok(None);
    }
    if !(100.0..=999.0).contains(&status) || status.fract() != 0.0 {
        return Err(format!("response.status {status} is not a status code"));
    }
    let headers = headers(response.headers.as_deref());
    let status = u16::try_from(micros(status / 1000.0)).unwrap_or(0);
    Ok(Some(Answer {
        version: version(response.version.as_deref()),
        status,
        reason: response.reason.clone().unwrap_or_default(),
        body: body::of_answer(response, method, status, &headers, context)?,
        not_shown: shown::of_headers(response.headers.as_deref().unwrap_or_default()),
        headers,
        trailers: Vec::new(),
    }))
}

/// Restores what HAR has no field for. Status and time are HAR's own fields; the recorded end is only restored if it
/// matches them.
fn put_back(exchange: &mut Exchange, extra: &EntryExtra, context: &mut EntryContext<'_>) -> Result<(), String> {
    exchange.run = extra.run;
    exchange.connection = extra.connection;
    exchange.way = extra.way;
    exchange.tls = extra.tls.clone().or(exchange.tls.take());
    exchange.fault = extra.fault;
    exchange.informational.clone_from(&extra.informational);
    exchange.notes.clone_from(&extra.notes);
    exchange.claims.clone_from(&extra.claims);
    exchange.wall_us = extra.wall_us.unwrap_or(exchange.wall_us);
    let is_timed = extra.duration_us == Some(exchange.duration_us());
    if is_timed {
        exchange.head_late_us = extra.head_late_us;
        exchange.times.answer_end_out = None;
        extra.put_times(&mut exchange.times);
    }
    if let Some(end) = extra.end.as_ref().filter(|_| extra.has_answer == exchange.answer.is_some()) {
        exchange.end = end.clone();
        exchange.end.late_us = if is_timed { end.late_us } else { 0 };
        exchange.answered_by = extra.answered_by.unwrap_or(exchange.answered_by);
        if let Some(undelivered) = extra.undelivered.as_ref().filter(|_| exchange.answer.is_none()) {
            let method = exchange.request.method.clone();
            exchange.answer =
                answer(undelivered, &method, context).map_err(|words| format!("_poscert.undelivered: {words}"))?;
        }
    }
    let request = &mut exchange.request;
    request.target = extra.request.target.clone().unwrap_or(std::mem::take(&mut request.target));
    request.authority = extra.request.authority.clone().unwrap_or(std::mem::take(&mut request.authority));
    request.refused.clone_from(&extra.request.refused);
    request.trailers.clone_from(&extra.request.trailers);
    if context.is_own {
        request.not_shown = extra.request.not_shown.clone().unwrap_or_default();
    }
    put_back_body(&mut request.body, &extra.request);
    if let Some(answer) = &mut exchange.answer {
        answer.trailers.clone_from(&extra.answer.trailers);
        if context.is_own {
            answer.not_shown = extra.answer.not_shown.clone().unwrap_or_default();
        }
        put_back_body(&mut answer.body, &extra.answer);
    }
    Ok(())
}

fn put_back_body(body: &mut Body, extra: &super::extension::SideExtra) {
    body.length = extra.length.unwrap_or(body.length);
    body.digest = extra.digest.clone().unwrap_or(std::mem::take(&mut body.digest));
    body.kept = extra.kept.unwrap_or(body.kept);
    body.decoded &= !extra.coded;
}

/// Shortens a text of the file for an error message.
pub(super) fn clip(text: &str) -> String {
    text.chars().take(80).collect()
}
