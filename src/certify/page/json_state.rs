//! The state of the page as JSON, for tests and tools.

use super::page_state::{PageState, Phase};
use super::view::standing::Standing;
use crate::certify::driver_command::DriverCommand;
use crate::report::wording;
use serde_json::{Value, json};
use std::time::Instant;

/// The command due on the till.
pub(super) fn act(page_state: &PageState) -> Option<DriverCommand> {
    let phase = page_state.state().phase.clone();
    let line = page_state.state().line.clone()?;
    match phase {
        Phase::Certification(active) if active.director.certification_status().is_due(&line) => Some(line),
        Phase::Approval(_) => Some(DriverCommand::end()),
        _ => None,
    }
}

/// The whole state.
pub(super) fn of(page_state: &PageState) -> Value {
    let act = act(page_state);
    let state = page_state.state();
    let mut value = json!({
        "phase": state.phase.name(),
        "identification": state.identified,
        "act": act,
        "exchanges": state.exchange_count,
        "said": state.log.iter().map(|said| &said.text).collect::<Vec<_>>(),
    });
    let more = match &state.phase {
        Phase::Certification(active) => {
            let certification_status = active.director.certification_status();
            let due = certification_status.due.as_ref().map(|due| {
                let waited = Instant::now().saturating_duration_since(due.since);
                let step = due.step.as_ref().map(|step| &step.title);
                let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                json!({"case": due.case, "step": due.at + 1, "title": step, "waited_ms": ms(waited), "wait_ms": ms(due.wait)})
            });
            let failures: Value =
                certification_status.failures.iter().map(|(id, why)| (id.clone(), Value::from(why.line()))).collect();
            json!({
                "base_url": active.reach.base_url,
                "due": due,
                "over": certification_status.over,
                "before": active.before,
                "cut_off": active.cut_off,
                "standing": Standing::of(&certification_status).outcome(),
                "failures": failures,
                "obligations": certification_status.obligations.iter().map(|open| &open.id).collect::<Vec<_>>(),
                "broken": certification_status.broken.iter().map(|broken| &broken.id).collect::<Vec<_>>(),
                "chain_head": active.writer.head().to_string(),
                "cases": certification_status.cases,
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
