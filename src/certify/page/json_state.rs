//! How things stand as JSON, for tests and tools.

use super::page_state::{PageState, Phase};
use crate::certify::driver_command::Line;
use crate::report::wording;
use serde_json::{Value, json};
use std::time::Instant;

/// The line that is due on the till.
pub fn act(hub: &PageState) -> Option<Line> {
    let phase = hub.state().phase.clone();
    let line = hub.state().line.clone()?;
    match phase {
        Phase::Certification(led) if led.conductor.outlook().is_due(&line) => Some(line),
        Phase::Approval(_) => Some(Line::end()),
        _ => None,
    }
}

/// Everything.
pub fn of(hub: &PageState) -> Value {
    let act = act(hub);
    let state = hub.state();
    let mut value = json!({
        "phase": state.phase.name(),
        "identification": state.told,
        "act": act,
        "exchanges": state.seen,
        "said": state.said.iter().map(|said| &said.text).collect::<Vec<_>>(),
    });
    let more = match &state.phase {
        Phase::Certification(led) => {
            let outlook = led.conductor.outlook();
            let due = outlook.due.as_ref().map(|due| {
                let waited = Instant::now().saturating_duration_since(due.since);
                let step = due.step.as_ref().map(|step| &step.title);
                let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                json!({"case": due.case, "step": due.at + 1, "title": step, "waited_ms": ms(waited), "wait_ms": ms(due.wait)})
            });
            json!({
                "base_url": led.reach.base_url,
                "due": due,
                "over": outlook.over,
                "before": led.before,
                "cut_off": led.cut_off,
                "broken": outlook.broken.iter().map(|broken| &broken.id).collect::<Vec<_>>(),
                "chain_head": led.writer.head().to_string(),
                "cases": outlook.cases,
            })
        }
        Phase::Approval(approval) => json!({
            "verdict": wording::outcome(approval.verdict.verdict),
            "files": approval.files.iter().map(|offer| offer.name).collect::<Vec<_>>(),
        }),
        Phase::Identification | Phase::Selection => json!({}),
    };
    if let (Some(all), Value::Object(more)) = (value.as_object_mut(), more) {
        all.extend(more);
    }
    value
}
