//! The one-line view of a record.

use super::{ending, sanitize};
use crate::capture::record::{Record, StepTimeoutReason};
use crate::capture::{Exchange, record};
use jiff::Timestamp;

/// The column titles of the lines of exchanges.
pub(super) const HEADER: &str = "    # time (UTC)    status method target  duration";

/// The line of a record.
pub(super) fn of(record: &Record) -> String {
    match record {
        Record::Exchange(exchange) => self::exchange(exchange),
        Record::RunStart(start) => {
            let (run, upstream) = (start.run, sanitize::line(&start.upstream));
            let challenge = match start.challenge.as_str() {
                "" => String::new(),
                words => format!(", challenge \"{}\"", sanitize::line(words)),
            };
            format!(
                "   -- {} run {run} starts: upstream {upstream}, durability {}{challenge}",
                clock(start.wall_us),
                sanitize::line(&start.durability)
            )
        }
        Record::RunStop(stop) => format!("   -- run {} stops after {}", stop.run, milliseconds(stop.at_us)),
        Record::Session(session) => format!("   -- session: {}", self::session(session)),
        Record::Attempt(attempt) => {
            format!(
                "   -- certification attempt {} starts; the previous one ended with verdict {}",
                attempt.number,
                sanitize::line(&attempt.ended_as)
            )
        }
        Record::Connection(event) => {
            let detail = sanitize::line(&event.detail);
            let tls = if event.tls.is_empty() { String::new() } else { format!(" {}", sanitize::line(&event.tls)) };
            format!(
                "   -- {} connection {}: {}{tls} {detail}",
                clock(event.wall_us),
                event.connection,
                sanitize::line(&event.event)
            )
        }
        Record::StepTimeout(wait) => {
            let calls = wait.calls.map(|calls| format!(", {calls} calls received")).unwrap_or_default();
            let ended = match wait.ended {
                Some(StepTimeoutReason::TimedOut) => "timed out",
                Some(StepTimeoutReason::Skipped) => "skipped by the operator",
                Some(StepTimeoutReason::Contradicted) => "can no longer pass, ended",
                Some(StepTimeoutReason::Other) | None => "not passed",
            };
            let (case, step) = (sanitize::line(&wait.case), wait.step);
            format!("   -- step {step} of {case} {ended} after {}{calls}", seconds(wait.waited_ms))
        }
        Record::Notification(sent) => {
            let statuses: Vec<String> = sent.statuses.iter().map(u16::to_string).collect();
            format!("   -- {} notification sent: {}", clock(sent.wall_us), statuses.join(", "))
        }
    }
}

fn session(session: &record::Session) -> String {
    let text =
        |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name} {}", sanitize::line(value)));
    let mut parts: Vec<String> = [
        text("integrator", &session.integrator_id),
        text("client", &session.client_id),
        text("client in production", &session.production_client_id),
        text("version", &session.client_version),
        text("name", &session.system_name),
        text("merchant", &session.merchant_vat),
        text("callback alias", &session.callback_alias),
        text("callback", &session.callback_url),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !session.features.is_empty() {
        parts.push(format!("features {}", sanitize::line(&session.features.join(", "))));
    }
    parts.join(", ")
}

fn exchange(exchange: &Exchange) -> String {
    let status = exchange.status().map_or("---".to_owned(), |status| status.to_string());
    let request = &exchange.request;
    let mut line = format!(
        "{:>5} {} {status:<6} {:<6} {}  {}",
        exchange.number,
        clock(exchange.wall_us),
        sanitize::line(&request.method),
        sanitize::line(&request.target),
        milliseconds(exchange.duration_us()),
    );
    if let Some(fault) = exchange.fault {
        line.push_str(&format!("  injected fault: {}", fault.name()));
    }
    if let Some(reason) = &request.refused {
        line.push_str(&format!("  refused: {}", sanitize::line(reason)));
    }
    if let Some(ending) = ending(exchange) {
        line.push_str("  ");
        line.push_str(&ending);
    }
    line
}

/// Time of day in UTC, with milliseconds.
pub(super) fn clock(wall_us: i64) -> String {
    match Timestamp::from_microsecond(wall_us) {
        Ok(moment) => moment.strftime("%H:%M:%S.%3fZ").to_string(),
        Err(_) => "--:--:--.---Z".to_owned(),
    }
}

/// Milliseconds as seconds, with one decimal unless they are whole.
fn seconds(ms: u64) -> String {
    match ms.saturating_add(50) / 100 {
        tenths if tenths % 10 == 0 => format!("{} s", tenths / 10),
        tenths => format!("{}.{} s", tenths / 10, tenths % 10),
    }
}

/// Microseconds as milliseconds with one decimal.
pub(super) fn milliseconds(us: u64) -> String {
    let tenths = us.saturating_add(50) / 100;
    format!("{}.{} ms", tenths / 10, tenths % 10)
}
