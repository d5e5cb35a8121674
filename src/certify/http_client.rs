//! HTTP client for poscert's own requests: to the backend's API, token endpoint and customer simulation, and to the
//! client's callback.
//!
//! These requests bypass the recorder: they are neither captured nor evaluated. Redirects are returned, never followed.
//! The backend is reached as the recorder reaches it: through the same proxy, with the same client certificate.

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

/// The longest response body that is read, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// An HTTP client.
#[derive(Clone)]
pub(crate) struct HttpClient {
    client: Client<HttpsConnector<Dialer>, Full<Bytes>>,
    identity: Arc<ClientIdentity>,
    request_timeout: Duration,
}

/// The request got no complete response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoReply {
    /// Why. Contains no header values.
    pub why: String,
    /// What to do about it if the server is the backend, as a clause.
    pub next_step: String,
}

impl fmt::Display for NoReply {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.why)
    }
}

/// A complete response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reply {
    pub status: u16,
    pub body: Bytes,
}

impl Reply {
    /// The body as JSON; null if it is not JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Status, error code and message as text.
    pub(crate) fn words(&self) -> String {
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
    /// A client with the proxy and trust settings of this server. `request_timeout` is the timeout of a whole request.
    /// Plain HTTP is used only for `http` URLs.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(crate) fn to(server: &Upstream, request_timeout: Duration) -> Result<HttpClient, String> {
        let connector = server.connector(&[])?;
        // Requests are rare: a new connection for each avoids stale ones.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(HttpClient { client, identity: server.identity.clone(), request_timeout })
    }

    /// Sends a request and reads the whole response.
    ///
    /// # Errors
    /// The request got no complete response.
    pub(crate) async fn send(
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
        match tokio::time::timeout(self.request_timeout, self.whole(request)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let why = format!("no response within {} s", self.request_timeout.as_secs());
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
