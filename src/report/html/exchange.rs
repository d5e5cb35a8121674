//! One exchange opened: what was asked, what was answered, and what became of it.

use crate::report::exchange_view::{ExchangeView, Message};
use maud::{Markup, html};

/// A line that names an exchange.
pub(super) fn line(view: &ExchangeView) -> Markup {
    html! {
        span.number { "#" (view.number) } " "
        strong { (view.name) } " "
        span.result { (view.result()) ", " (view.duration()) }
        @if let Some(fault) = view.fault { " " span.fault { "fault: " (fault) } }
    }
}

/// The exchange in full, open or to be opened.
pub(super) fn whole(view: &ExchangeView, is_open: bool) -> Markup {
    html! {
        details.exchange id={ "exchange-" (view.number) } open[is_open] {
            summary { (line(view)) }
            @if !view.ended.is_empty() { p.note { bdi { (view.ended) } } }
            @for note in &view.notes { p.note { bdi { (note) } } }
            div.two {
                (message("Request", &view.request))
                @match &view.answer {
                    Some(answer) if view.status.is_some() || view.is_cut => (message("Answer", answer)),
                    Some(answer) => (message("Answer of the backend, which did not reach the client", answer)),
                    None => div.message { h5 { "Answer" } p.dim { "The client got none." } },
                }
            }
        }
    }
}

fn message(title: &str, message: &Message) -> Markup {
    html! {
        div.message {
            h5 { (title) }
            pre {
                code {
                    span.line { (message.line) }
                    @for (name, value) in &message.headers {
                        "\n" span.header { (name) } ": " (value)
                    }
                    @if !message.body.is_empty() { "\n" }
                    @for line in &message.body { "\n" (line) }
                }
            }
        }
    }
}
