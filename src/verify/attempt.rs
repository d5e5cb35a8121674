//! One request on the wire, read as a call of the API.
//!
//! Here an exchange's bytes become typed values: headers counted and checked, bodies parsed, the answer's fields
//! picked out. Nothing here looks at another exchange.

use super::bodies::{self, AnswerBody, RequestBody};
use crate::api::{Guid, Operation, Place, Route, header, id};
use crate::capture::record::{BodyRetention, EndedBy, Exchange, Header, Seen, values};
use percent_encoding::percent_decode_str;

/// A moment on a run's monotonic clock, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunTime {
    /// The run of the recorder; times of different runs cannot be compared.
    pub run: u32,
    /// Since its start.
    pub us: u64,
}

impl RunTime {
    /// Whole milliseconds from an earlier moment to this one, negative where this one is the earlier;
    /// `None` across a restart of the recorder.
    pub fn ms_since(self, earlier: RunTime) -> Option<i64> {
        let (now, then) = (i64::try_from(self.us).ok()?, i64::try_from(earlier.us).ok()?);
        (self.run == earlier.run).then(|| (now - then).div_euclid(1000))
    }
}

/// By how much an end may be later than it is taken for, in microseconds, and a gap after it still shows something.
const LATE_US: u64 = 50_000;
/// What of a request's head the capture does not show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MissingParts {
    /// How much is shown of `Authorization`.
    pub authorization: Seen,
    /// Of the version header.
    pub version: Seen,
    /// Of the VAT number header.
    pub vat: Seen,
    /// Of the client id header.
    pub client_id: Seen,
    /// Of the idempotency key.
    pub key: Seen,
    /// A part of the path is masked.
    pub path: bool,
    /// A value in the query is masked.
    pub query: bool,
}

/// A request on the wire and what became of it.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    /// The exchange's number.
    pub n: u64,
    /// The client's connection.
    pub connection: Option<u64>,
    /// When its head was complete.
    pub head: RunTime,
    /// When it was over, at the earliest that can be known.
    pub end: RunTime,
    /// By how much later it may have been over, in microseconds.
    pub end_late_us: u64,
    /// By how much earlier its head may have been complete, in microseconds.
    pub head_late_us: u64,
    /// The operation, where it is one.
    pub operation: Option<Operation>,
    /// Whether it goes to the token endpoint.
    pub is_token: bool,
    /// Whether it goes to the customer simulation.
    pub is_simulation: bool,
    /// The method.
    pub method: String,
    /// The path without the query, GUIDs in lower case.
    pub path: String,
    /// What follows the base in it; the whole path where it is no operation. The same call at another base is the same.
    pub resource: String,
    /// That and the query, GUIDs in lower case.
    pub target: String,
    /// Scheme, host and path up to `/v10`.
    pub base: String,
    /// Whether the id in the path is a GUID, or there is none.
    pub id_valid: bool,
    /// `HTTP/1.1`, ...; empty where it is not known.
    pub http_version: String,
    /// The TLS version; `None` where it is not known.
    pub tls: Option<String>,
    /// How a credential stands in the URL; empty where none does.
    pub url_credential: String,
    /// How many `Authorization` headers there are.
    pub authorization_count: i64,
    /// What stands for the bearer token, where exactly one is there.
    pub bearer: Option<String>,
    /// How many version headers there are.
    pub version_count: i64,
    /// The value of the first.
    pub version: String,
    /// How many VAT number headers there are.
    pub vat_count: i64,
    /// The value of the first.
    pub vat_header: String,
    /// The token's `merchant_vat` claim, if it is a JWT that has one.
    pub vat_claim: String,
    /// The values of all client id headers, in lower case.
    pub client_ids: Vec<String>,
    /// How many idempotency key headers there are.
    pub key_count: i64,
    /// The value of the first.
    pub key: String,
    /// What of its head is not shown.
    pub hides: MissingParts,
    /// Why the recorder refused it; empty where it did not.
    pub refused: String,
    /// The request's body.
    pub body: RequestBody,
    /// Whether the bytes of that are shown, documented or not.
    pub body_shown: bool,
    /// Operation and content of the request, for comparison: equal amounts and GUIDs are equal however written.
    pub content: [u8; 16],
    /// The status of the answer that reached the client whole.
    pub status: Option<u16>,
    /// How long the answer asks the client to wait, in ms (Retry-After, RFC 9110 section 10.2.3).
    pub retry_after_ms: Option<i64>,
    /// The answer's body.
    pub answer: AnswerBody,
    /// There is an answer that tells something by its body, and the capture does not show that.
    pub answer_hidden: bool,
    /// Whether the capture tells when it was over; else `end` is the earliest it can have been.
    pub timed: bool,
    /// Who ended it.
    pub ended_by: EndedBy,
    /// Query parameters, names in lower case, GUIDs in lower case.
    pub query: Vec<(String, String)>,
    /// Query parameters that are not documented.
    pub unknown_parameters: Vec<String>,
    /// The id in the path, canonical.
    pub path_id: Option<String>,
    /// The token endpoint's answer: what stands for the token, and for how many ms it is good.
    pub issued: Option<(String, i64)>,
    /// The `merchant_vat` that a token was asked for with.
    pub asked_vat: String,
    /// Whether an answer of the API can be expected to it at all: it is a call.
    pub is_call: bool,
}

impl Attempt {
    /// Reads an exchange.
    pub fn of(exchange: &Exchange) -> Attempt {
        let request = &exchange.request;
        let route = Route::of(&request.method, &request.target);
        let operation = route.operation();
        let (is_token, is_simulation) = (route.place == Place::Token, route.place == Place::Simulation);
        let bearers: Vec<&str> = values(&request.headers, header::AUTHORIZATION).collect();
        let bearer = match bearers[..] {
            [only] => header::bearer(only).map(str::to_owned),
            _ => None,
        };
        let claims = bearer.as_ref().and_then(|token| exchange.claims.get(token));
        let vat_claim = claims.and_then(|claims| claims.get("merchant_vat")).map_or(String::new(), bodies::as_text);
        let (path, target) = (canonical_path(&route.path), canonical_target(&request.target));
        let resource = operation.and_then(|_| route.path.strip_prefix(route.base.as_str())).map(canonical_path);
        let target = match (&resource, target.split_once('?')) {
            (Some(resource), query) => format!("{resource}?{}", query.map_or("", |(_, query)| query)),
            (None, _) => target,
        };
        let resource = resource.unwrap_or_else(|| path.clone());
        let body = operation.map_or_else(RequestBody::default, |op| bodies::request(op, exchange));
        let answered = exchange.answer.as_ref().filter(|_| exchange.status().is_some());
        let answer = answered.map_or_else(AnswerBody::default, |answer| bodies::answer(operation, answer));
        let hides = MissingParts {
            authorization: request.seen(header::AUTHORIZATION),
            version: request.seen(header::VERSION),
            vat: request.seen(header::VAT),
            client_id: request.seen(header::CLIENT_ID),
            key: request.seen(header::KEY),
            path: request.not_shown.path,
            query: request.not_shown.query,
        };
        let (issued, asked_vat) = if is_token { bodies::token(exchange) } else { (None, String::new()) };
        let known = operation.map_or(&[][..], Operation::parameters);
        let head = exchange.times.request_head;
        let latest = exchange.times.end.max(head);
        let earliest = latest.saturating_sub(exchange.end.late_us).max(head);
        Attempt {
            n: exchange.number,
            connection: exchange.connection,
            head: RunTime { run: exchange.run, us: exchange.times.request_head },
            end: RunTime { run: exchange.run, us: earliest },
            end_late_us: latest.saturating_sub(earliest),
            head_late_us: exchange.head_late_us,
            operation,
            is_token,
            is_simulation,
            method: request.method.clone(),
            content: bodies::fingerprint(&request.method, &resource, &body),
            path,
            resource,
            target,
            base: format!("{}://{}{}", request.scheme, request.authority.to_ascii_lowercase(), route.base),
            id_valid: route.id.as_deref().is_none_or(|id| Guid::parse(id).is_some()),
            http_version: request.version.clone(),
            tls: exchange.tls.clone(),
            url_credential: url_credential(&request.target, &route),
            authorization_count: bearers.len() as i64,
            bearer,
            version_count: count(exchange, header::VERSION),
            version: first(exchange, header::VERSION),
            vat_count: count(exchange, header::VAT),
            vat_header: first(exchange, header::VAT),
            vat_claim,
            client_ids: values(&exchange.request.headers, header::CLIENT_ID)
                .map(|id| id.trim().to_ascii_lowercase())
                .collect(),
            key_count: count(exchange, header::KEY),
            key: first(exchange, header::KEY),
            hides,
            body_shown: request.body.kept != BodyRetention::Unknown,
            refused: request.refused.clone().unwrap_or_default(),
            body,
            status: exchange.status(),
            retry_after_ms: answered.and_then(|answer| retry_after_ms(&answer.headers)),
            answer_hidden: answered.is_some_and(|answer| bodies::is_hidden(operation, is_token, answer)),
            timed: !exchange.end.untimed,
            answer,
            ended_by: exchange.end.by,
            unknown_parameters: route
                .query
                .iter()
                .filter(|(name, _)| operation.is_some() && !known.iter().any(|k| k.eq_ignore_ascii_case(name)))
                .map(|(name, _)| name.clone())
                .collect(),
            query: route.query.iter().map(|(n, v)| (n.to_ascii_lowercase(), id::canonical(v))).collect(),
            path_id: route.id.as_deref().filter(|_| !hides.path).map(id::canonical),
            issued,
            asked_vat,
            is_call: !is_token && !is_simulation,
        }
    }

    /// What stands for the bearer token, where the capture shows which it is.
    pub fn token(&self) -> Option<&str> {
        self.bearer.as_deref().filter(|_| self.shows_token())
    }

    /// Whether the capture shows which token it carries.
    pub fn shows_token(&self) -> bool {
        self.hides.authorization == Seen::Whole
    }

    /// Whether the capture does not show to which call it belongs: the key of a create, the id in a path, or what a
    /// look-up asks for is not shown.
    pub fn is_loose(&self) -> bool {
        let creates = self.operation.is_some_and(Operation::creates);
        self.hides.path || (creates && self.hides.key != Seen::Whole) || (self.hides.query && self.asks_by_query())
    }

    /// Whether it is a look-up that tells in its query what it asks for.
    pub fn asks_by_query(&self) -> bool {
        self.operation.is_some_and(|operation| !operation.parameters().is_empty())
    }

    /// Whether its operation has a body, and the capture does not show that.
    pub fn hides_body(&self) -> bool {
        self.operation.is_some() && !self.body.known
    }

    /// Whether the capture does not show something of its request that rules look at.
    pub fn hides_request(&self) -> bool {
        let creates = self.operation.is_some_and(Operation::creates);
        let hides = MissingParts { key: if creates { self.hides.key } else { Seen::Whole }, ..self.hides };
        self.hides_body() || (self.is_call && hides != MissingParts::default())
    }

    /// The response did not reach the client, which left at this moment (microseconds of the run).
    pub fn undelivered(&mut self, left_us: u64) {
        (self.status, self.answer, self.answer_hidden, self.issued) = (None, AnswerBody::default(), false, None);
        self.ended_by = EndedBy::Client;
        self.end.us = left_us.max(self.head.us);
        self.end_late_us = 0;
    }

    /// Whether it got no answer.
    pub fn no_answer(&self) -> bool {
        self.status.is_none()
    }

    /// Whether its outcome is not known, or the backend had a fault: no answer or 5xx.
    pub fn failed(&self) -> bool {
        self.status.is_none_or(|status| status >= 500)
    }

    /// The first client id; empty where there is none.
    pub fn client_id(&self) -> &str {
        self.client_ids.first().map_or("", String::as_str)
    }

    /// Whether it asks for the payments that are captured, and for no others.
    pub fn lists_captured(&self) -> bool {
        self.operation == Some(Operation::QueryPaymentIds) && self.parameter("state").eq_ignore_ascii_case("captured")
    }

    /// Whether it got no answer or 500.
    pub fn lost(&self) -> bool {
        self.status.is_none_or(|status| status == 500)
    }

    /// Whether it created something and the response, which is shown, names no id that can be read.
    pub fn is_unnamed(&self) -> bool {
        let creates = self.operation.is_some_and(Operation::creates);
        creates && self.succeeded() && !self.answer_hidden && self.answer.created.is_none()
    }

    /// Whether it succeeded.
    pub fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// How long it lasted at least, in whole ms.
    pub fn lasted_ms(&self) -> i64 {
        self.end.ms_since(self.head).unwrap_or(0)
    }

    /// How long it lasted at most: by that a time-out is told from a connection that was reset.
    pub fn lasted_at_most_ms(&self) -> i64 {
        let latest = RunTime { us: self.end.us.saturating_add(self.end_late_us), ..self.end };
        latest.ms_since(self.head).unwrap_or(0)
    }

    /// Whether the capture tells when it was over, as nearly as gaps are judged.
    pub fn is_timed(&self) -> bool {
        self.timed && self.end_late_us <= LATE_US
    }

    /// Whether it is one of these operations.
    pub fn is(&self, operations: &[Operation]) -> bool {
        self.operation.is_some_and(|op| operations.contains(&op))
    }

    /// The value of a query parameter, by its name in lower case; empty where it is not there.
    pub fn parameter(&self, name: &str) -> &str {
        self.query.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str())
    }
}

fn count(exchange: &Exchange, name: &str) -> i64 {
    values(&exchange.request.headers, name).count() as i64
}

fn first(exchange: &Exchange, name: &str) -> String {
    values(&exchange.request.headers, name).next().unwrap_or("").trim().to_owned()
}

/// Retry-After in ms: seconds, or a date, which is held against the answer's own Date.
fn retry_after_ms(headers: &[Header]) -> Option<i64> {
    let value = values(headers, "retry-after").next()?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(i64::from(seconds) * 1000);
    }
    let moment = |text: &str| jiff::fmt::rfc2822::parse(text.trim()).ok().map(|date| date.timestamp().as_millisecond());
    let (until, sent) = (moment(value)?, moment(values(headers, "date").next()?)?);
    Some(until.saturating_sub(sent).max(0))
}

/// A GUID is what it says, in capitals and percent-encoded too; anything else stays as it was sent.
fn canonical_path(path: &str) -> String {
    let one = |segment: &str| {
        let decoded = percent_decode_str(segment).decode_utf8_lossy();
        Guid::parse(&decoded).map_or_else(|| segment.to_owned(), |guid| guid.to_string())
    };
    path.split('/').map(one).collect::<Vec<_>>().join("/")
}

fn canonical_target(target: &str) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => format!("{name}={}", id::canonical(value)),
            None => pair.to_owned(),
        })
        .collect();
    format!("{}?{}", canonical_path(path), query.join("&"))
}

/// The recorder puts this where a secret stood.
const REDACTED: &str = "redacted-";

/// Says where a credential stands in the URL: redaction has replaced its value and left its name.
fn url_credential(target: &str, route: &Route) -> String {
    if let Some((name, _)) = route.query.iter().find(|(_, value)| value.contains(REDACTED)) {
        return format!("the query parameter `{name}`");
    }
    let authority = target.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?']).next().unwrap_or(""));
    if authority.contains('@') {
        return "the user information before the host".to_owned();
    }
    if target.contains(REDACTED) { "the path".to_owned() } else { String::new() }
}
