//! What tap and exchange tell each other: the client's connection ([`ClientConnection`]) and each request's place on it ([`ExchangeSlot`]).

use super::h1::{Framing, Head, RequestLine, StatusLine};
use super::lock::lock;
use super::pulse::Stamp;
use crate::capture::record::{EndedBy, Header, Way};
use rustls::AlertDescription;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use tokio::sync::watch;

/// How the end of what was under way is said when the recorder stops.
pub const STOPPED: &str = "the recorder was stopped";

/// A client's connection.
pub struct ClientConnection {
    /// Numbered from 1 in its run.
    pub connection: u64,
    /// Which way it came in.
    pub way: Way,
    /// The TLS version with the client.
    pub tls: String,
    /// When it was accepted, in microseconds of the run.
    pub accepted: u64,
    /// When TLS stood.
    pub tls_done: u64,
    /// The host of CONNECT, with its port where it is not 443.
    pub connect_host: Option<String>,
    /// Since when what comes on it can have been there.
    pub stamp: Arc<Stamp>,
    waker: Mutex<Option<Waker>>,
    current: Mutex<Option<Arc<ExchangeSlot>>>,
    orphans: Mutex<Vec<Arc<ExchangeSlot>>>,
    alert: Mutex<Option<AlertDescription>>,
    in_head: Mutex<Option<String>>,
    draining: AtomicBool,
    stopped: AtomicBool,
}

impl ClientConnection {
    /// A connection that has just been accepted.
    pub fn new(
        connection: u64,
        way: Way,
        tls: String,
        accepted: u64,
        tls_done: u64,
        host: Option<String>,
        stamp: Arc<Stamp>,
    ) -> ClientConnection {
        let (waker, current, orphans) = (Mutex::default(), Mutex::default(), Mutex::default());
        let (alert, in_head) = (Mutex::default(), Mutex::default());
        let (draining, stopped) = (AtomicBool::default(), AtomicBool::default());
        let connect_host = host;
        ClientConnection {
            connection,
            way,
            tls,
            accepted,
            tls_done,
            connect_host,
            stamp,
            waker,
            current,
            orphans,
            alert,
            in_head,
            draining,
            stopped,
        }
    }

    /// Remembers the task that drives the connection.
    pub fn remember(&self, waker: &Waker) {
        let mut known = lock(&self.waker);
        if !known.as_ref().is_some_and(|old| old.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }

    /// Wakes the task that drives the connection.
    pub fn wake(&self) {
        if let Some(waker) = lock(&self.waker).take() {
            waker.wake();
        }
    }

    /// The connection broke; a TLS alert of the client is remembered, for it may refuse our certificate this late.
    pub fn broke(&self, error: &std::io::Error) {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(rustls::Error::AlertReceived(alert)) = inner {
            *lock(&self.alert) = Some(*alert);
        }
    }

    /// The TLS alert that ended the connection.
    pub fn take_alert(&self) -> Option<AlertDescription> {
        lock(&self.alert).take()
    }

    /// The connection ended in the middle of a request head, which therefore has no exchange; in a sentence.
    pub fn left_in_head(&self, detail: &str) {
        lock(&self.in_head).get_or_insert_with(|| detail.to_owned());
    }

    /// How it did, if it did.
    pub fn take_left_in_head(&self) -> Option<String> {
        lock(&self.in_head).take()
    }

    /// The recorder stops: what is under way is finished, and nothing more is waited for.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether it does.
    pub fn drains(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// The recorder stops, and ends the connection: its client did not.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Who ends the connection where it is dropped, and how that is said.
    pub fn dropped_by(&self) -> (EndedBy, &'static str) {
        match self.stopped.load(Ordering::Relaxed) {
            true => (EndedBy::Recorder, STOPPED),
            false => (EndedBy::Client, "the connection was closed"),
        }
    }

    /// Gives hyper's next request its seat.
    pub fn assign(&self, slot: Arc<ExchangeSlot>) {
        *lock(&self.current) = Some(slot);
    }

    /// The seat of the request that hyper has just read.
    pub fn take_seat(&self) -> Option<Arc<ExchangeSlot>> {
        lock(&self.current).take()
    }

    /// Leaves requests that never had their turn to whoever ends the connection.
    pub fn abandon(&self, seats: impl Iterator<Item = Arc<ExchangeSlot>>) {
        lock(&self.orphans).extend(seats);
    }

    /// The requests that never had their turn.
    pub fn take_orphans(&self) -> Vec<Arc<ExchangeSlot>> {
        std::mem::take(&mut *lock(&self.orphans))
    }
}

/// A client that went away, or that the recorder left as it stopped.
#[derive(Clone, Debug)]
pub struct Disconnect {
    /// Who ended it.
    pub by: EndedBy,
    /// What was seen, in a sentence.
    pub detail: String,
    /// When it was seen (microseconds of the run): the exchange ends then for the client, however long the backend
    /// takes.
    pub at: u64,
    /// By how much it may have been earlier, in microseconds.
    pub late: u64,
}

/// How far the client's side of an exchange has got.
#[derive(Clone, Debug, Default)]
pub struct DeliveryState {
    /// When the request was complete.
    pub request_end: Option<u64>,
    /// The request's trailers.
    pub request_trailers: Vec<Header>,
    /// Why the rest of the request was refused.
    pub refused: Option<String>,
    /// hyper's server has given the request's body to its end: the connection can carry another request.
    pub taken: bool,
    /// The client went away.
    pub disconnect: Option<Disconnect>,
    /// The real head of the answer that hyper is given.
    pub answer: Option<Head<StatusLine>>,
    /// The answer's trailers.
    pub answer_trailers: Vec<Header>,
    /// Bytes of the answer that have come out of hyper, as they go to the client.
    pub queued: u64,
    /// Bytes of the answer's content among them.
    pub content: u64,
    /// The answer has come out of hyper to its end, which is held back.
    pub complete: bool,
    /// The answer ends with the connection: no byte tells its end.
    pub until_close: bool,
    /// Nothing is held back any more.
    pub released: bool,
    /// Bytes that went out to the client.
    pub sent: u64,
    /// When the first went out.
    pub head_out: Option<u64>,
    /// When the last went out.
    pub end_out: Option<u64>,
}

/// A request's place on its connection.
pub struct ExchangeSlot {
    /// The exchange's number.
    pub number: u64,
    /// Wall clock when the head was complete.
    pub wall_us: i64,
    /// The same by the run's clock.
    pub head_at: u64,
    /// By how much it may have been earlier, in microseconds.
    pub head_late: u64,
    /// The head as it came; what can be told of it where it was refused.
    pub head: Head<RequestLine>,
    /// The version's text, where there was one.
    pub version: String,
    /// How the body ends.
    pub framing: Framing,
    /// Why the head was refused.
    pub refused: Option<String>,
    /// Where the recorder had to differ from what it read.
    pub notes: Vec<String>,
    /// The connection.
    pub line: Arc<ClientConnection>,
    /// How much of the response's content has come from the backend.
    arrived: AtomicU64,
    /// Whether all of the response has come.
    arrived_whole: AtomicBool,
    state: watch::Sender<DeliveryState>,
}

/// A request as the tap has read it.
pub struct Taken {
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
    pub notes: Vec<String>,
}

impl ExchangeSlot {
    /// A seat for a request.
    pub fn new(taken: Taken, line: Arc<ClientConnection>) -> ExchangeSlot {
        let Taken { number, wall_us, head_at, head_late, head, version, framing, refused, notes } = taken;
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
            notes,
            line,
            arrived,
            arrived_whole,
            state,
        }
    }

    /// Changes the state and tells whoever waits.
    pub fn change(&self, change: impl FnOnce(&mut DeliveryState)) {
        self.state.send_modify(change);
    }

    /// The state now.
    pub fn state(&self) -> DeliveryState {
        self.state.borrow().clone()
    }

    /// Looks at the state without copying it.
    pub fn look<T>(&self, look: impl FnOnce(&DeliveryState) -> T) -> T {
        look(&self.state.borrow())
    }

    /// Waits until the state is so.
    pub async fn until(&self, so: impl FnMut(&DeliveryState) -> bool) {
        // The sender lives in `self`: the wait can only end because the state is so.
        let _ = self.state.subscribe().wait_for(so).await;
    }

    /// So much more of the response's content has come from the backend.
    pub fn arrived(&self, count: u64) {
        self.arrived.fetch_add(count, Ordering::Relaxed);
    }

    /// All of the response has come, or it is the recorder's own: nothing of it is waited for.
    pub fn arrived_whole(&self) {
        self.arrived_whole.store(true, Ordering::Relaxed);
    }

    /// How much of the response's content has come, and whether all of it has.
    pub fn has_arrived(&self) -> (u64, bool) {
        (self.arrived.load(Ordering::Relaxed), self.arrived_whole.load(Ordering::Relaxed))
    }

    /// Whether a response to it ends the connection, because what is left of its body is not read as a message.
    pub fn leaves_unread(&self) -> bool {
        !matches!(self.framing, Framing::None | Framing::Length(0)) && !self.look(|state| state.taken)
    }

    /// Lets everything go out to the client.
    pub fn release(&self) {
        self.change(|state| state.released = true);
        self.line.wake();
    }
}
