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
pub(super) mod read_only;
pub(super) mod selection;
pub(super) mod standing;
pub(super) mod step_details;
mod step_faults;
pub(super) mod stepper;

use crate::report::html_kit::document::{document, policy_of, self_contained};
use crate::report::html_kit::style_sheet;
pub(super) use crate::report::html_kit::{code, sentence};
use maud::{Markup, html};

const REFUSED_STYLE: &str = style_sheet!("refused.css");

/// A whole page at one of the four steps (from 0), or outside of them (`None`).
pub(super) fn page(step: Option<usize>, phase: &str, now_ms: u64, seen: u64, main: &Markup) -> String {
    let title = step.and_then(|step| stepper::STEPS.get(step)).copied().unwrap_or("Exchanges");
    let body = html! {
        body data-phase=(phase) data-now=(now_ms) data-seen=(seen) {
            a.skip href="#main" { "Skip to content" }
            header.top {
                div.wide {
                    a.brand href="/" { strong { "poscert" } span { "PoS API v10 certification" } }
                    (stepper::render(step, phase))
                }
            }
            p.notice #lost role="alert" hidden {}
            div.toasts #toasts aria-hidden="true" {}
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

/// The page for a request without the token, as from a tab of an earlier run. It loads nothing: style sheet and script
/// need the token, too.
pub(super) fn refused_page(title: &str, sentence: &str) -> String {
    let body = html! { main.refused { p.brand { strong { "poscert" } } h1 { (title) } p { (code(sentence)) } } };
    self_contained(&format!("{title} · poscert"), REFUSED_STYLE, &body)
}

/// The content security policy of [`refused_page`].
pub(super) fn refused_policy() -> String {
    policy_of(REFUSED_STYLE)
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
pub(super) struct Question<'a> {
    /// The label of the first button.
    pub label: &'a str,
    /// What the command means.
    pub text: &'a str,
    /// The label of the second button.
    pub yes: &'a str,
}

impl Question<'_> {
    /// The question. `fields`: the hidden fields of the command.
    pub(super) fn render(&self, action: &str, id: &str, class: &str, fields: &[(&str, &str)]) -> Markup {
        html! {
            details.ask id={ (id) "-ask" } {
                summary.button.(class) { (self.label) "…" }
                div.sure { p.hint { (self.text) } (action_button(action, id, class, fields, self.yes)) }
            }
        }
    }
}

/// The command that starts a new attempt.
pub(super) fn new_attempt(id: &str) -> Markup {
    let text = "All cases run again in a new attempt. Exchanges recorded so far no longer count; they stay in the \
                capture, and the report names the earlier attempt.";
    let question = Question { label: "New attempt", text, yes: "Yes, start a new attempt" };
    question.render("/start-over", id, "danger", &[])
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

/// A wall clock time, given in microseconds since 1970, as the local time of day.
pub(super) fn clock(wall_us: i64) -> Markup {
    let Ok(at) = jiff::Timestamp::from_microsecond(wall_us) else { return html! {} };
    let local = at.to_zoned(jiff::tz::TimeZone::system());
    html! { time datetime=(at) { (local.strftime("%H:%M:%S")) } }
}
