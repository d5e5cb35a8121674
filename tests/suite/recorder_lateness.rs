//! Tests of a recorder that was suspended: times it cannot have measured are not counted against the client.

use super::poscert_process::*;
use super::wire::{self, RawBackend, wait_for};
use poscert::capture::record::{Answer, Connection, End, EndedBy, Exchange, Header, Record, Request, Stage, Times};
use poscert::pki::Authority;
use poscert::rules::load;
use poscert::verify::{ClientInference, Evaluator, Input, Options, Target};
use std::process::Command;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

const PATH: &str = "/pos/v10/stores";

fn signal(recording: &Recording, name: &str) {
    let status = Command::new("kill").args([name, &recording.pid().to_string()]).status().unwrap();
    assert!(status.success());
}

/// A recorder before a backend that never responds.
async fn recorder(home: &std::path::Path) -> (RawBackend, Recording, Authority) {
    let authority = Authority::open(&home.join("ca")).unwrap();
    let backend = RawBackend::start(&authority, vec![vec![wait_for("\r\n\r\n"), wire::Act::Pause(10_000)]]).await;
    let upstream = format!("https://{}", backend.addr);
    let recording = Recording::start(home, &["--capture", "capture", "--upstream", &upstream, "--upstream-insecure"]);
    (backend, recording, authority)
}

#[tokio::test(flavor = "multi_thread")]
async fn record_says_how_late_a_disconnect_may_have_been_noticed() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (_backend, recording, authority) = recorder(home).await;
    let address = recording.field("listen").to_owned();
    let request = format!("GET {PATH} HTTP/1.1\r\nHost: a\r\n\r\n");
    let tcp = TcpStream::connect(&address).await.unwrap();
    let mut first = wire::tls(&authority, tcp, "127.0.0.1").await.unwrap();
    first.write_all(request.as_bytes()).await.unwrap();
    sleep(Duration::from_millis(600)).await;
    // The recorder is stopped while its client gives up, waits, and begins its retry.
    signal(&recording, "-STOP");
    sleep(Duration::from_millis(20)).await;
    let gave_up = std::time::Instant::now();
    drop(first);
    sleep(Duration::from_millis(150)).await;
    let tcp = TcpStream::connect(&address).await.unwrap();
    let second = tokio::spawn(async move {
        let mut second = wire::tls(&authority, tcp, "127.0.0.1").await.unwrap();
        second.write_all(request.as_bytes()).await.unwrap();
        let _ = tokio::time::timeout(Duration::from_millis(300), second.read_u8()).await;
    });
    sleep(Duration::from_millis(150)).await;
    let stopped_ms = u64::try_from(gave_up.elapsed().as_millis()).unwrap();
    signal(&recording, "-CONT");
    second.await.unwrap();
    recording.stop();

    let exchanges = exchanges(home, "capture");
    assert_eq!(exchanges.len(), 2, "{exchanges:?}");
    let (first, second) = (&exchanges[0], &exchanges[1]);
    assert_eq!(first["end"]["by"], "client", "{first}");
    let late_ms = first["end"]["late_us"].as_u64().unwrap_or(0) / 1000;
    assert!(late_ms >= stopped_ms, "{late_ms} of {stopped_ms} ms: {first}");
    let (head, end) = (second["times"]["request_head"].as_u64().unwrap(), first["times"]["end"].as_u64().unwrap());
    assert!(head + late_ms * 1000 >= end + 150_000, "the pause was 150 ms: {first} {second}");
    let (verdict, _) = verdict(home, &["capture"]);
    let broken = with_status(&verdict, "failed");
    assert!(!broken.contains(&"ALL-13".to_owned()), "{broken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn record_says_how_late_a_request_head_may_have_been_noticed() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (_backend, recording, authority) = recorder(home).await;
    let request = format!("GET {PATH} HTTP/1.1\r\nHost: a\r\n\r\n");
    let tcp = TcpStream::connect(recording.field("listen")).await.unwrap();
    let mut client = wire::tls(&authority, tcp, "127.0.0.1").await.unwrap();
    sleep(Duration::from_millis(200)).await;
    signal(&recording, "-STOP");
    sleep(Duration::from_millis(20)).await;
    let sent = std::time::Instant::now();
    client.write_all(request.as_bytes()).await.unwrap();
    sleep(Duration::from_millis(200)).await;
    let stopped_ms = u64::try_from(sent.elapsed().as_millis()).unwrap();
    signal(&recording, "-CONT");
    let _ = tokio::time::timeout(Duration::from_millis(200), client.read_u8()).await;
    drop(client);
    sleep(Duration::from_millis(200)).await;
    recording.stop();
    let exchange = &exchanges(home, "capture")[0];
    let late_ms = exchange["head_late_us"].as_u64().unwrap_or(0) / 1000;
    assert!(late_ms >= stopped_ms, "{late_ms} of {stopped_ms} ms: {exchange}");
}

/// A GET that its client gave up after half a second, and its retry. `measured`: ms from the recorded end, which may
/// have been up to `late` ms earlier.
fn retried(measured: i64, late: u64) -> Vec<Exchange> {
    let exchange = |number, head: u64| Exchange {
        number,
        request: Request { method: "GET".into(), target: PATH.into(), scheme: "https".into(), ..Request::default() },
        end: End { by: EndedBy::Client, stage: Stage::Waiting, late_us: late * 1000, ..End::default() },
        times: Times { request_head: head * 1000, end: (head + 700) * 1000, ..Times::default() },
        ..Exchange::default()
    };
    vec![exchange(1, 1_000), exchange(2, 1_700_u64.saturating_add_signed(measured))]
}

fn findings(exchanges: Vec<Exchange>, id: &str) -> usize {
    judged(exchanges.into_iter().map(|exchange| Record::Exchange(Box::new(exchange))), id)
}

fn judged(records: impl IntoIterator<Item = Record>, id: &str) -> usize {
    let rules = load(None).unwrap();
    let options = Options::default();
    let target = Target::settle(&options, None, &ClientInference::default(), &rules);
    let mut judge = Evaluator::new(&rules, &target, poscert::verify::clock::Clock::default());
    for record in records {
        judge.take(&record).unwrap();
    }
    let verdict = judge.finish(&Input { complete: true, ..Input::default() }, &options).unwrap();
    verdict.requirements.iter().find(|requirement| requirement.id == id).unwrap().findings.len()
}

#[test]
fn retry_is_judged_by_the_longest_possible_pause() {
    for (measured, late) in
        [(20, 0), (99, 0), (100, 0), (60, 30), (11, 90), (9, 90), (-80, 200), (-150, 200), (20, 300)]
    {
        let kept = measured + i64::try_from(late).unwrap();
        let found = findings(retried(measured, late), "ALL-13");
        assert_eq!(found, usize::from(kept < 100), "{measured} ms measured, seen {late} ms late");
    }
}

#[test]
fn call_duration_is_judged_by_its_known_minimum() {
    for (lasted, late, found) in [(900, 0, 0), (1_100, 0, 1), (1_100, 50, 1), (1_100, 150, 0), (3_000, 100, 1)] {
        let mut exchanges = retried(5_000, late);
        exchanges.truncate(1);
        exchanges[0].times.end = (1_000 + lasted) * 1000;
        assert_eq!(findings(exchanges, "ALL-15"), found, "{lasted} ms, {late} ms late");
    }
}

#[test]
fn undelivered_response_is_not_held_against_the_client() {
    let exchange = |number: u64, status: u16| {
        let bearer = Header { name: "Authorization".into(), value: "Bearer one".into() };
        let (method, target, headers) = ("GET".into(), PATH.into(), vec![bearer]);
        Record::Exchange(Box::new(Exchange {
            number,
            request: Request { method, target, scheme: "https".into(), headers, ..Request::default() },
            answer: Some(Answer { status, ..Answer::default() }),
            times: Times { request_head: number * 1_000_000, end: number * 1_000_000 + 50_000, ..Times::default() },
            ..Exchange::default()
        }))
    };
    let left = Record::Connection(Connection {
        event: "closed".into(),
        at_us: 1_500_000,
        undelivered: Some(1),
        ..Connection::default()
    });
    assert_eq!(judged([exchange(1, 401), exchange(2, 401)], "ALL-23"), 1);
    assert_eq!(judged([exchange(1, 401), left.clone(), exchange(2, 401)], "ALL-23"), 0);
    // A HAR starts with other records.
    assert_eq!(judged([left.clone(), exchange(1, 401), exchange(2, 401)], "ALL-23"), 0);
    // Nothing is known about the second one.
    assert_eq!(judged([left, exchange(1, 401), exchange(2, 401), exchange(3, 401)], "ALL-23"), 1);
}
