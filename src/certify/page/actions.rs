//! The operator's commands on the page.

use super::form::{self, FEATURES};
use super::page_state::{ActiveCertification, PageRequest, PageState, Phase};
use super::view::identify::{self, Problem};
use super::view::selection;
use crate::api::form::fields;
use crate::certify::credentials::Secrets;
use crate::certify::identification::Identification;
use axum::body::Bytes;
use maud::Markup;
use std::sync::Arc;
use std::time::Duration;

/// How long to wait for the start of the certification before the page is shown again.
const BEGINNING: Duration = Duration::from_secs(5);

/// The outcome of a command.
pub(super) enum CommandOutcome {
    /// Done, with a message.
    Done(String),
    /// Refused, with the reason.
    Refused(String),
    /// An invalid form: its step, and the form with error messages.
    Again(usize, Markup),
    /// Unknown command.
    Unknown,
}

/// The error message for a field as typed; empty if it is valid.
pub(super) fn check(body: &Bytes) -> String {
    let names: Vec<&str> = form::asked(true).map(|field| field.name).collect();
    match form::identification(&String::from_utf8_lossy(body), &names) {
        Ok(identified) => form::wrong(&identified).into_iter().next().map(|(_, sentence)| sentence).unwrap_or_default(),
        Err(sentence) => sentence,
    }
}

/// Executes a command.
pub(super) async fn take(page_state: &PageState, name: &str, body: &Bytes) -> CommandOutcome {
    let form = String::from_utf8_lossy(body).into_owned();
    let phase = page_state.state().phase.clone();
    match (name, phase) {
        ("identification", Phase::Identification | Phase::Selection) => identification(page_state, &form).await,
        ("selection", Phase::Identification | Phase::Selection) => selection(page_state, &form).await,
        ("back", Phase::Identification | Phase::Selection) => {
            page_state.change(|state| state.phase = Phase::Identification);
            CommandOutcome::Done("back to identification".to_owned())
        }
        ("again" | "skip" | "start-over" | "notify" | "verdict", Phase::Certification(active)) => {
            match certification_command(&active, name, &form).await {
                Ok(sentence) => {
                    page_state.log(&format!("  operator: {sentence}"));
                    CommandOutcome::Done(sentence)
                }
                Err(sentence) => CommandOutcome::Refused(sentence),
            }
        }
        ("resume" | "new-attempt", Phase::Approval(_)) => {
            page_state.request(PageRequest::Resume { new_attempt: name == "new-attempt" });
            begun(page_state).await;
            CommandOutcome::Done(if name == "resume" { "recording again" } else { "new attempt started" }.to_owned())
        }
        ("close", Phase::Approval(_)) => {
            page_state.request(PageRequest::Close);
            CommandOutcome::Done("poscert is ending; you can close this page".to_owned())
        }
        ("identification" | "selection" | "back", _) => CommandOutcome::Refused(
            "the certification has started; identification and features can no longer change".to_owned(),
        ),
        ("again" | "skip" | "start-over" | "notify" | "verdict", _) => {
            CommandOutcome::Refused("no certification is running".to_owned())
        }
        ("close" | "resume" | "new-attempt", _) => {
            CommandOutcome::Refused("this is possible once there is a verdict".to_owned())
        }
        _ => CommandOutcome::Unknown,
    }
}

async fn identification(page_state: &PageState, body: &str) -> CommandOutcome {
    let elsewhere = page_state.credential_check.is_some();
    let names: Vec<&str> = form::asked(elsewhere).map(|field| field.name).chain([form::INCOMPLETE]).collect();
    let again = |identified: &Identification, problem: Problem<'_>| {
        CommandOutcome::Again(0, identify::Form { identified, elsewhere }.render(problem))
    };
    let (identified, keys) =
        match form::identification(body, &names).and_then(|identified| Ok((identified, form::keys(body)?))) {
            Ok(both) => both,
            Err(sentence) => return again(&page_state.state().identified.clone(), Problem::Sentence(&sentence)),
        };
    let is_wrong = !form::wrong(&identified).is_empty();
    let mut known = (identified.clone(), Secrets::default());
    page_state.change(|state| {
        state.identified = form::put(&state.identified, &identified, form::asked(elsewhere));
        state.keys = keys.or(std::mem::take(&mut state.keys));
        state.phase = Phase::Identification;
        known = (state.identified.clone(), state.keys.clone());
    });
    if is_wrong {
        return again(&identified, Problem::Fields);
    }
    let (identified, keys) = known;
    if identified.integrator_id.is_none() && !form::accepts_incomplete(body) {
        return again(&identified, Problem::Incomplete);
    }
    if let Some(credential_check) = &page_state.credential_check
        && let Err(sentence) = credential_check(identified.clone(), keys).await
    {
        // Rejected secrets are not tried again automatically.
        page_state.change(|state| state.keys = Secrets::default());
        return again(&identified, Problem::Sentence(&sentence));
    }
    page_state.change(|state| state.phase = Phase::Selection);
    CommandOutcome::Done("identification saved".to_owned())
}

async fn selection(page_state: &PageState, form: &str) -> CommandOutcome {
    let chosen = match form::identification(form, &[FEATURES]) {
        Ok(identified) => identified.features.unwrap_or_default(),
        Err(sentence) => {
            return CommandOutcome::Again(
                1,
                selection::selection(&page_state.state().identified, page_state.rules, Some(&sentence)),
            );
        }
    };
    page_state.change(|state| state.identified.features = Some(chosen));
    let identified = page_state.state().identified.clone();
    if let Err(sentence) = identified.check(page_state.rules.profile) {
        return CommandOutcome::Again(1, selection::selection(&identified, page_state.rules, Some(&sentence)));
    }
    let keys = page_state.state().keys.clone();
    page_state.request(PageRequest::Begin(Box::new(identified), keys));
    begun(page_state).await;
    CommandOutcome::Done("certification started".to_owned())
}

/// Waits a moment until the certification has started.
async fn begun(page_state: &PageState) {
    let mut changes = page_state.changes();
    let begun = async {
        while !matches!(page_state.state().phase, Phase::Certification(_)) {
            let _ = changes.changed().await;
        }
    };
    let _ = tokio::time::timeout(BEGINNING, begun).await;
}

async fn certification_command(active: &Arc<ActiveCertification>, name: &str, form: &str) -> Result<String, String> {
    let allowed: &[&str] = match name {
        "again" => &["case"],
        "skip" => &["case", "step"],
        _ => &[],
    };
    let fields = fields(form);
    if let Some((odd, _)) = fields.iter().find(|(field, _)| !allowed.contains(&field.as_str())) {
        return Err(format!("`{name}`: unknown field `{}`", crate::report::wording::safe(odd)));
    }
    let value = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
    let director = &active.director;
    match name {
        "again" => {
            let case = value("case").ok_or("`again`: missing field `case`")?;
            director.again(case)?;
            Ok(format!("repeating {}", crate::report::wording::safe(case)))
        }
        "skip" => {
            // A button pressed too late must not skip the next step.
            let due = director.certification_status().due.map(|due| (due.case, (due.at + 1).to_string()));
            if let (Some(case), Some(step)) = (value("case"), value("step"))
                && due.as_ref().is_none_or(|(at, due)| at != case || due != step)
            {
                return Err("that step is no longer due".to_owned());
            }
            director.skip_wait()?;
            Ok(due.map_or_else(|| "wait skipped".to_owned(), |(case, _)| format!("case {case} skipped")))
        }
        "start-over" => {
            director.start_over()?;
            Ok("starting a new attempt, with all cases".to_owned())
        }
        "verdict" => {
            director.finish();
            Ok("recording stopped; evaluating the capture".to_owned())
        }
        _ => active.notify().await,
    }
}
