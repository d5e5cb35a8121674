//! The `_poscert` fields: what HAR has no field for. An entry has them for its exchange, and `log` for the rest of
//! the capture. They are read back, so a capture and its HAR file have the same verdict.
//!
//! Values that HAR's own fields contain too are taken from there: editing a HAR's status or time changes what is
//! judged.

use super::message::Response;
use crate::api::Fault;
use crate::capture::record::{AnsweredBy, Body, BodyRetention, End, Exchange, Header, NotShown, Record, Times, Way};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Fields of an exchange.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct EntryExtra {
    /// Its number; used if every entry has one.
    pub number: Option<u64>,
    /// The run it belongs to.
    pub run: u32,
    /// The client's connection in its run.
    pub connection: Option<u64>,
    /// How the client reached the recorder.
    pub way: Way,
    /// `TLSv1.3`, ...; empty without TLS.
    pub tls: Option<String>,
    /// The injected fault.
    pub fault: Option<Fault>,
    /// Who sent the response.
    pub answered_by: Option<AnsweredBy>,
    /// Whether a response was delivered. If HAR's status contradicts this, the HAR was edited and the recorded end is
    /// outdated.
    pub has_answer: bool,
    /// The response that was not, or not completely, delivered, in the form of a HAR `response`. HAR itself has
    /// status 0 then, so that nobody mistakes it for a delivered one.
    #[serde(skip_serializing)]
    pub undelivered: Option<Box<Response>>,
    /// How it ended.
    pub end: Option<End>,
    /// Microseconds since the complete request head, by field name in the record; negative for events on the
    /// connection before it.
    pub after: BTreeMap<String, i64>,
    /// Its duration in microseconds. If HAR's time contradicts this, the HAR was edited and `after` is outdated.
    pub duration_us: Option<u64>,
    /// Upper bound of the delay between the complete request head and its timestamp.
    #[serde(skip_serializing_if = "crate::capture::record::is_zero")]
    pub head_late_us: u64,
    /// Wall clock when the request head was complete.
    pub wall_us: Option<i64>,
    /// 1xx statuses of the backend.
    pub informational: Vec<u16>,
    /// Where the recorder's forwarding differs from what it received.
    pub notes: Vec<String>,
    /// Claims of tokens, keyed by their replacements.
    pub claims: BTreeMap<String, Map<String, Value>>,
    pub request: SideExtra,
    /// The response.
    pub answer: SideExtra,
}

/// Fields of one side of an exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SideExtra {
    /// The request line's target.
    pub target: Option<String>,
    /// The host that the client addressed.
    pub authority: Option<String>,
    /// Why the recorder rejected the request.
    pub refused: Option<String>,
    /// How much of the body is stored.
    pub kept: Option<BodyRetention>,
    /// The length of the body.
    pub length: Option<u64>,
    /// Its keyed digest.
    pub digest: Option<String>,
    /// Its bytes here are in the content coding as sent: they could not be decoded.
    pub coded: bool,
    /// Trailers of a chunked body.
    pub trailers: Vec<Header>,
    /// The parts of the head that are not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_shown: Option<NotShown>,
}

/// Fields of the whole capture.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogExtra {
    /// The version of the record format.
    pub format: u32,
    /// Secrets are redacted.
    pub redacted: bool,
    /// The resolution of its times in microseconds.
    pub resolution_us: u64,
    /// The resolution of its durations in microseconds.
    #[serde(skip_serializing_if = "is_finest")]
    pub lasted_us: u64,
    /// For each run, the request head of its earliest entry in microseconds since the run's start.
    pub first_heads: BTreeMap<u32, u64>,
    /// Records other than exchanges, in order.
    pub records: Vec<Record>,
}

/// Whether this is the resolution of a recorder's own times, in microseconds.
fn is_finest(us: &u64) -> bool {
    *us <= 1
}

type Time = (&'static str, fn(&mut Times) -> &mut Option<u64>);

/// The timestamps that HAR has no field for.
const TIMES: [Time; 9] = [
    ("accepted", |times| &mut times.accepted),
    ("tls_done", |times| &mut times.tls_done),
    ("request_end", |times| &mut times.request_end),
    ("backend_connected", |times| &mut times.backend_connected),
    ("request_out", |times| &mut times.request_out),
    ("answer_head_in", |times| &mut times.answer_head_in),
    ("answer_end_in", |times| &mut times.answer_end_in),
    ("answer_head_out", |times| &mut times.answer_head_out),
    ("answer_end_out", |times| &mut times.answer_end_out),
];

impl EntryExtra {
    /// The fields of this exchange that HAR lacks.
    pub(super) fn of(exchange: &Exchange) -> EntryExtra {
        let mut times = exchange.times;
        let head = times.request_head;
        let since = |at: u64| i64::try_from(i128::from(at) - i128::from(head)).unwrap_or(i64::MAX);
        let after = TIMES.iter().filter_map(|(name, field)| Some(((*name).to_owned(), since((*field(&mut times))?))));
        let request = &exchange.request;
        let side = |body: &Body, trailers: &[Header], not_shown: &NotShown| SideExtra {
            kept: Some(body.kept),
            length: Some(body.length),
            digest: Some(body.digest.clone()),
            coded: body.kept != BodyRetention::Whole && !body.decoded,
            trailers: trailers.to_vec(),
            not_shown: Some(not_shown.clone()).filter(|not_shown| !not_shown.is_empty()),
            ..SideExtra::default()
        };
        EntryExtra {
            number: Some(exchange.number),
            run: exchange.run,
            connection: exchange.connection,
            way: exchange.way,
            tls: exchange.tls.clone(),
            fault: exchange.fault,
            answered_by: Some(exchange.answered_by),
            has_answer: exchange.status().is_some(),
            undelivered: None,
            end: Some(exchange.end.clone()),
            after: after.collect(),
            duration_us: Some(exchange.duration_us()),
            head_late_us: exchange.head_late_us,
            wall_us: Some(exchange.wall_us),
            informational: exchange.informational.clone(),
            notes: exchange.notes.clone(),
            claims: exchange.claims.clone(),
            request: SideExtra {
                target: Some(request.target.clone()),
                authority: Some(request.authority.clone()),
                refused: request.refused.clone(),
                ..side(&request.body, &request.trailers, &request.not_shown)
            },
            answer: exchange.answer.as_ref().map(|a| side(&a.body, &a.trailers, &a.not_shown)).unwrap_or_default(),
        }
    }

    /// Restores the timestamps, which are relative to the request head.
    pub(super) fn put_times(&self, times: &mut Times) {
        for (name, field) in &TIMES {
            if let Some(after) = self.after.get(*name) {
                *field(times) = Some(times.request_head.saturating_add_signed(*after));
            }
        }
    }
}
