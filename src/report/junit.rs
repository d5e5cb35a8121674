//! The verdict as JUnit XML for build servers.
//!
//! Each chosen feature has a suite with its cases and the requirements with findings against it. The suite `capture`
//! checks whether the capture is complete. The suite `requirements` has all other requirements. The mapping (also in
//! `docs/ci.md`):
//!
//! | verdict | JUnit |
//! |---|---|
//! | failed must, failed case | failure |
//! | missing case, inconclusive must, capture that is not complete | error: no result, but required |
//! | failed should, failed optional case | passed, with the warning in `system-out` |
//! | missing optional case, requirement that was not exercised | skipped |
//!
//! So there are failures or errors if and only if the verdict is not `passed`. The output is deterministic: no times,
//! no random ids.

use super::group_findings::{Fold, fold};
use super::{VerdictSummary, wording};
use crate::verify::verdict::{CaseStatus, CaseVerdict, Finding, Level, RequirementVerdict, Status, Verdict};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// The verdict as JUnit XML.
pub(crate) fn render(verdict: &Verdict) -> String {
    let mut report = Report::new("poscert");
    let summary = VerdictSummary::of(verdict);
    report.add_test_suite(capture(verdict, &summary));
    for feature in &verdict.features {
        let mut suite = TestSuite::new(feature.id);
        let counting = verdict.requirements.iter().filter_map(|requirement| {
            let findings = against(requirement, |features| features.contains(&feature.id));
            (!findings.is_empty()).then(|| (requirement, self::requirement(feature.id, requirement, &findings)))
        });
        // Failed requirements first: they often explain why a case is missing.
        let (broken, others): (Vec<_>, Vec<_>) = counting.partition(|(one, _)| one.status == Status::Failed);
        suite.add_test_cases(broken.into_iter().map(|(_, case)| case));
        suite.add_test_cases(feature.cases.iter().map(|case| self::case(feature.id, &summary, case)));
        suite.add_test_cases(others.into_iter().map(|(_, case)| case));
        report.add_test_suite(suite);
    }
    let mut rest = TestSuite::new("requirements");
    let chosen = |features: &[&'static str]| verdict.features.iter().any(|feature| features.contains(&feature.id));
    for requirement in &verdict.requirements {
        let findings = against(requirement, |features| !chosen(features));
        if !findings.is_empty() || requirement.findings.is_empty() {
            rest.add_test_case(self::requirement("requirements", requirement, &findings));
        }
    }
    report.add_test_suite(rest);
    let mut out = report.to_string().unwrap_or_else(|error| format!("<!-- {} -->", wording::safe(&error.to_string())));
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

fn against(requirement: &RequirementVerdict, counts: impl Fn(&[&'static str]) -> bool) -> Vec<Finding> {
    requirement.findings.iter().filter(|finding| counts(&finding.features)).cloned().collect()
}

fn capture(verdict: &Verdict, verdict_summary: &VerdictSummary) -> TestSuite {
    let summary = &verdict.capture;
    let status = if summary.exchanges == 0 {
        non_success(NonSuccessKind::Error, "capture", "the capture contains no exchanges", &verdict_summary.next_step())
    } else if !summary.complete {
        non_success(NonSuccessKind::Error, "capture", "the capture is not complete", &verdict_summary.next_step())
    } else {
        TestCaseStatus::success()
    };
    let mut case = TestCase::new("the capture is complete", status);
    case.set_classname("capture");
    let mut out = format!("{}: {}.\n", wording::outcome(verdict.verdict), verdict_summary.reason());
    for remark in &verdict.remarks {
        out.push_str(&format!("{}\n", wording::safe(remark)));
    }
    case.set_system_out(out);
    let mut suite = TestSuite::new("capture");
    for (name, value) in [
        ("verdict", wording::outcome(verdict.verdict).to_owned()),
        ("client", verdict_summary.who()),
        ("features", verdict.profile.features.join(", ")),
        ("seal", verdict_summary.seal()),
        ("capture", verdict_summary.capture(usize::MAX)),
        ("rules", verdict_summary.rules(usize::MAX)),
    ] {
        suite.add_property((name, value.as_str()));
    }
    if let Some(period) = &summary.recorded {
        suite.add_property(("recorded", wording::period(period).as_str()));
    }
    suite.add_test_case(case);
    suite
}

fn non_success(kind: NonSuccessKind, what: &str, message: &str, description: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(what).set_message(message).set_description(description);
    status
}

/// Remedy for a missing case, for readers who see only the list of test results.
const TO_BE_SHOWN: &str = "remedy: perform these steps on the till while recording; `poscert certify` guides through \
    them and injects the timeouts and HTTP 500 responses named here.\n";

fn case(feature: &str, summary: &VerdictSummary, case: &CaseVerdict) -> TestCase {
    let sentence = wording::case_sentence(case);
    let mut steps = String::new();
    for (step, at) in case.steps.iter().zip(1..) {
        let seen = step.exchange.map(|number| format!(", exchange {number}")).unwrap_or_default();
        let message = step.message.as_ref().map(|message| format!(": {}", wording::safe(message))).unwrap_or_default();
        let status = wording::step_status(step.status);
        steps.push_str(&format!("{at}. {}: {status}{seen}{message}\n", wording::safe(&step.call)));
    }
    let status = match (case.status, case.optional) {
        (CaseStatus::Passed, _) | (CaseStatus::Failed, true) => TestCaseStatus::success(),
        (CaseStatus::Failed, false) => {
            steps.push_str(&format!("remedy: {}\n", summary.advice(case)));
            non_success(NonSuccessKind::Failure, "case", &sentence, &steps)
        }
        (CaseStatus::NotTested | CaseStatus::InProgress, false) => {
            steps.push_str(TO_BE_SHOWN);
            non_success(NonSuccessKind::Error, wording::case_status(case.status), &sentence, &steps)
        }
        (CaseStatus::NotTested | CaseStatus::InProgress, true) => skipped(&sentence),
    };
    let mut out = TestCase::new(format!("{} {}", wording::safe(&case.id), wording::safe(&case.title)), status);
    out.set_classname(feature);
    if case.status == CaseStatus::Failed && case.optional {
        out.set_system_out(format!("warning: optional: {sentence}\n{steps}"));
    } else if case.status == CaseStatus::Passed {
        out.set_system_out(format!("{sentence}\n{steps}"));
    }
    out
}

fn skipped(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(message);
    status
}

fn requirement(suite: &str, requirement: &RequirementVerdict, findings: &[Finding]) -> TestCase {
    let folds = fold(findings);
    let detail = detail_text(requirement, &folds);
    let first = findings.first().map_or_else(|| wording::status(requirement.status).to_owned(), wording::finding);
    let status = match (requirement.status, requirement.level) {
        (Status::Passed | Status::Warning, _) => TestCaseStatus::success(),
        (Status::Failed, _) => non_success(NonSuccessKind::Failure, wording::level(requirement.level), &first, &detail),
        (Status::Inconclusive, Level::Must) => non_success(NonSuccessKind::Error, "inconclusive", &first, &detail),
        (Status::Inconclusive, Level::Should) | (Status::NotExercised, _) => skipped(&first),
    };
    let mut case =
        TestCase::new(format!("{} {}", wording::safe(&requirement.id), wording::safe(&requirement.title)), status);
    case.set_classname(suite);
    if requirement.status == Status::Warning {
        case.set_system_out(format!("warning: {detail}"));
    }
    case
}

/// Findings in full: exchanges, message, remedy and source.
fn detail_text(requirement: &RequirementVerdict, folds: &[Fold]) -> String {
    let mut out = String::new();
    for fold in folds {
        out.push_str(&format!("{}\n", wording::finding(fold.first)));
        if !fold.rest.is_empty() {
            out.push_str(&format!("{}\n", fold.more()));
        }
        if !fold.first.remedy.is_empty() {
            out.push_str(&format!("remedy: {}\n", wording::safe(&fold.first.remedy)));
        }
    }
    out.push_str(&format!("source: {}\n", wording::safe(&requirement.source)));
    out
}

#[cfg(test)]
mod tests {
    use super::super::{snapshots, test_verdicts};
    use super::*;
    use crate::verify::verdict::Outcome;

    #[test]
    fn documents_match_snapshots() {
        snapshots::check("passed.xml", &render(&test_verdicts::passed()));
        snapshots::check("failed.xml", &render(&test_verdicts::failed()));
        snapshots::check("incomplete.xml", &render(&test_verdicts::incomplete()));
    }

    /// The number of elements of this name.
    fn count(xml: &str, name: &str) -> usize {
        xml.matches(&format!("<{name} ")).count() + xml.matches(&format!("<{name}>")).count()
    }

    #[test]
    fn failures_or_errors_exist_only_if_the_verdict_is_not_passed() {
        for verdict in [test_verdicts::passed(), test_verdicts::failed(), test_verdicts::incomplete()] {
            let xml = render(&verdict);
            assert_eq!(count(&xml, "failure") > 0, verdict.verdict == Outcome::Failed, "{xml}");
            assert_eq!(count(&xml, "failure") + count(&xml, "error") == 0, verdict.verdict == Outcome::Passed, "{xml}");
        }
        let mut cut = test_verdicts::passed();
        cut.verdict = Outcome::Incomplete;
        cut.capture.complete = false;
        assert_eq!(count(&render(&cut), "error"), 1);
    }

    #[test]
    fn all_requirements_and_cases_are_included_and_client_text_is_escaped() {
        let verdict = test_verdicts::failed();
        let xml = render(&verdict);
        let cases = verdict.features.iter().map(|feature| feature.cases.len()).sum::<usize>();
        assert_eq!(count(&xml, "testcase"), 1 + cases + verdict.requirements.len());
        assert!(!xml.contains("<script") && xml.contains("&lt;script&gt;"));
        for clock in ["timestamp=", "uuid=", " time="] {
            assert!(!xml.contains(clock), "{clock}");
        }
        assert!(!xml.chars().any(|c| c != '\n' && wording::is_hidden(c)));
    }

    #[test]
    fn findings_against_no_chosen_feature_still_fail() {
        let mut verdict = test_verdicts::failed();
        verdict.requirements.truncate(1);
        verdict.requirements[0].findings[0].features.clear();
        let xml = render(&verdict);
        let rest = xml.split("<testsuite name=\"requirements\"").nth(1).unwrap();
        assert_eq!(count(rest, "failure"), 1, "{xml}");
    }
}
