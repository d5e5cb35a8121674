//! The demo's last lines: verdict, capture, a hint to the worst finding; and for a misbehavior, whether the findings
//! are exactly the expected ones.

use crate::pki::word;
use crate::report::VerdictSummary;
use crate::till::misbehavior::ExpectedFindings;
use crate::verify::Verdict;
use crate::verify::verdict::{CaseStatus, Outcome, Status};
use std::fmt::Write as _;
use std::path::Path;

/// All misbehaviors with the rules that each must fail.
pub(super) fn list(mistakes: &[ExpectedFindings]) -> String {
    let width = mistakes.iter().map(|announced| announced.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for announced in mistakes {
        let _ = writeln!(text, "{:width$}  {}", announced.id, announced.title);
        let _ = writeln!(text, "{:width$}  breaks {}", "", announced.fails.join(", "));
    }
    text
}

/// The last lines.
pub(super) fn lines(verdict: &Verdict, capture: &Path, announced: Option<&ExpectedFindings>) -> String {
    let mut text = String::new();
    if let Some(announced) = announced {
        let _ = writeln!(text, "\n{}", comparison(verdict, announced));
    }
    let _ = writeln!(text, "\nVerdict: {}", outcome(verdict.verdict));
    let _ = writeln!(text, "Capture: {}", capture.display());
    let _ = match VerdictSummary::of(verdict).worst() {
        Some((id, number)) => writeln!(text, "Show the exchange of {id}: poscert show {} {number}", word(capture)),
        None => writeln!(text, "Show the exchanges: poscert show {}", word(capture)),
    };
    text
}

/// The ids of the failed requirements, sorted.
fn failed(verdict: &Verdict) -> Vec<String> {
    let failed = verdict.requirements.iter().filter(|requirement| requirement.status == Status::Failed);
    let mut ids: Vec<String> = failed.map(|requirement| requirement.id.clone()).collect();
    ids.sort();
    ids
}

/// The ids of the mandatory cases that did not pass, sorted.
fn not_passed(verdict: &Verdict) -> Vec<String> {
    let cases = verdict.features.iter().flat_map(|feature| &feature.cases);
    let without = cases.filter(|case| !case.optional && case.status != CaseStatus::Passed);
    let mut ids: Vec<String> = without.map(|case| case.id.clone()).collect();
    ids.sort();
    ids
}

fn comparison(verdict: &Verdict, announced: &ExpectedFindings) -> String {
    let mut text = format!("Misbehavior: {} ({})", announced.id, announced.title);
    let parts = [
        ("failed requirements", &announced.fails, failed(verdict)),
        ("cases not passed", &announced.cases_not_passed, not_passed(verdict)),
    ];
    for (what, wanted, got) in parts {
        let listed = |ids: &[String]| if ids.is_empty() { "none".to_owned() } else { ids.join(", ") };
        let wanted_text = listed(wanted);
        let _ = if *wanted == got {
            write!(text, "\n  {what}: expected {wanted_text}; as expected")
        } else {
            write!(text, "\n  {what}: expected {wanted_text}; NOT as expected: got {}", listed(&got))
        };
    }
    text
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Incomplete => "incomplete",
    }
}
