//! Tests of the recorder's own connection to the backend: through a proxy, and with a client certificate.

use super::certify_backends::holds_no;
use super::poscert_process::{Recording, exchanges, poscert, refused, text};
use super::wire::{find, tls};
use poscert::pki::{Authority, Name};
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A host name that only the tests' proxy can resolve.
const FAR: &str = "backend.test";

/// Reads and returns a head.
async fn head(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    while find(&bytes, b"\r\n\r\n").is_none() {
        match stream.read(&mut piece).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&piece[..count]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A backend that returns this response to every request.
async fn backend(config: Arc<ServerConfig>, answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(config);
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut tls) = acceptor.accept(tcp).await else { return };
                while !head(&mut tls).await.is_empty() {
                    let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 2\r\n\r\n{{}}");
                    if tls.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    addr
}

/// The behaviour of a proxy on CONNECT.
#[derive(Clone, Copy)]
enum Does {
    Tunnel(SocketAddr),
    Answer(&'static str),
    Close,
}

/// A proxy, and the heads of the requests it received.
async fn proxy(does: Does) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let list = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            let list = list.clone();
            tokio::spawn(async move {
                let asked = head(&mut tcp).await;
                list.lock().unwrap().push(asked);
                match does {
                    Does::Tunnel(to) => {
                        let Ok(mut far) = TcpStream::connect(to).await else { return };
                        tcp.write_all(b"HTTP/1.0 200 Connection established\r\nVia: test\r\n\r\n").await.unwrap();
                        let _ = tokio::io::copy_bidirectional(&mut tcp, &mut far).await;
                    }
                    Does::Answer(answer) => {
                        let _ = tcp.write_all(answer.as_bytes()).await;
                    }
                    Does::Close => {}
                }
            });
        }
    });
    (addr, asked)
}

/// A directory with a CA, which signs the backend's certificate, too.
fn home() -> (tempfile::TempDir, Authority) {
    let home = tempfile::tempdir().unwrap();
    let authority = Authority::open(&home.path().join("ca")).unwrap();
    (home, authority)
}

fn plain(authority: &Authority) -> Arc<ServerConfig> {
    authority.server_config_for(&[Name::parse(FAR).unwrap(), Name::parse("127.0.0.1").unwrap()]).unwrap()
}

/// Sends one request to the base URL; returns head and body of the response.
async fn call(home: &Path, recording: &Recording) -> String {
    let authority = Authority::open(&home.join("ca")).unwrap();
    let tcp = TcpStream::connect(recording.field("listen")).await.unwrap();
    let mut client = tls(&authority, tcp, "127.0.0.1").await.unwrap();
    client.write_all(b"GET /pos/v10/stores HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = client.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Starts `poscert record` with an upstream.
fn recorder(home: &Path, upstream: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Recording {
    let mut command = super::poscert_process::record(home);
    command.args(["--capture", "cap", "--upstream", upstream, "--upstream-ca", "ca/ca.pem"]).args(arguments);
    command.envs(variables.iter().copied());
    Recording::spawn(home, command)
}

#[tokio::test(flavor = "multi_thread")]
async fn proxy_from_the_environment_is_used_and_reported_without_its_password() {
    let (home, authority) = home();
    let far = backend(plain(&authority), "200 OK").await;
    let (at, asked) = proxy(Does::Tunnel(far)).await;
    let url = format!("http://till:pass%2Dword-7@{at}");
    let upstream = format!("https://{FAR}");
    let recording = recorder(home.path(), &upstream, &[], &[("HTTPS_PROXY", &url), ("NO_PROXY", "localhost")]);
    let answer = call(home.path(), &recording).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let said = recording.stop();
    assert!(said.contains(&format!("via proxy     http://{at} (HTTPS_PROXY)")), "{said}");
    let first = asked.lock().unwrap()[0].clone();
    assert!(first.starts_with(&format!("CONNECT {FAR}:443 HTTP/1.1\r\nHost: {FAR}:443\r\n")), "{first}");
    // The credentials `till:pass-word-7`.
    assert!(first.contains("Proxy-Authorization: Basic dGlsbDpwYXNzLXdvcmQtNw==\r\n"), "{first}");
    for secret in ["pass-word", "pass%2Dword", "dGlsbDpw"] {
        assert!(!said.contains(secret), "{said}");
        holds_no(secret, home.path());
    }
    // Exempt hosts and hosts on this machine do not use the proxy.
    let before = asked.lock().unwrap().len();
    let exempt = [("https_proxy", url.as_str()), ("no_proxy", ".test, other")];
    let recording = recorder(home.path(), &upstream, &[], &exempt);
    let answer = call(home.path(), &recording).await;
    assert!(answer.contains("cannot reach the backend") && !answer.contains("proxy"), "{answer}");
    let through = |said: &str| said.matches("via proxy     ").count();
    assert_eq!(through(&recording.stop()), 1, "the first recorder has said it");
    let here = format!("https://{far}");
    let recording = recorder(home.path(), &here, &[], &[("ALL_PROXY", &url)]);
    assert!(call(home.path(), &recording).await.starts_with("HTTP/1.1 200"));
    recording.stop();
    assert_eq!(asked.lock().unwrap().len(), before);
    // Unless the option requests it.
    let recording = recorder(home.path(), &here, &["--upstream-proxy", &url], &[("NO_PROXY", "*")]);
    assert!(call(home.path(), &recording).await.starts_with("HTTP/1.1 200"));
    let said = recording.stop();
    assert!(said.contains("(--upstream-proxy)") && !said.contains("pass-word") && !said.contains("%2D"), "{said}");
    assert!(asked.lock().unwrap().len() > before);
}

#[tokio::test(flavor = "multi_thread")]
async fn proxy_refusal_is_reported_with_a_remedy_to_the_client_and_in_the_record() {
    let (home, _) = home();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let asks = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
    for (does, user, wanted, remedy) in [
        (Some(Does::Answer(asks)), "", "requires a user name and password (407)", "as USER:PASSWORD@ before the host"),
        (Some(Does::Answer(asks)), "u:secret@", "rejected the user name and password (407)", "check user name"),
        (
            Some(Does::Answer("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")),
            "",
            "does not allow connections to backend.test:443 (403)",
            "allow backend.test:443 on the proxy",
        ),
        (
            Some(Does::Answer("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nno\n")),
            "",
            "returned 503 for CONNECT backend.test:443",
            "check --upstream",
        ),
        (
            Some(Does::Answer("220 mail.example ESMTP\r\n\r\n")),
            "",
            "did not respond to CONNECT backend.test:443 with HTTP",
            "NO_PROXY=",
        ),
        (Some(Does::Close), "", "closed the connection without a response to CONNECT", "--upstream-proxy none"),
        (None, "", "cannot be reached: Connection refused", "check HTTPS_PROXY"),
    ] {
        let at = match does {
            Some(does) => proxy(does).await.0,
            None => gone,
        };
        let url = format!("http://{user}{at}");
        let recording = recorder(home.path(), &format!("https://{FAR}"), &[], &[("HTTPS_PROXY", &url)]);
        let answer = call(home.path(), &recording).await;
        let said = recording.stop();
        assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
        assert!(answer.contains(wanted) && answer.contains(remedy), "{wanted}, {remedy}: {answer}");
        assert!(!answer.contains("secret") && !said.contains("secret"), "{answer}{said}");
        let recorded = exchanges(home.path(), "cap").pop().unwrap().to_string();
        assert!(recorded.contains(wanted) && recorded.contains(remedy), "{recorded}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unusable_proxy_or_the_recorder_itself_as_proxy_is_refused() {
    let (home, authority) = home();
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = super::poscert_process::record(home.path());
        command.args(["--capture", "none", "--upstream", "https://backend.test"]).args(arguments);
        command.envs(variables.iter().copied()).output().unwrap()
    };
    for (arguments, variables, words) in [
        (
            &[][..],
            &[("ALL_PROXY", "socks5://u:secret@127.0.0.1:9")][..],
            &["ALL_PROXY names a SOCKS proxy", "not supported"][..],
        ),
        (&["--upstream-proxy", "socks5h://u:secret@p"], &[], &["--upstream-proxy names a SOCKS proxy", "none"]),
        (&["--upstream-proxy", "https://u:secret@p"], &[], &["--upstream-proxy", "over TLS"]),
        (&[], &[("https_proxy", "http://u:secret@p:x")], &["https_proxy is not the URL of an HTTP proxy"]),
    ] {
        let said = refused(&run(arguments, variables), words);
        assert!(!said.contains("secret"), "{said}");
    }
    let own = free();
    let flag = format!("http://{own}");
    let output = poscert(home.path())
        .args(["record", "--capture", "none", "--listen", "127.0.0.1:0", "--proxy-listen", &own])
        .args(["--upstream", "https://backend.test", "--upstream-proxy", &flag])
        .output()
        .unwrap();
    refused(&output, &["--upstream-proxy is this recorder itself"]);
    assert!(!home.path().join("none").exists(), "nothing was started");
    // A variable set for a client of this recorder is not used by the recorder.
    let own = free();
    let far = backend(plain(&authority), "200 OK").await;
    let mut command = poscert(home.path());
    command.args(["record", "--capture", "cap", "--listen", "127.0.0.1:0", "--proxy-listen", &own]);
    command.args(["--upstream", "https://localhost.test:9"]).env("HTTPS_PROXY", format!("http://{own}"));
    let recording = Recording::spawn(home.path(), command);
    let answer = call(home.path(), &recording).await;
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    assert!(recording.stop().contains("HTTPS_PROXY names this recorder itself"));
    assert_eq!(exchanges(home.path(), "cap").len(), 1, "no call of the recorder's own came back to it");
    // If the port was not known before, the check is made when connecting.
    let authority = Arc::new(authority);
    let trust = poscert::proxy::Trust::Roots(vec![authority.certificate().clone()]);
    let mut upstream = poscert::proxy::Upstream::parse(&format!("https://{far}"), trust).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    upstream.outgoing = poscert::proxy::Outgoing::read(Some(&url), |_| None).unwrap();
    let dialer = poscert::proxy::Dialer::new(upstream.outgoing.clone(), &[listener.local_addr().unwrap()]);
    let error = dialer.dial(format!("https://{far}/").parse().unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("is this recorder itself"), "{error}");
}

/// Writes a client certificate with its key, signed by a CA of its own; chain and CA as PEM files in the directory.
fn client_certificate(home: &Path, name: &str) {
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    ca.distinguished_name.push(rcgen::DnType::CommonName, format!("{name} CA"));
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let mut client = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    client.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let chain = client.signed_by(&key, &issuer).unwrap().pem();
    for (ending, pem) in [("ca", &ca_pem), ("pem", &chain), ("key", &key.serialize_pem())] {
        std::fs::write(home.join(format!("{name}.{ending}")), pem).unwrap();
    }
}

/// The TLS configuration of a backend that requests a certificate of this CA, required or optional.
fn mutual(
    home: &Path,
    name: &str,
    needed: bool,
    version: &'static rustls::SupportedProtocolVersion,
) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    let trusted = CertificateDer::from_pem_file(home.join(format!("{name}.ca"))).unwrap();
    roots.add(trusted).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let verifier = if needed { verifier } else { verifier.allow_unauthenticated() };
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_cert_resolver(plain(&Authority::open(&home.join("ca")).unwrap()).cert_resolver.clone());
    Arc::new(config)
}

#[tokio::test(flavor = "multi_thread")]
async fn client_certificate_is_sent_or_the_remedy_is_reported() {
    let (home, _authority) = home();
    let home = home.path();
    client_certificate(home, "till");
    client_certificate(home, "other");
    let pem = std::fs::read_to_string(home.join("till.pem")).unwrap()
        + &std::fs::read_to_string(home.join("till.key")).unwrap();
    std::fs::write(home.join("both.pem"), pem).unwrap();
    let missing =
        "the backend requests a client certificate, and none is configured: pass one with --upstream-cert FILE";
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let far = backend(mutual(home, "till", true, version), "200 OK").await;
        for (arguments, status, wanted) in [
            (&[][..], "502", missing),
            (&["--upstream-cert", "till.pem", "--upstream-key", "till.key"], "200", "{}"),
            (&["--upstream-cert", "both.pem"], "200", "{}"),
            (
                &["--upstream-cert", "other.pem", "--upstream-key", "other.key"],
                "502",
                "the backend does not accept the client certificate of --upstream-cert",
            ),
        ] {
            let recording = recorder(home, &format!("https://{far}"), arguments, &[]);
            let answer = call(home, &recording).await;
            recording.stop();
            let is_so = answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(wanted);
            assert!(is_so, "{version:?} {arguments:?}: {answer}");
            let recorded = exchanges(home, "cap").pop().unwrap().to_string();
            assert!(status == "200" || recorded.contains(wanted), "{recorded}");
        }
    }
    // Some servers request one, continue without it, and refuse in HTTP.
    let far = backend(mutual(home, "till", false, &rustls::version::TLS13), "400 Bad Request").await;
    let recording = recorder(home, &format!("https://{far}"), &[], &[]);
    assert!(call(home, &recording).await.starts_with("HTTP/1.1 400 "));
    recording.stop();
    let recorded = exchanges(home, "cap").pop().unwrap();
    assert!(recorded["notes"].to_string().contains(missing), "{recorded}");
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_client_certificate_is_refused_with_a_message() {
    let (home, _authority) = home();
    let home = home.path();
    client_certificate(home, "till");
    client_certificate(home, "other");
    for (arguments, words) in [
        (&["--upstream-cert", "none.pem"][..], &["--upstream-cert: cannot read none.pem"][..]),
        (&["--upstream-cert", "till.pem"], &["--upstream-key", "no PEM private key"]),
        (&["--upstream-cert", "till.key", "--upstream-key", "till.key"], &["--upstream-cert", "no PEM certificate"]),
        (&["--upstream-cert", "till.pem", "--upstream-key", "other.key"], &["does not match the first certificate"]),
    ] {
        let mut command = super::poscert_process::record(home);
        let output = command.args(["--upstream", "https://backend.test"]).args(arguments).output().unwrap();
        refused(&output, words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_certify_use_the_same_connection_settings() {
    let (home, _authority) = home();
    let home = home.path();
    client_certificate(home, "till");
    let far = backend(mutual(home, "till", true, &rustls::version::TLS13), "200 OK").await;
    let (at, asked) = proxy(Does::Tunnel(far)).await;
    std::fs::write(home.join("token"), "good-token").unwrap();
    let certify = |arguments: &[&str]| {
        let mut command = poscert(home);
        command.args(["certify", "--unattended", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]);
        command.args(["--capture", "certified", "--features", "onboarding", "--token-file", "token"]);
        command.args(["--upstream", "https://backend.test", "--upstream-ca", "ca/ca.pem"]).args(arguments);
        command.args(["--", "true"]).env("HTTPS_PROXY", format!("http://{at}")).env("XDG_DATA_HOME", home);
        command.output().unwrap()
    };
    refused(&certify(&[]), &["cannot reach the backend https://backend.test", "requests a client certificate"]);
    assert!(!asked.lock().unwrap().is_empty());
    let output = certify(&["--upstream-cert", "till.pem", "--upstream-key", "till.key"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains(&format!("via proxy     http://{at} (HTTPS_PROXY)")), "{said}");
    let output = certify(&["--upstream-proxy", "http://127.0.0.1:1"]);
    refused(&output, &["the proxy http://127.0.0.1:1 (--upstream-proxy) cannot be reached", "check --upstream-proxy"]);
}
