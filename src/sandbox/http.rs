//! The sandbox's HTTP interface: converts requests to calls and results to responses.

use super::api_error::{Answer, Refusal};
use super::authenticate;
use super::backend_state::Call;
use super::customer::Simulation;
use super::reference::{self, ReferencePlace};
use super::token_endpoint;
use super::{Gate, Sandbox, body, openapi};
use crate::api::{Guid, Operation, Place, Route, error};
use crate::profile::pos_v10;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HOST, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::LengthLimitError;
use serde_json::{Value, json};
use std::sync::Arc;

/// The longest accepted body, in bytes. The longest documented one has about 500.
const LONGEST_BODY: usize = 64 * 1024;

/// The path of the OpenAPI description.
pub(crate) const OPENAPI: &str = "/openapi.json";
/// The path of the API reference.
pub(crate) const REFERENCE: &str = "/reference";

/// The actions of the customer simulation API: the last segments of its paths.
const SIMULATIONS: [&str; 3] = ["checkin", "acceptpayment", "cancelpaymentbyuser"];

impl Sandbox {
    /// All routes of the sandbox. An operation is identified by the path after `/v10/`, whatever the prefix.
    pub fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }
}

/// The response to a request that bypassed the recorder. The request is read completely first: a client that is still
/// sending would not read the response.
pub(super) async fn past_the_recorder(gate: Arc<Gate>, request: Request, first: bool) -> Response {
    let (parts, body) = request.into_parts();
    let sentence = gate.refuse(parts.method.as_str(), parts.uri.path(), first);
    let whole = axum::body::to_bytes(body, LONGEST_BODY).await.is_ok();
    let mut response = json_response(421, &sentence);
    if !whole {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn answer(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match axum::body::to_bytes(body, LONGEST_BODY).await {
        Ok(body) => body,
        Err(error) => return unreadable(&error),
    };
    let route = pos_v10().route(parts.method.as_str(), &parts.uri.to_string());
    match route.place {
        Place::Operation(operation) => sandbox.operation(operation, route, &parts.headers, &body),
        Place::Token => sandbox.token(&parts.headers, &body),
        _ => {
            let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
            sandbox.elsewhere(parts.method.as_str(), &route, host, &body)
        }
    }
}

impl Sandbox {
    fn operation(&self, operation: Operation, route: Route, headers: &HeaderMap, body: &Bytes) -> Response {
        let outcome = self.call(operation, route, headers, body).and_then(|call| self.backend().answer(&call));
        match outcome {
            Ok(Answer::Body(body)) => json_response(200, &body),
            Ok(Answer::Empty) => response(200, Body::empty()),
            Err(refusal) => refused(&refusal, Some(operation)),
        }
    }

    /// Checks a request in the order of a gateway, a framework and the operation: token, headers, body.
    fn call(&self, operation: Operation, route: Route, headers: &HeaderMap, bytes: &[u8]) -> Result<Call, Refusal> {
        let now = self.inner.clock.now();
        let signer = self.inner.signer.as_ref().ok_or(error::INTERNAL)?;
        let caller = authenticate::identify(headers, signer, now, self.inner.options.require_system_name)?;
        let id = match route.id() {
            Some(text) => Some(Guid::parse(text).ok_or_else(|| {
                Refusal::Code(error::UNKNOWN, format!("the id in the path is {text:?}, which is not a GUID"))
            })?),
            None => None,
        };
        let key = operation.creates().then(|| authenticate::idempotency_key(headers)).transpose()?;
        if !crate::api::shape::fields(operation).is_empty() {
            check_content_type(headers)?;
        }
        let body = body::read(operation, bytes)?;
        Ok(Call { operation, id, route, caller, key, body, now })
    }

    fn token(&self, headers: &HeaderMap, form: &[u8]) -> Response {
        let Some(signer) = &self.inner.signer else { return refused(&error::INTERNAL.into(), None) };
        let basic = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
        let outcome = token_endpoint::grant(basic, form, &self.inner.options.clients, signer, self.inner.clock.now());
        let mut response = match outcome {
            Ok(token) => json_response(200, &token),
            Err(denied) => {
                let body = json!({"error": denied.error, "error_description": denied.description});
                let mut response = json_response(denied.status, &body);
                if denied.status == 401 {
                    let challenge = HeaderValue::from_static("Basic realm=\"integrator-authentication\"");
                    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                }
                response
            }
        };
        // RFC 6749 section 5.1: token responses must not be cached.
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// Requests that are not operations: the API description, the simulated customer, a wrong method, an unknown path.
    fn elsewhere(&self, method: &str, route: &Route, authority: &str, body: &[u8]) -> Response {
        let act = match &route.place {
            Place::Simulation => SIMULATIONS.into_iter().find(|act| route.path.ends_with(&format!("/{act}"))),
            _ => None,
        };
        match (method, act) {
            ("POST", Some(act)) => return self.simulate(act, body),
            ("GET", _) if route.path == OPENAPI => return json_response(200, &openapi::description()),
            ("GET", _) if route.path == REFERENCE => return self.reference(authority),
            _ => {}
        }
        let allowed = allowed(&route.path, act.is_some());
        if allowed.is_empty() {
            let sentence = format!(
                "No documented operation at {method} {}; see /reference or /openapi.json for the list.",
                route.path
            );
            return plain(404, &sentence);
        }
        let mut response = plain(405, &format!("{} accepts {}, not {method}.", route.path, allowed.join(", ")));
        if let Ok(value) = HeaderValue::from_str(&allowed.join(", ")) {
            response.headers_mut().insert(ALLOW, value);
        }
        response
    }

    /// The API reference. `authority`: the host and port that the client addressed.
    fn reference(&self, authority: &str) -> Response {
        let page = reference::page(&ReferencePlace {
            base_url: &format!("https://{authority}/pos/v10"),
            ca: "CA",
            openapi: OPENAPI,
            clients: self.clients(),
            version: None,
        });
        let mut response = response(200, Body::from(page));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        response
    }

    fn simulate(&self, act: &str, body: &[u8]) -> Response {
        let now = self.inner.clock.now();
        match Simulation::read(act, body).and_then(|simulation| self.backend().customer(&simulation, now)) {
            Ok(()) => response(200, Body::empty()),
            Err(sentence) => plain(400, &sentence),
        }
    }
}

/// The methods that a path accepts.
fn allowed(path: &str, simulation: bool) -> Vec<&'static str> {
    let fits = |method: &&str| {
        let here = !matches!(pos_v10().route(method, path).place, Place::Unknown | Place::Simulation);
        here || (simulation && *method == "POST") || ([OPENAPI, REFERENCE].contains(&path) && *method == "GET")
    };
    ["GET", "POST", "DELETE"].into_iter().filter(fits).collect()
}

/// Accepts the documented content types, and none at all, since real clients omit it.
fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
    let kind = value.split(';').next().unwrap_or_default().trim();
    let suffixed = kind.strip_prefix("application/").is_some_and(|sub| sub.len() > 5 && sub.ends_with("+json"));
    if suffixed || matches!(kind, "application/json" | "text/json" | "application/*+json" | "") {
        return Ok(());
    }
    Err(Refusal::Code(error::UNKNOWN, format!("the content type {kind:?} is not a JSON type")))
}

fn refused(refusal: &Refusal, operation: Option<Operation>) -> Response {
    if let Refusal::Unauthorized(why) = refusal {
        let mut response = response(401, Body::empty());
        let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{why}\"");
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        return response;
    }
    match refusal.body(operation, &uuid::Uuid::new_v4().to_string()) {
        Some(body) => json_response(refusal.status(), &body),
        None => response(refusal.status(), Body::empty()),
    }
}

/// The response to a body that is too long or incomplete. The rest is not read, so the connection closes.
fn unreadable(error: &axum::Error) -> Response {
    let too_long =
        std::error::Error::source(error).is_some_and(<dyn std::error::Error + 'static>::is::<LengthLimitError>);
    let mut response = if too_long {
        plain(413, &format!("The body is longer than {LONGEST_BODY} bytes."))
    } else {
        plain(400, &format!("The body cannot be read: {error}."))
    };
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// An error of the sandbox itself, without a code: a message for the reader of the response.
fn plain(status: u16, sentence: &str) -> Response {
    json_response(status, &json!({"message": sentence, "correlationId": uuid::Uuid::new_v4().to_string()}))
}

fn json_response(status: u16, body: &Value) -> Response {
    let mut response = response(status, Body::from(body.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn response(status: u16, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}
