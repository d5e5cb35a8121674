//! Heads as they are forwarded, and the skeleton heads that hyper sees instead.
//!
//! hyper manages the protocol state (bodies, keep-alive, `100-continue`), but its header map loses the order and
//! spelling that the record must preserve. Therefore the taps give hyper heads that contain only the framing, and
//! replace them with the real heads in the byte stream.

use super::h1::{Framing, Head, RequestLine, StatusLine, Version, head_bytes};
use crate::capture::record::{Header, values};

/// Headers that are always hop-by-hop, even if `Connection` does not list them (RFC 9110 section 7.6.1).
const HOP_BY_HOP: [&str; 4] = ["connection", "keep-alive", "te", "upgrade"];
/// Headers that are forwarded even if `Connection` lists them.
const NEVER_HOP: [&str; 3] = ["host", "content-length", "transfer-encoding"];

/// The names that a head's `Connection` headers list, in lower case.
fn connection_tokens(headers: &[Header]) -> Vec<String> {
    let tokens = values(headers, "connection").flat_map(|value| value.split(','));
    tokens.map(|token| token.trim().to_ascii_lowercase()).collect()
}

/// Whether a header is hop-by-hop and not forwarded.
fn is_hop(name: &str, named: &[String]) -> bool {
    let name = name.to_ascii_lowercase();
    let by_nature = HOP_BY_HOP.contains(&name.as_str()) || name.starts_with("proxy-");
    by_nature || (named.contains(&name) && !NEVER_HOP.contains(&name.as_str()))
}

/// The request head for the backend: headers in order and without hop-by-hop headers, the backend's `Host`, the target
/// in origin form.
pub(super) fn forwarded(head: &Head<RequestLine>, host: &str) -> Vec<u8> {
    let named = connection_tokens(&head.headers);
    let mut headers: Vec<Header> = head.headers.iter().filter(|h| !is_hop(&h.name, &named)).cloned().collect();
    match headers.iter_mut().find(|h| h.name.eq_ignore_ascii_case("host")) {
        Some(header) => host.clone_into(&mut header.value),
        None => headers.insert(0, Header { name: "Host".to_owned(), value: host.to_owned() }),
    }
    let line = &head.line;
    let target = origin_form(&line.method, &line.target);
    head_bytes(&format!("{} {target} {}", line.method, line.version.as_str()), &headers)
}

/// Converts a target to origin form (RFC 9112 section 3.2).
fn origin_form(method: &str, target: &str) -> String {
    let Some((_, rest)) = target.split_once("://").filter(|_| !target.starts_with('/')) else {
        return target.to_owned();
    };
    match rest.find(['/', '?']) {
        Some(at) if rest[at..].starts_with('/') => rest[at..].to_owned(),
        Some(at) => format!("/{}", &rest[at..]),
        None if method == "OPTIONS" => "*".to_owned(),
        None => "/".to_owned(),
    }
}

/// The authority of a target in absolute form.
pub(super) fn authority_of(target: &str) -> Option<&str> {
    let (_, rest) = target.split_once("://").filter(|_| !target.starts_with('/'))?;
    Some(rest.split(['/', '?']).next().unwrap_or(rest))
}

/// The request head for hyper's server.
pub(super) fn request_skeleton(head: &Head<RequestLine>, framing: Framing) -> Vec<u8> {
    let named = connection_tokens(&head.headers);
    let mut headers = vec![header("host", "tap")];
    headers.extend(framing_header(framing));
    for token in ["close", "keep-alive"] {
        if named.iter().any(|name| name == token) {
            headers.push(header("connection", token));
        }
    }
    if expects_continue(head) {
        headers.push(header("expect", "100-continue"));
    }
    head_bytes(&format!("{} / {}", head.line.method, head.line.version.as_str()), &headers)
}

/// The head for hyper's server in place of a refused one.
pub(super) fn refused_skeleton() -> Vec<u8> {
    b"GET / HTTP/1.1\r\nhost: tap\r\nconnection: close\r\n\r\n".to_vec()
}

/// Whether the client waits for a 100 (RFC 9110 section 10.1.1); never in HTTP/1.0.
pub(super) fn expects_continue(head: &Head<RequestLine>) -> bool {
    let asked = head.values("expect").any(|value| value.eq_ignore_ascii_case("100-continue"));
    asked && head.line.version == Version::Http11
}

/// The response head for hyper's client.
pub(super) fn answer_skeleton(head: &Head<StatusLine>, framing: Framing) -> Vec<u8> {
    let named = connection_tokens(&head.headers);
    let stays = match head.line.version {
        Version::Http11 => !named.iter().any(|name| name == "close"),
        Version::Http10 => named.iter().any(|name| name == "keep-alive"),
    };
    let mut headers: Vec<Header> = framing_header(framing).into_iter().collect();
    if !stays || framing == Framing::Close {
        headers.push(header("connection", "close"));
    }
    head_bytes(&format!("HTTP/1.1 {} ", head.line.status), &headers)
}

/// The response head for the client: the backend's headers in order and without hop-by-hop headers, with hyper's
/// framing and `Connection`.
pub(super) fn answered(real: &Head<StatusLine>, skeleton: &Head<StatusLine>, framing: Framing) -> Vec<u8> {
    let named = connection_tokens(&real.headers);
    let bodyless = framing == Framing::None;
    let is = |header: &Header, name: &str| header.name.eq_ignore_ascii_case(name);
    let keep = |header: &&Header| {
        let fits = match framing {
            Framing::None => true,
            Framing::Chunked => !is(header, "content-length"),
            Framing::Length(_) | Framing::Close => !is(header, "transfer-encoding"),
        };
        fits && !is_hop(&header.name, &named)
    };
    let mut headers: Vec<Header> = real.headers.iter().filter(keep).cloned().collect();
    let has_framing = headers.iter().any(|h| is(h, "content-length") || is(h, "transfer-encoding"));
    if !bodyless && !has_framing {
        headers.extend(framing_header(framing));
    }
    let kept = connection_tokens(&skeleton.headers);
    let has = |token: &str| kept.iter().any(|kept| kept == token);
    // The status line keeps the backend's version. hyper's skeleton may imply the end of the connection by HTTP/1.0.
    if has("close") || framing == Framing::Close || (skeleton.line.version == Version::Http10 && !has("keep-alive")) {
        headers.push(header("Connection", "close"));
    } else {
        headers.extend(skeleton.values("connection").map(|value| header("Connection", value)));
    }
    let line = StatusLine { version: real.line.version, status: real.line.status, reason: real.line.reason.clone() };
    Head { line, headers }.bytes()
}

/// The head of a response created by the recorder.
pub(super) fn own_answer(status: u16, reason: &str, headers: &[(&str, &str)], length: usize) -> Head<StatusLine> {
    let mut list: Vec<Header> = headers.iter().map(|(name, value)| header(name, value)).collect();
    list.push(header("Content-Length", &length.to_string()));
    Head { line: StatusLine { version: Version::Http11, status, reason: reason.to_owned() }, headers: list }
}

fn framing_header(framing: Framing) -> Option<Header> {
    match framing {
        Framing::Length(length) => Some(header("Content-Length", &length.to_string())),
        Framing::Chunked => Some(header("Transfer-Encoding", "chunked")),
        Framing::None | Framing::Close => None,
    }
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: value.to_owned() }
}

/// The last chunk with the trailer section (RFC 9112 section 7.1.2).
pub(super) fn last_chunk(trailers: &[Header]) -> Vec<u8> {
    head_bytes("0", trailers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(lines: &str) -> Head<RequestLine> {
        Head::parse(format!("{lines}\r\n\r\n").as_bytes()).unwrap()
    }

    fn answer(lines: &str) -> Head<StatusLine> {
        Head::parse(format!("{lines}\r\n\r\n").as_bytes()).unwrap()
    }

    #[test]
    fn forwarded_head_differs_only_where_required() {
        let head = request(
            "POST https://a.example/x?y HTTP/1.1\r\nx-A: 1\r\nHost: a.example\r\nConnection: X-Hop, content-length\r\nX-B: 2\r\nx-hop: 1\r\nX-A: 3\r\nProxy-Authorization: Basic x\r\nTE: trailers\r\nContent-Length: 0",
        );
        let bytes = String::from_utf8(forwarded(&head, "b.example:1")).unwrap();
        assert_eq!(
            bytes,
            "POST /x?y HTTP/1.1\r\nx-A: 1\r\nHost: b.example:1\r\nX-B: 2\r\nX-A: 3\r\nContent-Length: 0\r\n\r\n"
        );
    }

    #[test]
    fn targets_become_origin_form() {
        for (method, target, want) in [
            ("GET", "/a?b", "/a?b"),
            ("GET", "http://h/a?u=http://x/", "/a?u=http://x/"),
            ("GET", "/a?u=http://x/", "/a?u=http://x/"),
            ("GET", "http://h", "/"),
            ("GET", "http://h?q", "/?q"),
            ("OPTIONS", "http://h", "*"),
            ("OPTIONS", "*", "*"),
        ] {
            assert_eq!(origin_form(method, target), want, "{target}");
        }
        assert_eq!(authority_of("https://h:1/a"), Some("h:1"));
        assert_eq!(authority_of("/a://b"), None);
    }

    #[test]
    fn response_keeps_order_duplicates_and_its_length() {
        let real = answer(
            "HTTP/1.1 200 Fine\r\nSet-Cookie: a\r\nX: 1\r\nset-cookie: b\r\nContent-Length: 3\r\nKeep-Alive: x\r\nDate: d",
        );
        let skeleton = answer("HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close");
        assert_eq!(
            String::from_utf8(answered(&real, &skeleton, Framing::Length(3))).unwrap(),
            "HTTP/1.1 200 Fine\r\nSet-Cookie: a\r\nX: 1\r\nset-cookie: b\r\nContent-Length: 3\r\nDate: d\r\nConnection: close\r\n\r\n"
        );
        let real = answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 3");
        let bytes = answered(&real, &answer("HTTP/1.1 304 Not Modified"), Framing::None);
        assert_eq!(bytes, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n");
        let real = answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked");
        let bytes = answered(&real, &answer("HTTP/1.0 200 OK"), Framing::Close);
        assert_eq!(bytes, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    }

    #[test]
    fn response_announces_the_end_of_the_connection() {
        let real = answer("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3");
        for (skeleton, want) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 3", ""),
            ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close", "Connection: close\r\n"),
            ("HTTP/1.0 200 OK\r\ncontent-length: 3", "Connection: close\r\n"),
            ("HTTP/1.0 200 OK\r\ncontent-length: 3\r\nconnection: keep-alive", "Connection: keep-alive\r\n"),
        ] {
            let bytes = answered(&real, &answer(skeleton), Framing::Length(3));
            let want = format!("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n{want}\r\n");
            assert_eq!(String::from_utf8(bytes).unwrap(), want, "{skeleton}");
        }
    }
}
