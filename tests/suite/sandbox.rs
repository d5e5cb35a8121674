//! Tests of the sandbox on real sockets: TLS, HTTP/1.1 in all the forms that clients use, the command, and the API
//! description.

use poscert::pki::{Authority, Name};
use poscert::sandbox::{Sandbox, SandboxOptions};
use rustls_pki_types::ServerName;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const PROGRAM: &str = env!("CARGO_BIN_EXE_poscert");
const CERTIFICATION_STORE: &str = "9d0a9c45-1793-4e82-9410-b0ee6779ab60";
const PATIENCE: Duration = Duration::from_secs(20);

struct Served {
    port: u16,
    authority: Authority,
    stop: Option<oneshot::Sender<()>>,
    server: tokio::task::JoinHandle<()>,
    sandbox: Sandbox,
    _folder: tempfile::TempDir,
}

async fn serve() -> Served {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::open(folder.path()).unwrap();
    let tls = authority.server_config_for(&[Name::parse("127.0.0.1").unwrap()]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (stop, stopped) = oneshot::channel::<()>();
    let sandbox = Sandbox::new(SandboxOptions::default());
    let serving = sandbox.clone();
    let server = tokio::spawn(async move {
        serving
            .serve(listener, tls, async {
                let _ = stopped.await;
            })
            .await;
    });
    Served { port, authority, stop: Some(stop), server, sandbox, _folder: folder }
}

impl Served {
    async fn connect(&self) -> Wire {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.authority.certificate().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        // Many TLS clients offer both by default; the sandbox must choose the second.
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        Wire { stream, read: Vec::new() }
    }

    /// A connection, and the headers that every call needs.
    async fn client(&self) -> (Wire, String) {
        let mut wire = self.connect().await;
        let client = &self.sandbox.clients()[0];
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            client.client_id, client.client_secret
        );
        let head = format!(
            "POST /integrator-authentication/connect/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        let answer = wire.exchange(&head).await;
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        let headers = format!(
            "Host: x\r\nAuthorization: Bearer {token}\r\nX-MobilePay-Client-System-Version: 1.0.0\r\nX-MobilePay-Merchant-VAT-Number: DK90000028\r\n"
        );
        (wire, headers)
    }
}

/// A connection to write requests and read responses.
struct Wire {
    stream: TlsStream<TcpStream>,
    read: Vec<u8>,
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.head))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl Wire {
    async fn exchange(&mut self, request: &str) -> Answer {
        self.stream.write_all(request.as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
        self.answer().await
    }

    async fn more(&mut self) {
        let mut piece = [0; 4096];
        let length = tokio::time::timeout(PATIENCE, self.stream.read(&mut piece)).await.expect("no answer").unwrap();
        assert!(length > 0, "closed after {:?}", String::from_utf8_lossy(&self.read));
        self.read.extend_from_slice(&piece[..length]);
    }

    async fn head(&mut self) -> String {
        loop {
            if let Some(at) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                let rest = self.read.split_off(at + 4);
                let head = std::mem::replace(&mut self.read, rest);
                return String::from_utf8(head).unwrap();
            }
            self.more().await;
        }
    }

    async fn answer(&mut self) -> Answer {
        let head = self.head().await;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: Vec::new() };
        let length: usize = answer.header("content-length").expect("a length").parse().unwrap();
        while self.read.len() < length {
            self.more().await;
        }
        let rest = self.read.split_off(length);
        answer.body = std::mem::replace(&mut self.read, rest);
        answer
    }

    async fn post(&mut self, path: &str, headers: &str, body: &str) -> Answer {
        let length = body.len();
        self.exchange(&format!("POST {path} HTTP/1.1\r\n{headers}Content-Length: {length}\r\n\r\n{body}")).await
    }

    async fn get(&mut self, path: &str, headers: &str) -> Answer {
        self.exchange(&format!("GET {path} HTTP/1.1\r\n{headers}\r\n")).await
    }

    /// A payment of 100.00 on a new PoS with that name.
    async fn pay(&mut self, headers: &str, name: &str) -> String {
        let body = format!(
            r#"{{"merchantPosId":"{name}","storeId":"{CERTIFICATION_STORE}","name":"till","supportedBeaconTypes":["QR"]}}"#
        );
        let keyed = format!("{headers}X-MobilePay-Idempotency-Key: pos-{name}\r\n");
        let pos = self.post("/pos/v10/pointofsales", &keyed, &body).await.json()["posId"].as_str().unwrap().to_owned();
        let body = format!(
            r#"{{"posId":"{pos}","orderId":"o","amount":100,"currencyCode":"DKK","plannedCaptureDelay":"None"}}"#
        );
        let keyed = format!("{headers}X-MobilePay-Idempotency-Key: pay-{name}\r\n");
        let answer = self.post("/pos/v10/payments", &keyed, &body).await;
        answer.json()["paymentId"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn one_connection_handles_requests_in_all_common_forms() {
    let served = serve().await;
    let (mut wire, headers) = served.client().await;
    assert_eq!(wire.stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let payment = wire.pay(&headers, "first").await;
    let cancel = format!("/pos/v10/payments/{payment}/cancel");

    let none = wire.exchange(&format!("POST {cancel} HTTP/1.1\r\n{headers}\r\n")).await;
    let zero = wire.post(&cancel, &headers, "").await;
    let chunked = format!("POST {cancel} HTTP/1.1\r\n{headers}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    let chunked = wire.exchange(&chunked).await;
    for answer in [none, zero, chunked] {
        assert_eq!((answer.status, answer.header("content-length"), answer.body.len()), (200, Some("0"), 0));
        assert_eq!(answer.header("content-type"), None);
    }
    let expect =
        format!("POST {cancel} HTTP/1.1\r\n{headers}Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
    wire.stream.write_all(expect.as_bytes()).await.unwrap();
    assert!(wire.head().await.starts_with("HTTP/1.1 100 "), "the client gets 100 Continue");
    assert_eq!(wire.exchange("0\r\n\r\n").await.status, 200);

    for (kind, status) in [
        ("application/json; charset=utf-8", 409),
        ("application/json-patch+json", 409),
        ("text/json", 409),
        ("application/vnd.x+json", 409),
        ("APPLICATION/JSON", 409),
        ("text/plain", 400),
    ] {
        let typed = format!("{headers}Content-Type: {kind}\r\n");
        let answer = wire.post(&format!("/v10/payments/{payment}/capture"), &typed, "{\"amount\":100}").await;
        assert_eq!(answer.status, status, "{kind}");
    }
    let body = "{\"am\r\nc\r\nount\" : 100}\r\n0\r\n\r\n";
    let split = format!(
        "POST /api/v10/payments/{payment}/capture HTTP/1.1\r\n{headers}Transfer-Encoding: chunked\r\n\r\n4\r\n{body}"
    );
    assert_eq!(wire.exchange(&split).await.json()["code"], "1304", "read across chunks, any prefix");

    let duplicated =
        wire.get("/pos/v10/stores", &format!("{headers}x-mobilepay-client-system-version: 1.0.0\r\n")).await;
    assert_eq!(duplicated.json()["code"], "1157");
    let wrong = wire.exchange(&format!("PUT /pos/v10/payments HTTP/1.1\r\n{headers}\r\n")).await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET, POST")));
    assert_eq!(wire.get("/pos/v11/payments", &headers).await.status, 404);
    let close = wire.get("/pos/v10/stores", &format!("{headers}Connection: close\r\n")).await;
    assert_eq!(close.json()["storeIds"][0], CERTIFICATION_STORE);
    let mut rest = Vec::new();
    let _ = wire.stream.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}

#[tokio::test]
async fn malformed_input_does_not_stop_the_sandbox() {
    let served = serve().await;
    let (_, headers) = served.client().await;
    let deep = "[".repeat(20_000);
    let huge = "x".repeat(200_000);
    for (request, expected) in [
        ("\0\0\0".to_owned(), None),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), None),
        (format!("GET /pos/v10/payments/%ff%00 HTTP/1.1\r\n{headers}\r\n"), Some(400)),
        (format!("GET /pos/v10/payments?posId=%zz&&&=&orderId HTTP/1.1\r\n{headers}\r\n"), Some(400)),
        ("GET /pos/v10/stores HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \u{fe}\u{ff}\r\n\r\n".to_owned(), Some(401)),
        (post("/pos/v10/payments", &headers, &deep), Some(400)),
        (post("/pos/v10/payments", &headers, &huge), Some(413)),
        (post("/pos/v10/payments", &headers, "{\"amount\":1e999999999999}"), Some(400)),
        (post("/pos/v10/payments", &headers, "{\"orderId\":\"\\ud800\"}"), Some(400)),
        (
            format!("POST /pos/v10/payments HTTP/1.1\r\n{headers}Transfer-Encoding: chunked\r\n\r\n4\r\nabcdefgh\r\n"),
            Some(400),
        ),
        (post("/pos/app/usersimulation/checkin", "Host: x\r\n", "[]"), Some(400)),
        (post("/connect/token", "Host: x\r\nAuthorization: Basic ====\r\n", "%%%"), Some(401)),
    ] {
        let mut wire = served.connect().await;
        wire.stream.write_all(request.as_bytes()).await.unwrap();
        if let Some(status) = expected {
            assert_eq!(wire.answer().await.status, status, "{request:.80}");
        }
    }
    // Not TLS at all.
    let mut plain = TcpStream::connect(("127.0.0.1", served.port)).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let (mut wire, headers) = served.client().await;
    assert_eq!(wire.get("/pos/v10/stores", &headers).await.status, 200);
}

fn post(path: &str, headers: &str, body: &str) -> String {
    let headers = format!("{headers}X-MobilePay-Idempotency-Key: k\r\nContent-Length: {}\r\n", body.len());
    format!("POST {path} HTTP/1.1\r\n{headers}\r\n{body}")
}

#[tokio::test]
async fn shutdown_ends_the_sandbox_with_open_connections() {
    let mut served = serve().await;
    let (mut idle, _) = served.client().await;
    let _half_open = TcpStream::connect(("127.0.0.1", served.port)).await.unwrap();
    served.stop.take().unwrap().send(()).unwrap();
    tokio::time::timeout(PATIENCE, &mut served.server).await.expect("it ends").unwrap();
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, idle.stream.read_to_end(&mut rest)).await.expect("it is closed");
    assert!(TcpStream::connect(("127.0.0.1", served.port)).await.is_err());
}

#[test]
fn command_prints_its_addresses_and_stops_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready.json");
    let mut child = sandbox(&folder, "127.0.0.1:0").arg("--ready-file").arg(&ready).spawn().unwrap();
    let began = Instant::now();
    while !ready.exists() && began.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(20));
    }
    let said: serde_json::Value = serde_json::from_slice(&std::fs::read(&ready).unwrap()).unwrap();
    let base = said["base_url"].as_str().unwrap().to_owned();
    assert!(base.starts_with("https://127.0.0.1:") && base.ends_with("/pos/v10"), "{base}");
    assert!(std::fs::read_to_string(said["ca"].as_str().unwrap()).unwrap().contains("BEGIN CERTIFICATE"));

    let address = base.trim_start_matches("https://").trim_end_matches("/pos/v10").to_owned();
    let taken = sandbox(&folder, &address).output().unwrap();
    assert_eq!(taken.status.code(), Some(2));
    let sentence = String::from_utf8(taken.stderr).unwrap();
    assert!(sentence.contains(&address) && sentence.contains("--listen"), "{sentence}");
    assert!(crate::poscert_process::is_one_error(&sentence), "{sentence}");

    let killed = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(killed.success());
    let status = crate::poscert_process::ended(&mut child);
    let mut text = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut text).unwrap();
    assert_eq!(status.code(), Some(0), "{text}");
    for expected in
        [&base, "sandbox-secret-one", "DK90000028", "FI90000040", "+4520031805", CERTIFICATION_STORE, "curl "]
    {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

fn sandbox(folder: &tempfile::TempDir, listen: &str) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["sandbox", "--listen", listen, "--ca-dir"]).arg(folder.path().join("ca"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn description_matches_the_reference() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    // Next to the repository, or next to a directory of worktrees.
    let places =
        ["../shared", "../../shared"].map(|shared| root.join(shared).join("reference/pos-openapi-10.2.6.yaml"));
    let Some(reference) = places.into_iter().find(|place| place.exists()) else {
        eprintln!("skipped: the reference description is not at hand in ../shared/reference");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("openapi.json");
    std::fs::write(&ours, Sandbox::openapi().to_string()).unwrap();
    let compare = |file: &std::path::Path| {
        let script = root.join("tests/compare_openapi.py");
        succeeded(Command::new(python()).arg(script).arg(&reference).arg(file))
    };
    let (same, text) = compare(&ours);
    assert!(same, "{text}");
    // Checks that the comparison detects a difference.
    let mut broken = Sandbox::openapi();
    broken["paths"]["/pos/v10/payments"]["post"]["parameters"][2]["required"] = false.into();
    std::fs::write(&ours, broken.to_string()).unwrap();
    let (same, text) = compare(&ours);
    assert!(!same && text.contains("1 differences"), "{text}");
}

#[test]
fn schemathesis_finds_nothing() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let (found_nothing, text) = succeeded(Command::new(root.join("tests/schemathesis.sh")).arg(PROGRAM));
    assert!(found_nothing, "{text}");
}

/// The interpreter of the shared Python test environment.
fn python() -> String {
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python-env");
    let Output { status, stdout, stderr } = Command::new(script).output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap().trim().to_owned()
}

/// Whether a command succeeded, and all its output.
fn succeeded(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn response_before_the_end_of_a_request_is_not_lost() {
    let served = serve().await;
    for length in [100_000, 3_000_000] {
        let body = "z".repeat(length);
        for _ in 0..8 {
            let (mut wire, headers) = served.client().await;
            let answer = wire.post("/pos/v10/payments", &headers, &body).await;
            assert_eq!((answer.status, answer.header("connection")), (413, Some("close")), "{length}");
        }
    }
}
