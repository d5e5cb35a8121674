//! Failures and warnings with their findings; each exchange is shown once.

use super::{Exchanges, chip, code, exchange, level_chip};
use crate::report::VerdictSummary;
use crate::report::group_findings::{Fold, fold};
use crate::report::wording;
use crate::verify::verdict::{CaseVerdict, Level, RequirementVerdict};
use maud::{Markup, html};
use std::collections::BTreeSet;

/// Maximum number of finding groups of a requirement that are shown in full.
const TOLD_IN_FULL: usize = 6;
/// Maximum number of exchanges of a finding that are shown.
const OPENED: usize = 4;

/// The exchanges that are already shown: further findings link to them.
#[derive(Default)]
pub(super) struct Shown(BTreeSet<u64>);

/// The exchanges that the findings of a requirement show.
pub(super) fn exchanges(requirement: &RequirementVerdict) -> Vec<u64> {
    let folds = fold(&requirement.findings);
    let told = folds.iter().take(TOLD_IN_FULL);
    told.flat_map(|fold| fold.first.exchanges.iter().take(OPENED).copied()).collect()
}

/// A section of failed requirements and cases; empty if there are none.
pub(super) fn section(
    id: &str,
    title: &str,
    tally: &VerdictSummary,
    (requirements, cases): (&[&RequirementVerdict], &[&CaseVerdict]),
    exchanges: &Exchanges,
    shown: &mut Shown,
) -> Markup {
    html! {
        @if !requirements.is_empty() || !cases.is_empty() {
            section id=(id) {
                h2 { (title) " " span.count { (requirements.len() + cases.len()) } }
                @for requirement in requirements { (self::requirement(id, requirement, exchanges, shown)) }
                @for case in cases { (self::case(id, tally, case)) }
            }
        }
    }
}

fn case(class: &str, tally: &VerdictSummary, case: &CaseVerdict) -> Markup {
    html! {
        article class={ "broken " (class) } {
            h3 { (chip("id", &wording::safe(&case.id))) " " (wording::safe(&case.title)) }
            p { "Result: " (wording::case_sentence(case)) "." }
            p.remedy { strong { "Remedy" } " " (code(&tally.advice(case))) }
        }
    }
}

fn requirement(class: &str, requirement: &RequirementVerdict, exchanges: &Exchanges, shown: &mut Shown) -> Markup {
    let folds = fold(&requirement.findings);
    let (told, rest) = folds.split_at(folds.len().min(TOLD_IN_FULL));
    let mut remedy = "";
    html! {
        article class={ "broken " (class) } {
            h3 { (chip("id", &wording::safe(&requirement.id))) " " (wording::safe(&requirement.title)) }
            p.source { (level_chip(requirement.level)) " " (wording::safe(&requirement.source)) }
            @for fold in told {
                (finding(fold, std::mem::replace(&mut remedy, &fold.first.remedy), requirement.level == Level::Should, exchanges, shown))
            }
            @if !rest.is_empty() {
                @let all: Vec<_> = rest.iter().flat_map(|f| std::iter::once(f.first).chain(f.rest.clone())).collect();
                p.dim { "and " (wording::count(all.len(), "other finding")) ": " (wording::own_exchanges(&all, 0)) }
            }
        }
    }
}

/// A finding, with its remedy unless that equals `before`, the previous one.
/// Of a warning, only the first exchange is expanded, to keep the focus on failures.
fn finding(fold: &Fold, before: &str, is_warning: bool, exchanges: &Exchanges, shown: &mut Shown) -> Markup {
    let first = fold.first;
    html! {
        div.finding {
            p {
                span.place { (wording::place(&first.exchanges)) }
                " " bdi { (wording::safe(&first.message)) }
            }
            p.dim {
                @if !first.features.is_empty() { "Counts against " (wording::list(&first.features)) ". " }
                @if !fold.rest.is_empty() {
                    "And " (fold.rest.len()) " more like it: " (fold.others())
                }
            }
            @if first.remedy != before && !first.remedy.is_empty() {
                p.remedy { strong { "Remedy" } " " (code(&wording::safe(&first.remedy))) }
            }
            @for (at, number) in first.exchanges.iter().take(OPENED).enumerate() {
                @if let Some(view) = exchanges.get(number) {
                    @if shown.0.insert(*number) {
                        (exchange::whole(view, !is_warning || at == 0))
                    } @else {
                        p.again { a href={ "#exchange-" (number) } { (exchange::line(view)) " (shown above)" } }
                    }
                }
            }
        }
    }
}
