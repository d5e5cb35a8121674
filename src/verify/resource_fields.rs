//! The fields of the things that a moment is about: the client, a PoS, a payment, a refund.

use super::fields::{Moment, flag, loyalty, money, ms, n, text};
use super::resources::{PaymentState, PosState, RefundState};
use crate::api::Operation;
use crate::rules::Value;

/// The create that failed on a payment's PoS, after the payment was first seen and before it was listed.
fn swept_after(payment: &PaymentState, pos: Option<&PosState>) -> Option<u64> {
    let listed = payment.listed?;
    let seen = payment.first_seen;
    let failed = pos?.creates_failed.iter().find(|create| listed > create.failed && seen > 0 && seen < create.sent);
    failed.map(|create| create.n)
}

impl Moment<'_> {
    pub(super) fn client(&self, field: &str) -> Option<Value> {
        Some(match field {
            "base" => text(&self.world.base),
            "version" => Value::Text(self.target.version.map_or(String::new(), |version| version.to_string())),
            "id" => text(&self.target.client_id),
            "offboarded" => Value::Bool(self.world.offboarded || !self.world.created_through_faults),
            "wasted_tokens" => Value::Int(self.world.wasted_tokens),
            _ => return None,
        })
    }

    pub(super) fn pos(&self, field: &str) -> Option<Value> {
        let unknown = PosState::default();
        let track = self.about.pos.map_or(&unknown, |pos| self.world.poses.at(pos));
        let open = || self.about.pos.into_iter().flat_map(|pos| self.world.open_on(pos));
        Some(match field {
            "created_n" => n(track.created_n),
            "through_faults" => Value::Bool(track.created_through_faults || !self.world.created_through_faults),
            "beacon_generated" => Value::Bool(track.beacon_generated),
            "read_n" => n(track.read_n),
            "deleted_n" => n(track.deleted_n),
            "created_again_n" => n(track.created_again_n),
            "loyalty" => track.loyalty.map_or(text(""), loyalty),
            "active_payments" => Value::Int(open().filter(|payment| payment.active()).count() as i64),
            "open_payments" => Value::Int(open().count() as i64),
            "open_payment_n" => n(open().find_map(|payment| payment.created_n)),
            "blocked_n" => n(track.blocked_n),
            "unblocked_n" => n(track.unblocked_n),
            _ => return None,
        })
    }

    pub(super) fn payment(&self, field: &str) -> Option<Value> {
        let unknown = PaymentState::default();
        let track = self.about.payment.map_or(&unknown, |payment| self.world.payments.at(payment));
        let pos = track.pos.map(|pos| self.world.poses.at(pos));
        Some(match field {
            "created_n" => n(track.created_n),
            "started_n" => n(track.started().map(|(n, _)| n)),
            "started_by" => text(track.started().map_or("", |(_, operation)| operation.name())),
            "created_by" => text(track.created_by.map_or("", Operation::name)),
            "state" => text(track.state.map_or("", crate::api::PaymentStatus::name)),
            "state_n" => n(track.state_n),
            "amount" => money(track.amount),
            "currency" => text(&track.currency),
            "ready_asked_amount" => money(track.ready_asked.and_then(|(_, amount)| amount)),
            "ready_asked_currency" => text(track.ready_asked.map_or("", |_| track.ready_asked_currency.as_str())),
            "ready_asked_n" => n(track.ready_asked.map(|(n, _)| n)),
            "readied_n" => n(track.readied_n),
            "paired_n" => n(track.paired_n),
            "reserved_n" => n(track.reserved_n),
            "reserved_amount" => money(track.reserved_amount.or(track.amount)),
            "partial" => flag(track.partial),
            "captured_n" => n(track.captured_n),
            "captured_amount" => money(track.captured_amount),
            "cancelled_n" => n(track.cancelled_n),
            "final_n" => n(track.final_n),
            "final_polls" => Value::Int(track.final_polls),
            "capture_sends" => Value::Int(track.capture_sends),
            "capture_failed_n" => n(track.capture_failed_n),
            "capture_failed_amount" => money(track.capture_failed_amount),
            "gave_up_n" => n(track.gave_up.map(|(n, _)| n)),
            "hang_ms" => ms(track.hang_ms),
            "poll_timeouts" => Value::Int(i64::from(track.poll_timeouts)),
            "poll_500s" => Value::Int(i64::from(track.poll_500s)),
            "order_reused_n" => n(track.order_reused_n),
            "listed_n" => n(track.listed_n),
            "listed_after_block" => {
                let blocked = pos.and_then(|pos| pos.blocked_n);
                Value::Bool(blocked.zip(track.listed_n).is_some_and(|(blocked, listed)| listed > blocked))
            }
            "known_in_the_way" => {
                let pos = pos.filter(|pos| pos.unblocked_n.is_some() && pos.unblocked_n == track.cancelled_n);
                Value::Bool(pos.is_some_and(|pos| track.first_seen > 0 && track.first_seen < pos.blocked))
            }
            "swept_after_error" => Value::Bool(swept_after(track, pos).is_some()),
            "create_failed_n" => n(swept_after(track, pos)),
            "swept_with" => Value::Int(self.swept_with()),
            "restricted" => Value::Bool(track.restrictions.is_some()),
            "restrictions_n" => n(track.restrictions_n),
            "loyalty" => loyalty(track.loyalty),
            "loyalty_lacked" => Value::Bool(track.loyalty_lacked),
            "refundable" => money(track.captured_n.and(track.captured_amount.or(track.amount))),
            "refunded" => Value::Money(track.refunded),
            _ => return None,
        })
    }

    /// How many reservations of the latest list were ended alike, where no reserved one in it is left.
    fn swept_with(&self) -> i64 {
        let listing = &self.world.listing;
        let Some(payment) = self.about.payment else { return 0 };
        let left = listing.payments.iter().any(|&other| self.world.payments.at(other).reserved());
        let alike = [&listing.captured, &listing.cancelled].into_iter().find(|list| list.last() == Some(&payment));
        // One by one as it was decided, where some were captured and others cancelled.
        let both = !listing.captured.is_empty() && !listing.cancelled.is_empty();
        alike.filter(|_| !left && !both).map_or(0, |list| list.len() as i64)
    }

    pub(super) fn refund(&self, field: &str) -> Option<Value> {
        let unknown = RefundState::default();
        let track = self.about.refund.map_or(&unknown, |refund| self.world.refunds.at(refund));
        Some(match field {
            "created_n" => n(track.created_n),
            "started_n" => n(track.created_n.or(track.found_for)),
            "state" => text(track.state.map_or("", crate::api::RefundStatus::name)),
            "reserved_n" => n(track.reserved_n),
            "final_n" => n(track.final_n),
            "captured_n" => n(track.captured_n),
            "captured_amount" => money(track.captured_amount),
            "cancelled_n" => n(track.cancelled_n),
            _ => return None,
        })
    }
}
