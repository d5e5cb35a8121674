//! Tests of the built recorder against hostile peers: everything they send is recorded, the next client gets its own
//! response, memory stays bounded, and nothing panics.

pub(crate) mod attacks;
pub(crate) mod backend;
mod idle;
mod slow;

use super::forwarding_differences::messages;
use super::poscert_process::*;
use super::wire::{Act, Seen, Stream, connect, find, play, send, tls, wait_for};
use attacks::{attacks, below_http};
use poscert::pki::Authority;
use serde_json::Value;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The most memory that the recorder may use under these attacks, in MiB. Measured: a third of it.
const MEMORY_MIB: u64 = 200;

/// A recorder before the misbehaving backend, in its own process.
pub(crate) struct Target {
    home: tempfile::TempDir,
    authority: Arc<Authority>,
    backend: std::net::SocketAddr,
    recording: Option<Recording>,
}

impl Target {
    pub(crate) async fn start(more: &[&str]) -> Target {
        let home = tempfile::tempdir().unwrap();
        let authority = Arc::new(Authority::open(&home.path().join("ca")).unwrap());
        let backend = backend::backend(&authority).await;
        let upstream = format!("https://{backend}");
        let ca = authority.files().pem.to_str().unwrap().to_owned();
        let own = ["--upstream", &upstream, "--upstream-ca", &ca, "--capture", "capture"];
        let arguments: Vec<&str> = own.into_iter().chain(more.iter().copied()).collect();
        let recording = Some(Recording::start(home.path(), &arguments));
        Target { home, authority, backend, recording }
    }

    pub(crate) fn recording(&self) -> &Recording {
        self.recording.as_ref().unwrap()
    }

    fn base(&self) -> std::net::SocketAddr {
        self.recording().field("listen").parse().unwrap()
    }

    fn proxy(&self) -> std::net::SocketAddr {
        self.recording().field("proxy_listen").parse().unwrap()
    }

    pub(crate) async fn client(&self, through_connect: bool) -> Box<dyn Stream> {
        let tcp = if through_connect {
            connect(self.proxy(), &self.backend.to_string()).await.0
        } else {
            TcpStream::connect(self.base()).await.unwrap()
        };
        tls(&self.authority, tcp, "127.0.0.1").await.unwrap()
    }

    async fn play(&self, through_connect: bool, acts: &[Act]) -> Seen {
        let seen = Arc::new(Mutex::new(Seen::default()));
        play(self.client(through_connect).await, acts, seen.clone()).await;
        let seen = seen.lock().unwrap();
        seen.clone()
    }

    /// Checks that a normal request still gets its own response.
    async fn still_serves(&self, target: &str) {
        let call = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        let seen = self.play(false, &[send(call), wait_for(format!("honest {target}"))]).await;
        assert!(seen.bytes.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&seen.bytes));
    }

    /// Stops the recorder, checks its memory and that it did not panic, and returns its records.
    pub(crate) fn stop(mut self, name: &str) -> Vec<Value> {
        let recording = self.recording.take().unwrap();
        let memory = recording.memory_mib();
        let said = recording.stop();
        eprintln!("{name}: the recorder took {memory} MiB at most");
        assert!(memory < MEMORY_MIB, "{name}: {memory} MiB");
        assert!(!said.contains("panicked"), "{said}");
        shown(self.home.path(), "capture")
    }
}

fn of_kind<'a>(records: &'a [Value], kind: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["record"] == kind).collect()
}

fn has_event(records: &[Value], event: &str, words: &str) -> bool {
    let fits = |record: &&&Value| record["event"] == event && record["detail"].as_str().unwrap().contains(words);
    of_kind(records, "connection").iter().any(|record| fits(&record))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn smuggled_requests_are_refused_and_recorded() {
    let target = Target::start(&["--quiet"]).await;
    for through_connect in [false, true] {
        for attack in attacks() {
            let smuggled = [&attack.bytes[..], b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
            let seen = target.play(through_connect, &[send(smuggled), Act::AwaitEnd]).await;
            let answer = String::from_utf8_lossy(&seen.bytes).into_owned();
            assert!(answer.starts_with("HTTP/1.1 400 "), "{}: {answer}", attack.name);
            assert_eq!(messages(&seen.bytes, false).len(), 1, "one response for {}: {answer}", attack.name);
        }
        target.still_serves("/after").await;
    }
    let records = target.stop("smuggling");
    let exchanges = of_kind(&records, "exchange");
    let refused: Vec<&&Value> = exchanges.iter().filter(|e| e["request"]["refused"].is_string()).collect();
    let twice: Vec<_> = attacks().into_iter().chain(attacks()).collect();
    assert_eq!((refused.len(), exchanges.len()), (twice.len(), twice.len() + 2));
    for (attack, exchange) in twice.iter().zip(refused) {
        let why = exchange["request"]["refused"].as_str().unwrap();
        assert!(why.contains(attack.why), "{}: {why}", attack.name);
    }
    eprintln!("smuggling: {} attacks, each both ways in", attacks().len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn misbehaving_backend_is_recorded_and_does_not_affect_the_next_response() {
    let target = Target::start(&["--quiet", "--backend-timeout", "1"]).await;
    let lies = backend::lies();
    for (number, lie) in lies.iter().enumerate() {
        let call = format!("GET /lie/{} HTTP/1.1\r\nHost: a\r\n\r\n", lie.name);
        let mut client = target.client(number % 2 == 1).await;
        client.write_all(call.as_bytes()).await.unwrap();
        let (_, _, status, _) = lie.end;
        let mut seen = Vec::new();
        let honest = "honest /next";
        let mut asked = false;
        // The next response on the client's connection, if it is still open, must be its own.
        while client.read_buf(&mut seen).await.unwrap_or(0) > 0 && find(&seen, honest.as_bytes()).is_none() {
            if !asked && (seen.ends_with(b"ok") || seen.ends_with(b"}") || seen.ends_with(b"0\r\n\r\n")) {
                asked = true;
                let _ = client.write_all(b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n").await;
            }
        }
        let text = String::from_utf8_lossy(&seen).into_owned();
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{}: {text}", lie.name);
        assert!(!text.contains("POISON"), "{}: {text}", lie.name);
        target.still_serves("/after").await;
    }
    let records = target.stop("lies");
    let exchanges = of_kind(&records, "exchange");
    assert!(exchanges.iter().all(|e| !e["answer"]["reason"].as_str().unwrap_or_default().contains("POISON")));
    for lie in &lies {
        let wanted = format!("/lie/{}", lie.name);
        let found: Vec<_> = exchanges.iter().filter(|e| e["request"]["target"] == wanted.as_str()).collect();
        assert_eq!(found.len(), 1, "{wanted}");
        let (by, stage, status, words) = lie.end;
        let exchange = found[0];
        let ended = (&exchange["end"]["by"], &exchange["end"]["stage"], exchange["answer"]["status"].as_u64());
        let want = (&serde_json::to_value(by).unwrap(), &serde_json::to_value(stage).unwrap(), Some(status.into()));
        assert_eq!(ended, want, "{exchange}");
        let said = format!("{} {}", exchange["end"]["detail"], exchange["notes"]);
        assert!(said.contains(words), "{wanted}: {said}");
    }
    eprintln!("lies: {} of them", lies.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn input_that_is_not_tls_and_connect_to_other_targets_are_recorded() {
    let target = Target::start(&["--quiet", "--head-timeout", "1"]).await;
    for (name, bytes, _, words) in below_http() {
        let mut tcp = TcpStream::connect(target.base()).await.unwrap();
        tcp.write_all(&bytes).await.unwrap();
        tcp.shutdown().await.unwrap();
        let mut rest = Vec::new();
        let _ = tcp.read_to_end(&mut rest).await;
        said(target.home.path(), name, words);
    }
    // CONNECT to other targets: the recorder's own proxy address, services of the machine.
    let proxy = target.proxy().to_string();
    let elsewhere = [&proxy, "127.0.0.1:22", "localhost:1", "169.254.169.254:80", "[::1]:443", "example.com:443"];
    for elsewhere in elsewhere {
        let (_tcp, answer) = connect(target.proxy(), elsewhere).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{elsewhere}: {answer}");
    }
    for (request, status) in [
        ("GET http://127.0.0.1/ HTTP/1.1\r\nHost: a\r\n\r\n", "405"),
        ("CONNECT a HTTP/1.1\r\n\r\n", "400"),
        ("CONNECT :1 HTTP/1.1\r\nHost: a\r\n\r\n", "405"),
        ("CONNECT a:99999 HTTP/1.1\r\nHost: a\r\n\r\n", "405"),
        ("CONNECT a:1 HTTP/1.1\nHost: a\n\n", "400"),
        ("CONNECT a:1", "408"),
    ] {
        let mut tcp = TcpStream::connect(target.proxy()).await.unwrap();
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        tcp.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(format!("HTTP/1.1 {status} ").as_bytes()), "{request:?}");
    }
    // Inside an established tunnel, input that is not TLS is not forwarded.
    let (mut tcp, answer) = connect(target.proxy(), &target.backend.to_string()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    tcp.write_all(b"SSH-2.0-x\r\n").await.unwrap();
    let mut rest = Vec::new();
    let _ = tcp.read_to_end(&mut rest).await;
    target.still_serves("/after").await;
    let records = target.stop("below HTTP");
    for (_, _, event, words) in below_http() {
        assert!(has_event(&records, event, words), "{event} with `{words}` is not in the capture");
    }
    let refused = of_kind(&records, "connection").iter().filter(|c| c["event"] == "connect-refused").count();
    assert_eq!(refused, elsewhere.len() + 6, "each refused CONNECT is recorded");
}

/// Waits until the recorder has logged these words for a connection.
fn said(home: &Path, name: &str, words: &str) {
    for _ in 0..1000 {
        let said = std::fs::read_to_string(home.join("stdout.txt")).unwrap_or_default();
        if said.contains(words) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{name}: the recorder never said `{words}`");
}
