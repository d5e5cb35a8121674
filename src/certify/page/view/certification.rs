//! The third step: the certification under way, in parts that are sent again when they change.

use super::current_step::Panel;
use super::{asked, cases, connect, exchange, finding, order, start_over};
use crate::certify::issue::CUT_OFF;
use crate::certify::page::page_state::{ActiveCertification, LogEntry, PageState, Seen};
use crate::certify::status::{BrokenRequirement, CertificationStatus};
use crate::report::wording;
use crate::seal::ChainHead;
use maud::{Markup, html};
use std::collections::VecDeque;

/// How many sentences are shown.
const SHOWN: usize = 12;
/// How many exchanges are shown at first, and kept in the list.
pub const ROWS: usize = 100;

/// The parts that change, by the id of the element that holds them.
pub struct Parts {
    /// Id and content.
    pub parts: Vec<(&'static str, String)>,
    /// What is told to a screen reader when it changes.
    pub headline: String,
}

/// What stands in the parts now.
pub fn parts(page_state: &PageState, active: &ActiveCertification) -> Parts {
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
        ("part-tally", tally(&certification_status, state.seen, active.before).into_string()),
        ("part-broken", broken_so_far(&certification_status.broken, active.cut_off).into_string()),
        ("part-cases", cases::render(page_state.rules, &active.session.features, &certification_status).into_string()),
        ("part-said", said(&state.said).into_string()),
        ("part-chain", chain(active.writer.head()).into_string()),
    ];
    Parts { parts, headline }
}

/// The whole of it.
pub fn render(page_state: &PageState, active: &ActiveCertification) -> Markup {
    let parts = parts(page_state, active);
    let part = |id: &str| {
        let found = parts.parts.iter().find(|(name, _)| *name == id);
        html! { div id=(id) { @if let Some((_, html)) = found { (maud::PreEscaped(html)) } } }
    };
    let (rows, seen) = {
        let state = page_state.state();
        (state.traffic.iter().rev().take(ROWS).cloned().collect::<Vec<Seen>>(), state.seen)
    };
    html! {
        h1.unseen { "Certification" }
        @if active.cut_off {
            p.note #cut-off {
                strong { (CUT_OFF) }
                " What you do here still shows how the till stands. To be certified, end this and begin with a new capture: "
                code { "certify --capture" } " with another folder."
            }
        }
        div.head { (who(active)) (part("part-tally")) }
        div.course {
            section.card.due aria-labelledby="due-title" { (part("part-due")) }
            section.card.list aria-labelledby="cases-title" { h2 #cases-title { "Cases" } (part("part-cases")) }
            div.more {
                (part("part-broken"))
                (connect::render(&active.reach, seen == 0))
                section.card aria-labelledby="said-title" { h2 #said-title { "What happens" } (part("part-said")) }
                section.card aria-labelledby="traffic-title" {
                    h2 #traffic-title { "Traffic" }
                    p.hint { "Each call as it comes, the newest first. Open one to read it in full." }
                    p.hint #no-traffic hidden[!rows.is_empty()] {
                        @if active.before == 0 { "Nothing yet: the till has not called." }
                        @else { "Nothing since this start: the till has not called. What was recorded before stands in the list of all exchanges." }
                    }
                    ol.traffic #traffic reversed { @for seen in &rows { (exchange::row(&seen.view)) } }
                    p { a href="/traffic" { "All exchanges of the capture" } }
                    (part("part-chain"))
                }
                section.card aria-labelledby="else-title" {
                    h2 #else-title { "Otherwise" }
                    div.actions {
                        @if active.notify.is_some() { (order("/notify", "notify", "quiet", &[], "Send the check-in notification")) }
                        @if !active.cut_off { (start_over("start-over")) }
                        (asked("/verdict", "verdict-now", "", "Stop and judge now",
                            "Recording ends, and what was recorded is judged. A case that was not shown is missing then.", "Yes, stop and judge"))
                    }
                    @if active.notify.is_some() { p.hint { "The notification goes to the callback of your client." } }
                }
            }
        }
        dialog #exchange aria-label="Exchange" { form method="dialog" { button.quiet { "Close" } } div #exchange-body {} }
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
            p { strong { (shown) } " of " (needed) " cases shown" }
            p {
                strong { (seen) } @if seen == 1 { " exchange" } @else { " exchanges" }
                @if before == 0 { " recorded" } @else { " since this start, " (before) " before" }
            }
        }
    }
}

/// What the verdict will fail on, whatever comes.
fn broken_so_far(all: &[BrokenRequirement], cut_off: bool) -> Markup {
    html! {
        @if !all.is_empty() {
            section.card aria-labelledby="broken-title" {
                h2 #broken-title { "Broken so far" }
                p.hint {
                    "Each call is judged as it comes. As these stand, the verdict is failed: mend the till and "
                    (if cut_off { "begin with a new capture." } else { "start over." })
                }
                @for one in all {
                    @let more = if one.more > 0 { format!("and {} more", one.more) } else { String::new() };
                    (finding::article("failed", &one.id, &one.title, Some(&one.first), &more))
                }
            }
        }
    }
}

/// What a witness notes.
fn chain(head: ChainHead) -> Markup {
    html! {
        p.hint.chain {
            "The head of the capture's chain, for a witness to note: " code { (head) }
            ". Later, " code { "verify --witnessed" } " takes only a capture that had it."
        }
    }
}

fn said(said: &VecDeque<LogEntry>) -> Markup {
    html! {
        @if said.is_empty() { p.hint { "Nothing yet." } }
        ol.said {
            @for said in said.iter().rev().take(SHOWN) {
                li class=(if said.text.starts_with(' ') { "detail" } else { "case" }) {
                    span.time { (said.at_ms / 1000) " s" } span { (wording::safe(said.text.trim())) }
                }
            }
        }
    }
}
