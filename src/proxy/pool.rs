//! The pool of connections to the backend.

use super::body::BodyReader;
use super::lock::lock;
use super::own_address::is_same;
use super::upstream::connect_error::next_step;
use super::upstream::error_source::deepest;
use super::upstream::{CONNECT, ClientIdentity, Dialer, Upstream};
use super::upstream_tap::{UpstreamSlot, UpstreamTap};
use crate::capture::Writer;
use http::Uri;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::service::Service as _;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// How long an idle connection is reused. Backends commonly close idle connections after five seconds or more, and a
/// POST lost on a closing connection cannot be retried.
const IDLE: Duration = Duration::from_secs(4);
/// The maximum number of idle connections.
const KEPT: usize = 64;

/// A connection to the backend.
pub(super) struct Backend {
    /// hyper's handle for sending requests.
    pub sender: SendRequest<BodyReader>,
    /// The tap's slot for the current request.
    pub line: Arc<UpstreamSlot>,
    /// Whether it comes from the pool, so that the backend may have closed it unnoticed.
    pub pooled: bool,
    idle_since: Instant,
}

/// The connections to one backend.
pub(super) struct Pool {
    uri: Uri,
    origin: String,
    connector: TowerToHyperService<HttpsConnector<Dialer>>,
    dialer: Dialer,
    /// The outgoing proxy, as a part of error messages.
    proxy: Option<String>,
    identity: Arc<ClientIdentity>,
    idle: Mutex<Vec<Backend>>,
    writer: Writer,
    head_limit: usize,
    own: Vec<SocketAddr>,
}

impl Pool {
    /// An empty pool. `own`: addresses of the recorder itself, to which it never connects.
    pub(super) fn new(
        upstream: &Upstream,
        writer: Writer,
        head_limit: usize,
        own: Vec<SocketAddr>,
    ) -> Result<Pool, String> {
        let origin = upstream.origin();
        let uri = format!("{origin}/").parse().map_err(|e| format!("invalid upstream `{origin}`: {e}"))?;
        let connector = TowerToHyperService::new(upstream.connector(&own)?);
        let proxy = upstream.proxy()?.map(|proxy| format!(" through the proxy {proxy}"));
        let (dialer, identity) = (Dialer::new(upstream.outgoing.clone(), &own), upstream.identity.clone());
        Ok(Pool { uri, origin, connector, dialer, proxy, identity, idle: Mutex::default(), writer, head_limit, own })
    }

    /// Connects to another host, through the outgoing proxy if one applies.
    ///
    /// # Errors
    /// The cause of the failure.
    pub(super) async fn dial(&self, host: &str, port: u16) -> Result<TcpStream, String> {
        let uri = format!("https://{host}:{port}/").parse::<Uri>().map_err(|error| error.to_string())?;
        let dialled = self.dialer.clone().dial(uri).await;
        dialled.map(TokioIo::into_inner).map_err(|error| deepest(error.as_ref()))
    }

    /// Whether the backend has requested a client certificate and none is configured.
    pub(super) fn lacks_certificate(&self) -> bool {
        self.identity.is_missing()
    }

    /// Takes an idle connection that is not known to be closed.
    pub(super) fn take(&self) -> Option<Backend> {
        let mut idle = lock(&self.idle);
        while let Some(mut backend) = idle.pop() {
            let stands = backend.sender.is_ready() && !backend.sender.is_closed();
            if stands && backend.idle_since.elapsed() < IDLE {
                backend.pooled = true;
                return Some(backend);
            }
        }
        None
    }

    /// Returns a connection to the pool once its last exchange is over.
    pub(super) fn keep(self: &Arc<Self>, mut backend: Backend) {
        let pool = self.clone();
        tokio::spawn(async move {
            let ready = tokio::time::timeout(IDLE, backend.sender.ready()).await;
            if matches!(ready, Ok(Ok(()))) {
                pool.put(backend);
            }
        });
    }

    /// Puts an idle connection into the pool.
    pub(super) fn put(&self, mut backend: Backend) {
        backend.idle_since = Instant::now();
        let mut idle = lock(&self.idle);
        if idle.len() >= KEPT {
            idle.remove(0);
        }
        idle.push(backend);
    }

    /// Opens a connection to the backend.
    ///
    /// # Errors
    /// A message for the client and the record.
    pub(super) async fn connect(&self) -> Result<Backend, String> {
        let failed = |why: String| format!("the recorder cannot reach the backend {}: {why}", self.origin);
        let connecting = tokio::time::timeout(CONNECT, self.connector.call(self.uri.clone()));
        let stream = match connecting.await {
            Err(_) => {
                let (seconds, proxy) = (CONNECT.as_secs(), self.proxy.as_deref().unwrap_or_default());
                return Err(failed(format!("no connection within {seconds} s{proxy}; check --upstream")));
            }
            Ok(Err(error)) => {
                let step = next_step(error.as_ref(), &self.identity);
                return Err(failed(format!("{}; {step}", deepest(error.as_ref()))));
            }
            Ok(Ok(stream)) => stream,
        };
        if peer(&stream).is_some_and(|peer| self.own.iter().any(|own| is_same(*own, peer))) {
            return Err(failed("it resolves to this recorder's own address (request loop)".to_owned()));
        }
        let line = Arc::new(UpstreamSlot::default());
        let identity = self.identity.clone();
        let tap = UpstreamTap::new(TokioIo::new(stream), line.clone(), self.writer.clone(), self.head_limit, identity);
        let handshake = http1::Builder::new().max_headers(16).handshake(TokioIo::new(tap)).await;
        let (sender, connection) = handshake.map_err(|e| failed(e.to_string()))?;
        // Ends when the sender is dropped or the backend closes the connection; the tap reports errors.
        tokio::spawn(connection);
        Ok(Backend { sender, line, pooled: false, idle_since: Instant::now() })
    }
}

fn peer(stream: &MaybeHttpsStream<TokioIo<TcpStream>>) -> Option<SocketAddr> {
    let tcp = match stream {
        MaybeHttpsStream::Http(tcp) => tcp.inner(),
        MaybeHttpsStream::Https(tls) => tls.inner().get_ref().0.inner().inner(),
    };
    tcp.peer_addr().ok()
}
