//! View of the certification step, in parts that are updated when they change.

use super::current_step::Panel;
use super::exchange::Links;
use super::{action_button, asked, cases, connect, exchange, start_over};
use crate::certify::issue::CUT_OFF;
use crate::certify::page::page_state::{ActiveCertification, LogEntry, PageState, TrafficRow};
use crate::certify::status::{BrokenRequirement, CertificationStatus};
use crate::report::html_kit::finding::{self, broken};
use crate::report::html_kit::look::Look;
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
}

/// The current parts.
pub(crate) fn parts(page_state: &PageState, active: &ActiveCertification) -> Parts {
    let certification_status = active.director.certification_status();
    let state = page_state.state();
    let panel = Panel {
        certification_status: &certification_status,
        line: state.line.as_ref(),
        till: &active.reach.till,
        since_ms: certification_status.due.as_ref().map_or(0, |due| page_state.ms(due.since)),
        by_hand: active.reach.sandbox.is_none(),
        anew: !active.cut_off,
    };
    let headline = panel.headline();
    let parts = vec![
        ("part-due", panel.render().into_string()),
        ("part-tally", tally(&certification_status, state.exchange_count, active.before).into_string()),
        ("part-broken", broken_so_far(&certification_status.broken, active.cut_off).into_string()),
        ("part-cases", cases::render(page_state.rules, &active.session.features, &certification_status).into_string()),
        ("part-said", said(&state.log).into_string()),
        ("part-chain", chain(active.writer.head()).into_string()),
    ];
    Parts { parts, headline }
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
        @if active.cut_off {
            p.note #cut-off {
                strong { (CUT_OFF) }
                " You can still test the till here. For a certificate, stop and start a new capture: "
                code { "certify --capture" } " with another directory."
            }
        }
        div.head { (who(active)) (part("part-tally")) }
        div.certification {
            section.card.due aria-labelledby="due-title" { (part("part-due")) }
            section.card.list aria-labelledby="cases-title" { h2 #cases-title { "Cases" } (part("part-cases")) }
            div.more {
                (part("part-broken"))
                (connect::render(&active.reach, seen == 0))
                section.card aria-labelledby="said-title" { h2 #said-title { "Log" } (part("part-said")) }
                section.card aria-labelledby="traffic-title" {
                    h2 #traffic-title { "Traffic" }
                    p.hint { "All calls, newest first. Select one to see its request and response." }
                    p.hint #no-traffic hidden[!rows.is_empty()] {
                        @if active.before == 0 { "No calls yet." }
                        @else { "No calls in this run. The list of all exchanges has the earlier ones." }
                    }
                    ol.traffic #traffic reversed { @for seen in &rows { (exchange::row(&seen.view)) } }
                    p { a href="/traffic" { "All exchanges" } }
                    (part("part-chain"))
                }
                section.card aria-labelledby="else-title" {
                    h2 #else-title { "More actions" }
                    div.actions {
                        @if active.notify.is_some() { (action_button("/notify", "notify", "quiet", &[], "Send check-in notification")) }
                        @if !active.cut_off { (start_over("start-over")) }
                        (asked("/verdict", "verdict-now", "", "Stop and get the verdict",
                            "Recording stops and the capture is evaluated. Cases that have not run count as missing.", "Yes, stop now"))
                    }
                    @if active.notify.is_some() { p.hint { "The notification is sent to the callback URL of your client." } }
                }
            }
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

fn tally(certification_status: &CertificationStatus, seen: u64, before: u64) -> Markup {
    let (shown, needed) = cases::shown(certification_status);
    html! {
        div.tally {
            p { strong { (shown) } " of " (needed) " cases passed" }
            p {
                strong { (seen) } @if seen == 1 { " exchange" } @else { " exchanges" }
                @if before == 0 { " recorded" } @else { " in this run, " (before) " before" }
            }
        }
    }
}

/// The broken requirements: the verdict fails because of them.
fn broken_so_far(all: &[BrokenRequirement], cut_off: bool) -> Markup {
    html! {
        @if !all.is_empty() {
            section.card aria-labelledby="broken-title" {
                h2 #broken-title { "Broken requirements" }
                p.hint {
                    "Calls are evaluated as they arrive. With these findings the verdict is failed: fix the till and "
                    (if cut_off { "start a new capture." } else { "start over." })
                }
                @for one in all {
                    (broken(Look::Failed, &one.id, &one.title, &html! {
                        (finding::message(&one.first, &Links))
                        (finding::remedy(&wording::safe(&one.first.remedy)))
                        @if one.more > 0 { p.hint { (one.more) " more" } }
                    }))
                }
            }
        }
    }
}

/// The chain head, to be noted as evidence.
fn chain(head: ChainHead) -> Markup {
    html! {
        p.hint.chain {
            "Chain head of the capture: " code { (head) }
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
                    span.time { (said.at_ms / 1000) " s" } span { (wording::safe(said.text.trim())) }
                }
            }
        }
    }
}
