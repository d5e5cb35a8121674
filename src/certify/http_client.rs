//! Calls of our own: to the backend's token endpoint and customer simulation, and to the client's callback.
//!
//! They are not the client's: they go past the recorder, stand in no capture and count in no verdict. Redirects are
//! answers like others, and never followed. A backend is reached as the recorder reaches it: through the same proxy, with the same
//! client certificate.

use crate::pki::error_chain;
use crate::proxy::upstream::connect_error::next_step;
use crate::proxy::{ClientIdentity, Dialer, Upstream};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The longest answer that is read.
const LONGEST_ANSWER: usize = 64 * 1024;

/// A way to send them.
#[derive(Clone)]
pub struct HttpClient {
    client: Client<HttpsConnector<Dialer>, Full<Bytes>>,
    identity: Arc<ClientIdentity>,
    step_timeouts: Duration,
}

/// That there is no complete answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoReply {
    /// Why, in words in which no header stands.
    pub why: String,
    /// What can be done about it at a backend, in part of a sentence.
    pub next_step: String,
}

impl fmt::Display for NoReply {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.why)
    }
}

/// A complete answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Status, code and message, in words.
    pub fn words(&self) -> String {
        let body = self.json();
        let text = |name: &str| body.get(name).and_then(|value| value.as_str()).unwrap_or("").chars().take(200);
        let printable = |name: &str| text(name).filter(|c| !c.is_control()).collect::<String>();
        let code = Some(printable("code")).filter(|code| !code.is_empty()).map(|code| format!("/{code}"));
        let message = Some(printable("message")).filter(|message| !message.is_empty());
        format!(
            "{}{}{}",
            self.status,
            code.unwrap_or_default(),
            message.map(|message| format!(" ({message})")).unwrap_or_default()
        )
    }
}

impl HttpClient {
    /// To servers that are reached and believed as this one; every answer has to be complete after `step_timeouts`. A server
    /// without TLS is spoken to only where its URL says `http`.
    ///
    /// # Errors
    /// A sentence where TLS cannot be set up.
    pub fn to(server: &Upstream, step_timeouts: Duration) -> Result<HttpClient, String> {
        let connector = server.connector(&[])?;
        // They are few: a connection each, and none that has gone stale.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(HttpClient { client, identity: server.identity.clone(), step_timeouts })
    }

    /// Sends a request and reads its answer to the end.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Reply, NoReply> {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|error| self.failed(&error))?;
        match tokio::time::timeout(self.step_timeouts, self.whole(request)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let why = format!("no answer within {} s", self.step_timeouts.as_secs());
                Err(NoReply { why, next_step: "check --upstream".to_owned() })
            }
        }
    }

    async fn whole(&self, request: Request<Full<Bytes>>) -> Result<Reply, NoReply> {
        let answer = self.client.request(request).await.map_err(|error| self.failed(&error))?;
        let status: StatusCode = answer.status();
        let body = Limited::new(answer.into_body(), LONGEST_ANSWER).collect().await;
        let body = body.map_err(|error| self.failed(error.as_ref()))?;
        Ok(Reply { status: status.as_u16(), body: body.to_bytes() })
    }
    fn failed(&self, error: &(dyn Error + 'static)) -> NoReply {
        NoReply { why: error_chain(error), next_step: next_step(error, &self.identity) }
    }
}
