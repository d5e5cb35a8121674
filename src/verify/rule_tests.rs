//! Tests of rule files: captures and edits of them, evaluated and compared with the expected results, and mutants of
//! the rules that the tests have to notice.

use super::Options;
use super::rule_test_results::{Coverage, Deviation, Score, Survivor, TestResult, TestRun};
use super::verdict::{RequirementVerdict, Status, Verdict};
use super::verify_capture::{self, RunError};
use crate::capture::Capture;
use crate::capture::edit::EditError;
use crate::rules::RuleError;
use crate::rules::RuleSet;
use crate::rules::mutation::{self, Mutant};
use crate::rules::test_file::{CaptureTests, Expected, ExpectedStatus, RuleTests};
use std::collections::BTreeSet;
use std::fmt;

/// A capture or an edit of it, ready to be evaluated.
pub(crate) struct Test<'a> {
    /// The path of the capture, as in the file of tests.
    pub capture: &'a str,
    /// What an edit shows; `None` for the capture as it is.
    pub shows: Option<&'a str>,
    /// The expected results.
    pub expected: &'a Expected,
    content: Capture,
    options: Options,
}

/// The error of a test run.
#[derive(Debug)]
pub(crate) enum TestError {
    /// A mistake in the file of tests or in a rule file.
    File(RuleError),
    /// A capture cannot be read or evaluated.
    Run(RunError),
}

impl fmt::Display for TestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TestError::File(error) => error.fmt(f),
            TestError::Run(error) => error.fmt(f),
        }
    }
}

impl From<RunError> for TestError {
    fn from(error: RunError) -> Self {
        TestError::Run(error)
    }
}

/// The tests of a capture: the capture as it is, then each edit of it.
///
/// # Errors
/// A capture that cannot be read, or an edit that does not fit it.
pub(crate) fn prepare<'a>(
    file: &RuleTests,
    tests: &'a CaptureTests,
    capture: &Capture,
) -> Result<Vec<Test<'a>>, TestError> {
    let options = Options { features: tests.features.clone(), ..Options::default() };
    let test =
        |shows, expected, content| Test { capture: &tests.file, shows, expected, content, options: options.clone() };
    let unreadable = |error| TestError::Run(RunError::Capture(error));
    let content = capture.edited(&[]).map_err(|error| match error {
        EditError::Capture(error) => unreadable(error),
        EditError::Edit { message, .. } => TestError::File(file.error(&tests.span, message)),
    })?;
    let mut all = vec![test(None, &tests.expected, content)];
    for edit in &tests.edits {
        let content = capture.edited(&edit.edits).map_err(|error| match error {
            EditError::Capture(error) => unreadable(error),
            EditError::Edit { at, message } => {
                let span = edit.spans.get(at).unwrap_or(&tests.span);
                TestError::File(file.error(span, message))
            }
        })?;
        all.push(test(Some(&edit.shows), &edit.expected, content));
    }
    Ok(all)
}

/// Evaluates tests with these rules, and with the mutants of the rules if all results are the expected ones.
///
/// # Errors
/// A capture that cannot be read, or a rule that cannot be evaluated.
pub(crate) fn run(rules: &RuleSet, tests: &[Test]) -> Result<TestRun, TestError> {
    let own_files: BTreeSet<&str> = rules.own_files().map(|(name, _)| name.as_str()).collect();
    let is_own = |file: &str| own_files.contains(file);
    let own = rules.requirements.iter().filter(|requirement| is_own(&requirement.file));
    let mut requirements: Vec<Coverage> =
        own.map(|requirement| Coverage { id: requirement.id.clone(), ..Coverage::default() }).collect();
    let mut results = Vec::new();
    for test in tests {
        let verdict = verify_capture::evaluate(&test.content, rules, &test.options)?;
        results.push(result(test, &verdict, &mut requirements));
    }
    let built_in = rules.requirements.len() - requirements.len();
    let mut run = TestRun { tests: results, requirements, built_in };
    if run.is_as_expected() {
        for (file, text) in rules.own_files() {
            let ids = run.requirements.iter().map(|requirement| requirement.id.clone()).collect();
            let mutants = mutation::mutants(file, text, &ids, rules.profile).map_err(TestError::File)?;
            for requirement in run.requirements.iter_mut().filter(|coverage| is_of(rules, &coverage.id, file)) {
                requirement.mutants = Some(Score::default());
            }
            for mutant in mutants {
                try_mutant(rules, tests, file, mutant, &mut run.requirements)?;
            }
        }
    }
    Ok(run)
}

fn is_of(rules: &RuleSet, id: &str, file: &str) -> bool {
    rules.requirements.iter().any(|requirement| requirement.id == id && requirement.file == file)
}

fn result(test: &Test, verdict: &Verdict, coverage: &mut [Coverage]) -> TestResult {
    let mut deviations = Vec::new();
    for found in &verdict.requirements {
        let expected = test.expected.get(&found.id).copied();
        let seen = seen(found.status);
        let own = coverage.iter_mut().find(|requirement| requirement.id == found.id);
        // Built-in requirements count only where a test names them.
        if own.is_none() && expected.is_none() {
            continue;
        }
        if !is_expected(expected, seen) {
            deviations.push(Deviation { id: found.id.clone(), expected, seen, finding: first_finding(found) });
        } else if let Some(own) = own {
            own.passes |= seen == ExpectedStatus::Passes;
            own.fails |= matches!(seen, ExpectedStatus::Fails | ExpectedStatus::Warns);
        }
    }
    TestResult {
        capture: test.capture.to_owned(),
        shows: test.shows.map(str::to_owned),
        expected: test.expected.clone(),
        deviations,
    }
}

fn first_finding(found: &RequirementVerdict) -> Option<(Vec<u64>, String)> {
    found.findings.first().map(|finding| (finding.exchanges.clone(), finding.message.clone()))
}

fn seen(status: Status) -> ExpectedStatus {
    match status {
        Status::Passed => ExpectedStatus::Passes,
        Status::Failed => ExpectedStatus::Fails,
        Status::Warning => ExpectedStatus::Warns,
        Status::NotExercised => ExpectedStatus::NotExercised,
        Status::Inconclusive => ExpectedStatus::Inconclusive,
    }
}

/// Whether a result is the expected one; without an expectation, any result but a finding is.
fn is_expected(expected: Option<ExpectedStatus>, seen: ExpectedStatus) -> bool {
    match expected {
        Some(expected) => expected == seen,
        None => !matches!(seen, ExpectedStatus::Fails | ExpectedStatus::Warns),
    }
}

/// Evaluates the tests with a mutant until one has another result than expected. A mutant that cannot be evaluated is
/// no rule that anyone could have written by mistake; it does not count.
fn try_mutant(
    rules: &RuleSet,
    tests: &[Test],
    file: &str,
    mutant: Mutant,
    coverage: &mut [Coverage],
) -> Result<(), TestError> {
    let Mutant { requirement, line, change, hint } = mutant;
    let id = requirement.id.clone();
    let Some(score) = coverage.iter_mut().find(|coverage| coverage.id == id).and_then(|own| own.mutants.as_mut())
    else {
        return Ok(());
    };
    let rules = rules.with_only(requirement);
    for test in tests {
        let verdict = match verify_capture::evaluate(&test.content, &rules, &test.options) {
            Ok(verdict) => verdict,
            Err(RunError::Rule(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let expected = test.expected.get(&id).copied();
        if verdict.requirements.iter().any(|found| !is_expected(expected, seen(found.status))) {
            score.killed += 1;
            return Ok(());
        }
    }
    score.survivors.push(Survivor { file: file.to_owned(), line, change, hint });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_results_are_exact_and_silence_means_no_finding() {
        use ExpectedStatus::{Fails, Inconclusive, NotExercised, Passes, Warns};
        for seen in [Fails, Warns, Passes, NotExercised, Inconclusive] {
            assert!(is_expected(Some(seen), seen));
            assert_eq!(is_expected(None, seen), !matches!(seen, Fails | Warns));
        }
        assert!(!is_expected(Some(Passes), NotExercised));
    }

    #[test]
    fn capture_without_edits_has_the_verdict_of_the_original() {
        let archive = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/archives/v1.poscert");
        let capture = crate::capture::open(&archive).unwrap();
        let rules = crate::rules::load(None).unwrap();
        let of = |capture: &Capture| {
            let verdict = verify_capture::evaluate(capture, &rules, &Options::default()).unwrap();
            (verdict.verdict, verdict.features, verdict.requirements)
        };
        let original = of(&capture);
        assert!(original.2.iter().any(|requirement| requirement.status == Status::Passed));
        assert_eq!(of(&capture.edited(&[]).unwrap()), original);
    }
}
