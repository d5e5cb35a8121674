//! `kill -9` twenty times under load, on one capture: a client with nothing wrong about it notes each complete answer
//! with its nonce. Every one of them is in the capture, which opens, names its gaps, and is incomplete, not passed.

use super::program::*;
use super::raw::{find, tls};
use super::truth::STORE;
use poscert::pki::Authority;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ROUNDS: u64 = 20;
const CALLERS: usize = 6;

/// Nonces of complete answers, each with what was answered.
type Answered = Arc<Mutex<BTreeMap<String, String>>>;

/// A complete answer: its head and body, framed by Content-Length; `None` when the recorder is gone.
async fn answer(stream: &mut (impl AsyncReadExt + Unpin), buffer: &mut Vec<u8>) -> Option<(String, String)> {
    loop {
        if let Some(at) = find(buffer, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..at]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
            });
            let end = at + 4 + length.unwrap_or(0);
            if buffer.len() >= end {
                let body = String::from_utf8_lossy(&buffer[at + 4..end]).into_owned();
                buffer.drain(..end);
                return Some((head, body));
            }
        }
        if !matches!(stream.read_buf(buffer).await, Ok(1..)) {
            return None;
        }
    }
}

async fn connected(address: &str, authority: &Authority) -> Option<Box<dyn super::raw::Stream>> {
    tls(authority, TcpStream::connect(address).await.ok()?, "127.0.0.1").await.ok()
}

async fn token(address: &str, authority: &Authority) -> String {
    let mut stream = connected(address, authority).await.unwrap();
    let form = format!(
        "grant_type=client_credentials&merchant_vat=DK90000028&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}"
    );
    let request = format!(
        "POST /integrator-authentication/connect/token HTTP/1.1\r\nHost: a\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let (_, body) = answer(&mut stream, &mut Vec::new()).await.unwrap();
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}

/// Creates points of sale and lists stores until the recorder is gone.
async fn caller(address: String, authority: Arc<Authority>, token: String, name: String, answered: Answered) {
    let Some(mut stream) = connected(&address, &authority).await else { return };
    let mut buffer = Vec::new();
    for call in 0.. {
        let nonce = format!("n-{name}-{call}");
        let headers = format!(
            "Host: a\r\nAuthorization: Bearer {token}\r\nX-IBM-Client-Id: {CLIENT_ID}\r\n\
             X-MobilePay-Client-System-Version: 1.0.0\r\nX-Nonce: {nonce}\r\n"
        );
        let request = if call % 2 == 0 {
            let body = format!(
                r#"{{"merchantPosId":"{nonce}","storeId":"{STORE}","name":"till","supportedBeaconTypes":["QR"],"beaconId":"{}"}}"#,
                uuid::Uuid::new_v4()
            );
            format!(
                "POST /pos/v10/pointofsales HTTP/1.1\r\n{headers}X-MobilePay-Idempotency-Key: {nonce}\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
        } else {
            format!("GET /pos/v10/stores HTTP/1.1\r\n{headers}\r\n")
        };
        if stream.write_all(request.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        let Some((head, body)) = answer(&mut stream, &mut buffer).await else { return };
        assert!(head.starts_with("HTTP/1.1 200"), "{head}\n{body}");
        answered.lock().unwrap().insert(nonce, body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_lose_nothing_that_was_answered() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let authority = Arc::new(Authority::open(&home.join("ca")).unwrap());
    let answered: Answered = Arc::default();
    let begun = Instant::now();
    for round in 0..ROUNDS {
        let before = answered.lock().unwrap().len();
        let recording = Recording::start(home, &["--quiet"]);
        let address = recording.field("listen").to_owned();
        let token = token(&address, &authority).await;
        let call = |n: usize| {
            let (address, token) = (address.clone(), token.clone());
            tokio::spawn(caller(address, authority.clone(), token, format!("{round}-{n}"), answered.clone()))
        };
        let callers: Vec<_> = (0..CALLERS).map(call).collect();
        // Killed at no particular moment, but not before there was load.
        while answered.lock().unwrap().len() < before + 20 {
            assert!(begun.elapsed() < Duration::from_secs(85), "round {round} is too slow");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(37 * (round % 7))).await;
        recording.kill();
        for caller in callers {
            caller.await.unwrap();
        }
    }
    eprintln!("{:?}: killed {ROUNDS} times", begun.elapsed());
    let recorded = exchanges(home, "poscert-capture");
    let mut held = BTreeMap::new();
    let mut numbers = BTreeSet::new();
    for exchange in &recorded {
        assert!(numbers.insert(exchange["number"].as_u64().unwrap()), "a number stands there twice: {exchange}");
        let headers = exchange["request"]["headers"].as_array().unwrap();
        if let Some(nonce) = headers.iter().find(|header| header["name"] == "X-Nonce") {
            held.insert(nonce["value"].as_str().unwrap().to_owned(), exchange);
        }
    }
    let answered = answered.lock().unwrap();
    for (nonce, body) in answered.iter() {
        let exchange = held.get(nonce).unwrap_or_else(|| panic!("{nonce} was answered, and is not in the capture"));
        assert_eq!(exchange["answer"]["body"]["text"].as_str(), Some(body.as_str()), "{nonce}");
    }
    assert!(answered.len() > 400, "{}", answered.len());

    // Each run that was cut off is named, and so are the numbers of what was under way.
    let runs = recorded.iter().map(|exchange| exchange["run"].as_u64().unwrap()).collect::<BTreeSet<_>>();
    assert_eq!(runs.len(), 20);
    let last = *numbers.last().unwrap();
    let missing: Vec<u64> = (1..=last).filter(|number| !numbers.contains(number)).collect();
    let show = poscert(home).args(["show", "poscert-capture", "1"]).output().unwrap();
    let remarks = text(&show.stderr);
    assert!(remarks.contains("cut off"), "{remarks}");
    eprintln!("{:?}: {} answers, {} recorded, {} lost", begun.elapsed(), answered.len(), recorded.len(), missing.len());
    assert!(!missing.is_empty(), "nothing was under way at any kill: there was no load");
    for number in missing.iter().take(3) {
        let output = poscert(home).args(["show", "poscert-capture", &number.to_string()]).output().unwrap();
        refused(&output_without_remarks(output), &[&format!("exchange {number}"), "lost"]);
    }
    let (verdict, code) = verdict(home, &["poscert-capture"]);
    assert_eq!((verdict["verdict"].as_str(), code), (Some("incomplete"), 3), "{:?}", with_status(&verdict, "failed"));
    assert_eq!(verdict["capture"]["complete"], false);
    assert_eq!(verdict["capture"]["exchanges"].as_u64(), Some(recorded.len() as u64));
    let plain = poscert(home).args(["verify", "poscert-capture"]).output().unwrap();
    assert!(text(&plain.stdout).contains("not complete") || text(&plain.stdout).contains("cut off"));
    assert!(begun.elapsed() < Duration::from_secs(90), "{:?}", begun.elapsed());
}

/// The last line of what was said: before it stand the remarks on the capture.
fn output_without_remarks(mut output: std::process::Output) -> std::process::Output {
    let last = text(&output.stderr).lines().last().unwrap_or_default().to_owned();
    output.stderr = last.into_bytes();
    output
}
