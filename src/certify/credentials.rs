//! Access to the backend with what the identification says: a token, or the credentials to get one.
//!
//! It is for calls of our own alone; a client brings its own token. Neither is written anywhere.

use super::http_client::{HttpClient, Reply};
use crate::api::header::{AUTHORIZATION, CLIENT_ID, KEY, VAT, VERSION};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};
use std::fmt;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Of a file or a variable, without the line's end.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Secret, &'static str> {
        let text = text.trim();
        match text {
            "" => Err("it is empty"),
            _ if text.chars().any(|c| !c.is_ascii_graphic()) => Err("it holds more than one word of ASCII"),
            _ => Ok(Secret(text.to_owned())),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Secrets as a person typed them, each for one purpose; kept in memory alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// A token.
    pub token: Option<Secret>,
    /// The secret of the client id.
    pub client_secret: Option<Secret>,
}

impl Secrets {
    /// These, and where one is missing, the other's.
    #[must_use]
    pub fn or(self, other: Secrets) -> Secrets {
        Secrets { token: self.token.or(other.token), client_secret: self.client_secret.or(other.client_secret) }
    }
}

/// What opens the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A token.
    Token(Secret),
    /// The secret of a client id, for which the token endpoint gives a token.
    ClientSecret(String, Secret),
}

/// Access to a backend.
#[derive(Clone)]
pub struct Access {
    /// What opens it.
    pub opens: Credential,
    /// The client id, where it is known.
    pub client_id: Option<String>,
    /// The client's version.
    pub version: String,
    /// The merchant's VAT number.
    pub vat: String,
    /// Where the backend is, without a path: `https://host`.
    pub origin: String,
    /// What the API's paths begin with: `/pos/v10`.
    pub path: String,
    /// How it is spoken to.
    pub http_client: HttpClient,
}

impl Access {
    /// Tries it: gets a token where there is none, and looks for the merchant's stores.
    ///
    /// # Errors
    /// A sentence, with what to do.
    pub async fn try_it(&self) -> Result<(), String> {
        let reply = self.call(Method::GET, "/stores", None).await?;
        let code = reply.json().get("code").and_then(Value::as_str).unwrap_or("").to_owned();
        match reply.status {
            401 | 403 => Err(format!(
                "the backend {} refuses the token: GetStores is answered {}; give one that is good there, or leave it out",
                self.origin,
                reply.words()
            )),
            400 if ["1151", "1155", "1159", "1182"].contains(&code.as_str()) => Err(format!(
                "the backend {} does not take the merchant's VAT number {}: GetStores is answered {}; give another with --merchant-vat",
                self.origin,
                self.vat,
                reply.words()
            )),
            500.. => Err(format!(
                "the token cannot be tried: the backend {} answers GetStores with {}; try again later, or leave the token out",
                self.origin,
                reply.words()
            )),
            _ => Ok(()),
        }
    }

    /// A call of the API.
    ///
    /// # Errors
    /// A sentence where no token is given or no answer comes.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Reply, String> {
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
        reply.map_err(|no| format!("the backend {} cannot be reached ({no}); {}", self.origin, no.next_step))
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
        let reply =
            reply.map_err(|no| format!("the token endpoint {url} cannot be reached ({no}); {}", no.next_step))?;
        let given = reply.json().get("access_token").and_then(Value::as_str).map(str::to_owned);
        match given.filter(|token| reply.status == 200 && token.chars().all(|c| c.is_ascii_graphic())) {
            Some(token) => Ok(token),
            None => Err(format!(
                "the token endpoint {url} gives no token for client id {id}: it answers {}; check client id and secret",
                reply.status
            )),
        }
    }

    /// The beacon of a PoS.
    pub async fn beacon(&self, pos_id: &str) -> Option<String> {
        let reply = self.call(Method::GET, &format!("/pointofsales/{pos_id}"), None).await.ok()?;
        reply.json().get("beaconId").and_then(Value::as_str).map(str::to_owned)
    }

    /// Brand and location of a store.
    pub async fn store(&self, store_id: &str) -> Option<(String, String)> {
        let reply = self.call(Method::GET, &format!("/stores/{store_id}"), None).await.ok()?;
        let store = reply.json();
        let text = |name: &str| store.get(name).and_then(Value::as_str).map(str::to_owned);
        text("merchantBrandId").zip(text("merchantLocationId"))
    }

    /// Starts a payment that is in the way of the client's next one; its id.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn obstruct(&self, pos_id: &str) -> Result<String, String> {
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
        id.filter(|_| reply.status == 200).ok_or_else(|| format!("InitiatePayment is answered {}", reply.words()))
    }

    /// Takes it away again; nothing, where the client has done so.
    pub async fn unobstruct(&self, payment_id: &str) {
        let _ = self.call(Method::POST, &format!("/payments/{payment_id}/cancel"), None).await;
    }
}
