//! Forwarding of a request to the backend; it is sent again on another connection where that is safe.

use super::body::BodyChannel;
use super::exchange_state::ExchangeState;
use super::forwarding_headers::forwarded;
use super::h1::{Framing, Head, StatusLine};
use super::pool::Backend;
use super::recorder::{Recorder, seconds};
use super::upstream::MISSING;
use super::upstream_request::Call;
use http::Request;
use hyper::body::Incoming;
use std::sync::Arc;
use tokio::sync::Notify;

/// How often a request is sent if pooled connections turn out to be closed.
const TRIES: u32 = 3;

/// The backend's response, with its body still to be read.
pub(super) struct Answered {
    /// The head as received.
    pub head: Head<StatusLine>,
    /// How the body ends.
    pub framing: Framing,
    pub body: Incoming,
    /// The connection, to be returned to the pool after the body.
    pub backend: Backend,
    /// The request's state, kept by the tap.
    pub call: Arc<Call>,
}

/// A request without a response from the backend.
pub(super) struct Failed {
    /// The reason, as a message.
    pub why: String,
    /// Whether the backend took too long.
    pub timed_out: bool,
}

impl Failed {
    fn because(why: impl Into<String>) -> Failed {
        Failed { why: why.into(), timed_out: false }
    }
}

/// Sends the request and waits for the response head.
pub(super) async fn call_backend(
    recorder: &Arc<Recorder>,
    exchange_state: &ExchangeState,
    channel: &Arc<BodyChannel>,
    continues: &Notify,
) -> Result<Answered, Failed> {
    let slot = &exchange_state.slot;
    let mut tries = 0;
    loop {
        tries += 1;
        // The last try uses a new connection, so that its failure is the backend's.
        let pooled = if tries < TRIES { recorder.pool.take() } else { None };
        let mut backend = match pooled {
            Some(backend) => backend,
            None => recorder.pool.connect().await.map_err(Failed::because)?,
        };
        let call = Arc::new(Call::new(forwarded(&slot.head, &recorder.config.upstream.authority()), slot.clone()));
        exchange_state.calls(call.clone(), recorder.writer.now_us());
        backend.line.begin(call.clone());
        let sent = send(recorder, exchange_state, &mut backend, &call, channel, continues).await;
        let why = match sent {
            Ok(body) => {
                let Some((head, framing)) = call.state().answer else {
                    return Err(Failed::because("the backend's response has no head"));
                };
                // Some servers respond with an HTTP error, instead of a TLS alert, if the client certificate is
                // missing.
                if matches!(head.line.status, 400 | 401 | 403 | 495 | 496) && recorder.pool.lacks_certificate() {
                    exchange_state.note(MISSING);
                }
                return Ok(Answered { head, framing, body, backend, call });
            }
            Err(failed) if failed.timed_out => return Err(failed),
            Err(failed) => failed.why,
        };
        let state = call.state();
        let safe = state.sent == 0 || idempotent(&slot.head.line.method);
        let here = slot.look(|state| state.disconnect.is_none());
        let again = backend.pooled && safe && !state.answer_begun && here && channel.can_replay() && tries < TRIES;
        if !again {
            return Err(Failed::because(state.broken.unwrap_or(why)));
        }
        exchange_state.note(repeated(state.sent, &state.broken.unwrap_or(why)));
    }
}

async fn send(
    recorder: &Recorder,
    exchange_state: &ExchangeState,
    backend: &mut Backend,
    call: &Call,
    channel: &Arc<BodyChannel>,
    continues: &Notify,
) -> Result<Incoming, Failed> {
    let slot = &exchange_state.slot;
    let limits = recorder.config.limits;
    let request =
        skeleton(&slot.head.line.method, slot.framing, channel).map_err(|e| Failed::because(e.to_string()))?;
    let answer = backend.sender.send_request(request);
    tokio::pin!(answer);
    // The time limit begins when the request is sent: the client may send its body slowly.
    let stalled = async {
        call.until(|state| state.request_out.is_some() || state.write_error.is_some()).await;
        tokio::time::sleep(limits.backend).await;
    };
    let alone = async {
        slot.until(|state| state.disconnect.is_some()).await;
        tokio::time::sleep(limits.alone).await;
    };
    let hundred = async {
        call.until(|state| state.informational.contains(&100)).await;
        continues.notify_one();
        std::future::pending::<std::convert::Infallible>().await
    };
    tokio::select! {
        answer = &mut answer => answer.map(http::Response::into_body).map_err(|e| Failed::because(format!("the request to the backend failed: {e}"))),
        () = stalled => {
            let why = format!("the backend did not respond within {}", seconds(limits.backend));
            Err(Failed { why, timed_out: true })
        }
        () = channel.stuck(limits.backend) => {
            let why = format!("the backend stopped reading the request for {}", seconds(limits.backend));
            Err(Failed { why, timed_out: true })
        }
        () = alone => Err(Failed::because("the backend did not respond after the client disconnected")),
        never = hundred => match never {},
    }
}

/// The request in the form that hyper's client sees.
fn skeleton(
    method: &str,
    framing: Framing,
    channel: &Arc<BodyChannel>,
) -> http::Result<Request<super::body::BodyReader>> {
    let request = Request::builder().method(method).uri("/").header("host", "tap");
    let request = match framing {
        Framing::Length(length) => request.header("content-length", length),
        Framing::Chunked => request.header("transfer-encoding", "chunked"),
        Framing::None | Framing::Close => request,
    };
    request.body(channel.reader(framing))
}

/// The note about a request that is sent on another connection after the first one failed without a response.
fn repeated(sent: u64, why: &str) -> String {
    match sent {
        0 => format!(
            "sent on a new connection: the pooled connection failed before any byte of the request was sent ({why})"
        ),
        _ => format!(
            "sent again on another connection: the pooled connection failed before any byte of a response arrived \
             ({why})"
        ),
    }
}

/// Methods that may be sent twice (RFC 9110 section 9.2.2).
fn idempotent(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS" | "TRACE")
}
