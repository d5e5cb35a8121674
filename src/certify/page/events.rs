//! Live updates of the page as server-sent events (WHATWG HTML, section 9.2).
//!
//! `part`: new content of an element; `row`: a finished exchange; `say`: a message for screen readers; `toast`: a case
//! has passed or failed; `phase`: the current step, on a change the page reloads; `clock`: milliseconds since the start.

use super::page_state::{PageState, Phase, TrafficRow};
use super::view::{certification, exchange};
use crate::certify::status::CertificationStatus;
use crate::report::html_kit::look::Look;
use crate::report::wording;
use crate::verify::verdict::CaseStatus;
use axum::body::{Body, Bytes};
use http_body_util::channel::{Channel, Sender};
use maud::Render;
use serde_json::json;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The limit of open event streams.
const PAGES: usize = 16;
/// How long changes are collected before they are sent.
const BATCH_INTERVAL: Duration = Duration::from_millis(80);
/// The interval for changes that depend on time alone.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// The longest silence before a keep-alive comment.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// The event streams, limited in number.
#[derive(Clone)]
pub(super) struct EventStreams(Arc<Semaphore>);

impl Default for EventStreams {
    fn default() -> EventStreams {
        EventStreams(Arc::new(Semaphore::new(PAGES)))
    }
}

impl EventStreams {
    /// A stream of events, and of the exchanges after position `after`; `None` if too many streams are open.
    pub(super) fn take(&self, page_state: Arc<PageState>, after: u64) -> Option<Body> {
        let permit = self.0.clone().try_acquire_owned().ok()?;
        let (sender, body) = Channel::new(8);
        tokio::spawn(feed(page_state, after, sender, permit));
        Some(Body::new(body))
    }
}

async fn feed(
    page_state: Arc<PageState>,
    after: u64,
    mut sender: Sender<Bytes, Infallible>,
    permit: OwnedSemaphorePermit,
) {
    let mut changes = page_state.changes();
    let mut sent = SentState { place: after, ..SentState::default() };
    let mut last = Instant::now();
    let mut frames = vec![frame("clock", None, &json!(page_state.ms(last)))];
    loop {
        frames.extend(sent.new_frames(&page_state));
        if frames.is_empty() && last.elapsed() >= KEEPALIVE {
            frames.push(": still here\n\n".to_owned());
        }
        for frame in frames.drain(..) {
            last = Instant::now();
            if sender.send_data(Bytes::from(frame)).await.is_err() {
                drop(permit);
                return;
            }
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = tokio::time::sleep(CHECK_INTERVAL) => {}
        }
        tokio::time::sleep(BATCH_INTERVAL).await;
    }
}

/// What was sent on one stream.
#[derive(Default)]
struct SentState {
    place: u64,
    phase: Option<&'static str>,
    parts: BTreeMap<&'static str, String>,
    headline: Option<String>,
    case: u64,
    /// The status of each case; empty before the first events.
    statuses: BTreeMap<String, CaseStatus>,
}

impl SentState {
    /// The events since the last call.
    fn new_frames(&mut self, page_state: &PageState) -> Vec<String> {
        let phase = page_state.state().phase.clone();
        let mut frames = Vec::new();
        if self.phase.replace(phase.name()) != Some(phase.name()) {
            frames.push(frame("phase", None, &json!(phase.name())));
        }
        let Phase::Certification(certification) = &phase else { return frames };
        let now = certification::parts(page_state, certification);
        for (id, html) in now.parts {
            if self.parts.get(id) != Some(&html) {
                frames.push(frame("part", None, &json!({"id": id, "html": html})));
                self.parts.insert(id, html);
            }
        }
        for row in self.rows(page_state) {
            self.place = row.place;
            frames.push(frame("row", Some(row.place), &json!(exchange::row(&row.view).into_string())));
        }
        frames.extend(self.toasts(&now.status));
        if let Some(ended) = self.ended(page_state) {
            frames.push(frame("say", None, &json!(ended)));
        }
        if self.headline.as_ref() != Some(&now.headline) {
            frames.push(frame("say", None, &json!(now.headline)));
            self.headline = Some(now.headline);
        }
        frames
    }

    fn rows(&self, page_state: &PageState) -> Vec<TrafficRow> {
        page_state.state().traffic.iter().filter(|seen| seen.place > self.place).cloned().collect()
    }

    /// A message for each case that has passed or failed since the last call.
    fn toasts(&mut self, status: &CertificationStatus) -> Vec<String> {
        let is_first = self.statuses.is_empty();
        let mut frames = Vec::new();
        for case in &status.cases {
            let before = self.statuses.insert(case.id.clone(), case.status);
            let look = match case.status {
                _ if is_first || before == Some(case.status) => continue,
                CaseStatus::Passed => Look::Passed,
                CaseStatus::Failed => Look::Failed,
                CaseStatus::InProgress | CaseStatus::NotTested => continue,
            };
            let text = format!("{} {}: {}", case.id, wording::case_status(case.status), wording::safe(&case.title));
            frames.push(frame("toast", None, &json!({"look": look.render().into_string(), "text": text})));
        }
        frames
    }

    /// The latest unsent log line about a whole case; lines about steps are not announced.
    fn ended(&mut self, page_state: &PageState) -> Option<String> {
        let state = page_state.state();
        let first = self.case == 0;
        let cases = || state.log.iter().filter(|said| !said.text.starts_with(' '));
        let count = state.case_entries;
        let is_new = count > self.case && !first;
        self.case = count.max(1);
        cases().next_back().filter(|_| is_new).map(|said| said.text.clone())
    }
}

fn frame(event: &str, id: Option<u64>, data: &serde_json::Value) -> String {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("event: {event}\n{id}data: {data}\n\n")
}
