//! TCP connections to hosts, direct or through an HTTP proxy (CONNECT, RFC 9110 section 9.3.6).

use super::error_source::deepest;
use super::outgoing::{Outgoing, OutgoingProxy};
use crate::proxy::h1::{Event, Framer, StatusLine};
use crate::proxy::own_address::is_same;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower_service::Service;

/// How long connecting and TLS may take together.
pub(crate) const CONNECT: Duration = Duration::from_secs(10);
/// How long a proxy may take to respond to CONNECT. Shorter than [`CONNECT`], so that the error names the proxy.
const PROXY_ANSWER: Duration = Duration::from_secs(8);
/// The maximum length of the head of a proxy's response, in bytes.
const HEAD_LIMIT: usize = 16 * 1024;

type BoxError = Box<dyn Error + Send + Sync>;

/// Connects to hosts, through the outgoing proxy if one applies.
#[derive(Clone)]
pub struct Dialer {
    tcp: HttpConnector,
    outgoing: Outgoing,
    own: Arc<[SocketAddr]>,
}

impl Dialer {
    /// Creates a dialer. `own`: addresses that are never used as a proxy.
    pub fn new(outgoing: Outgoing, own: &[SocketAddr]) -> Dialer {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        Dialer { tcp, outgoing, own: own.into() }
    }

    /// Opens a TCP connection to the host of a URL.
    ///
    /// # Errors
    /// A [`ProxyError`], or the error of the connection.
    pub async fn dial(mut self, uri: Uri) -> Result<TokioIo<TcpStream>, BoxError> {
        let tls = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default().to_owned();
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let Some(proxy) = self.outgoing.to(tls, &host, port)?.cloned() else {
            return Ok(self.tcp.call(uri).await?);
        };
        let failed = |what| ProxyError { proxy: proxy.clone(), target: format!("{host}:{port}"), what };
        let address: Uri = format!("{}/", proxy.origin()).parse()?;
        let dialled = self.tcp.call(address).await;
        let mut tcp = dialled.map_err(|error| failed(ProxyErrorKind::Unreachable(deepest(&error))))?.into_inner();
        if tcp.peer_addr().is_ok_and(|peer| self.own.iter().any(|own| is_same(*own, peer))) {
            return Err(failed(ProxyErrorKind::Recorder).into());
        }
        let asked = tokio::time::timeout(PROXY_ANSWER, connect(&mut tcp, &proxy, &host, port)).await;
        match asked.unwrap_or(Err(ProxyErrorKind::Silent)) {
            Ok(()) => Ok(TokioIo::new(tcp)),
            Err(what) => Err(failed(what).into()),
        }
    }
}

impl Service<Uri> for Dialer {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<TokioIo<TcpStream>, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().dial(uri))
    }
}

/// Sends CONNECT to a proxy and reads the head of its response, no byte beyond it.
async fn connect(tcp: &mut TcpStream, proxy: &OutgoingProxy, host: &str, port: u16) -> Result<(), ProxyErrorKind> {
    let authorization = proxy.authorization().map(|value| format!("Proxy-Authorization: {value}\r\n"));
    let request =
        format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{}\r\n", authorization.unwrap_or_default());
    tcp.write_all(request.as_bytes()).await.map_err(|_| ProxyErrorKind::Closed)?;
    let mut framer = Framer::<StatusLine>::new(HEAD_LIMIT);
    let mut buffer = [0; 4096];
    loop {
        let seen = tcp.peek(&mut buffer).await.map_err(|_| ProxyErrorKind::Closed)?;
        if seen == 0 {
            return Err(ProxyErrorKind::Closed);
        }
        let step = framer.step(buffer.get(..seen).unwrap_or_default()).map_err(|_| ProxyErrorKind::NotHttp)?;
        let taken = buffer.get_mut(..step.used).unwrap_or_default();
        tcp.read_exact(taken).await.map_err(|_| ProxyErrorKind::Closed)?;
        match step.event {
            Some(Event::Head(head, _)) if (200..300).contains(&head.line.status) => return Ok(()),
            Some(Event::Head(head, _)) => {
                return Err(ProxyErrorKind::Refused(head.line.status, proxy.authorization().is_some()));
            }
            _ => {}
        }
    }
}

/// A failure of the outgoing proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProxyError {
    proxy: OutgoingProxy,
    target: String,
    what: ProxyErrorKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum ProxyErrorKind {
    Unreachable(String),
    /// The proxy is this recorder.
    Recorder,
    Closed,
    Silent,
    NotHttp,
    /// The proxy's status, and whether credentials were sent to it.
    Refused(u16, bool),
}

impl ProxyError {
    /// The next step, as part of a message.
    pub(crate) fn remedy(&self) -> String {
        let source = self.proxy.source();
        let past = if self.proxy.is_flag() {
            "--upstream-proxy none".to_owned()
        } else {
            format!("NO_PROXY={} or --upstream-proxy none", self.target.rsplit_once(':').map_or("", |(host, _)| host))
        };
        match self.what {
            ProxyErrorKind::Unreachable(_)
            | ProxyErrorKind::Silent
            | ProxyErrorKind::Closed
            | ProxyErrorKind::NotHttp
            | ProxyErrorKind::Recorder => {
                format!("check {source}, or bypass the proxy with {past}")
            }
            ProxyErrorKind::Refused(407, false) => {
                // No complete URL here: the redactor would treat the text between `//` and `@` as a secret.
                format!("put user name and password into the URL of {source}, as USER:PASSWORD@ before the host")
            }
            ProxyErrorKind::Refused(407, true) => format!("check user name and password in {source}"),
            ProxyErrorKind::Refused(401 | 403, _) => {
                format!("allow {} on the proxy, or bypass it with {past}", self.target)
            }
            ProxyErrorKind::Refused(502..=504, _) => "check --upstream, and whether the proxy can reach it".to_owned(),
            ProxyErrorKind::Refused(..) => format!("check that {source} names an HTTP proxy, or bypass it with {past}"),
        }
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ProxyError { proxy, target, what } = self;
        match what {
            ProxyErrorKind::Unreachable(why) => write!(out, "the proxy {proxy} cannot be reached: {why}"),
            ProxyErrorKind::Recorder => write!(out, "the proxy {proxy} is this recorder itself (request loop)"),
            ProxyErrorKind::Closed => {
                write!(out, "the proxy {proxy} closed the connection without a response to CONNECT {target}")
            }
            ProxyErrorKind::Silent => {
                write!(out, "the proxy {proxy} did not respond to CONNECT {target} within {} s", PROXY_ANSWER.as_secs())
            }
            ProxyErrorKind::NotHttp => write!(out, "the proxy {proxy} did not respond to CONNECT {target} with HTTP"),
            ProxyErrorKind::Refused(407, false) => {
                write!(out, "the proxy {proxy} requires a user name and password (407)")
            }
            ProxyErrorKind::Refused(407, true) => {
                write!(out, "the proxy {proxy} rejected the user name and password (407)")
            }
            ProxyErrorKind::Refused(403, _) => {
                write!(out, "the proxy {proxy} does not allow connections to {target} (403)")
            }
            ProxyErrorKind::Refused(status, _) => {
                write!(out, "the proxy {proxy} returned {status} for CONNECT {target}")
            }
        }
    }
}

impl Error for ProxyError {}
