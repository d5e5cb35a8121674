//! An API call: sent and retried until it succeeds, is refused or is given up.
//!
//! All attempts of a call have the same key and the same body; only the token can change.

use super::http::Answer;
use super::timing::{Next, Sent};
use super::{ClientError, Misbehavior, Till};
use crate::api::{Operation, header};
use bytes::Bytes;
use http::{Request, header as names};
use http_body_util::Full;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// The content of a call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub operation: Operation,
    /// The id in its path, if any.
    pub id: Option<String>,
    /// Query parameters.
    pub query: Vec<(&'static str, String)>,
    pub body: Option<Value>,
    /// The idempotency key, for creating calls.
    pub key: Option<String>,
}

impl Call {
    /// A call of an operation without an id.
    pub(crate) fn of(operation: Operation) -> Call {
        let key = operation.creates().then(new_key);
        Call { operation, id: None, query: Vec::new(), body: None, key }
    }

    /// A call of an operation on a resource.
    pub(crate) fn on(operation: Operation, id: &str) -> Call {
        Call { id: Some(id.to_owned()), ..Call::of(operation) }
    }

    /// Sets the body.
    pub(crate) fn body(mut self, body: Value) -> Call {
        self.body = Some(body);
        self
    }

    /// Adds a query parameter.
    pub(crate) fn parameter(mut self, name: &'static str, value: &str) -> Call {
        self.query.push((name, value.to_owned()));
        self
    }

    /// The path after the base URL, with the query string.
    fn target(&self) -> String {
        let encode = |text: &str| utf8_percent_encode(text, &UNRESERVED).to_string();
        let path: Vec<String> = self
            .operation
            .template()
            .split('/')
            .map(|part| match &self.id {
                Some(id) if part.starts_with('{') => encode(id),
                _ => part.to_owned(),
            })
            .collect();
        let query: Vec<String> = self.query.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{mark}{}", path.join("/"), query.join("&"))
    }
}

/// The characters encoded in a URL: all except the unreserved ones (RFC 3986 section 2.3).
const UNRESERVED: percent_encoding::AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A new idempotency key.
pub(crate) fn new_key() -> String {
    uuid::Uuid::new_v4().to_string()
}

impl Till {
    /// Performs a call with its retries. Returns the response body (`Null` if empty), or an error if it was refused or
    /// given up.
    pub(super) async fn call(&mut self, call: &Call) -> Result<Value, ClientError> {
        let mut call = call.clone();
        let mut renewed = false;
        let mut attempts = 0;
        loop {
            let token = self.token().await?;
            let outcome = self.send(&call, &token).await?;
            attempts += 1;
            let sent = match &outcome {
                Ok(answer) => Sent::Answered(answer.status.as_u16(), error_code(&answer.body)),
                Err(_) => Sent::NoResponse,
            };
            match self.config.pace.next(call.operation, sent, attempts, renewed, self.config.mistake) {
                Next::Take => return outcome.map_or(Ok(Value::Null), |answer| Self::content(call.operation, &answer)),
                Next::GiveUp => return Err(client_error(call.operation, attempts, outcome)),
                Next::Again(pause) => {
                    tokio::time::sleep(pause).await;
                    self.corrupt_retry(&mut call, attempts);
                }
                Next::NewToken => {
                    renewed = true;
                    self.tokens.refused(&token);
                }
            }
        }
    }

    /// Sends one attempt. The outer error is the till's own; the inner one says why there was no response.
    async fn send(&self, call: &Call, token: &str) -> Result<Result<Answer, String>, ClientError> {
        let timeout = self.config.pace.timeout(call.operation, self.config.mistake);
        Ok(self.http_client.exchange(self.request(call, token)?, timeout).await)
    }

    pub(super) fn request(&self, call: &Call, token: &str) -> Result<Request<Full<Bytes>>, ClientError> {
        let mut url = format!("{}{}", self.config.base_url.trim_end_matches('/'), call.target());
        if self.makes(Misbehavior::TokenInUrl) && call.operation.polled() {
            url.push_str(&format!("?access_token={token}"));
        }
        let mut request = Request::builder()
            .method(call.operation.method())
            .uri(url)
            .header(names::ACCEPT, "application/json")
            .header(names::USER_AGENT, &self.config.agent)
            .header(names::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CLIENT_ID, &self.config.client_id);
        if let Some(version) = self.spelled_version(call.operation) {
            request = request.header(header::VERSION, version);
        }
        request = request.header(header::VAT, self.spelled_vat());
        if let Some(key) = call.key.as_ref().filter(|_| !self.leaves_key_off(call.operation)) {
            request = request.header(header::KEY, key);
        }
        let body = match &call.body {
            Some(body) => {
                request = request.header(names::CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        request
            .body(Full::new(body))
            .map_err(|error| ClientError::Setup(format!("cannot build a request for {}: {error}", call.operation)))
    }

    fn content(operation: Operation, answer: &Answer) -> Result<Value, ClientError> {
        if answer.body.is_empty() || !answer.status.is_success() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body)
            .map_err(|error| ClientError::Unreadable { operation, what: format!("the body is not JSON ({error})") })
    }
}

fn client_error(operation: Operation, attempts: u32, outcome: Result<Answer, String>) -> ClientError {
    let answer = match outcome {
        Err(why) => return ClientError::Lost { operation, attempts, status: None, why },
        Ok(answer) => answer,
    };
    let (status, code) = (answer.status.as_u16(), error_code(&answer.body));
    if answer.status.is_server_error() {
        return ClientError::Lost { operation, attempts, status: Some(status), why: format!("status {status}") };
    }
    let message = error_body(&answer.body).and_then(|body| Some(body.get("message")?.as_str()?.to_owned()));
    ClientError::Refused { operation, status, code, message: message.unwrap_or_default() }
}

fn error_body(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok()
}

/// The `code` of an error response. Usually a string, in some places a number.
fn error_code(body: &[u8]) -> Option<u16> {
    match error_body(body)?.get("code")? {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64().and_then(|number| u16::try_from(number).ok()),
    }
}

/// A required string field of a response.
pub(super) fn text_field(operation: Operation, answer: &Value, name: &str) -> Result<String, ClientError> {
    let text = answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| ClientError::Unreadable { operation, what: format!("`{name}` is missing") })
}

/// A required field of a response that is a list of ids.
pub(super) fn list_field(operation: Operation, answer: &Value, name: &str) -> Result<Vec<String>, ClientError> {
    let list = answer.get(name).and_then(Value::as_array);
    let ids = list.map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    ids.ok_or_else(|| ClientError::Unreadable { operation, what: format!("`{name}` is missing or not a list") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_is_the_template_with_the_id_and_the_query() {
        let call = Call::on(Operation::CAPTURE_PAYMENT, "0f8fad5b-d9cb-469f-a165-70867728950e");
        assert_eq!(call.target(), "/payments/0f8fad5b-d9cb-469f-a165-70867728950e/capture");
        let call =
            Call::of(Operation::GET_POS_WITH_FILTER).parameter("merchantPosId", "a b/c").parameter("storeId", "x");
        assert_eq!(call.target(), "/pointofsales?merchantPosId=a%20b%2Fc&storeId=x");
    }

    #[test]
    fn only_creating_calls_have_a_key_of_their_own() {
        for operation in Operation::ALL {
            assert_eq!(Call::of(operation).key.is_some(), operation.creates());
        }
        assert_ne!(Call::of(Operation::CREATE_POS).key, Call::of(Operation::CREATE_POS).key);
    }

    #[test]
    fn error_code_may_be_a_string_or_a_number_or_absent() {
        assert_eq!(error_code(br#"{"code":"1301"}"#), Some(1301));
        assert_eq!(error_code(br#"{"code":1301}"#), Some(1301));
        for nothing in [&b""[..], b"{}", b"[1]", br#"{"code":""}"#, br#"{"code":70000}"#, b"<html>"] {
            assert_eq!(error_code(nothing), None);
        }
    }
}
