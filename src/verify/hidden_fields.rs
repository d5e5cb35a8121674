//! The fields whose values may be different in what the capture does not show.

use super::attempt::{Attempt, MissingParts};
use super::missing_evidence::{LOYALTY, NAMES, PAYMENTS, REFUSALS};
use super::moment::Moment;
use crate::api::Operation;
use crate::api::resource::{PAYMENT, POS, REFUND};
use crate::capture::record::Seen;
use crate::rules::Value;

/// Whether a value says that something does not exist or did not happen.
pub(super) fn is_negative(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Text(text) => text.is_empty(),
        _ => false,
    }
}

impl Moment<'_> {
    pub(super) fn hides_call(&self, attempt: &Attempt, field: &str, value: &Value) -> bool {
        hides_head(&attempt.hides, field)
            || self.hides_token(attempt, field, value)
            || self.hides_request_body(attempt, field, value)
            || self.hides_answer(attempt, field, value)
            || self.hides_history(attempt, field, value)
    }

    fn hides_token(&self, attempt: &Attempt, field: &str, value: &Value) -> bool {
        let seen = attempt.hides.authorization;
        match field {
            "has_bearer" => match seen {
                Seen::Nothing => true,
                // Two headers are wrong whatever their values.
                Seen::Presence => attempt.authorization_count == 1,
                Seen::Form | Seen::Whole => false,
            },
            "vat_claim" | "vat_claim_valid" => {
                let claim = self.claimed_vat(attempt);
                claim.is_empty()
                    && (matches!(seen, Seen::Nothing | Seen::Presence) || self.observed.missing.token_asked)
            }
            "unchanged_repeats" | "refused_n" => {
                let many = !matches!(value, Value::Null | Value::Int(0 | 1));
                many && (self.observed.missing.tokens || self.observed.missing.could_settle(attempt.operation))
            }
            _ => false,
        }
    }

    fn hides_request_body(&self, attempt: &Attempt, field: &str, value: &Value) -> bool {
        let missing = &self.observed.missing;
        let earlier = attempt.operation.is_some_and(|operation| missing.bodies.contains(&operation));
        let hidden = attempt.hides_body();
        match field {
            "amount"
            | "currency"
            | "restricted"
            | "both_restricted"
            | "names_restrictions"
            | "restrictions_broken"
            | "body_broken"
            | "body_known" => hidden,
            "body_informal" | "name_taken_n" | "name_looked_up" if hidden => is_negative(value),
            "name_taken_n" | "name_looked_up" => missing.some_pos & NAMES != 0 && is_negative(value),
            "merchant_pos_id" => hidden && is_negative(value),
            "conflict_repeats" => hidden,
            "refund_sum" => {
                let of_payment = self.about[PAYMENT].is_some_and(|payment| missing.refunded.contains(&payment));
                hidden || attempt.hides.key != Seen::Whole || of_payment || missing.some_refund
            }
            "unchanged_repeats" | "refused_n" => hidden || attempt.hides.path || attempt.hides.query,
            "same_content" => hidden || !self.shows_contents(),
            "contradicted_n" => is_negative(value) && (hidden || !self.shows_contents()),
            "twin_ms" | "twin_n" => hidden || (is_negative(value) && earlier),
            _ => false,
        }
    }

    /// Whether the bodies of all attempts of the call are shown.
    fn shows_contents(&self) -> bool {
        let call = self.attempt.map(|(_, context)| self.observed.calls.at(context.call));
        call.is_none_or(|call| call.attempts == 0 || call.content_known || call.operation.is_none())
    }

    fn hides_answer(&self, attempt: &Attempt, field: &str, value: &Value) -> bool {
        let missing = &self.observed.missing;
        match field {
            "state"
            | "code"
            | "poll_delay_ms"
            | "answer_partial"
            | "answer_restrictions_differ"
            | "found_count"
            | "unnamed" => attempt.answer_hidden,
            "id_unknown" => {
                let ids = missing.unnamed_payment
                    || missing.listed
                    || missing.some_payment
                    || missing.some_refund
                    || missing.some_pos & NAMES != 0;
                // For a 409 the error code says whether the id is known; for other responses the status does.
                let tells = matches!(attempt.status, Some(404 | 409));
                (attempt.answer_hidden && attempt.status == Some(409))
                    || (attempt.hides.path && tells)
                    || (ids && !is_negative(value))
            }
            "asked_delay_ms" => self.attempt.is_some_and(|(_, context)| missing.delays.contains(&context.call)),
            "block_cleared" => is_negative(value) && missing.of_pos(self.about[POS], PAYMENTS),
            _ => false,
        }
    }

    /// Whether a field depends on earlier attempts of the call that the capture does not assign to it.
    fn hides_history(&self, attempt: &Attempt, field: &str, value: &Value) -> bool {
        let loose = attempt.operation.is_some_and(|operation| self.observed.missing.loose.contains(&operation));
        let of_history = matches!(
            field,
            "last_status"
                | "last_failed"
                | "last_reset"
                | "resent_at_once"
                | "failures"
                | "failed_in_go"
                | "gap_ms"
                | "head_gap_ms"
                | "back_off_ms"
                | "open_poll_ms"
                | "open_poll_n"
                | "asked_delay_ms"
                | "asked_n"
                | "answered_before"
                | "same_content"
                | "contradicted_n"
                | "twin_ms"
                | "twin_n"
                | "met_timeout"
                | "met_500"
                | "repeats_success"
        );
        (loose || attempt.is_loose()) && of_history && *value != Value::Bool(true)
            || (attempt.hides_body() && matches!(field, "repeats_success"))
    }

    pub(super) fn polls_missing(&self) -> bool {
        self.about[PAYMENT].is_some_and(|payment| self.observed.missing.of_payment(payment))
    }

    pub(super) fn hides_payment(&self, field: &str, value: &Value) -> bool {
        let Some(payment) = self.about[PAYMENT] else { return false };
        let (missing, entry) = (&self.observed.missing, self.observed.payments.at(payment));
        let negative = is_negative(value);
        let polled = missing.of_payment(payment);
        let described = missing.described.contains(&payment);
        let captured = polled || missing.listed_captured;
        let unnamed = entry.created_n.is_none() && missing.unnamed_payment;
        let may_be_seen = polled || described || unnamed || missing.listed || missing.started;
        let refusals = missing.of_pos(entry.pos, REFUSALS);
        // Only the polls of a prepared payment say who pays it.
        let prepared = entry.created_by == Some(Operation::PREPARE_PAYMENT);
        let checked_in = !prepared && missing.of_pos(entry.pos, LOYALTY);
        match field {
            "created_n" | "created_by" => negative && unnamed,
            "started_n" | "started_by" => negative && (unnamed || missing.listed || missing.started),
            "state" => polled && !entry.state.is_some_and(crate::api::PaymentStatus::is_final),
            "state_n" | "paired_n" | "reserved_n" | "final_n" | "partial" => negative && polled,
            "captured_n" => negative && captured,
            "captured_amount" | "refundable" => negative && (captured || described),
            "amount" | "currency" | "reserved_amount" => negative && (polled || described || unnamed),
            "ready_asked_amount" | "ready_asked_currency" => negative && (described || missing.some_payment),
            "cancelled_n" | "readied_n" | "ready_asked_n" | "gave_up_n" | "hang_ms" => negative && missing.some_payment,
            "capture_failed_n" => captured && !negative,
            "capture_failed_amount" => (captured && !negative) || (described && negative),
            "order_reused_n" => negative && (missing.started || missing.unnamed_payment),
            "listed_n" => negative && may_be_seen,
            "listed_after_block" | "known_in_the_way" => negative && (may_be_seen || refusals),
            "swept_after_error" | "create_failed_n" => {
                (negative && (may_be_seen || refusals)) || (!negative && missing.started)
            }
            "swept_with" => missing.listed || missing.some_payment || !missing.polled.is_empty(),
            "restricted" | "restrictions_n" => negative && (described || unnamed),
            "shows_restrictions" => negative && polled,
            "loyalty" => polled || checked_in,
            "loyalty_lacked" => negative && (polled || checked_in),
            "refunded" => missing.some_refund || missing.refunded.contains(&payment),
            _ => false,
        }
    }

    pub(super) fn hides_pos(&self, field: &str, value: &Value) -> bool {
        let missing = &self.observed.missing;
        let of = |what: u8| missing.of_pos(self.about[POS], what);
        let negative = is_negative(value);
        match field {
            "created_n" => negative && missing.unnamed_pos,
            "through_faults" => missing.unnamed_pos,
            "beacon_generated" | "created_again_n" => negative && of(NAMES),
            "read_n" => negative && missing.loose.contains(&Operation::GET_POS),
            "deleted_n" => negative && (missing.loose.contains(&Operation::DELETE_POS) || self.lost_delete_looked_up()),
            "loyalty" => of(LOYALTY),
            "blocked_n" | "unblocked_n" => negative && of(PAYMENTS),
            _ => false,
        }
    }

    /// Whether a delete of the PoS got no response, and a look-up of points of sale is hidden.
    fn lost_delete_looked_up(&self) -> bool {
        let lost = self.observed.unresolved_calls.iter().map(|&call| self.observed.calls.at(call));
        let mut lost = lost.filter(|call| call.operation == Some(Operation::DELETE_POS));
        self.observed.missing.found_pos && lost.any(|call| call.about[POS] == self.about[POS])
    }

    pub(super) fn hides_refund(&self, field: &str, value: &Value) -> bool {
        let missing = &self.observed.missing;
        let Some(refund) = self.about[REFUND] else { return false };
        let polled = missing.refunds.contains(&refund);
        let loose = missing.loose.iter().any(|operation| {
            [Operation::GET_REFUND, Operation::CAPTURE_REFUND, Operation::CANCEL_REFUND].contains(operation)
        });
        let entry = self.observed.refunds.at(refund);
        match field {
            "created_n" | "started_n" => is_negative(value) && missing.some_refund,
            "state" => (polled || loose) && !entry.state.is_some_and(crate::api::RefundStatus::is_final),
            "reserved_n" | "final_n" | "captured_n" => is_negative(value) && (polled || loose),
            "cancelled_n" => is_negative(value) && loose,
            _ => false,
        }
    }

    /// The number of open payments on the PoS that no hidden response can have ended.
    pub(super) fn open_payments(&self, counts: impl Fn(&super::resources::PaymentState) -> bool) -> i64 {
        let missing = &self.observed.missing;
        if missing.listed_captured || missing.some_payment {
            return 0;
        }
        let open = self.about[POS].into_iter().flat_map(|pos| self.observed.open_on(pos));
        let count = open.filter(|payment| !payment.hidden && counts(payment)).count();
        i64::try_from(count).unwrap_or(i64::MAX)
    }
}

/// Whether a field depends on a hidden header or a hidden part of the path.
fn hides_head(hides: &MissingParts, field: &str) -> bool {
    let count = |seen: Seen| seen == Seen::Nothing;
    let value = |seen: Seen| matches!(seen, Seen::Nothing | Seen::Presence);
    match field {
        "authorization_count" | "authorization_seen" => count(hides.authorization),
        "version_count" => count(hides.version),
        "version" | "version_seen" | "version_valid" | "version_certified" => value(hides.version),
        "vat_count" => count(hides.vat),
        "vat_header" | "vat_seen" | "vat_header_valid" => value(hides.vat),
        "client_id_count" => count(hides.client_id),
        "client_id" | "client_id_seen" | "client_id_valid" | "client_ids" | "client_id_certified" => {
            value(hides.client_id)
        }
        "key_count" => count(hides.key),
        "key" | "key_seen" | "key_valid" => value(hides.key),
        "id_valid" | "documented" | "path" | "path.id" => hides.path,
        _ => false,
    }
}
