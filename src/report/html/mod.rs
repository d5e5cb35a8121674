//! The verdict as a self-contained HTML file: no scripts, no external resources, no outgoing links.
//!
//! Its content security policy allows only its own style sheet, by digest. Text from a client is sanitized
//! ([`wording::safe`]) and then escaped by the template.

mod case;
mod diagram;
mod exchange;
mod finding;

use super::exchange_view::ExchangeView;
use super::{VerdictSummary, wording};
use crate::verify::verdict::{CaseStatus, Level, Outcome, RequirementVerdict, Status, StepStatus, Verdict};
use base64::Engine;
use finding::Shown;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const STYLE: &str = include_str!("style.css");

/// The exchanges of a verdict, by number.
type Exchanges<'a> = BTreeMap<u64, &'a ExchangeView>;

/// The numbers of the exchanges that the HTML report of a verdict shows; [`render`] ignores all others.
pub(crate) fn cited(verdict: &Verdict) -> std::collections::BTreeSet<u64> {
    let cases = verdict.features.iter().flat_map(|feature| &feature.cases);
    let of_cases = cases.flat_map(case::exchanges);
    let of_findings = verdict.requirements.iter().flat_map(finding::exchanges);
    of_cases.chain(of_findings).collect()
}

/// The verdict as an HTML document. Cited exchanges that are missing in `exchanges` appear by number only.
pub(crate) fn render(verdict: &Verdict, exchanges: &[ExchangeView]) -> String {
    let exchanges: Exchanges = exchanges.iter().map(|view| (view.number, view)).collect();
    let tally = VerdictSummary::of(verdict);
    let mut shown = Shown::default();
    let word = wording::outcome(verdict.verdict);
    let body = html! {
        (head(verdict, &tally))
        main {
            (features(verdict))
            (finding::section("failed", "Failures", &tally, (&tally.failed, &tally.failed_cases), &exchanges, &mut shown))
            (finding::section("warnings", "Warnings", &tally, (&tally.warnings, &tally.broken_optional_cases), &exchanges, &mut shown))
            (open(&tally))
            (case::section(verdict, &exchanges))
            (requirements(verdict))
            (not_exercised(&tally))
        }
        footer {
            p { strong { (word) } ": " (tally.reason()) ". Next: " (code(&tally.next_step())) }
            p.dim { "poscert " (verdict.engine) }
        }
    };
    document(&format!("Verdict: {word}"), STYLE, &body)
}

/// A whole document; its content security policy allows only its own style sheet.
pub(crate) fn document(title: &str, style: &str, body: &Markup) -> String {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style))
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(style)) }
            }
            body { (body) }
        }
    };
    let mut out = page.into_string();
    out.push('\n');
    out
}

/// A sentence with the parts in backticks as `code` elements.
pub(crate) fn code(sentence: &str) -> Markup {
    html! {
        @for (at, part) in sentence.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn head(verdict: &Verdict, tally: &VerdictSummary) -> Markup {
    let class = wording::outcome(verdict.verdict);
    let profile = &verdict.profile;
    let capture = &verdict.capture;
    let or = |text: &str| if text.is_empty() { "unknown".to_owned() } else { wording::safe(text) };
    html! {
        header class=(class) {
            div.wide {
                p.brand { "PoS API v10 certification" }
                h1 { span.badge aria-hidden="true" { (outcome_mark(verdict.verdict)) } (class) }
                p.covers { "for " (wording::list(&profile.features)) ": " (tally.reason()) "." }
                p.seal { (tally.seal()) }
                @for remark in &verdict.remarks {
                    p.remark { bdi { (wording::safe(remark)) } }
                }
                dl.facts {
                    div { dt { "Client" } dd { code { (or(&profile.client_id)) } } }
                    div { dt { "Version" } dd { (or(&profile.client_version)) } }
                    div { dt { "Integrator" } dd { bdi { (or(&profile.integrator_id)) } } }
                    div { dt { "Capture" } dd {
                        (if capture.kind == "har" { "HAR" } else { capture.kind }) ", "
                        (wording::count(usize::try_from(capture.exchanges).unwrap_or(usize::MAX), "exchange")) " in "
                        (wording::count(capture.attempts as usize, "attempt")) ", "
                        @if capture.complete { "complete" } @else { strong { "not complete" } }
                        code.digest { (wording::safe(&capture.digest)) }
                    } }
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

fn features(verdict: &Verdict) -> Markup {
    html! {
        section #features aria-label="Features" {
            ul.features {
                @for feature in &verdict.features {
                    @let shown = feature.cases.iter().filter(|c| !c.optional && c.status == CaseStatus::Passed).count();
                    @let needed = feature.cases.iter().filter(|c| !c.optional).count();
                    li class=(wording::outcome(feature.verdict)) {
                        a href={ "#feature-" (feature.id) } {
                            span.name { (wording::safe(&feature.title)) }
                            (chip(wording::outcome(feature.verdict), wording::outcome(feature.verdict)))
                            span.dim { (shown) " of " (wording::count(needed, "case")) " passed" }
                        }
                    }
                }
            }
        }
    }
}

fn open(tally: &VerdictSummary) -> Markup {
    html! {
        @if !tally.missing_cases.is_empty() || !tally.inconclusive.is_empty() {
            section #open {
                h2 { "Incomplete" }
                ul.plain {
                    @for case in &tally.missing_cases {
                        li { strong { (wording::safe(&case.id)) } " " (wording::safe(&case.title)) ": " (wording::case_sentence(case)) }
                    }
                    @for requirement in &tally.inconclusive {
                        li {
                            strong { (wording::safe(&requirement.id)) } " " (wording::safe(&requirement.title))
                            ": inconclusive at the end of the capture"
                            @if let Some(first) = requirement.findings.first() {
                                " (" (wording::place(&first.exchanges)) ": " bdi { (wording::safe(&first.message)) } ")"
                            }
                        }
                    }
                }
            }
        }
    }
}

fn requirements(verdict: &Verdict) -> Markup {
    let held: Vec<&RequirementVerdict> = verdict.requirements.iter().filter(|r| r.status == Status::Passed).collect();
    html! {
        @if !held.is_empty() {
            section #held {
                h2 { "Passed requirements" }
                (table(&held))
            }
        }
    }
}

fn not_exercised(tally: &VerdictSummary) -> Markup {
    let musts = tally.musts_not_exercised().count();
    html! {
        @if !tally.not_exercised.is_empty() {
            section #not-exercised {
                h2 { "Not exercised" }
                p.dim {
                    "Not exercised by the capture and not evaluated: "
                    (wording::count(tally.not_exercised.len(), "requirement"))
                    ", of which " (wording::count(musts, "must")) "."
                }
                (table(&tally.not_exercised))
            }
        }
    }
}

fn table(requirements: &[&RequirementVerdict]) -> Markup {
    html! {
        table {
            thead { tr { th { "ID" } th { "Level" } th { "Requirement" } } }
            tbody {
                @for requirement in requirements {
                    tr {
                        td.id { (wording::safe(&requirement.id)) }
                        td { (wording::level(requirement.level)) }
                        td { (wording::safe(&requirement.title)) " " span.source { (wording::safe(&requirement.source)) } }
                    }
                }
            }
        }
    }
}

fn chip(class: &str, text: &str) -> Markup {
    html! { span class={ "chip " (class) } { (text) } }
}

fn level_chip(level: Level) -> Markup {
    chip("level", wording::level(level))
}

fn outcome_mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "✓",
        Outcome::Failed => "✗",
        Outcome::Incomplete => "…",
    }
}

fn step_mark(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Passed => "✓",
        StepStatus::Failed => "✗",
        StepStatus::Pending => "·",
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::check_markup;
