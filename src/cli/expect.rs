//! Compares a verdict with one that is expected: two readings are the same if `verdict`, `features` and `requirements`
//! are equal.

use super::Failure;
use crate::report;
use crate::verify::Verdict;
use serde_json::Value;
use std::path::Path;

/// What differs from the verdict in a file, a line each; empty where nothing does.
///
/// # Errors
/// A file that cannot be read or is no verdict.
pub fn differences(file: &Path, verdict: &Verdict) -> Result<String, Failure> {
    let unreadable = |error: String| Failure::new(format!("--expect {}: {error}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(format!("cannot be read: {error}")))?;
    let expected: Value = serde_json::from_str(&text)
        .map_err(|error| unreadable(format!("is not JSON ({error}); give a file of `verify --format json`")))?;
    if expected.get("schema").and_then(Value::as_str) != Some(verdict.schema) {
        return Err(unreadable(format!(
            "is not a verdict of {}; give a file of `verify --format json`",
            verdict.schema
        )));
    }
    let seen: Value = serde_json::from_str(&report::json::render(verdict))
        .map_err(|error| Failure::new(format!("the verdict cannot be compared: {error}")))?;
    let mut lines = String::new();
    for part in ["verdict", "features", "requirements"] {
        compare(part, expected.get(part), seen.get(part), &mut lines);
    }
    Ok(lines)
}

fn compare(place: &str, expected: Option<&Value>, seen: Option<&Value>, lines: &mut String) {
    match (expected, seen) {
        (Some(Value::Array(a)), Some(Value::Array(b))) if a.iter().chain(b).all(|one| one.get("id").is_some()) => {
            let ids = |list: &[Value]| list.iter().filter_map(|one| one.get("id").cloned()).collect::<Vec<_>>();
            for id in ids(a).into_iter().chain(ids(b).into_iter().filter(|id| !ids(a).contains(id))) {
                let of = |list: &'_ [Value]| list.iter().find(|one| one.get("id") == Some(&id)).cloned();
                let name = id.as_str().unwrap_or_default();
                compare(&format!("{place} {name}"), of(a).as_ref(), of(b).as_ref(), lines);
            }
        }
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                compare(&format!("{place}: {key}"), a.get(key), b.get(key), lines);
            }
        }
        (a, b) if a == b => {}
        (a, b) => {
            let text = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
            let line = format!("{place}: expected {}, seen {}", text(a), text(b));
            lines.push_str(&report::words::safe_line(&line));
            lines.push('\n');
        }
    }
}
