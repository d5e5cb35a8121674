//! Tests of `kill -9` under load: every complete response that a client has seen is in the capture, which opens,
//! reports what is missing, and can be resumed.

use super::wire::*;
use poscert::capture::record::Record;
use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends requests until the recorder is killed, and notes each complete response.
async fn caller(
    address: String,
    authority: Arc<poscert::pki::Authority>,
    name: String,
    answered: Arc<Mutex<BTreeSet<String>>>,
) {
    let Ok(tcp) = TcpStream::connect(address).await else { return };
    let Ok(mut stream) = tls(&authority, tcp, "127.0.0.1").await else { return };
    for call in 0.. {
        let target = format!("/pos/v10/stores?nonce={name}-{call}");
        let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        if stream.write_all(request.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        let mut answer = Vec::new();
        // The sandbox returns 401 without a body: the head is the whole response.
        while find(&answer, b"\r\n\r\n").is_none() {
            if !matches!(stream.read_buf(&mut answer).await, Ok(1..)) {
                return;
            }
        }
        assert!(answer.starts_with(b"HTTP/1.1 401"), "{}", String::from_utf8_lossy(&answer));
        answered.lock().unwrap().insert(target);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_complete_response_is_in_the_capture() {
    let home = tempfile::tempdir().unwrap();
    let authority = Arc::new(poscert::pki::Authority::open(&home.path().join("ca")).unwrap());
    let answered: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let capture = home.path().join("capture");
    for round in 0..3 {
        let ready = home.path().join(format!("ready-{round}.json"));
        let mut recorder = Command::new(env!("CARGO_BIN_EXE_poscert"))
            .args(["record", "--quiet", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"])
            .arg("--capture")
            .arg(&capture)
            .arg("--ready-file")
            .arg(&ready)
            .env("POSCERT_CA_DIR", home.path().join("ca"))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut waited = 0;
        while !ready.exists() {
            waited += 1;
            assert!(waited < 1500 && recorder.try_wait().unwrap().is_none(), "the recorder is not ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let text: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&ready).unwrap()).unwrap();
        let address = text["listen"].as_str().unwrap().to_owned();
        let callers: Vec<_> = (0..6)
            .map(|n| tokio::spawn(caller(address.clone(), authority.clone(), format!("{round}-{n}"), answered.clone())))
            .collect();
        tokio::time::sleep(Duration::from_millis(500 + 130 * round)).await;
        recorder.kill().unwrap();
        recorder.wait().unwrap();
        for caller in callers {
            caller.await.unwrap();
        }
        let opened = poscert::capture::open(&capture).unwrap_or_else(|e| panic!("after round {round}: {e}"));
        assert!(!opened.complete, "an interrupted run is not complete");
        let mut recorded = BTreeSet::new();
        for record in opened.records().unwrap() {
            if let Record::Exchange(exchange) = record.unwrap() {
                recorded.insert(exchange.request.target.clone());
            }
        }
        let answered = answered.lock().unwrap();
        let lost: Vec<&String> = answered.difference(&recorded).collect();
        assert!(lost.is_empty(), "round {round}: responses without a record: {lost:?}");
        assert!(answered.len() > 20, "there was load: {}", answered.len());
    }
}
