//! The view of an exchange in a report: escaped text, bodies decoded and indented.

use super::wording;
use crate::api::{Fault, PaymentStatus};
use crate::capture::content_encoding::content;
use crate::capture::record::{AnsweredBy, Body, BodyRetention, EndedBy, Exchange, Header, Stage, values};
use crate::profile::{Place, Profile};

/// Maximum length of a body in a report, in characters.
const LONGEST_BODY: usize = 4000;

/// A request or a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The request or status line.
    pub line: String,
    /// Header names and values in order.
    pub headers: Vec<(String, String)>,
    /// The lines of the body, indented if it is JSON; a note if it cannot be shown.
    pub body: Vec<String>,
}

/// The sender of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Actor {
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
    /// Wall clock time of the request head, in microseconds since 1970.
    pub wall_us: i64,
    /// The number of its run; times are comparable only within a run.
    pub run: u32,
    /// The name of the operation, or method and path.
    pub name: String,
    /// The sender.
    pub actor: Actor,
    /// The request as received.
    pub request: Message,
    /// The response as sent to the client.
    pub answer: Option<Message>,
    /// Whether the response was sent only in part.
    pub is_cut: bool,
    /// The status of a response that was sent completely.
    pub status: Option<u16>,
    /// The state of a payment or refund in the response.
    pub state: Option<PaymentStatus>,
    /// When the request head was complete, in microseconds since the start of the run.
    pub start_us: u64,
    /// When the exchange ended, in microseconds since the start of the run.
    pub end_us: u64,
    /// The injected fault.
    pub fault: Option<&'static str>,
    /// Whether the request was forwarded to the backend.
    pub forwarded: bool,
    /// How it ended; empty if it is complete.
    pub ended: String,
    /// Notes: a response from the recorder, and its changes to the traffic.
    pub notes: Vec<String>,
}

impl ExchangeView {
    /// The view of an exchange of this API.
    pub fn of(exchange: &Exchange, profile: &Profile) -> ExchangeView {
        let request = &exchange.request;
        let route = profile.route(&request.method, &request.target);
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
            wall_us: exchange.wall_us,
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
            fault: exchange.fault.map(Fault::name),
            forwarded: exchange.answered_by == AnsweredBy::Backend || exchange.times.request_out.is_some(),
            ended: ended(exchange),
            notes: notes(exchange),
        }
    }

    /// The result in few words: `200 Reserved`, `no response`.
    pub fn result(&self) -> String {
        match (self.status, self.state) {
            (Some(status), Some(state)) => format!("{status} {}", state.name()),
            (Some(status), None) => status.to_string(),
            (None, _) if self.is_cut => "response truncated".to_owned(),
            (None, _) => "no response".to_owned(),
        }
    }

    /// Whether the simulated customer sent it.
    pub fn is_by_customer(&self) -> bool {
        self.actor == Actor::Customer
    }

    /// The time from the complete request head to the end: `480 ms`, `2.05 s`.
    pub fn duration(&self) -> String {
        time(self.end_us.saturating_sub(self.start_us))
    }
}

/// A duration in milliseconds or seconds.
pub(crate) fn time(us: u64) -> String {
    match us {
        0..1_000 => "<1 ms".to_owned(),
        1_000..1_000_000 => format!("{} ms", us / 1000),
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
            None => vec![format!("({size}; content encoding could not be decoded)")],
        },
        BodyRetention::Prefix if !body.decoded && values(headers, "content-encoding").next().is_some() => {
            vec![format!("({size}; content-encoded, and the capture has only the first bytes)")]
        }
        BodyRetention::Prefix => {
            let mut shown = lines(&body.bytes);
            shown.push(format!("(truncated, {size} in total)"));
            shown
        }
        BodyRetention::Digest => vec![format!("({size}; the capture has only a keyed digest)")],
        BodyRetention::Unknown => vec!["(body not in the capture)".to_owned()],
    }
}

/// The lines of a body, each escaped.
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
        EndedBy::Unknown => "ended early; the capture does not record by which side",
    };
    let detail = wording::safe(&exchange.end.detail);
    if detail.is_empty() { by.to_owned() } else { format!("{by}: {detail}") }
}

fn notes(exchange: &Exchange) -> Vec<String> {
    let mut notes = Vec::new();
    if exchange.answered_by == AnsweredBy::Recorder {
        notes.push("response from the recorder, not from the backend".to_owned());
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
    fn json_bodies_are_indented_without_changing_numbers() {
        assert_eq!(lines(br#"{"amount":100.00}"#), ["{", "  \"amount\": 100.00", "}"]);
        assert_eq!(lines(b"a\r\nb\x1b[2J"), ["a", "b\\u{1b}[2J"]);
        assert_eq!(lines(&[b'x'; 5000]).last().unwrap(), "...");
    }

    #[test]
    fn missing_bodies_are_noted() {
        let exchange = Exchange {
            request: crate::capture::record::Request {
                body: Body { length: 12, kept: BodyRetention::Digest, ..Body::default() },
                ..Default::default()
            },
            ..Exchange::default()
        };
        let view = ExchangeView::of(&exchange, crate::profile::pos_v10());
        assert_eq!(view.request.body, ["(12 bytes; the capture has only a keyed digest)"]);
        assert_eq!(view.result(), "no response");
        assert_eq!((time(480_999), time(2_050_000)), ("480 ms".into(), "2.05 s".into()));
    }
}
