//! The TLS handshake with a client: choice of the certificate, and the reasons for failures.

use super::alert;
use super::forwarding_headers::own_answer;
use super::loop_monitor::{ArrivalBound, TimedStream};
use super::protocol::{Protocol, not_tls, peek, recognise};
use super::recorder::Recorder;
use crate::capture::record::Way;
use crate::pki::Name;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

/// How long to wait for the client to close the connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// How many of the ALPN protocols that a client offers are shown, and how many bytes of each.
const NAMED: usize = 8;
const NAME_SHOWN: usize = 40;

/// A failed TLS handshake.
pub(super) struct TlsFailure {
    /// The name of the connection event.
    pub event: &'static str,
    /// The highest version that the client offered, if known.
    pub tls: &'static str,
    /// The reason, as a message.
    pub detail: String,
}

impl TlsFailure {
    fn new(event: &'static str, tls: &'static str, detail: impl Into<String>) -> TlsFailure {
        TlsFailure { event, tls, detail: detail.into() }
    }
}

/// Performs the handshake. `names`: the names in the certificate if the client sends no server name.
pub(super) async fn handshake(
    recorder: &Recorder,
    tcp: TcpStream,
    arrival: &Arc<ArrivalBound>,
    way: Way,
    names: &[Name],
) -> Result<TlsStream<TimedStream>, TlsFailure> {
    let mut first = [0; 16];
    let seen = peek(&tcp, &mut first).await;
    let first = first.get(..seen).unwrap_or_default();
    if first.is_empty() {
        return Err(TlsFailure::new("tls-failed", "", "the client disconnected before sending any data"));
    }
    if !matches!(first, [0x16] | [0x16, 3, ..]) {
        let proxy = recorder.own.get(1).filter(|_| way == Way::Base).map(ToString::to_string);
        let detail = not_tls(recognise(first).unwrap_or(Protocol::Unknown), proxy);
        answer_plainly(tcp, &detail).await;
        return Err(TlsFailure::new("not-tls", "", detail));
    }
    let oldest = legacy_version(first);
    let accepting =
        LazyConfigAcceptor::new(rustls::server::Acceptor::default(), TimedStream::new(tcp, arrival.clone()));
    let hello = accepting.await.map_err(|error| failure(&error, oldest, &[]))?;
    let (asked, offered) = {
        let hello = hello.client_hello();
        let offered: Vec<Vec<u8>> = hello.alpn().into_iter().flatten().map(<[u8]>::to_vec).collect();
        (hello.server_name().and_then(Name::parse), offered)
    };
    let names = asked.map_or_else(|| names.to_vec(), |name| vec![name]);
    let config = recorder.authority.server_config_for(&names);
    let config = config.map_err(|error| TlsFailure::new("tls-failed", "", error.to_string()))?;
    hello.into_stream(config).await.map_err(|error| failure(&error, oldest, &offered))
}

/// The version field of a ClientHello: the highest version of a client without TLS 1.3 (RFC 8446 section 4.1.2).
fn legacy_version(hello: &[u8]) -> &'static str {
    match hello.get(9..11) {
        Some([3, 0]) => "SSLv3",
        Some([3, 1]) => "TLSv1.0",
        Some([3, 2]) => "TLSv1.1",
        _ => "",
    }
}

/// Responds with the message in plain HTTP; a client of another protocol ignores it.
async fn answer_plainly(mut tcp: TcpStream, sentence: &str) {
    let body = format!("{sentence}\n");
    let headers = [("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")];
    let mut bytes = own_answer(400, "Bad Request", &headers, body.len()).bytes();
    bytes.extend_from_slice(body.as_bytes());
    send_and_close(&mut tcp, &bytes).await;
}

/// The failure for a handshake error. `oldest`: the client's highest version if it is too old. `offered`: its ALPN
/// protocols.
fn failure(error: &std::io::Error, oldest: &'static str, offered: &[Vec<u8>]) -> TlsFailure {
    if !oldest.is_empty() {
        let detail = format!("the client offers at most {oldest}; the recorder requires TLS 1.2 or 1.3");
        return TlsFailure::new("tls-too-old", oldest, detail);
    }
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::AlertReceived(alert)) => {
            let (event, detail) = alert::describe(*alert);
            TlsFailure::new(event, "", detail)
        }
        Some(rustls::Error::NoApplicationProtocol) => TlsFailure::new("tls-failed", "", no_protocol(offered)),
        Some(rustls::Error::PeerIncompatible(why)) => {
            TlsFailure::new("tls-failed", "", format!("TLS negotiation with the client failed: {why:?}"))
        }
        Some(other) => TlsFailure::new("tls-failed", "", format!("TLS with the client failed: {other}")),
        None => TlsFailure::new(
            "tls-failed",
            "",
            format!(
                "the client disconnected during the TLS handshake and did not say why ({error}); a client \
                 that does not trust the CA may do this: see `poscert ca`"
            ),
        ),
    }
}

/// The message for a client whose ALPN protocols (RFC 7301) are all unsupported.
fn no_protocol(offered: &[Vec<u8>]) -> String {
    let has = |names: &[&[u8]]| offered.iter().any(|name| names.contains(&name.as_slice()));
    let what = if has(&[b"h2", b"h2c"]) {
        "HTTP/2 without HTTP/1.1"
    } else if has(&[b"h3"]) {
        "HTTP/3 without HTTP/1.1"
    } else if has(&[b"http/0.9"]) {
        "HTTP/0.9 without HTTP/1.1"
    } else {
        "unsupported protocols"
    };
    let shown = offered.iter().take(NAMED).map(|name| {
        let name = name.get(..NAME_SHOWN).unwrap_or(name);
        name.escape_ascii().to_string()
    });
    let mut shown = shown.collect::<Vec<_>>().join(", ");
    if offered.len() > NAMED {
        shown.push_str(", ...");
    }
    format!(
        "the client offers {what} (ALPN {shown}); the recorder supports HTTP/1.1 and 1.0: allow HTTP/1.1 in the client \
         (ALPN http/1.1)"
    )
}

/// Writes the last bytes of a connection and closes it. Input is read and discarded for a moment: unread bytes would
/// turn the close into a reset, and the client might lose the message.
pub(super) async fn send_and_close(tcp: &mut TcpStream, bytes: &[u8]) {
    let _ = tcp.write_all(bytes).await;
    let _ = tcp.shutdown().await;
    let _ = timeout(CLOSE_TIMEOUT, tokio::io::copy(tcp, &mut tokio::io::sink())).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legacy_version_is_read_from_the_client_hello() {
        assert_eq!(legacy_version(&[0x16, 3, 1, 0, 50, 1, 0, 0, 46, 3, 1]), "TLSv1.0");
        assert_eq!(legacy_version(&[0x16, 3, 1, 0, 50, 1, 0, 0, 46, 3, 3]), "");
    }

    #[test]
    fn unsupported_alpn_protocols_are_named_with_the_remedy() {
        for (offered, words) in [
            (vec!["h2"], "HTTP/2 without HTTP/1.1 (ALPN h2)"),
            (vec!["spdy/3", "h2"], "HTTP/2 without HTTP/1.1 (ALPN spdy/3, h2)"),
            (vec!["h3"], "HTTP/3"),
            (vec!["http/0.9"], "HTTP/0.9"),
            (vec!["a\n"], "(ALPN a\\n)"),
        ] {
            let offered: Vec<Vec<u8>> = offered.into_iter().map(|name| name.as_bytes().to_vec()).collect();
            let sentence = no_protocol(&offered);
            assert!(sentence.contains(words) && sentence.contains("allow HTTP/1.1"), "{sentence}");
        }
        let many = vec![vec![b'x'; 255]; 100];
        assert!(no_protocol(&many).len() < 600);
    }
}
