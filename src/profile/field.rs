//! Fields of resources as data: folds over the exchanges that are about a resource.

use super::at::At;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

/// How a field is computed from the exchanges about its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fold {
    /// The first value that is not null.
    First,
    /// The latest value that is not null.
    Last,
    /// The number of exchanges.
    Count,
    /// The sum of the values.
    Sum,
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
    /// The number of different values.
    Distinct,
    /// Whether there was an exchange.
    Flag,
}

impl Fold {
    /// Whether it needs a value of each exchange.
    pub(super) fn takes_value(self) -> bool {
        !matches!(self, Fold::Count | Fold::Flag)
    }
}

/// A field of a kind of resource.
#[derive(Clone, Debug)]
pub struct FieldSpec {
    /// Its full name in expressions: `ticket.state`.
    pub name: String,
    /// How it is computed.
    pub fold: Fold,
    /// The names of the operations whose exchanges count; empty for all that are about the resource.
    pub on: Vec<String>,
    /// The moment of these exchanges.
    pub at: At,
    /// Whether an exchange counts: a CEL expression.
    pub when: Option<Spanned<String>>,
    /// The value of an exchange: a CEL expression.
    pub value: Option<Spanned<String>>,
    /// Its meaning, for people.
    pub meaning: String,
}
