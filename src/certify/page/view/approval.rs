//! View of the approval step: the verdict, the downloads, what failed and what to do next.

use super::{action_button, code, copy, finding, sentence};
use crate::certify::page::approval::ApprovalView;
use crate::report::{VerdictSummary, wording};
use crate::verify::verdict::{CaseStatus, CaseVerdict, Outcome, RequirementVerdict};
use maud::{Markup, html};

/// The approval step.
pub(crate) fn render(approval: &ApprovalView) -> Markup {
    let verdict = &approval.verdict;
    let tally = VerdictSummary::of(verdict);
    let word = wording::outcome(verdict.verdict);
    let mark = match verdict.verdict {
        Outcome::Passed => "✓",
        Outcome::Failed => "✗",
        Outcome::Incomplete => "…",
    };
    html! {
        section.verdict.(word) aria-labelledby="verdict-title" {
            span.badge aria-hidden="true" { (mark) }
            div {
                h1 #verdict-title { (headline(verdict.verdict)) }
                p.lead { (tally.who()) ". " (sentence(&tally.reason())) "." }
                p.hint { (tally.seal()) }
            }
        }
        @for remark in &verdict.remarks { p.note { bdi { (wording::safe(remark)) } } }
        div.columns {
            section.card aria-labelledby="next-title" {
                h2 #next-title { "What to do next" }
                p { (code(&sentence(&tally.next_step().replace("CAPTURE", &approval.capture)))) }
                @if verdict.verdict != Outcome::Passed && !verdict.capture.complete {
                    // Further records cannot make the capture complete again.
                    p.hint { "This capture can no longer pass, even if you record more. Start a new one:" }
                    (copy("fresh-line", "command for a new capture", &approval.fresh))
                } @else if tally.failed_cases.len() + tally.missing_cases.len() > 0 {
                    p.hint { "Resume this capture at the first case that has not passed:" }
                    (copy("again-line", "command that resumes this capture", &approval.again))
                }
                @if verdict.verdict != Outcome::Passed && verdict.capture.complete {
                    p.hint { "After fixing the till, start a new attempt; earlier exchanges no longer count:" }
                    (copy("anew-line", "command for a new attempt", &approval.anew))
                }
                @for sentence in &approval.sentences { p { (code(sentence)) } }
            }
            section.card aria-labelledby="files-title" {
                h2 #files-title { "Downloads" }
                ul.files {
                    @for file in &approval.files {
                        li { a href={ "/files/" (file.name) } target="_blank" rel="noopener" { (file.title) } span.dim { " " (file.name) } }
                    }
                }
            }
        }
        section.card aria-labelledby="features-title" {
            h2 #features-title { "Features" }
            ul.features {
                @for feature in &verdict.features {
                    @let needed = feature.cases.iter().filter(|case| !case.optional).count();
                    @let shown = feature.cases.iter().filter(|case| !case.optional && case.status == CaseStatus::Passed).count();
                    @let word = wording::outcome(feature.verdict);
                    li class=(word) { span.name { (wording::safe(&feature.title)) } span.chip.(word) { (word) } span.dim { (shown) " of " (needed) " cases passed" } }
                }
            }
        }
        (cases_not_shown(&tally))
        (section("Failed requirements", "failed", &tally.failed, &[]))
        (section("Warnings", "warning", &tally.warnings, &tally.broken_optional_cases))
        div.actions { (action_button("/close", "close", "quiet", &[], "Close page and end poscert")) }
        dialog #exchange aria-label="Exchange" { form method="dialog" { button.quiet { "Close" } } div #exchange-body {} }
    }
}

fn headline(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "Passed",
        Outcome::Failed => "Failed",
        Outcome::Incomplete => "Incomplete",
    }
}

fn cases_not_shown(tally: &VerdictSummary<'_>) -> Markup {
    let cases: Vec<&CaseVerdict> = tally.failed_cases.iter().chain(&tally.missing_cases).copied().collect();
    html! {
        @if !cases.is_empty() {
            section.card aria-labelledby="missing-title" {
                h2 #missing-title { "Cases not passed" }
                (self::cases(&cases))
            }
        }
    }
}

fn cases(cases: &[&CaseVerdict]) -> Markup {
    html! {
        ul.plain {
            @for case in cases {
                li {
                    span.chip.id { (wording::safe(&case.id)) } " " strong { (wording::safe(&case.title)) }
                    @if case.optional { span.dim { "(optional)" } } ": " (wording::case_sentence(case))
                }
            }
        }
    }
}

/// Requirements with one kind of result, and cases reported together with them.
fn section(title: &str, class: &str, requirements: &[&RequirementVerdict], cases: &[&CaseVerdict]) -> Markup {
    html! {
        @if requirements.len() + cases.len() > 0 {
            section.card aria-labelledby={ (class) "-title" } {
                h2 id={ (class) "-title" } { (title) }
                @for requirement in requirements {
                    @let more = requirement.findings.len().saturating_sub(1);
                    @let more = if more > 0 { format!("{more} more in the full report") } else { String::new() };
                    (finding::article(class, &requirement.id, &requirement.title, requirement.findings.first(), &more))
                }
                @if !cases.is_empty() { (self::cases(cases)) }
            }
        }
    }
}
