//! View of exchanges: as a row, or in full. Secrets are redacted as in the capture.

use super::copy;
use crate::report::ExchangeView;
use crate::report::exchange_view::{Actor, Message};
use maud::{Markup, html};

/// The longest name in a row, in characters.
const LONGEST_NAME: usize = 60;

/// A row of the traffic list.
pub(crate) fn row(view: &ExchangeView) -> Markup {
    let class = match view.status {
        _ if view.fault.is_some() => "injected",
        Some(200..=399) => "fine",
        Some(_) => "refused",
        None => "cut",
    };
    html! {
        li.exchange.(class) {
            a href={ "/exchange/" (view.number) } data-exchange {
                span.number { "#" (view.number) }
                span.name { (short(&view.name)) @if view.actor == Actor::Customer { span.chip { "customer" } } }
                span.result { (view.result()) }
                span.fault { @if let Some(fault) = view.fault { span.chip.injected { "fault: " (fault) } } }
                span.time { (view.duration()) }
            }
        }
    }
}

/// A name shortened to fit a row; that of an unknown call is its whole path.
fn short(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME).chain(['…']).collect()
}

/// An exchange in full. `show`: the command line that shows it with its timings.
pub(crate) fn opened(view: &ExchangeView, show: &str) -> Markup {
    html! {
        h1.exchange-title { span.number { "#" (view.number) } " " (view.name) }
        p.lead {
            (view.result()) " after " (view.duration())
            @if let Some(fault) = view.fault { " " span.chip.injected { "injected fault: " (fault) } }
        }
        @if !view.ended.is_empty() { p.note { bdi { (view.ended) } } }
        @for note in &view.notes { p.note { bdi { (note) } } }
        div.two {
            (message("Request", &view.request))
            @match &view.answer {
                Some(answer) => (message("Response", answer)),
                None => section.message { h2 { "Response" } p.hint { "No response." } },
            }
        }
        p.hint { "Tokens, secrets and phone numbers are replaced by keyed hashes. For all timings, run:" }
        (copy("show-line", "command that shows this exchange", show))
    }
}

fn message(title: &str, message: &Message) -> Markup {
    html! {
        section.message {
            h2 { (title) }
            pre tabindex="0" role="group" aria-label=(title) {
                code {
                    span.line { (message.line) }
                    @for (name, value) in &message.headers { "\n" span.header { (name) } ": " (value) }
                    @if !message.body.is_empty() { "\n" }
                    @for line in &message.body { "\n" (line) }
                }
            }
        }
    }
}
