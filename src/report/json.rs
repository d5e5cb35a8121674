//! The verdict as JSON: `poscert.verdict/1`, described in `docs/verdict.schema.json`.

use super::wording;
use crate::verify::Verdict;
use std::fmt::Write;

/// The verdict as JSON: indented, keys in declaration order, with a line break at the end.
///
/// Characters that can affect a terminal are written as `\uXXXX`, which is equivalent JSON.
pub(crate) fn render(verdict: &Verdict) -> String {
    let plain = serde_json::to_string_pretty(verdict).unwrap_or_else(|error| {
        // Strings, numbers and lists only: serde_json cannot fail here.
        serde_json::json!({ "schema": verdict.schema, "error": error.to_string() }).to_string()
    });
    let mut out = String::with_capacity(plain.len() + 1);
    for c in plain.chars() {
        // serde_json escapes control characters in strings; the only ones left are its own line breaks.
        if c == '\n' || !wording::is_hidden(c) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::super::{schema, test_verdicts};
    use super::*;
    use crate::capture::record::StepTimeoutReason;
    use crate::verify::verdict::WaitVerdict;

    #[test]
    fn hostile_characters_are_escaped_and_round_trip() {
        let verdict = test_verdicts::failed();
        let text = render(&verdict);
        assert!(text.ends_with("}\n") && !text.chars().any(|c| c != '\n' && wording::is_hidden(c)));
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read, serde_json::to_value(&verdict).unwrap());
    }

    #[test]
    fn output_matches_the_schema() {
        let schema: serde_json::Value = serde_json::from_str(include_str!("../../docs/verdict.schema.json")).unwrap();
        let mut waited = test_verdicts::failed();
        let case = &mut waited.features[0].cases[0];
        let wait =
            WaitVerdict { step: 1, waited_ms: 20_400, calls: 3, step_calls: 0, ended: StepTimeoutReason::TimedOut };
        (case.wait, case.steps[0].message) = (Some(wait), wait.message());
        assert!(render(&waited).contains("no call of this step arrived within 20 s (3 calls of other steps did)"));
        for verdict in [test_verdicts::passed(), test_verdicts::failed(), test_verdicts::incomplete(), waited] {
            let value: serde_json::Value = serde_json::from_str(&render(&verdict)).unwrap();
            assert_eq!(schema::problems(&schema, &schema, &value, "$"), Vec::<String>::new());
        }
    }

    #[test]
    fn schema_rejects_invalid_documents() {
        let schema: serde_json::Value = serde_json::from_str(include_str!("../../docs/verdict.schema.json")).unwrap();
        let good = serde_json::to_value(test_verdicts::failed()).unwrap();
        for (path, wrong) in [
            ("/verdict", serde_json::json!("maybe")),
            ("/schema", serde_json::json!("poscert.verdict/2")),
            ("/profile", serde_json::json!({})),
            ("/capture/kind", serde_json::json!("tape")),
            ("/capture/exchanges", serde_json::json!(-1)),
            ("/features/0/cases/0/steps/0/exchange", serde_json::json!("3")),
            ("/features/0/cases/0/status", serde_json::json!("warning")),
            ("/requirements/0/level", serde_json::json!("may")),
            ("/requirements/0/status", serde_json::json!("skipped")),
            ("/requirements/1/findings/0/exchanges", serde_json::json!([0])),
        ] {
            let mut value = good.clone();
            *value.pointer_mut(path).unwrap() = wrong;
            assert_ne!(schema::problems(&schema, &schema, &value, "$"), Vec::<String>::new(), "{path}");
        }
    }
}
