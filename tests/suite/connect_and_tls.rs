//! Tests below HTTP: CONNECT, certificates, and failed connections.

use super::wire::*;
use std::sync::Arc;
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
async fn connect_is_allowed_only_to_the_backend() {
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
    assert!(answer.contains("requested http://example.com from") && answer.contains("NO_PROXY"), "{answer}");
}

#[tokio::test]
async fn base_url_can_be_called_through_the_proxy() {
    let (_backend, bench) = bench(Choice::default()).await;
    let (tcp, answer) = connect(bench.proxy, &bench.base.to_string()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let stream = tls(&bench.authority, tcp, "127.0.0.1").await.expect("the certificate is for the address");
    play(stream, &[send(GET), wait_for("ok")], Arc::default()).await;
    assert_eq!(bench.noted.exchanges(1).await[0].status(), Some(200));
    let other = format!("127.0.0.2:{}", bench.base.port());
    let (_, answer) = connect(bench.proxy, &other).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[tokio::test]
async fn unreachable_backend_gives_a_502() {
    // A port below those that tests get from the system: nothing listens there.
    let free = "127.0.0.1:1".parse().unwrap();
    let bench = Bench::start(authority(), free, Choice::default()).await;
    let (_, answer) = connect(bench.proxy, "127.0.0.1:1").await;
    assert!(answer.starts_with("HTTP/1.1 502 ") && answer.contains("cannot reach the backend"), "{answer}");
    bench.noted.event("connect-refused").await;
}

#[tokio::test]
async fn named_hosts_are_tunnelled_or_treated_as_the_backend() {
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
    let stream = tls(&bench.authority, tcp, "api.example").await.expect("the certificate is for the name");
    let seen = Arc::default();
    play(stream, &[send(GET), wait_for("ok")], seen).await;
    let exchange = &bench.noted.exchanges(1).await[0];
    assert_eq!(exchange.status(), Some(200));
    assert_eq!(exchange.way, poscert::capture::record::Way::Connect);
}

#[tokio::test]
async fn plain_text_inside_connect_is_refused() {
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
async fn client_that_does_not_trust_the_ca_is_reported() {
    let (_backend, bench) = bench(Choice::default()).await;
    let stranger = authority();
    let tcp = TcpStream::connect(bench.base).await.unwrap();
    assert!(tls(&stranger, tcp, "127.0.0.1").await.is_err());
    let event = bench.noted.event("certificate-refused").await;
    assert!(event.detail.starts_with("the client does not trust the CA: "), "{event:?}");
}

#[tokio::test]
async fn old_tls_version_is_reported() {
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
async fn upstream_that_is_the_recorder_itself_is_refused() {
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
        pages: poscert::proxy::LocalPages::default(),
        limits: Limits::default(),
    };
    let writer = Writer::open(dir.path(), WriterOptions::default()).unwrap();
    let begin = |config| {
        start(config, authority(), writer.clone(), std::sync::Arc::new(NoFaults), std::sync::Arc::new(NoopObserver))
    };
    let error = begin(config(&format!("https://localhost:{}", free.port()), free)).await.err().unwrap();
    assert!(error.contains("is this recorder itself"), "{error}");
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let holder = TcpListener::bind(taken).await.unwrap();
    let error = begin(config("https://127.0.0.1:1", holder.local_addr().unwrap())).await.err().unwrap();
    assert!(error.contains("is already in use") && error.contains("--listen"), "{error}");
}

/// Offers these protocols by ALPN; returns the negotiated one and the response to a request.
async fn offering(bench: &Bench, protocols: &[&str], request: &str) -> Result<(Option<String>, String), String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(bench.authority.certificate().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let tcp = TcpStream::connect(bench.base).await.unwrap();
    let name = rustls_pki_types::ServerName::try_from("127.0.0.1").unwrap();
    let connecting = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, tcp).await;
    let mut stream = connecting.map_err(|error| error.to_string())?;
    let agreed = stream.get_ref().1.alpn_protocol().map(|name| String::from_utf8(name.to_vec()).unwrap());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    Ok((agreed, String::from_utf8_lossy(&answer).into_owned()))
}

#[tokio::test]
async fn http_1_is_negotiated_in_both_versions() {
    let old = GET.replace("HTTP/1.1", "HTTP/1.0");
    for (protocols, agreed, request, version) in [
        (&["h2", "http/1.1"][..], Some("http/1.1"), GET, "HTTP/1.1"),
        (&["http/1.0", "http/1.1"], Some("http/1.1"), GET, "HTTP/1.1"),
        (&["http/1.0"], Some("http/1.0"), &old, "HTTP/1.0"),
        (&["h2", "http/1.0"], Some("http/1.0"), &old, "HTTP/1.0"),
        (&["http/0.9", "http/1.0"], Some("http/1.0"), &old, "HTTP/1.0"),
        (&[], None, GET, "HTTP/1.1"),
        (&[], None, &old, "HTTP/1.0"),
    ] {
        let (_backend, bench) = bench(Choice::default()).await;
        let (seen, answer) = offering(&bench, protocols, request).await.unwrap();
        assert_eq!((seen.as_deref(), answer.as_str()), (agreed, "HTTP/1.1 200"), "{protocols:?}");
        assert_eq!(bench.noted.exchanges(1).await[0].request.version, version, "{protocols:?}");
    }
}

#[tokio::test]
async fn client_without_http_1_gets_the_remedy() {
    for (protocols, words) in [
        (&["h2"][..], &["HTTP/2", "ALPN h2", "HTTP/1.1"][..]),
        (&["h2", "h3"], &["HTTP/2", "ALPN h2, h3", "allow HTTP/1.1"]),
        (&["h3"], &["HTTP/3", "allow HTTP/1.1"]),
        (&["http/0.9"], &["HTTP/0.9", "allow HTTP/1.1"]),
        (&["mqtt"], &["ALPN mqtt", "allow HTTP/1.1"]),
    ] {
        let (backend, bench) = bench(Choice::default()).await;
        offering(&bench, protocols, GET).await.unwrap_err();
        let event = bench.noted.event("tls-failed").await;
        for word in words {
            assert!(event.detail.contains(word), "{protocols:?}: {}", event.detail);
        }
        assert_eq!(backend.bytes(), b"");
    }
    // HTTP/2 with prior knowledge, inside TLS.
    let (_backend, bench) = bench(Choice::default()).await;
    let (_, answer) = offering(&bench, &[], "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    assert_eq!(answer, "HTTP/1.1 400");
    let exchange = &bench.noted.exchanges(1).await[0];
    let why = exchange.request.refused.as_deref().unwrap();
    assert!(why.contains("HTTP/2") && why.contains("allow HTTP/1.1"), "{why}");
}

/// A ClientHello as rustls sends it.
fn client_hello() -> Vec<u8> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let name = rustls_pki_types::ServerName::try_from("127.0.0.1").unwrap();
    let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    hello
}

#[tokio::test]
async fn invalid_input_at_the_proxy_address_is_named() {
    let hello = client_hello();
    for (bytes, words) in [
        (hello.as_slice(), &["speaks TLS to the proxy address", "http://", "https://"][..]),
        (&[5, 1, 0], &["SOCKS5", "http://"]),
        (&[5, 2, 0, 2], &["SOCKS5", "http://"]),
        (&[4, 1, 1, 187, 127, 0, 0, 1, 0], &["SOCKS4", "http://"]),
        (b"SSH-2.0-OpenSSH_9\r\n", &["SSH"]),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &["HTTP/2", "allow HTTP/1.1"]),
        (b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n", &["PROXY protocol"]),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", &["PROXY protocol"]),
        (&[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f], &["not HTTP", "HTTPS proxy"]),
        (b"\x80\x80\x80\x80\x80\x80", &["not HTTP", "HTTPS proxy"]),
        (b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", &["only CONNECT", "http://example.com"]),
        (b"GET /pos/v10/stores HTTP/1.1\r\nHost: a\r\n\r\n", &["only CONNECT", "base URL"]),
        (b"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", &["only CONNECT"]),
    ] {
        let (backend, bench) = bench(Choice::default()).await;
        let mut tcp = TcpStream::connect(bench.proxy).await.unwrap();
        tcp.write_all(bytes).await.unwrap();
        let event = bench.noted.event("connect-refused").await;
        for word in words {
            assert!(event.detail.contains(word), "{bytes:?}: {}", event.detail);
        }
        assert!(!event.detail.contains("NUL"), "{}", event.detail);
        let mut answer = Vec::new();
        let _ = tcp.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.contains("\r\nConnection: close\r\n") && answer.contains(words[0]), "{answer}");
        assert_eq!(backend.bytes(), b"");
    }
}

#[tokio::test]
async fn invalid_input_at_the_base_address_is_named() {
    for (bytes, words) in [
        (&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], &["plain HTTP", "https://"][..]),
        (b"CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n", &["HTTPS proxy", "the proxy address is http://"]),
        (&[5, 1, 0], &["SOCKS5", "HTTP proxy"]),
        (b"SSH-2.0-x\r\n", &["SSH"]),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &["HTTP/2", "https://"]),
        (b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n", &["PROXY protocol"]),
        (&[0x80, 46, 1, 3, 1, 0, 9, 0, 0, 0, 16], &["SSLv2", "TLS 1.2"]),
        (b"\x01\x02\x03\x04\x05\x06\x07\x08", &["not TLS"]),
    ] {
        let (_backend, bench) = bench(Choice::default()).await;
        let mut tcp = TcpStream::connect(bench.base).await.unwrap();
        tcp.write_all(bytes).await.unwrap();
        let event = bench.noted.event("not-tls").await;
        for word in words {
            assert!(event.detail.contains(word), "{bytes:?}: {}", event.detail);
        }
    }
    // The same with a slow client.
    let (_backend, bench) = bench(Choice::default()).await;
    let mut tcp = TcpStream::connect(bench.base).await.unwrap();
    tcp.set_nodelay(true).unwrap();
    for byte in b"GET " {
        tcp.write_all(&[*byte]).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(bench.noted.event("not-tls").await.detail.contains("plain HTTP"));
}

#[tokio::test]
async fn tls_alerts_of_the_client_are_reported_by_their_meaning() {
    let hello = client_hello();
    for (number, kind, word) in [
        (48, "certificate-refused", "the client does not trust the CA"),
        (42, "certificate-refused", "does not say why (alert bad_certificate)"),
        (43, "certificate-refused", "kind of certificate"),
        (44, "certificate-refused", "revoked"),
        (45, "certificate-refused", "clock"),
        (46, "certificate-refused", "does not say why (alert certificate_unknown)"),
        (49, "certificate-refused", "its own policy"),
        (40, "tls-failed", "handshake_failure"),
        (70, "tls-failed", "TLS 1.2 and 1.3"),
        (80, "tls-failed", "error of its own"),
        (90, "tls-failed", "cancelled"),
        (120, "tls-failed", "ALPN http/1.1"),
        (0, "tls-failed", "did not say why"),
    ] {
        let (_backend, bench) = bench(Choice::default()).await;
        let mut tcp = TcpStream::connect(bench.base).await.unwrap();
        tcp.write_all(&hello).await.unwrap();
        // The server's flight has arrived when its first bytes have.
        let mut flight = [0; 5];
        tcp.read_exact(&mut flight).await.unwrap();
        tcp.write_all(&[0x15, 3, 3, 0, 2, 2, number]).await.unwrap();
        tcp.shutdown().await.unwrap();
        let event = bench.noted.event(kind).await;
        assert!(event.detail.contains(word), "{number}: {}", event.detail);
        let distrusts = event.detail.starts_with("the client does not trust the CA");
        assert_eq!(distrusts, number == 48, "{number}: {}", event.detail);
    }
    // Without an alert.
    let (_backend, bench) = bench(Choice::default()).await;
    let mut tcp = TcpStream::connect(bench.base).await.unwrap();
    tcp.write_all(&hello).await.unwrap();
    let mut flight = [0; 5];
    tcp.read_exact(&mut flight).await.unwrap();
    drop(tcp);
    assert!(bench.noted.event("tls-failed").await.detail.contains("did not say why"));
}

/// A client that refuses every certificate with this error.
#[derive(Debug)]
struct Refuses(rustls::CertificateError);

impl rustls::client::danger::ServerCertVerifier for Refuses {
    fn verify_server_cert(
        &self,
        _: &rustls_pki_types::CertificateDer<'_>,
        _: &[rustls_pki_types::CertificateDer<'_>],
        _: &rustls_pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls_pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Err(rustls::Error::InvalidCertificate(self.0.clone()))
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &rustls_pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &rustls_pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        let provider = rustls::crypto::ring::default_provider();
        provider.signature_verification_algorithms.supported_schemes()
    }
}

#[tokio::test]
async fn client_with_a_wrong_clock_is_not_reported_as_distrusting_the_ca() {
    use rustls::CertificateError::*;
    for (error, word, distrusts) in [
        (Expired, "clock", false),
        (NotValidYet, "clock", false),
        (UnknownIssuer, "does not trust the CA", true),
        (NotValidForName, "--name", false),
        (BadSignature, "alert", false),
    ] {
        let (_backend, bench) = bench(Choice::default()).await;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Refuses(error.clone())))
            .with_no_client_auth();
        let tcp = TcpStream::connect(bench.base).await.unwrap();
        let name = rustls_pki_types::ServerName::try_from("127.0.0.1").unwrap();
        tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap_err();
        let detail = loop {
            let event = bench.noted.connections.lock().unwrap().first().cloned();
            match event {
                Some(event) => break event.detail,
                None => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            }
        };
        assert!(detail.contains(word), "{error:?}: {detail}");
        assert_eq!(detail.starts_with("the client does not trust the CA"), distrusts, "{error:?}: {detail}");
    }
}
