//! The gate of a sandbox behind a recorder: it takes calls from the recorder alone, which it knows by its certificate.
//!
//! A client that calls the sandbox directly would get what it asks for while nothing is recorded. So its calls are
//! refused, in words that say where to call, and counted.

use rustls_pki_types::CertificateDer;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

/// How many refusals may wait to be told; of more, the number alone is kept.
const WAITING: usize = 64;

/// Who may call a sandbox.
pub struct Gate {
    recorder: CertificateDer<'static>,
    base_url: String,
    proxy_url: String,
    refused: AtomicU64,
    tell: mpsc::Sender<String>,
}

impl Gate {
    /// A gate for calls over connections with this client certificate. `base_url` and `proxy_url`: where others are sent.
    /// The receiver gets a sentence for each connection whose calls were refused.
    pub fn new(
        recorder: CertificateDer<'static>,
        base_url: String,
        proxy_url: String,
    ) -> (Gate, mpsc::Receiver<String>) {
        let (tell, told) = mpsc::channel(WAITING);
        (Gate { recorder, base_url, proxy_url, refused: AtomicU64::new(0), tell }, told)
    }

    /// Whether a client that showed these certificates is the recorder.
    pub(super) fn admits(&self, shown: Option<&[CertificateDer<'_>]>) -> bool {
        shown.and_then(<[_]>::first).is_some_and(|shown| *shown == self.recorder)
    }

    /// How many calls were refused.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Counts a refused call, and gives the body of its response. `first`: of its connection.
    pub(super) fn refuse(&self, method: &str, path: &str, first: bool) -> Value {
        self.refused.fetch_add(1, Ordering::Relaxed);
        if first {
            let path: String = path.chars().take(120).collect();
            let sentence = format!(
                "a client called the embedded sandbox past the recorder ({method} {path}) and was refused with 421: it has \
                 to call {}",
                self.base_url
            );
            // Of a flood the count is enough.
            let _ = self.tell.try_send(sentence);
        }
        let sentence = format!(
            "This sandbox takes calls from its recorder alone; this one came past it and was not recorded. Call {}, or call \
             the API's own host with {} as the HTTPS proxy.",
            self.base_url, self.proxy_url
        );
        json!({"message": sentence, "origin": "poscert sandbox"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorder_alone_is_admitted_and_others_are_counted() {
        let certificate = |byte: u8| CertificateDer::from(vec![0x30, byte]);
        let (gate, mut told) = Gate::new(certificate(1), "https://base".to_owned(), "http://proxy".to_owned());
        assert!(gate.admits(Some(&[certificate(1)])));
        for others in [None, Some(&[][..]), Some(&[certificate(2)][..]), Some(&[certificate(2), certificate(1)][..])] {
            assert!(!gate.admits(others));
        }
        let body = gate.refuse("GET", "/pos/v10/stores", true);
        gate.refuse("GET", "/pos/v10/stores", false);
        assert!(body["message"].as_str().unwrap().contains("Call https://base"), "{body}");
        assert_eq!(gate.refused(), 2);
        assert!(told.try_recv().unwrap().contains("GET /pos/v10/stores"));
        assert!(told.try_recv().is_err());
    }
}
