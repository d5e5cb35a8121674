//! The HTML of the page, in parts that can be updated one by one.
//!
//! All text from a client is sanitized ([`crate::report::wording::safe`]) and escaped by the template.

pub(super) mod approval;
pub(super) mod cases;
pub(super) mod certification;
pub(super) mod connect;
pub(super) mod current_step;
pub(super) mod exchange;
pub(super) mod identify;
pub(super) mod step_details;

use crate::report::html_kit::document::document;
pub(super) use crate::report::html_kit::{code, sentence};
use maud::{Markup, html};

/// The four steps.
const STEPS: [&str; 4] = ["Identification", "Selection", "Certification", "Approval"];

/// A whole page at one of the four steps (from 0), or outside of them (`None`).
pub(super) fn page(step: Option<usize>, phase: &str, now_ms: u64, seen: u64, main: &Markup) -> String {
    let title = step.and_then(|step| STEPS.get(step)).copied().unwrap_or("Exchanges");
    let body = html! {
        body data-phase=(phase) data-now=(now_ms) data-seen=(seen) {
            a.skip href="#main" { "Skip to content" }
            header.top {
                div.wide {
                    a.brand href="/" { strong { "poscert" } span { "PoS API v10 certification" } }
                    (stepper(step))
                }
            }
            p.notice #lost role="alert" hidden {}
            main #main class={ "wide " (phase) } tabindex="-1" { (main) }
            dialog #exchange aria-label="Exchange" { form method="dialog" { button.quiet { "Close" } } div #exchange-body {} }
            p.unseen #told role="status" aria-live="polite" {}
            footer.wide { "Served by poscert on this machine. This page loads nothing from other servers." }
        }
    };
    document(&format!("{title} · poscert"), &html! { (links()) script src="/page.js" defer {} }, &body)
}

fn links() -> Markup {
    html! {
        link rel="icon" href="/icon.svg" type="image/svg+xml";
        link rel="stylesheet" href="/style.css";
    }
}

fn stepper(now: Option<usize>) -> Markup {
    html! {
        nav aria-label="Steps of the certification" {
            ol.stepper {
                @for (at, name) in STEPS.iter().enumerate() {
                    @let class = match now { Some(now) if at < now => "done", Some(now) if at == now => "now", _ => "next" };
                    li class=(class) aria-current=[(Some(at) == now).then_some("step")] {
                        span.mark aria-hidden="true" { @if class == "done" { "✓" } @else { (at + 1) } }
                        span.name { (name) }
                        @if class == "done" { span.unseen { " (done)" } }
                    }
                }
            }
        }
    }
}

/// An error page.
pub(super) fn error_page(title: &str, sentence: &str) -> String {
    let body = html! {
        body {
            main.wide {
                h1 { (title) }
                p { (code(sentence)) }
                p { a href="/" { "Back to the certification" } }
            }
        }
    };
    document(&format!("{title} · poscert"), &links(), &body)
}

/// A text with a button to copy it.
pub(super) fn copy(id: &str, what: &str, line: &str) -> Markup {
    html! {
        div.copy {
            code id=(id) tabindex="0" role="group" aria-label=(what) { (line) }
            button.quiet type="button" data-copy=(id) aria-label={ "Copy: " (what) } { "Copy" }
        }
    }
}

/// A command: a form with one button. `fields`: its hidden fields.
pub(super) fn action_button(action: &str, id: &str, class: &str, fields: &[(&str, &str)], label: &str) -> Markup {
    html! {
        form.order method="post" action=(action) data-order {
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            button id=(id) class=(class) type="submit" { (label) }
        }
    }
}

/// A command that cannot be undone: the first button opens a question, the second one executes it.
pub(super) fn asked(action: &str, id: &str, class: &str, label: &str, question: &str, yes: &str) -> Markup {
    html! {
        details.ask id={ (id) "-ask" } {
            summary.button.(class) { (label) "…" }
            div.sure { p.hint { (question) } (action_button(action, id, class, &[], yes)) }
        }
    }
}

/// The command that starts a new attempt.
pub(super) fn start_over(id: &str) -> Markup {
    let question = "All cases run again in a new attempt. Exchanges recorded so far no longer count; they stay in the \
                    capture, and the report names the earlier attempt.";
    asked("/start-over", id, "danger", "Start over", question, "Yes, start a new attempt")
}

/// A duration as text: `5 min`, `20 s`, `1 min 30 s`.
pub(super) fn long(ms: u64) -> String {
    let seconds = ms / 1000;
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}
