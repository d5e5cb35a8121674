//! What a capture holds: records of runs, connections, exchanges and gaps, in the order in which they became durable.
//!
//! A record says what crossed the wire and when, with secrets replaced, and not what it meant. Records are
//! MessagePack maps (by field name), so that a later version can add fields and still read these.
//!
//! Times are microseconds: `wall_us` since the Unix epoch by the wall clock, all others since the start of the
//! recorder's run by a monotonic clock. Texts of heads are Latin-1: one character a byte, so nothing is lost.

pub use super::not_shown::{NotShown, Seen};
use crate::api::Fault;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of this format. A reader of a newer version reads these; an older one refuses newer ones.
pub const FORMAT: u32 = 1;

/// One record of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// The recorder started.
    RunStart(RunStart),
    /// The recorder stopped in good order; a run without this record was cut off.
    RunStop(RunStop),
    /// Who is being certified for what; the last one counts.
    Session(Session),
    /// A new attempt begins: what was before no longer counts.
    Attempt(Attempt),
    /// Something happened to a connection below HTTP.
    Connection(Connection),
    /// A request and what became of it.
    Exchange(Box<Exchange>),
    /// The guided certification waited for a step in vain.
    StepTimeout(StepTimeout),
    /// A check-in notification was sent to the client's callback.
    Notification(Notification),
}

/// The start of a run of the recorder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunStart {
    /// Counted from 1 in this capture.
    pub run: u32,
    /// Wall clock at the start.
    pub wall_us: i64,
    /// The version of the engine that records.
    pub engine: String,
    /// Where calls are forwarded to.
    pub upstream: String,
    /// What an acknowledged exchange survives: `process`, `power` or `off`.
    pub durability: String,
    /// The first exchange number of this run.
    pub first_number: u64,
    /// What an auditor gave the recorder to say, so that this run cannot be older than those words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub challenge: String,
    /// The run before was cut off and the note of the numbers is gone: which exchanges were under way then is not known,
    /// and the first number lies above all that can have been taken.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub loss_unknown: bool,
    /// By which the key is known again under which this run's secrets were replaced; empty in what was recorded before
    /// there was such a field.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key_check: String,
}

/// The clean end of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunStop {
    /// The run that ended.
    pub run: u32,
    /// Since the run's start.
    pub at_us: u64,
    /// The next exchange number: all below it are in the capture or are lost.
    pub next_number: u64,
}

/// Identification and selection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Who makes the client.
    pub integrator_id: Option<String>,
    /// The client id being certified.
    pub client_id: Option<String>,
    /// `Major.Minor.Build` being certified.
    pub client_version: Option<String>,
    /// The client's name.
    pub system_name: Option<String>,
    /// Ids of the chosen features; empty: all.
    pub features: Vec<String>,
    /// The client's id in production, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub production_client_id: Option<String>,
    /// The merchant's VAT number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant_vat: Option<String>,
    /// The callback alias of the client's points of sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_alias: Option<String>,
    /// Where the client takes check-in notifications; missing where the URL may hold a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
}

/// The start of a new attempt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counted from 1; the first begins without a record.
    pub number: u32,
    /// The exchange numbers below this one belong to earlier attempts.
    pub first_number: u64,
    /// Verdict of the attempt that ends here, as it stood.
    pub ended_as: String,
}

/// An event of a connection below HTTP (RFC 9112 section 9).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// The run it belongs to.
    pub run: u32,
    /// The connection's number in its run; 0 where it is about none in particular.
    pub connection: u64,
    /// Wall clock.
    pub wall_us: i64,
    /// Since the run's start.
    pub at_us: u64,
    /// What happened: `accepted`, `tls-failed`, `tls-too-old`, `certificate-refused`, `connect-refused`,
    /// `not-tls`, `closed`, `full`.
    pub event: String,
    /// `TLSv1.2`, `TLSv1.3`, or older where the client offered no better; empty where there was none.
    pub tls: String,
    /// In a sentence.
    pub detail: String,
    /// The exchange whose response did not reach the client whole, though its record says so: the client left after the
    /// record was made, and before the response was out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undelivered: Option<u64>,
}

/// Which way a client came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// With the recorder as its base URL.
    #[default]
    Base,
    /// With the recorder as its HTTPS proxy.
    Connect,
}

/// Who gave the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnsweredBy {
    /// Nobody: the client got none.
    #[default]
    Nobody,
    /// The backend.
    Backend,
    /// The recorder itself: a fault, a refusal, 502 or 504.
    Recorder,
}

/// One request and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Exchange {
    /// From 1, in the order in which request heads were complete.
    pub number: u64,
    /// The run it belongs to (0 in a HAR).
    pub run: u32,
    /// The client's connection, numbered in its run; `None` where it is not known.
    pub connection: Option<u64>,
    /// Which way it came in.
    pub way: Way,
    /// `TLSv1.3`, ...; `None` where it is not known; empty where there was no TLS.
    pub tls: Option<String>,
    /// Wall clock when the request head was complete.
    pub wall_us: i64,
    /// The request as it came in.
    pub request: Request,
    /// The answer as the client was sent it, as far as it got.
    pub answer: Option<Answer>,
    /// Answers with a 1xx status that the backend sent; they are not passed on.
    pub informational: Vec<u16>,
    /// When things happened.
    pub times: Times,
    /// By how much the request's head may have been complete before `times.request_head`, in microseconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub head_late_us: u64,
    /// How it ended.
    pub end: End,
    /// The fault that was put on it.
    pub fault: Option<Fault>,
    /// Who gave the answer.
    pub answered_by: AnsweredBy,
    /// Where the recorder had to differ from what it received, a sentence each.
    pub notes: Vec<String>,
    /// The claims of each token in it that is a JWT, by the text that stands in the token's place.
    #[serde(with = "super::jwt_claims::plain")]
    pub claims: BTreeMap<String, serde_json::Map<String, serde_json::Value>>,
}

/// A header line: the name as sent, the value without the white space around it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// In the letter case that was sent.
    pub name: String,
    /// Latin-1.
    pub value: String,
}

/// The request as it came in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Request {
    /// `HTTP/1.1`, `HTTP/1.0`, ...; empty where it is not known.
    pub version: String,
    /// The method.
    pub method: String,
    /// The target of the request line, secrets replaced.
    pub target: String,
    /// `https` or `http`.
    pub scheme: String,
    /// The host the client meant: `Host`, or that of CONNECT, with the port where it is not the scheme's.
    pub authority: String,
    /// In order.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Body,
    /// After a chunked body.
    pub trailers: Vec<Header>,
    /// Why the recorder refused it, and did not forward it.
    pub refused: Option<String>,
    /// What of its head a HAR leaves out.
    #[serde(skip_serializing_if = "NotShown::is_empty")]
    pub not_shown: NotShown,
}

impl Request {
    /// How much is shown of the header of that name, in lower case.
    pub fn seen(&self, name: &str) -> Seen {
        self.not_shown.header(name)
    }
}

/// The answer as the client was sent it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// `HTTP/1.1`, ...
    pub version: String,
    /// The status code.
    pub status: u16,
    /// The reason phrase.
    pub reason: String,
    /// In order.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Body,
    /// After a chunked body.
    pub trailers: Vec<Header>,
}

/// How much of a body was kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BodyRetention {
    /// All of it.
    #[default]
    Whole,
    /// Its first bytes.
    Prefix,
    /// Length and keyed digest only: it names a secret and could not be read, or bodies were stripped.
    Digest,
    /// Nothing is known of it (a HAR without the text).
    Unknown,
}

/// A body: its bytes in the content coding that was sent, secrets replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Body {
    /// The bytes that were kept, without transfer coding. Where a secret in a compressed body had to be
    /// replaced, the decoded ones (`decoded` says so).
    #[serde(with = "bytes_as_bin")]
    pub bytes: Vec<u8>,
    /// How many bytes were sent, without transfer coding.
    pub length: u64,
    /// Keyed digest of the raw bytes, in hex; empty for an empty body.
    pub digest: String,
    /// How much is in `bytes`.
    pub kept: BodyRetention,
    /// Whether `bytes` are decoded though the head names a content coding.
    pub decoded: bool,
}

/// When things happened, in microseconds since the run's start; `None` where they did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Times {
    /// The connection was accepted.
    pub accepted: Option<u64>,
    /// TLS with the client stood.
    pub tls_done: Option<u64>,
    /// The request head was complete.
    pub request_head: u64,
    /// The request body was complete.
    pub request_end: Option<u64>,
    /// A connection to the backend stood.
    pub backend_connected: Option<u64>,
    /// The request had been sent to the backend.
    pub request_out: Option<u64>,
    /// The backend's answer head was complete.
    pub answer_head_in: Option<u64>,
    /// The backend's answer was complete.
    pub answer_end_in: Option<u64>,
    /// The answer's head was sent to the client.
    pub answer_head_out: Option<u64>,
    /// The answer's last byte was sent to the client.
    pub answer_end_out: Option<u64>,
    /// The exchange was over for the client: complete, or cut, or it had left; the backend's answer may come later.
    pub end: u64,
}

/// Who ended an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndedBy {
    /// It is complete.
    #[default]
    Complete,
    /// The client went away.
    Client,
    /// The backend refused, reset, closed early or timed out.
    Backend,
    /// The recorder: a refusal, the end of a held answer's 30 s, or it was stopped.
    Recorder,
    /// Somebody: a HAR does not say who.
    Unknown,
}

/// How far an exchange had got when it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// While the client sent its request.
    Request,
    /// While it waited for an answer.
    Waiting,
    /// While it read the answer.
    Answer,
    /// After all of it.
    #[default]
    Done,
}

/// How an exchange ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct End {
    /// By whom.
    pub by: EndedBy,
    /// When, in the exchange's course.
    pub stage: Stage,
    /// In a sentence; empty where it is complete.
    pub detail: String,
    /// Bytes of the answer, head and framing included, that went out to the client.
    pub bytes_out: u64,
    /// When is not known (a HAR that leaves it out): `times.end` is the earliest it can have been.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub untimed: bool,
    /// By how much it may have been earlier than `times.end`, in microseconds: the client's leaving is seen when the
    /// recorder comes to look.
    #[serde(skip_serializing_if = "is_zero")]
    pub late_us: u64,
}

/// The guided certification waited for a step in vain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepTimeout {
    /// The case.
    pub case: String,
    /// The step, from 1.
    pub step: u32,
    /// How long, in ms.
    pub waited_ms: u64,
    /// The last exchange number then.
    pub after_number: u64,
    /// How many calls arrived while the step was due; `None`: the recorder did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// How many of them were calls of the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_calls: Option<u64>,
    /// Why the wait ended; `None`: the recorder did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<WaitEnd>,
}

/// Why the guided certification did not wait for a step any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitEnd {
    /// The time ran out.
    TimedOut,
    /// The operator skipped it.
    Skipped,
    /// Something came that must not come.
    Contradicted,
    /// A reason that a later recorder gives.
    #[serde(other)]
    Other,
}

/// A check-in notification that was sent to the client's callback (notification_service).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// Wall clock of the first try.
    pub wall_us: i64,
    /// The status of each try; 0 where none came.
    pub statuses: Vec<u16>,
    /// The last exchange number then.
    pub after_number: u64,
}

impl Exchange {
    /// The status of an answer that reached the client whole; `None` where it got none, or a cut one.
    pub fn status(&self) -> Option<u16> {
        let whole = self.end.stage == Stage::Done;
        self.answer.as_ref().filter(|_| whole).map(|answer| answer.status)
    }

    /// From the complete request head to the end, in microseconds.
    pub fn duration_us(&self) -> u64 {
        self.times.end.saturating_sub(self.times.request_head)
    }
}

impl Request {
    /// All values of a header, by its name in any letter case.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        values(&self.headers, name)
    }
}

impl Answer {
    /// All values of a header, by its name in any letter case.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        values(&self.headers, name)
    }
}

/// All values of a header, by its name in any letter case.
pub fn values<'a>(headers: &'a [Header], name: &'a str) -> impl Iterator<Item = &'a str> {
    headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.as_str())
}

/// Whether a number may be left out of a record.
pub fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Bytes as MessagePack `bin`, which serde's own `Vec<u8>` would make an array.
mod bytes_as_bin {
    use serde::{Deserializer, Serializer, de::Visitor};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl<'de> Visitor<'de> for Bytes {
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
