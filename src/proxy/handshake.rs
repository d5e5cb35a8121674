//! TLS with a client: the certificate that fits it, and why it did not come to stand.

use super::alert;
use super::forwarding_headers::own_answer;
use super::protocol::{Protocol, not_tls, peek, recognise};
use super::pulse::{Stamp, Stamped};
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

/// How long the end of a connection is waited for.
const LINGER: Duration = Duration::from_secs(1);
/// How many protocols that a client offers are named, and how much of each.
const NAMED: usize = 8;
const NAME_SHOWN: usize = 40;

/// Why TLS with a client did not come to stand.
pub struct TlsFailure {
    /// The kind of the connection event.
    pub event: &'static str,
    /// The version that the client offered at most, where that is known.
    pub tls: &'static str,
    /// In a sentence.
    pub detail: String,
}

impl TlsFailure {
    fn new(event: &'static str, tls: &'static str, detail: impl Into<String>) -> TlsFailure {
        TlsFailure { event, tls, detail: detail.into() }
    }
}

/// Does the handshake. `names`: for whom the certificate is where the client names nobody.
pub async fn handshake(
    recorder: &Recorder,
    tcp: TcpStream,
    stamp: &Arc<Stamp>,
    way: Way,
    names: &[Name],
) -> Result<TlsStream<Stamped>, TlsFailure> {
    let mut first = [0; 16];
    let seen = peek(&tcp, &mut first).await;
    let first = first.get(..seen).unwrap_or_default();
    if first.is_empty() {
        return Err(TlsFailure::new("tls-failed", "", "the client connected and left without a word"));
    }
    if !matches!(first, [0x16] | [0x16, 3, ..]) {
        let proxy = recorder.own.get(1).filter(|_| way == Way::Base).map(ToString::to_string);
        let detail = not_tls(recognise(first).unwrap_or(Protocol::Unknown), proxy);
        answer_plainly(tcp, &detail).await;
        return Err(TlsFailure::new("not-tls", "", detail));
    }
    let oldest = legacy_version(first);
    let accepting = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), Stamped::new(tcp, stamp.clone()));
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

/// `oldest`: the version that a client offers at most where it is too old. `offered`: its protocols (ALPN).
fn failure(error: &std::io::Error, oldest: &'static str, offered: &[Vec<u8>]) -> TlsFailure {
    if !oldest.is_empty() {
        let detail = format!("the client offers {oldest} at most; TLS 1.2 is the oldest that is spoken here");
        return TlsFailure::new("tls-too-old", oldest, detail);
    }
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::AlertReceived(alert)) => {
            let (event, detail) = alert::told_by(*alert);
            TlsFailure::new(event, "", detail)
        }
        Some(rustls::Error::NoApplicationProtocol) => TlsFailure::new("tls-failed", "", no_protocol(offered)),
        Some(rustls::Error::PeerIncompatible(why)) => {
            TlsFailure::new("tls-failed", "", format!("the client's TLS does not fit: {why:?}"))
        }
        Some(other) => TlsFailure::new("tls-failed", "", format!("TLS with the client failed: {other}")),
        None => TlsFailure::new(
            "tls-failed",
            "",
            format!(
                "the client left during the TLS handshake and did not say why ({error}): one that does not trust the CA may do that; see `poscert ca`"
            ),
        ),
    }
}

/// None of the protocols that the client offers (RFC 7301) is spoken here.
fn no_protocol(offered: &[Vec<u8>]) -> String {
    let has = |names: &[&[u8]]| offered.iter().any(|name| names.contains(&name.as_slice()));
    let what = if has(&[b"h2", b"h2c"]) {
        "HTTP/2 without HTTP/1.1"
    } else if has(&[b"h3"]) {
        "HTTP/3 without HTTP/1.1"
    } else if has(&[b"http/0.9"]) {
        "HTTP/0.9 without HTTP/1.1"
    } else {
        "protocols that are not spoken here"
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
        "the client offers {what} (ALPN {shown}): allow HTTP/1.1 in the client (ALPN http/1.1), the recorder speaks HTTP/1.1 and 1.0"
    )
}

/// Writes the last bytes of a connection. What the client still sends is read and thrown away for a moment: unread
/// bytes would turn the close into a reset, and the sentence might be lost.
pub async fn farewell(tcp: &mut TcpStream, bytes: &[u8]) {
    let _ = tcp.write_all(bytes).await;
    let _ = tcp.shutdown().await;
    let _ = timeout(LINGER, tokio::io::copy(tcp, &mut tokio::io::sink())).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_are_understood() {
        assert_eq!(legacy_version(&[0x16, 3, 1, 0, 50, 1, 0, 0, 46, 3, 1]), "TLSv1.0");
        assert_eq!(legacy_version(&[0x16, 3, 1, 0, 50, 1, 0, 0, 46, 3, 3]), "");
    }

    #[test]
    fn a_protocol_that_is_not_spoken_is_named_with_the_remedy() {
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
