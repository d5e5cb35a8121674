//! An exchange as a report shows it: texts only, bodies decoded and indented, all of it harmless.

use super::wording;
use crate::api::{PaymentStatus, Place, Route};
use crate::capture::content_encoding::content;
use crate::capture::record::{AnsweredBy, Body, BodyRetention, EndedBy, Exchange, Header, Stage, values};

/// How many characters of a body a report shows.
const LONGEST_BODY: usize = 4000;

/// A request or an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The request or status line.
    pub line: String,
    /// Header names and values in order.
    pub headers: Vec<(String, String)>,
    /// The body, line by line: indented where it is JSON; a sentence where it cannot be shown.
    pub body: Vec<String>,
}

/// Who stands behind a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Actor {
    /// The client.
    #[default]
    Client,
    /// The simulated customer.
    Customer,
}

/// An exchange as a report shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExchangeView {
    /// Its number.
    pub number: u64,
    /// The run it belongs to: times are compared within one only.
    pub run: u32,
    /// What was called: the operation's name, or method and path.
    pub name: String,
    /// Who called.
    pub actor: Actor,
    /// The request as it came in.
    pub request: Message,
    /// The answer as the client was sent it.
    pub answer: Option<Message>,
    /// Whether the client was sent a part of it, and no more.
    pub is_cut: bool,
    /// The status of an answer that reached the client whole.
    pub status: Option<u16>,
    /// The state of a payment or refund that the answer names.
    pub state: Option<PaymentStatus>,
    /// Since the run's start, when the request head was complete; in microseconds.
    pub start_us: u64,
    /// Likewise, when it was over.
    pub end_us: u64,
    /// The fault that was put on it.
    pub fault: Option<&'static str>,
    /// Whether the backend was asked.
    pub forwarded: bool,
    /// How it ended, in a sentence; empty where it is complete.
    pub ended: String,
    /// Who gave the answer, and where the recorder had to differ; a sentence each.
    pub notes: Vec<String>,
}

impl ExchangeView {
    /// What a report shows of an exchange.
    pub fn of(exchange: &Exchange) -> ExchangeView {
        let request = &exchange.request;
        let route = Route::of(&request.method, &request.target);
        let actor = if route.place == Place::Simulation { Actor::Customer } else { Actor::Client };
        let name = match &route.place {
            Place::Operation(operation) => operation.name().to_owned(),
            Place::Token => "token".to_owned(),
            Place::Simulation => route.path.rsplit('/').next().map(wording::safe).unwrap_or_default(),
            Place::Unknown => wording::safe(&format!("{} {}", request.method, route.path)),
        };
        let answer = exchange.answer.as_ref();
        ExchangeView {
            number: exchange.number,
            run: exchange.run,
            name,
            actor,
            request: Message {
                line: wording::safe_line(format!("{} {} {}", request.method, request.target, request.version).trim()),
                headers: headers(&request.headers),
                body: body(&request.body, &request.headers),
            },
            answer: answer.map(|answer| Message {
                line: wording::safe_line(format!("{} {} {}", answer.version, answer.status, answer.reason).trim()),
                headers: headers(&answer.headers),
                body: body(&answer.body, &answer.headers),
            }),
            is_cut: answer.is_some() && exchange.end.stage == Stage::Answer,
            status: exchange.status(),
            state: answer.and_then(|answer| state(&answer.body, &answer.headers)),
            start_us: exchange.times.request_head,
            end_us: exchange.times.end,
            fault: exchange.fault.map(|fault| fault.name()),
            forwarded: exchange.answered_by == AnsweredBy::Backend || exchange.times.request_out.is_some(),
            ended: ended(exchange),
            notes: notes(exchange),
        }
    }

    /// What became of it, in few words: `200 Reserved`, `no answer`.
    pub fn result(&self) -> String {
        match (self.status, self.state) {
            (Some(status), Some(state)) => format!("{status} {}", state.name()),
            (Some(status), None) => status.to_string(),
            (None, _) if self.is_cut => "answer cut".to_owned(),
            (None, _) => "no answer".to_owned(),
        }
    }

    /// How long it took, from the complete request head to its end: `480 ms`, `2.05 s`.
    pub fn duration(&self) -> String {
        time(self.end_us.saturating_sub(self.start_us))
    }
}

/// Microseconds for people.
pub fn time(us: u64) -> String {
    match us {
        0..1_000_000 => format!("{} ms", us / 1000),
        _ => format!("{}.{:02} s", us / 1_000_000, us % 1_000_000 / 10_000),
    }
}

fn headers(headers: &[Header]) -> Vec<(String, String)> {
    headers.iter().map(|header| (wording::safe_line(&header.name), wording::safe(&header.value))).collect()
}

fn state(body: &Body, headers: &[Header]) -> Option<PaymentStatus> {
    let value: serde_json::Value = serde_json::from_slice(&content(body, headers)?).ok()?;
    value.get("status").and_then(serde_json::Value::as_str).and_then(PaymentStatus::from_name)
}

fn body(body: &Body, headers: &[Header]) -> Vec<String> {
    let size = wording::count(usize::try_from(body.length).unwrap_or(usize::MAX), "byte");
    match body.kept {
        BodyRetention::Whole if body.length == 0 && body.bytes.is_empty() => Vec::new(),
        BodyRetention::Whole => match content(body, headers) {
            Some(bytes) => lines(&bytes),
            None => vec![format!("({size} in a content coding that could not be read)")],
        },
        BodyRetention::Prefix if !body.decoded && values(headers, "content-encoding").next().is_some() => {
            vec![format!("({size} in a content coding, of which the capture holds the first bytes only)")]
        }
        BodyRetention::Prefix => {
            let mut shown = lines(&body.bytes);
            shown.push(format!("(the first bytes of {size})"));
            shown
        }
        BodyRetention::Digest => vec![format!("({size}, of which the capture holds a keyed digest only)")],
        BodyRetention::Unknown => vec!["(the capture does not show the body)".to_owned()],
    }
}

/// A body's lines, made harmless one by one.
fn lines(bytes: &[u8]) -> Vec<String> {
    let text = match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(value) => serde_json::to_string_pretty(&value).unwrap_or_default(),
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    };
    let cut: String = text.chars().take(LONGEST_BODY).collect();
    let mut lines: Vec<String> = cut.lines().map(wording::safe_line).collect();
    if cut.len() < text.len() {
        lines.push("...".to_owned());
    }
    lines
}

fn ended(exchange: &Exchange) -> String {
    let by = match exchange.end.by {
        EndedBy::Complete => return String::new(),
        EndedBy::Client => "ended by the client",
        EndedBy::Backend => "ended by the backend",
        EndedBy::Recorder => "ended by the recorder",
        EndedBy::Unknown => "ended early; the capture does not say by whom",
    };
    let detail = wording::safe(&exchange.end.detail);
    if detail.is_empty() { by.to_owned() } else { format!("{by}: {detail}") }
}

fn notes(exchange: &Exchange) -> Vec<String> {
    let mut notes = Vec::new();
    if exchange.answered_by == AnsweredBy::Recorder {
        notes.push("answered by the recorder, not by the backend".to_owned());
    }
    if let Some(why) = &exchange.request.refused {
        notes.push(format!("refused by the recorder: {}", wording::safe(why)));
    }
    notes.extend(exchange.notes.iter().map(|note| wording::safe(note)));
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_indented_with_the_digits_that_were_sent() {
        assert_eq!(lines(br#"{"amount":100.00}"#), ["{", "  \"amount\": 100.00", "}"]);
        assert_eq!(lines(b"a\r\nb\x1b[2J"), ["a", "b\\u{1b}[2J"]);
        assert_eq!(lines(&[b'x'; 5000]).last().unwrap(), "...");
    }

    #[test]
    fn a_body_that_is_not_there_is_said_so() {
        let exchange = Exchange {
            request: crate::capture::record::Request {
                body: Body { length: 12, kept: BodyRetention::Digest, ..Body::default() },
                ..Default::default()
            },
            ..Exchange::default()
        };
        let view = ExchangeView::of(&exchange);
        assert_eq!(view.request.body, ["(12 bytes, of which the capture holds a keyed digest only)"]);
        assert_eq!(view.result(), "no answer");
        assert_eq!((time(480_999), time(2_050_000)), ("480 ms".into(), "2.05 s".into()));
    }
}
