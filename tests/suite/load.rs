//! Load on a recorder of the built program, by correct clients. Each notes every complete response with its nonce, so
//! that lost ones are detected.

use super::capturing_backend::STORE;
use super::poscert_process::*;
use super::wire::{Stream, find, tls};
use poscert::pki::Authority;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// The nonces of complete responses, each with its response body.
pub(crate) type Answered = Arc<Mutex<BTreeMap<String, String>>>;

/// Reads a complete response: its head and body, framed by Content-Length; `None` when the recorder has closed.
pub(crate) async fn answer(stream: &mut (impl AsyncReadExt + Unpin), buffer: &mut Vec<u8>) -> Option<(String, String)> {
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

pub(crate) async fn connected(address: &str, authority: &Authority) -> Option<Box<dyn Stream>> {
    tls(authority, TcpStream::connect(address).await.ok()?, "127.0.0.1").await.ok()
}

pub(crate) async fn token(address: &str, authority: &Authority) -> String {
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

/// A POST or a GET with this nonce.
pub(crate) fn call(token: &str, nonce: &str, is_post: bool) -> String {
    let headers = format!(
        "Host: a\r\nAuthorization: Bearer {token}\r\nX-IBM-Client-Id: {CLIENT_ID}\r\n\
         X-MobilePay-Client-System-Version: 1.0.0\r\nX-Nonce: {nonce}\r\n"
    );
    if !is_post {
        return format!("GET /pos/v10/stores HTTP/1.1\r\n{headers}\r\n");
    }
    let body = format!(
        r#"{{"merchantPosId":"{nonce}","storeId":"{STORE}","name":"till","supportedBeaconTypes":["QR"],"beaconId":"{}"}}"#,
        uuid::Uuid::new_v4()
    );
    format!(
        "POST /pos/v10/pointofsales HTTP/1.1\r\n{headers}X-MobilePay-Idempotency-Key: {nonce}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The address and token to use, and the responses so far.
#[derive(Clone)]
pub(crate) struct Load {
    pub authority: Arc<Authority>,
    pub answered: Answered,
}

impl Load {
    pub(crate) fn new(home: &Path) -> Load {
        Load { authority: Arc::new(Authority::open(&home.join("ca")).unwrap()), answered: Arc::default() }
    }

    pub(crate) fn count(&self) -> usize {
        self.answered.lock().unwrap().len()
    }

    /// Starts this many callers, which run until the recorder closes. `posts`: every second call creates a point of
    /// sale.
    pub(crate) async fn begin(
        &self,
        recording: &Recording,
        name: &str,
        callers: usize,
        posts: bool,
    ) -> Vec<JoinHandle<()>> {
        let address = recording.field("listen").to_owned();
        let token = token(&address, &self.authority).await;
        let caller = |n: usize| {
            let (address, token, load) = (address.clone(), token.clone(), self.clone());
            tokio::spawn(caller(address, token, format!("{name}-{n}"), load, posts))
        };
        (0..callers).map(caller).collect()
    }

    /// Checks that every response is in the capture unchanged. Returns the exchanges of the capture.
    pub(crate) fn nothing_lost(&self, home: &Path, capture: &str) -> Vec<Value> {
        let recorded = exchanges(home, capture);
        let mut held = BTreeMap::new();
        let mut numbers = BTreeSet::new();
        for exchange in &recorded {
            assert!(numbers.insert(exchange["number"].as_u64().unwrap()), "an exchange number is repeated: {exchange}");
            let headers = exchange["request"]["headers"].as_array().unwrap();
            if let Some(nonce) = headers.iter().find(|header| header["name"] == "X-Nonce") {
                held.insert(nonce["value"].as_str().unwrap().to_owned(), exchange);
            }
        }
        for (nonce, body) in self.answered.lock().unwrap().iter() {
            let exchange =
                held.get(nonce).unwrap_or_else(|| panic!("{nonce} got a response and is not in the capture"));
            assert_eq!(exchange["answer"]["body"]["text"].as_str(), Some(body.as_str()), "{nonce}");
        }
        recorded
    }
}

/// Creates points of sale and lists stores until the recorder closes. A recorder without file handles may say so in a
/// response of its own and close the connection; a new one is opened then.
async fn caller(address: String, token: String, name: String, load: Load, posts: bool) {
    let mut number = 0..;
    while let Some(mut stream) = connected(&address, &load.authority).await {
        let mut buffer = Vec::new();
        loop {
            let Some(number) = number.next() else { return };
            let nonce = format!("n-{name}-{number}");
            let request = call(&token, &nonce, posts && number % 2 == 0);
            if stream.write_all(request.as_bytes()).await.is_err() || stream.flush().await.is_err() {
                return;
            }
            let Some((head, body)) = answer(&mut stream, &mut buffer).await else { return };
            let out_of_handles = head.starts_with("HTTP/1.1 502") && body.contains("raise the limit of open files");
            assert!(head.starts_with("HTTP/1.1 200") || out_of_handles, "{head}\n{body}");
            load.answered.lock().unwrap().insert(nonce, body);
            if out_of_handles {
                break;
            }
        }
    }
}
