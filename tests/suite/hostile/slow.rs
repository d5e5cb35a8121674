//! Tests of slow peers: each is disconnected and recorded, and uses little memory.

use super::*;
use std::time::{Duration, Instant};
use tokio::time::timeout;

const HALF_HELLO: [u8; 12] = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0];

/// Reads until the other side closes, for at most half a minute.
async fn rest(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut bytes = Vec::new();
    let _ = timeout(Duration::from_secs(30), stream.read_to_end(&mut bytes)).await.expect("it is never ended");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Sends these bytes one by one, repeatedly, until writing fails.
async fn drip(stream: &mut (impl AsyncWriteExt + Unpin), bytes: &str) {
    for byte in bytes.as_bytes().iter().cycle().take(300) {
        if stream.write_all(&[*byte]).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn silent_below_http(target: &Target) {
    let mut silent = TcpStream::connect(target.base()).await.unwrap();
    let mut half = TcpStream::connect(target.base()).await.unwrap();
    half.write_all(&HALF_HELLO).await.unwrap();
    assert_eq!(rest(&mut half).await, "");
    assert_eq!(rest(&mut silent).await, "");
}

/// Single bytes do not extend the time limit of a head.
async fn slow_heads(target: &Target) {
    let (mut read, mut write) = tokio::io::split(target.client(false).await);
    let (answer, ()) = tokio::join!(rest(&mut read), drip(&mut write, "GET / HTTP/1.1\r\nX: slow\r\n"));
    assert_eq!(answer, "");
    let mut second = target.client(true).await;
    second.write_all(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HT").await.unwrap();
    assert!(rest(&mut second).await.ends_with("honest /first"));
}

async fn idle_and_half_sent(target: &Target) {
    let mut idle = target.client(false).await;
    let mut half = target.client(false).await;
    half.write_all(b"POST /lie/silent HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf").await.unwrap();
    assert!(!rest(&mut half).await.contains("honest"));
    assert_eq!(rest(&mut idle).await, "");
}

/// A response is truncated while its client does not read.
async fn reads_nothing(target: &Target) {
    let mut client = target.client(false).await;
    client.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_secs(7)).await;
    let got = rest(&mut client).await.len();
    assert!(got < 20_000_000, "{got}");
}

/// The backend does not read the request: the recorder buffers little of it and has a time limit.
async fn request_that_nobody_takes(target: &Target) {
    let mut client = target.client(false).await;
    client.write_all(b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n").await.unwrap();
    let (mut read, mut write) = tokio::io::split(client);
    let sending = async {
        let piece = vec![b'x'; 100_000];
        for _ in 0..1000 {
            if write.write_all(&piece).await.is_err() {
                return;
            }
        }
    };
    let (answer, _) = tokio::join!(rest(&mut read), timeout(Duration::from_secs(30), sending));
    assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
}

async fn answer_without_end(target: &Target) {
    let mut client = target.client(true).await;
    client.write_all(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let (mut piece, mut got) = (vec![0; 1_000_000], 0);
    while got < 20_000_000 {
        got += client.read(&mut piece).await.unwrap();
    }
}

/// Many requests at once from a client that reads no response.
async fn flood(target: &Target) {
    let mut client = target.client(false).await;
    let request = format!("GET /flood HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(4_000));
    let sending = async { while client.write_all(request.as_bytes()).await.is_ok() {} };
    let _ = timeout(Duration::from_secs(3), sending).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_peers_are_disconnected_and_recorded() {
    let limits = ["--quiet", "--head-timeout", "1", "--idle-timeout", "2", "--backend-timeout", "1"];
    let target = Target::start(&limits).await;
    let begun = Instant::now();
    tokio::join!(
        silent_below_http(&target),
        slow_heads(&target),
        idle_and_half_sent(&target),
        reads_nothing(&target),
        request_that_nobody_takes(&target),
        answer_without_end(&target),
        flood(&target),
    );
    target.still_serves("/after").await;
    eprintln!("slow peers: all ended within {:?}", begun.elapsed());
    let records = target.stop("slow peers");
    for (event, words) in [
        ("tls-failed", "did not finish its TLS handshake within 1 s"),
        ("closed", "did not finish its request head within 1 s"),
    ] {
        let of_them = of_kind(&records, "connection").into_iter().filter(|c| c["event"] == event);
        let fitting = of_them.filter(|c| c["detail"].as_str().unwrap().contains(words)).count();
        assert_eq!(fitting, 2, "{event} with `{words}`");
    }
    let exchanges = of_kind(&records, "exchange");
    for (path, by, words) in [
        ("/lie/silent", "client", "stopped sending"),
        ("/large", "client", "stopped reading"),
        ("/unread", "backend", "stopped reading the request"),
        ("/endless", "client", ""),
    ] {
        let exchange = exchanges.iter().find(|e| e["request"]["target"] == path).unwrap();
        assert_eq!(exchange["end"]["by"], by, "{exchange}");
        assert!(exchange["end"]["detail"].as_str().unwrap().contains(words), "{path}: {}", exchange["end"]);
    }
}
