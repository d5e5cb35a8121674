//! A client's connection from TLS on: certificates, hyper's server, and what goes wrong below HTTP.

use super::exchange;
use super::front::Front;
use super::heads::own_answer;
use super::recorder::{Phase, Recorder, seconds};
use super::seat::Line;
use crate::capture::record::Way;
use crate::pki::Name;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

/// How long the end of a connection is waited for.
const LINGER: Duration = Duration::from_secs(1);

/// A connection that was accepted, and is to speak TLS now.
pub struct Accepted {
    /// The connection.
    pub tcp: TcpStream,
    /// Its number.
    pub connection: u64,
    /// When it was accepted.
    pub at: u64,
    /// Which way it came in.
    pub way: Way,
    /// The host and port of CONNECT.
    pub connect: Option<(String, u16)>,
    /// For whom the certificate is where the client names nobody.
    pub names: Vec<Name>,
}

/// Why TLS with a client did not come to stand.
struct TlsFailure {
    event: &'static str,
    tls: &'static str,
    detail: String,
}

/// Serves a connection to its end.
pub async fn serve(recorder: Arc<Recorder>, accepted: Accepted) {
    let Accepted { tcp, connection, at, way, connect, names } = accepted;
    let patience = recorder.config.limits.head_time;
    let stream = match timeout(patience, handshake(&recorder, tcp, &names)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(failure)) => {
            return recorder.connection_event(connection, failure.event, failure.tls, failure.detail).await;
        }
        Err(_) => {
            let detail = format!("the client did not finish its TLS handshake within {}", seconds(patience));
            return recorder.connection_event(connection, "tls-failed", "", detail).await;
        }
    };
    let version = stream.get_ref().1.protocol_version().and_then(|version| version.as_str().map(tls_name));
    let host = connect.map(|(host, port)| if port == 443 { host } else { format!("{host}:{port}") });
    let now = recorder.writer.now_us();
    let line = Arc::new(Line::new(connection, way, version.unwrap_or_default(), at, now, host));
    http(&recorder, stream, line.clone()).await;
    for seat in line.take_orphans() {
        exchange::record_orphan(&recorder, seat).await;
    }
    if let Some(detail) = line.take_left_in_head() {
        recorder.connection_event(connection, "closed", &line.tls, detail).await;
    }
    if let Some(alert) = line.take_alert() {
        let detail = refused_sentence(&alert);
        recorder.connection_event(connection, "certificate-refused", &line.tls, detail).await;
    }
}

fn tls_name(name: &str) -> String {
    name.replace("TLSv1_", "TLSv1.")
}

async fn http(recorder: &Arc<Recorder>, stream: TlsStream<TcpStream>, line: Arc<Line>) {
    let limits = recorder.config.limits;
    let tap = Front::new(stream, line.clone(), recorder.writer.clone(), &limits);
    let service = hyper::service::service_fn(|request: Request<Incoming>| {
        let (reply, answer) = oneshot::channel();
        if let Some(seat) = line.take_seat() {
            let tracked = recorder.track();
            let task = exchange::run(recorder.clone(), seat, request.into_body(), reply);
            tokio::spawn(async move {
                task.await;
                drop(tracked);
            });
        }
        // An error is an exchange that ends without an answer: hyper closes the connection.
        answer
    });
    let connection = http1::Builder::new()
        .half_close(false)
        .auto_date_header(false)
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .serve_connection(TokioIo::new(tap), service);
    tokio::pin!(connection);
    let mut draining = std::pin::pin!(recorder.reached(Phase::Draining));
    let mut killed = std::pin::pin!(recorder.reached(Phase::Killed));
    let mut asked = false;
    loop {
        tokio::select! {
            // How the connection ended is told by the tap.
            _ = connection.as_mut() => return,
            () = &mut killed => return line.stop(),
            () = &mut draining, if !asked => {
                asked = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

async fn handshake(recorder: &Recorder, tcp: TcpStream, names: &[Name]) -> Result<TlsStream<TcpStream>, TlsFailure> {
    let fails = |event, tls, detail| TlsFailure { event, tls, detail };
    let mut first = [0; 11];
    let seen = peek(&tcp, &mut first).await;
    let offered = match first {
        _ if seen == 0 => {
            return Err(fails("tls-failed", "", "the client connected and left without a word".to_owned()));
        }
        [0x16, 3, ..] => legacy_version(&first[..seen]),
        _ => {
            let detail = not_tls(&first[..seen]);
            answer_plainly(tcp, &detail).await;
            return Err(fails("not-tls", "", detail));
        }
    };
    let accepting = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), tcp);
    let failed = |error: std::io::Error| failure(&error, offered);
    let hello = accepting.await.map_err(failed)?;
    let asked = hello.client_hello().server_name().and_then(Name::parse);
    let names = asked.map_or_else(|| names.to_vec(), |name| vec![name]);
    let config = recorder.authority.server_config_for(&names);
    let config = config.map_err(|error| fails("tls-failed", "", error.to_string()))?;
    hello.into_stream(config).await.map_err(failed)
}

/// Looks at the first bytes of a connection without taking them; fewer where the client sends no more.
async fn peek(tcp: &TcpStream, bytes: &mut [u8]) -> usize {
    let mut seen = 0;
    for _ in 0..20 {
        let now = tcp.peek(bytes).await.unwrap_or(0);
        if now == 0 || now == bytes.len() || bytes[0] != 0x16 {
            return now;
        }
        if now == seen {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        seen = now;
    }
    seen
}

/// The version in a ClientHello's head: the highest one of a client that knows no TLS 1.3 (RFC 8446 section 4.1.2).
fn legacy_version(hello: &[u8]) -> &'static str {
    match hello.get(9..11) {
        Some([3, 0]) => "SSLv3",
        Some([3, 1]) => "TLSv1.0",
        Some([3, 2]) => "TLSv1.1",
        _ => "",
    }
}

/// Tells a client that speaks plain HTTP why it gets nothing; others do not mind.
async fn answer_plainly(mut tcp: TcpStream, sentence: &str) {
    let body = format!("{sentence}\n");
    let headers = [("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")];
    let mut bytes = own_answer(400, "Bad Request", &headers, body.len()).bytes();
    bytes.extend_from_slice(body.as_bytes());
    farewell(&mut tcp, &bytes).await;
}

/// Writes the last bytes of a connection. What the client still sends is read and thrown away for a moment: unread
/// bytes would turn the close into a reset, and the sentence might be lost.
pub async fn farewell(tcp: &mut TcpStream, bytes: &[u8]) {
    let _ = tcp.write_all(bytes).await;
    let _ = tcp.shutdown().await;
    let _ = timeout(LINGER, tokio::io::copy(tcp, &mut tokio::io::sink())).await;
}

fn not_tls(first: &[u8]) -> String {
    let http = first.iter().take_while(|b| b.is_ascii_uppercase()).count() >= 3;
    if http {
        "the client speaks plain HTTP where TLS is spoken: its URL has to begin with https://".to_owned()
    } else {
        "what the client sent is not TLS; nothing of it was passed on".to_owned()
    }
}

fn failure(error: &std::io::Error, offered: &'static str) -> TlsFailure {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        _ if !offered.is_empty() => TlsFailure {
            event: "tls-too-old",
            tls: offered,
            detail: format!("the client offers {offered} at most; TLS 1.2 is the oldest that is spoken here"),
        },
        Some(rustls::Error::AlertReceived(alert)) => {
            TlsFailure { event: "certificate-refused", tls: "", detail: refused_sentence(&format!("{alert:?}")) }
        }
        Some(rustls::Error::PeerIncompatible(why)) => {
            TlsFailure { event: "tls-failed", tls: "", detail: format!("the client's TLS does not fit: {why:?}") }
        }
        Some(other) => {
            TlsFailure { event: "tls-failed", tls: "", detail: format!("TLS with the client failed: {other}") }
        }
        None => TlsFailure {
            event: "tls-failed",
            tls: "",
            detail: format!(
                "the client left during the TLS handshake ({error}): often it does not trust the CA; see `poscert ca`"
            ),
        },
    }
}

/// What a client's TLS alert means.
fn refused_sentence(alert: &str) -> String {
    let trust = ["UnknownCA", "BadCertificate", "CertificateUnknown", "CertificateExpired", "UnsupportedCertificate"];
    if trust.contains(&alert) {
        format!(
            "the client does not trust the CA: it ended TLS with the alert {alert}; `poscert ca` tells how to make it trust"
        )
    } else {
        format!("the client ended TLS with the alert {alert}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_are_understood() {
        assert_eq!(legacy_version(&[0x16, 3, 1, 0, 50, 1, 0, 0, 46, 3, 1]), "TLSv1.0");
        assert_eq!(legacy_version(&[0x16, 3, 1, 0, 50, 1, 0, 0, 46, 3, 3]), "");
        assert!(not_tls(b"GET / HTTP/1").contains("https://"));
        assert!(not_tls(b"\0\x01").contains("not TLS"));
        assert!(refused_sentence("UnknownCA").starts_with("the client does not trust the CA"));
    }
}
