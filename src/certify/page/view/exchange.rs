//! View of exchanges: as a link, as a row, or in full. Secrets are redacted as in the capture.

use super::copy;
use crate::report::ExchangeView;
use crate::report::html_kit::{exchange, finding};
use crate::report::wording;
use maud::{Markup, html};

/// A link that opens an exchange.
pub(crate) fn link(number: u64) -> Markup {
    html! { a href={ "/exchange/" (number) } data-exchange { "exchange " (number) } }
}

/// The first exchange of a finding is its place, as a link.
pub(crate) struct Links;

impl finding::Exchanges for Links {
    fn place(&self, numbers: &[u64]) -> Markup {
        match numbers {
            [] => html! { (wording::place(numbers)) },
            [first, rest @ ..] => html! {
                (link(*first)) @if !rest.is_empty() { ", " (wording::numbers(rest)) }
            },
        }
    }
}

/// A row of the traffic list.
pub(crate) fn row(view: &ExchangeView) -> Markup {
    let class = if view.fault.is_some() {
        html! { "injected" }
    } else {
        html! { (exchange::look(view)) }
    };
    html! {
        li.exchange.(class) { a href={ "/exchange/" (view.number) } data-exchange { (exchange::line(view)) } }
    }
}

/// An exchange in full. `show`: the command line that shows it with its timings.
pub(crate) fn opened(view: &ExchangeView, show: &str) -> Markup {
    html! {
        h1.exchange-title { span.number { "#" (view.number) } " " (view.name) }
        p.lead {
            (view.result()) " after " (view.duration())
            @if let Some(fault) = view.fault { " " span.chip.injected { "injected fault: " (fault) } }
        }
        (exchange::content(view))
        p.hint { "Tokens, secrets and phone numbers are replaced by keyed hashes. For all timings, run:" }
        (copy("show-line", "command that shows this exchange", show))
    }
}
