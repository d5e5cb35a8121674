//! A HAR 1.2 file as its makers write it: what the specification asks for and they leave out is optional here, and
//! what they add is passed over.

use super::extra::{EntryExtra, LogExtra};
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::marker::PhantomData;

#[derive(Debug, Deserialize)]
pub(super) struct File {
    pub log: Log,
}

#[derive(Debug, Deserialize)]
pub(super) struct Log {
    #[serde(default)]
    pub creator: Option<Creator>,
    #[serde(deserialize_with = "numbered")]
    pub entries: Vec<Entry>,
    #[serde(rename = "_poscert", default)]
    pub extra: Option<LogExtra>,
}

/// The program that wrote the file.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Creator {
    #[serde(default)]
    pub name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    #[serde(rename = "startedDateTime")]
    pub started: String,
    #[serde(default)]
    pub time: Option<f64>,
    pub request: Request,
    #[serde(default)]
    pub response: Option<Response>,
    #[serde(default)]
    pub timings: Option<Timings>,
    /// Chromium's word for an answer out of its cache: nothing was sent.
    #[serde(rename = "_fromCache", default)]
    pub from_cache: Option<String>,
    #[serde(rename = "_poscert", default)]
    pub extra: Option<Box<EntryExtra>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Request {
    pub method: String,
    pub url: String,
    #[serde(rename = "httpVersion", default)]
    pub version: Option<String>,
    #[serde(default)]
    pub headers: Option<Vec<Pair>>,
    #[serde(rename = "postData", default)]
    pub post: Option<Post>,
    #[serde(rename = "bodySize", default)]
    pub body_size: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Response {
    #[serde(default)]
    pub status: Option<f64>,
    #[serde(rename = "statusText", default)]
    pub reason: Option<String>,
    #[serde(rename = "httpVersion", default)]
    pub version: Option<String>,
    #[serde(default)]
    pub headers: Option<Vec<Pair>>,
    #[serde(default)]
    pub content: Option<Content>,
    /// Chromium's reason why there is no answer.
    #[serde(rename = "_error", default)]
    pub error: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Pair {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub value: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Post {
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub encoding: Option<String>,
    #[serde(default)]
    pub params: Option<Vec<Pair>>,
    /// Playwright's name of another file that holds it.
    #[serde(rename = "_file", default)]
    pub file: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Content {
    #[serde(default)]
    pub size: Option<f64>,
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub encoding: Option<String>,
    /// Playwright's name of another file that holds it.
    #[serde(rename = "_file", default)]
    pub file: Option<String>,
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

/// A list whose errors name the entry, from 1.
fn numbered<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct Numbered<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Numbered<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of entries")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut all = Vec::new();
            loop {
                let number = all.len() + 1;
                match list.next_element() {
                    Ok(Some(one)) => all.push(one),
                    Ok(None) => return Ok(all),
                    Err(error) => return Err(A::Error::custom(format_args!("entry {number}: {error}"))),
                }
            }
        }
    }
    deserializer.deserialize_seq(Numbered(PhantomData))
}
