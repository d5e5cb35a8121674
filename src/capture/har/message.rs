//! The messages of a HAR entry: request, response, headers and bodies.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

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
    /// `Some(None)` for `null`.
    #[serde(default, deserialize_with = "present")]
    pub status: Option<Option<f64>>,
    #[serde(rename = "statusText", default)]
    pub reason: Option<String>,
    #[serde(rename = "httpVersion", default)]
    pub version: Option<String>,
    #[serde(default)]
    pub headers: Option<Vec<Pair>>,
    #[serde(default)]
    pub content: Option<Content>,
    #[serde(rename = "bodySize", default)]
    pub body_size: Option<f64>,
    /// Chromium's reason for a missing response.
    #[serde(rename = "_error", default)]
    pub error: Option<Value>,
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
    /// The name of the file that contains the body (Playwright).
    #[serde(rename = "_file", default)]
    pub file: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Content {
    #[serde(default)]
    pub size: Option<f64>,
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub encoding: Option<String>,
    /// The name of the file that contains the body (Playwright).
    #[serde(rename = "_file", default)]
    pub file: Option<Value>,
    /// Number of bytes saved by the content coding.
    #[serde(default)]
    pub compression: Option<f64>,
    #[serde(default)]
    pub comment: Option<Value>,
}

/// A member that is there, even if it is `null`.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
