//! The recorder's server: binding, start, accept loop, shutdown.

use super::accept::{Accepted, serve};
use super::connect::serve_proxy;
use super::faults::FaultInjector;
use super::loop_monitor::ArrivalBound;
use super::observer::Observer;
use super::own_address::is_same;
use super::recorder::{Phase, Recorder, RecorderConfig, Tracked};
use crate::capture::Writer;
use crate::capture::record::Way;
use crate::pki::Authority;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;

/// A running recorder.
pub struct ProxyHandle {
    /// The address of the base URL.
    pub base_addr: SocketAddr,
    /// The address of the HTTPS proxy.
    pub proxy_addr: SocketAddr,
    recorder: Arc<Recorder>,
}

/// The recorder's listening sockets. They are bound before files are created, so that an address in use leaves nothing
/// behind.
pub struct Listeners {
    /// The address of the base URL.
    pub base_addr: SocketAddr,
    /// The address of the HTTPS proxy.
    pub proxy_addr: SocketAddr,
    base: TcpListener,
    proxy: TcpListener,
}

impl Listeners {
    /// Binds both addresses. Clients can connect from now on; they are served once the recorder starts.
    ///
    /// # Errors
    /// A message with the address and the option that changes it.
    pub async fn bind(base: SocketAddr, proxy: SocketAddr) -> Result<Listeners, String> {
        let (base, proxy) = (listen(base, "--listen").await?, listen(proxy, "--proxy-listen").await?);
        let address = |listener: &TcpListener| listener.local_addr().map_err(|error| error.to_string());
        Ok(Listeners { base_addr: address(&base)?, proxy_addr: address(&proxy)?, base, proxy })
    }

    /// Checks that the configured upstream is not this recorder.
    ///
    /// # Errors
    /// A message if it is, or if the outgoing proxy cannot be used.
    pub async fn check(&self, config: &RecorderConfig) -> Result<(), String> {
        not_itself(config, [self.base_addr, self.proxy_addr]).await
    }
}

/// Binds, checks and starts a recorder.
///
/// # Errors
/// A message for the user.
pub async fn start(
    config: RecorderConfig,
    authority: Arc<Authority>,
    writer: Writer,
    faults: Arc<dyn FaultInjector>,
    watch: Arc<dyn Observer>,
) -> Result<ProxyHandle, String> {
    let listeners = Listeners::bind(config.listen, config.proxy_listen).await?;
    listeners.check(&config).await?;
    start_on(listeners, config, authority, writer, faults, watch)
}

/// Starts a recorder on listeners that were bound and checked before.
///
/// # Errors
/// A message for the user.
pub fn start_on(
    listeners: Listeners,
    config: RecorderConfig,
    authority: Arc<Authority>,
    writer: Writer,
    faults: Arc<dyn FaultInjector>,
    watch: Arc<dyn Observer>,
) -> Result<ProxyHandle, String> {
    let Listeners { base_addr, proxy_addr, base, proxy } = listeners;
    let recorder = Recorder::new(config, [base_addr, proxy_addr], authority, writer, faults, watch)?;
    let recorder = Arc::new(recorder);
    tokio::spawn(fail_with_the_store(recorder.clone()));
    tokio::spawn(accept(recorder.clone(), base, Way::Base, recorder.track()));
    tokio::spawn(accept(recorder.clone(), proxy, Way::Connect, recorder.track()));
    let (monitor, stopped) = (recorder.monitor.clone(), recorder.clone());
    tokio::spawn(async move {
        tokio::select! {
            () = monitor.run() => {}
            () = stopped.untracked() => {}
        }
    });
    Ok(ProxyHandle { base_addr, proxy_addr, recorder })
}

impl ProxyHandle {
    /// Waits until writing the capture fails and the recorder stops accepting traffic. Returns the store's error.
    pub async fn failed(&self) -> String {
        self.recorder.failed().await
    }

    /// Records each received message as a connection event of this name, until the recorder stops.
    pub fn record_events(&self, event: &'static str, mut events: mpsc::Receiver<String>) {
        let (recorder, tracked) = (self.recorder.clone(), self.recorder.track());
        tokio::spawn(async move {
            let mut draining = std::pin::pin!(recorder.reached(Phase::Draining));
            loop {
                let detail = tokio::select! {
                    biased;
                    detail = events.recv() => detail,
                    () = &mut draining => None,
                };
                let Some(detail) = detail else { break };
                recorder.connection_event(0, event, "", detail).await;
            }
            drop(tracked);
        });
    }

    /// Stops the recorder: accepts nothing new, waits for exchanges in flight, records the rest unfinished, closes the
    /// capture.
    pub async fn stop(self) -> Result<(), String> {
        let recorder = &self.recorder;
        recorder.enter(Phase::Draining);
        if timeout(recorder.config.limits.drain, recorder.untracked()).await.is_err() {
            recorder.enter(Phase::Killed);
            // The remaining tasks only write their records.
            let _ = timeout(Duration::from_secs(5), recorder.untracked()).await;
        }
        recorder.writer.close().await.map_err(|error| error.to_string())
    }
}

/// Checks that a recorder could bind these addresses, before the user is asked for input.
///
/// # Errors
/// As [`start`].
pub async fn can_listen(base: SocketAddr, proxy: SocketAddr) -> Result<(), String> {
    Listeners::bind(base, proxy).await.map(drop)
}

async fn listen(address: SocketAddr, option: &str) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            format!("{address} is already in use; choose another port with {option}, or 0 for a free port")
        }
        _ => format!("cannot listen on {address}: {error}; choose another address with {option}"),
    })
}

/// Rejects an upstream that is this recorder itself, which would cause a request loop.
async fn not_itself(config: &RecorderConfig, own: [SocketAddr; 2]) -> Result<(), String> {
    let upstream = &config.upstream;
    // With an outgoing proxy the name may not resolve here. Dialling checks that the proxy is not the recorder.
    if upstream.proxy()?.is_some() {
        return Ok(());
    }
    let host = upstream.host.trim_matches(['[', ']']);
    // A name that cannot be resolved now may be resolvable later; dialling checks again.
    let Ok(addresses) = tokio::net::lookup_host((host, upstream.port)).await else { return Ok(()) };
    let mut addresses = addresses;
    let own: Vec<SocketAddr> = own.into_iter().chain(config.private.iter().copied()).collect();
    if addresses.any(|address| own.iter().any(|own| is_same(*own, address))) {
        Err(format!("the upstream {} is this recorder itself; pass the backend with --upstream", upstream.origin()))
    } else {
        Ok(())
    }
}

/// Stops traffic when the store fails, even if no exchange is in flight that would notice.
async fn fail_with_the_store(recorder: Arc<Recorder>) {
    tokio::select! {
        error = recorder.writer.failure() => recorder.fail(error.to_string()),
        () = recorder.reached(Phase::Draining) => {}
    }
}

/// Waits for a free connection slot. Records an event if there is none.
async fn connection_slot(recorder: &Recorder) -> Result<OwnedSemaphorePermit, AcquireError> {
    if let Ok(room) = recorder.connection_slots.clone().try_acquire_owned() {
        return Ok(room);
    }
    if recorder.begins_to_be_full() {
        let most = recorder.config.limits.connections;
        let detail = format!(
            "{most} connections are open; no more are accepted until one closes; --max-connections raises the limit"
        );
        recorder.connection_event(0, "full", "", detail).await;
    }
    recorder.connection_slots.clone().acquire_owned().await
}

async fn accept(recorder: Arc<Recorder>, listener: TcpListener, way: Way, tracked: Tracked) {
    let arrival = ArrivalBound::new(recorder.monitor.clone(), recorder.writer.now_us());
    let next = || poll_fn(|cx| arrival.poll(cx, |cx| listener.poll_accept(cx)));
    loop {
        let accepted = tokio::select! {
            accepted = async { (connection_slot(&recorder).await, next().await) } => accepted,
            () = recorder.reached(Phase::Draining) => break,
        };
        let (Ok(room), Ok((tcp, _))) = accepted else {
            // Too many open files, or a connection that closed at once: both are temporary.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (recorder, tracked) = (recorder.clone(), recorder.track());
        let arrival = ArrivalBound::new(recorder.monitor.clone(), arrival.read_after());
        tokio::spawn(async move {
            connection(recorder, tcp, arrival, way).await;
            drop((room, tracked));
        });
    }
    drop(tracked);
}

async fn connection(recorder: Arc<Recorder>, tcp: TcpStream, arrival: Arc<ArrivalBound>, way: Way) {
    let (number, at) = (recorder.next_connection(), recorder.writer.now_us());
    let _ = tcp.set_nodelay(true);
    let killed = recorder.clone();
    let serving = async {
        match way {
            Way::Connect => serve_proxy(recorder, tcp, arrival, number, at).await,
            Way::Base => {
                let names = recorder.own_names(tcp.local_addr().unwrap_or(recorder.config.listen));
                serve(recorder, Accepted { tcp, arrival, connection: number, at, way, connect: None, names }).await;
            }
        }
    };
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => {}
        () = killed.reached(Phase::Killed) => {
            // Queued requests are still recorded.
            let _ = timeout(Duration::from_secs(1), serving).await;
        }
    }
}
