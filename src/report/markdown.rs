//! The verdict for GitHub Actions: a step summary in Markdown and annotations.
//!
//! The caller appends [`render`] to the file of `GITHUB_STEP_SUMMARY` and prints [`annotations`].

use super::group_findings::fold;
use super::summary::DIGEST_DIGITS;
use super::{VerdictSummary, wording};
use crate::verify::verdict::{CaseStatus, CaseVerdict, Outcome, RequirementVerdict, Verdict};
use std::fmt::Write;

/// Maximum number of annotations per kind that GitHub shows for a step.
const ANNOTATIONS: usize = 10;

/// The step summary.
pub(crate) fn render(verdict: &Verdict) -> String {
    let summary = VerdictSummary::of(verdict);
    let mut out = String::new();
    let features: Vec<String> = verdict.profile.features.iter().map(|id| text(id)).collect();
    let word = wording::outcome(verdict.verdict);
    let _ = writeln!(out, "## {} poscert: {word} for {}\n", sign(verdict.verdict), wording::list(&features));
    let _ = writeln!(out, "{}  ", text(&summary.seal()));
    for remark in &verdict.remarks {
        let _ = writeln!(out, "**{}**  ", text(remark));
    }
    let _ = writeln!(out, "Client: {}  ", text(&summary.who()));
    let _ = writeln!(out, "Capture: {}  ", text(&summary.capture(DIGEST_DIGITS)));
    if let Some(period) = &verdict.capture.recorded {
        let _ = writeln!(out, "Recorded: {}  ", text(&wording::period(period)));
    }
    let _ = writeln!(out, "Rules: {}\n", text(&summary.rules(DIGEST_DIGITS)));
    section(&mut out, "Failures", &summary, &summary.failed, &summary.failed_cases);
    section(&mut out, "Warnings", &summary, &summary.warnings, &summary.broken_optional_cases);
    open(&mut out, &summary);
    cases(&mut out, verdict);
    let _ = writeln!(out, "**{word}**: {}. Next: {}", text(&summary.reason()), sentence(&summary.next_step()));
    out
}

fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "✅",
        Outcome::Failed => "❌",
        Outcome::Incomplete => "⏳",
    }
}

fn section(
    out: &mut String,
    title: &str,
    summary: &VerdictSummary,
    requirements: &[&RequirementVerdict],
    cases: &[&CaseVerdict],
) {
    if requirements.is_empty() && cases.is_empty() {
        return;
    }
    let _ = writeln!(out, "### {title}\n");
    for requirement in requirements {
        let (id, title) = (text(&requirement.id), text(&requirement.title));
        let source = match wording::source_url(&requirement.source) {
            Some(url) => format!("[{}]({url})", text(&requirement.source)),
            None => text(&requirement.source),
        };
        let _ = writeln!(out, "- **{id}** {title} ({source})");
        for fold in fold(&requirement.findings) {
            let more = if fold.rest.is_empty() { String::new() } else { format!(" ({})", fold.more()) };
            let place = wording::place(&fold.first.exchanges);
            let _ = writeln!(out, "  - {place}: {}{more}  ", text(&fold.first.message));
            if !fold.first.remedy.is_empty() {
                let _ = writeln!(out, "    Remedy: {}", sentence(&fold.first.remedy));
            }
        }
    }
    for case in cases {
        let _ =
            writeln!(out, "- **{}** {}: {}  ", text(&case.id), text(&case.title), text(&wording::case_sentence(case)));
        let _ = writeln!(out, "    Remedy: {}", sentence(&summary.advice(case)));
    }
    out.push('\n');
}

fn open(out: &mut String, summary: &VerdictSummary) {
    let ids =
        |requirements: &[&RequirementVerdict]| -> Vec<String> { requirements.iter().map(|r| text(&r.id)).collect() };
    for (title, ids) in [
        ("Inconclusive", ids(&summary.inconclusive)),
        ("Not exercised", ids(&summary.not_exercised)),
        ("Missing cases", summary.missing_cases.iter().map(|case| text(&case.id)).collect()),
    ] {
        if !ids.is_empty() {
            let _ = writeln!(out, "{title}: {}\n", ids.join(", "));
        }
    }
}

fn cases(out: &mut String, verdict: &Verdict) {
    let _ = writeln!(out, "| | case | status | |\n|---|---|---|---|");
    for case in verdict.features.iter().flat_map(|feature| &feature.cases) {
        let sign = match case.status {
            CaseStatus::Passed => "✅",
            CaseStatus::Failed if case.optional => "🟡",
            CaseStatus::Failed => "❌",
            CaseStatus::NotTested | CaseStatus::InProgress => "·",
        };
        let optional = if case.optional { ", optional" } else { "" };
        let status = wording::case_status(case.status);
        let (id, title) = (text(&case.id), text(&case.title));
        let sentence = text(&wording::case_sentence(case));
        let _ = writeln!(out, "| {sign} | {id} {title} | {status}{optional} | {sentence} |");
    }
    out.push('\n');
}

/// The characters that Markdown gives a meaning wherever they stand.
const ACTIVE: &[char] = &['\\', '`', '*', '[', ']', '|', '~', '$', '&'];

/// A text as Markdown that renders literally: sanitized, and escaped where Markdown or GitHub would see markup, a link, a
/// mention, an issue or a formula. Other characters stay readable in the source.
fn text(text: &str) -> String {
    let safe: Vec<char> = wording::safe(text).chars().collect();
    let mut out = String::with_capacity(text.len());
    for (at, c) in safe.iter().copied().enumerate() {
        let is_word = |at: Option<usize>| at.and_then(|at| safe.get(at)).is_some_and(|c| c.is_alphanumeric());
        let (before, after) = (is_word(at.checked_sub(1)), is_word(Some(at + 1)));
        let is_link = c == ':' && safe.get(at + 1..at + 3) == Some(&['/', '/']);
        let is_host = c == '.' && out.to_lowercase().ends_with("www");
        match c {
            '<' => out.push_str("&lt;"),
            '@' | '#' if after && !(c == '#' && before) => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            _ if is_link || is_host => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            // Inside a word, an underscore is one.
            '_' if before && after => out.push(c),
            '(' if out.ends_with(']') => out.push_str("\\("),
            c if c == '_' || ACTIVE.contains(&c) => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// A sentence with its parts in backticks as code: commands and names. Other parts as in [`text`].
fn sentence(sentence: &str) -> String {
    let is_code = |part: &str| part.chars().count() > 1 && part.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    let parts: Vec<&str> = sentence.split('`').collect();
    if parts.len().is_multiple_of(2) || !parts.iter().skip(1).step_by(2).all(|part| is_code(part)) {
        return text(sentence);
    }
    let part = |(at, part): (usize, &&str)| {
        if at % 2 == 1 { format!("`{}`", wording::safe(part)) } else { text(part) }
    };
    parts.iter().enumerate().map(part).collect()
}

/// Workflow commands: an error for each failed must and failed or missing case, a warning for each failed should and
/// failed optional case.
pub(crate) fn annotations(verdict: &Verdict) -> String {
    let summary = VerdictSummary::of(verdict);
    let mut errors: Vec<String> = summary.failed.iter().map(|r| broken("error", r)).collect();
    let case = |kind: &str, case: &&CaseVerdict| {
        command(kind, &format!("{} {}", case.id, case.title), &wording::case_sentence(case))
    };
    errors.extend(summary.failed_cases.iter().map(|c| case("error", c)));
    errors.extend(summary.missing_cases.iter().map(|c| case("error", c)));
    let mut warnings: Vec<String> = summary.warnings.iter().map(|r| broken("warning", r)).collect();
    warnings.extend(summary.broken_optional_cases.iter().map(|c| case("warning", c)));
    let mut out = String::new();
    for (kind, mut commands) in [("error", errors), ("warning", warnings)] {
        let left = commands.len().saturating_sub(ANNOTATIONS);
        if left > 0 {
            commands.truncate(ANNOTATIONS - 1);
            commands.push(command(kind, "and more", &format!("{} more in the summary of this step", left + 1)));
        }
        out.extend(commands);
    }
    out
}

fn broken(kind: &str, requirement: &RequirementVerdict) -> String {
    let title = format!("{} {}", requirement.id, requirement.title);
    let message = match requirement.findings.first() {
        Some(first) => {
            let times = wording::count(requirement.findings.len(), "finding");
            format!("{}\nRemedy: {}\n{times}", wording::finding(first), wording::safe(&first.remedy))
        }
        None => wording::status(requirement.status).to_owned(),
    };
    command(kind, &title, &message)
}

/// One workflow command on a line of its own, escaped like GitHub's toolkit does.
fn command(kind: &str, title: &str, message: &str) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let title = data(&wording::safe(title)).replace(':', "%3A").replace(',', "%2C");
    format!("::{kind} title={title}::{}\n", data(message))
}

#[cfg(test)]
mod tests {
    use super::super::{snapshots, test_verdicts};
    use super::*;

    #[test]
    fn summaries_match_snapshots() {
        snapshots::check("failed.md", &render(&test_verdicts::failed()));
        snapshots::check("incomplete.md", &render(&test_verdicts::incomplete()));
        snapshots::check("failed.annotations", &annotations(&test_verdicts::failed()));
    }

    #[test]
    fn client_text_becomes_neither_markup_nor_command() {
        let mut verdict = test_verdicts::failed();
        verdict.requirements[0].findings[0].message = "x\n::error::y|[a](b)<img>`www.a.b @c".into();
        let summary = render(&verdict);
        // The links of sources are the only ones.
        let unlinked = summary.replace("](https://mobilepaydev.github.io/", "");
        for markup in ["<script", "<img", "](", "www.a", "@c", "y|["] {
            assert!(!unlinked.contains(markup), "{markup}: {summary}");
        }
        assert!(summary.contains("x\\\\n::error::y\\|\\[a\\]\\(b)&lt;img>\\`www&#46;a.b &#64;c"), "{summary}");
        let lines = annotations(&verdict);
        assert!(
            lines.lines().all(|line| line.starts_with("::error title=") || line.starts_with("::warning title=")),
            "{lines}"
        );
        assert_eq!(lines.lines().count(), 6);
    }

    #[test]
    fn plain_text_stays_readable_and_names_are_code() {
        assert_eq!(
            text("onboarding/1 (500): api_principles#error_handling, 12.50!"),
            "onboarding/1 (500): api_principles#error_handling, 12.50!"
        );
        assert_eq!(
            text("_a_ *b* #12 a@b https://x &amp; 1 < 2"),
            "\\_a\\_ \\*b\\* &#35;12 a&#64;b https&#58;//x \\&amp; 1 &lt; 2"
        );
        assert_eq!(sentence("Send `x-key` once"), "Send `x-key` once");
        for odd in ["`a", "`a` and `b", "`é<b>`"] {
            assert!(!sentence(odd).replace("\\`", "").contains('`'), "{odd}");
        }
    }

    #[test]
    fn annotations_stay_within_the_limit_of_github() {
        let mut verdict = test_verdicts::failed();
        let one = verdict.requirements[0].clone();
        verdict.requirements.extend(std::iter::repeat_n(one, 30));
        assert_eq!(annotations(&verdict).lines().filter(|line| line.starts_with("::error")).count(), ANNOTATIONS);
    }
}
