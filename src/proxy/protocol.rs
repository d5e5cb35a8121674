//! Detection of protocols by the first bytes of a connection, and the messages for clients that use the wrong one.

use std::time::Duration;
use tokio::net::TcpStream;

/// The number of bytes needed to distinguish all protocols.
pub(super) const LONGEST: usize = 16;

/// The protocol that a connection begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// A TLS handshake, or the SSLv2 hello of old clients.
    Tls,
    /// An HTTP/1 request other than CONNECT.
    Http,
    /// An HTTP/1 CONNECT request.
    Connect,
    /// HTTP/2 without TLS, or without negotiation.
    Http2,
    /// SOCKS4 or SOCKS5.
    Socks(u8),
    Ssh,
    /// The PROXY protocol header, in which a load balancer names its client.
    ProxyHeader,
    /// None of these.
    Unknown,
}

/// The first bytes of text protocols.
const TEXTS: [(&[u8], Protocol); 5] = [
    (b"SSH-", Protocol::Ssh),
    (b"PRI * HTTP/2", Protocol::Http2),
    (b"PROXY ", Protocol::ProxyHeader),
    (b"\r\n\r\n\0\r\nQUIT\n", Protocol::ProxyHeader),
    (b"CONNECT ", Protocol::Connect),
];

/// Recognises the protocol; `None` if more bytes are needed.
pub(super) fn recognise(first: &[u8]) -> Option<Protocol> {
    for (text, protocol) in TEXTS {
        if first.starts_with(text) {
            return Some(protocol);
        }
        if text.starts_with(first) {
            return None;
        }
    }
    match first {
        [] | [0x16 | 4 | 5] => None,
        [0x16, 3, ..] => Some(Protocol::Tls),
        [length, _, 1, 0 | 3, ..] if length & 0x80 != 0 => Some(Protocol::Tls),
        [5, ..] => Some(Protocol::Socks(5)),
        [4, 1 | 2, ..] => Some(Protocol::Socks(4)),
        _ => {
            // RFC 9110 section 9.1: a method is a token; those in use consist of capital letters.
            let method = first.iter().take_while(|b| b.is_ascii_uppercase() || **b == b'-').count();
            match first.get(method) {
                Some(b' ') if method >= 3 => Some(Protocol::Http),
                None if method < LONGEST => None,
                _ => Some(Protocol::Unknown),
            }
        }
    }
}

/// Peeks at the first bytes of a connection. Returns fewer bytes than fit if they suffice or no more arrive.
pub(super) async fn peek(tcp: &TcpStream, bytes: &mut [u8]) -> usize {
    let mut seen = 0;
    for _ in 0..20 {
        let now = tcp.peek(bytes).await.unwrap_or(0);
        let first = bytes.get(..now).unwrap_or_default();
        // More than the first bytes of a TLS handshake is needed.
        let is_known = recognise(first).is_some_and(|protocol| protocol != Protocol::Tls);
        if now == 0 || now == bytes.len() || is_known {
            return now;
        }
        if now == seen {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        seen = now;
    }
    seen
}

/// The message for a client that does not begin a required TLS handshake. `proxy`: the proxy address, unless the client
/// is already inside a tunnel.
pub(super) fn not_tls(protocol: Protocol, proxy: Option<String>) -> String {
    match (protocol, proxy) {
        (Protocol::Connect, Some(proxy)) => {
            format!("the client uses this address as its HTTPS proxy; the proxy address is http://{proxy}")
        }
        (Protocol::Http | Protocol::Connect, _) => {
            "the client speaks plain HTTP, but TLS is required here: its URL must begin with https://".to_owned()
        }
        (Protocol::Http2, _) => {
            "the client speaks HTTP/2 without TLS: its URL must begin with https://; it must allow HTTP/1.1".to_owned()
        }
        (Protocol::Socks(version), Some(proxy)) => format!(
            "the client speaks SOCKS{version}, but TLS is required here; the recorder is an HTTP proxy, at \
             http://{proxy}"
        ),
        (Protocol::Tls, _) => {
            "the client begins TLS with an SSLv2 hello; the recorder requires TLS 1.2 or 1.3: update its TLS library"
                .to_owned()
        }
        (Protocol::Ssh, _) => "the client speaks SSH, but TLS is required here; nothing was forwarded".to_owned(),
        (Protocol::ProxyHeader, _) => {
            "the client sends a PROXY protocol header before TLS: turn it off in the load balancer".to_owned()
        }
        _ => "the client's data is not TLS; nothing was forwarded".to_owned(),
    }
}

/// The message for a client that does not speak HTTP/1 to the proxy address; `None` if it does. `base` and `proxy` are
/// the two addresses.
pub(super) fn not_http(protocol: Protocol, base: &str, proxy: &str) -> Option<String> {
    Some(match protocol {
        Protocol::Http | Protocol::Connect => return None,
        Protocol::Tls => format!(
            "the client speaks TLS to the proxy address, but plain HTTP is required there: configure the proxy as \
             http://{proxy}, not https://, or call the base URL at https://{base}"
        ),
        Protocol::Http2 => "the client speaks HTTP/2 to the proxy address: allow HTTP/1.1 in the client".to_owned(),
        Protocol::Socks(version) => format!(
            "the client speaks SOCKS{version} to the proxy address, which is an HTTP proxy: configure it as \
             http://{proxy}, not socks{version}://"
        ),
        Protocol::Ssh => "the client speaks SSH to the proxy address; only CONNECT host:port is accepted".to_owned(),
        Protocol::ProxyHeader => {
            "the client sends a PROXY protocol header before HTTP: turn it off in the load balancer".to_owned()
        }
        Protocol::Unknown => format!(
            "the client's data on the proxy address is not HTTP: set http://{proxy} as its HTTPS proxy, or call the \
             base URL at https://{base}"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_recognised_by_their_first_bytes() {
        for (bytes, want) in [
            (&b"GET / HTTP/1.1\r\n"[..], Some(Protocol::Http)),
            (b"M-SEARCH * HTTP/1.1", Some(Protocol::Http)),
            (b"CONNECT a:1 HTTP/1.1", Some(Protocol::Connect)),
            (b"PRI * HTTP/2.0\r\n", Some(Protocol::Http2)),
            (b"SSH-2.0-x\r\n", Some(Protocol::Ssh)),
            (b"PROXY TCP4 1.1.1.1", Some(Protocol::ProxyHeader)),
            (b"\r\n\r\n\0\r\nQUIT\n!", Some(Protocol::ProxyHeader)),
            (&[0x16, 3, 1, 0, 50], Some(Protocol::Tls)),
            (&[0x80, 46, 1, 3, 1], Some(Protocol::Tls)),
            (&[5, 1, 0], Some(Protocol::Socks(5))),
            (&[4, 1, 0, 80], Some(Protocol::Socks(4))),
            (&[0x80; 16], Some(Protocol::Unknown)),
            (&[0, 0, 0, 8, 4, 0xd2], Some(Protocol::Unknown)),
            (b"hello", Some(Protocol::Unknown)),
            (b"ABCDEFGHIJKLMNOPQR", Some(Protocol::Unknown)),
            (b"", None),
            (b"P", None),
            (b"GET", None),
            (&[0x16], None),
            (&[5], None),
        ] {
            assert_eq!(recognise(bytes), want, "{bytes:?}");
        }
    }
}
