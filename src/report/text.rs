//! The verdict as text for terminals: outcome first, then failures, then the rest.

use super::group_findings::{Fold, shown};
use super::line_wrap::Page;
use super::summary::DIGEST_DIGITS;
use super::{VerdictSummary, wording};
use crate::verify::verdict::{
    CaseStatus, CaseVerdict, FeatureVerdict, Level, Outcome, RequirementVerdict, StepStatus, Verdict,
};

/// From this number of cases without any exchange on, they share a line.
const GROUPED: usize = 3;
/// The width of output that does not go to a terminal.
const PLAIN_WIDTH: usize = 100;

/// The layout of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether to use colors.
    pub color: bool,
    /// The width in columns.
    pub width: usize,
}

impl Style {
    /// No colors and a fixed width: the same bytes everywhere.
    pub const PLAIN: Style = Style { color: false, width: PLAIN_WIDTH };
}

const RED: &str = "1;31";
const GREEN: &str = "1;32";
const YELLOW: &str = "1;33";
const BOLD: &str = "1";
const DIM: &str = "2";

/// The verdict as text, with a line break at the end.
///
/// `capture`: the capture as an argument of a command, for commands to copy.
pub(crate) fn render(verdict: &Verdict, style: Style, capture: Option<&str>) -> String {
    let summary = VerdictSummary::of(verdict);
    let summary = match capture {
        Some(capture) => summary.in_capture(capture),
        None => summary,
    };
    let mut page = Page::new(style);
    head(&mut page, verdict, &summary);
    section(&mut page, &summary, ("Failures", "✗", RED), &summary.failed, &summary.failed_cases);
    section(&mut page, &summary, ("Warnings", "!", YELLOW), &summary.warnings, &summary.broken_optional_cases);
    open(&mut page, &summary);
    cases(&mut page, verdict);
    page.blank();
    let (_, color) = outcome_look(verdict.verdict);
    let word = wording::outcome(verdict.verdict).to_uppercase();
    page.line("", "", &[(&word, color), (&format!(": {}. Next: {}", summary.reason(), summary.next_step()), "")]);
    page.finish()
}

fn head(page: &mut Page, verdict: &Verdict, summary: &VerdictSummary) {
    let (mark, color) = outcome_look(verdict.verdict);
    let word = wording::outcome(verdict.verdict).to_uppercase();
    let covers = format!(" for {}", wording::list(&verdict.profile.features));
    page.line("", "  ", &[(&format!("{mark} {word}"), color), (&covers, BOLD)]);
    page.line("  ", "  ", &[(&summary.seal(), "")]);
    for remark in &verdict.remarks {
        page.line("! ", "  ", &[(&wording::safe(remark), YELLOW)]);
    }
    page.line("  Client:   ", "            ", &[(&summary.who(), "")]);
    page.line("  Capture:  ", "            ", &[(&summary.capture(DIGEST_DIGITS), "")]);
    if let Some(period) = &verdict.capture.recorded {
        page.line("  Recorded: ", "            ", &[(&wording::period(period), "")]);
    }
    page.line("  Rules:    ", "            ", &[(&summary.rules(DIGEST_DIGITS), "")]);
    page.blank();
    for feature in &verdict.features {
        let (mark, color) = outcome_look(feature.verdict);
        let line = format!("{:<20} {:<10}", feature.id, wording::outcome(feature.verdict));
        page.line("  ", "      ", &[(mark, color), (&format!(" {line} {}", cases_shown(feature)), "")]);
    }
}

fn cases_shown(feature: &FeatureVerdict) -> String {
    let optional = || feature.cases.iter().filter(|case| case.optional);
    let passed = optional().filter(|case| case.status == CaseStatus::Passed).count();
    let mandatory = wording::cases_passed(&feature.cases);
    match optional().count() {
        0 => mandatory,
        all => format!("{mandatory}, {passed} of {all} optional"),
    }
}

fn section(
    page: &mut Page,
    tally: &VerdictSummary,
    (title, mark, color): (&str, &str, &str),
    requirements: &[&RequirementVerdict],
    cases: &[&CaseVerdict],
) {
    if requirements.len() + cases.len() > 0 {
        page.title(title);
    }
    for requirement in requirements {
        self::requirement(page, requirement, mark, color);
    }
    for case in cases {
        broken_case(page, tally, case, mark, color);
    }
}

fn broken_case(page: &mut Page, summary: &VerdictSummary, case: &CaseVerdict, mark: &str, color: &str) {
    let optional = if case.optional { " (optional)" } else { "" };
    let title = format!(" {} {}{optional}", wording::safe(&case.id), wording::safe(&case.title));
    page.line("", "  ", &[(mark, color), (&title, BOLD)]);
    page.line("    ", "    ", &[(&wording::case_sentence(case), "")]);
    page.line("    Remedy: ", "      ", &[(&summary.advice(case), "")]);
}

fn requirement(page: &mut Page, requirement: &RequirementVerdict, mark: &str, color: &str) {
    let title = format!(" {} {}", wording::safe(&requirement.id), wording::safe(&requirement.title));
    page.line("", "  ", &[(mark, color), (&title, BOLD)]);
    let (folds, others) = shown(&requirement.findings);
    for (at, fold) in folds.iter().enumerate() {
        let next = folds.get(at + 1).map(|fold| &fold.first.remedy);
        finding(page, fold, next != Some(&fold.first.remedy));
    }
    if !others.is_empty() {
        page.line("    ", "      ", &[(&others, DIM)]);
    }
    page.line("    Source: ", "      ", &[(&source(requirement), DIM)]);
}

fn source(requirement: &RequirementVerdict) -> String {
    let mut features: Vec<&str> = Vec::new();
    for feature in requirement.findings.iter().flat_map(|finding| &finding.features) {
        if !features.contains(feature) {
            features.push(feature);
        }
    }
    let against =
        if features.is_empty() { String::new() } else { format!("; counts against {}", wording::list(&features)) };
    let source = wording::source_url(&requirement.source).unwrap_or_else(|| wording::safe(&requirement.source));
    format!("{source}{against}")
}

fn finding(page: &mut Page, fold: &Fold, with_remedy: bool) {
    let said = format!(": {}", wording::safe(&fold.first.message));
    page.line("    ", "      ", &[(&wording::place(&fold.first.exchanges), BOLD), (&said, "")]);
    if !fold.rest.is_empty() {
        page.line("      ", "      ", &[(&fold.more(), DIM)]);
    }
    if with_remedy && !fold.first.remedy.is_empty() {
        page.line("    Remedy: ", "      ", &[(&wording::safe(&fold.first.remedy), "")]);
    }
}

fn open(page: &mut Page, summary: &VerdictSummary) {
    if !summary.missing_cases.is_empty() {
        page.title("Missing cases");
        // In a capture of something else, one line for all is enough.
        let is_absent = |case: &&&CaseVerdict| wording::case_sentence(case) == wording::NO_EXCHANGE;
        let absent: Vec<&str> = summary.missing_cases.iter().filter(is_absent).map(|case| case.id.as_str()).collect();
        let is_grouped = absent.len() >= GROUPED;
        for case in summary.missing_cases.iter().filter(|case| !(is_grouped && is_absent(case))) {
            let line =
                format!("{} {}: {}", wording::safe(&case.id), wording::safe(&case.title), wording::case_sentence(case));
            page.line("· ", "  ", &[(&line, "")]);
        }
        if is_grouped {
            let line = format!("{}: {}", wording::case_ranges(&absent), wording::NO_EXCHANGE);
            page.line("· ", "  ", &[(&line, "")]);
        }
    }
    if !summary.inconclusive.is_empty() {
        page.title("Inconclusive at the end of the capture");
        for requirement in &summary.inconclusive {
            let first = requirement.findings.first().map(|finding| format!(" ({})", wording::finding(finding)));
            let (id, title) = (wording::safe(&requirement.id), wording::safe(&requirement.title));
            let line = format!("{id} {title}{}", first.unwrap_or_default());
            page.line("? ", "  ", &[(&line, "")]);
        }
    }
    if !summary.not_exercised.is_empty() {
        page.title("Not exercised by the capture");
        for level in [Level::Must, Level::Should] {
            let ids: Vec<String> =
                summary.not_exercised.iter().filter(|r| r.level == level).map(|r| wording::safe(&r.id)).collect();
            if !ids.is_empty() {
                page.line(&format!("  {:<7}", wording::level(level)), "         ", &[(&ids.join(", "), "")]);
            }
        }
    }
}

fn cases(page: &mut Page, verdict: &Verdict) {
    page.title("Cases");
    for feature in &verdict.features {
        let (mark, color) = outcome_look(feature.verdict);
        let title = if feature.title.is_empty() { feature.id.to_owned() } else { wording::safe(&feature.title) };
        page.line("", "  ", &[(mark, color), (&format!(" {title}: {}", wording::outcome(feature.verdict)), BOLD)]);
        for case in &feature.cases {
            self::case(page, case);
        }
    }
}

fn case(page: &mut Page, case: &CaseVerdict) {
    let (mark, color) = case_look(case);
    let optional = if case.optional { "optional, " } else { "" };
    // The steps of a passed case are in the HTML report.
    let passed = case.status == CaseStatus::Passed;
    let status = if passed { wording::case_sentence(case) } else { wording::case_status(case.status).to_owned() };
    let line = format!(" {} {} ({optional}{status})", wording::safe(&case.id), wording::safe(&case.title));
    page.line("  ", "    ", &[(mark, color), (&line, "")]);
    if passed {
        return;
    }
    for step in &case.steps {
        let (mark, color) = match step.status {
            StepStatus::Passed => ("✓", GREEN),
            StepStatus::Failed => ("✗", RED),
            StepStatus::Pending => ("·", DIM),
        };
        let seen = step.exchange.map(|number| format!("  exchange {number}")).unwrap_or_default();
        let call = format!(" {}", wording::safe(&step.call));
        page.line("      ", "        ", &[(mark, color), (&call, ""), (&seen, DIM)]);
    }
}

fn case_look(case: &CaseVerdict) -> (&'static str, &'static str) {
    match case.status {
        CaseStatus::Passed => ("✓", GREEN),
        CaseStatus::Failed if case.optional => ("!", YELLOW),
        CaseStatus::Failed => ("✗", RED),
        CaseStatus::NotTested => ("·", DIM),
        CaseStatus::InProgress => ("…", YELLOW),
    }
}

fn outcome_look(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Passed => ("✓", GREEN),
        Outcome::Failed => ("✗", RED),
        Outcome::Incomplete => ("·", YELLOW),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{snapshots, test_verdicts};
    use super::*;
    use crate::verify::verdict::Finding;

    #[test]
    fn texts_match_snapshots() {
        snapshots::check("passed.txt", &render(&test_verdicts::passed(), Style::PLAIN, Some("my-capture")));
        snapshots::check("failed.txt", &render(&test_verdicts::failed(), Style::PLAIN, Some("my-capture")));
        snapshots::check(
            "incomplete.txt",
            &render(&test_verdicts::incomplete(), Style { color: false, width: 72 }, Some("my-capture")),
        );
    }

    #[test]
    fn first_lines_show_outcome_signature_and_remarks() {
        let text = render(&test_verdicts::incomplete(), Style::PLAIN, Some("my-capture"));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0] == "· INCOMPLETE for onboarding and payment", "{text}");
        assert_eq!(lines[1], "  Not signed.");
        assert!(lines[2].starts_with("! "), "{text}");
        assert!(text.contains("\nINCOMPLETE: "), "{text}");
    }

    #[test]
    fn colors_are_optional_and_client_text_is_escaped() {
        let own = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
        for verdict in [test_verdicts::passed(), test_verdicts::failed(), test_verdicts::incomplete()] {
            let plain = render(&verdict, Style::PLAIN, Some("my-capture"));
            assert!(!plain.chars().any(|c| c != '\n' && wording::is_hidden(c)), "{plain:?}");
            let colored = render(&verdict, Style { color: true, width: 100 }, Some("my-capture"));
            assert!(own.is_match(&colored));
            assert_eq!(own.replace_all(&colored, ""), plain);
        }
    }

    #[test]
    fn lines_keep_to_the_width() {
        for width in [40, 60, 120] {
            let text = render(&test_verdicts::failed(), Style { color: false, width }, Some("my-capture"));
            let long: Vec<&str> =
                text.lines().filter(|l| l.chars().count() > width && l.trim().contains(' ')).collect();
            // A word that is wider than the line may stick out, on a line of its own.
            let sticking = |line: &&str| line.split_whitespace().all(|word| word.chars().count() + 12 < width);
            assert!(!long.iter().any(sticking), "{width}: {long:?}");
        }
    }

    #[test]
    fn a_thousand_findings_are_one_entry() {
        let mut verdict = test_verdicts::failed();
        let all: Vec<Finding> = (1..=1000)
            .map(|n| Finding {
                exchanges: vec![n],
                message: format!("came {n} ms after"),
                remedy: "wait".into(),
                features: vec!["payment"],
                is_missing: false,
            })
            .collect();
        verdict.requirements[1].findings = all;
        let text = render(&verdict, Style::PLAIN, Some("my-capture"));
        assert!(text.contains("and 999 more like it: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ..."), "{text}");
        assert_eq!(text.matches("Remedy: wait").count(), 1);
    }
}
