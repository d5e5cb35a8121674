//! The moments of an exchange.

use schemars::JsonSchema;
use serde::Deserialize;

/// A moment of an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum At {
    /// The request head is complete.
    #[default]
    Request,
    /// The exchange has ended, with or without a response.
    Answer,
}

impl At {
    /// The end of an exchange, as the default of fields.
    pub(super) fn end() -> At {
        At::Answer
    }
}
