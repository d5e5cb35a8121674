//! Tests of how exchanges end: which side ended them, when, and how far each side had got; and that no response is
//! complete before its exchange is durable.

use super::forwarding_differences::messages;
use super::wire::*;
use poscert::api::{Fault, Operation};
use poscert::capture::record::{AnsweredBy, EndedBy, Exchange, Stage};
use poscert::proxy::{FaultInjector, Limits, RequestHead, Script, ScriptedFaults};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const GET: &str = "GET /pos/v10/stores HTTP/1.1\r\nHost: a\r\n\r\n";
const POST: &str = "POST /pos/v10/payments HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

async fn bench(scripts: Vec<Vec<Act>>, choice: Choice) -> (RawBackend, Bench) {
    let authority = authority();
    let backend = RawBackend::start(&authority, scripts).await;
    let bench = Bench::start(authority, backend.addr, choice).await;
    (backend, bench)
}

fn ended(exchange: &Exchange) -> (EndedBy, Stage, AnsweredBy) {
    (exchange.end.by, exchange.end.stage, exchange.answered_by)
}

async fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not in ten seconds: {what}");
}

#[tokio::test]
async fn client_disconnects_while_sending_the_request() {
    for way in [Way::Base, Way::Connect] {
        let (backend, bench) = bench(vec![vec![Act::AwaitEnd]], Choice::default()).await;
        let half = "POST /pos/v10/payments HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf";
        bench.play(way, &[send(half), Act::Pause(100), Act::Drop]).await;
        let exchange = &bench.noted.exchanges(1).await[0];
        assert_eq!(ended(exchange), (EndedBy::Client, Stage::Request, AnsweredBy::Nobody), "{exchange:?}");
        assert_eq!((exchange.request.body.bytes.as_slice(), exchange.times.request_end), (b"half".as_slice(), None));
        assert_eq!(exchange.status(), None);
        eventually("the backend sees the cut request", || backend.seen().iter().any(|seen| seen.ended)).await;
        assert!(backend.bytes().ends_with(b"half"));
    }
}

#[tokio::test]
async fn client_disconnects_while_waiting() {
    for (way, last) in [(Way::Base, Act::Drop), (Way::Connect, Act::Close)] {
        let script = vec![wait_for("{}"), Act::Pause(1500), send(OK)];
        let (_backend, bench) = bench(vec![script], Choice::default()).await;
        bench.play(way, &[send(POST), Act::Pause(100), last]).await;
        let exchange = &bench.noted.exchanges(1).await[0];
        assert_eq!(ended(exchange), (EndedBy::Client, Stage::Waiting, AnsweredBy::Nobody), "{exchange:?}");
        assert_eq!((exchange.end.bytes_out, exchange.status()), (0, None));
        let answer = exchange.answer.as_ref().expect("the call at the backend was finished");
        assert_eq!((answer.status, answer.body.bytes.as_slice()), (200, b"ok".as_slice()));
        assert!(exchange.notes.iter().any(|note| note.contains("not sent")), "{:?}", exchange.notes);
        assert!(exchange.times.answer_end_in.is_some() && exchange.times.answer_end_out.is_none());
        assert!(Some(exchange.times.end) < exchange.times.answer_end_in, "it ended when the client left: {exchange:?}");
    }
}

#[tokio::test]
async fn client_that_disconnected_before_the_stop_is_recorded_so() {
    let (_backend, mut bench) = bench(vec![vec![Act::AwaitEnd]], Choice::default()).await;
    bench.play(Way::Base, &[send(POST), Act::Pause(100), Act::Drop]).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    bench.stop().await;
    let exchange = &bench.noted.exchanges(1).await[0];
    assert_eq!(ended(exchange), (EndedBy::Client, Stage::Waiting, AnsweredBy::Nobody), "{exchange:?}");
    assert!(exchange.duration_us() < 1_500_000, "not until the stop: {exchange:?}");
}

#[tokio::test]
async fn client_disconnects_while_reading_the_response() {
    let long = format!("HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n{}", "x".repeat(20_000_000));
    let (_backend, bench) = bench(vec![vec![wait_for("\r\n\r\n"), send(long)]], Choice::default()).await;
    bench.play(Way::Base, &[send(GET), Act::AwaitLength(100_000), Act::Drop]).await;
    let exchange = &bench.noted.exchanges(1).await[0];
    assert_eq!(ended(exchange), (EndedBy::Client, Stage::Answer, AnsweredBy::Backend), "{:?}", exchange.end);
    assert!((100_000..20_000_000).contains(&exchange.end.bytes_out), "{}", exchange.end.bytes_out);
    assert_eq!(exchange.answer.as_ref().unwrap().body.length, 20_000_000, "the backend's response was read to its end");
}

#[tokio::test]
async fn refused_closed_or_invalid_backend_responses_give_a_502() {
    let refused = {
        let authority = authority();
        // A port below those that tests get from the system: nothing listens there.
        let free = "127.0.0.1:1".parse().unwrap();
        Bench::start(authority, free, Choice::default()).await
    };
    let seen = refused.play(Way::Base, &[send(GET), wait_for("}")]).await;
    assert!(seen.bytes.starts_with(b"HTTP/1.1 502 "), "{}", String::from_utf8_lossy(&seen.bytes));
    let exchange = &refused.noted.exchanges(1).await[0];
    assert_eq!(ended(exchange), (EndedBy::Backend, Stage::Done, AnsweredBy::Recorder));
    assert!(exchange.end.detail.contains("cannot reach the backend"), "{}", exchange.end.detail);
    assert_eq!(exchange.status(), Some(502));

    for (script, why) in [
        (vec![wait_for("\r\n\r\n"), Act::Close], "without a response"),
        (vec![wait_for("\r\n\r\n"), Act::Drop], "the connection to the backend failed"),
        (
            vec![wait_for("\r\n\r\n"), send("HTTP/1.1 200 OK\r\nContent-"), Act::Close],
            "in the middle of the response head",
        ),
        (vec![wait_for("\r\n\r\n"), send("220 smtp ready\r\n\r\n")], "cannot be forwarded"),
        (
            vec![
                wait_for("\r\n\r\n"),
                send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
            ],
            "both Content-Length and Transfer-Encoding",
        ),
    ] {
        let (_backend, bench) = bench(vec![script], Choice::default()).await;
        let seen = bench.play(Way::Base, &[send(GET), wait_for("}")]).await;
        assert!(seen.bytes.starts_with(b"HTTP/1.1 502 "), "{why}");
        let exchange = &bench.noted.exchanges(1).await[0];
        assert_eq!(ended(exchange), (EndedBy::Backend, Stage::Done, AnsweredBy::Recorder), "{why}");
        assert!(exchange.end.detail.contains(why), "{} is not {why}", exchange.end.detail);
    }
}

#[tokio::test]
async fn backend_without_a_response_gives_a_504() {
    let limits = Limits { backend: Duration::from_millis(300), ..Limits::default() };
    let (_backend, bench) = bench(vec![vec![Act::AwaitEnd]], Choice { limits, ..Choice::default() }).await;
    let seen = bench.play(Way::Base, &[send(GET), wait_for("}")]).await;
    assert!(seen.bytes.starts_with(b"HTTP/1.1 504 "));
    let exchange = &bench.noted.exchanges(1).await[0];
    assert_eq!(ended(exchange), (EndedBy::Backend, Stage::Done, AnsweredBy::Recorder));
}

#[tokio::test]
async fn dead_pooled_connection_is_retried_only_if_that_is_safe() {
    let answered_once = vec![wait_for("\r\n\r\n"), send(OK), wait_for("\r\n\r\n"), Act::Drop];
    let scripts = vec![answered_once, vec![wait_for("\r\n\r\n"), send(OK)]];
    let (backend, again) = bench(scripts.clone(), Choice::default()).await;
    again.play(Way::Base, &[send(GET), wait_for("ok"), Act::Pause(50), send(GET), wait_for("ok")]).await;
    let exchanges = again.noted.exchanges(2).await;
    assert_eq!(exchanges.len(), 2, "the retry is not an exchange of the client");
    assert_eq!(exchanges[1].status(), Some(200));
    assert!(exchanges[1].notes.iter().any(|note| note.contains("sent again")), "{:?}", exchanges[1].notes);
    assert_eq!(backend.seen().len(), 2);

    let (backend, once) = bench(scripts, Choice::default()).await;
    once.play(Way::Base, &[send(GET), wait_for("ok"), Act::Pause(50), send(POST), wait_for("}")]).await;
    let exchanges = once.noted.exchanges(2).await;
    assert_eq!(exchanges[1].status(), Some(502), "a POST that was sent is never retried");
    assert_eq!(backend.seen().len(), 1);
}

#[tokio::test]
async fn connection_closed_while_idle_is_not_reused() {
    let scripts = vec![vec![wait_for("\r\n\r\n"), send(OK), Act::Close], vec![wait_for("{}"), send(OK)]];
    let (_backend, bench) = bench(scripts, Choice::default()).await;
    bench.play(Way::Base, &[send(GET), wait_for("ok"), Act::Pause(200), send(POST), wait_for("ok")]).await;
    assert_eq!(bench.noted.exchanges(2).await[1].status(), Some(200));
}

#[tokio::test]
async fn ambiguous_heads_are_refused_and_recorded() {
    for head in [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        for way in [Way::Base, Way::Connect] {
            let (backend, bench) = bench(vec![vec![Act::AwaitEnd]], Choice::default()).await;
            let smuggled = format!("{head}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
            let seen = bench.play(way, &[send(smuggled), Act::AwaitEnd]).await;
            assert!(seen.bytes.starts_with(b"HTTP/1.1 400 "), "{head:?}: {}", String::from_utf8_lossy(&seen.bytes));
            assert_eq!(find(&seen.bytes[1..], b"HTTP/1.1 "), None, "one response for {head:?}");
            let exchanges = bench.noted.exchanges(1).await;
            assert_eq!(exchanges.len(), 1, "{head:?}");
            let exchange = &exchanges[0];
            assert_eq!(ended(exchange), (EndedBy::Recorder, Stage::Done, AnsweredBy::Recorder), "{head:?}");
            assert!(exchange.request.refused.is_some() && exchange.status() == Some(400), "{head:?}");
            assert_eq!(backend.bytes(), b"", "nothing of {head:?} reaches the backend");
        }
    }
}

#[tokio::test]
async fn refusal_is_sent_after_the_earlier_responses() {
    let (backend, bench) = bench(vec![vec![wait_for("\r\n\r\n"), Act::Pause(100), send(OK)]], Choice::default()).await;
    let seen = bench.play(Way::Base, &[send(format!("{GET}GET / HTTP/1.1\nx")), Act::AwaitEnd]).await;
    let text = String::from_utf8(seen.bytes).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.contains("okHTTP/1.1 400 Bad Request"), "{text}");
    assert_eq!(bench.noted.exchanges(2).await.len(), 2);
    assert_eq!(backend.bytes().windows(3).filter(|w| w == b"GET").count(), 1);
}

#[tokio::test]
async fn bad_chunk_is_refused_and_the_request_never_completed() {
    let (backend, bench) = bench(vec![vec![Act::AwaitEnd]], Choice::default()).await;
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    let seen = bench.play(Way::Base, &[send(head), Act::Pause(100), send("zz\r\n"), wait_for("}")]).await;
    assert!(seen.bytes.starts_with(b"HTTP/1.1 400 "));
    let exchange = &bench.noted.exchanges(1).await[0];
    assert!(exchange.request.refused.as_ref().unwrap().contains("hexadecimal"));
    eventually("the backend sees the cut request", || backend.seen().iter().any(|seen| seen.ended)).await;
    assert_eq!(find(&backend.bytes(), b"0\r\n\r\n"), None);
}

#[tokio::test]
async fn injected_faults_are_recorded_as_such() {
    let faults = Arc::new(ScriptedFaults::default());
    faults.arm(Script::new(Operation::INITIATE_PAYMENT, [Fault::Timeout, Fault::ServerError]));
    let choice = Choice { faults: faults.clone(), ..Choice::default() };
    let script = vec![wait_for("{}"), send(OK), wait_for("{}"), send(OK)];
    let (backend, bench) = bench(vec![script], choice).await;
    let seen = bench.play(Way::Base, &[send(POST), Act::Pause(500), Act::Drop]).await;
    assert_eq!(seen, Seen::default(), "the response is withheld");
    let first = bench.noted.exchanges(1).await.remove(0);
    assert_eq!(ended(&first), (EndedBy::Client, Stage::Waiting, AnsweredBy::Nobody));
    assert_eq!((first.fault, first.status()), (Some(Fault::Timeout), None));
    assert_eq!(first.answer.unwrap().status, 200, "it was carried out at the backend");
    assert!(first.times.end - first.times.request_head > 400_000);

    let seen = bench.play(Way::Base, &[send(POST), wait_for("}")]).await;
    let text = String::from_utf8(seen.bytes).unwrap();
    assert!(text.starts_with("HTTP/1.1 500 ") && text.contains("\"code\":\"2000\"") && text.contains("correlationId"));
    let second = bench.noted.exchanges(2).await.remove(1);
    assert_eq!(ended(&second), (EndedBy::Complete, Stage::Done, AnsweredBy::Recorder));
    assert_eq!((second.fault, second.status()), (Some(Fault::ServerError), Some(500)));
    assert_eq!(second.request.body.bytes, b"{}");

    bench.play(Way::Base, &[send(POST), wait_for("ok")]).await;
    assert_eq!(bench.noted.exchanges(3).await[2].fault, None);
    assert_eq!(backend.bytes().windows(4).filter(|w| w == b"POST").count(), 2, "the 500 was not forwarded");
}

#[tokio::test]
async fn withheld_response_ends_the_connection_at_the_limit() {
    let faults = Arc::new(ScriptedFaults::default());
    faults.arm(Script::new(Operation::INITIATE_PAYMENT, [Fault::Timeout]));
    let limits = Limits { withhold: Duration::from_millis(300), ..Limits::default() };
    let (_backend, bench) =
        bench(vec![vec![wait_for("{}"), send(OK)]], Choice { faults, limits, ..Choice::default() }).await;
    let seen = bench.play(Way::Connect, &[send(POST), Act::AwaitEnd]).await;
    assert_eq!(seen, Seen { bytes: Vec::new(), ended: true });
    let exchange = &bench.noted.exchanges(1).await[0];
    assert_eq!(ended(exchange), (EndedBy::Recorder, Stage::Waiting, AnsweredBy::Nobody));
}

/// An observer that delays the settling of every record, and remembers when it settled.
#[derive(Default)]
struct Slow(Mutex<Option<Instant>>);

impl FaultInjector for Slow {
    fn decide(&self, _head: &RequestHead<'_>) -> Option<Fault> {
        None
    }

    fn recorded(&self, _exchange: &Exchange) {
        std::thread::sleep(Duration::from_millis(600));
        *self.0.lock().unwrap() = Some(Instant::now());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_response_is_complete_before_its_exchange_is_settled() {
    let long = "y".repeat(300_000);
    for (name, answer, early_content) in [
        ("short", OK.to_owned(), 0),
        ("no body", "HTTP/1.1 204 No Content\r\n\r\n".to_owned(), 0),
        ("long", format!("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n{long}"), 299_999),
        (
            "chunks",
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n493e0\r\n{long}\r\n0\r\n\r\n"),
            300_000,
        ),
    ] {
        let slow = Arc::new(Slow::default());
        let choice = Choice { faults: slow.clone(), ..Choice::default() };
        let script = vec![wait_for("\r\n\r\n"), send(&answer)];
        let (_backend, bench) = bench(vec![script], choice).await;
        let mut client = bench.client(Way::Base).await;
        client.write_all(GET.as_bytes()).await.unwrap();
        let (mut seen, mut early) = (Vec::new(), Vec::new());
        while !messages(&seen, false).first().is_some_and(|message| message.whole) {
            assert_ne!(client.read_buf(&mut seen).await.unwrap(), 0, "{name}");
            if slow.0.lock().unwrap().is_none() {
                early.clone_from(&seen);
            }
        }
        let early = messages(&early, false);
        assert!(early.first().is_none_or(|message| !message.whole), "{name}: complete before it was settled");
        let content = early.first().map_or(0, |message| message.body.len());
        assert_eq!(content, early_content, "{name}: a short response is held completely, of a long one the last piece");
        assert_eq!(messages(&seen, false), messages(answer.as_bytes(), false), "{name}");
    }
}

#[tokio::test]
async fn early_response_reaches_a_client_that_is_still_sending() {
    let early = "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno";
    let script = vec![wait_for("\r\n\r\n"), send(early), Act::AwaitEnd];
    let (_backend, bench) = bench(vec![script], Choice::default()).await;
    let head = "POST /pos/v10/payments HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nthe first bytes";
    let acts = [send(head), Act::Pause(100), send("y".repeat(200_000)), wait_for("\r\n\r\nno"), Act::AwaitEnd];
    let seen = bench.play(Way::Base, &acts).await;
    assert!(seen.ended);
    let exchange = &bench.noted.exchanges(1).await[0];
    assert_eq!((exchange.status(), exchange.times.request_end), (Some(413), None));
}

#[tokio::test]
async fn client_that_stops_sending_is_timed_out() {
    let limits = Limits { idle: Duration::from_millis(300), ..Limits::default() };
    let (_backend, bench) = bench(vec![vec![Act::AwaitEnd]], Choice { limits, ..Choice::default() }).await;
    let half = "POST /pos/v10/payments HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf";
    let seen = bench.play(Way::Base, &[send(half), Act::AwaitEnd]).await;
    assert_eq!(seen, Seen { bytes: Vec::new(), ended: true });
    let exchange = &bench.noted.exchanges(1).await[0];
    assert_eq!(ended(exchange), (EndedBy::Client, Stage::Request, AnsweredBy::Nobody));
    assert!(exchange.end.detail.contains("stopped sending"), "{}", exchange.end.detail);
    let seen = bench.play(Way::Base, &[send("GET / HTT"), Act::AwaitEnd]).await;
    assert!(seen.ended, "an incomplete head times out, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_clients_get_their_own_responses() {
    let echoes = (0..400).flat_map(|_| [wait_for("\r\n\r\n{}"), send(OK)]).collect();
    let (_backend, mut bench) = bench(vec![echoes], Choice::default()).await;
    let clients = (0..24).map(|client| {
        let way = if client % 2 == 0 { Way::Base } else { Way::Connect };
        let acts: Vec<Act> = (0..10).flat_map(|_| [send(POST), wait_for("\r\n\r\nok")]).collect();
        let bench = &bench;
        async move { bench.play(way, &acts).await }
    });
    let mut waiting: Vec<_> = clients.map(Box::pin).collect();
    for client in &mut waiting {
        let seen = client.await;
        assert_eq!(messages(&seen.bytes, false).len(), 10);
    }
    drop(waiting);
    let exchanges = bench.noted.exchanges(240).await;
    let numbers: Vec<u64> = exchanges.iter().map(|exchange| exchange.number).collect();
    assert_eq!(numbers, (1..=240).collect::<Vec<u64>>());
    bench.stop().await;
    let capture = poscert::capture::open(&bench.dir.path().join("capture")).unwrap();
    assert_eq!((capture.exchanges, capture.complete), (240, true));
}

#[tokio::test]
async fn stop_finishes_exchanges_in_progress_and_records_the_rest() {
    let script = vec![wait_for("\r\n\r\n"), Act::Pause(300), send(OK)];
    let limits = Limits { drain: Duration::from_millis(900), ..Limits::default() };
    let never = vec![Act::AwaitEnd];
    let (_backend, mut bench) = bench(vec![script, never], Choice { limits, ..Choice::default() }).await;
    let mut first = bench.client(Way::Base).await;
    first.write_all(GET.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut second = bench.client(Way::Connect).await;
    second.write_all(GET.as_bytes()).await.unwrap();
    let idle = bench.client(Way::Base).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    bench.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let mut seen = Vec::new();
    let _ = first.read_to_end(&mut seen).await;
    assert!(seen.ends_with(b"ok"), "{}", String::from_utf8_lossy(&seen));
    let exchanges = bench.noted.exchanges(2).await;
    assert_eq!(exchanges[0].status(), Some(200));
    assert_eq!(ended(&exchanges[1]), (EndedBy::Recorder, Stage::Waiting, AnsweredBy::Nobody), "{:?}", exchanges[1].end);
    assert!(tokio::net::TcpStream::connect(bench.base).await.is_err(), "the listener is closed");
    drop(idle);
    let capture = poscert::capture::open(&bench.dir.path().join("capture")).unwrap();
    assert_eq!((capture.exchanges, capture.complete), (2, true), "{:?}", capture.gaps);
}

#[tokio::test]
async fn pipelined_requests_of_a_disconnected_client_are_recorded() {
    let script = vec![wait_for("\r\n\r\n"), Act::Pause(300), send(OK)];
    let (backend, bench) = bench(vec![script], Choice::default()).await;
    bench.play(Way::Base, &[send(format!("{GET}{GET}")), Act::Pause(100), Act::Drop]).await;
    let exchanges = bench.noted.exchanges(2).await;
    assert_eq!(exchanges.iter().map(|e| e.number).collect::<Vec<_>>(), [1, 2]);
    assert!(exchanges.iter().all(|e| e.end.by == EndedBy::Client), "{exchanges:?}");
    assert!(exchanges[1].end.detail.contains("not forwarded"), "{}", exchanges[1].end.detail);
    assert_eq!(backend.bytes().windows(3).filter(|w| w == b"GET").count(), 1);
}

#[tokio::test]
async fn traffic_is_never_forwarded_unrecorded() {
    let script = vec![wait_for("\r\n\r\n"), send(OK), wait_for("\r\n\r\n"), send(OK)];
    let (_backend, mut bench) = bench(vec![script], Choice::default()).await;
    let mut client = bench.client(Way::Base).await;
    client.write_all(GET.as_bytes()).await.unwrap();
    let mut seen = vec![0; OK.len()];
    client.read_exact(&mut seen).await.unwrap();
    // A closed capture is a store that accepts no records.
    bench.writer.close().await.unwrap();
    client.write_all(GET.as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    let _ = client.read_to_end(&mut rest).await;
    assert_eq!(rest, b"", "no unrecorded response is sent");
    let running = bench.running.take().unwrap();
    let why = tokio::time::timeout(Duration::from_secs(5), running.failed()).await.expect("it says so");
    assert!(why.contains("closed"), "{why}");
    eventually("no more connections are taken", || std::net::TcpStream::connect(bench.base).is_err()).await;
}

#[tokio::test]
async fn backend_connection_with_an_unfinished_request_is_not_reused() {
    let early = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";
    let scripts = vec![vec![wait_for("\r\n\r\n"), send(early), Act::AwaitEnd], vec![wait_for("\r\n\r\n"), send(OK)]];
    let (backend, bench) = bench(scripts, Choice::default()).await;
    let head = "POST /pos/v10/payments HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nthe first bytes";
    bench.play(Way::Base, &[send(head), wait_for("\r\n\r\nno")]).await;
    eventually("the backend's connection is closed", || backend.seen()[0].ended).await;
    bench.play(Way::Base, &[send(GET), wait_for("ok")]).await;
    assert_eq!(bench.noted.exchanges(2).await[1].status(), Some(200));
}
