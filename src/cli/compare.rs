//! Compares a verdict with one that is expected: two readings are the same if `verdict`, `features` and `requirements`
//! are equal.

use super::CliError;
use crate::report::{self, json_diff, json_diff::Difference};
use crate::seal::bounded_read;
use crate::verify::Verdict;
use serde_json::Value;
use std::path::Path;

/// Longer than any verdict, in bytes.
const LONGEST: u64 = 256 * 1024 * 1024;

/// What differs from the verdict in a file, a line each; empty where nothing does.
///
/// # Errors
/// A file that cannot be read or is no verdict.
pub fn differences(file: &Path, verdict: &Verdict) -> Result<String, CliError> {
    let unreadable = |error: String| CliError::new(format!("--expect {}: {error}", file.display()));
    let text =
        bounded_read::read_text(file, LONGEST).map_err(|error| unreadable(format!("cannot be read: {error}")))?;
    let expected: Value = serde_json::from_str(&text)
        .map_err(|error| unreadable(format!("is not JSON ({error}); give a file of `verify --format json`")))?;
    if expected.get("schema").and_then(Value::as_str) != Some(verdict.schema) {
        return Err(unreadable(format!(
            "is not a verdict of {}; give a file of `verify --format json`",
            verdict.schema
        )));
    }
    let seen: Value = serde_json::from_str(&report::json::render(verdict))
        .map_err(|error| CliError::new(format!("the verdict cannot be compared: {error}")))?;
    let mut lines = String::new();
    for part in ["verdict", "features", "requirements"] {
        for found in json_diff::differences(part, expected.get(part), seen.get(part)) {
            let (first, second) = (Difference::shown(found.first.as_ref()), Difference::shown(found.second.as_ref()));
            let line = format!("{}: expected {first}, seen {second}", found.place);
            lines.push_str(&report::wording::safe_line(&line));
            lines.push('\n');
        }
    }
    Ok(lines)
}
