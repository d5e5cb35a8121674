//! The headers, query and bodies of an exchange, kept for rules with raw access (`call.header('X-Trace-Id')`).

use crate::api::Route;
use crate::capture::content_encoding::content;
use crate::capture::record::{Body, Exchange, Header, NotShown, Seen, values};
use crate::capture::{har, redact};
use crate::rules::raw::{RawAccess, RawPart};
use crate::rules::{Uncertainty, Value};

const NOT_SHOWN: Value = Value::Unknown(Uncertainty::NotShown);

/// The parts of an exchange that expressions can name.
#[derive(Debug)]
pub(crate) struct RawExchange {
    request: RawMessage,
    /// `None` if the client received no response.
    response: Option<RawMessage>,
    query: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
struct RawMessage {
    headers: Vec<Header>,
    not_shown: NotShown,
    body: RawBody,
}

#[derive(Clone, Debug)]
enum RawBody {
    /// The capture does not show it.
    NotShown,
    /// It is empty, or not JSON.
    NotJson,
    Json(serde_json::Value),
}

impl RawExchange {
    pub(crate) fn of(exchange: &Exchange) -> RawExchange {
        let request = &exchange.request;
        let answer = exchange.answer.as_ref().filter(|_| exchange.status().is_some());
        RawExchange {
            request: message(&request.headers, &request.not_shown, &request.body),
            response: answer.map(|answer| message(&answer.headers, &answer.not_shown, &answer.body)),
            query: Route::of(&request.method, &request.target).query,
        }
    }

    /// The same, if the client did not receive the response.
    pub(crate) fn without_response(&self) -> RawExchange {
        RawExchange { request: self.request.clone(), response: None, query: self.query.clone() }
    }

    /// The value of a part; `null` if the exchange does not have it.
    pub(crate) fn value(&self, access: &RawAccess) -> Value {
        let message = if access.of_response { self.response.as_ref() } else { Some(&self.request) };
        let Some(message) = message else { return Value::Null };
        match &access.part {
            RawPart::Header(name) => match message.not_shown.header(name) {
                Seen::Whole => values(&message.headers, name).next().map_or(Value::Null, text),
                Seen::Form | Seen::Presence | Seen::Nothing => NOT_SHOWN,
            },
            RawPart::HeaderCount(name) => match message.not_shown.header(name) {
                Seen::Nothing => NOT_SHOWN,
                _ => Value::Int(values(&message.headers, name).count() as i64),
            },
            RawPart::Query(name) => {
                let mut named = self.query.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
                named.next().map_or(Value::Null, |(_, value)| text(value))
            }
            RawPart::Body(pointer) => match &message.body {
                RawBody::NotShown => NOT_SHOWN,
                RawBody::NotJson => Value::Null,
                RawBody::Json(body) => body.pointer(pointer).map_or(Value::Null, of_json),
            },
        }
    }
}

fn message(headers: &[Header], not_shown: &NotShown, body: &Body) -> RawMessage {
    let body = match content(body, headers) {
        None => RawBody::NotShown,
        Some(bytes) => serde_json::from_slice(&bytes).map_or(RawBody::NotJson, RawBody::Json),
    };
    RawMessage { headers: headers.to_vec(), not_shown: not_shown.clone(), body }
}

/// A redacted or masked text is not shown.
fn text(value: &str) -> Value {
    if redact::is_redacted(value) || har::masks::is_marked(value) {
        return NOT_SHOWN;
    }
    Value::Text(value.trim().to_owned())
}

fn of_json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) if redact::is_redacted(&number.to_string()) => NOT_SHOWN,
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => number.as_f64().map_or(NOT_SHOWN, Value::Number),
        },
        serde_json::Value::String(value) => match text(value) {
            Value::Text(_) => Value::Text(value.clone()),
            other => other,
        },
        serde_json::Value::Array(items) => {
            let items: Vec<Value> = items.iter().map(of_json).collect();
            if items.contains(&NOT_SHOWN) { NOT_SHOWN } else { Value::List(items) }
        }
        object @ serde_json::Value::Object(_) => Value::Text(object.to_string()),
    }
}
