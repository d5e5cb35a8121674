//! Tests of responses in pieces, early responses and refusals, and of connections that close after them.

use super::wire::*;
use poscert::api::{Fault, Operation};
use poscert::capture::record::{AnsweredBy, EndedBy, Exchange, Stage};
use poscert::pki::{Authority, Name};
use poscert::proxy::{FaultInjector, Limits, RequestHead, Script, ScriptedFaults};
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

const GET: &str = "GET /pos/v10/stores HTTP/1.1\r\nHost: a\r\n\r\n";
const POST: &str = "POST /pos/v10/payments HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const PATIENCE: Duration = Duration::from_secs(20);

async fn bench(scripts: Vec<Vec<Act>>, choice: Choice) -> (RawBackend, Bench) {
    let authority = authority();
    let backend = RawBackend::start(&authority, scripts).await;
    let bench = Bench::start(authority, backend.addr, choice).await;
    (backend, bench)
}

/// A backend that hands over each connection once it has read a request head.
async fn backend(authority: &Authority) -> (SocketAddr, mpsc::UnboundedReceiver<TlsStream<TcpStream>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(authority.server_config_for(&[Name::parse("127.0.0.1").unwrap()]).unwrap());
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            // Otherwise the system may delay the response until the earlier data is acknowledged.
            tcp.set_nodelay(true).unwrap();
            let (acceptor, sender) = (acceptor.clone(), sender.clone());
            tokio::spawn(async move {
                let Ok(mut tls) = acceptor.accept(tcp).await else { return };
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = tls.read_u8().await else { return };
                    head.push(byte);
                }
                let _ = sender.send(tls);
            });
        }
    });
    (addr, receiver)
}

/// Reads exactly this many bytes.
async fn exactly(stream: &mut Box<dyn Stream>, length: usize) -> String {
    let mut bytes = vec![0; length];
    timeout(PATIENCE, stream.read_exact(&mut bytes)).await.expect("it does not come").unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Reads what arrives within a moment.
async fn stray(stream: &mut Box<dyn Stream>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = timeout(Duration::from_millis(80), stream.read_to_end(&mut bytes)).await;
    bytes
}

#[tokio::test]
async fn request_is_not_retried_after_the_first_byte_of_a_response() {
    let close = || vec![Act::Close];
    for (response, then) in [
        ("HTTP/1.1 200 OK\r\nX-Note: a\r\n  b\r\nContent-Length: 0\r\n\r\n", vec![Act::AwaitEnd]),
        ("HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", vec![Act::AwaitEnd]),
        ("HTTP/1.1 20 OK\r\n\r\n", vec![Act::AwaitEnd]),
        ("HTTP/2 200 OK\r\n\r\n", vec![Act::AwaitEnd]),
        ("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", vec![Act::AwaitEnd]),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", vec![Act::AwaitEnd]),
        ("HTTP/1.1 101 Switching\r\n\r\n", vec![Act::AwaitEnd]),
        ("HTTP/1.1 100 Continue\r\n\r\n", close()),
        ("HTTP/1.1 200 OK\r\nContent-", close()),
        ("HTTP/1.1 200 OK\r\nContent-", vec![Act::Drop]),
        ("H", close()),
        ("\r\n", close()),
    ] {
        for method in ["GET", "DELETE", "PUT"] {
            let request = format!("{method} /pos/v10/stores HTTP/1.1\r\nHost: a\r\n\r\n");
            let first = [wait_for("\r\n\r\n"), send(OK), wait_for("\r\n\r\n"), send(response)];
            let scripts = vec![[&first[..], &then[..]].concat(), vec![wait_for("\r\n\r\n"), send(OK)]];
            let (backend, bench) = bench(scripts, Choice::default()).await;
            let acts = [send(GET), wait_for("ok"), Act::Pause(20), send(&request), wait_for("}")];
            let seen = bench.play(Way::Base, &acts).await;
            let second = String::from_utf8_lossy(&seen.bytes[OK.len()..]).into_owned();
            assert!(second.starts_with("HTTP/1.1 502 "), "{response:?}: {second}");
            let exchange = &bench.noted.exchanges(2).await[1];
            assert_eq!(exchange.answered_by, AnsweredBy::Recorder, "{response:?}");
            assert_eq!(exchange.notes, Vec::<String>::new(), "{response:?}");
            assert_eq!(backend.seen().len(), 1, "{method} was retried after {response:?}");
        }
    }
}

#[tokio::test]
async fn note_of_a_retry_says_what_happened_to_the_first_attempt() {
    let answered_once = vec![wait_for("\r\n\r\n"), send(OK), wait_for("\r\n\r\n"), Act::Close];
    let (_backend, bench) = bench(vec![answered_once, vec![wait_for("\r\n\r\n"), send(OK)]], Choice::default()).await;
    bench.play(Way::Base, &[send(GET), wait_for("ok"), Act::Pause(20), send(GET), wait_for("ok")]).await;
    let exchange = &bench.noted.exchanges(2).await[1];
    assert_eq!(exchange.status(), Some(200));
    assert_eq!(exchange.notes.len(), 1, "{:?}", exchange.notes);
    let note = &exchange.notes[0];
    assert!(note.contains("sent again") && note.contains("before any byte of a response arrived"), "{note}");
    assert!(note.contains("the backend closed the connection without a response"), "{note}");
}

/// What the backend writes, and what the client must receive before more is written.
type Piece = (&'static str, &'static str);

/// Requests, and their responses in pieces.
fn in_pieces() -> Vec<(&'static str, &'static str, Vec<Piece>)> {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    vec![
        ("length", GET, vec![(head, head), ("abc", "abc"), ("d", "d"), ("ef", "ef")]),
        ("length, the last byte by itself", GET, vec![(head, head), ("abcde", "abcde"), ("f", "f")]),
        (
            "head in two",
            GET,
            vec![("HTTP/1.1 200 OK\r\nConte", ""), ("nt-Length: 6\r\n\r\na", "*"), ("bcdef", "bcdef")],
        ),
        (
            "chunks",
            GET,
            vec![
                (chunked, chunked),
                ("3\r\nabc\r\n", "3\r\nabc\r\n"),
                ("1\r\nd\r\n", "1\r\nd\r\n"),
                ("0\r\n\r\n", "0\r\n\r\n"),
            ],
        ),
        (
            "chunks with a trailer",
            GET,
            vec![(chunked, chunked), ("3\r\nabc\r\n", "3\r\nabc\r\n"), ("0\r\nX: y\r\n\r\n", "0\r\nX: y\r\n\r\n")],
        ),
        (
            "until the close",
            GET,
            vec![
                ("HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"),
                ("abc", "abc"),
                ("def", "def"),
            ],
        ),
        ("after a POST", POST, vec![(head, head), ("abcdef", "abcdef")]),
    ]
}

#[tokio::test]
async fn response_is_forwarded_as_it_arrives() {
    for way in [Way::Base, Way::Connect] {
        for (name, request, pieces) in in_pieces() {
            let authority = authority();
            let (addr, mut connections) = backend(&authority).await;
            let bench = Bench::start(authority, addr, Choice::default()).await;
            let mut client = bench.client(way).await;
            client.write_all(request.as_bytes()).await.unwrap();
            let mut far = timeout(PATIENCE, connections.recv()).await.unwrap().unwrap();
            let mut before = String::new();
            for (piece, want) in pieces {
                far.write_all(piece.as_bytes()).await.unwrap();
                far.flush().await.unwrap();
                before += piece;
                let want = if want == "*" { before.clone() } else { want.to_owned() };
                // The backend continues only when the client has the piece, so this depends on no later data.
                assert_eq!(exactly(&mut client, want.len()).await, want, "{name}");
            }
            far.shutdown().await.unwrap();
            let exchange = &bench.noted.exchanges(1).await[0];
            assert_eq!((exchange.end.by, exchange.status()), (EndedBy::Complete, Some(200)), "{name}");
        }
    }
}

/// Lets exchanges settle only when opened.
#[derive(Default)]
struct Gate(Mutex<bool>, Condvar);

impl Gate {
    fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }
}

impl FaultInjector for Gate {
    fn decide(&self, _head: &RequestHead<'_>) -> Option<Fault> {
        None
    }

    fn recorded(&self, _exchange: &Exchange) {
        let (open, told) = self.1.wait_timeout_while(self.0.lock().unwrap(), PATIENCE, |open| !*open).unwrap();
        assert!(*open && !told.timed_out(), "the gate was not opened");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn last_piece_waits_for_the_record() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let length = |n: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {n}\r\n\r\n");
    let closing = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    for (name, request, pieces, early) in [
        ("length", GET, vec![length(6), "abc".into(), "def".into()], length(6) + "abc"),
        (
            "chunks",
            GET,
            vec![chunked.into(), "3\r\nabc\r\n".into(), "0\r\n\r\n".into()],
            format!("{chunked}3\r\nabc\r\n"),
        ),
        ("until the close", GET, vec![closing.into(), "abc".into()], format!("{closing}abc")),
        ("all at once", GET, vec![length(2) + "ok"], String::new()),
        ("no content", GET, vec!["HTTP/1.1 204 No Content\r\n\r\n".into()], String::new()),
        ("not modified", GET, vec!["HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n".into()], String::new()),
        ("empty", POST, vec![length(0)], String::new()),
        ("HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", vec![length(6)], String::new()),
    ] {
        let gate = Arc::new(Gate::default());
        let authority = authority();
        let (addr, mut connections) = backend(&authority).await;
        let bench = Bench::start(authority, addr, Choice { faults: gate.clone(), ..Choice::default() }).await;
        let mut client = bench.client(Way::Base).await;
        client.write_all(request.as_bytes()).await.unwrap();
        let mut far = timeout(PATIENCE, connections.recv()).await.unwrap().unwrap();
        let count = pieces.len();
        let mut seen = 0;
        for (at, piece) in pieces.iter().enumerate() {
            far.write_all(piece.as_bytes()).await.unwrap();
            far.flush().await.unwrap();
            if at + 1 < count || piece == "abc" {
                assert_eq!(&exactly(&mut client, piece.len()).await, piece, "{name}");
                seen += piece.len();
            }
        }
        if name == "until the close" {
            far.shutdown().await.unwrap();
        }
        assert_eq!(seen, early.len(), "{name}");
        assert_eq!(stray(&mut client).await, b"", "{name}: no more before the record");
        gate.open();
        let whole: String = pieces.concat();
        assert_eq!(exactly(&mut client, whole.len() - seen).await, &whole[seen..], "{name}");
        assert_eq!(bench.noted.exchanges(1).await[0].end.by, EndedBy::Complete, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn disconnect_while_the_exchange_is_recorded_names_the_undelivered_exchange() {
    let gate = Arc::new(Gate::default());
    let choice = Choice { faults: gate.clone(), ..Choice::default() };
    let (_backend, bench) = bench(vec![vec![wait_for("\r\n\r\n"), send(OK)]], choice).await;
    let seen = bench.play(Way::Base, &[send(GET), Act::Pause(200), Act::Drop]).await;
    assert_eq!(seen, Seen::default());
    tokio::time::sleep(Duration::from_millis(100)).await;
    gate.open();
    let event = bench.noted.event("closed").await;
    assert_eq!(event.undelivered, Some(1), "{event:?}");
    let exchange = &bench.noted.exchanges(1).await[0];
    assert!(event.at_us >= exchange.times.request_head, "{event:?} {exchange:?}");
}

#[tokio::test]
async fn withheld_response_sends_no_byte() {
    for pieces in
        [vec![OK], vec!["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "o"], vec!["HTTP/1.1 200 OK\r\n\r\n", "x"]]
    {
        let faults = Arc::new(ScriptedFaults::default());
        faults.arm(Script::new(Operation::INITIATE_PAYMENT, [Fault::Timeout]));
        let mut script = vec![wait_for("{}")];
        for piece in &pieces {
            script.extend([send(piece), Act::Pause(50)]);
        }
        let (_backend, bench) = bench(vec![script], Choice { faults, ..Choice::default() }).await;
        let seen = bench.play(Way::Base, &[send(POST), Act::Pause(300), Act::Drop]).await;
        assert_eq!(seen, Seen::default(), "{pieces:?}");
        let exchange = &bench.noted.exchanges(1).await[0];
        assert_eq!((exchange.end.by, exchange.end.stage, exchange.end.bytes_out), (EndedBy::Client, Stage::Waiting, 0));
        assert_eq!((exchange.answered_by, exchange.times.answer_head_out), (AnsweredBy::Nobody, None));
    }
}

#[tokio::test]
async fn disconnect_between_two_pieces_is_recorded_as_while_reading() {
    let script = vec![
        wait_for("\r\n\r\n"),
        send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc"),
        Act::Pause(400),
        send("def"),
    ];
    let (_backend, bench) = bench(vec![script], Choice::default()).await;
    let seen = bench.play(Way::Base, &[send(GET), wait_for("abc"), Act::Drop]).await;
    assert!(seen.bytes.ends_with(b"abc"));
    let exchange = &bench.noted.exchanges(1).await[0];
    assert_eq!((exchange.end.by, exchange.end.stage, exchange.status()), (EndedBy::Client, Stage::Answer, None));
    assert_eq!(exchange.end.bytes_out, seen.bytes.len() as u64);
    assert_eq!(exchange.answer.as_ref().unwrap().body.bytes, b"abcdef", "the backend's response was read to its end");
}

/// Responds to each request after its head and closes at once, with the body unread.
async fn hasty(authority: &Authority, response: &'static str) -> SocketAddr {
    let (addr, mut connections) = backend(authority).await;
    tokio::spawn(async move {
        while let Some(mut tls) = connections.recv().await {
            tokio::spawn(async move {
                let _ = tls.write_all(response.as_bytes()).await;
                let _ = tls.flush().await;
            });
        }
    });
    addr
}

#[tokio::test(flavor = "multi_thread")]
async fn early_response_reaches_the_client_even_if_the_backend_closes_at_once() {
    let early = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";
    let authority = authority();
    let addr = hasty(&authority, early).await;
    let bench = Bench::start(authority, addr, Choice::default()).await;
    let mut count = 0;
    for way in [Way::Base, Way::Connect] {
        for length in [20_000, 200_000, 3_000_000] {
            for framing in ["length", "chunks"] {
                let body = "z".repeat(length);
                let request = match framing {
                    "length" => format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}"),
                    _ => {
                        format!(
                            "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n"
                        )
                    }
                };
                for _ in 0..4 {
                    let seen = bench.play(way, &[send(&request), wait_for("no")]).await;
                    let text = String::from_utf8_lossy(&seen.bytes).into_owned();
                    assert!(text.starts_with("HTTP/1.1 413 ") && text.ends_with("no"), "{framing} {length}: {text}");
                    count += 1;
                }
            }
        }
    }
    let exchanges = bench.noted.exchanges(count).await;
    for exchange in &exchanges {
        assert_eq!((exchange.status(), exchange.answered_by), (Some(413), AnsweredBy::Backend), "{:?}", exchange.end);
        assert_eq!(exchange.notes, Vec::<String>::new());
    }
    assert_eq!(exchanges.len(), count, "no request is sent twice");
}

#[tokio::test]
async fn early_response_is_kept_for_a_client_that_sends_slowly() {
    let early = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";
    let (_backend, bench) =
        bench(vec![vec![wait_for("\r\n\r\n"), send(early), Act::AwaitEnd]], Choice::default()).await;
    let mut acts = vec![send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")];
    // In total longer than the recorder waits for the next piece, but each pause is shorter.
    for _ in 0..8 {
        acts.extend([send("z".repeat(1_000)), Act::Pause(200)]);
    }
    acts.push(Act::AwaitEnd);
    let seen = bench.play(Way::Base, &acts).await;
    assert!(seen.bytes.ends_with(b"no"), "{}", String::from_utf8_lossy(&seen.bytes));
}

/// Whether the head of the only response in these bytes announces that the connection closes.
fn announces_close(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    text.split("\r\n\r\n").next().unwrap().contains("\r\nconnection: close")
}

#[tokio::test]
async fn only_responses_before_a_close_announce_it() {
    let early = |status: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok");
    let half = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n12345";
    let expects = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n";
    let old = "GET / HTTP/1.0\r\nHost: a\r\n\r\n";
    let old_kept = "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n";
    let closing = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let bad_chunk = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    for (name, request, response, ends) in [
        ("whole", GET, OK.to_owned(), false),
        ("whole with a body", POST, OK.to_owned(), false),
        ("whole, the backend closes", POST, OK.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"), false),
        ("413", half, early("413 Too Large"), true),
        ("200 before the end of the request", half, early("200 OK"), true),
        ("401", half, early("401 Unauthorized"), true),
        ("417", expects, early("417 Expectation Failed"), true),
        ("nonsense before the end of the request", half, "nonsense\r\n\r\n".to_owned(), true),
        ("nonsense", GET, "nonsense\r\n\r\n".to_owned(), false),
        ("a refused head", "GET / HTTP/1.1\r\nX\r\n\r\n", String::new(), true),
        ("a refused chunk", bad_chunk, String::new(), true),
        ("CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", String::new(), true),
        ("the client closes", closing, OK.to_owned(), true),
        ("HTTP/1.0", old, OK.to_owned(), true),
        ("HTTP/1.0, kept", old_kept, OK.to_owned(), false),
        ("until the close", GET, "HTTP/1.1 200 OK\r\n\r\nok".to_owned(), true),
    ] {
        for way in [Way::Base, Way::Connect] {
            let mut script = vec![wait_for("\r\n\r\n"), send(&response)];
            if name == "until the close" {
                script.push(Act::Close);
            }
            let (_backend, bench) = bench(vec![script], Choice::default()).await;
            let acts = [send(request), wait_for("\r\n\r\n"), if ends { Act::AwaitEnd } else { Act::Pause(100) }];
            let seen = bench.play(way, &acts).await;
            let text = String::from_utf8_lossy(&seen.bytes).into_owned();
            assert_eq!(announces_close(&seen.bytes), ends, "{name}: {text}");
            assert_eq!(seen.ended, ends, "{name}: {text}");
        }
    }
}

#[tokio::test]
async fn response_during_the_stop_announces_the_close() {
    let limits = Limits { drain: Duration::from_secs(5), ..Limits::default() };
    let script = vec![wait_for("\r\n\r\n"), Act::Pause(400), send(OK)];
    let (_backend, mut bench) = bench(vec![script], Choice { limits, ..Choice::default() }).await;
    let mut client = bench.client(Way::Base).await;
    client.write_all(GET.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await;
    bench.stop().await;
    let mut seen = Vec::new();
    let _ = timeout(PATIENCE, client.read_to_end(&mut seen)).await;
    assert!(seen.ends_with(b"ok") && announces_close(&seen), "{}", String::from_utf8_lossy(&seen));
}
