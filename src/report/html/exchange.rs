//! The view of one exchange: request, response and how it ended.

use crate::report::exchange_view::{ExchangeView, Message};
use maud::{Markup, html};

/// The summary line of an exchange.
pub(super) fn line(view: &ExchangeView) -> Markup {
    html! {
        span.number { "#" (view.number) } " "
        strong { (view.name) } " "
        span.result { (view.result()) ", " (view.duration()) }
        @if let Some(fault) = view.fault { " " span.fault { "fault: " (fault) } }
    }
}

/// The exchange in full, as an open or closed element.
pub(super) fn whole(view: &ExchangeView, is_open: bool) -> Markup {
    html! {
        details.exchange id={ "exchange-" (view.number) } open[is_open] {
            summary { (line(view)) }
            @if !view.ended.is_empty() { p.note { bdi { (view.ended) } } }
            @for note in &view.notes { p.note { bdi { (note) } } }
            div.two {
                (message("Request", &view.request))
                @match &view.answer {
                    Some(answer) if view.status.is_some() || view.is_cut => (message("Response", answer)),
                    Some(answer) => (message("Response from the backend, not delivered to the client", answer)),
                    None => div.message { h5 { "Response" } p.dim { "No response." } },
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
