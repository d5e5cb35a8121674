//! What a HAR leaves out of a request beside its body. That is a state of its own: what is not shown is neither there
//! nor absent.

use serde::{Deserialize, Serialize};

/// What of a request's head is not shown. Header names are in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotShown {
    /// None of the headers is shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub headers: bool,
    /// Headers that the exporter may have left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Headers whose value is masked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<String>,
    /// Headers with a token whose signature is masked or cut off, and whose other parts are shown.
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
    /// Whether it is there, and its value.
    #[default]
    Whole,
    /// That it is there, and the form of its value; not which of several like it that is.
    Form,
    /// That it is there.
    Presence,
    /// Not even whether it is there.
    Nothing,
}

impl NotShown {
    /// Whether all of the head is shown.
    pub fn is_empty(&self) -> bool {
        *self == NotShown::default()
    }
    /// How much is shown of the header of that name, in lower case.
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
