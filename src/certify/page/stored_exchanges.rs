//! Exchanges read from the capture, for those no longer in memory.

use super::page_state::{PageState, Phase};
use super::view::exchange;
use crate::capture::{self, Record};
use crate::pki::word;
use crate::profile::Profile;
use crate::report::ExchangeView;
use maud::{Markup, html};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

/// The number of exchanges per page.
const PAGE: usize = 100;

/// An exchange by its number.
///
/// # Errors
/// The capture does not contain it or cannot be read.
pub(super) async fn exchange(page_state: &PageState, number: u64) -> Result<Arc<ExchangeView>, String> {
    let kept =
        page_state.state().traffic.iter().rev().find(|seen| seen.view.number == number).map(|seen| seen.view.clone());
    if let Some(view) = kept {
        return Ok(view);
    }
    let found = read(page_state, move |views, view| {
        if view.number == number {
            views.push_back(view);
        }
    });
    let missing = || format!("exchange {number} is not in the capture");
    found.await?.pop_front().map(Arc::new).ok_or_else(missing)
}

/// The last exchanges with numbers below `before`, in ascending order.
///
/// # Errors
/// The capture cannot be read.
pub(super) async fn exchanges(page_state: &PageState, before: u64) -> Result<VecDeque<ExchangeView>, String> {
    let keep = move |views: &mut VecDeque<ExchangeView>, view: ExchangeView| {
        if view.number < before {
            views.push_back(view);
        }
        if views.len() > PAGE {
            views.pop_front();
        }
    };
    read(page_state, keep).await
}

async fn read(
    page_state: &PageState,
    mut keep: impl FnMut(&mut VecDeque<ExchangeView>, ExchangeView) + Send + 'static,
) -> Result<VecDeque<ExchangeView>, String> {
    if matches!(page_state.state().phase, Phase::Identification | Phase::Selection) {
        return Err("nothing is recorded yet; start the certification first".to_owned());
    }
    let (capture, profile) = (page_state.capture.clone(), page_state.rules.profile);
    let reading = tokio::task::spawn_blocking(move || {
        let mut views = VecDeque::new();
        each(&capture, profile, &mut |view| keep(&mut views, view))?;
        Ok(views)
    });
    reading.await.unwrap_or_else(|error| Err(format!("cannot read the capture: {error}")))
}

fn each(capture: &Path, profile: &'static Profile, take: &mut dyn FnMut(ExchangeView)) -> Result<(), String> {
    let sentence = |error: capture::CaptureError| error.message;
    let capture = capture::open_for(capture, profile).map_err(sentence)?;
    for record in capture.records().map_err(sentence)? {
        if let Record::Exchange(exchange) = record.map_err(sentence)? {
            take(ExchangeView::of(&exchange, capture.profile));
        }
    }
    Ok(())
}

/// A page of exchanges, the newest first.
pub(super) fn list(views: &VecDeque<ExchangeView>) -> Markup {
    let first = views.front().map_or(0, |view| view.number);
    html! {
        h1 { "Exchanges" }
        @if views.is_empty() { p { "No exchanges." } }
        ol.traffic reversed { @for view in views.iter().rev() { (exchange::row(view)) } }
        div.actions {
            @if views.len() >= PAGE && first > 1 { a.button href={ "/traffic?before=" (first) } { "Older exchanges" } }
            a.button href="/" { "Back to the certification" }
        }
    }
}

/// The command line that shows an exchange in a terminal.
pub(super) fn show_line(page_state: &PageState, number: u64) -> String {
    format!("{} show {} {number}", page_state.program, word(&page_state.capture))
}
