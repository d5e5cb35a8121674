//! Responses created by the recorder: refusals, injected faults, and errors of the backend.

use super::body::BodyChannel;
use super::connection::ExchangeSlot;
use super::exchange_state::{Deferred, ExchangeOutcome, ExchangeState, left, withhold};
use super::forwarding_headers::own_answer;
use super::h1::{Framing, Head, StatusLine};
use super::lock::lock;
use super::recorder::Recorder;
use super::upstream_call::Failed;
use crate::api::Fault;
use crate::capture::record::{EndedBy, Stage};
use bytes::Bytes;
use http::HeaderValue;
use http::header::CONNECTION;
use hyper::{Response, Version};
use std::sync::Arc;

const JSON: &str = "application/json";

/// The body of a response, with its media type.
#[derive(Default)]
struct Content {
    media: &'static str,
    text: String,
}

/// Passes the response to hyper's server. If the connection ends after it, hyper announces that to the client
/// (RFC 9112 section 9.6).
pub(super) fn reply(
    slot: &ExchangeSlot,
    head: &Head<StatusLine>,
    framing: Framing,
    channel: &Arc<BodyChannel>,
    rest: &mut Deferred,
) {
    let mut response = Response::new(channel.reader(framing));
    if slot.leaves_unread() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if let Ok(status) = hyper::StatusCode::from_u16(head.line.status) {
        *response.status_mut() = status;
    }
    if framing == Framing::Close {
        // hyper would chunk an HTTP/1.1 response.
        *response.version_mut() = Version::HTTP_10;
    }
    if let Some(reply) = rest.reply.take() {
        // If hyper no longer waits, the tap has seen the client disconnect.
        let _ = reply.send(response);
    }
}

/// Responds with 502 or 504 if the backend gave no usable response. A timeout fault withholds this response, too.
pub(super) async fn fail(
    recorder: &Recorder,
    exchange_state: &ExchangeState,
    failed: Failed,
    rest: &mut Deferred,
) -> ExchangeOutcome {
    if let Some(outcome) = left(exchange_state) {
        return outcome;
    }
    if exchange_state.fault == Some(Fault::Timeout) {
        exchange_state.note(failed.why);
        return withhold(recorder, exchange_state).await;
    }
    let (status, reason) = if failed.timed_out { (504, "Gateway Timeout") } else { (502, "Bad Gateway") };
    let outcome = ExchangeOutcome::new(EndedBy::Backend, Stage::Done, failed.why.clone());
    answer_itself(exchange_state, (status, reason), own_body(&failed.why), rest, outcome).await
}

/// Responds with 400 to a request that two readers could frame differently.
pub(super) async fn refuse(exchange_state: &ExchangeState, why: &str, rest: &mut Deferred) -> ExchangeOutcome {
    let sentence = format!("the recorder refused this request: {why}");
    let outcome = ExchangeOutcome::new(EndedBy::Recorder, Stage::Done, sentence.clone());
    answer_itself(exchange_state, (400, "Bad Request"), own_body(&sentence), rest, outcome).await
}

async fn answer_itself(
    exchange_state: &ExchangeState,
    (status, reason): (u16, &str),
    Content { media, text: body }: Content,
    rest: &mut Deferred,
    outcome: ExchangeOutcome,
) -> ExchangeOutcome {
    exchange_state.answers_itself();
    let slot = &exchange_state.slot;
    slot.arrived_whole();
    let bodyless = slot.head.line.method == "HEAD" && slot.refused.is_none();
    let head = own_answer(status, reason, &[("Content-Type", media)], body.len());
    let framing = if bodyless { Framing::None } else { Framing::Length(body.len() as u64) };
    slot.change(|state| state.answer = Some(head.clone()));
    let channel = BodyChannel::once();
    if !bodyless {
        lock(&exchange_state.answer).add(body.as_bytes());
        channel.push(Bytes::from(body)).await;
    }
    channel.end(Ok(()));
    reply(slot, &head, framing, &channel, rest);
    slot.until(|state| state.complete || state.disconnect.is_some()).await;
    left(exchange_state).unwrap_or(outcome)
}

/// Responds with the error status of an injected fault.
pub(super) async fn answer_fault(exchange_state: &ExchangeState, fault: Fault, rest: &mut Deferred) -> ExchangeOutcome {
    let (status, reason, code, message) = match fault {
        Fault::BalanceTooLow => (409, "Conflict", "1368", "The balance of the store is too low"),
        Fault::Timeout | Fault::ServerError => (500, "Internal Server Error", "2000", "Internal server error"),
    };
    let body = Content { media: JSON, text: fault_body(code, message) };
    answer_itself(exchange_state, (status, reason), body, rest, ExchangeOutcome::complete()).await
}

/// Responds with the page that the request asks for.
pub(super) async fn answer_page(exchange_state: &ExchangeState, rest: &mut Deferred) -> ExchangeOutcome {
    let page = exchange_state.slot.page.as_ref();
    let body = page.map(|page| Content { media: page.media, text: page.text.clone() }).unwrap_or_default();
    answer_itself(exchange_state, (200, "OK"), body, rest, ExchangeOutcome::complete()).await
}

/// The body of the recorder's own errors. It has no `code`, because it is not a response of the API.
fn own_body(sentence: &str) -> Content {
    let text = serde_json::json!({ "message": sentence, "origin": "poscert recorder" }).to_string();
    Content { media: JSON, text }
}

/// The body of an injected fault, in the API's error format.
fn fault_body(code: &str, message: &str) -> String {
    let id = uuid::Uuid::new_v4().to_string();
    serde_json::json!({ "code": code, "message": message, "correlationId": id }).to_string()
}
