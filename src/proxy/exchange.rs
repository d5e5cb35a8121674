//! One exchange, in a task of its own: whatever the client does, it is finished and recorded.

use super::body::{BodyAborted, BodyChannel, BodyReader};
use super::connection::{DeliveryState, Disconnect, ExchangeSlot, STOPPED, lock};
use super::exchange_state::{ExchangeOutcome, ExchangeState};
use super::faults::RequestHead;
use super::forwarding_headers::expects_continue;
use super::h1::Framing;
use super::local_response::{answer_fault, fail, refuse, reply};
use super::recorder::{Phase, Recorder, seconds};
use super::upstream_call::{Answered, call_backend};
use super::upstream_request::CallState;
use crate::api::Fault;
use crate::capture::record::{EndedBy, Stage};
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Incoming;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio::time::{sleep, timeout};

/// How long a cut answer may take to reach a client that reads slowly.
const LAST_BYTES: Duration = Duration::from_secs(10);
/// How long a client that asks for a 100 waits for the backend's word (RFC 9110 section 10.1.1).
const CONTINUE: Duration = Duration::from_secs(1);
/// How much of an answer is read for the record alone, after the client went away.
const ALONE: u64 = 64 * 1024 * 1024;

/// Where hyper's server waits for the answer.
pub type Reply = oneshot::Sender<Response<BodyReader>>;

/// What is left to do once the exchange is durable.
#[derive(Default)]
pub struct Deferred {
    /// Where hyper's server waits, if it still does.
    pub reply: Option<Reply>,
    /// The feed of an answer that does not come to its end.
    pub cut: Option<Arc<BodyChannel>>,
}

/// Carries an exchange from its head to its record.
pub async fn run(recorder: Arc<Recorder>, seat: Arc<ExchangeSlot>, incoming: Incoming, reply: Reply) {
    let head = &seat.head;
    let view = RequestHead {
        number: seat.number,
        method: &head.line.method,
        target: &head.line.target,
        headers: &head.headers,
    };
    let fault = if seat.refused.is_none() { recorder.faults.decide(&view) } else { None };
    let course = ExchangeState::new(seat.clone(), fault, &recorder.writer);
    let mut rest = Deferred { reply: Some(reply), cut: None };
    let fate = tokio::select! {
        fate = carry(&recorder, &course, incoming, &mut rest) => fate,
        () = recorder.reached(Phase::Killed) => {
            let stopped = || ExchangeOutcome::new(EndedBy::Recorder, course.stage_of_leaving(), STOPPED);
            left(&course).unwrap_or_else(stopped)
        }
    };
    let durable = recorder.record(course.record(&fate, &recorder.writer)).await;
    if durable {
        deliver(&recorder, &seat, &fate, rest.cut).await;
        recorder.faults.delivered(seat.number);
    } else if let Some(feed) = rest.cut {
        stop(&feed);
    }
}

/// Lets the response of a recorded exchange out, and waits until it is, or the client has left.
async fn deliver(recorder: &Recorder, seat: &ExchangeSlot, fate: &ExchangeOutcome, cut: Option<Arc<BodyChannel>>) {
    if fate.by == EndedBy::Recorder && fate.stage != Stage::Done {
        cut.iter().for_each(|feed| stop(feed));
        return;
    }
    seat.release();
    if let Some(feed) = cut {
        let out = seat.until(|state| state.gone.is_some() || state.sent >= state.queued);
        let _ = timeout(LAST_BYTES, out).await;
        feed.end(Err(BodyAborted(fate.detail.clone())));
    }
    if fate.stage == Stage::Done {
        settled(recorder, seat).await;
    }
}

/// Dropping the reply closes the connection; a feed without an end would leave the client waiting.
fn stop(feed: &BodyChannel) {
    feed.end(Err(BodyAborted("the recorder ended the exchange".to_owned())));
}

/// Says so if the client left after all while the answer that the record calls delivered went out.
async fn settled(recorder: &Recorder, seat: &ExchangeSlot) {
    let _ = timeout(LAST_BYTES, seat.until(|state| state.end_out.is_some() || state.gone.is_some())).await;
    // Whoever leaves once it is out is not gone for this exchange.
    let (complete, gone) = seat.look(|state| (state.complete, state.gone.clone()));
    if let (true, Some(gone)) = (complete, gone) {
        recorder.undelivered(seat, gone).await;
    }
}

/// Records a request that never had its turn.
pub async fn record_orphan(recorder: &Recorder, seat: Arc<ExchangeSlot>) {
    let course = ExchangeState::new(seat.clone(), None, &recorder.writer);
    let fate = left(&course).unwrap_or_else(|| ExchangeOutcome::new(EndedBy::Client, course.stage_of_leaving(), ""));
    let fate = ExchangeOutcome { detail: format!("{}; the request was not forwarded", fate.detail), ..fate };
    if recorder.record(course.record(&fate, &recorder.writer)).await {
        recorder.faults.delivered(seat.number);
    }
}

async fn carry(
    recorder: &Arc<Recorder>,
    course: &ExchangeState,
    incoming: Incoming,
    rest: &mut Deferred,
) -> ExchangeOutcome {
    let seat = &course.seat;
    let refused = seat.refused.clone().or_else(|| seat.look(|state| state.refused.clone()));
    if let Some(why) = refused {
        return refuse(course, &why, rest).await;
    }
    let (feed, continues) = (BodyChannel::replayable(), Arc::new(Notify::new()));
    let gate = expects_continue(&seat.head).then(|| continues.clone());
    let pump = tokio::spawn(pump_request(incoming, feed.clone(), course, gate, recorder));
    let pump = Pump(pump.abort_handle(), feed.clone());
    if let Some(fault) = course.fault.filter(|fault| *fault != Fault::Timeout) {
        continues.notify_one();
        seat.until(|state| state.request_end.is_some() || state.gone.is_some() || state.refused.is_some()).await;
        // The pump is a step behind the tap.
        drain(&feed, seat.framing).await;
        return answer_fault(course, fault, rest).await;
    }
    let tap = seat.clone();
    let refusal = async move { tap.until(|state| state.refused.is_some()).await };
    let answered = tokio::select! {
        answered = call_backend(recorder, course, &feed, &continues) => answered,
        () = refusal => {
            feed.end(Err(BodyAborted("the client's request was refused".to_owned())));
            let why = seat.look(|state| state.refused.clone()).unwrap_or_default();
            return refuse(course, &why, rest).await;
        }
    };
    let fate = match answered {
        Ok(answered) => relay(recorder, course, answered, rest).await,
        Err(failed) => fail(recorder, course, failed, rest).await,
    };
    drop(pump);
    fate
}

/// The task that takes the request's body, and where it puts it: both end with the exchange.
struct Pump(tokio::task::AbortHandle, Arc<BodyChannel>);

impl Drop for Pump {
    fn drop(&mut self) {
        self.0.abort();
        // A request that is not whole by now never will be: hyper's client is not to wait for the rest.
        self.1.end(Err(BodyAborted("the exchange is over".to_owned())));
    }
}

/// Takes the request's body from hyper: for the record and for the backend.
fn pump_request(
    mut incoming: Incoming,
    feed: Arc<BodyChannel>,
    course: &ExchangeState,
    gate: Option<Arc<Notify>>,
    recorder: &Recorder,
) -> impl Future<Output = ()> + Send + use<> {
    let (keeper, seat) = (course.request.clone(), course.seat.clone());
    let (idle, writer) = (recorder.config.limits.idle, recorder.writer.clone());
    async move {
        if let Some(gate) = gate {
            // Reading the body makes hyper send the 100.
            let _ = timeout(CONTINUE, gate.notified()).await;
        }
        loop {
            let Ok(frame) = timeout(idle, incoming.frame()).await else {
                let detail = format!("the client stopped sending in the middle of its request for {}", seconds(idle));
                seat.change(|state| {
                    state.gone =
                        Some(Disconnect { by: EndedBy::Client, detail: detail.clone(), at: writer.now_us(), late: 0 })
                });
                return feed.end(Err(BodyAborted(detail)));
            };
            match frame.map(|frame| frame.map(|frame| frame.into_data())) {
                None => {
                    seat.change(|state| state.taken = true);
                    return feed.end(Ok(()));
                }
                Some(Ok(Ok(piece))) => {
                    let length = {
                        let mut keeper = lock(&keeper);
                        keeper.add(&piece);
                        keeper.length()
                    };
                    if seat.framing == Framing::Length(length) {
                        // The backend may answer before hyper is asked again.
                        seat.change(|state| state.taken = true);
                    }
                    feed.push(piece).await;
                }
                Some(Ok(Err(_trailers))) => {}
                Some(Err(error)) => return feed.end(Err(BodyAborted(error.to_string()))),
            }
        }
    }
}

/// Reads a feed that nobody else reads, to its end.
async fn drain(feed: &Arc<BodyChannel>, framing: Framing) {
    let mut body = feed.reader(framing);
    while let Some(Ok(_)) = body.frame().await {}
}

/// Passes the backend's answer on.
async fn relay(
    recorder: &Arc<Recorder>,
    course: &ExchangeState,
    answered: Answered,
    rest: &mut Deferred,
) -> ExchangeOutcome {
    let seat = &course.seat;
    let Answered { head, framing, mut body, backend, call } = answered;
    let feed = BodyChannel::once();
    let withheld = course.fault == Some(Fault::Timeout);
    if !withheld {
        seat.change(|state| state.answer = Some(head.clone()));
        reply(seat, &head, framing, &feed, rest);
    }
    let whole = pump_answer(recorder, course, &mut body, &feed, withheld).await;
    if whole.is_ok() && call.state().write_error.is_none() {
        recorder.pool.keep(backend);
    }
    if withheld {
        return withhold(recorder, course).await;
    }
    // A client that is taken for gone gets no regular end: pieces of the answer are missing.
    if let Some(fate) = left(course) {
        rest.cut = Some(feed);
        return fate;
    }
    match whole {
        Ok(()) => {
            let CallState { trailers, excess, .. } = call.state();
            if excess {
                course.note("the backend sent more than its answer: what followed it was not passed on");
            }
            seat.change(|state| state.answer_trailers = trailers);
            feed.end(Ok(()));
            let length = lock(&course.answer).length();
            let all = |state: &DeliveryState| state.until_close && state.content >= length;
            seat.until(|state| state.complete || all(state) || state.gone.is_some()).await;
            seat.change(|state| state.complete |= all(state));
            left(course).unwrap_or_else(ExchangeOutcome::complete)
        }
        Err(cut) => {
            let detail = call.state().broken.unwrap_or(cut.0);
            let length = lock(&course.answer).length();
            seat.until(|state| state.content >= length && state.queued > 0 || state.gone.is_some()).await;
            rest.cut = Some(feed);
            left(course).unwrap_or_else(|| ExchangeOutcome::new(EndedBy::Backend, Stage::Answer, detail))
        }
    }
}

/// The fate of an exchange whose client went away, or was left.
pub fn left(course: &ExchangeState) -> Option<ExchangeOutcome> {
    let gone = course.seat.look(|state| state.gone.clone())?;
    Some(ExchangeOutcome::new(gone.by, course.stage_of_leaving(), gone.detail))
}

/// Reads the backend's answer: for the record, and for the client while there is one.
async fn pump_answer(
    recorder: &Recorder,
    course: &ExchangeState,
    body: &mut Incoming,
    feed: &BodyChannel,
    withheld: bool,
) -> Result<(), BodyAborted> {
    let seat = &course.seat;
    let limits = recorder.config.limits;
    let gone = || seat.until(|state| state.gone.is_some());
    let alone = async {
        gone().await;
        sleep(limits.alone).await;
    };
    tokio::pin!(alone);
    loop {
        let frame = tokio::select! {
            frame = timeout(limits.backend, body.frame()) => frame,
            () = &mut alone => return Err(BodyAborted("the answer was not read to its end after the client had gone".to_owned())),
        };
        let piece = match frame {
            Err(_) => return Err(BodyAborted("the backend stopped in the middle of its answer".to_owned())),
            Ok(None) => return Ok(()),
            Ok(Some(Err(error))) => return Err(BodyAborted(format!("the backend's answer was cut: {error}"))),
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(piece) => piece,
                Err(_trailers) => continue,
            },
        };
        lock(&course.answer).add(&piece);
        let left = seat.look(|state| state.gone.is_some());
        if left && lock(&course.answer).length() > ALONE {
            return Err(BodyAborted(
                "the answer was too long to be read to its end after the client had gone".to_owned(),
            ));
        }
        if !withheld && !left {
            tokio::select! {
                () = feed.push(piece) => {}
                () = gone() => {}
                () = sleep(limits.idle) => {
                    let detail = format!("the client stopped reading the answer for {}", seconds(limits.idle));
                    let at = recorder.writer.now_us();
                    seat.change(|state| state.gone = Some(Disconnect { by: EndedBy::Client, detail, at, late: 0 }));
                }
            }
        }
    }
}

/// The timeout fault: no answer until the client goes away.
pub async fn withhold(recorder: &Recorder, course: &ExchangeState) -> ExchangeOutcome {
    let longest = recorder.config.limits.withhold;
    let spent = recorder.writer.now_us().saturating_sub(course.seat.head_at);
    let wait = longest.saturating_sub(Duration::from_micros(spent));
    match timeout(wait, course.seat.until(|state| state.gone.is_some())).await {
        Ok(()) => left(course).unwrap_or_else(ExchangeOutcome::complete),
        Err(_) => {
            let detail = format!("the client still waited for the withheld answer after {}", seconds(longest));
            ExchangeOutcome::new(EndedBy::Recorder, Stage::Waiting, detail)
        }
    }
}
