//! Connections to the backend: dialled when needed, kept for the next call.

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

/// Backends commonly close after five seconds or more; a connection idle for longer is not trusted with a POST.
const IDLE: Duration = Duration::from_secs(4);
/// How many idle connections are kept.
const KEPT: usize = 64;

/// A connection to the backend.
pub struct Backend {
    /// hyper's end.
    pub sender: SendRequest<BodyReader>,
    /// The tap's end.
    pub line: Arc<UpstreamSlot>,
    /// Whether it waited in the pool, so that it may have died unseen.
    pub pooled: bool,
    idle_since: Instant,
}

/// The connections to one backend.
pub struct Pool {
    uri: Uri,
    origin: String,
    connector: TowerToHyperService<HttpsConnector<Dialer>>,
    dialer: Dialer,
    /// The proxy on the way, for people.
    proxy: Option<String>,
    identity: Arc<ClientIdentity>,
    idle: Mutex<Vec<Backend>>,
    writer: Writer,
    head_limit: usize,
    own: Vec<SocketAddr>,
}

impl Pool {
    /// A pool without connections. `own`: addresses of the recorder itself, which it never dials.
    pub fn new(upstream: &Upstream, writer: Writer, head_limit: usize, own: Vec<SocketAddr>) -> Result<Pool, String> {
        let origin = upstream.origin();
        let uri = format!("{origin}/").parse().map_err(|e| format!("`{origin}` is no upstream: {e}"))?;
        let connector = TowerToHyperService::new(upstream.connector(&own)?);
        let proxy = upstream.proxy()?.map(|proxy| format!(" through the proxy {proxy}"));
        let (dialer, identity) = (Dialer::new(upstream.outgoing.clone(), &own), upstream.identity.clone());
        Ok(Pool { uri, origin, connector, dialer, proxy, identity, idle: Mutex::default(), writer, head_limit, own })
    }

    /// A connection to another host, through the proxy that is on the way there.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn dial(&self, host: &str, port: u16) -> Result<TcpStream, String> {
        let uri = format!("https://{host}:{port}/").parse::<Uri>().map_err(|error| error.to_string())?;
        let dialled = self.dialer.clone().dial(uri).await;
        dialled.map(TokioIo::into_inner).map_err(|error| deepest(error.as_ref()))
    }

    /// Whether the backend has asked for a client certificate, and none was given.
    pub fn lacks_certificate(&self) -> bool {
        self.identity.is_missing()
    }

    /// An idle connection that still stands, as far as can be seen.
    pub fn take(&self) -> Option<Backend> {
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

    /// Keeps a connection for the next call, when its last one is over.
    pub fn keep(self: &Arc<Self>, mut backend: Backend) {
        let pool = self.clone();
        tokio::spawn(async move {
            let ready = tokio::time::timeout(IDLE, backend.sender.ready()).await;
            if matches!(ready, Ok(Ok(()))) {
                pool.put(backend);
            }
        });
    }

    /// Keeps a connection that has not been used.
    pub fn put(&self, mut backend: Backend) {
        backend.idle_since = Instant::now();
        let mut idle = lock(&self.idle);
        if idle.len() >= KEPT {
            idle.remove(0);
        }
        idle.push(backend);
    }

    /// Dials. The error is a sentence for client and record.
    pub async fn connect(&self) -> Result<Backend, String> {
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
            return Err(failed("its address is the recorder's own, so calls would go in circles".to_owned()));
        }
        let line = Arc::new(UpstreamSlot::default());
        let identity = self.identity.clone();
        let tap = UpstreamTap::new(TokioIo::new(stream), line.clone(), self.writer.clone(), self.head_limit, identity);
        let handshake = http1::Builder::new().max_headers(16).handshake(TokioIo::new(tap)).await;
        let (sender, connection) = handshake.map_err(|e| failed(e.to_string()))?;
        // Ends by itself when the sender is dropped or the backend closes; what went wrong is told by the tap.
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
