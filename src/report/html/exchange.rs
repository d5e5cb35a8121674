//! The exchanges of the findings: each is shown once, and further findings link to it.

use super::diagram::{self, Failure};
use crate::report::exchange_view::ExchangeView;
use crate::report::html_kit::look::Look;
use crate::report::html_kit::{exchange, finding};
use crate::verify::verdict::Finding;
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet};

/// How many exchanges after a failure its diagram shows.
const FOLLOWING: u64 = 3;

/// The numbers of the exchanges after the last of these; none if there is none.
pub(super) fn after(numbers: &[u64]) -> impl Iterator<Item = u64> + use<> {
    let last = numbers.iter().max().copied();
    last.into_iter().flat_map(|last| (1..=FOLLOWING).map(move |step| last.saturating_add(step)))
}

/// The exchanges of a verdict, and which of them are already shown.
pub(super) struct Exchanges<'a> {
    pub by_number: BTreeMap<u64, &'a ExchangeView>,
    shown: BTreeSet<u64>,
}

impl<'a> Exchanges<'a> {
    pub(super) fn new(views: &'a [ExchangeView]) -> Exchanges<'a> {
        let by_number = views.iter().map(|view| (view.number, view)).collect();
        Exchanges { by_number, shown: BTreeSet::new() }
    }
}

impl finding::Exchanges for Exchanges<'_> {
    fn diagram(&self, finding: &Finding, id: &str) -> Markup {
        let cited = finding::opened(finding);
        let numbers: BTreeSet<u64> = cited.iter().copied().chain(after(cited)).collect();
        let views: Vec<&ExchangeView> =
            numbers.iter().filter_map(|number| self.by_number.get(number).copied()).collect();
        let missing = finding.is_missing.then_some("the expected call is missing");
        html! {
            // One exchange alone is shown in full below.
            @if views.len() > 1 || (missing.is_some() && !views.is_empty()) {
                figure { (diagram::render(id, &views, &Failure { cited, missing })) }
            }
        }
    }

    /// Of a warning, only the first is expanded, to keep the focus on failures.
    fn show(&mut self, numbers: &[u64], look: Look) -> Markup {
        html! {
            @for (at, view) in numbers.iter().filter_map(|number| self.by_number.get(number)).enumerate() {
                @let id = format!("exchange-{}", view.number);
                @if self.shown.insert(view.number) {
                    details.exchange #(id) open[look == Look::Failed || at == 0] {
                        summary { (exchange::line(view)) }
                        (exchange::content(view))
                    }
                } @else {
                    p.again { a href={ "#" (id) } { (exchange::line(view)) " (shown above)" } }
                }
            }
        }
    }
}
