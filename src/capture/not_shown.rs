//! Parts of a request's or a response's head that a HAR file does not show. Such a part is neither present nor absent but unknown.

use serde::{Deserialize, Serialize};

/// The parts of a head that are not shown. Header names are in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotShown {
    /// None of the headers is shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub headers: bool,
    /// Headers that the exporter may have omitted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Headers whose value is masked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<String>,
    /// Headers with a token whose signature is masked or removed; the other parts are shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unsigned: Vec<String>,
    /// A part of the path is masked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub path: bool,
    /// A value in the query is masked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub query: bool,
}

/// How much of a header is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seen {
    /// Its presence and its value.
    #[default]
    Whole,
    /// Its presence and the form of its value, but not which of several similar values it is.
    Form,
    /// Its presence only.
    Presence,
    /// Nothing, not even its presence.
    Nothing,
}

impl NotShown {
    /// Whether the complete head is shown.
    pub fn is_empty(&self) -> bool {
        *self == NotShown::default()
    }
    /// How much is shown of the header with this name (in lower case).
    pub fn header(&self, name: &str) -> Seen {
        let among = |names: &[String]| names.iter().any(|other| other == name);
        if self.headers || among(&self.left_out) {
            Seen::Nothing
        } else if among(&self.masked) {
            Seen::Presence
        } else if among(&self.unsigned) {
            Seen::Form
        } else {
            Seen::Whole
        }
    }
}
