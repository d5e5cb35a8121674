//! What an answer about a payment tells: started, refused, listed, polled, ended.

use super::attempt::Attempt;
use super::attempt_context::Context;
use super::bodies::Loyalty;
use super::refusals::CreateFailed;
use super::resources::Listing;
use super::state::{DerivedEvent, ObservedState};
use crate::api::Operation::*;
use crate::api::PaymentStatus;

impl ObservedState {
    pub(super) fn learn_create(&mut self, send: &Attempt, context: &mut Context) {
        if send.succeeded() {
            let pos = context.about.pos;
            if let Some(id) = send.answer.created.clone() {
                let payment = self.payment(&id);
                context.about.payment = Some(payment);
                self.calls.at_mut(context.call).about = context.about;
                self.learn_new_payment(send, payment, pos);
            }
            if let Some(pos) = pos {
                context.block_cleared = self.poses.at_mut(pos).has_started();
            }
        } else {
            self.create_failed(send, context);
        }
    }

    /// A create on a PoS was refused or failed: of a payment, or of a refund of one that was paid there.
    pub(super) fn create_failed(&mut self, send: &Attempt, context: &Context) {
        let Some(pos) = context.about.pos else { return };
        let tick = self.tick;
        let track = self.poses.at_mut(pos);
        if send.status == Some(409) && send.answer.code == "1301" {
            track.creates_failed.clear();
            if track.blocked_n.is_none() {
                (track.blocked_n, track.blocked) = (Some(send.n), tick);
            }
            // Whatever was brought to an end before, something is in the way now.
            track.unblocked_n = None;
        } else if !(send.answer_hidden && send.status == Some(409))
            && track.creates_failed.last().is_none_or(|c| c.call != context.call)
        {
            let (call, sent) = (context.call, context.tick);
            track.creates_failed.push(CreateFailed { call, n: send.n, sent, failed: tick });
        }
    }

    fn learn_new_payment(&mut self, send: &Attempt, payment: usize, pos: Option<usize>) {
        let tick = self.tick;
        // An order that is not named, or not shown, is the same as no other.
        let named = Some(&send.body.order_id).filter(|order| send.body.known && !order.is_empty());
        let first_use = named.map(|order| *self.orders.entry(order.clone()).or_insert(payment));
        let reused = first_use.filter(|first| *first != payment).and_then(|first| self.payments.at(first).created_n);
        if self.payments.at(payment).created_n.is_some() {
            return;
        }
        // What a check-in told of the customer is for the payment that follows it, and for no later one. A prepared
        // payment tells itself who is paying, by its own polls.
        let loyalty = pos.map(|pos| self.poses.at_mut(pos)).and_then(|pos| {
            let lacked = std::mem::take(&mut pos.loyalty_lacked);
            Some((pos.loyalty.take()?, lacked))
        });
        let loyalty = loyalty.filter(|_| send.operation == Some(InitiatePayment));
        let track = self.payments.at_mut(payment);
        if track.first_seen == 0 {
            track.first_seen = tick;
        }
        track.created_n = Some(send.n);
        track.created_by = send.operation;
        track.pos = pos;
        track.order_id.clone_from(&send.body.order_id);
        track.order_reused_n = reused;
        track.amount = send.body.amount;
        track.currency.clone_from(&send.body.currency);
        track.restrict(send.body.restrictions(), send.n);
        if let Some((loyalty, lacked)) = loyalty {
            (track.loyalty, track.loyalty_lacked) = (loyalty, lacked);
        }
        if let Some(pos) = pos {
            let payments = &self.payments;
            let pos = self.poses.at_mut(pos);
            // What the check-in said was of this payment's customer; the next one is another.
            (pos.loyalty, pos.loyalty_lacked) = (None, false);
            let list = &mut pos.payments;
            list.retain(|&other| !payments.at(other).ended());
            list.push(payment);
        }
    }

    pub(super) fn learn_act(&mut self, send: &Attempt, context: &Context) {
        let Some(payment) = context.about.payment else { return };
        let go = self.calls.at(context.call).clone();
        let hang = |then| go.go_head.and_then(|head: super::attempt::RunTime| head.ms_since(then));
        let track = self.payments.at_mut(payment);
        let was_reserved = track.reserved();
        // What can be captured was in nobody's way, unless a poll had said that it was.
        let blocked = track.may_block() && (send.operation != Some(CapturePayment) || track.first_seen > 0);
        match send.operation {
            Some(PaymentReady) if send.status.is_some_and(|status| (400..500).contains(&status)) => {
                // A ready that was refused fixes no amount.
                track.ready_asked = track.ready_asked.filter(|(n, _)| *n != send.n);
            }
            Some(PaymentReady) if send.succeeded() => {
                track.readied_n.get_or_insert(send.n);
                track.amount = send.body.amount;
                track.currency.clone_from(&send.body.currency);
                track.restrict(send.body.restrictions(), send.n);
            }
            Some(CapturePayment) if send.succeeded() => {
                // Where the go that brought it through met faults of its own, it began after a go before it.
                let paused = [track.gave_up.map(|(_, then)| then), track.gave_up_before].into_iter().flatten();
                track.hang_ms = paused.filter_map(hang).max();
                if track.captured_n.is_none() {
                    track.captured_amount = send.body.amount;
                }
                track.captured_n.get_or_insert(send.n);
                (track.capture_failed_n, track.capture_failed_amount, track.gave_up) = (None, None, None);
                track.gave_up_before = None;
                self.swept(payment, false);
            }
            // A send of the same go that is refused: not every one of them was answered 500. And its amount was not to be
            // had: what comes next need not repeat it.
            Some(CapturePayment) if !send.failed() => {
                track.capture_failed_amount = None;
                if go.go_500s > 0 {
                    track.gave_up = None;
                }
            }
            Some(CapturePayment) if send.failed() => {
                track.capture_failed_n = Some(send.n);
                track.capture_failed_amount = track.capture_failed_amount.or(send.body.amount);
                let hanging = track.captured_n.is_none();
                let only_500s = hanging && go.go_500s > 0 && go.go_timeouts == 0 && go.go_others == 0;
                let earlier = track.gave_up.map(|(_, then)| then).filter(|then| hang(*then).is_some_and(|ms| ms >= 0));
                track.gave_up_before = earlier.or(track.gave_up_before);
                track.gave_up = only_500s.then_some((send.n, send.end));
            }
            Some(CancelPayment) if send.succeeded() => {
                track.hang_ms = track.gave_up.and_then(|(_, then)| hang(then));
                track.cancelled_n.get_or_insert(send.n);
                if was_reserved {
                    self.swept(payment, true);
                }
            }
            _ => {}
        }
        if blocked {
            self.unblock(payment, send.n);
        }
    }

    pub(super) fn learn_poll(&mut self, send: &Attempt, context: &mut Context) {
        let Some(payment) = context.about.payment else { return };
        if context.about.pos.is_none() && !send.answer.pos_id.is_empty() {
            context.about.pos = Some(self.pos(&send.answer.pos_id));
        }
        let (tick, pos) = (self.tick, context.about.pos);
        let timed_out = self.is_time_out(send);
        let track = self.payments.at_mut(payment);
        let blocked = track.may_block();
        track.hidden |= send.answer_hidden;
        if track.reserved_n.is_none() {
            track.poll_timeouts += u32::from(timed_out);
            track.poll_500s += u32::from(send.status == Some(500));
        }
        let Some(state) = PaymentStatus::from_name(&send.answer.state) else { return };
        track.pos = track.pos.or(pos);
        if track.first_seen == 0 {
            track.first_seen = tick;
        }
        (track.state, track.state_n) = (Some(state), Some(send.n));
        track.amount = send.answer.amount.or(track.amount);
        if !send.answer.currency.is_empty() {
            track.currency.clone_from(&send.answer.currency);
        }
        let looked_for = !matches!(state, PaymentStatus::Prepared | PaymentStatus::Initiated);
        track.loyalty_lacked |=
            looked_for && send.answer.loyalty == Loyalty::Absent && track.loyalty == Loyalty::Absent;
        if send.answer.loyalty != Loyalty::Absent {
            track.loyalty = send.answer.loyalty;
        }
        if let (PaymentStatus::Initiated | PaymentStatus::IssuedToUser | PaymentStatus::Reserved, Some((n, _)), None) =
            (state, track.ready_asked, track.readied_n)
        {
            // The PaymentReady without an answer was carried out.
            track.restrict(track.ready_asked_restrictions, n);
        }
        match state {
            PaymentStatus::Paired => _ = track.paired_n.get_or_insert(send.n),
            PaymentStatus::Reserved => {
                track.reserved_n.get_or_insert(send.n);
                track.reserved_amount = track.amount;
                track.partial = send.answer.partial.or(track.partial);
            }
            PaymentStatus::Captured => track.seen_captured(send.n),
            _ => {}
        }
        if state.is_final() {
            track.final_n.get_or_insert(send.n);
        }
        if blocked {
            self.unblock(payment, send.n);
        }
    }

    /// A payment that has come to an end may free its PoS for the create that was refused because of it.
    fn unblock(&mut self, payment: usize, n: u64) {
        let track = self.payments.at(payment);
        if !(track.ended() || track.reserved()) {
            return;
        }
        // A payment of an earlier session: the one PoS that waits for a payment to end is where it can be.
        let Some(pos) = track.pos.or_else(|| self.only_blocked()) else { return };
        self.free(pos, n);
    }

    fn free(&mut self, pos: usize, n: u64) {
        let pos = self.poses.at_mut(pos);
        // What is ended after an empty list was in the way all the same.
        if pos.blocked_n.is_some() && (pos.unblocked_n.is_none() || pos.unblocked_n == pos.emptied_n) {
            pos.unblocked_n = Some(n);
        }
    }

    pub(super) fn learn_list(&mut self, send: &Attempt, context: &Context) -> Vec<DerivedEvent> {
        if !send.succeeded() {
            return Vec::new();
        }
        if send.lists_captured() {
            return send.answer.found.iter().map(|id| self.listed_captured(id, send.n)).collect();
        }
        let tick = self.tick;
        let mut listing = Listing { n: send.n, ..Listing::default() };
        for id in &send.answer.found {
            let payment = self.payment(id);
            let track = self.payments.at_mut(payment);
            if track.first_seen == 0 {
                track.first_seen = tick;
            }
            (track.listed_n, track.listed) = (Some(send.n), Some(tick));
            track.pos = track.pos.or(context.about.pos);
            listing.payments.push(payment);
        }
        // Nothing is in the way any more: what was has ended by itself.
        let in_the_way = |payment: &usize| {
            let payment = self.payments.at(*payment);
            !payment.ended() && !payment.reserved()
        };
        let of_pos = context.about.pos.filter(|_| !send.parameter("posid").is_empty());
        let whole = send.parameter("orderid").is_empty() && !listing.payments.iter().any(in_the_way);
        if let Some(pos) = of_pos.filter(|_| whole) {
            self.free(pos, send.n);
            self.poses.at_mut(pos).emptied_n = Some(send.n);
        }
        self.listing = listing;
        Vec::new()
    }

    /// A list of captured payments says of each that this is its final state.
    fn listed_captured(&mut self, id: &str, n: u64) -> DerivedEvent {
        let payment = self.payment(id);
        self.payments.at_mut(payment).seen_captured(n);
        DerivedEvent::ListedCaptured(payment)
    }

    fn swept(&mut self, payment: usize, cancelled: bool) {
        if !self.listing.payments.contains(&payment) {
            return;
        }
        let list = if cancelled { &mut self.listing.cancelled } else { &mut self.listing.captured };
        if !list.contains(&payment) {
            list.push(payment);
        }
    }
}
