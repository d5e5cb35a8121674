//! Tests of thousands of idle connections, and of more connections than allowed.

use super::*;
use std::time::{Duration, Instant};
use tokio::time::timeout;

const MOST: usize = 1500;
/// How many of them complete the TLS handshake.
const WITH_TLS: usize = 200;
/// How many more connect: fewer than the backlog of a listener (128).
const BEYOND: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_idle_connections_use_little_memory() {
    let most = MOST.to_string();
    let target = Target::start(&["--quiet", "--max-connections", &most, "--head-timeout", "600"]).await;
    let begun = Instant::now();
    let mut idle: Vec<Box<dyn Stream>> = Vec::new();
    for number in 0..WITH_TLS {
        idle.push(target.client(number % 2 == 1).await);
    }
    for number in WITH_TLS..MOST + BEYOND {
        let address = if number % 2 == 1 { target.proxy() } else { target.base() };
        idle.push(Box::new(TcpStream::connect(address).await.unwrap()));
    }
    // One more waits, and is served when a slot is free.
    let late = [send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n"), wait_for("honest /late")];
    let mut call = Box::pin(target.play(false, &late));
    assert!(timeout(Duration::from_millis(500), &mut call).await.is_err(), "it is served though there is no room");
    let memory = target.recording().memory_mib();
    let count = idle.len();
    drop(idle);
    call.as_mut().await;
    drop(call);
    eprintln!("idle: {count} connections, {WITH_TLS} of them with TLS, in {:?}; {memory} MiB", begun.elapsed());
    let records = target.stop("idle");
    assert!(has_event(&records, "full", &format!("{MOST} connections are open")));
}

/// With few file handles there are few connections, but every exchange can be recorded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn few_file_handles_lower_the_connection_limit() {
    let home = tempfile::tempdir().unwrap();
    let limited = |handles: u32| {
        let mut command = clean("bash");
        let line = format!("ulimit -n {handles}; exec \"$@\"");
        command.args(["-c", &line, "bash", env!("CARGO_BIN_EXE_poscert"), "record", "--quiet"]);
        command.args(["--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]);
        command.current_dir(home.path()).env("HOME", home.path()).env("POSCERT_CA_DIR", home.path().join("ca"));
        command
    };
    refused(&limited(40).output().unwrap(), &["may open only 40 files", "ulimit -n"]);

    let recording = Recording::spawn(home.path(), limited(200));
    let base: std::net::SocketAddr = recording.field("listen").parse().unwrap();
    let authority = Authority::open(&home.path().join("ca")).unwrap();
    let mut idle = Vec::new();
    for _ in 0..BEYOND {
        idle.push(TcpStream::connect(base).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(idle);
    for _ in 0..5 {
        let mut client = tls(&authority, TcpStream::connect(base).await.unwrap(), "127.0.0.1").await.unwrap();
        client.write_all(b"GET /pos/v10/stores HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 401 "), "{}", String::from_utf8_lossy(&answer));
    }
    let said = recording.stop();
    assert!(said.contains("may open only 200 files"), "{said}");
    assert_eq!(exchanges(home.path(), "poscert-capture").len(), 5);
}
