//! View of the approval step: the verdict, the downloads, what failed and what to do next.

use super::exchange::Links;
use super::{action_button, code, copy, sentence};
use crate::certify::page::approval::ApprovalView;
use crate::report::html_kit::look::Look;
use crate::report::html_kit::{finding, verdict};
use crate::report::{VerdictSummary, wording};
use crate::verify::verdict::{Outcome, Verdict};
use maud::{Markup, html};

/// The approval step.
pub(crate) fn render(approval: &ApprovalView, name: Option<&str>) -> Markup {
    let verdict = &approval.verdict;
    let tally = VerdictSummary::of(verdict).in_capture(&approval.capture);
    html! {
        section.card.(Look::from(verdict.verdict)) aria-labelledby="verdict-title" { (verdict::outcome(verdict, &tally, &client(verdict, &tally, name))) }
        div.columns {
            section.card aria-labelledby="next-title" {
                h2 #next-title { "What to do next" }
                p { (code(&sentence(&tally.next_step()))) }
                @if verdict.verdict != Outcome::Passed && !verdict.capture.complete {
                    // Further records cannot make the capture complete again.
                    p.hint { "This capture can no longer pass, even if you record more. Start a new one:" }
                    (copy("fresh-line", "command for a new capture", &approval.fresh))
                } @else if tally.failed_cases.len() + tally.missing_cases.len() > 0 {
                    p.hint { "Resume this capture at the first case that has not passed." }
                    (way_on("/resume", "resume", if tally.failed.is_empty() { "main" } else { "quiet" }, "Resume", "again-line", "command that resumes this capture", &approval.again))
                }
                @if verdict.verdict != Outcome::Passed && verdict.capture.complete {
                    p.hint { "After fixing the till, start a new attempt: all cases run again, and earlier exchanges no longer count." }
                    (way_on("/new-attempt", "new-attempt", if tally.failed.is_empty() { "quiet" } else { "main" }, "New attempt", "anew-line", "command for a new attempt", &approval.anew))
                }
                @for sentence in &approval.sentences { p { (code(sentence)) } }
            }
            section.card aria-labelledby="files-title" {
                h2 #files-title { "Downloads" }
                ul.files {
                    @for file in &approval.files {
                        li { a href={ "/files/" (file.name) } target="_blank" rel="noopener" { (file.title) } span.dim { " " (file.name) } }
                    }
                }
            }
        }
        section.card aria-labelledby="features-title" {
            h2 #features-title { "Features" }
            (verdict::features(verdict, false))
        }
        (finding::sections(&tally, &mut Links))
        div.actions { (action_button("/close", "close", "quiet", &[], "Quit poscert")) }
    }
}

/// The client by its name, and the features.
fn client(verdict: &Verdict, tally: &VerdictSummary, name: Option<&str>) -> Markup {
    let features = wording::list(&verdict.profile.features);
    html! {
        p.client {
            @if let Some(name) = name { strong { bdi { (wording::safe(name)) } } ", for " (features) }
            @else { "For " (features) }
        }
        p.dim { bdi { (tally.who()) } }
    }
}

/// A way to record again: a button, and the command line for later.
fn way_on(action: &str, id: &str, class: &str, label: &str, line: &str, what: &str, command: &str) -> Markup {
    html! {
        (action_button(action, id, class, &[], label))
        details.later { summary { "Or later, in a terminal" } (copy(line, what, command)) }
    }
}
