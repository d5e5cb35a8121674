//! The structure of HAR 1.2 files as programs write them: fields that the specification requires and some programs
//! omit are optional, and additional fields are ignored, whatever their type.

use super::extension::{EntryExtra, LogExtra};
use super::message::{Request, Response, present};
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;

#[derive(Debug, Deserialize)]
pub(super) struct File<'a> {
    #[serde(borrow)]
    pub log: Log<'a>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Log<'a> {
    /// The program that wrote the file.
    #[serde(default)]
    pub creator: Option<Value>,
    /// Unparsed; each is parsed separately, as far as needed.
    #[serde(borrow, deserialize_with = "list")]
    pub entries: Vec<&'a RawValue>,
    #[serde(rename = "_poscert", default)]
    pub extra: Option<LogExtra>,
}

impl Log<'_> {
    /// The name of the program that wrote the file.
    pub(super) fn maker(&self) -> &str {
        self.creator.as_ref().and_then(|creator| creator.get("name")?.as_str()).unwrap_or_default()
    }
}

/// The part of an entry that shows whether it is an API call. None of its fields has to be valid.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Outline {
    #[serde(rename = "startedDateTime")]
    pub started: Value,
    pub request: Value,
    pub response: Value,
    #[serde(rename = "_fromCache")]
    pub from_cache: Value,
    #[serde(rename = "_resourceType")]
    pub resource_type: Value,
    #[serde(rename = "_poscert")]
    pub extra: Value,
}

impl Outline {
    /// A string field of the request; empty if it is missing or not a string.
    pub(super) fn of_request(&self, name: &str) -> &str {
        self.request.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The headers of request and response whose name and value are strings.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let lists = [&self.request, &self.response].into_iter().filter_map(|side| side.get("headers")?.as_array());
        lists.flatten().filter_map(|pair| Some((pair.get("name")?.as_str()?, pair.get("value")?.as_str()?)))
    }

    /// Whether Chromium served the response from its cache; nothing was sent then.
    pub(super) fn is_cached(&self) -> bool {
        !matches!(&self.from_cache, Value::Null | Value::Bool(false)) && self.from_cache != ""
    }

    /// The exchange number that poscert assigned.
    pub(super) fn number(&self) -> Option<u64> {
        self.extra.get("number")?.as_u64()
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    #[serde(default)]
    pub time: Option<f64>,
    pub request: Request,
    /// `Some(None)` for `null`: the tool says that there was no response.
    #[serde(default, deserialize_with = "present")]
    pub response: Option<Option<Response>>,
    #[serde(default)]
    pub timings: Option<Timings>,
    #[serde(rename = "_poscert", default)]
    pub extra: Option<Box<EntryExtra>>,
}

/// Durations in milliseconds; -1 if not applicable.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Timings {
    pub blocked: Option<f64>,
    pub dns: Option<f64>,
    pub connect: Option<f64>,
    pub ssl: Option<f64>,
    pub send: Option<f64>,
    pub wait: Option<f64>,
    pub receive: Option<f64>,
}

impl Timings {
    /// The sum of all applicable phases (`ssl` is part of `connect`).
    pub(super) fn sum(&self) -> f64 {
        sum(&[self.blocked, self.dns, self.connect, self.send, self.wait, self.receive])
    }

    /// Time from the first byte of the request to the last byte of the response.
    pub(super) fn on_the_wire(&self) -> f64 {
        sum(&[self.send, self.wait, self.receive])
    }

    /// Whether they include the time spent waiting for the response. A call without a response has waited in some
    /// phase.
    pub(super) fn has_wait(&self, is_answered: bool) -> bool {
        if is_answered { self.wait.is_some_and(|ms| ms >= 0.0) } else { self.sum() - sum(&[self.send]) > 0.0 }
    }
}

fn sum(all: &[Option<f64>]) -> f64 {
    all.iter().flatten().filter(|ms| **ms > 0.0).sum()
}

/// Deserializes a list of entries without parsing them.
fn list<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<&'a RawValue>, D::Error> {
    struct List;
    impl<'de> Visitor<'de> for List {
        type Value = Vec<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of entries")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<&'de RawValue>, A::Error> {
            let mut all = Vec::new();
            while let Some(one) = list.next_element()? {
                all.push(one);
            }
            Ok(all)
        }
    }
    deserializer.deserialize_seq(List)
}
