//! `verify --expect`: comparison with an expected verdict by `verdict`, `features` and `requirements`.

use super::CliError;
use crate::report::{self, json_diff, json_diff::Difference};
use crate::seal::{self, bounded_read};
use crate::verify::Verdict;
use serde_json::Value;
use std::path::Path;

/// Size limit of a verdict file, in bytes.
const LONGEST: u64 = 256 * 1024 * 1024;

/// The differences from the verdict in a file, one per line; empty if there are none.
///
/// # Errors
/// A file that cannot be read or is not a verdict.
pub(super) fn differences(file: &Path, verdict: &Verdict) -> Result<String, CliError> {
    let unreadable = |error: String| CliError::new(format!("--expect {}: {error}", file.display()));
    let text = bounded_read::read_text(file, LONGEST)
        .map_err(|error| unreadable(format!("cannot read the file: {}", seal::io_reason(&error))))?;
    let expected: Value = serde_json::from_str(&text)
        .map_err(|error| unreadable(format!("not JSON ({error}); pass the output of `verify --format json`")))?;
    if expected.get("schema").and_then(Value::as_str) != Some(verdict.schema) {
        return Err(unreadable(format!(
            "not a verdict of {}; pass the output of `verify --format json`",
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
