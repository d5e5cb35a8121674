//! The certainty of field values at a moment.
//!
//! A value that the capture shows is known. That something did not happen is known only if no evidence is missing that
//! could have shown it. A time is known only with the precision of the clock.

use super::attempt::Attempt;
use super::attempt_context::AT_ONCE_MS;
use super::clock::{about, within};
use super::events::hides_scope;
use super::hidden_fields::is_negative;
use super::missing_evidence::{NAMES, PAYMENTS};
use super::moment::Moment;
use crate::api::resource::{PAYMENT, POS, REFUND};
use crate::rules::{Range, Scope, Uncertainty, Value};

/// A time longer than any call, in ms; rules multiply it, which must not overflow.
const LONGEST_MS: i64 = 1_000_000_000_000;

const NOT_SHOWN: Value = Value::Unknown(Uncertainty::NotShown);

/// The value if it is known; otherwise `Unknown` or a range.
pub(super) fn known(moment: &Moment, name: &str, value: Value) -> Value {
    let Some((root, field)) = name.split_once('.') else { return value };
    let missing = &moment.observed.missing;
    let value = match root {
        "call" if moment.is_exact() => value,
        "call" => match moment.attempt {
            Some((attempt, _)) => moment.of_clock(attempt, field, value),
            None => value,
        },
        "payment" if field == "hang_ms" => ranged(value, moment.observed.clock.gap_ms(), "hang"),
        _ => value,
    };
    let hides = moment.attempt.is_some_and(|(attempt, _)| attempt.answer_hidden || attempt.hides_request());
    if !missing.any && !hides {
        return value;
    }
    let is_unknown = is_unplaced(moment, root)
        || match root {
            "call" => moment.attempt.is_some_and(|(attempt, _)| moment.hides_call(attempt, field, &value)),
            "payment" => moment.hides_payment(field, &value),
            "pos" => moment.hides_pos(field, &value),
            "refund" => moment.hides_refund(field, &value),
            "client" => match field {
                "offboarded" => missing.unnamed_pos,
                "wasted_tokens" => missing.tokens,
                _ => false,
            },
            "token" => missing.refused_token && is_negative(&value),
            _ => false,
        };
    if is_unknown {
        return NOT_SHOWN;
    }
    match (name, &value) {
        ("call.conflict_repeats", Value::Int(count)) if missing.some_pos & NAMES != 0 => at_least(*count),
        ("call.unchanged_repeats" | "request.sends_after_refusal", Value::Int(count)) => {
            let hidden = moment.attempt.and_then(|(attempt, _)| attempt.operation);
            if hidden.is_some_and(|operation| missing.bodies.contains(&operation)) { at_least(*count) } else { value }
        }
        ("payment.capture_sends", Value::Int(count)) if missing.some_payment => at_least(*count),
        ("payment.final_polls", Value::Int(count)) if moment.polls_missing() => at_least(*count),
        ("payment.poll_timeouts" | "payment.poll_500s", Value::Int(count)) if moment.polls_missing() => at_most(*count),
        ("pos.active_payments", Value::Int(_)) if missing.of_pos(moment.about[POS], PAYMENTS) => {
            at_least(moment.open_payments(super::resources::PaymentState::active))
        }
        ("pos.open_payments", Value::Int(_)) if missing.of_pos(moment.about[POS], PAYMENTS) => {
            at_least(moment.open_payments(|_| true))
        }
        _ => value,
    }
}

/// Whether the capture does not show which resource of this kind a moment is about.
fn is_unplaced(moment: &Moment, root: &str) -> bool {
    let about = &moment.about;
    match root {
        "pos" => about[POS].is_none() && hides_scope(Scope::Resource(POS), moment),
        "payment" => about[PAYMENT].is_none() && hides_scope(Scope::Resource(PAYMENT), moment),
        "refund" => about[REFUND].is_none() && hides_scope(Scope::Resource(REFUND), moment),
        _ => false,
    }
}

/// A count that is only a minimum.
fn at_least(count: i64) -> Value {
    Value::Between(Range {
        low: count,
        seen: count,
        high: LONGEST_MS,
        doubt: Uncertainty::NotShown,
        source: "at least",
    })
}

/// A count that is only a maximum.
fn at_most(count: i64) -> Value {
    if count == 0 {
        return Value::Int(0);
    }
    Value::Between(Range { low: 0, seen: count, high: count, doubt: Uncertainty::NotShown, source: "at most" })
}

fn ranged(value: Value, slack: i64, source: &'static str) -> Value {
    match value {
        Value::Int(ms) => about(ms, slack, source),
        other => other,
    }
}

impl Moment<'_> {
    /// Whether all values are known.
    pub(super) fn is_certain(&self) -> bool {
        let hides = self.attempt.is_some_and(|(attempt, _)| attempt.answer_hidden || attempt.hides_request());
        !hides && !self.observed.missing.any && self.is_exact()
    }

    /// Whether all times are known to the millisecond.
    fn is_exact(&self) -> bool {
        let timed = self.attempt.is_none_or(|(attempt, context)| attempt.timed && context.gap_timed);
        timed && self.observed.clock.is_exact()
    }

    /// Times, with the precision of the capture's clock.
    fn of_clock(&self, attempt: &Attempt, field: &str, value: Value) -> Value {
        let clock = self.observed.clock;
        let context = self.attempt.map(|(_, context)| context);
        let is_timed = context.is_none_or(|context| context.gap_timed);
        match (field, value) {
            // The time since an end that may have been later.
            ("gap_ms", Value::Int(ms)) if !is_timed => within(ms.min(0), ms, ms.saturating_add(clock.gap_ms()), "gap"),
            ("gap_ms", value) => ranged(value, clock.gap_ms(), "gap"),
            ("resent_at_once", value) => match context.and_then(|context| context.resent_ms) {
                Some(ms) => {
                    let earliest = if is_timed { ms.saturating_sub(clock.gap_ms()) } else { ms.min(0) };
                    let latest = ms.saturating_add(clock.gap_ms());
                    if earliest < AT_ONCE_MS && latest >= AT_ONCE_MS {
                        Value::Unknown(Uncertainty::Clock)
                    } else {
                        value
                    }
                }
                _ => value,
            },
            ("back_off_ms", value) => ranged(value, clock.gap_ms(), "back-off"),
            ("head_gap_ms" | "open_poll_ms", value) => ranged(value, clock.heads_ms(), "heads"),
            ("lasted_ms", Value::Int(ms)) => lasted(ms, attempt, clock.lasted_ms()),
            ("given_up_ms", Value::Int(ms)) => {
                let next = context.and_then(|context| context.next_head).and_then(|head| head.ms_since(attempt.head));
                match next.filter(|next| *next >= 0 && *next == ms && *next < attempt.lasted_ms()) {
                    Some(next) => about(next, clock.heads_ms(), "next head"),
                    None => lasted(ms, attempt, clock.lasted_ms()),
                }
            }
            ("twin_ms" | "twin_n", _) if context.is_some_and(|context| context.duplicate_may_be_old) => {
                Value::Unknown(Uncertainty::Clock)
            }
            ("twin_ms", value) => ranged(value, clock.gap_ms(), "twin"),
            // The attempt may start a new burst, or continue the one before the pause.
            ("failed_in_go", Value::Int(0)) => match context {
                Some(context) if context.failed_before_pause > 0 => {
                    within(0, 0, i64::from(context.failed_before_pause), "go")
                }
                _ => Value::Int(0),
            },
            (_, value) => value,
        }
    }
}

/// The duration of an exchange; only a minimum if the capture does not show its end.
fn lasted(ms: i64, attempt: &Attempt, slack: i64) -> Value {
    if attempt.timed { about(ms, slack, "lasted") } else { within(ms, ms, LONGEST_MS, "lasted") }
}
