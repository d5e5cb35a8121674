//! Protocols told apart by the first bytes of a connection, and what to tell a client that speaks the wrong one.

use std::time::Duration;
use tokio::net::TcpStream;

/// How many bytes tell every protocol here from every other.
pub const LONGEST: usize = 16;

/// What a connection begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// A TLS handshake, or the one of SSLv2 that old clients begin with.
    Tls,
    /// A request of HTTP/1 that is not CONNECT.
    Http,
    /// CONNECT.
    Connect,
    /// HTTP/2 without TLS, or without having agreed on it.
    Http2,
    /// SOCKS4 or SOCKS5.
    Socks(u8),
    /// SSH.
    Ssh,
    /// The header with which a load balancer names its client.
    ProxyHeader,
    /// None of these.
    Unknown,
}

/// Texts that protocols begin with.
const TEXTS: [(&[u8], Protocol); 5] = [
    (b"SSH-", Protocol::Ssh),
    (b"PRI * HTTP/2", Protocol::Http2),
    (b"PROXY ", Protocol::ProxyHeader),
    (b"\r\n\r\n\0\r\nQUIT\n", Protocol::ProxyHeader),
    (b"CONNECT ", Protocol::Connect),
];

/// The protocol; `None` where more bytes may tell.
pub fn recognise(first: &[u8]) -> Option<Protocol> {
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
            // RFC 9110 section 9.1: a method is a token; those in use are capital letters.
            let method = first.iter().take_while(|b| b.is_ascii_uppercase() || **b == b'-').count();
            match first.get(method) {
                Some(b' ') if method >= 3 => Some(Protocol::Http),
                None if method < LONGEST => None,
                _ => Some(Protocol::Unknown),
            }
        }
    }
}

/// Looks at the first bytes of a connection without taking them; fewer where they tell already, or no more come.
pub async fn peek(tcp: &TcpStream, bytes: &mut [u8]) -> usize {
    let mut seen = 0;
    for _ in 0..20 {
        let now = tcp.peek(bytes).await.unwrap_or(0);
        let first = bytes.get(..now).unwrap_or_default();
        // A handshake is looked into further than to its first bytes.
        let told = recognise(first).is_some_and(|protocol| protocol != Protocol::Tls);
        if now == 0 || now == bytes.len() || told {
            return now;
        }
        if now == seen {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        seen = now;
    }
    seen
}

/// What to tell a client that does not speak TLS where TLS is spoken. `proxy`: the proxy address, where the client is not
/// inside its tunnel already.
pub fn not_tls(protocol: Protocol, proxy: Option<String>) -> String {
    match (protocol, proxy) {
        (Protocol::Connect, Some(proxy)) => {
            format!("the client takes this address for its HTTPS proxy: the proxy address is http://{proxy}")
        }
        (Protocol::Http | Protocol::Connect, _) => {
            "the client speaks plain HTTP where TLS is spoken: its URL has to begin with https://".to_owned()
        }
        (Protocol::Http2, _) => {
            "the client speaks HTTP/2 without TLS: its URL has to begin with https://, and HTTP/1.1 has to be allowed"
                .to_owned()
        }
        (Protocol::Socks(version), Some(proxy)) => format!(
            "the client speaks SOCKS{version} where TLS is spoken: the recorder is an HTTP proxy, at http://{proxy}"
        ),
        (Protocol::Tls, _) => {
            "the client begins TLS as SSLv2 did: update its TLS library, TLS 1.2 is the oldest that is spoken here"
                .to_owned()
        }
        (Protocol::Ssh, _) => "the client speaks SSH where TLS is spoken; nothing of it was passed on".to_owned(),
        (Protocol::ProxyHeader, _) => {
            "what connects here sends a header of the PROXY protocol before TLS: turn it off in the load balancer"
                .to_owned()
        }
        _ => "what the client sent is not TLS; nothing of it was passed on".to_owned(),
    }
}

/// What to tell a client that does not speak HTTP/1 to the proxy address; `None` where it may do so. `base` and `proxy`
/// are the two addresses.
pub fn not_http(protocol: Protocol, base: &str, proxy: &str) -> Option<String> {
    Some(match protocol {
        Protocol::Http | Protocol::Connect => return None,
        Protocol::Tls => format!(
            "the client speaks TLS to the proxy address, where plain HTTP is spoken: name the proxy as http://{proxy}, not https://, or call the base URL at https://{base}"
        ),
        Protocol::Http2 => "the client speaks HTTP/2 to the proxy address: allow HTTP/1.1 in the client".to_owned(),
        Protocol::Socks(version) => format!(
            "the client speaks SOCKS{version} to the proxy address, which is an HTTP proxy: name it as http://{proxy}, not socks{version}://"
        ),
        Protocol::Ssh => "the client speaks SSH to the proxy address; only CONNECT host:port is taken here".to_owned(),
        Protocol::ProxyHeader => {
            "what connects here sends a header of the PROXY protocol before HTTP: turn it off in the load balancer"
                .to_owned()
        }
        Protocol::Unknown => format!(
            "what the client sent to the proxy address is not HTTP: set http://{proxy} as its HTTPS proxy, or call the base URL at https://{base}"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_told_apart_by_their_first_bytes() {
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
