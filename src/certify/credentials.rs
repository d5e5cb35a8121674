//! Credentials for the backend: a token, or a client id and secret to get one.
//!
//! They are used only for poscert's own requests; the client has its own token. They are never written to disk.

use super::http_client::{HttpClient, Reply};
use crate::api::header::{AUTHORIZATION, CLIENT_ID, KEY, VAT, VERSION};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};
use std::fmt;

/// A secret, never shown in output.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// A secret from a file, variable or form; surrounding whitespace is removed.
    ///
    /// # Errors
    /// It is empty, or contains whitespace or non-ASCII characters.
    pub(crate) fn new(text: &str) -> Result<Secret, &'static str> {
        let text = text.trim();
        match text {
            "" => Err("it is empty"),
            _ if text.chars().any(|c| !c.is_ascii_graphic()) => Err("it contains whitespace or non-ASCII characters"),
            _ => Ok(Secret(text.to_owned())),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Secrets entered by the operator; kept in memory only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Secrets {
    /// An access token.
    pub token: Option<Secret>,
    pub client_secret: Option<Secret>,
}

impl Secrets {
    /// These secrets, completed by those of `other`.
    #[must_use]
    pub(crate) fn or(self, other: Secrets) -> Secrets {
        Secrets { token: self.token.or(other.token), client_secret: self.client_secret.or(other.client_secret) }
    }
}

/// A credential for the backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// An access token.
    Token(Secret),
    /// A client id and its secret, with which the token endpoint issues a token.
    ClientSecret(String, Secret),
}

/// Access to a backend.
#[derive(Clone)]
pub(crate) struct Access {
    pub opens: Credential,
    /// The client id, if known.
    pub client_id: Option<String>,
    /// The client's version.
    pub version: String,
    /// The merchant's VAT number.
    pub vat: String,
    /// The origin of the backend: `https://host`.
    pub origin: String,
    /// The prefix of the API's paths: `/pos/v10`.
    pub path: String,
    pub http_client: HttpClient,
}

impl Access {
    /// Checks the credential: gets a token if there is none, and calls GetStores.
    ///
    /// # Errors
    /// The backend is unreachable or rejects the token or the VAT number; the message says what to do.
    pub(crate) async fn try_it(&self) -> Result<(), String> {
        let reply = self.call(Method::GET, "/stores", None).await?;
        let code = reply.json().get("code").and_then(Value::as_str).unwrap_or("").to_owned();
        match reply.status {
            401 | 403 => Err(format!(
                "the backend {} rejected the token: GetStores returned {}; use a token that is valid there, or omit it",
                self.origin,
                reply.words()
            )),
            400 if ["1151", "1155", "1159", "1182"].contains(&code.as_str()) => Err(format!(
                "the backend {} rejected the merchant VAT number {}: GetStores returned {}; pass another with --merchant-vat",
                self.origin,
                self.vat,
                reply.words()
            )),
            500.. => Err(format!(
                "cannot check the token: at the backend {}, GetStores returned {}; try again later, or omit the token",
                self.origin,
                reply.words()
            )),
            _ => Ok(()),
        }
    }

    /// Calls the API.
    ///
    /// # Errors
    /// No token can be obtained, or the backend does not respond.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Reply, String> {
        let token = self.token().await?;
        let (bearer, key) = (format!("Bearer {token}"), uuid::Uuid::new_v4().to_string());
        let mut headers = vec![(AUTHORIZATION, bearer.as_str()), (VERSION, &self.version), (VAT, &self.vat)];
        headers.extend(self.client_id.as_deref().map(|id| (CLIENT_ID, id)));
        if body.is_some() {
            headers.extend([("content-type", "application/json"), (KEY, key.as_str())]);
        }
        let url = format!("{}{}{path}", self.origin, self.path);
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let reply = self.http_client.send(method, &url, &headers, body).await;
        reply.map_err(|no| format!("cannot reach the backend {}: {no}; {}", self.origin, no.next_step))
    }

    async fn token(&self) -> Result<String, String> {
        let (id, secret) = match &self.opens {
            Credential::Token(token) => return Ok(token.0.clone()),
            Credential::ClientSecret(id, secret) => (id, secret),
        };
        let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{}", secret.0)));
        let headers = [(AUTHORIZATION, basic.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        let url = format!("{}/integrator-authentication/connect/token", self.origin);
        let reply =
            self.http_client.send(Method::POST, &url, &headers, "grant_type=client_credentials".to_owned()).await;
        let reply = reply.map_err(|no| format!("cannot reach the token endpoint {url}: {no}; {}", no.next_step))?;
        let given = reply.json().get("access_token").and_then(Value::as_str).map(str::to_owned);
        match given.filter(|token| reply.status == 200 && token.chars().all(|c| c.is_ascii_graphic())) {
            Some(token) => Ok(token),
            None => Err(format!(
                "no token for client id {id}: the token endpoint {url} returned {}; check client id and secret",
                reply.status
            )),
        }
    }

    /// The beacon of a PoS.
    pub(crate) async fn beacon(&self, pos_id: &str) -> Option<String> {
        let reply = self.call(Method::GET, &format!("/pointofsales/{pos_id}"), None).await.ok()?;
        reply.json().get("beaconId").and_then(Value::as_str).map(str::to_owned)
    }

    /// Brand and location of a store.
    pub(crate) async fn store(&self, store_id: &str) -> Option<(String, String)> {
        let reply = self.call(Method::GET, &format!("/stores/{store_id}"), None).await.ok()?;
        let store = reply.json();
        let text = |name: &str| store.get(name).and_then(Value::as_str).map(str::to_owned);
        text("merchantBrandId").zip(text("merchantLocationId"))
    }

    /// Starts a payment that makes the backend refuse the client's next one; returns its id.
    ///
    /// # Errors
    /// The payment could not be started.
    pub(crate) async fn obstruct(&self, pos_id: &str) -> Result<String, String> {
        let currency = if self.vat.starts_with("FI") { "EUR" } else { "DKK" };
        let body = json!({
            "posId": pos_id,
            "orderId": format!("in-the-way-{}", &uuid::Uuid::new_v4().simple().to_string()[..12]),
            "amount": 1,
            "currencyCode": currency,
            "plannedCaptureDelay": "None",
        });
        let reply = self.call(Method::POST, "/payments", Some(body)).await?;
        let id = reply.json().get("paymentId").and_then(Value::as_str).map(str::to_owned);
        id.filter(|_| reply.status == 200).ok_or_else(|| format!("InitiatePayment returned {}", reply.words()))
    }

    /// Cancels that payment. An error is ignored: the client may have cancelled it already.
    pub(crate) async fn unobstruct(&self, payment_id: &str) {
        let _ = self.call(Method::POST, &format!("/payments/{payment_id}/cancel"), None).await;
    }
}
