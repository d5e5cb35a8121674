//! Throughput compared with nginx, in one run on one machine: 64 connections, TLS on both sides, POST requests of 300
//! bytes, responses of 350 bytes. Only ratios are meaningful, so rounds are interleaved. CPU time per call is steadier
//! than calls per second. Run it with `bash tests/bench.sh`.

use super::poscert_process::*;
use super::wire::{Stream, find};
use poscert::pki::{Authority, Name};
use rustls_pki_types::{CertificateDer, ServerName};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);

/// A backend that responds to each POST of 300 bytes.
async fn backend(authority: &Authority) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = authority.server_config_for(&[Name::parse("127.0.0.1").unwrap()]).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(config);
    tokio::spawn(async move {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 350\r\n\r\n";
        let answer = format!("{head}{{\"a\":\"{}\"}}", "x".repeat(342)).into_bytes();
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            tcp.set_nodelay(true).unwrap();
            let (acceptor, answer) = (acceptor.clone(), answer.clone());
            tokio::spawn(async move {
                let Ok(mut tls) = acceptor.accept(tcp).await else { return };
                let mut seen = Vec::new();
                while matches!(tls.read_buf(&mut seen).await, Ok(1..)) {
                    while let Some(end) = find(&seen, b"\r\n\r\n").filter(|end| seen.len() >= end + 4 + 300) {
                        seen.drain(..end + 4 + 300);
                        if tls.write_all(&answer).await.is_err() || tls.flush().await.is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    address
}

async fn client(address: SocketAddr, roots: &[CertificateDer<'static>]) -> Box<dyn Stream> {
    let mut store = rustls::RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(store)
        .with_no_client_auth();
    let tcp = TcpStream::connect(address).await.unwrap();
    tcp.set_nodelay(true).unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    Box::new(tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap())
}

/// A measured server.
struct Peer {
    name: &'static str,
    address: SocketAddr,
    /// Its process; `None` if it is this process.
    pid: Option<u32>,
    /// Calls per second, by round.
    rates: Vec<f64>,
    /// CPU time per call, by round, in microseconds.
    costs: Vec<f64>,
}

/// CPU time of a process and its children so far (proc(5)), in microseconds.
fn taken(pid: u32) -> f64 {
    let mut ticks = 0;
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        if entry.file_name() == *pid.to_string() || fields[1] == pid.to_string() {
            ticks += fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        }
    }
    ticks as f64 * 10_000.0
}

/// Measures one round: calls per second of all connections, and CPU time per call.
async fn round(peer: &mut Peer, roots: &[CertificateDer<'static>]) {
    let address = peer.address;
    let count = Arc::new(AtomicU64::new(0));
    let mut callers = Vec::new();
    for _ in 0..CONNECTIONS {
        let (mut stream, count) = (client(address, roots).await, count.clone());
        callers.push(tokio::spawn(async move {
            let head = "POST /pos/v10/payments HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 300\r\n\r\n";
            let request = format!("{head}{{\"a\":\"{}\"}}", "x".repeat(292)).into_bytes();
            let mut seen = Vec::new();
            loop {
                stream.write_all(&request).await.unwrap();
                stream.flush().await.unwrap();
                while !seen.ends_with(b"x\"}") {
                    assert!(matches!(stream.read_buf(&mut seen).await, Ok(1..)), "the connection was closed");
                }
                seen.clear();
                count.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let taken = || peer.pid.map_or(0.0, taken);
    let (before, taken_before, begun) = (count.load(Ordering::Relaxed), taken(), Instant::now());
    tokio::time::sleep(ROUND).await;
    let calls = (count.load(Ordering::Relaxed) - before) as f64;
    let (rate, cost) = (calls / begun.elapsed().as_secs_f64(), (taken() - taken_before) / calls);
    peer.rates.push(rate);
    peer.costs.push(cost);
    for caller in callers {
        assert!(!caller.is_finished(), "a caller gave up");
        caller.abort();
    }
}

/// nginx as a reverse proxy without recording, if installed.
struct Nginx(Child);

impl Nginx {
    fn start(home: &Path, backend: SocketAddr) -> Option<(Nginx, SocketAddr, CertificateDer<'static>)> {
        Command::new("nginx").arg("-v").stderr(Stdio::null()).status().ok()?;
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        std::fs::write(home.join("nginx.pem"), made.cert.pem()).unwrap();
        std::fs::write(home.join("nginx.key"), made.signing_key.serialize_pem()).unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let config = format!(
            "daemon off; worker_processes auto; pid {0}/nginx.pid; error_log stderr;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ access_log off; keepalive_requests 1000000; client_body_temp_path {0}/b; proxy_temp_path {0}/p;\n\
             fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;\n\
             upstream there {{ server {backend}; keepalive 64; keepalive_requests 1000000; }}\n\
             server {{ listen {free} ssl; ssl_certificate {0}/nginx.pem; ssl_certificate_key {0}/nginx.key;\n\
             location / {{ proxy_pass https://there; proxy_http_version 1.1; proxy_set_header Connection \"\"; }} }} }}\n",
            home.display()
        );
        std::fs::write(home.join("nginx.conf"), config).unwrap();
        let child = Command::new("nginx").arg("-c").arg(home.join("nginx.conf")).spawn().ok()?;
        std::thread::sleep(Duration::from_millis(700));
        Some((Nginx(child), free, made.cert.der().clone()))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes the whole machine for a minute: bash tests/bench.sh"]
async fn recorder_compared_with_nginx() {
    let home = tempfile::tempdir().unwrap();
    let authority = Authority::open(&home.path().join("ca")).unwrap();
    let backend = backend(&authority).await;
    let ca = authority.files().pem.to_str().unwrap().to_owned();
    let upstream = format!("https://{backend}");
    let start = |durability: &str, name: &str| {
        let own =
            ["--quiet", "--upstream", &upstream, "--upstream-ca", &ca, "--durability", durability, "--capture", name];
        Recording::start(home.path(), &own)
    };
    let (process, off) = (start("process", "process"), start("off", "off"));
    let peer = |name, address, pid| Peer { name, address, pid, rates: Vec::new(), costs: Vec::new() };
    let recorder =
        |name, recording: &Recording| peer(name, recording.field("listen").parse().unwrap(), Some(recording.pid()));
    let mut peers = vec![
        peer("straight", backend, None),
        recorder("recorder", &process),
        recorder("recorder, durability off", &off),
    ];
    let mut roots = vec![authority.certificate().clone()];
    let nginx = Nginx::start(home.path(), backend);
    if let Some((nginx, address, root)) = &nginx {
        peers.push(peer("nginx", *address, Some(nginx.0.id())));
        roots.push(root.clone());
    } else {
        eprintln!("there is no nginx here (apt-get install nginx-light): the recorder stands beside nothing");
    }
    for _ in 0..ROUNDS {
        for peer in &mut peers {
            round(peer, &roots).await;
        }
    }
    let median = |rates: &[f64]| {
        let mut sorted = rates.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    };
    let beside = peers.last().unwrap();
    for peer in &peers {
        let (rate, cost) = (median(&peer.rates), median(&peer.costs));
        let cost = if peer.pid.is_some() { format!("{cost:>5.0} us") } else { "       -".to_owned() };
        eprintln!(
            "{:<26} {rate:>8.0} calls/s   {:.2} of {}   {cost} of the processor a call   {:.0?}",
            peer.name,
            rate / median(&beside.rates),
            beside.name,
            peer.rates
        );
    }
    eprintln!("memory: {} MiB, durability off {} MiB", process.memory_mib(), off.memory_mib());
}
