//! One attempt of a call: an exchange, parsed as a request and a response of the API.
//!
//! Headers are counted, bodies are parsed, and the fields of the response are extracted. No other exchange is involved.

use super::bodies::{self, AnswerBody, RequestBody};
use super::raw_exchange::RawExchange;
use super::request_target::{canonical_path, canonical_target, url_credential};
use crate::api::{Guid, header, id};
use crate::capture::record::{BodyRetention, EndedBy, Exchange, Header, Seen, values};
use crate::profile::{IdForm, Operation, Place, Profile};
use std::sync::Arc;

/// A time on the monotonic clock of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RunTime {
    /// The number of the recorder's run; times of different runs cannot be compared.
    pub run: u32,
    /// Microseconds since its start.
    pub us: u64,
}

impl RunTime {
    /// Whole milliseconds from an earlier time to this one; negative if this one is earlier; `None` for different runs.
    pub(crate) fn ms_since(self, earlier: RunTime) -> Option<i64> {
        let (now, then) = (i64::try_from(self.us).ok()?, i64::try_from(earlier.us).ok()?);
        (self.run == earlier.run).then(|| (now - then).div_euclid(1000))
    }
}

/// The maximum uncertainty of an end, in microseconds, with which a gap after it can still be measured.
const LATE_US: u64 = 50_000;
/// The parts of a request head that the capture does not show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MissingParts {
    /// How much of `Authorization` is shown.
    pub authorization: Seen,
    /// How much of the version header is shown.
    pub version: Seen,
    /// How much of the VAT number header is shown.
    pub vat: Seen,
    /// How much of the client id header is shown.
    pub client_id: Seen,
    /// How much of the idempotency key is shown.
    pub key: Seen,
    /// Whether a part of the path is masked.
    pub path: bool,
    /// Whether a value in the query is masked.
    pub query: bool,
}

/// A request and its outcome.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempt {
    /// The exchange's number.
    pub n: u64,
    /// The number of the client's connection.
    pub connection: Option<u64>,
    /// When the request head was complete.
    pub head: RunTime,
    /// The earliest time at which the exchange can have ended.
    pub end: RunTime,
    /// How much later the exchange may have ended, in microseconds.
    pub end_late_us: u64,
    /// How much earlier the request head may have been complete, in microseconds.
    pub head_late_us: u64,
    /// The documented operation; `None` for any other request.
    pub operation: Option<Operation>,
    /// Whether it is a request to the token endpoint.
    pub is_token: bool,
    /// Whether it is a request to the customer simulation.
    pub is_simulation: bool,
    pub method: String,
    /// The path without the query, GUIDs in lower case.
    pub path: String,
    /// The path without the base; the whole path if there is no operation. It identifies the call at any base.
    pub resource: String,
    /// The resource and the query, GUIDs in lower case.
    pub target: String,
    /// Scheme, host and path up to `/v10`.
    pub base: String,
    /// Whether the id in the path is a GUID, or there is none.
    pub id_valid: bool,
    /// `HTTP/1.1`, ...; empty if it is not known.
    pub http_version: String,
    /// The TLS version; `None` if it is not known.
    pub tls: Option<String>,
    /// Where the URL has a credential; empty if it has none.
    pub url_credential: String,
    /// The number of `Authorization` headers.
    pub authorization_count: i64,
    /// The replacement of the bearer token, if there is exactly one.
    pub bearer: Option<String>,
    /// The number of version headers.
    pub version_count: i64,
    /// The value of the first one.
    pub version: String,
    /// The number of VAT number headers.
    pub vat_count: i64,
    /// The value of the first one.
    pub vat_header: String,
    /// The token's `merchant_vat` claim, if it is a JWT that has one.
    pub vat_claim: String,
    /// The values of all client id headers, in lower case.
    pub client_ids: Vec<String>,
    /// The number of idempotency key headers.
    pub key_count: i64,
    /// The value of the first one.
    pub key: String,
    /// The parts of the request head that are not shown.
    pub hides: MissingParts,
    /// Why the recorder refused it; empty if it did not.
    pub refused: String,
    pub body: RequestBody,
    /// Whether the bytes of the request body are shown, documented or not.
    pub body_shown: bool,
    /// A fingerprint of operation and content that does not depend on how amounts and GUIDs are written.
    pub content: [u8; 16],
    /// The status of the response, if the client received it completely.
    pub status: Option<u16>,
    /// The wait that the response asks for, in ms (Retry-After, RFC 9110 section 10.2.3).
    pub retry_after_ms: Option<i64>,
    /// The response body.
    pub answer: AnswerBody,
    /// Whether the response body is relevant and the capture does not show it.
    pub answer_hidden: bool,
    /// Whether the capture shows when the exchange ended; otherwise `end` is the earliest possible time.
    pub timed: bool,
    /// Who ended it.
    pub ended_by: EndedBy,
    /// Query parameters, with names and GUIDs in lower case.
    pub query: Vec<(String, String)>,
    /// The names of undocumented query parameters.
    pub unknown_parameters: Vec<String>,
    /// The ids in the path, in canonical form; empty if they are hidden.
    pub path_ids: Vec<String>,
    /// From a response of the token endpoint: the replacement of the token, and its lifetime in ms.
    pub issued: Option<(String, i64)>,
    /// The `merchant_vat` of a token request.
    pub asked_vat: String,
    /// Whether it is a call of the API, and not a token request or a call of the customer simulation.
    pub is_call: bool,
    /// The exchange itself, if the rules have raw access.
    pub raw: Option<Arc<RawExchange>>,
}

impl Attempt {
    /// The attempt that an exchange of this API shows.
    pub(crate) fn of(exchange: &Exchange, profile: &Profile) -> Attempt {
        let request = &exchange.request;
        let route = profile.route(&request.method, &request.target);
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
        let body = operation.map_or_else(RequestBody::default, |op| bodies::request(op, exchange, profile));
        let answered = exchange.answer.as_ref().filter(|_| exchange.status().is_some());
        let (answer, answer_hidden) =
            answered.map_or_else(Default::default, |answer| bodies::answer(operation, is_token, answer, profile));
        let seen = |name: &str| if name.is_empty() { Seen::Whole } else { request.seen(name) };
        let hides = MissingParts {
            authorization: request.seen(header::AUTHORIZATION),
            version: seen(&profile.headers.version),
            vat: request.seen(header::VAT),
            client_id: seen(&profile.headers.client_id),
            key: seen(&profile.headers.key),
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
            id_valid: profile.ids == IdForm::Any || route.ids.iter().all(|id| Guid::parse(id).is_some()),
            http_version: request.version.clone(),
            tls: exchange.tls.clone(),
            url_credential: url_credential(&request.target, &route),
            authorization_count: bearers.len() as i64,
            bearer,
            version_count: count(exchange, &profile.headers.version),
            version: first(exchange, &profile.headers.version),
            vat_count: count(exchange, header::VAT),
            vat_header: first(exchange, header::VAT),
            vat_claim,
            client_ids: values(&exchange.request.headers, &profile.headers.client_id)
                .map(|id| id.trim().to_ascii_lowercase())
                .collect(),
            key_count: count(exchange, &profile.headers.key),
            key: first(exchange, &profile.headers.key),
            hides,
            body_shown: request.body.kept != BodyRetention::Unknown,
            refused: request.refused.clone().unwrap_or_default(),
            body,
            status: exchange.status(),
            retry_after_ms: answered.and_then(|answer| retry_after_ms(&answer.headers)),
            answer_hidden,
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
            path_ids: route.ids.iter().filter(|_| !hides.path).map(|id| id::canonical(id)).collect(),
            issued,
            asked_vat,
            is_call: !is_token && !is_simulation,
            raw: None,
        }
    }

    /// The attempt that an exchange shows, with what rules with raw access need.
    pub(crate) fn with_raw(exchange: &Exchange, profile: &Profile) -> Attempt {
        Attempt { raw: Some(Arc::new(RawExchange::of(exchange, profile))), ..Attempt::of(exchange, profile) }
    }

    /// The replacement of the bearer token, if the capture shows which token it is.
    pub(crate) fn token(&self) -> Option<&str> {
        self.bearer.as_deref().filter(|_| self.shows_token())
    }

    /// Whether the capture shows which token it uses.
    pub(crate) fn shows_token(&self) -> bool {
        self.hides.authorization == Seen::Whole
    }

    /// Whether the capture does not show which call it belongs to, because the key of a create, the id in the path, or
    /// the filter of a look-up is hidden.
    pub(crate) fn is_loose(&self) -> bool {
        let creates = self.operation.is_some_and(Operation::creates);
        self.hides.path || (creates && self.hides.key != Seen::Whole) || (self.hides.query && self.asks_by_query())
    }

    /// Whether it is a look-up whose response has a readable list, or may have one that the capture does not show.
    pub(crate) fn is_answered_by_list(&self) -> bool {
        self.succeeded() && (self.answer.lists || self.answer_hidden)
    }

    /// Whether it is a look-up whose query says what it asks for.
    pub(crate) fn asks_by_query(&self) -> bool {
        self.operation.is_some_and(|operation| !operation.parameters().is_empty())
    }

    /// Whether its operation has a body that the capture does not show.
    pub(crate) fn hides_body(&self) -> bool {
        self.operation.is_some() && !self.body.known
    }

    /// Whether the capture hides a part of the request that rules use.
    pub(crate) fn hides_request(&self) -> bool {
        let creates = self.operation.is_some_and(Operation::creates);
        let hides = MissingParts { key: if creates { self.hides.key } else { Seen::Whole }, ..self.hides };
        self.hides_body() || (self.is_call && hides != MissingParts::default())
    }

    /// Marks the response as not delivered: the client disconnected at this time (microseconds of the run).
    pub(crate) fn undelivered(&mut self, left_us: u64) {
        (self.status, self.answer, self.answer_hidden, self.issued) = (None, AnswerBody::default(), false, None);
        self.raw = self.raw.take().map(|raw| Arc::new(raw.without_response()));
        self.ended_by = EndedBy::Client;
        self.end.us = left_us.max(self.head.us);
        self.end_late_us = 0;
    }

    /// Whether it got no response.
    pub(crate) fn no_answer(&self) -> bool {
        self.status.is_none()
    }

    /// Whether it failed: no response, or status 5xx.
    pub(crate) fn failed(&self) -> bool {
        self.status.is_none_or(|status| status >= 500)
    }

    /// The first client id; empty if there is none.
    pub(crate) fn client_id(&self) -> &str {
        self.client_ids.first().map_or("", String::as_str)
    }

    /// Whether it is a look-up of captured payments only.
    pub(crate) fn lists_captured(&self) -> bool {
        self.operation == Some(Operation::QUERY_PAYMENT_IDS) && self.parameter("state").eq_ignore_ascii_case("captured")
    }

    /// Whether it got no response or status 500.
    pub(crate) fn lost(&self) -> bool {
        self.status.is_none_or(|status| status == 500)
    }

    /// Whether it created something, and the response is shown but has no readable id.
    pub(crate) fn is_unnamed(&self) -> bool {
        let creates = self.operation.is_some_and(Operation::creates);
        creates && self.succeeded() && !self.answer_hidden && self.answer.created.is_none()
    }

    /// Whether it got status 2xx.
    pub(crate) fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Its minimum duration in whole ms.
    pub(crate) fn lasted_ms(&self) -> i64 {
        self.end.ms_since(self.head).unwrap_or(0)
    }

    /// Its maximum duration in whole ms; this distinguishes a timeout from a connection reset.
    pub(crate) fn lasted_at_most_ms(&self) -> i64 {
        let latest = RunTime { us: self.end.us.saturating_add(self.end_late_us), ..self.end };
        latest.ms_since(self.head).unwrap_or(0)
    }

    /// Whether its end is known precisely enough to measure the gap after it.
    pub(crate) fn is_timed(&self) -> bool {
        self.timed && self.end_late_us <= LATE_US
    }

    /// The last id in the path, which is that of the resource itself.
    pub(crate) fn path_id(&self) -> Option<&str> {
        self.path_ids.last().map(String::as_str)
    }

    /// Whether it is one of these operations.
    pub(crate) fn is(&self, operations: &[Operation]) -> bool {
        self.operation.is_some_and(|op| operations.contains(&op))
    }

    /// The value of a query parameter, by its name in lower case; empty if it is absent.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str())
    }
}

fn count(exchange: &Exchange, name: &str) -> i64 {
    values(&exchange.request.headers, name).count() as i64
}

fn first(exchange: &Exchange, name: &str) -> String {
    values(&exchange.request.headers, name).next().unwrap_or("").trim().to_owned()
}

/// Retry-After in ms: seconds, or a date that is compared with the response's own Date.
fn retry_after_ms(headers: &[Header]) -> Option<i64> {
    let value = values(headers, "retry-after").next()?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(i64::from(seconds) * 1000);
    }
    let moment = |text: &str| jiff::fmt::rfc2822::parse(text.trim()).ok().map(|date| date.timestamp().as_millisecond());
    let (until, sent) = (moment(value)?, moment(values(headers, "date").next()?)?);
    Some(until.saturating_sub(sent).max(0))
}
