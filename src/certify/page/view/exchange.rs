//! Exchanges: a row each, or one in full, with secrets replaced as they are in the capture.

use super::copy;
use crate::report::ExchangeView;
use crate::report::exchange_view::{Actor, Message};
use maud::{Markup, html};

/// How many characters of a name stand in a row.
const LONGEST_NAME: usize = 60;

/// A row of the traffic.
pub fn row(view: &ExchangeView) -> Markup {
    let class = match view.status {
        _ if view.fault.is_some() => "hurt",
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
                span.fault { @if let Some(fault) = view.fault { span.chip.fault_plan { "fault: " (fault) } } }
                span.time { (view.duration()) }
            }
        }
    }
}

/// A name that a row has room for: of an unknown call it is the whole path.
fn short(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME).chain(['…']).collect()
}

/// An exchange in full. `show`: the line that shows it with its times.
pub fn opened(view: &ExchangeView, show: &str) -> Markup {
    html! {
        h1.exchange-title { span.number { "#" (view.number) } " " (view.name) }
        p.lead {
            (view.result()) " after " (view.duration())
            @if let Some(fault) = view.fault { " " span.chip.fault_plan { "fault put on it: " (fault) } }
        }
        @if !view.ended.is_empty() { p.note { bdi { (view.ended) } } }
        @for note in &view.notes { p.note { bdi { (note) } } }
        div.two {
            (message("Request", &view.request))
            @match &view.answer {
                Some(answer) => (message("Answer", answer)),
                None => section.message { h2 { "Answer" } p.hint { "The client got none." } },
            }
        }
        p.hint { "Tokens, secrets and telephone numbers are replaced by keyed hashes. With all its times, in a terminal:" }
        (copy("show-line", "line that shows this exchange", show))
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
