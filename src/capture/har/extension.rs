//! `_poscert`: what a HAR has no field for. It stands in an entry for its exchange and in `log` for the rest of the
//! capture, and is read back, so that a capture and its HAR have the same verdict.
//!
//! What stands in HAR's own fields too is taken from there: who edits a HAR's status or time changes what is judged.

use super::message::Response;
use crate::api::Fault;
use crate::capture::record::{AnsweredBy, Body, BodyRetention, End, Exchange, Header, NotShown, Record, Times, Way};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Of an exchange.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct EntryExtra {
    /// Its number; read where every entry has one.
    pub number: Option<u64>,
    /// The run it belongs to.
    pub run: u32,
    /// The client's connection in its run.
    pub connection: Option<u64>,
    /// Which way it came in.
    pub way: Way,
    /// `TLSv1.3`, ...; empty where there was none.
    pub tls: Option<String>,
    /// The fault that was put on it.
    pub fault: Option<Fault>,
    /// Who gave the answer.
    pub answered_by: Option<AnsweredBy>,
    /// Whether one reached the client: if HAR's status says otherwise, somebody edited it, and what is here of the end is
    /// old.
    pub has_answer: bool,
    /// The answer that did not reach the client, or not whole, as a HAR's `response`: HAR itself says status 0 then, so
    /// that nobody takes it for one that the client was given.
    #[serde(skip_serializing)]
    pub undelivered: Option<Box<Response>>,
    /// How it ended.
    pub end: Option<End>,
    /// Microseconds from the complete request head, by the name in the record; a connection is older than that.
    pub after: BTreeMap<String, i64>,
    /// Its duration in microseconds: if HAR's time says otherwise, somebody edited it, and what is in `after` is old.
    pub duration_us: Option<u64>,
    /// By how much the request's head may have been complete before its time.
    #[serde(skip_serializing_if = "crate::capture::record::is_zero")]
    pub head_late_us: u64,
    /// Wall clock when the request head was complete.
    pub wall_us: Option<i64>,
    /// 1xx answers of the backend.
    pub informational: Vec<u16>,
    /// Where the recorder had to differ.
    pub notes: Vec<String>,
    /// Claims of tokens, by what stands in their place.
    pub claims: BTreeMap<String, Map<String, Value>>,
    /// The request.
    pub request: SideExtra,
    /// The answer.
    pub answer: SideExtra,
}

/// Of one side of an exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SideExtra {
    /// The request line's target.
    pub target: Option<String>,
    /// The host the client meant.
    pub authority: Option<String>,
    /// Why the recorder refused the request.
    pub refused: Option<String>,
    /// How much of the body was kept.
    pub kept: Option<BodyRetention>,
    /// How many bytes the body had.
    pub length: Option<u64>,
    /// Its keyed digest.
    pub digest: Option<String>,
    /// Its bytes stand here in the content coding that was sent: they could not be decoded.
    pub coded: bool,
    /// After a chunked body.
    pub trailers: Vec<Header>,
    /// What of a request's head is not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_shown: Option<NotShown>,
}

/// Of the whole capture.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogExtra {
    /// The version of the record format.
    pub format: u32,
    /// Secrets are out of it.
    pub redacted: bool,
    /// The resolution of its times in microseconds.
    pub resolution_us: u64,
    /// That of how long exchanges lasted.
    #[serde(skip_serializing_if = "is_finest")]
    pub lasted_us: u64,
    /// For each run, the request head of its earliest entry in microseconds since the run's start.
    pub first_heads: BTreeMap<u32, u64>,
    /// Records that are no exchanges, in order.
    pub records: Vec<Record>,
}

/// The resolution of a recorder's own times, in microseconds.
fn is_finest(us: &u64) -> bool {
    *us <= 1
}

type Time = (&'static str, fn(&mut Times) -> &mut Option<u64>);

/// The times that HAR has no field for.
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
    /// What HAR cannot say of this exchange.
    pub fn of(exchange: &Exchange) -> EntryExtra {
        let mut times = exchange.times;
        let head = times.request_head;
        let since = |at: u64| i64::try_from(i128::from(at) - i128::from(head)).unwrap_or(i64::MAX);
        let after = TIMES.iter().filter_map(|(name, field)| Some(((*name).to_owned(), since((*field(&mut times))?))));
        let request = &exchange.request;
        let side = |body: &Body, trailers: &[Header]| SideExtra {
            kept: Some(body.kept),
            length: Some(body.length),
            digest: Some(body.digest.clone()),
            coded: body.kept != BodyRetention::Whole && !body.decoded,
            trailers: trailers.to_vec(),
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
                not_shown: Some(request.not_shown.clone()).filter(|not_shown| !not_shown.is_empty()),
                ..side(&request.body, &request.trailers)
            },
            answer: exchange.answer.as_ref().map(|a| side(&a.body, &a.trailers)).unwrap_or_default(),
        }
    }

    /// Puts the times back that are counted from the request head.
    pub fn put_times(&self, times: &mut Times) {
        for (name, field) in &TIMES {
            if let Some(after) = self.after.get(*name) {
                *field(times) = Some(times.request_head.saturating_add_signed(*after));
            }
        }
    }
}
