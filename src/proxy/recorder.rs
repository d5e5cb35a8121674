//! State shared by all connections: configuration, limits, shutdown phases, recording.

use super::connection::{Disconnect, ExchangeSlot};
use super::faults::FaultInjector;
use super::local_pages::LocalPages;
use super::lock::lock;
use super::loop_monitor::LoopMonitor;
use super::observer::Observer;
use super::pool::Pool;
use super::upstream::Upstream;
use crate::capture::record::{Connection, Exchange};
use crate::capture::{Record, Writer};
use crate::pki::{Authority, Name};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, watch};

/// The minimum interval between two `full` events.
const FULL_AGAIN: Duration = Duration::from_secs(10);

/// Limits that keep one client from using up all resources.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The maximum length of a head, in bytes.
    pub head: usize,
    /// The maximum number of concurrent client connections.
    pub connections: usize,
    /// How long a connection may be idle: without a request, within a body, or without reading the response.
    pub idle: Duration,
    /// How long a request head may take from its first byte; also the limit for the TLS handshake and for CONNECT.
    pub head_time: Duration,
    /// How long the backend may take from the request to the response head, and between two parts of the body.
    pub backend: Duration,
    /// How long a request continues at the backend after its client has disconnected.
    pub alone: Duration,
    /// How long a timeout fault withholds a response at most.
    pub withhold: Duration,
    /// How long exchanges in flight may take when the recorder stops.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        let seconds = Duration::from_secs;
        Limits {
            head: 64 * 1024,
            connections: 1024,
            idle: seconds(120),
            head_time: seconds(10),
            backend: seconds(60),
            alone: seconds(30),
            withhold: seconds(30),
            drain: seconds(10),
        }
    }
}

/// Formats a duration in seconds or milliseconds.
pub(super) fn seconds(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{} ms", duration.as_millis())
    }
}

/// The configuration of a recorder.
#[derive(Clone, Debug)]
pub struct RecorderConfig {
    /// The listen address of the base URL.
    pub listen: SocketAddr,
    /// The listen address of the HTTPS proxy.
    pub proxy_listen: SocketAddr,
    /// The backend that requests are forwarded to.
    pub upstream: Upstream,
    /// Additional names of the recorder: certificates contain them, and CONNECT to them is intercepted on any port.
    pub names: Vec<String>,
    /// Hosts to which CONNECT opens a tunnel, unmodified and unrecorded.
    pub tunnel: Vec<String>,
    /// Addresses on this machine that only its user may reach: the recorder never connects to them.
    pub private: Vec<SocketAddr>,
    /// Pages that are served at the base URL's address and not recorded.
    pub pages: LocalPages,
    pub limits: Limits,
}

/// The phase of the shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Running,
    /// Nothing new is accepted; exchanges in flight are finished.
    Draining,
    /// Exchanges in flight are aborted and recorded.
    Killed,
}

/// The state shared by all connections.
pub(super) struct Recorder {
    /// The configuration.
    pub config: RecorderConfig,
    /// The writer of the capture.
    pub writer: Writer,
    /// The CA.
    pub authority: Arc<Authority>,
    /// Connections to the backend.
    pub pool: Arc<Pool>,
    /// The times at which the event loop polled its sockets.
    pub monitor: Arc<LoopMonitor>,
    /// Decides which requests get a fault.
    pub faults: Arc<dyn FaultInjector>,
    /// Receives the recorded exchanges and events.
    pub watch: Arc<dyn Observer>,
    /// The recorder's own addresses: base URL, proxy, then the private ones.
    pub own: Vec<SocketAddr>,
    /// Free connection slots.
    pub connection_slots: Arc<Semaphore>,
    phase: watch::Sender<Phase>,
    failure: watch::Sender<Option<String>>,
    tasks: watch::Sender<()>,
    connections: AtomicU64,
    full_until: Mutex<Option<Instant>>,
}

/// A guard of a task: shutdown waits until it is dropped.
pub(super) type Tracked = watch::Receiver<()>;

impl Recorder {
    /// The state of a recorder that already listens on the addresses `own`.
    pub(super) fn new(
        config: RecorderConfig,
        own: [SocketAddr; 2],
        authority: Arc<Authority>,
        writer: Writer,
        faults: Arc<dyn FaultInjector>,
        watch: Arc<dyn Observer>,
    ) -> Result<Recorder, String> {
        let own: Vec<SocketAddr> = own.into_iter().chain(config.private.iter().copied()).collect();
        let pool = Pool::new(&config.upstream, writer.clone(), config.limits.head, own.clone())?;
        let room = Arc::new(Semaphore::new(config.limits.connections));
        let (phase, failure) = (watch::Sender::new(Phase::Running), watch::Sender::new(None));
        let (tasks, connections) = (watch::Sender::new(()), AtomicU64::new(0));
        let (pool, full_until) = (Arc::new(pool), Mutex::default());
        let monitor = LoopMonitor::new(writer.clone());
        Ok(Recorder {
            config,
            writer,
            authority,
            pool,
            monitor,
            faults,
            watch,
            own,
            connection_slots: room,
            phase,
            failure,
            tasks,
            connections,
            full_until,
        })
    }

    /// The next connection's number.
    pub(super) fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether to record a `full` event now: at most once per [`FULL_AGAIN`].
    pub(super) fn begins_to_be_full(&self) -> bool {
        let (mut until, now) = (lock(&self.full_until), Instant::now());
        let is_new = until.is_none_or(|until| until < now);
        if is_new {
            *until = now.checked_add(FULL_AGAIN);
        }
        is_new
    }

    /// Returns a guard that shutdown waits for.
    pub(super) fn track(&self) -> Tracked {
        self.tasks.subscribe()
    }

    /// Waits until all guards are dropped.
    pub(super) async fn untracked(&self) {
        self.tasks.closed().await;
    }

    /// Enters a phase, unless a later one was entered before.
    pub(super) fn enter(&self, phase: Phase) {
        self.phase.send_if_modified(|now| std::mem::replace(now, (*now).max(phase)) < phase);
    }

    /// Waits for a phase.
    pub(super) async fn reached(&self, phase: Phase) {
        let _ = self.phase.subscribe().wait_for(|now| *now >= phase).await;
    }

    /// Notes that the store failed, and stops all traffic.
    pub(super) fn fail(&self, why: String) {
        self.failure.send_if_modified(|failure| failure.is_none() && failure.replace(why).is_none());
        self.enter(Phase::Killed);
    }

    /// Waits until the store fails and returns its error.
    pub(super) async fn failed(&self) -> String {
        let mut failure = self.failure.subscribe();
        let failure = failure.wait_for(Option::is_some).await;
        failure.ok().and_then(|failure| failure.clone()).unwrap_or_default()
    }

    /// Writes an exchange durably and notifies fault injector and observers; `false` if the store failed.
    pub(super) async fn record(&self, exchange: Exchange) -> bool {
        let exchange = self.writer.redactor().exchange(exchange);
        let durable = self.writer.append(Record::Exchange(Box::new(exchange.clone()))).await;
        if let Err(error) = durable {
            self.fail(error.to_string());
            return false;
        }
        self.faults.recorded(&exchange);
        self.watch.exchange(&exchange);
        true
    }

    /// Records an event of a connection below HTTP.
    pub(super) async fn connection_event(&self, connection: u64, event: &str, tls: &str, detail: String) {
        let (event, tls) = (event.to_owned(), tls.to_owned());
        let at_us = self.writer.now_us();
        self.tell(Connection { connection, at_us, event, tls, detail, ..Connection::default() }).await;
    }

    /// Records that the client disconnected after its exchange was recorded as complete, before the response was sent.
    pub(super) async fn undelivered(&self, slot: &ExchangeSlot, disconnect: Disconnect) {
        self.tell(Connection {
            connection: slot.connection.connection,
            event: "closed".to_owned(),
            tls: slot.connection.tls.clone(),
            detail: format!("{} while the response of exchange {} was being sent", disconnect.detail, slot.number),
            // The earliest possible time, in favour of the client's next request.
            at_us: disconnect.at.saturating_sub(disconnect.late),
            undelivered: Some(slot.number),
            ..Connection::default()
        })
        .await;
    }

    async fn tell(&self, record: Connection) {
        let record = Connection { run: self.writer.run(), wall_us: self.writer.wall_us(), ..record };
        let record = self.writer.redactor().connection(record);
        self.watch.connection(&record);
        if record.undelivered.is_some() {
            self.faults.undelivered(&record);
        }
        if let Err(error) = self.writer.append(Record::Connection(record)).await {
            self.fail(error.to_string());
        }
    }

    /// The names in the certificates of one of the recorder's listeners.
    pub(super) fn own_names(&self, address: SocketAddr) -> Vec<Name> {
        let configured = self.config.names.iter().filter_map(|name| Name::parse(name));
        let address = Some(address.ip()).filter(|ip| !ip.is_unspecified()).map(Name::Ip);
        let local = ["localhost", "127.0.0.1", "::1"].into_iter().filter_map(Name::parse);
        configured.chain(address).chain(local).collect()
    }
}
