//! State shared between the client tap and the exchange tasks.
//!
//! [`ClientConnection`] is the connection, [`ExchangeSlot`] one of its requests.

use super::h1::{Framing, Head, RequestLine, StatusLine};
use super::local_pages::LocalPage;
use super::lock::lock;
use super::loop_monitor::ArrivalBound;
use crate::capture::record::{EndedBy, Header, Way};
use rustls::AlertDescription;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use tokio::sync::watch;

/// The detail of exchanges that were in flight when the recorder stopped.
pub(super) const STOPPED: &str = "the recorder was stopped";

/// A client's connection.
pub(super) struct ClientConnection {
    /// The connection's number, from 1 in each run.
    pub connection: u64,
    /// The listener that accepted it.
    pub way: Way,
    /// The TLS version negotiated with the client.
    pub tls: String,
    /// When it was accepted, in microseconds of the run.
    pub accepted: u64,
    /// When the TLS handshake was complete, in microseconds of the run.
    pub tls_done: u64,
    /// The host of CONNECT, with its port unless it is 443.
    pub connect_host: Option<String>,
    /// The bound on the arrival times of its data.
    pub arrival: Arc<ArrivalBound>,
    shared: Mutex<Shared>,
}

/// The part of a connection that its tap, hyper's server and the exchange tasks change.
#[derive(Default)]
struct Shared {
    waker: Option<Waker>,
    /// The slot of the request that hyper reads next.
    next: Option<Arc<ExchangeSlot>>,
    /// Requests that were never passed to hyper.
    orphans: Vec<Arc<ExchangeSlot>>,
    alert: Option<AlertDescription>,
    /// Why the connection ended within a request head.
    left_in_head: Option<String>,
    draining: bool,
    stopped: bool,
}

impl ClientConnection {
    /// A connection after its TLS handshake.
    pub(super) fn new(
        connection: u64,
        way: Way,
        tls: String,
        accepted: u64,
        tls_done: u64,
        connect_host: Option<String>,
        arrival: Arc<ArrivalBound>,
    ) -> ClientConnection {
        let shared = Mutex::default();
        ClientConnection { connection, way, tls, accepted, tls_done, connect_host, arrival, shared }
    }

    /// Stores the waker of the task that drives the connection.
    pub(super) fn remember(&self, waker: &Waker) {
        let known = &mut lock(&self.shared).waker;
        if !known.as_ref().is_some_and(|old| old.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }

    /// Wakes the task that drives the connection.
    pub(super) fn wake(&self) {
        let waker = lock(&self.shared).waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Notes a connection error. Keeps the client's TLS alert: a client may refuse the certificate this late.
    pub(super) fn broke(&self, error: &std::io::Error) {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(rustls::Error::AlertReceived(alert)) = inner {
            lock(&self.shared).alert = Some(*alert);
        }
    }

    /// Takes the TLS alert that ended the connection.
    pub(super) fn take_alert(&self) -> Option<AlertDescription> {
        lock(&self.shared).alert.take()
    }

    /// Notes that the connection ended within a request head, for which there is no exchange.
    pub(super) fn left_in_head(&self, detail: &str) {
        lock(&self.shared).left_in_head.get_or_insert_with(|| detail.to_owned());
    }

    /// Takes the detail given to [`ClientConnection::left_in_head`].
    pub(super) fn take_left_in_head(&self) -> Option<String> {
        lock(&self.shared).left_in_head.take()
    }

    /// Marks the connection as draining: exchanges in flight are finished, no further request is awaited.
    pub(super) fn drain(&self) {
        lock(&self.shared).draining = true;
    }

    /// Whether the connection is draining.
    pub(super) fn drains(&self) -> bool {
        lock(&self.shared).draining
    }

    /// Notes that the recorder, not the client, ends the connection.
    pub(super) fn stop(&self) {
        lock(&self.shared).stopped = true;
    }

    /// Who ended a dropped connection, with the detail for the record.
    pub(super) fn dropped_by(&self) -> (EndedBy, &'static str) {
        if lock(&self.shared).stopped {
            (EndedBy::Recorder, STOPPED)
        } else {
            (EndedBy::Client, "the connection was closed")
        }
    }

    /// Assigns the slot of the request that hyper reads next.
    pub(super) fn assign(&self, slot: Arc<ExchangeSlot>) {
        lock(&self.shared).next = Some(slot);
    }

    /// Takes the slot of the request that hyper has just read.
    pub(super) fn take_slot(&self) -> Option<Arc<ExchangeSlot>> {
        lock(&self.shared).next.take()
    }

    /// Adds requests that were never passed to hyper; they are recorded when the connection ends.
    pub(super) fn abandon(&self, slots: impl Iterator<Item = Arc<ExchangeSlot>>) {
        lock(&self.shared).orphans.extend(slots);
    }

    /// Takes the requests that were never passed to hyper.
    pub(super) fn take_orphans(&self) -> Vec<Arc<ExchangeSlot>> {
        std::mem::take(&mut lock(&self.shared).orphans)
    }
}

/// The end of a client connection, by the client or by the stopping recorder.
#[derive(Clone, Debug)]
pub(super) struct Disconnect {
    /// Who ended the connection.
    pub by: EndedBy,
    /// What was observed, as a message.
    pub detail: String,
    /// When it was observed, in microseconds of the run. For the client the exchange ends then, even if the backend
    /// takes longer.
    pub at: u64,
    /// The uncertainty of `at`: it may have happened up to this many microseconds earlier.
    pub late: u64,
}

/// The progress of an exchange on the client's side. Times are in microseconds of the run.
#[derive(Clone, Debug, Default)]
pub(super) struct DeliveryState {
    /// When the request was complete.
    pub request_end: Option<u64>,
    /// The request's trailers.
    pub request_trailers: Vec<Header>,
    /// Why the rest of the request was refused.
    pub refused: Option<String>,
    /// Whether hyper's server has read the whole request body, so that the connection can carry another request.
    pub taken: bool,
    /// How the client disconnected.
    pub disconnect: Option<Disconnect>,
    /// The real head of the response passed to hyper.
    pub answer: Option<Head<StatusLine>>,
    /// The response's trailers.
    pub answer_trailers: Vec<Header>,
    /// Bytes of the response that hyper has written, in the form sent to the client.
    pub queued: u64,
    /// Bytes of the response's content among them.
    pub content: u64,
    /// Whether hyper has written the whole response, whose end is held back.
    pub complete: bool,
    /// Whether the end of the connection ends the response (RFC 9112 section 6.3, rule 8).
    pub until_close: bool,
    /// Whether nothing is held back any more.
    pub released: bool,
    /// Bytes sent to the client.
    pub sent: u64,
    /// When the first byte was sent.
    pub head_out: Option<u64>,
    /// When the last byte was sent.
    pub end_out: Option<u64>,
}

/// A request on its connection, from its head to the delivery of its response.
pub(super) struct ExchangeSlot {
    /// The exchange's number.
    pub number: u64,
    /// Wall clock time of the complete head, in microseconds.
    pub wall_us: i64,
    /// The same time in microseconds of the run.
    pub head_at: u64,
    /// The uncertainty of `head_at`: the head may have arrived up to this many microseconds earlier.
    pub head_late: u64,
    /// The head as received; of a refused head, the parts that could be read.
    pub head: Head<RequestLine>,
    /// The version's text, if there is one.
    pub version: String,
    /// How the body ends.
    pub framing: Framing,
    /// Why the head was refused.
    pub refused: Option<String>,
    /// The page that it asks for. Then it is not an exchange: it has no number and is not recorded.
    pub page: Option<Arc<LocalPage>>,
    /// Deviations of the record from what was received.
    pub notes: Vec<String>,
    pub connection: Arc<ClientConnection>,
    /// Bytes of the response's content received from the backend.
    arrived: AtomicU64,
    /// Whether the whole response has been received.
    arrived_whole: AtomicBool,
    state: watch::Sender<DeliveryState>,
}

/// A request as read by the tap.
pub(super) struct Taken {
    /// See [`ExchangeSlot`].
    pub number: u64,
    /// See [`ExchangeSlot`].
    pub wall_us: i64,
    /// See [`ExchangeSlot`].
    pub head_at: u64,
    /// See [`ExchangeSlot`].
    pub head_late: u64,
    /// See [`ExchangeSlot`].
    pub head: Head<RequestLine>,
    /// See [`ExchangeSlot`].
    pub version: String,
    /// See [`ExchangeSlot`].
    pub framing: Framing,
    /// See [`ExchangeSlot`].
    pub refused: Option<String>,
    /// See [`ExchangeSlot`].
    pub page: Option<Arc<LocalPage>>,
    /// See [`ExchangeSlot`].
    pub notes: Vec<String>,
}

impl ExchangeSlot {
    /// The slot of a request.
    pub(super) fn new(taken: Taken, connection: Arc<ClientConnection>) -> ExchangeSlot {
        let Taken { number, wall_us, head_at, head_late, head, version, framing, refused, page, notes } = taken;
        let state = watch::Sender::new(DeliveryState::default());
        let (arrived, arrived_whole) = (AtomicU64::default(), AtomicBool::default());
        ExchangeSlot {
            number,
            wall_us,
            head_at,
            head_late,
            head,
            version,
            framing,
            refused,
            page,
            notes,
            connection,
            arrived,
            arrived_whole,
            state,
        }
    }

    /// Changes the state and notifies waiters.
    pub(super) fn change(&self, change: impl FnOnce(&mut DeliveryState)) {
        self.state.send_modify(change);
    }

    /// A copy of the current state.
    pub(super) fn state(&self) -> DeliveryState {
        self.state.borrow().clone()
    }

    /// Inspects the state without copying it.
    pub(super) fn look<T>(&self, look: impl FnOnce(&DeliveryState) -> T) -> T {
        look(&self.state.borrow())
    }

    /// Waits until the state fulfils a condition.
    pub(super) async fn until(&self, so: impl FnMut(&DeliveryState) -> bool) {
        // `self` owns the sender, so the wait cannot end with a closed channel.
        let _ = self.state.subscribe().wait_for(so).await;
    }

    /// Adds bytes of the response's content received from the backend.
    pub(super) fn arrived(&self, count: u64) {
        self.arrived.fetch_add(count, Ordering::Relaxed);
    }

    /// Marks the response as completely received, or as created by the recorder.
    pub(super) fn arrived_whole(&self) {
        self.arrived_whole.store(true, Ordering::Relaxed);
    }

    /// How many bytes of the response's content were received, and whether that is all.
    pub(super) fn has_arrived(&self) -> (u64, bool) {
        (self.arrived.load(Ordering::Relaxed), self.arrived_whole.load(Ordering::Relaxed))
    }

    /// Whether the response ends the connection, because the rest of the request body is not read.
    pub(super) fn leaves_unread(&self) -> bool {
        !matches!(self.framing, Framing::None | Framing::Length(0)) && !self.look(|state| state.taken)
    }

    /// Releases the bytes held back for the client.
    pub(super) fn release(&self) {
        self.change(|state| state.released = true);
        self.connection.wake();
    }
}
