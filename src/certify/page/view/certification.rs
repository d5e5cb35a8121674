//! View of the certification step, in parts that are updated when they change.

use super::current_step::Panel;
use super::standing::Standing;
use super::{Question, action_button, cases, clock, connect, exchange, new_attempt};
use crate::certify::issue::CUT_OFF;
use crate::certify::page::page_state::{ActiveCertification, LogEntry, PageState, TrafficRow};
use crate::certify::status::CertificationStatus;
use crate::report::wording;
use crate::seal::ChainHead;
use maud::{Markup, html};
use std::collections::VecDeque;

/// The number of log lines shown.
const SHOWN: usize = 12;
/// The number of exchanges in the list.
pub(crate) const ROWS: usize = 100;

/// The parts that change.
pub(crate) struct Parts {
    /// The id of the element and its content.
    pub parts: Vec<(&'static str, String)>,
    /// Announced to screen readers when it changes.
    pub headline: String,
    pub status: CertificationStatus,
}

/// The current parts.
pub(crate) fn parts(page_state: &PageState, active: &ActiveCertification) -> Parts {
    let status = active.director.certification_status();
    let state = page_state.state();
    let anew = !active.cut_off;
    let panel = Panel {
        certification_status: &status,
        line: state.line.as_ref(),
        till: &active.reach.till,
        ms: &|at| page_state.ms(at),
        by_hand: active.reach.sandbox.is_none(),
        anew,
    };
    let standing = Standing::of(&status);
    let headline = panel.headline();
    let bar = html! { (panel.bar()) (standing.line()) };
    let parts = vec![
        ("part-bar", bar.into_string()),
        ("part-due", panel.render().into_string()),
        ("part-resumed", resumed(&status, active, state.exchange_count).into_string()),
        ("part-tally", tally(state.exchange_count, active.before).into_string()),
        ("part-standing", standing.render(anew).into_string()),
        ("part-cases", cases::render(page_state.rules, &active.session.features, &status, anew).into_string()),
        ("part-said", said(&state.log).into_string()),
        ("part-chain", chain(active.writer.head()).into_string()),
    ];
    Parts { parts, headline, status }
}

/// The certification step.
pub(crate) fn render(page_state: &PageState, active: &ActiveCertification) -> Markup {
    let parts = parts(page_state, active);
    let part = |id: &str| {
        let found = parts.parts.iter().find(|(name, _)| *name == id);
        html! { div id=(id) { @if let Some((_, html)) = found { (maud::PreEscaped(html)) } } }
    };
    let (rows, seen) = {
        let state = page_state.state();
        (state.traffic.iter().rev().take(ROWS).cloned().collect::<Vec<TrafficRow>>(), state.exchange_count)
    };
    html! {
        h1.unseen { "Certification" }
        div.bar { (part("part-bar")) }
        @if active.cut_off {
            p.note #cut-off {
                strong { (CUT_OFF) }
                " You can still test the till here. For a certificate, stop and start a new capture: "
                code { "certify --capture" } " with another directory."
            }
        }
        (part("part-resumed"))
        div.head { (who(active)) (part("part-tally")) }
        div.certification {
            div.middle {
                section.card.due aria-labelledby="due-title" { (part("part-due")) }
                div.more {
                    (part("part-standing"))
                    (connect::render(&active.reach, seen == 0))
                    section.card aria-labelledby="said-title" { h2 #said-title { "Activity" } (part("part-said")) }
                    (session(active, &part("part-chain")))
                }
            }
            (traffic(&rows, active.before))
            section.card.list aria-labelledby="cases-title" { h2 #cases-title { "Cases" } (part("part-cases")) }
        }
    }
}

/// The traffic, with search and filter where the script runs.
fn traffic(rows: &[TrafficRow], before: u64) -> Markup {
    html! {
        section.card.recent aria-labelledby="traffic-title" {
            div.recent-head { h2 #traffic-title { "Traffic" } a href="/traffic" { "All exchanges" } }
            div.tools #traffic-tools hidden {
                input #traffic-search type="search" placeholder="Search" aria-label="Search the traffic" autocomplete="off";
                select #traffic-filter aria-label="Show" {
                    option value="" { "All" } option value="error" { "Errors" } option value="fault" { "Injected faults" }
                    option value="customer" { "Customer" }
                }
            }
            p.hint #no-traffic hidden[!rows.is_empty()] {
                @if before == 0 { "No calls yet." } @else { "No calls in this run. The list of all exchanges has the earlier ones." }
            }
            p.hint #no-match hidden { "No call matches." }
            ol.traffic #traffic reversed tabindex="0" aria-label="Calls, newest first" { @for seen in rows { (exchange::row(&seen.view)) } }
        }
    }
}

/// Actions on the whole session.
fn session(active: &ActiveCertification, chain: &Markup) -> Markup {
    let stop = Question {
        label: "Stop and get the verdict",
        text: "Recording stops and the capture is evaluated. Cases that have not run count as missing.",
        yes: "Yes, stop now",
    };
    html! {
        section.card aria-labelledby="else-title" {
            h2 #else-title { "Session" }
            div.actions {
                @if active.notify.is_some() { (action_button("/notify", "notify", "quiet", &[], "Send check-in notification")) }
                @if !active.cut_off { (new_attempt("start-over")) }
                (stop.render("/verdict", "verdict-now", "", &[]))
            }
            @if active.notify.is_some() { p.hint { "The notification is sent to the callback URL of your client." } }
            (chain)
        }
    }
}

fn who(active: &ActiveCertification) -> Markup {
    let session = &active.session;
    let name = session.system_name.as_deref().or(session.client_id.as_deref()).unwrap_or("Your client");
    html! {
        div.who {
            p.name { (wording::safe(name)) @if let Some(version) = &session.client_version { span.dim { " " (wording::safe(version)) } } }
            p.hint { (session.features.join(", ")) }
        }
    }
}

fn tally(seen: u64, before: u64) -> Markup {
    html! {
        div.tally {
            p {
                strong { (seen) } @if seen == 1 { " exchange" } @else { " exchanges" }
                @if before == 0 { " recorded" } @else { " in this run, " (before) " before" }
            }
        }
    }
}

/// What a resumed capture contains, and what to do: until the till has made its first call of this run.
fn resumed(status: &CertificationStatus, active: &ActiveCertification, seen: u64) -> Markup {
    if active.before == 0 || (seen > 0 && !status.backend_reset) {
        return html! {};
    }
    let (passed, needed) = status.tally();
    if active.new_attempt {
        return html! {
            p.note.resumed role="note" {
                strong { "New attempt." } " All cases run again. The " (active.before)
                " earlier exchanges stay in the capture and no longer count."
            }
        };
    }
    html! {
        div.note.resumed role="note" {
            p {
                strong { "Capture resumed." } " It has " (active.before) " earlier exchanges; " (passed) " of " (needed)
                " required cases have passed."
            }
            @if status.backend_reset {
                p {
                    "The embedded sandbox was restarted, so the point of sale of your till is gone. Onboard it again: "
                    "the call gets the same faults as before. Passed cases stay passed."
                }
            }
            @if !status.broken.is_empty() {
                p { (wording::count(status.broken.len(), "requirement")) " already broken: this attempt can no longer pass." }
                @if !active.cut_off { (new_attempt("new-attempt-resumed")) }
            }
        }
    }
}

/// The chain head, to be noted as evidence.
fn chain(head: ChainHead) -> Markup {
    html! {
        p.hint.chain {
            "Capture fingerprint (chain head): " code { (head) }
            ". Note it elsewhere as evidence; " code { "verify --witnessed" }
            " then accepts only a capture that contains it."
        }
    }
}

fn said(said: &VecDeque<LogEntry>) -> Markup {
    html! {
        @if said.is_empty() { p.hint { "No entries yet." } }
        ol.said {
            @for said in said.iter().rev().take(SHOWN) {
                li class=(if said.text.starts_with(' ') { "detail" } else { "case" }) {
                    span.time { (clock(said.wall_us)) } span { (wording::safe(said.text.trim())) }
                }
            }
        }
    }
}
