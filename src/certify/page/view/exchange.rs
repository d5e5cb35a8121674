//! View of exchanges: as a link, as a row, or in full. Secrets are redacted as in the capture.

use super::{clock, copy};
use crate::certify::page::curl_line;
use crate::report::ExchangeView;
use crate::report::html_kit::{exchange, finding};
use crate::report::wording;
use maud::{Markup, html};

/// The longest name in a row, in characters; that of an unknown call is its whole path.
const LONGEST_NAME: usize = 60;

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
    let name: String = view.name.chars().take(LONGEST_NAME).collect();
    html! {
        li.exchange.(class) data-kind=(kind(view)) {
            a href={ "/exchange/" (view.number) } data-exchange {
                span.number { "#" (view.number) }
                span.name { (name) @if name.len() < view.name.len() { "…" } }
                span.result { (view.result()) }
                span.when { (clock(view.wall_us)) " · " (view.duration()) }
                @if let Some(fault) = view.fault { span.chip.injected { "fault: " (fault) } }
                @else if view.is_by_customer() { span.chip { "customer" } }
            }
        }
    }
}

/// The kind of an exchange, for the filter of the list.
fn kind(view: &ExchangeView) -> &'static str {
    match view.status {
        _ if view.fault.is_some() => "fault",
        _ if view.is_by_customer() => "customer",
        Some(200..=399) => "ok",
        _ => "error",
    }
}

/// An exchange in full. `show`: the command line that shows it with its timings; `ca`: the path of the CA certificate.
pub(crate) fn opened(view: &ExchangeView, show: &str, ca: &str) -> Markup {
    html! {
        h1.exchange-title { span.number { "#" (view.number) } " " (view.name) }
        p.lead {
            (view.result()) " after " (view.duration()) " at " (clock(view.wall_us))
            @if let Some(fault) = view.fault { " " span.chip.injected { "injected fault: " (fault) } }
        }
        (exchange::content(view))
        p.hint { "Tokens, secrets and phone numbers are replaced by keyed hashes. For all timings, run:" }
        (copy("show-line", "command that shows this exchange", show))
        details.curl {
            summary { "Copy as curl" }
            p.hint { "Replace the redacted values first. The repeated call is recorded and counts." }
            @match curl_line::of(view, ca) {
                Some(line) => (copy("curl-line", "this request as a curl command", &line)),
                None => p.hint { "The capture does not have the whole request." },
            }
        }
    }
}
