//! The result of the tests of rule files as text: each test, each requirement, and the mutants that no test notices.

use super::wording::{count, place, safe, safe_line};
use crate::rules::test_file::{Expected, ExpectedStatus};
use crate::verify::rule_test_results::{Coverage, Deviation, TestResult, TestRun};
use std::fmt::Write;

/// The report of a test run. `least`: the percentage of mutants that the tests have to notice.
pub(crate) fn render(run: &TestRun, least: Option<usize>) -> String {
    let mut text = String::new();
    for test in &run.tests {
        of_test(&mut text, test);
    }
    text.push('\n');
    for requirement in &run.requirements {
        of_requirement(&mut text, requirement, least);
    }
    if run.built_in > 0 {
        let _ = writeln!(text, "{} requirements in unchanged copies of built-in files need no tests", run.built_in);
    }
    let _ = writeln!(text, "\n{}", conclusion(run, least));
    text
}

fn of_test(text: &mut String, test: &TestResult) {
    let mark = if test.deviations.is_empty() { "ok    " } else { "FAILED" };
    let what = match &test.shows {
        Some(shows) => format!("{}: {}", safe(&test.capture), safe(shows)),
        None => safe(&test.capture),
    };
    let expected = if test.deviations.is_empty() { format!(" ({})", summary(&test.expected)) } else { String::new() };
    let _ = writeln!(text, "{mark}  {what}{expected}");
    for deviation in &test.deviations {
        of_deviation(text, deviation);
    }
}

/// The expected results: `passes HOUSE-01; fails HOUSE-02`.
fn summary(expected: &Expected) -> String {
    let mut parts = Vec::new();
    for status in [
        ExpectedStatus::Passes,
        ExpectedStatus::Fails,
        ExpectedStatus::Warns,
        ExpectedStatus::NotExercised,
        ExpectedStatus::Inconclusive,
    ] {
        let ids: Vec<String> = expected.iter().filter(|(_, of)| **of == status).map(|(id, _)| safe(id)).collect();
        if !ids.is_empty() {
            parts.push(format!("{} {}", status.key(), ids.join(", ")));
        }
    }
    if parts.is_empty() { "no finding".to_owned() } else { parts.join("; ") }
}

fn of_deviation(text: &mut String, deviation: &Deviation) {
    let expected = deviation.expected.map_or("no finding", ExpectedStatus::key);
    let _ = writeln!(text, "        {}: expected {expected}, got {}", safe(&deviation.id), deviation.seen.key());
    if let Some((exchanges, message)) = &deviation.finding {
        let _ = writeln!(text, "        {}: {}", place(exchanges), safe(message));
    }
}

fn of_requirement(text: &mut String, requirement: &Coverage, least: Option<usize>) {
    let missing = match (requirement.passes, requirement.fails) {
        (true, true) => "",
        (false, true) => "; MISSING: a test that it passes",
        (true, false) => "; MISSING: an edit that it fails",
        (false, false) => "; MISSING: a test that it passes, and an edit that it fails",
    };
    let mutants = match &requirement.mutants {
        Some(score) if score.total() == 0 => "no mutants".to_owned(),
        Some(score) => format!("{} of {} mutants noticed ({} %)", score.killed, score.total(), score.percent()),
        None => "mutants not evaluated".to_owned(),
    };
    let _ = writeln!(text, "{}  {mutants}{missing}", safe_line(&requirement.id));
    let word = match (&requirement.mutants, least) {
        (Some(score), Some(least)) if score.percent() < least => "error",
        _ => "warning",
    };
    for survivor in requirement.mutants.iter().flat_map(|score| &score.survivors) {
        let line = format!("{}:{}", safe(&survivor.file), survivor.line);
        let _ = writeln!(text, "  {word}: no test notices {line}: {}", safe(&survivor.change));
        let _ = writeln!(text, "    help: {}", safe(&survivor.hint));
    }
}

fn conclusion(run: &TestRun, least: Option<usize>) -> String {
    let failed = run.tests.iter().filter(|test| !test.deviations.is_empty()).count();
    if failed > 0 {
        return format!(
            "failed: {failed} of {} without the expected results; correct the rule or the test",
            count(run.tests.len(), "test")
        );
    }
    if !run.is_covered() {
        return "failed: every requirement needs a test that it passes and one that it fails".to_owned();
    }
    if let Some(least) = least.filter(|least| !run.has_score(*least)) {
        return format!("failed: fewer than {least} % of the mutants of a requirement are noticed");
    }
    format!("passed: {} of {}", count(run.tests.len(), "test"), count(run.requirements.len(), "requirement"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::rule_test_results::{Score, Survivor};

    fn run() -> TestRun {
        let expected = Expected::from([("HOUSE-1".to_owned(), ExpectedStatus::Passes)]);
        let survivor = Survivor {
            file: "house.toml".to_owned(),
            line: 7,
            change: "`limit` is 4 instead of 3".to_owned(),
            hint: "add a test with exactly 4 events".to_owned(),
        };
        TestRun {
            tests: vec![TestResult { capture: "a.har".to_owned(), shows: None, expected, deviations: Vec::new() }],
            requirements: vec![Coverage {
                id: "HOUSE-1".to_owned(),
                passes: true,
                fails: true,
                mutants: Some(Score { killed: 3, survivors: vec![survivor] }),
            }],
            built_in: 0,
        }
    }

    #[test]
    fn survivors_are_shown_with_the_test_that_is_missing() {
        assert_eq!(
            render(&run(), None),
            "ok      a.har (passes HOUSE-1)\n\n\
             HOUSE-1  3 of 4 mutants noticed (75 %)\n  \
             warning: no test notices house.toml:7: `limit` is 4 instead of 3\n    \
             help: add a test with exactly 4 events\n\n\
             passed: 1 test of 1 requirement\n"
        );
        let strict = render(&run(), Some(80));
        assert!(strict.contains("error: no test notices"), "{strict}");
        assert!(strict.ends_with("failed: fewer than 80 % of the mutants of a requirement are noticed\n"), "{strict}");
    }

    #[test]
    fn deviations_have_expected_and_seen_result() {
        let mut run = run();
        run.tests[0].deviations.push(Deviation {
            id: "HOUSE-1".to_owned(),
            expected: Some(ExpectedStatus::Passes),
            seen: ExpectedStatus::Fails,
            finding: Some((vec![2, 3], "expected a\u{1b}".to_owned())),
        });
        let text = render(&run, None);
        let lines =
            "FAILED  a.har\n        HOUSE-1: expected passes, got fails\n        exchanges 2, 3: expected a\\u{1b}\n";
        assert!(text.starts_with(lines), "{text}");
    }
}
