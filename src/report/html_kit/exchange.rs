//! An exchange as a line, or in full: request, response and how it ended.

use super::look::Look;
use crate::report::exchange_view::{Actor, ExchangeView, Message};
use maud::{Markup, html};

/// The longest name in a line, in characters; that of an unknown call is its whole path.
const LONGEST_NAME: usize = 60;

/// The look of its response.
pub(crate) fn look(view: &ExchangeView) -> Look {
    match view.status {
        Some(200..=399) => Look::Passed,
        Some(_) => Look::Warning,
        None => Look::Failed,
    }
}

/// Number, name, result, injected fault and duration.
pub(crate) fn line(view: &ExchangeView) -> Markup {
    let name: String = view.name.chars().take(LONGEST_NAME).collect();
    html! {
        span.number { "#" (view.number) } " "
        span.name {
            (name) @if name.len() < view.name.len() { "…" }
            @if view.actor == Actor::Customer { " " span.chip { "customer" } }
        } " "
        span.result { (view.result()) } " "
        @if let Some(fault) = view.fault { span.chip.injected { "fault: " (fault) } " " }
        span.time { (view.duration()) }
    }
}

/// Notes, request and response.
pub(crate) fn content(view: &ExchangeView) -> Markup {
    html! {
        @if !view.ended.is_empty() { p.note { bdi { (view.ended) } } }
        @for note in &view.notes { p.note { bdi { (note) } } }
        div.two {
            (message("Request", &view.request))
            @match &view.answer {
                Some(answer) if view.status.is_some() || view.is_cut => (message("Response", answer)),
                Some(answer) => (message("Response from the backend, not delivered to the client", answer)),
                None => figure.message { figcaption { "Response" } p.dim { "No response." } },
            }
        }
    }
}

fn message(title: &str, message: &Message) -> Markup {
    html! {
        figure.message {
            figcaption { (title) }
            pre {
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
