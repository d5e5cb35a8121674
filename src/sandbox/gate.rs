//! Access control of a sandbox behind a recorder: it accepts requests only from the recorder, identified by its client
//! certificate.
//!
//! Requests that a client sends to the sandbox directly would succeed without being recorded. They are refused with a
//! message that says where to send them, and counted.

use rustls_pki_types::CertificateDer;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

/// The most refusal messages waiting for the receiver; further ones are only counted.
const WAITING: usize = 64;

/// Decides which clients may call a sandbox.
pub struct Gate {
    recorder: CertificateDer<'static>,
    base_url: String,
    proxy_url: String,
    refused: AtomicU64,
    sender: mpsc::Sender<String>,
}

impl Gate {
    /// Admits connections with this client certificate. `base_url` and `proxy_url` are where other clients are
    /// directed. The receiver gets a message for each connection whose requests were refused.
    pub fn new(
        recorder: CertificateDer<'static>,
        base_url: String,
        proxy_url: String,
    ) -> (Gate, mpsc::Receiver<String>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Gate { recorder, base_url, proxy_url, refused: AtomicU64::new(0), sender }, receiver)
    }

    /// Whether a client that presented these certificates is the recorder.
    pub(super) fn admits(&self, shown: Option<&[CertificateDer<'_>]>) -> bool {
        shown.and_then(<[_]>::first).is_some_and(|shown| *shown == self.recorder)
    }

    /// The number of refused requests.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Counts a refused request and returns the body of its response. `first`: whether it is the first on its
    /// connection.
    pub(super) fn refuse(&self, method: &str, path: &str, first: bool) -> Value {
        self.refused.fetch_add(1, Ordering::Relaxed);
        if first {
            let path: String = path.chars().take(120).collect();
            let sentence = format!(
                "a client bypassed the recorder and called the embedded sandbox directly ({method} {path}); refused \
                 with 421: it must call {}",
                self.base_url
            );
            // If the channel is full, the count is enough.
            let _ = self.sender.try_send(sentence);
        }
        let sentence = format!(
            "This sandbox accepts requests only from its recorder; this request bypassed it and was not recorded. Call \
             {}, or call the API's own host with {} as the HTTPS proxy.",
            self.base_url, self.proxy_url
        );
        json!({"message": sentence, "origin": "poscert sandbox"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_recorder_is_admitted_and_refused_requests_are_counted() {
        let certificate = |byte: u8| CertificateDer::from(vec![0x30, byte]);
        let (gate, mut receiver) = Gate::new(certificate(1), "https://base".to_owned(), "http://proxy".to_owned());
        assert!(gate.admits(Some(&[certificate(1)])));
        for others in [None, Some(&[][..]), Some(&[certificate(2)][..]), Some(&[certificate(2), certificate(1)][..])] {
            assert!(!gate.admits(others));
        }
        let body = gate.refuse("GET", "/pos/v10/stores", true);
        gate.refuse("GET", "/pos/v10/stores", false);
        assert!(body["message"].as_str().unwrap().contains("Call https://base"), "{body}");
        assert_eq!(gate.refused(), 2);
        assert!(receiver.try_recv().unwrap().contains("GET /pos/v10/stores"));
        assert!(receiver.try_recv().is_err());
    }
}
