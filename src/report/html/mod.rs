//! The verdict as a self-contained HTML file: no scripts, no external resources, no outgoing links.
//!
//! Its content security policy allows only its own style sheet, by digest. Text from a client is sanitized
//! ([`wording::safe`]) and then escaped by the template.

mod case;
mod diagram;
mod exchange;

use super::exchange_view::ExchangeView;
use super::html_kit::look::Look;
use super::html_kit::{code, document, finding, source, style_sheet, verdict};
use super::{VerdictSummary, wording};
use crate::verify::verdict::{RequirementVerdict, Status, Verdict};
use exchange::Exchanges;
use maud::{Markup, html};

const STYLE: &str = style_sheet!("style.css");

/// The numbers of the exchanges that the HTML report of a verdict shows; [`render`] ignores all others.
pub(crate) fn cited(verdict: &Verdict) -> std::collections::BTreeSet<u64> {
    let cases = verdict.features.iter().flat_map(|feature| &feature.cases);
    let of_cases = cases.flat_map(case::exchanges);
    let of_findings = verdict.requirements.iter().flat_map(finding::exchanges);
    let of_failures = verdict.requirements.iter().filter(|one| one.status == Status::Failed);
    let after_failures =
        of_failures.flat_map(|one| &one.findings).flat_map(|one| exchange::after(finding::opened(one)));
    of_cases.chain(of_findings).chain(after_failures).collect()
}

/// The verdict as an HTML document. Cited exchanges that are missing in `exchanges` appear by number only.
pub(crate) fn render(verdict: &Verdict, exchanges: &[ExchangeView]) -> String {
    let mut exchanges = Exchanges::new(exchanges);
    let tally = VerdictSummary::of(verdict);
    let word = wording::outcome(verdict.verdict);
    let held: Vec<&RequirementVerdict> = verdict.requirements.iter().filter(|r| r.status == Status::Passed).collect();
    let not_exercised = format!(
        "Not exercised by the capture and not evaluated: {}, of which {} must.",
        wording::count(tally.not_exercised.len(), "requirement"),
        tally.musts_not_exercised().count()
    );
    let body = html! {
        (head(verdict, &tally))
        main {
            section #features aria-label="Features" { (verdict::features(verdict, true)) }
            (finding::sections(&tally, &mut exchanges))
            (case::section(verdict, &exchanges))
            (requirements("held", "Passed requirements", "", &held))
            (requirements("not-exercised", "Not exercised", &not_exercised, &tally.not_exercised))
        }
        footer {
            p { strong { (word) } ": " (tally.reason()) ". Next: " (code(&tally.next_step())) }
            p.dim { "poscert " (verdict.engine) }
        }
    };
    document::self_contained(&format!("Verdict: {word}"), STYLE, &body)
}

fn head(verdict: &Verdict, tally: &VerdictSummary) -> Markup {
    let capture = &verdict.capture;
    let client = html! { p { bdi { (tally.who()) } ", for " (wording::list(&verdict.profile.features)) } };
    html! {
        header.(Look::from(verdict.verdict)) {
            div.wide {
                p.brand { "PoS API v10 certification" }
                (verdict::outcome(verdict, tally, &client))
                dl.facts {
                    div { dt { "Capture" } dd {
                        (if capture.kind == "har" { "HAR" } else { capture.kind }) ", "
                        (wording::count(usize::try_from(capture.exchanges).unwrap_or(usize::MAX), "exchange")) ", "
                        (wording::count(capture.attempts as usize, "certification attempt")) ", "
                        @if capture.complete { "complete" } @else { strong { "not complete" } }
                        code.digest { (wording::safe(&capture.digest)) }
                    } }
                    @if let Some(period) = &capture.recorded { div { dt { "Recorded" } dd { (wording::period(period)) } } }
                    div { dt { "Rules" } dd {
                        @if verdict.rules.builtin { "built-in" } @else { strong { "not built-in" } }
                        ", engine " (verdict.engine)
                        code.digest { (wording::safe(&verdict.rules.digest)) }
                    } }
                }
            }
        }
    }
}

/// A section with a table of requirements; nothing if there are none.
fn requirements(id: &str, title: &str, note: &str, requirements: &[&RequirementVerdict]) -> Markup {
    html! {
        @if !requirements.is_empty() {
            section #(id) {
                h2 { (title) }
                @if !note.is_empty() { p.dim { (note) } }
                table {
                    thead { tr { th { "ID" } th { "Level" } th { "Requirement" } } }
                    tbody {
                        @for requirement in requirements {
                            tr {
                                td.id { (wording::safe(&requirement.id)) }
                                td { (wording::level(requirement.level)) }
                                td { (wording::safe(&requirement.title)) " " span.source { (source(&requirement.source)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
