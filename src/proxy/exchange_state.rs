//! State of an exchange in flight, and its conversion to a record.

use super::body::{BodyChannel, BodyReader, BodyRecorder};
use super::connection::ExchangeSlot;
use super::forwarding_headers::authority_of;
use super::h1::{Head, RequestLine};
use super::lock::lock;
use super::recorder::{Recorder, seconds};
use super::upstream_request::Call;
use crate::api::Fault;
use crate::capture::Writer;
use crate::capture::record::{
    Answer, AnsweredBy, End, EndedBy, Exchange, Header, NotShown, Request, Stage, Times, Way, values,
};
use hyper::Response;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExchangeOutcome {
    /// Who ended the exchange.
    pub by: EndedBy,
    /// The stage in which it ended.
    pub stage: Stage,
    /// A message; empty if the exchange is complete.
    pub detail: String,
}

impl ExchangeOutcome {
    pub(super) fn complete() -> ExchangeOutcome {
        ExchangeOutcome { by: EndedBy::Complete, stage: Stage::Done, detail: String::new() }
    }

    /// Any other outcome.
    pub(super) fn new(by: EndedBy, stage: Stage, detail: impl Into<String>) -> ExchangeOutcome {
        ExchangeOutcome { by, stage, detail: detail.into() }
    }
}

/// An exchange in flight. It can be recorded at any time, even if its task is cancelled.
pub(super) struct ExchangeState {
    /// The client's side.
    pub slot: Arc<ExchangeSlot>,
    /// The injected fault.
    pub fault: Option<Fault>,
    /// The request's body.
    pub request: Arc<Mutex<BodyRecorder>>,
    /// The response's body.
    pub answer: Mutex<BodyRecorder>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    call: Option<Arc<Call>>,
    connected: Option<u64>,
    informational: Vec<u16>,
    notes: Vec<String>,
    by_recorder: bool,
}

impl ExchangeState {
    /// An exchange whose request head has arrived.
    pub(super) fn new(slot: Arc<ExchangeSlot>, fault: Option<Fault>, writer: &Writer) -> ExchangeState {
        let body_recorder = || BodyRecorder::new(writer.body_limit(), writer.redactor().digester());
        let (request, answer) = (Arc::new(Mutex::new(body_recorder())), Mutex::new(body_recorder()));
        let known = Known { notes: slot.notes.clone(), ..Known::default() };
        ExchangeState { slot, fault, request, answer, known: Mutex::new(known) }
    }

    /// Notes the attempt at the backend, and when its connection was ready (microseconds of the run).
    pub(super) fn calls(&self, call: Arc<Call>, connected: u64) {
        let mut known = lock(&self.known);
        known.call = Some(call);
        known.connected = Some(connected);
    }

    /// Notes that the recorder creates the response.
    pub(super) fn answers_itself(&self) {
        lock(&self.known).by_recorder = true;
    }

    /// Adds a note to the record.
    pub(super) fn note(&self, note: impl Into<String>) {
        lock(&self.known).notes.push(note.into());
    }

    /// The stage that the exchange has reached from the client's view.
    pub(super) fn stage_of_leaving(&self) -> Stage {
        self.slot.look(|state| match (state.request_end, state.sent) {
            (None, 0) => Stage::Request,
            (_, 0) => Stage::Waiting,
            _ => Stage::Answer,
        })
    }

    /// Creates the record.
    pub(super) fn record(&self, outcome: &ExchangeOutcome, writer: &Writer) -> Exchange {
        let slot = &self.slot;
        let state = slot.state();
        let known = lock(&self.known);
        let call = known.call.as_ref().map(|call| call.state()).unwrap_or_default();
        let real = state.answer.clone().or_else(|| call.answer.clone().map(|(head, _)| head));
        let whole = outcome.stage == Stage::Done;
        // The bytes held back are sent as soon as the record is durable, complete or truncated.
        let goes = whole || outcome.by == EndedBy::Backend;
        let now = writer.now_us();
        let left = state
            .disconnect
            .as_ref()
            .filter(|_| outcome.by == EndedBy::Client)
            .map(|disconnect| (disconnect.at, disconnect.late));
        let bytes_out = if goes { state.queued.max(state.sent) } else { state.sent };
        let answered_by = match (&real, bytes_out) {
            (Some(_), 1..) if known.by_recorder => AnsweredBy::Recorder,
            (Some(_), 1..) => AnsweredBy::Backend,
            _ => AnsweredBy::Nobody,
        };
        let mut notes = known.notes.clone();
        if real.is_some() && answered_by == AnsweredBy::Nobody {
            notes.push("the response was not sent to the client".to_owned());
        }
        let trailers = if state.answer_trailers.is_empty() { call.trailers } else { state.answer_trailers };
        let answer = real.map(|head| Answer {
            version: head.line.version.as_str().to_owned(),
            status: head.line.status,
            reason: head.line.reason,
            headers: head.headers,
            body: lock(&self.answer).finish(),
            trailers,
            not_shown: NotShown::default(),
        });
        let times = Times {
            accepted: Some(slot.connection.accepted),
            tls_done: Some(slot.connection.tls_done),
            request_head: slot.head_at,
            request_end: state.request_end,
            backend_connected: known.connected,
            request_out: call.request_out,
            answer_head_in: call.head_in,
            answer_end_in: call.end_in,
            answer_head_out: state.head_out.or_else(|| (bytes_out > 0).then_some(now)),
            answer_end_out: whole.then_some(now),
            end: left.map_or(now, |(at, _)| at.min(now)),
        };
        Exchange {
            number: slot.number,
            run: writer.run(),
            connection: Some(slot.connection.connection),
            way: slot.connection.way,
            tls: Some(slot.connection.tls.clone()),
            wall_us: slot.wall_us,
            request: self.request_record(&state.request_trailers, state.refused),
            answer,
            informational: known.informational.iter().copied().chain(call.informational).collect(),
            times,
            head_late_us: slot.head_late,
            end: End {
                by: outcome.by,
                stage: outcome.stage,
                detail: outcome.detail.clone(),
                bytes_out,
                untimed: false,
                late_us: left.map_or(0, |(_, late)| late),
            },
            fault: self.fault,
            answered_by,
            notes,
            claims: BTreeMap::default(),
        }
    }

    fn request_record(&self, trailers: &[Header], refused: Option<String>) -> Request {
        let slot = &self.slot;
        Request {
            version: slot.version.clone(),
            method: slot.head.line.method.clone(),
            target: slot.head.line.target.clone(),
            scheme: "https".to_owned(),
            authority: authority(slot.connection.way, slot.connection.connect_host.as_deref(), &slot.head),
            headers: slot.head.headers.clone(),
            body: lock(&self.request).finish(),
            trailers: trailers.to_vec(),
            refused: slot.refused.clone().or(refused),
            not_shown: NotShown::default(),
        }
    }
}

/// The host that the client addressed: from an absolute target, else from `Host`, else from CONNECT.
fn authority(way: Way, connect_host: Option<&str>, head: &Head<RequestLine>) -> String {
    let host = authority_of(&head.line.target).or_else(|| values(&head.headers, "host").next());
    let connect = connect_host.filter(|_| way == Way::Connect);
    host.filter(|host| !host.is_empty()).or(connect).unwrap_or_default().to_owned()
}

/// The channel on which hyper's server waits for the response.
pub(super) type Reply = oneshot::Sender<Response<BodyReader>>;

/// The work that remains once the exchange is durable.
#[derive(Default)]
pub(super) struct Deferred {
    /// The channel to hyper's server, unless a response was passed to it.
    pub reply: Option<Reply>,
    /// The body of a truncated response.
    pub truncated_body: Option<Arc<BodyChannel>>,
}

/// The outcome of an exchange whose client connection has ended, if it has.
pub(super) fn left(exchange_state: &ExchangeState) -> Option<ExchangeOutcome> {
    let disconnect = exchange_state.slot.look(|state| state.disconnect.clone())?;
    Some(ExchangeOutcome::new(disconnect.by, exchange_state.stage_of_leaving(), disconnect.detail))
}

/// The timeout fault: withholds the response until the client disconnects.
pub(super) async fn withhold(recorder: &Recorder, exchange_state: &ExchangeState) -> ExchangeOutcome {
    let longest = recorder.config.limits.withhold;
    let spent = recorder.writer.now_us().saturating_sub(exchange_state.slot.head_at);
    let wait = longest.saturating_sub(Duration::from_micros(spent));
    match timeout(wait, exchange_state.slot.until(|state| state.disconnect.is_some())).await {
        Ok(()) => left(exchange_state).unwrap_or_else(ExchangeOutcome::complete),
        Err(_) => {
            let detail = format!("the client was still waiting for the withheld response after {}", seconds(longest));
            ExchangeOutcome::new(EndedBy::Recorder, Stage::Waiting, detail)
        }
    }
}
