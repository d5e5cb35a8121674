//! The exchanges of the findings: each is shown once, and further findings link to it.

use crate::report::exchange_view::ExchangeView;
use crate::report::html_kit::look::Look;
use crate::report::html_kit::{exchange, finding};
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet};

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
