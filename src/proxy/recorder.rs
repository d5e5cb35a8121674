//! What all connections of a recorder share, and how it stops.

use super::connection::{Disconnect, ExchangeSlot};
use super::faults::FaultInjector;
use super::lock::lock;
use super::observer::Observer;
use super::pool::Pool;
use super::pulse::Pulse;
use super::upstream::Upstream;
use crate::capture::record::{Connection, Exchange};
use crate::capture::{Record, Writer};
use crate::pki::{Authority, Name};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, watch};

/// How often it is recorded that no more connections are taken.
const FULL_AGAIN: Duration = Duration::from_secs(10);

/// Bounds that keep one client from taking everything.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest head, in bytes.
    pub head: usize,
    /// How many connections of clients there are at once.
    pub connections: usize,
    /// How long a connection may be idle: without a request, in the middle of a body, or without reading its answer.
    pub idle: Duration,
    /// How long a request's head may take from its first byte on, and what comes before it: TLS, CONNECT.
    pub head_time: Duration,
    /// How long the backend may take from the call to its answer's head, and between two pieces of it.
    pub backend: Duration,
    /// How long a call goes on at the backend after its client went away.
    pub alone: Duration,
    /// How long a timeout fault withholds an answer at most.
    pub withhold: Duration,
    /// How long calls in flight may take when the recorder stops.
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

/// A duration for people.
pub fn seconds(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{} ms", duration.as_millis())
    }
}

/// What a recorder does.
#[derive(Clone, Debug)]
pub struct RecorderConfig {
    /// Where clients find it as their base URL.
    pub listen: SocketAddr,
    /// Where clients find it as their HTTPS proxy.
    pub proxy_listen: SocketAddr,
    /// Where calls are forwarded to.
    pub upstream: Upstream,
    /// Names under which it is also known: they stand in certificates, and CONNECT to them is intercepted, at any port.
    pub names: Vec<String>,
    /// Hosts that CONNECT lets through untouched and unrecorded.
    pub tunnel: Vec<String>,
    /// Addresses on this machine that are nobody's but its user's: no call gets there through the recorder.
    pub private: Vec<SocketAddr>,
    /// Bounds.
    pub limits: Limits,
}

/// How far stopping has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Not at all.
    ProxyHandle,
    /// Nothing new is taken; what is under way is finished.
    Draining,
    /// What is under way is recorded as it stands.
    Killed,
}

/// What all connections share.
pub struct Recorder {
    /// The configuration.
    pub config: RecorderConfig,
    /// Where records go.
    pub writer: Writer,
    /// The CA.
    pub authority: Arc<Authority>,
    /// Connections to the backend.
    pub pool: Arc<Pool>,
    /// When the event loop looked at its sockets.
    pub pulse: Arc<Pulse>,
    /// Who decides on faults.
    pub faults: Arc<dyn FaultInjector>,
    /// Who looks on.
    pub watch: Arc<dyn Observer>,
    /// Its own addresses, base URL and proxy, and then those that are private.
    pub own: Vec<SocketAddr>,
    /// Room for connections.
    pub room: Arc<Semaphore>,
    phase: watch::Sender<Phase>,
    failure: watch::Sender<Option<String>>,
    tasks: watch::Sender<()>,
    connections: AtomicU64,
    full_until: Mutex<Option<Instant>>,
}

/// A task that stopping waits for lives as long as this.
pub type Tracked = watch::Receiver<()>;

impl Recorder {
    /// A recorder that listens at these addresses already.
    pub fn new(
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
        let (phase, failure) = (watch::Sender::new(Phase::ProxyHandle), watch::Sender::new(None));
        let (tasks, connections) = (watch::Sender::new(()), AtomicU64::new(0));
        let (pool, full_until) = (Arc::new(pool), Mutex::default());
        let pulse = Pulse::new(writer.clone());
        Ok(Recorder {
            config,
            writer,
            authority,
            pool,
            pulse,
            faults,
            watch,
            own,
            room,
            phase,
            failure,
            tasks,
            connections,
            full_until,
        })
    }

    /// The next connection's number.
    pub fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether being full is news: said at most once in [`FULL_AGAIN`].
    pub fn begins_to_be_full(&self) -> bool {
        let (mut until, now) = (lock(&self.full_until), Instant::now());
        let news = until.is_none_or(|until| until < now);
        if news {
            *until = now.checked_add(FULL_AGAIN);
        }
        news
    }

    /// Makes stopping wait for whoever holds this.
    pub fn track(&self) -> Tracked {
        self.tasks.subscribe()
    }

    /// Waits until nobody is tracked.
    pub async fn untracked(&self) {
        self.tasks.closed().await;
    }

    /// Goes on to a phase.
    pub fn enter(&self, phase: Phase) {
        self.phase.send_if_modified(|now| std::mem::replace(now, (*now).max(phase)) < phase);
    }

    /// Waits for a phase.
    pub async fn reached(&self, phase: Phase) {
        let _ = self.phase.subscribe().wait_for(|now| *now >= phase).await;
    }

    /// The store failed: no more traffic is taken.
    pub fn fail(&self, why: String) {
        self.failure.send_if_modified(|failure| failure.is_none() && failure.replace(why).is_none());
        self.enter(Phase::Killed);
    }

    /// Waits until the store has failed; with what it said.
    pub async fn failed(&self) -> String {
        let mut failure = self.failure.subscribe();
        let failure = failure.wait_for(Option::is_some).await;
        failure.ok().and_then(|failure| failure.clone()).unwrap_or_default()
    }

    /// Makes an exchange durable and tells who wants to know; `false` when the store failed.
    pub async fn record(&self, exchange: Exchange) -> bool {
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

    /// Records what happened to a connection below HTTP, and says it in one line.
    pub async fn connection_event(&self, connection: u64, event: &str, tls: &str, detail: String) {
        let (event, tls) = (event.to_owned(), tls.to_owned());
        let at_us = self.writer.now_us();
        self.tell(Connection { connection, event, tls, detail, at_us, ..Connection::default() }).await;
    }

    /// The client left after an exchange was recorded as complete, and before its response was out.
    pub async fn undelivered(&self, slot: &ExchangeSlot, disconnect: Disconnect) {
        self.tell(Connection {
            connection: slot.line.connection,
            event: "closed".to_owned(),
            tls: slot.line.tls.clone(),
            detail: format!("{} while the answer of exchange {} went out", disconnect.detail, slot.number),
            // The earliest that it can have been: the client was in time for what it did next.
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

    /// The names in certificates of a listener of ours.
    pub fn own_names(&self, address: SocketAddr) -> Vec<Name> {
        let configured = self.config.names.iter().filter_map(|name| Name::parse(name));
        let address = Some(address.ip()).filter(|ip| !ip.is_unspecified()).map(Name::Ip);
        let local = ["localhost", "127.0.0.1", "::1"].into_iter().filter_map(Name::parse);
        configured.chain(address).chain(local).collect()
    }
}
