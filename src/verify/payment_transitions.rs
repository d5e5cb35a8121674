//! State transitions of payments: started, refused, listed, polled, ended.

use super::attempt::Attempt;
use super::attempt_context::Context;
use super::bodies::Loyalty;
use super::refusals::CreateFailed;
use super::resources::Listing;
use super::state::{DerivedEvent, ObservedState};
use crate::api::PaymentStatus;
use crate::api::operation::names::{CANCEL_PAYMENT, CAPTURE_PAYMENT, INITIATE_PAYMENT, PAYMENT_READY};
use crate::api::resource::{PAYMENT, POS};

impl ObservedState {
    pub(super) fn learn_create(&mut self, attempt: &Attempt, context: &mut Context) {
        if attempt.succeeded() {
            let pos = context.about[POS];
            if let Some(id) = attempt.answer.created.clone() {
                let payment = self.payment(&id);
                context.about[PAYMENT] = Some(payment);
                self.calls.at_mut(context.call).about = context.about;
                self.learn_new_payment(attempt, payment, pos);
            }
            if let Some(pos) = pos {
                let named = attempt.answer.created.is_some();
                let entry = self.poses.at_mut(pos);
                // Without an id the payment may have to be started once more: the block is still what it was.
                context.block_cleared = if named { entry.has_started() } else { entry.is_cleared() };
            }
        } else {
            self.create_failed(attempt, context);
        }
    }

    /// Processes a refused or failed create on a PoS: of a payment, or of a refund of a payment on it.
    pub(super) fn create_failed(&mut self, attempt: &Attempt, context: &Context) {
        let Some(pos) = context.about[POS] else { return };
        let tick = self.tick;
        let entry = self.poses.at_mut(pos);
        if attempt.status == Some(409) && attempt.answer.code == "1301" {
            entry.creates_failed.clear();
            if entry.blocked_n.is_none() {
                (entry.blocked_n, entry.blocked) = (Some(attempt.n), tick);
            }
            // A payment that ended before this refusal was not the one that blocks the PoS now.
            entry.unblocked_n = None;
        } else if !(attempt.answer_hidden && attempt.status == Some(409))
            && entry.creates_failed.last().is_none_or(|c| c.call != context.call)
        {
            let (call, sent) = (context.call, context.tick);
            entry.creates_failed.push(CreateFailed { call, n: attempt.n, sent, failed: tick });
        }
    }

    fn learn_new_payment(&mut self, attempt: &Attempt, payment: usize, pos: Option<usize>) {
        let tick = self.tick;
        // An absent or hidden order equals no other order.
        let named = Some(&attempt.body.order_id).filter(|order| attempt.body.known && !order.is_empty());
        let first_use = named.map(|order| *self.orders.entry(order.clone()).or_insert(payment));
        let reused = first_use.filter(|first| *first != payment).and_then(|first| self.payments.at(first).created_n);
        if self.payments.at(payment).created_n.is_some() {
            return;
        }
        // Loyalty from a check-in applies only to the payment that follows it. A prepared payment shows its customer in
        // its own polls.
        let loyalty = pos.map(|pos| self.poses.at_mut(pos)).and_then(|pos| {
            let lacked = std::mem::take(&mut pos.loyalty_lacked);
            Some((pos.loyalty.take()?, lacked))
        });
        let loyalty = loyalty.filter(|_| attempt.operation == Some(INITIATE_PAYMENT));
        let entry = self.payments.at_mut(payment);
        if entry.first_seen == 0 {
            entry.first_seen = tick;
        }
        entry.created_n = Some(attempt.n);
        entry.created_by = attempt.operation;
        entry.pos = pos;
        entry.order_id.clone_from(&attempt.body.order_id);
        entry.order_reused_n = reused;
        entry.amount = attempt.body.amount;
        entry.currency.clone_from(&attempt.body.currency);
        entry.restrict(attempt.body.restrictions(), attempt.n);
        if let Some((loyalty, lacked)) = loyalty {
            (entry.loyalty, entry.loyalty_lacked) = (loyalty, lacked);
        }
        if let Some(pos) = pos {
            let payments = &self.payments;
            let pos = self.poses.at_mut(pos);
            // The check-in was that of this payment's customer, not of the next one's.
            (pos.loyalty, pos.loyalty_lacked) = (None, false);
            let list = &mut pos.payments;
            list.retain(|&other| !payments.at(other).ended());
            list.push(payment);
        }
    }

    pub(super) fn learn_act(&mut self, attempt: &Attempt, context: &Context) {
        let Some(payment) = context.about[PAYMENT] else { return };
        let burst = self.calls.at(context.call).clone();
        let hang = |then| burst.burst_head.and_then(|head: super::attempt::RunTime| head.ms_since(then));
        let entry = self.payments.at_mut(payment);
        let was_reserved = entry.reserved();
        // A payment that can be captured did not block the PoS, unless a response had shown it as active.
        let blocked = entry.may_block() && (attempt.operation != Some(CAPTURE_PAYMENT) || entry.first_seen > 0);
        match attempt.operation {
            Some(PAYMENT_READY) if attempt.status.is_some_and(|status| (400..500).contains(&status)) => {
                // A refused PaymentReady sets no amount.
                entry.ready_asked = entry.ready_asked.filter(|(n, _)| *n != attempt.n);
            }
            Some(PAYMENT_READY) if attempt.succeeded() => {
                entry.readied_n.get_or_insert(attempt.n);
                entry.amount = attempt.body.amount;
                entry.currency.clone_from(&attempt.body.currency);
                entry.restrict(attempt.body.restrictions(), attempt.n);
            }
            Some(CAPTURE_PAYMENT) if attempt.succeeded() => {
                // If the burst that succeeded had failures too, the pause is the one after the burst before it.
                let paused = [entry.abandoned_capture.map(|(_, then)| then), entry.abandoned_capture_before]
                    .into_iter()
                    .flatten();
                entry.pause_after_abandon_ms = paused.filter_map(hang).max();
                if entry.captured_n.is_none() {
                    entry.captured_amount = attempt.body.amount;
                }
                entry.captured_n.get_or_insert(attempt.n);
                (entry.capture_failed_n, entry.capture_failed_amount, entry.abandoned_capture) = (None, None, None);
                entry.abandoned_capture_before = None;
                self.swept(payment, false);
            }
            // A refused attempt: not every attempt of the burst got 500. Its amount was refused too, so the next
            // capture need not repeat it.
            Some(CAPTURE_PAYMENT) if !attempt.failed() => {
                entry.capture_failed_amount = None;
                if burst.burst_500s > 0 {
                    entry.abandoned_capture = None;
                }
            }
            Some(CAPTURE_PAYMENT) if attempt.failed() => {
                entry.capture_failed_n = Some(attempt.n);
                entry.capture_failed_amount = entry.capture_failed_amount.or(attempt.body.amount);
                let hanging = entry.captured_n.is_none();
                let only_500s = hanging && burst.burst_500s > 0 && burst.burst_timeouts == 0 && burst.burst_others == 0;
                let earlier =
                    entry.abandoned_capture.map(|(_, then)| then).filter(|then| hang(*then).is_some_and(|ms| ms >= 0));
                entry.abandoned_capture_before = earlier.or(entry.abandoned_capture_before);
                entry.abandoned_capture = only_500s.then_some((attempt.n, attempt.end));
            }
            Some(CANCEL_PAYMENT) if attempt.succeeded() => {
                entry.pause_after_abandon_ms = entry.abandoned_capture.and_then(|(_, then)| hang(then));
                entry.cancelled_n.get_or_insert(attempt.n);
                if was_reserved {
                    self.swept(payment, true);
                }
            }
            _ => {}
        }
        if blocked {
            self.unblock(payment, attempt.n);
        }
    }

    pub(super) fn learn_poll(&mut self, attempt: &Attempt, context: &mut Context) {
        let Some(payment) = context.about[PAYMENT] else { return };
        if context.about[POS].is_none() && !attempt.answer.pos_id.is_empty() {
            context.about[POS] = Some(self.pos(&attempt.answer.pos_id));
        }
        let (tick, pos) = (self.tick, context.about[POS]);
        let timed_out = self.is_time_out(attempt);
        let entry = self.payments.at_mut(payment);
        let blocked = entry.may_block();
        entry.hidden |= attempt.answer_hidden;
        if entry.reserved_n.is_none() {
            entry.poll_timeouts += u32::from(timed_out);
            entry.poll_500s += u32::from(attempt.status == Some(500));
        }
        let Some(state) = PaymentStatus::from_name(&attempt.answer.state) else { return };
        entry.shows_restrictions |= attempt.answer.restrictions.is_some_and(|(debit, credit)| debit || credit);
        entry.pos = entry.pos.or(pos);
        if entry.first_seen == 0 {
            entry.first_seen = tick;
        }
        (entry.state, entry.state_n) = (Some(state), Some(attempt.n));
        entry.amount = attempt.answer.amount.or(entry.amount);
        if !attempt.answer.currency.is_empty() {
            entry.currency.clone_from(&attempt.answer.currency);
        }
        let looked_for = !matches!(state, PaymentStatus::Prepared | PaymentStatus::Initiated);
        entry.loyalty_lacked |=
            looked_for && attempt.answer.loyalty == Loyalty::Absent && entry.loyalty == Loyalty::Absent;
        if attempt.answer.loyalty != Loyalty::Absent {
            entry.loyalty = attempt.answer.loyalty;
        }
        if let (PaymentStatus::Initiated | PaymentStatus::IssuedToUser | PaymentStatus::Reserved, Some((n, _)), None) =
            (state, entry.ready_asked, entry.readied_n)
        {
            // The PaymentReady without a response was executed.
            entry.restrict(entry.ready_asked_restrictions, n);
        }
        match state {
            PaymentStatus::Paired => _ = entry.paired_n.get_or_insert(attempt.n),
            PaymentStatus::Reserved => {
                entry.reserved_n.get_or_insert(attempt.n);
                entry.reserved_amount = entry.amount;
                entry.partial = attempt.answer.partial.or(entry.partial);
            }
            PaymentStatus::Captured => entry.seen_captured(attempt.n),
            _ => {}
        }
        if state.is_final() {
            entry.final_n.get_or_insert(attempt.n);
        }
        if blocked {
            self.unblock(payment, attempt.n);
        }
    }

    /// Frees the PoS of a payment that has ended, for the create that was refused because of it.
    fn unblock(&mut self, payment: usize, n: u64) {
        let entry = self.payments.at(payment);
        if !(entry.ended() || entry.reserved()) {
            return;
        }
        // A payment of an earlier session can only be on the one PoS that is blocked.
        let Some(pos) = entry.pos.or_else(|| self.only_blocked()) else { return };
        self.free(pos, n);
    }

    fn free(&mut self, pos: usize, n: u64) {
        let pos = self.poses.at_mut(pos);
        // A payment that ends after an empty list did block the PoS.
        if pos.blocked_n.is_some() && (pos.unblocked_n.is_none() || pos.unblocked_n == pos.emptied_n) {
            pos.unblocked_n = Some(n);
        }
    }

    pub(super) fn learn_list(&mut self, attempt: &Attempt, context: &Context) -> Vec<DerivedEvent> {
        if !attempt.succeeded() {
            return Vec::new();
        }
        if attempt.lists_captured() {
            return attempt.answer.found.iter().map(|id| self.listed_captured(id, attempt.n)).collect();
        }
        let tick = self.tick;
        let mut listing = Listing::default();
        for id in &attempt.answer.found {
            let payment = self.payment(id);
            let entry = self.payments.at_mut(payment);
            if entry.first_seen == 0 {
                entry.first_seen = tick;
            }
            (entry.listed_n, entry.listed) = (Some(attempt.n), Some(tick));
            entry.pos = entry.pos.or(context.about[POS]);
            listing.payments.push(payment);
        }
        // No listed payment blocks the PoS any more: the one that did has ended on its own.
        let in_the_way = |payment: &usize| {
            let payment = self.payments.at(*payment);
            !payment.ended() && !payment.reserved()
        };
        let of_pos = context.about[POS].filter(|_| !attempt.parameter("posid").is_empty());
        let whole = attempt.is_answered_by_list()
            && attempt.parameter("orderid").is_empty()
            && !listing.payments.iter().any(in_the_way);
        if let Some(pos) = of_pos.filter(|_| whole) {
            self.free(pos, attempt.n);
            self.poses.at_mut(pos).emptied_n = Some(attempt.n);
        }
        self.listing = listing;
        Vec::new()
    }

    /// Processes a payment in a list of captured payments: Captured is its final state.
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
