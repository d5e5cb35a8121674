//! What a reader has to act on: failures and warnings with their findings, and what is still open.

use super::look::Look;
use super::{code, named, sentence, source};
use crate::report::group_findings::shown;
use crate::report::{VerdictSummary, wording};
use crate::verify::verdict::{CaseVerdict, Finding, RequirementVerdict};
use maud::{Markup, html};

/// Maximum number of exchanges of a finding that are shown.
const OPENED: usize = 4;

/// How a page refers to exchanges, and whether it shows them.
pub(crate) trait Exchanges {
    /// The place of a finding.
    fn place(&self, numbers: &[u64]) -> Markup {
        html! { (wording::place(numbers)) }
    }

    /// The exchanges around a finding as a diagram.
    fn diagram(&self, _finding: &Finding, _id: &str) -> Markup {
        html! {}
    }

    /// The exchanges themselves, below the finding.
    fn show(&mut self, _numbers: &[u64], _look: Look) -> Markup {
        html! {}
    }
}

/// The exchanges of the findings of a requirement that are shown in full.
pub(crate) fn exchanges(requirement: &RequirementVerdict) -> Vec<u64> {
    let (folds, _) = shown(&requirement.findings);
    folds.iter().flat_map(|fold| opened(fold.first).iter().copied()).collect()
}

/// The exchanges of a finding that are shown.
pub(crate) fn opened(finding: &Finding) -> &[u64] {
    finding.exchanges.get(..OPENED).unwrap_or(&finding.exchanges)
}

/// Failures and warnings; nothing if there are none.
pub(crate) fn sections(tally: &VerdictSummary, exchanges: &mut dyn Exchanges) -> Markup {
    html! {
        (section("Failures", Look::Failed, tally, &tally.failed, &tally.failed_cases, exchanges))
        (section("Warnings", Look::Warning, tally, &tally.warnings, &tally.broken_optional_cases, exchanges))
        (open(tally, exchanges))
    }
}

fn section(
    title: &str,
    look: Look,
    tally: &VerdictSummary,
    requirements: &[&RequirementVerdict],
    cases: &[&CaseVerdict],
    exchanges: &mut dyn Exchanges,
) -> Markup {
    html! {
        @if requirements.len() + cases.len() > 0 {
            section #(title.to_lowercase()) {
                h2 { (title) " " span.count { (requirements.len() + cases.len()) } }
                @for one in requirements { (broken(look, &one.id, &one.title, &requirement(one, look, exchanges))) }
                @for one in cases { (broken(look, &one.id, &one.title, &case(tally, one))) }
            }
        }
    }
}

/// A broken requirement or case.
pub(crate) fn broken(look: Look, id: &str, title: &str, content: &Markup) -> Markup {
    html! { article.broken.(look) { h3 { (named(id, title)) } (content) } }
}

fn case(tally: &VerdictSummary, case: &CaseVerdict) -> Markup {
    html! { p { "Result: " (wording::case_sentence(case)) "." } (remedy(&tally.advice(case))) }
}

fn requirement(requirement: &RequirementVerdict, look: Look, exchanges: &mut dyn Exchanges) -> Markup {
    let (folds, others) = shown(&requirement.findings);
    let mut before = "";
    html! {
        p.source { span.chip { (wording::level(requirement.level)) } " " (source(&requirement.source)) }
        @for fold in &folds {
            @let first = fold.first;
            div.finding {
                (message(first, exchanges))
                p.dim {
                    @if !first.features.is_empty() { "Counts against " (wording::list(&first.features)) ". " }
                    (sentence(&fold.more()))
                }
                @if std::mem::replace(&mut before, &first.remedy) != first.remedy { (remedy(&wording::safe(&first.remedy))) }
                @if look == Look::Failed { (exchanges.diagram(first, &requirement.id)) }
                (exchanges.show(opened(first), look))
            }
        }
        @if !others.is_empty() { p.dim { (sentence(&others)) } }
    }
}

/// The place of a finding and its message.
pub(crate) fn message(finding: &Finding, exchanges: &dyn Exchanges) -> Markup {
    html! { p { span.place { (exchanges.place(&finding.exchanges)) } " " bdi { (wording::safe(&finding.message)) } } }
}

/// A remedy; nothing if there is none.
pub(crate) fn remedy(text: &str) -> Markup {
    html! { @if !text.is_empty() { p.remedy { strong { "Remedy" } " " (code(text)) } } }
}

fn open(tally: &VerdictSummary, exchanges: &dyn Exchanges) -> Markup {
    html! {
        @if !tally.missing_cases.is_empty() || !tally.inconclusive.is_empty() {
            section #open {
                h2 { "Incomplete" }
                ul.plain {
                    @for case in &tally.missing_cases { li { (named(&case.id, &case.title)) ": " (wording::case_sentence(case)) } }
                    @for requirement in &tally.inconclusive {
                        li {
                            (named(&requirement.id, &requirement.title)) ": inconclusive at the end of the capture"
                            @if let Some(first) = requirement.findings.first() { (message(first, exchanges)) }
                        }
                    }
                }
            }
        }
    }
}
