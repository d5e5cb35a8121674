//! The HTTPS proxy address: CONNECT (RFC 9110 section 9.3.6) to the hosts of the backend.

use super::accept::{Accepted, serve};
use super::forwarding_headers::{authority_of, own_answer};
use super::h1::{Event, Framer, Head, RequestLine};
use super::handshake::send_and_close;
use super::loop_monitor::ArrivalBound;
use super::own_address::is_same;
use super::protocol;
use super::recorder::{Phase, Recorder, seconds};
use super::upstream::{Upstream, split_authority};
use crate::capture::record::Way;
use crate::pki::Name;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long connecting to a tunnelled host may take.
const DIAL: Duration = Duration::from_secs(10);

/// The decision on a CONNECT request.
#[derive(Debug, PartialEq, Eq)]
enum ConnectDecision {
    Intercept,
    LetThrough,
    Refuse(String),
}

/// Serves a connection to the proxy address until it closes.
pub(super) async fn serve_proxy(
    recorder: Arc<Recorder>,
    mut tcp: TcpStream,
    arrival: Arc<ArrivalBound>,
    connection: u64,
    at: u64,
) {
    let limits = recorder.config.limits;
    let head = match timeout(limits.head_time, read_head(&recorder, &mut tcp)).await {
        Ok(Ok(Some(head))) => head,
        Ok(Ok(None)) => return,
        Ok(Err(why)) => return refuse(&recorder, tcp, connection, 400, "Bad Request", why).await,
        Err(_) => {
            let why = format!("no complete request within {}", seconds(limits.head_time));
            return refuse(&recorder, tcp, connection, 408, "Request Timeout", why).await;
        }
    };
    let Some((host, port)) = target(&head) else {
        return refuse(&recorder, tcp, connection, 405, "Method Not Allowed", not_connect(&head)).await;
    };
    match decide(&recorder, &host, port) {
        ConnectDecision::Refuse(why) => refuse(&recorder, tcp, connection, 403, "Forbidden", why).await,
        ConnectDecision::LetThrough => let_through(&recorder, tcp, connection, &host, port).await,
        ConnectDecision::Intercept => {
            // Connects to the backend first, so that the client gets a 502 if it is down.
            match recorder.pool.connect().await {
                Ok(backend) => recorder.pool.put(backend),
                Err(why) => return refuse(&recorder, tcp, connection, 502, "Bad Gateway", why).await,
            }
            if tcp.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.is_err() {
                return;
            }
            let names = Name::parse(&host).into_iter().collect();
            let connect = Some((host, port));
            serve(recorder, Accepted { tcp, arrival, connection, at, way: Way::Connect, connect, names }).await;
        }
    }
}

/// Reads a head and no byte beyond it. `None` if the client disconnected before sending any data.
async fn read_head(recorder: &Recorder, tcp: &mut TcpStream) -> Result<Option<Head<RequestLine>>, String> {
    let mut first = [0; protocol::LONGEST];
    let seen = protocol::peek(tcp, &mut first).await;
    if let (Some(spoken), [base, proxy, ..]) =
        (protocol::recognise(first.get(..seen).unwrap_or_default()), recorder.own.as_slice())
        && let Some(why) = protocol::not_http(spoken, &base.to_string(), &proxy.to_string())
    {
        return Err(why);
    }
    let mut framer = Framer::<RequestLine>::new(recorder.config.limits.head);
    let mut buffer = [0; 4096];
    loop {
        let seen = tcp.peek(&mut buffer).await.map_err(|error| error.to_string())?;
        if seen == 0 && framer.partial_head().is_empty() {
            return Ok(None);
        }
        if seen == 0 {
            return Err("the request head is not complete".to_owned());
        }
        let step = framer.step(&buffer[..seen]).map_err(|refusal| refusal.0)?;
        let taken = buffer.get_mut(..step.used).unwrap_or_default();
        tcp.read_exact(taken).await.map_err(|error| error.to_string())?;
        if let Some(Event::Head(head, _)) = step.event {
            return Ok(Some(head));
        }
    }
}

/// The error message for a request that is not a valid CONNECT.
fn not_connect(head: &Head<RequestLine>) -> String {
    let only = "only CONNECT host:port is accepted";
    match (&*head.line.method, authority_of(&head.line.target)) {
        ("CONNECT", _) => format!("{only}; the target of this CONNECT is not host:port"),
        (_, Some(host)) => format!(
            "{only}: the client requested http://{host} from the proxy, but only https:// URLs are forwarded; for \
             other hosts, unset http_proxy and HTTP_PROXY in the client, or add the host to NO_PROXY and no_proxy"
        ),
        (_, None) => format!("{only}; set this address as the HTTPS proxy, or call the base URL"),
    }
}

/// Host and port of a CONNECT request.
fn target(head: &Head<RequestLine>) -> Option<(String, u16)> {
    let connect = head.line.method == "CONNECT";
    connect.then(|| split_authority(&head.line.target, 443)).flatten()
}

fn decide(recorder: &Recorder, host: &str, port: u16) -> ConnectDecision {
    let config = &recorder.config;
    let upstream = &config.upstream;
    let is = |name: &String| name.trim_matches(['[', ']']).eq_ignore_ascii_case(host.trim_matches(['[', ']']));
    let named = config.names.iter().chain(&upstream.also).any(is);
    if is(&upstream.host) && port == upstream.port || named || is_base(recorder, host, port) {
        return ConnectDecision::Intercept;
    }
    if config.tunnel.iter().any(is) {
        return ConnectDecision::LetThrough;
    }
    ConnectDecision::Refuse(refusal(upstream, host, port))
}

/// Whether this is the recorder's own base URL. A client that calls it through the proxy is served, too.
fn is_base(recorder: &Recorder, host: &str, port: u16) -> bool {
    let Some(base) = recorder.own.first() else { return false };
    let addresses = match Name::parse(host) {
        Some(Name::Ip(ip)) => vec![ip],
        Some(Name::Dns(name)) if name == "localhost" => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        _ => Vec::new(),
    };
    addresses.into_iter().any(|ip| is_same(*base, SocketAddr::new(ip, port)))
}

/// The error message for CONNECT to an unknown host, with the options that would accept it.
fn refusal(upstream: &Upstream, host: &str, port: u16) -> String {
    let backends: Vec<&str> = upstream.also.iter().map(String::as_str).collect();
    let backends = match backends.as_slice() {
        [] => String::new(),
        also => format!(" and {}", also.join(", ")),
    };
    format!(
        "the recorder accepts CONNECT to {}{backends}, not to {host}:{port}: if the client calls the API there, \
         `--name {host}` records its requests and forwards them to {}, and `--upstream https://{host}` makes this host \
         the backend; if not, `--tunnel {host}` forwards them unrecorded",
        upstream.authority(),
        upstream.origin()
    )
}

async fn refuse(recorder: &Recorder, mut tcp: TcpStream, connection: u64, status: u16, reason: &str, why: String) {
    let body = format!("{why}\n");
    let headers = [("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")];
    let mut bytes = own_answer(status, reason, &headers, body.len()).bytes();
    bytes.extend_from_slice(body.as_bytes());
    recorder.connection_event(connection, "connect-refused", "", format!("{status}: {why}")).await;
    send_and_close(&mut tcp, &bytes).await;
}

/// Tunnels a connection without recording it, as configured for this host.
async fn let_through(recorder: &Recorder, mut tcp: TcpStream, connection: u64, host: &str, port: u16) {
    let why = |error: String| format!("cannot reach {host}:{port}: {error}");
    let dialled = timeout(DIAL, recorder.pool.dial(host, port)).await;
    let mut far = match dialled {
        Ok(Ok(far)) => far,
        Ok(Err(error)) => return refuse(recorder, tcp, connection, 502, "Bad Gateway", why(error)).await,
        Err(_) => return refuse(recorder, tcp, connection, 504, "Gateway Timeout", why("timed out".to_owned())).await,
    };
    if far.peer_addr().is_ok_and(|peer| recorder.own.iter().any(|own| is_same(*own, peer))) {
        let why = why("this is the recorder itself".to_owned());
        return refuse(recorder, tcp, connection, 403, "Forbidden", why).await;
    }
    if tcp.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.is_err() {
        return;
    }
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut tcp, &mut far) => {}
        () = recorder.reached(Phase::Draining) => {}
    }
}
