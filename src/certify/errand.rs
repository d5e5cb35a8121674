//! Calls of our own: to the backend's token endpoint and customer simulation, and to the client's callback.
//!
//! They are not the client's: they go past the recorder, stand in no capture and count in no verdict. Redirects are
//! answers like others, and never followed.

use crate::pki::causes;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use std::time::Duration;

/// The longest answer that is read.
const LONGEST_ANSWER: usize = 64 * 1024;

/// A way to send them.
#[derive(Clone)]
pub struct Errands {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    patience: Duration,
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

impl Errands {
    /// With this TLS; every answer has to be complete after `patience`. A server without TLS is spoken to only where
    /// its URL says `http`.
    pub fn new(tls: ClientConfig, patience: Duration) -> Errands {
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        // They are few: a connection each, and none that has gone stale.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Errands { client, patience }
    }

    /// Sends a request and reads its answer to the end.
    ///
    /// # Errors
    /// Why there is no answer, in words in which no header stands.
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Reply, String> {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|error| error.to_string())?;
        match tokio::time::timeout(self.patience, self.whole(request)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(format!("no answer within {} s", self.patience.as_secs())),
        }
    }

    async fn whole(&self, request: Request<Full<Bytes>>) -> Result<Reply, String> {
        let answer = self.client.request(request).await.map_err(|error| causes(&error))?;
        let status: StatusCode = answer.status();
        let body = Limited::new(answer.into_body(), LONGEST_ANSWER).collect().await;
        let body = body.map_err(|error| causes(error.as_ref()))?;
        Ok(Reply { status: status.as_u16(), body: body.to_bytes() })
    }
}
