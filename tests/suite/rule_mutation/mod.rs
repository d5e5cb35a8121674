//! Tests of the verifier: certifications that pass, edits of them that must fail, traffic that must be tolerated, and
//! mutants of them all. The expected results are in `fixtures/`, derived from the documentation and not from the
//! verifier's output.

mod client_variants;
mod edit;
mod edits;
mod equivalent_mutants;
mod har;
mod matrix;
mod missing_evidence;
mod mutants;
mod operators;
mod scenario;

use poscert::api::Feature;
use poscert::capture;
use poscert::rules::{self, RuleSet};
use poscert::verify::verdict::{CaseStatus, Outcome, Status};
use poscert::verify::{Options, Verdict, verify_capture};
use scenario::Walk;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The fixtures, by name; each continues another one or starts anew.
pub(crate) const FIXTURES: [&str; 6] =
    ["onboarding", "payment", "prepared-payment", "refund", "loyalty", "payment-restrictions"];

/// The parts of a verdict that a change of the traffic can change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The overall verdict.
    pub verdict: &'static str,
    /// The musts that failed.
    pub failed: BTreeSet<String>,
    /// The shoulds that warned.
    pub warned: BTreeSet<String>,
    /// The exercised requirements.
    pub exercised: BTreeSet<String>,
    /// The status of each case.
    pub cases: BTreeMap<String, &'static str>,
}

impl Shown {
    /// Whether two verdicts differ in the result for the client.
    pub(crate) fn differs(&self, other: &Shown) -> bool {
        (self.verdict, &self.failed, &self.warned, &self.cases)
            != (other.verdict, &other.failed, &other.warned, &other.cases)
    }
}

/// The path of a file in `fixtures/`.
pub(crate) fn fixture_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// The text of a file in `fixtures/`.
pub(crate) fn fixture_text(name: &str) -> String {
    std::fs::read_to_string(fixture_path(name)).unwrap_or_else(|error| panic!("fixtures/{name}: {error}"))
}

/// The built-in rules, parsed once.
pub(crate) fn rules() -> &'static RuleSet {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    RULES.get_or_init(|| rules::load(None).unwrap())
}

/// A fixture, by name.
pub(crate) fn certified(name: &str) -> Walk {
    Walk::read(name)
}

/// The verdict on a scenario, evaluated as a HAR file.
pub(crate) fn judge(walk: &Walk) -> Shown {
    judge_har(&har::text(walk), &walk.features)
}

/// The verdict on the text of a HAR.
pub(crate) fn judge_har(text: &str, features: &[String]) -> Shown {
    let file = tempfile::Builder::new().suffix(".har").tempfile().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let capture = capture::open(file.path()).unwrap_or_else(|error| panic!("{error}"));
    let chosen = features.iter().map(|id| Feature::from_id(id).unwrap_or_else(|| panic!("no feature {id}")));
    let options = Options { features: Some(chosen.collect()), ..Options::default() };
    shown(&verify_capture::evaluate(&capture, rules(), &options).unwrap())
}

fn shown(verdict: &Verdict) -> Shown {
    let with = |wanted: &dyn Fn(Status) -> bool| {
        let some = verdict.requirements.iter().filter(|requirement| wanted(requirement.status));
        some.map(|requirement| requirement.id.clone()).collect::<BTreeSet<String>>()
    };
    let cases = verdict.features.iter().flat_map(|feature| &feature.cases);
    let name = |status: CaseStatus| match status {
        CaseStatus::Passed => "passed",
        CaseStatus::Failed => "failed",
        CaseStatus::NotTested => "not-tested",
        CaseStatus::InProgress => "in-progress",
    };
    Shown {
        verdict: match verdict.verdict {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Incomplete => "incomplete",
        },
        failed: with(&|status| status == Status::Failed),
        warned: with(&|status| status == Status::Warning),
        exercised: with(&|status| status != Status::NotExercised),
        cases: cases.map(|case| (case.id.clone(), name(case.status))).collect(),
    }
}

#[test]
fn certified_fixtures_pass_with_every_case_and_no_warning() {
    for name in FIXTURES {
        let found = judge(&certified(name));
        assert_eq!((&found.failed, &found.warned), (&BTreeSet::new(), &BTreeSet::new()), "{name}");
        let open: Vec<_> = found.cases.iter().filter(|(_, status)| **status != "passed").collect();
        assert!(open.is_empty(), "{name}: {open:?}");
        assert_eq!(found.verdict, "passed", "{name}");
    }
}

#[test]
fn fixtures_together_show_all_cases_and_exercise_all_requirements() {
    let all: Vec<Shown> = FIXTURES.iter().map(|name| judge(&certified(name))).collect();
    let cases: BTreeSet<&String> = all.iter().flat_map(|shown| shown.cases.keys()).collect();
    let known: BTreeSet<&String> = rules().features.iter().flat_map(|f| f.cases.iter().map(|case| &case.id)).collect();
    assert_eq!(cases, known);
    let exercised: BTreeSet<&String> = all.iter().flat_map(|shown| &shown.exercised).collect();
    let untouched: Vec<&String> =
        rules().requirements.iter().map(|requirement| &requirement.id).filter(|id| !exercised.contains(id)).collect();
    // One requirement is exercised only by clients that may break it; the edits do that.
    assert_eq!(untouched, ["ONB-01"]);
}
