//! A misbehaving backend as data: its response to `/lie/NAME`, and the expected record.

use poscert::capture::record::{EndedBy, Stage};
use poscert::pki::{Authority, Name};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What the backend does after its response.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FollowUp {
    Close,
    Stay,
    /// Repeats the bytes until the recorder closes the connection, at most this many times.
    Repeat(usize),
}

pub(crate) struct Lie {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    pub then: FollowUp,
    /// Who ended the exchange, at which stage, the status that the client saw, and words of the record (`detail` or a
    /// note).
    pub end: (EndedBy, Stage, u16, &'static str),
}

fn lie(name: &'static str, bytes: impl Into<Vec<u8>>, then: FollowUp, end: (EndedBy, Stage, u16, &'static str)) -> Lie {
    Lie { name, bytes: bytes.into(), then, end }
}

/// An invalid response: the client gets a 502.
fn no_answer(name: &'static str, bytes: impl Into<Vec<u8>>, why: &'static str) -> Lie {
    lie(name, bytes, FollowUp::Stay, (EndedBy::Backend, Stage::Done, 502, why))
}

/// A response that fails after its head: the client gets it truncated.
fn cut(name: &'static str, body: &str, then: FollowUp, why: &'static str) -> Lie {
    lie(name, format!("HTTP/1.1 200 OK\r\n{body}"), then, (EndedBy::Backend, Stage::Answer, 200, why))
}

fn whole(name: &'static str, bytes: &str, why: &'static str) -> Lie {
    lie(name, bytes, FollowUp::Stay, (EndedBy::Complete, Stage::Done, 200, why))
}

pub(crate) fn lies() -> Vec<Lie> {
    let chunked = "Transfer-Encoding: chunked\r\n\r\n";
    let head = "HTTP/1.1 200 OK\r\n";
    vec![
        cut("short", "Content-Length: 100\r\n\r\nshort", FollowUp::Close, "before its response was complete"),
        cut(
            "never-ends",
            "Content-Length: 1000000000\r\n\r\nand so on",
            FollowUp::Stay,
            "in the middle of its response",
        ),
        cut("no-last-chunk", &format!("{chunked}2\r\nok\r\n"), FollowUp::Close, "before its response was complete"),
        cut("chunk-garbage", &format!("{chunked}2\r\nok\r\nzz\r\n"), FollowUp::Stay, "hexadecimal"),
        cut("chunk-overflow", &format!("{chunked}ffffffffffffffffff\r\n"), FollowUp::Stay, "hexadecimal"),
        cut(
            "chunk-too-long",
            &format!("{chunked}2\r\nokay\r\n0\r\n\r\n"),
            FollowUp::Stay,
            "longer than the chunk size",
        ),
        whole("long", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokPOISON", "data after its response"),
        whole(
            "two-answers",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 POISON\r\nContent-Length: 6\r\n\r\nPOISON",
            "data after its response",
        ),
        whole(
            "two-chunked",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 103 POISON\r\n\r\n",
            "data after its response",
        ),
        lie(
            "flood-of-1xx",
            b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n".repeat(50),
            FollowUp::Repeat(5_000),
            (EndedBy::Backend, Stage::Done, 502, "1xx responses"),
        ),
        no_answer(
            "switches",
            "HTTP/1.1 101 Switching Protocols\r\n\r\nnoise",
            "101 Switching Protocols without an upgrade request",
        ),
        no_answer("huge-head", format!("{head}X: {}\r\n\r\n", "x".repeat(100_000)), "longer than"),
        no_answer("many-headers", format!("{head}{}\r\n", "a: b\r\n".repeat(5_000)), "lines"),
        no_answer("both", format!("{head}Content-Length: 2\r\n{chunked}"), "both Content-Length"),
        no_answer("two-lengths", format!("{head}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok"), "more than one"),
        no_answer("negative", format!("{head}Content-Length: -2\r\n\r\nok"), "not a number"),
        no_answer("status", "HTTP/1.1 20000 OK\r\n\r\n", "status line"),
        no_answer("status-word", "HTTP/1.1 abc OK\r\n\r\n", "status line"),
        no_answer("version", "HTTP/2 200 OK\r\n\r\n", "status line"),
        no_answer("bare-lf", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "LF alone"),
        no_answer("nul", format!("{head}X: a\0b\r\n\r\n"), "NUL"),
        no_answer("folded", format!("{head}X: a\r\n b\r\n\r\n"), "obsolete folding"),
        no_answer("noise", vec![0x80; 200_000], "longer than"),
        lie("silent", "", FollowUp::Stay, (EndedBy::Backend, Stage::Done, 504, "did not respond within 1 s")),
        lie("gone", "", FollowUp::Close, (EndedBy::Backend, Stage::Done, 502, "without a response")),
    ]
}

/// A backend that misbehaves as the path requests, on any number of connections; other paths get a correct response.
pub(crate) async fn backend(authority: &Authority) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = authority.server_config_for(&[Name::parse("127.0.0.1").unwrap()]).unwrap();
    let acceptor = TlsAcceptor::from(config);
    tokio::spawn(async move {
        loop {
            let Ok((tcp, _)) = listener.accept().await else { return };
            tokio::spawn(serve(acceptor.clone(), tcp));
        }
    });
    address
}

async fn serve(acceptor: TlsAcceptor, tcp: TcpStream) {
    let Ok(mut tls) = acceptor.accept(tcp).await else { return };
    let mut seen = Vec::new();
    loop {
        let Some(end) = super::super::wire::find(&seen, b"\r\n\r\n") else {
            if !matches!(tls.read_buf(&mut seen).await, Ok(1..)) {
                return;
            }
            continue;
        };
        let target = String::from_utf8_lossy(&seen[..end]).split(' ').nth(1).unwrap_or_default().to_owned();
        seen.drain(..end + 4);
        let name = target.strip_prefix("/lie/").unwrap_or_default();
        let found = lies().into_iter().find(|lie| lie.name == name);
        let (bytes, then) = match (&found, target.as_str()) {
            (Some(lie), _) => (lie.bytes.clone(), lie.then),
            // Reads nothing of a long request.
            (None, "/unread") => return tokio::time::sleep(Duration::from_secs(60)).await,
            (None, "/endless") => {
                let _ = tls.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
                (format!("10000\r\n{}\r\n", "x".repeat(0x10000)).into_bytes(), FollowUp::Repeat(usize::MAX))
            }
            (None, "/large") => {
                let _ = tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 32000000\r\n\r\n").await;
                (vec![b'x'; 32_000], FollowUp::Repeat(999))
            }
            (None, target) => {
                let body = format!("honest {target}");
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                let _ = tls.write_all(head.as_bytes()).await;
                continue;
            }
        };
        let times = if let FollowUp::Repeat(times) = then { times.saturating_add(1) } else { 1 };
        for _ in 0..times {
            if tls.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let _ = tls.flush().await;
        match then {
            FollowUp::Close => {
                let _ = tls.shutdown().await;
                return;
            }
            // Ignores further input; the recorder has to close the connection.
            FollowUp::Stay => while matches!(tls.read_buf(&mut seen).await, Ok(1..)) {},
            FollowUp::Repeat(_) => {}
        }
    }
}
