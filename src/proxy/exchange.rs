//! The task of one exchange. It completes and records the exchange even if the client disconnects.

use super::body::{BodyAborted, BodyChannel};
use super::connection::{DeliveryState, Disconnect, ExchangeSlot, STOPPED};
use super::exchange_state::{Deferred, ExchangeOutcome, ExchangeState, Reply, left, withhold};
use super::faults::RequestHead;
use super::forwarding_headers::expects_continue;
use super::h1::Framing;
use super::local_response::{answer_fault, answer_page, fail, refuse, reply};
use super::lock::lock;
use super::recorder::{Phase, Recorder, seconds};
use super::upstream_call::{Answered, call_backend};
use super::upstream_request::UpstreamCallState;
use crate::api::Fault;
use crate::capture::record::{EndedBy, Stage};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// How long the rest of a response may take to reach a client that reads slowly.
const LAST_BYTES: Duration = Duration::from_secs(10);
/// How long to wait for the backend's 100 before sending one to the client (RFC 9110 section 10.1.1).
const CONTINUE: Duration = Duration::from_secs(1);
/// How much of a response is read for the record after the client has disconnected, in bytes.
const MAX_UNREAD: u64 = 64 * 1024 * 1024;

/// Runs an exchange from its request head to the delivery of its response.
pub(super) async fn run(recorder: Arc<Recorder>, slot: Arc<ExchangeSlot>, incoming: Incoming, reply: Reply) {
    if slot.page.is_some() {
        return serve_page(&recorder, slot, reply).await;
    }
    let head = &slot.head;
    let view = RequestHead {
        number: slot.number,
        method: &head.line.method,
        target: &head.line.target,
        headers: &head.headers,
    };
    let fault = if slot.refused.is_none() { recorder.faults.decide(&view) } else { None };
    let exchange_state = ExchangeState::new(slot.clone(), fault, &recorder.writer);
    let mut rest = Deferred { reply: Some(reply), truncated_body: None };
    let outcome = tokio::select! {
        outcome = forward(&recorder, &exchange_state, incoming, &mut rest) => outcome,
        () = recorder.reached(Phase::Killed) => {
            let stopped = || ExchangeOutcome::new(EndedBy::Recorder, exchange_state.stage_of_leaving(), STOPPED);
            left(&exchange_state).unwrap_or_else(stopped)
        }
    };
    let durable = recorder.record(exchange_state.record(&outcome, &recorder.writer)).await;
    if durable {
        deliver(&recorder, &slot, &outcome, rest.truncated_body).await;
        recorder.faults.delivered(slot.number);
    } else if let Some(channel) = rest.truncated_body {
        stop(&channel);
    }
}

/// Responds with a page of the recorder. Nothing is recorded.
async fn serve_page(recorder: &Recorder, slot: Arc<ExchangeSlot>, reply: Reply) {
    let exchange_state = ExchangeState::new(slot.clone(), None, &recorder.writer);
    let mut rest = Deferred { reply: Some(reply), truncated_body: None };
    tokio::select! {
        _ = answer_page(&exchange_state, &mut rest) => slot.release(),
        () = recorder.reached(Phase::Killed) => return,
    }
    let _ = timeout(LAST_BYTES, slot.until(|state| state.end_out.is_some() || state.disconnect.is_some())).await;
}

/// Releases the response of a recorded exchange, and waits until it is sent or the client has disconnected.
async fn deliver(
    recorder: &Recorder,
    slot: &ExchangeSlot,
    outcome: &ExchangeOutcome,
    truncated_body: Option<Arc<BodyChannel>>,
) {
    if outcome.by == EndedBy::Recorder && outcome.stage != Stage::Done {
        truncated_body.iter().for_each(|channel| stop(channel));
        return;
    }
    slot.release();
    if let Some(channel) = truncated_body {
        let out = slot.until(|state| state.disconnect.is_some() || state.sent >= state.queued);
        let _ = timeout(LAST_BYTES, out).await;
        channel.end(Err(BodyAborted(outcome.detail.clone())));
    }
    if outcome.stage == Stage::Done {
        wait_delivered(recorder, slot).await;
    }
}

/// Aborts a response body: without an end it would leave the client waiting.
fn stop(channel: &BodyChannel) {
    channel.end(Err(BodyAborted("the recorder ended the exchange".to_owned())));
}

/// Records an event if the client disconnects before it has received a response that is recorded as complete.
async fn wait_delivered(recorder: &Recorder, slot: &ExchangeSlot) {
    let _ = timeout(LAST_BYTES, slot.until(|state| state.end_out.is_some() || state.disconnect.is_some())).await;
    // A disconnect after the response was sent does not concern this exchange.
    let (complete, disconnect) = slot.look(|state| (state.complete, state.disconnect.clone()));
    if let (true, Some(disconnect)) = (complete, disconnect) {
        recorder.undelivered(slot, disconnect).await;
    }
}

/// Records a request that was never passed to hyper.
pub(super) async fn record_orphan(recorder: &Recorder, slot: Arc<ExchangeSlot>) {
    if slot.page.is_some() {
        return;
    }
    let exchange_state = ExchangeState::new(slot.clone(), None, &recorder.writer);
    let outcome = left(&exchange_state)
        .unwrap_or_else(|| ExchangeOutcome::new(EndedBy::Client, exchange_state.stage_of_leaving(), ""));
    let outcome = ExchangeOutcome { detail: format!("{}; the request was not forwarded", outcome.detail), ..outcome };
    if recorder.record(exchange_state.record(&outcome, &recorder.writer)).await {
        recorder.faults.delivered(slot.number);
    }
}

async fn forward(
    recorder: &Arc<Recorder>,
    exchange_state: &ExchangeState,
    incoming: Incoming,
    rest: &mut Deferred,
) -> ExchangeOutcome {
    let slot = &exchange_state.slot;
    let refused = slot.refused.clone().or_else(|| slot.look(|state| state.refused.clone()));
    if let Some(why) = refused {
        return refuse(exchange_state, &why, rest).await;
    }
    let (channel, continues) = (BodyChannel::replayable(), Arc::new(Notify::new()));
    let gate = expects_continue(&slot.head).then(|| continues.clone());
    let task = tokio::spawn(forward_request(incoming, channel.clone(), exchange_state, gate, recorder));
    let task = ForwardTask(task.abort_handle(), channel.clone());
    if let Some(fault) = exchange_state.fault.filter(|fault| *fault != Fault::Timeout) {
        continues.notify_one();
        slot.until(|state| state.request_end.is_some() || state.disconnect.is_some() || state.refused.is_some()).await;
        // The forward task lags behind the tap.
        drain(&channel, slot.framing).await;
        return answer_fault(exchange_state, fault, rest).await;
    }
    let tap = slot.clone();
    let refusal = async move { tap.until(|state| state.refused.is_some()).await };
    let answered = tokio::select! {
        answered = call_backend(recorder, exchange_state, &channel, &continues) => answered,
        () = refusal => {
            channel.end(Err(BodyAborted("the client's request was refused".to_owned())));
            let why = slot.look(|state| state.refused.clone()).unwrap_or_default();
            return refuse(exchange_state, &why, rest).await;
        }
    };
    let outcome = match answered {
        Ok(answered) => relay(recorder, exchange_state, answered, rest).await,
        Err(failed) => fail(recorder, exchange_state, failed, rest).await,
    };
    drop(task);
    outcome
}

/// The task that reads the request body, and its channel. Both end with the exchange.
struct ForwardTask(tokio::task::AbortHandle, Arc<BodyChannel>);

impl Drop for ForwardTask {
    fn drop(&mut self) {
        self.0.abort();
        // An incomplete request stays incomplete: hyper's client must not wait for the rest.
        self.1.end(Err(BodyAborted("the exchange is over".to_owned())));
    }
}

/// Reads the request body from hyper, for the record and for the backend.
fn forward_request(
    mut incoming: Incoming,
    channel: Arc<BodyChannel>,
    exchange_state: &ExchangeState,
    gate: Option<Arc<Notify>>,
    recorder: &Recorder,
) -> impl Future<Output = ()> + Send + use<> {
    let (body_recorder, slot) = (exchange_state.request.clone(), exchange_state.slot.clone());
    let (idle, writer) = (recorder.config.limits.idle, recorder.writer.clone());
    async move {
        if let Some(gate) = gate {
            // hyper sends the 100 when the body is first read.
            let _ = timeout(CONTINUE, gate.notified()).await;
        }
        loop {
            let Ok(frame) = timeout(idle, incoming.frame()).await else {
                let detail = format!("the client stopped sending its request for {}", seconds(idle));
                slot.change(|state| {
                    state.disconnect =
                        Some(Disconnect { by: EndedBy::Client, detail: detail.clone(), at: writer.now_us(), late: 0 });
                });
                return channel.end(Err(BodyAborted(detail)));
            };
            match frame.map(|frame| frame.map(hyper::body::Frame::into_data)) {
                None => {
                    slot.change(|state| state.taken = true);
                    return channel.end(Ok(()));
                }
                Some(Ok(Ok(piece))) => {
                    let length = {
                        let mut body_recorder = lock(&body_recorder);
                        body_recorder.add(&piece);
                        body_recorder.length()
                    };
                    if slot.framing == Framing::Length(length) {
                        // The backend may respond before the next read from hyper.
                        slot.change(|state| state.taken = true);
                    }
                    channel.push(piece).await;
                }
                Some(Ok(Err(_trailers))) => {}
                Some(Err(error)) => return channel.end(Err(BodyAborted(error.to_string()))),
            }
        }
    }
}

/// Reads and discards a body that has no other reader.
async fn drain(channel: &Arc<BodyChannel>, framing: Framing) {
    let mut body = channel.reader(framing);
    while let Some(Ok(_)) = body.frame().await {}
}

/// Relays the backend's response to the client.
async fn relay(
    recorder: &Arc<Recorder>,
    exchange_state: &ExchangeState,
    answered: Answered,
    rest: &mut Deferred,
) -> ExchangeOutcome {
    let slot = &exchange_state.slot;
    let Answered { head, framing, mut body, backend, call } = answered;
    let channel = BodyChannel::once();
    let withheld = exchange_state.fault == Some(Fault::Timeout);
    if !withheld {
        slot.change(|state| state.answer = Some(head.clone()));
        reply(slot, &head, framing, &channel, rest);
    }
    let whole = pump_answer(recorder, exchange_state, &mut body, &channel, withheld).await;
    if whole.is_ok() && call.state().write_error.is_none() {
        recorder.pool.keep(backend);
    }
    if withheld {
        return withhold(recorder, exchange_state).await;
    }
    // The client counts as disconnected and lacks parts of the response, so it must not see a regular end.
    if let Some(outcome) = left(exchange_state) {
        rest.truncated_body = Some(channel);
        return outcome;
    }
    match whole {
        Ok(()) => {
            let UpstreamCallState { trailers, excess, .. } = call.state();
            if excess {
                exchange_state.note("the backend sent data after its response; it was not forwarded");
            }
            slot.change(|state| state.answer_trailers = trailers);
            channel.end(Ok(()));
            let length = lock(&exchange_state.answer).length();
            let all = |state: &DeliveryState| state.until_close && state.content >= length;
            slot.until(|state| state.complete || all(state) || state.disconnect.is_some()).await;
            slot.change(|state| state.complete |= all(state));
            left(exchange_state).unwrap_or_else(ExchangeOutcome::complete)
        }
        Err(truncated_body) => {
            let detail = call.state().broken.unwrap_or(truncated_body.0);
            let length = lock(&exchange_state.answer).length();
            slot.until(|state| state.content >= length && state.queued > 0 || state.disconnect.is_some()).await;
            rest.truncated_body = Some(channel);
            left(exchange_state).unwrap_or_else(|| ExchangeOutcome::new(EndedBy::Backend, Stage::Answer, detail))
        }
    }
}

/// Reads the backend's response, for the record and for the client while it is connected.
async fn pump_answer(
    recorder: &Recorder,
    exchange_state: &ExchangeState,
    body: &mut Incoming,
    channel: &BodyChannel,
    withheld: bool,
) -> Result<(), BodyAborted> {
    let slot = &exchange_state.slot;
    let limits = recorder.config.limits;
    let disconnect = || slot.until(|state| state.disconnect.is_some());
    let alone = async {
        disconnect().await;
        sleep(limits.alone).await;
    };
    tokio::pin!(alone);
    loop {
        let frame = tokio::select! {
            frame = timeout(limits.backend, body.frame()) => frame,
            () = &mut alone => return Err(BodyAborted("the client disconnected; the rest of the response was not read".to_owned())),
        };
        let piece = match frame {
            Err(_) => return Err(BodyAborted("the backend stopped in the middle of its response".to_owned())),
            Ok(None) => return Ok(()),
            Ok(Some(Err(error))) => return Err(BodyAborted(format!("the backend's response was truncated: {error}"))),
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(piece) => piece,
                Err(_trailers) => continue,
            },
        };
        lock(&exchange_state.answer).add(&piece);
        let left = slot.look(|state| state.disconnect.is_some());
        if left && lock(&exchange_state.answer).length() > MAX_UNREAD {
            return Err(BodyAborted("the client disconnected; the response was too long to read the rest".to_owned()));
        }
        if !withheld && !left {
            tokio::select! {
                () = channel.push(piece) => {}
                () = disconnect() => {}
                () = sleep(limits.idle) => {
                    let detail = format!("the client stopped reading the response for {}", seconds(limits.idle));
                    let at = recorder.writer.now_us();
                    slot.change(|state| state.disconnect = Some(Disconnect { by: EndedBy::Client, detail, at, late: 0 }));
                }
            }
        }
    }
}
