//! A HAR 1.2 file as its makers write it: what the specification asks for and they leave out is optional here, and
//! what they add is passed over, whatever its type.

use super::extension::{EntryExtra, LogExtra};
use super::message::{Request, Response};
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
    /// Each is read by itself, as far as it has to be.
    #[serde(borrow, deserialize_with = "list")]
    pub entries: Vec<&'a RawValue>,
    #[serde(rename = "_poscert", default)]
    pub extra: Option<LogExtra>,
}

impl Log<'_> {
    /// The name of the program that wrote the file.
    pub fn maker(&self) -> &str {
        self.creator.as_ref().and_then(|creator| creator.get("name")?.as_str()).unwrap_or_default()
    }
}

/// As much of an entry as says whether it is a call of the API. Nothing in it has to be as it should.
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
    /// A text of the request; empty where it is none.
    pub fn of_request(&self, name: &str) -> &str {
        self.request.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The headers of request and response that are texts.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let lists = [&self.request, &self.response].into_iter().filter_map(|side| side.get("headers")?.as_array());
        lists.flatten().filter_map(|pair| Some((pair.get("name")?.as_str()?, pair.get("value")?.as_str()?)))
    }

    /// Chromium's word for an answer out of its cache: nothing was sent.
    pub fn is_cached(&self) -> bool {
        !matches!(&self.from_cache, Value::Null | Value::Bool(false)) && self.from_cache != ""
    }

    /// Our number of it.
    pub fn number(&self) -> Option<u64> {
        self.extra.get("number")?.as_u64()
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    #[serde(default)]
    pub time: Option<f64>,
    pub request: Request,
    #[serde(default)]
    pub response: Option<Response>,
    #[serde(default)]
    pub timings: Option<Timings>,
    #[serde(rename = "_poscert", default)]
    pub extra: Option<Box<EntryExtra>>,
}

/// In milliseconds; -1 where it does not apply.
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
    /// The sum of what applies (`ssl` is within `connect`).
    pub fn sum(&self) -> f64 {
        sum(&[self.blocked, self.dns, self.connect, self.send, self.wait, self.receive])
    }

    /// From the first byte of the request to the last of the answer.
    pub fn on_the_wire(&self) -> f64 {
        sum(&[self.send, self.wait, self.receive])
    }

    /// Whether they say how long the answer was waited for. A call without an answer has waited in some phase.
    pub fn tell_the_wait(&self, is_answered: bool) -> bool {
        match is_answered {
            true => self.wait.is_some_and(|ms| ms >= 0.0),
            false => self.sum() - sum(&[self.send]) > 0.0,
        }
    }
}

fn sum(all: &[Option<f64>]) -> f64 {
    all.iter().flatten().filter(|ms| **ms > 0.0).sum()
}

/// A list of entries, unread.
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
