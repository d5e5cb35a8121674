//! Below HTTP: CONNECT, certificates, and connections that come to nothing.

use super::raw::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const GET: &str = "GET /pos/v10/stores HTTP/1.1\r\nHost: a\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

async fn bench(choice: Choice) -> (RawBackend, Bench) {
    let authority = authority();
    let backend = RawBackend::start(&authority, vec![vec![wait_for("\r\n\r\n"), send(OK)]]).await;
    let bench = Bench::start(authority, backend.addr, choice).await;
    (backend, bench)
}

#[tokio::test]
async fn connect_is_for_the_backend_alone() {
    let (_backend, bench) = bench(Choice::default()).await;
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for target in ["example.com:443".to_owned(), other.to_string(), bench.proxy.to_string()] {
        let (_, answer) = connect(bench.proxy, &target).await;
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{target}: {answer}");
        assert!(answer.contains("--tunnel"), "{answer}");
    }
    let event = bench.noted.event("connect-refused").await;
    assert!(event.detail.contains("403") && event.detail.contains("example.com"), "{event:?}");
    let mut tcp = TcpStream::connect(bench.proxy).await.unwrap();
    tcp.write_all(b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("only CONNECT"), "{answer}");
    assert!(answer.contains("Plain HTTP to example.com") && answer.contains("NO_PROXY"), "{answer}");
}

#[tokio::test]
async fn the_base_url_can_be_called_by_the_proxy_too() {
    let (_backend, bench) = bench(Choice::default()).await;
    let (tcp, answer) = connect(bench.proxy, &bench.base.to_string()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let stream = tls(&bench.authority, tcp, "127.0.0.1").await.expect("the leaf is for the address");
    play(stream, &[send(GET), wait_for("ok")], Default::default()).await;
    assert_eq!(bench.noted.exchanges(1).await[0].status(), Some(200));
    let other = format!("127.0.0.2:{}", bench.base.port());
    let (_, answer) = connect(bench.proxy, &other).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[tokio::test]
async fn a_dead_backend_is_an_honest_502() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let bench = Bench::start(authority(), free, Choice::default()).await;
    let (_, answer) = connect(bench.proxy, &free.to_string()).await;
    assert!(answer.starts_with("HTTP/1.1 502 ") && answer.contains("cannot reach the backend"), "{answer}");
    bench.noted.event("connect-refused").await;
}

#[tokio::test]
async fn named_hosts_are_let_through_or_taken_for_the_backend() {
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = other.local_addr().unwrap().to_string();
    let echo = tokio::spawn(async move {
        let (mut tcp, _) = other.accept().await.unwrap();
        let mut bytes = [0; 4];
        tcp.read_exact(&mut bytes).await.unwrap();
        tcp.write_all(&bytes).await.unwrap();
    });
    let choice = Choice { tunnel: vec!["127.0.0.1".into()], names: vec!["api.example".into()], ..Choice::default() };
    let (_backend, bench) = bench(choice).await;
    let (mut tcp, answer) = connect(bench.proxy, &target).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    tcp.write_all(b"ping").await.unwrap();
    let mut bytes = [0; 4];
    tcp.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"ping");
    echo.await.unwrap();
    let (_, answer) = connect(bench.proxy, &bench.proxy.to_string()).await;
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("the recorder itself"), "{answer}");

    let (tcp, answer) = connect(bench.proxy, "api.example:443").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let stream = tls(&bench.authority, tcp, "api.example").await.expect("the leaf is for the name");
    let seen = Default::default();
    play(stream, &[send(GET), wait_for("ok")], seen).await;
    let exchange = &bench.noted.exchanges(1).await[0];
    assert_eq!(exchange.status(), Some(200));
    assert_eq!(exchange.way, poscert::capture::record::Way::Connect);
}

#[tokio::test]
async fn what_is_not_tls_is_refused() {
    let (backend, bench) = bench(Choice::default()).await;
    let (mut tcp, _) = connect(bench.proxy, &bench.backend.to_string()).await;
    tcp.write_all(GET.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = tcp.read_to_end(&mut answer).await;
    assert!(answer.starts_with(b"HTTP/1.1 400 "), "{}", String::from_utf8_lossy(&answer));
    let event = bench.noted.event("not-tls").await;
    assert!(event.detail.contains("https://"), "{event:?}");
    assert_eq!(backend.bytes(), b"");
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_ca_is_told_of() {
    let (_backend, bench) = bench(Choice::default()).await;
    let stranger = authority();
    let tcp = TcpStream::connect(bench.base).await.unwrap();
    assert!(tls(&stranger, tcp, "127.0.0.1").await.is_err());
    let event = bench.noted.event("certificate-refused").await;
    assert!(event.detail.starts_with("the client does not trust the CA: "), "{event:?}");
}

#[tokio::test]
async fn old_tls_is_told_of() {
    let (_backend, bench) = bench(Choice::default()).await;
    let mut tcp = TcpStream::connect(bench.base).await.unwrap();
    // A ClientHello of TLS 1.0 with one cipher suite and no extensions.
    let mut hello = vec![0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 1];
    hello.extend_from_slice(&[7; 32]);
    hello.extend_from_slice(&[0, 0, 2, 0, 0x2f, 1, 0]);
    tcp.write_all(&hello).await.unwrap();
    let mut answer = Vec::new();
    let _ = tcp.read_to_end(&mut answer).await;
    let event = bench.noted.event("tls-too-old").await;
    assert_eq!(event.tls, "TLSv1.0");
}

#[tokio::test]
async fn an_upstream_that_is_the_recorder_is_refused() {
    use poscert::capture::{Writer, WriterOptions};
    use poscert::proxy::*;
    let dir = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let config = |upstream: &str, listen| RecorderConfig {
        listen,
        proxy_listen: "127.0.0.1:0".parse().unwrap(),
        upstream: Upstream::parse(upstream, Trust::Roots(Vec::new())).unwrap(),
        names: Vec::new(),
        tunnel: Vec::new(),
        private: Vec::new(),
        limits: Limits::default(),
    };
    let writer = Writer::open(dir.path(), WriterOptions::default()).unwrap();
    let begin = |config| {
        start(config, authority(), writer.clone(), std::sync::Arc::new(NoFaults), std::sync::Arc::new(Unwatched))
    };
    let error = begin(config(&format!("https://localhost:{}", free.port()), free)).await.err().unwrap();
    assert!(error.contains("is this recorder itself"), "{error}");
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let holder = TcpListener::bind(taken).await.unwrap();
    let error = begin(config("https://127.0.0.1:1", holder.local_addr().unwrap())).await.err().unwrap();
    assert!(error.contains("taken by another program") && error.contains("--listen"), "{error}");
}
