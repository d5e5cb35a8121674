//! The reviewed list of mutants that change no verdict, each with the line of the certification page that makes it
//! harmless.

use super::fixture_text;
use super::scenario::fits;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    survivor: Vec<Entry>,
}

/// Mutants of one kind that are harmless for the same reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// The operator.
    operator: String,
    /// Patterns of what they change.
    what: Vec<String>,
    /// Patterns of the exchanges: `OPERATION fixture:name`.
    at: Vec<String>,
    /// Why that is correct, quoting the certification page where possible.
    pub line: String,
}

/// Reads the list.
pub(super) fn read() -> Vec<Entry> {
    let file: File = toml::from_str(&fixture_text("equivalent_mutants.toml"))
        .unwrap_or_else(|error| panic!("equivalent_mutants.toml: {error}"));
    file.survivor
}

impl Entry {
    /// Whether the entry matches this mutant.
    pub(super) fn covers(&self, operator: &str, what: &str, at: &str) -> bool {
        self.operator == operator
            && self.what.iter().any(|pattern| fits(pattern, what))
            && self.at.iter().any(|pattern| fits(pattern, at))
    }
}
