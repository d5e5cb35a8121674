//! The fields of the resources that a moment is about: client, PoS, payment, refund.

use super::fields::{flag, loyalty, money, ms, n, text};
use super::moment::Moment;
use super::resources::{PaymentState, PosState, RefundState};
use crate::api::Operation;
use crate::api::resource::{PAYMENT, POS, REFUND};
use crate::rules::Value;

/// The create that failed on a payment's PoS after the payment was first seen and before it was listed.
fn swept_after(payment: &PaymentState, pos: Option<&PosState>) -> Option<u64> {
    let listed = payment.listed?;
    let seen = payment.first_seen;
    let failed = pos?.creates_failed.iter().find(|create| listed > create.failed && seen > 0 && seen < create.sent);
    failed.map(|create| create.n)
}

impl Moment<'_> {
    pub(super) fn client(&self, field: &str) -> Option<Value> {
        Some(match field {
            "base" => text(&self.observed.base),
            "version" => Value::Text(self.target.version.map_or(String::new(), |version| version.to_string())),
            "id" => text(&self.target.client_id),
            "offboarded" => Value::Bool(self.observed.offboarded || !self.observed.created_through_faults),
            "wasted_tokens" => Value::Int(self.observed.wasted_tokens),
            _ => return None,
        })
    }

    pub(super) fn pos(&self, field: &str) -> Option<Value> {
        let unknown = PosState::default();
        let entry = self.about[POS].map_or(&unknown, |pos| self.observed.poses.at(pos));
        let open = || self.about[POS].into_iter().flat_map(|pos| self.observed.open_on(pos));
        Some(match field {
            "created_n" => n(entry.created_n),
            "through_faults" => Value::Bool(entry.created_through_faults || !self.observed.created_through_faults),
            "beacon_generated" => Value::Bool(entry.beacon_generated),
            "read_n" => n(entry.read_n),
            "deleted_n" => n(entry.deleted_n),
            "created_again_n" => n(entry.created_again_n),
            "loyalty" => entry.loyalty.map_or(text(""), loyalty),
            "active_payments" => Value::Int(open().filter(|payment| payment.active()).count() as i64),
            "open_payments" => Value::Int(open().count() as i64),
            "open_payment_n" => n(open().find_map(|payment| payment.created_n)),
            "blocked_n" => n(entry.blocked_n),
            "unblocked_n" => n(entry.unblocked_n),
            _ => return None,
        })
    }

    pub(super) fn payment(&self, field: &str) -> Option<Value> {
        let unknown = PaymentState::default();
        let entry = self.about[PAYMENT].map_or(&unknown, |payment| self.observed.payments.at(payment));
        let pos = entry.pos.map(|pos| self.observed.poses.at(pos));
        Some(match field {
            "created_n" => n(entry.created_n),
            "started_n" => n(entry.started().map(|(n, _)| n)),
            "started_by" => text(entry.started().map_or("", |(_, operation)| operation.name())),
            "created_by" => text(entry.created_by.map_or("", Operation::name)),
            "state" => text(entry.state.map_or("", crate::api::PaymentStatus::name)),
            "state_n" => n(entry.state_n),
            "hidden" => Value::Bool(entry.hidden),
            "amount" => money(entry.amount),
            "currency" => text(&entry.currency),
            "ready_asked_amount" => money(entry.ready_asked.and_then(|(_, amount)| amount)),
            "ready_asked_currency" => text(entry.ready_asked.map_or("", |_| entry.ready_asked_currency.as_str())),
            "ready_asked_n" => n(entry.ready_asked.map(|(n, _)| n)),
            "readied_n" => n(entry.readied_n),
            "paired_n" => n(entry.paired_n),
            "reserved_n" => n(entry.reserved_n),
            "reserved_amount" => money(entry.reserved_amount.or(entry.amount)),
            "partial" => flag(entry.partial),
            "captured_n" => n(entry.captured_n),
            "captured_amount" => money(entry.captured_amount),
            "cancelled_n" => n(entry.cancelled_n),
            "final_n" => n(entry.final_n),
            "final_polls" => Value::Int(entry.final_polls),
            "capture_sends" => Value::Int(entry.capture_sends),
            "capture_failed_n" => n(entry.capture_failed_n),
            "capture_failed_amount" => money(entry.capture_failed_amount),
            "gave_up_n" => n(entry.abandoned_capture.map(|(n, _)| n)),
            "hang_ms" => ms(entry.pause_after_abandon_ms),
            "poll_timeouts" => Value::Int(i64::from(entry.poll_timeouts)),
            "poll_500s" => Value::Int(i64::from(entry.poll_500s)),
            "order_reused_n" => n(entry.order_reused_n),
            "listed_n" => n(entry.listed_n),
            "listed_after_block" => {
                let blocked = pos.and_then(|pos| pos.blocked_n);
                Value::Bool(blocked.zip(entry.listed_n).is_some_and(|(blocked, listed)| listed > blocked))
            }
            "known_in_the_way" => {
                let pos = pos.filter(|pos| pos.unblocked_n.is_some() && pos.unblocked_n == entry.cancelled_n);
                Value::Bool(pos.is_some_and(|pos| entry.first_seen > 0 && entry.first_seen < pos.blocked))
            }
            "swept_after_error" => Value::Bool(swept_after(entry, pos).is_some()),
            "create_failed_n" => n(swept_after(entry, pos)),
            "swept_with" => Value::Int(self.bulk_ended_count()),
            "restricted" => Value::Bool(entry.restrictions.is_some()),
            "shows_restrictions" => Value::Bool(entry.shows_restrictions),
            "restrictions_n" => n(entry.restrictions_n),
            "loyalty" => loyalty(entry.loyalty),
            "loyalty_lacked" => Value::Bool(entry.loyalty_lacked),
            "refundable" => money(entry.captured_n.and(entry.captured_amount.or(entry.amount))),
            "refunded" => Value::Money(entry.refunded),
            _ => return None,
        })
    }

    /// How many reservations of the latest list were ended in the same way, if no reserved one is left.
    fn bulk_ended_count(&self) -> i64 {
        let listing = &self.observed.listing;
        let Some(payment) = self.about[PAYMENT] else { return 0 };
        let left = listing.payments.iter().any(|&other| self.observed.payments.at(other).reserved());
        let alike = [&listing.captured, &listing.cancelled].into_iter().find(|list| list.last() == Some(&payment));
        // If some were captured and others cancelled, they were individual decisions.
        let both = !listing.captured.is_empty() && !listing.cancelled.is_empty();
        alike.filter(|_| !left && !both).map_or(0, |list| list.len() as i64)
    }

    pub(super) fn refund(&self, field: &str) -> Option<Value> {
        let unknown = RefundState::default();
        let entry = self.about[REFUND].map_or(&unknown, |refund| self.observed.refunds.at(refund));
        Some(match field {
            "created_n" => n(entry.created_n),
            "started_n" => n(entry.created_n.or(entry.found_for)),
            "state" => text(entry.state.map_or("", crate::api::RefundStatus::name)),
            "reserved_n" => n(entry.reserved_n),
            "final_n" => n(entry.final_n),
            "captured_n" => n(entry.captured_n),
            "captured_amount" => money(entry.captured_amount),
            "cancelled_n" => n(entry.cancelled_n),
            _ => return None,
        })
    }
}
