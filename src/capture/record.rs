//! Records of a capture: runs, connections, exchanges and other events, in the order in which they became durable.
//!
//! A record says what crossed the wire and when, with secrets replaced. It does not say what that means. Records are
//! MessagePack maps keyed by field name, so a later version can add fields and still read these.
//!
//! Times are in microseconds: `wall_us` since the Unix epoch by the wall clock, all others since the start of the
//! recorder's run by a monotonic clock. Header texts are Latin-1, one character per byte, so no byte is lost.

pub use super::not_shown::{NotShown, Seen};
use crate::api::Fault;
use crate::profile::ProfileId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the record format. A newer reader reads this version; an older reader refuses newer versions.
pub const FORMAT: u32 = 1;

/// One record of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// The recorder started.
    RunStart(RunStart),
    /// The recorder shut down cleanly. A run without this record was interrupted.
    RunStop(RunStop),
    /// The client and the features being certified; the last such record applies.
    Session(Session),
    /// A new certification attempt begins; earlier records no longer count.
    Attempt(AttemptStart),
    /// An event of a connection below HTTP.
    Connection(Connection),
    /// A request and its outcome.
    Exchange(Box<Exchange>),
    /// The guided certification stopped waiting for a step that the client did not complete.
    #[serde(rename = "wait-over")]
    StepTimeout(StepTimeout),
    /// A check-in notification was sent to the client's callback.
    Notification(Notification),
}

/// The start of a run of the recorder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunStart {
    /// The number of the run, from 1 in each capture.
    pub run: u32,
    /// Wall clock at the start.
    pub wall_us: i64,
    /// The version of poscert that recorded it.
    pub engine: String,
    /// The upstream URL.
    pub upstream: String,
    /// Durability of acknowledged exchanges: `process`, `power` or `off`.
    pub durability: String,
    /// The first exchange number of this run.
    pub first_number: u64,
    /// The auditor's challenge; proves that the run is not older than the challenge.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub challenge: String,
    /// The previous run was interrupted and the `numbers` file is missing or damaged. Which exchanges were in
    /// progress then is unknown, and the first number is above all that can have been allocated.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub loss_unknown: bool,
    /// Identifies the key under which this run's secrets were replaced; empty in captures recorded before this field
    /// existed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key_check: String,
    /// The profile of the recorded API; `None` in captures recorded before this field existed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_profile: Option<ProfileId>,
}

/// The clean end of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunStop {
    /// The run that ended.
    pub run: u32,
    /// Since the run's start.
    pub at_us: u64,
    /// The next exchange number; all numbers below it are in the capture or lost.
    pub next_number: u64,
}

/// Identification of the client and selection of features.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// The integrator that makes the client.
    pub integrator_id: Option<String>,
    /// The client id being certified.
    pub client_id: Option<String>,
    /// `Major.Minor.Build` being certified.
    pub client_version: Option<String>,
    /// The client's name.
    pub system_name: Option<String>,
    /// Ids of the selected features; empty means all.
    pub features: Vec<String>,
    /// The client's id in production, if it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub production_client_id: Option<String>,
    /// The merchant's VAT number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant_vat: Option<String>,
    /// The callback alias of the client's points of sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_alias: Option<String>,
    /// The client's callback URL for check-in notifications; missing if the URL may contain a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
}

/// The start of a new certification attempt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AttemptStart {
    /// The number of the attempt, from 1; the first attempt has no record.
    pub number: u32,
    /// Exchange numbers below this one belong to earlier attempts.
    pub first_number: u64,
    /// The verdict so far of the attempt that ends here.
    pub ended_as: String,
}

/// An event of a connection below HTTP (RFC 9112 section 9).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// The run it belongs to.
    pub run: u32,
    /// The connection's number in its run; 0 if the event is not about a single connection.
    pub connection: u64,
    /// Wall clock.
    pub wall_us: i64,
    /// Since the run's start.
    pub at_us: u64,
    /// What happened: `accepted`, `tls-failed`, `tls-too-old`, `certificate-refused`, `connect-refused`,
    /// `not-tls`, `closed`, `full`.
    pub event: String,
    /// `TLSv1.2`, `TLSv1.3`, or an older version if the client offered nothing newer; empty without TLS.
    pub tls: String,
    /// In a sentence.
    pub detail: String,
    /// The exchange whose response was not completely delivered although its record says so: the client disconnected
    /// after the record was made and before the response was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undelivered: Option<u64>,
}

/// How a client uses the recorder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// With the recorder as its base URL.
    #[default]
    Base,
    /// With the recorder as its HTTPS proxy.
    Connect,
}

/// Who sent the response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnsweredBy {
    /// Nobody: the client received no response.
    #[default]
    Nobody,
    /// The backend.
    Backend,
    /// The recorder itself: an injected fault, a refusal, 502 or 504.
    Recorder,
}

/// One request and its outcome.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Exchange {
    /// The exchange number, from 1, in the order in which request heads were complete.
    pub number: u64,
    /// The run it belongs to (0 in a HAR).
    pub run: u32,
    /// The client's connection, numbered in its run; `None` if unknown.
    pub connection: Option<u64>,
    /// How the client reached the recorder.
    pub way: Way,
    /// `TLSv1.3`, ...; `None` if unknown; empty without TLS.
    pub tls: Option<String>,
    /// Wall clock when the request head was complete.
    pub wall_us: i64,
    /// The request as received.
    pub request: Request,
    /// The response as sent to the client, possibly incomplete.
    pub answer: Option<Answer>,
    /// Statuses of 1xx responses from the backend; they are not forwarded.
    pub informational: Vec<u16>,
    /// Timestamps.
    pub times: Times,
    /// Upper bound of the delay, in microseconds, between the complete request head and `times.request_head`.
    #[serde(skip_serializing_if = "is_zero")]
    pub head_late_us: u64,
    /// How it ended.
    pub end: End,
    /// The injected fault.
    pub fault: Option<Fault>,
    /// Who sent the response.
    pub answered_by: AnsweredBy,
    /// Where the recorder's forwarding differs from what it received, one sentence each.
    pub notes: Vec<String>,
    /// The claims of each JWT in it, keyed by the token's replacement.
    #[serde(with = "super::jwt_claims::plain")]
    pub claims: BTreeMap<String, serde_json::Map<String, serde_json::Value>>,
}

/// A header field: the name as sent, the value without surrounding white space.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// In the letter case as sent.
    pub name: String,
    /// Latin-1.
    pub value: String,
}

/// The request as received.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Request {
    /// `HTTP/1.1`, `HTTP/1.0`, ...; empty if unknown.
    pub version: String,
    /// The method.
    pub method: String,
    /// The target of the request line, with secrets replaced.
    pub target: String,
    /// `https` or `http`.
    pub scheme: String,
    /// The host that the client addressed: from `Host` or CONNECT, with the port unless it is the scheme's default.
    pub authority: String,
    /// In the order sent.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Body,
    /// Trailers of a chunked body.
    pub trailers: Vec<Header>,
    /// Why the recorder rejected it instead of forwarding it.
    pub refused: Option<String>,
    /// Which parts of its head a HAR file does not show.
    #[serde(skip_serializing_if = "NotShown::is_empty")]
    pub not_shown: NotShown,
}

impl Request {
    /// How much is shown of the header with this name (in lower case).
    pub fn seen(&self, name: &str) -> Seen {
        self.not_shown.header(name)
    }
}

/// The response as sent to the client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// `HTTP/1.1`, ...
    pub version: String,
    /// The status code.
    pub status: u16,
    /// The reason phrase.
    pub reason: String,
    /// In the order sent.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Body,
    /// Trailers of a chunked body.
    pub trailers: Vec<Header>,
    /// Which headers a HAR file does not show.
    #[serde(skip_serializing_if = "NotShown::is_empty")]
    pub not_shown: NotShown,
}

/// How much of a body is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BodyRetention {
    /// All of it.
    #[default]
    Whole,
    /// Its first bytes.
    Prefix,
    /// Length and keyed digest only: it may contain a secret and could not be parsed, or bodies were stripped.
    Digest,
    /// Nothing is known about it (a HAR file without the text).
    Unknown,
}

/// A body: its bytes in the content coding as sent, with secrets replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Body {
    /// The stored bytes, without transfer coding. If a secret in a compressed body had to be replaced, these are the
    /// decoded bytes (see `decoded`).
    #[serde(with = "bytes_as_bin")]
    pub bytes: Vec<u8>,
    /// Number of bytes sent, without transfer coding.
    pub length: u64,
    /// Keyed digest of the raw bytes, in hex; empty for an empty body.
    pub digest: String,
    /// How much of the body is in `bytes`.
    pub kept: BodyRetention,
    /// Whether `bytes` are decoded although the headers name a content coding.
    pub decoded: bool,
}

/// Timestamps in microseconds since the run's start; `None` if the event did not happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Times {
    /// The connection was accepted.
    pub accepted: Option<u64>,
    /// The TLS handshake with the client was complete.
    pub tls_done: Option<u64>,
    /// The request head was complete.
    pub request_head: u64,
    /// The request body was complete.
    pub request_end: Option<u64>,
    /// The connection to the backend was established.
    pub backend_connected: Option<u64>,
    /// The request had been sent to the backend.
    pub request_out: Option<u64>,
    /// The backend's response head was complete.
    pub answer_head_in: Option<u64>,
    /// The backend's response was complete.
    pub answer_end_in: Option<u64>,
    /// The response head was sent to the client.
    pub answer_head_out: Option<u64>,
    /// The last byte of the response was sent to the client.
    pub answer_end_out: Option<u64>,
    /// The exchange ended for the client: complete, aborted, or disconnected; the backend's response may come later.
    pub end: u64,
}

/// Who ended an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndedBy {
    /// Nobody: it is complete.
    #[default]
    Complete,
    /// The client disconnected.
    Client,
    /// The backend refused, reset, closed early or timed out.
    Backend,
    /// The recorder: a rejection, the end of a withheld response's 30 s, or a shutdown.
    Recorder,
    /// Unknown: a HAR file does not say.
    Unknown,
}

/// How far an exchange had got when it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// While the client sent its request.
    Request,
    /// While it waited for a response.
    Waiting,
    /// While it received the response.
    Answer,
    /// After the complete response.
    #[default]
    Done,
}

/// How an exchange ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct End {
    /// Who ended it.
    pub by: EndedBy,
    /// How far the exchange had got.
    pub stage: Stage,
    /// The reason in one sentence; empty if the exchange is complete.
    pub detail: String,
    /// Bytes of the response sent to the client, including head and framing.
    pub bytes_out: u64,
    /// The end time is unknown (not in the HAR file): `times.end` is its lower bound.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub untimed: bool,
    /// Upper bound of the delay, in microseconds, between the end and `times.end`: a disconnect is noticed when the
    /// recorder next polls the connection.
    #[serde(skip_serializing_if = "is_zero")]
    pub late_us: u64,
}

/// The guided certification stopped waiting for a step that the client did not complete.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepTimeout {
    /// The case.
    pub case: String,
    /// The step, from 1.
    pub step: u32,
    /// How long the wait lasted, in ms.
    pub waited_ms: u64,
    /// The last exchange number at that time.
    pub after_number: u64,
    /// Number of calls that arrived while the step was due; `None` if not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// Number of these that were calls of the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_calls: Option<u64>,
    /// Why the wait ended; `None` if not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<StepTimeoutReason>,
}

/// Why the guided certification stopped waiting for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepTimeoutReason {
    /// The timeout expired.
    TimedOut,
    /// The operator skipped it.
    Skipped,
    /// A call came that contradicts the step.
    Contradicted,
    /// A reason defined by a later version.
    #[serde(other)]
    Other,
}

/// A check-in notification that was sent to the client's callback (notification_service).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// Wall clock at the first delivery attempt.
    pub wall_us: i64,
    /// The status of each delivery attempt; 0 if there was no response.
    pub statuses: Vec<u16>,
    /// The last exchange number at that time.
    pub after_number: u64,
}

impl Exchange {
    /// The status of a completely delivered response; `None` without a response, or if it is incomplete.
    pub fn status(&self) -> Option<u16> {
        let whole = self.end.stage == Stage::Done;
        self.answer.as_ref().filter(|_| whole).map(|answer| answer.status)
    }

    /// Time from the complete request head to the end, in microseconds.
    pub fn duration_us(&self) -> u64 {
        self.times.end.saturating_sub(self.times.request_head)
    }
}

impl Request {
    /// All values of the header with this name, in any letter case.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        values(&self.headers, name)
    }
}

impl Answer {
    /// All values of the header with this name, in any letter case.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        values(&self.headers, name)
    }
}

/// All values of the header with this name, in any letter case.
pub fn values<'a>(headers: &'a [Header], name: &'a str) -> impl Iterator<Item = &'a str> {
    headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.as_str())
}

/// Whether serialization may omit a number.
pub fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Bytes as MessagePack `bin`; serde serializes a plain `Vec<u8>` as an array.
mod bytes_as_bin {
    use serde::{Deserializer, Serializer, de::Visitor};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
                Ok(bytes)
            }
        }
        deserializer.deserialize_byte_buf(Bytes)
    }
}
