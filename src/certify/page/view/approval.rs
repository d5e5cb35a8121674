//! The fourth step: the verdict and what can be taken home, or what failed and what to do next.

use super::{code, copy, finding, order, sentence};
use crate::certify::page::approval::Approval;
use crate::report::{Tally, wording};
use crate::verify::verdict::{CaseStatus, CaseVerdict, Outcome, RequirementVerdict};
use maud::{Markup, html};

/// What came of it.
pub fn render(approval: &Approval) -> Markup {
    let verdict = &approval.verdict;
    let tally = Tally::of(verdict);
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
                    // Nothing that is recorded into it later makes it whole again.
                    p.hint { "The verdict on this capture cannot be passed any more, whatever is recorded on into it. Begin with a new one:" }
                    (copy("fresh-line", "line that begins with a new capture", &approval.fresh))
                } @else if tally.failed_cases.len() + tally.missing_cases.len() > 0 {
                    p.hint { "Go on in this capture, at the first case that was not shown:" }
                    (copy("again-line", "line that goes on", &approval.again))
                }
                @if verdict.verdict != Outcome::Passed && verdict.capture.complete {
                    p.hint { "After the till was mended, a new attempt, in which what was recorded before counts no more:" }
                    (copy("anew-line", "line that begins a new attempt", &approval.anew))
                }
                @for sentence in &approval.sentences { p { (code(sentence)) } }
            }
            section.card aria-labelledby="files-title" {
                h2 #files-title { "To take home" }
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
                    li class=(word) { span.name { (wording::safe(&feature.title)) } span.chip.(word) { (word) } span.dim { (shown) " of " (needed) " cases shown" } }
                }
            }
        }
        (cases_not_shown(&tally))
        (section("What failed", "failed", &tally.failed, &[]))
        (section("Warnings", "warning", &tally.warnings, &tally.broken_optional_cases))
        div.actions { (order("/close", "close", "quiet", &[], "Close the page and end poscert")) }
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

fn cases_not_shown(tally: &Tally<'_>) -> Markup {
    let cases: Vec<&CaseVerdict> = tally.failed_cases.iter().chain(&tally.missing_cases).copied().collect();
    html! {
        @if !cases.is_empty() {
            section.card aria-labelledby="missing-title" {
                h2 #missing-title { "Cases that were not shown" }
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

/// Requirements of one kind, and the cases that count as the same kind of trouble.
fn section(title: &str, class: &str, requirements: &[&RequirementVerdict], cases: &[&CaseVerdict]) -> Markup {
    html! {
        @if requirements.len() + cases.len() > 0 {
            section.card aria-labelledby={ (class) "-title" } {
                h2 id={ (class) "-title" } { (title) }
                @for requirement in requirements {
                    @let more = requirement.findings.len().saturating_sub(1);
                    @let more = if more > 0 { format!("and {more} more, in the full report") } else { String::new() };
                    (finding::article(class, &requirement.id, &requirement.title, requirement.findings.first(), &more))
                }
                @if !cases.is_empty() { (self::cases(cases)) }
            }
        }
    }
}
