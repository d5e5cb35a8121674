//! The headers, query and bodies of an exchange, kept for rules with raw access (`call.header('X-Trace-Id')`).

use super::bodies::is_said_to_be_json;
use crate::api::json::Document;
use crate::capture::content_encoding::content;
use crate::capture::record::{Body, Exchange, Header, NotShown, Seen, values};
use crate::capture::{har, redact};
use crate::profile::Profile;
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
    pub(crate) fn of(exchange: &Exchange, profile: &Profile) -> RawExchange {
        let request = &exchange.request;
        let answer = exchange.answer.as_ref().filter(|_| exchange.status().is_some());
        RawExchange {
            request: message(&request.headers, &request.not_shown, &request.body),
            response: answer.map(|answer| message(&answer.headers, &answer.not_shown, &answer.body)),
            query: profile.route(&request.method, &request.target).query,
        }
    }

    /// The same, if the client did not receive the response.
    pub(crate) fn without_response(&self) -> RawExchange {
        RawExchange { request: self.request.clone(), response: None, query: self.query.clone() }
    }

    /// The value at a JSON pointer in the request body: `Err` if the capture does not show it, `None` if there is none.
    pub(crate) fn request_json(&self, pointer: &str) -> Result<Option<&serde_json::Value>, ()> {
        self.request.json(pointer)
    }

    /// The values of a query parameter, by its name in lower case: `Err` if the capture does not show them all.
    pub(crate) fn request_query(&self, name: &str) -> Result<Vec<&str>, ()> {
        let named = self.query.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let values: Vec<&str> = named.map(|(_, value)| value.as_str()).collect();
        let is_shown = !self.request.not_shown.query && !values.iter().any(|value| is_hidden(value));
        if is_shown { Ok(values) } else { Err(()) }
    }

    /// The value of a part; `null` if the exchange does not have it.
    pub(crate) fn value(&self, access: &RawAccess) -> Value {
        let message = if access.of_response { self.response.as_ref() } else { Some(&self.request) };
        let Some(message) = message else { return Value::Null };
        match &access.part {
            RawPart::Header(name) => match message.not_shown.header(name) {
                Seen::Whole => values(&message.headers, name).next().map_or(Value::Null, |value| text(value.trim())),
                Seen::Form | Seen::Presence | Seen::Nothing => NOT_SHOWN,
            },
            RawPart::HeaderCount(name) => match message.not_shown.header(name) {
                Seen::Nothing => NOT_SHOWN,
                _ => Value::Number(values(&message.headers, name).count() as f64),
            },
            RawPart::Query(name) => {
                let mut named = self.query.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
                let absent = if message.not_shown.query { NOT_SHOWN } else { Value::Null };
                named.next().map_or(absent, |(_, value)| text(value))
            }
            RawPart::Body(pointer) => match message.json(pointer) {
                Err(()) => NOT_SHOWN,
                Ok(value) => value.map_or(Value::Null, of_json),
            },
        }
    }
}

impl RawMessage {
    /// The value at a JSON pointer in the body: `Err` if the capture does not show it, `None` if there is none.
    fn json(&self, pointer: &str) -> Result<Option<&serde_json::Value>, ()> {
        match &self.body {
            RawBody::NotShown => Err(()),
            RawBody::NotJson => Ok(None),
            RawBody::Json(body) => match body.pointer(pointer) {
                None if absent(body, pointer) == NOT_SHOWN => Err(()),
                Some(value) if of_json(value) == NOT_SHOWN => Err(()),
                value => Ok(value),
            },
        }
    }
}

fn message(headers: &[Header], not_shown: &NotShown, body: &Body) -> RawMessage {
    let body = content(body, headers).map_or(RawBody::NotShown, |bytes| parsed(&bytes, headers));
    RawMessage { headers: headers.to_vec(), not_shown: not_shown.clone(), body }
}

/// A body that is said to be JSON, or begins like it, but cannot be read (truncated, nested too deeply, in UTF-16, with a
/// comment, with a duplicate name whose value depends on the parser) is not shown: a client could hide in it what a rule
/// looks for.
fn parsed(bytes: &[u8], headers: &[Header]) -> RawBody {
    match Document::read(bytes) {
        Ok(document) if document.repeated.is_empty() => RawBody::Json(document.value),
        Ok(_) => RawBody::NotShown,
        Err(_) if is_said_to_be_json(bytes, headers) => RawBody::NotShown,
        Err(_) => RawBody::NotJson,
    }
}

/// The value at a pointer to nothing: not shown if something on the way to it is redacted or masked.
fn absent(body: &serde_json::Value, pointer: &str) -> Value {
    let mut here = body;
    for step in pointer.split('/').skip(1) {
        let next = match here {
            serde_json::Value::Object(object) => object.get(&step.replace("~1", "/").replace("~0", "~")),
            serde_json::Value::Array(items) => step.parse::<usize>().ok().and_then(|at| items.get(at)),
            _ => None,
        };
        match next {
            Some(next) => here = next,
            None => break,
        }
    }
    let is_hidden = match here {
        serde_json::Value::Object(object) => object.keys().any(|name| is_hidden(name)),
        serde_json::Value::Array(items) => items.iter().any(|item| of_json(item) == NOT_SHOWN),
        other => of_json(other) == NOT_SHOWN,
    };
    if is_hidden { NOT_SHOWN } else { Value::Null }
}

fn is_hidden(text: &str) -> bool {
    redact::is_redacted(text) || har::masks::is_marked(text)
}

/// A redacted or masked text is not shown.
fn text(value: &str) -> Value {
    if is_hidden(value) { NOT_SHOWN } else { Value::Text(value.to_owned()) }
}

/// Whole numbers up to this are exact as a double.
const EXACT: u64 = 1 << 53;

/// Numbers are doubles, whether written `600` or `600.5`, so that arithmetic with them does not depend on the client's
/// notation; only those that a double cannot represent stay whole.
fn of_json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) if redact::is_redacted(&number.to_string()) => NOT_SHOWN,
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) if whole.unsigned_abs() > EXACT => Value::Int(whole),
            _ => number.as_f64().map_or(NOT_SHOWN, Value::Number),
        },
        serde_json::Value::String(value) => text(value),
        serde_json::Value::Array(items) => {
            let items: Vec<Value> = items.iter().map(of_json).collect();
            if items.contains(&NOT_SHOWN) { NOT_SHOWN } else { Value::List(items) }
        }
        serde_json::Value::Object(object) => {
            let is_whole = object.iter().all(|(name, value)| !is_hidden(name) && of_json(value) != NOT_SHOWN);
            if is_whole { Value::Text(value.to_string()) } else { NOT_SHOWN }
        }
    }
}
