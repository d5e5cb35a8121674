//! How a request, and then its answer, change what is known.
//!
//! Only what reached the client counts as an answer: an exchange that was cut tells it nothing.

use super::content::Loyalty;
use super::send::Send;
use super::tracks::{Conflict, Last, Listing};
use super::world::{Context, Emitted, World};
use crate::api::{Operation, PaymentState, RefundState};
use Operation::*;

impl World {
    /// A send's head has arrived: changes the tracks accordingly.
    pub fn sent(&mut self, send: &Send, context: &Context) -> Vec<Emitted> {
        let mut emitted = self.resent(send, context);
        self.abandon(send, context);
        self.count_send(send, context);
        self.count_request(send, context);
        self.count_payment(send, context);
        if send.operation == Some(CreatePos) {
            for conflict in &mut self.conflicts {
                conflict.repeats += i64::from(conflict.merchant_pos_id == send.body.merchant_pos_id);
            }
        }
        if let Some(pos) = context.name_taken {
            self.poses.at_mut(pos).created_again_n.get_or_insert(send.n);
        }
        if let Some(token) = context.token {
            self.tokens.at_mut(token).calls += 1;
        }
        emitted.extend(self.used(send));
        emitted
    }

    fn count_send(&mut self, send: &Send, context: &Context) {
        let creates = send.operation.is_some_and(Operation::creates);
        let first = self.calls.at(context.call).sends == 0;
        if creates && first {
            self.creates.entry(send.content).or_default().push(context.call);
        }
        let begins = self.begins_go(self.calls.at(context.call), send.head);
        let track = self.calls.at_mut(context.call);
        if begins {
            track.go.clear();
            (track.go_timeouts, track.go_500s, track.go_others) = (0, 0, 0);
            track.go_head = Some(send.head);
        }
        track.sends += 1;
        track.go.push(send.n);
        track.in_flight.push((send.n, send.head));
        track.last_head = Some(send.head);
        track.last_n = send.n;
        track.about = context.about;
        track.back_off_ms = if context.last_failed { context.gap_ms } else { None };
    }

    fn count_request(&mut self, send: &Send, context: &Context) {
        let concerns = concerns(send, self, context);
        let track = self.requests.at_mut(context.request);
        track.concerns = concerns;
        if track.refused.is_some() || track.last_refused {
            track.sends_after_refusal += 1;
        }
        track.repeats = context.unchanged_repeats;
        track.token.clone_from(&send.bearer);
    }

    fn count_payment(&mut self, send: &Send, context: &Context) {
        let Some(payment) = context.about.payment else { return };
        let track = self.payments.at_mut(payment);
        match send.operation {
            Some(QueryPayment) if track.final_n.is_some() => track.final_polls += 1,
            Some(CapturePayment) => track.capture_sends += 1,
            Some(PaymentReady) => track.ready_asked = Some((send.n, send.body.amount)),
            _ => {}
        }
    }

    /// A send is over: changes the tracks accordingly. A create's resource is entered into its context.
    pub fn answered(&mut self, send: &Send, context: &mut Context) -> Vec<Emitted> {
        self.tick += 1;
        self.end_send(send, context);
        self.end_request(send, context);
        if send.is_token {
            self.learn_token(send);
        }
        if let (Some(token), Some(401)) = (context.token, send.status) {
            self.tokens.at_mut(token).refused_n.get_or_insert(send.n);
        }
        match send.operation {
            Some(CreatePos | GetPos | GetPosWithFilter | DeletePos | GetCheckIn) => self.learn_pos(send, context),
            Some(InitiatePayment | PreparePayment) => self.learn_create(send, context),
            Some(PaymentReady | CapturePayment | CancelPayment) => self.learn_act(send, context),
            Some(QueryPayment) => self.learn_poll(send, context),
            Some(QueryPaymentIds) => self.learn_list(send, context),
            Some(CreateRefund | GetRefund | CaptureRefund | CancelRefund) => self.learn_refund(send, context),
            _ => {}
        }
        let mut emitted = self.recover(send, context);
        emitted.extend(self.resolve_conflicts(send, context));
        emitted
    }

    fn end_send(&mut self, send: &Send, context: &Context) {
        let limit = self.limits.timeout_ms;
        let track = self.calls.at_mut(context.call);
        track.in_flight.retain(|(n, _)| *n != send.n);
        match send.status {
            None if send.lasted_ms() >= limit => track.go_timeouts += 1,
            Some(500) => track.go_500s += 1,
            _ => track.go_others += 1,
        }
        track.succeeded |= send.succeeded();
        track.answered |= send.status.is_some_and(|status| status < 500);
        track.failures = if send.failed() { track.failures + 1 } else { 0 };
        if let Some(delay) = send.answer.poll_delay_ms {
            track.poll_delay_ms = Some(delay);
        }
        track.last = Some(Last {
            n: send.n,
            end: send.end,
            status: send.status,
            failed: send.failed(),
            lasted_ms: send.lasted_ms(),
        });
        track.looked_up &= !send.failed();
    }

    fn end_request(&mut self, send: &Send, context: &Context) {
        let refused = send.status.is_some_and(|status| (400..500).contains(&status) && status != 401);
        let track = self.requests.at_mut(context.request);
        track.last_refused = refused;
        if refused && track.refused.is_none() {
            track.refused = Some(send.n);
            track.repeats = 0;
            self.refused.push(context.request);
        }
        let resolved = send.status.is_some_and(|status| status < 400);
        let asked = send.method == "GET" && send.status.is_some_and(|status| status < 500);
        let undone = send.is(&[CancelPayment, CancelRefund, DeletePos]) && resolved;
        let mut concerned = if asked || undone { concerns(send, self, context) } else { Vec::new() };
        concerned.extend(send.answer.found.iter().cloned());
        let requests = &mut self.requests;
        self.refused.retain(|&request| {
            let track = requests.at_mut(request);
            let itself = request == context.request;
            let done = if itself { resolved } else { track.concerns.iter().any(|id| concerned.contains(id)) };
            if done {
                (track.refused, track.repeats) = (None, 0);
            }
            !done
        });
    }

    fn learn_token(&mut self, send: &Send) {
        let Some((token, good_for)) = &send.issued else { return };
        if let Some(last) = self.last_token.map(|last| self.tokens.at(last)) {
            let age = last.issued.and_then(|(then, ms)| Some((send.head.ms_since(then)?, ms)));
            let good = age.is_some_and(|(age, ms)| age * 2 < ms) && last.refused_n.is_none();
            let same = last.vat == send.asked_vat;
            self.wasted_tokens = if good && same && last.calls <= 1 { self.wasted_tokens + 1 } else { 0 };
        }
        let place = self.tokens.place(token);
        let track = self.tokens.at_mut(place);
        track.vat.clone_from(&send.asked_vat);
        track.issued = Some((send.end, *good_for));
        self.last_token = Some(place);
    }

    fn learn_pos(&mut self, send: &Send, context: &mut Context) {
        let filter = |name: &str| send.parameter(name).to_owned();
        match send.operation {
            Some(CreatePos) if send.succeeded() => {
                let Some(id) = &send.answer.created else { return };
                let pos = self.pos(id);
                context.about.pos = Some(pos);
                let call = self.calls.at(context.call);
                let through_faults = call.go_timeouts > 0 && call.go_500s > 0;
                self.created_through_faults |= through_faults;
                let track = self.poses.at_mut(pos);
                track.created_through_faults |= through_faults;
                if track.created_n.is_none() {
                    track.store_id.clone_from(&send.body.store_id);
                    track.created_n = Some(send.n);
                    track.merchant_pos_id.clone_from(&send.body.merchant_pos_id);
                    track.beacon_id.clone_from(&send.body.beacon_id);
                    track.beacon_generated = send.body.known && send.body.beacon_id.is_empty();
                    self.names.entry(send.body.merchant_pos_id.clone()).or_default().push(pos);
                }
            }
            Some(CreatePos)
                if send.status == Some(409)
                    && matches!(send.answer.code.as_str(), "1200" | "1202")
                    && !self.conflicts.iter().any(|conflict| conflict.call == context.call) =>
            {
                self.conflicts.push(Conflict {
                    call: context.call,
                    merchant_pos_id: send.body.merchant_pos_id.clone(),
                    beacon_id: send.body.beacon_id.clone(),
                    store_id: send.body.store_id.clone(),
                    repeats: 0,
                });
            }
            Some(GetPos) if send.succeeded() => {
                let Some(pos) = context.about.pos else { return };
                let track = self.poses.at_mut(pos);
                track.read_n.get_or_insert(send.n);
                track.beacon_id.clone_from(&send.answer.beacon_id);
                track.merchant_pos_id.clone_from(&send.answer.merchant_pos_id);
            }
            Some(GetPosWithFilter) if send.succeeded() => {
                let (name, beacon) = (filter("merchantposid"), filter("beaconid"));
                let by_store = name.is_empty() && beacon.is_empty();
                let found = &send.answer.found;
                for pos in self.poses_matching(|pos| {
                    by_store || pos.merchant_pos_id == name || (!beacon.is_empty() && pos.beacon_id == beacon)
                }) {
                    self.poses.at_mut(pos).looked_up_n = Some(send.n);
                }
                if let [only] = &found[..] {
                    let pos = self.pos(only);
                    context.about.pos = Some(pos);
                    let known = self.names.entry(name.clone()).or_default();
                    if !name.is_empty() && !known.contains(&pos) {
                        known.push(pos);
                        self.poses.at_mut(pos).merchant_pos_id = name;
                    }
                }
            }
            Some(DeletePos) if send.succeeded() => {
                let Some(pos) = context.about.pos else { return };
                self.poses.at_mut(pos).deleted_n.get_or_insert(send.n);
            }
            Some(GetCheckIn) if send.succeeded() => {
                let Some(pos) = context.about.pos else { return };
                let track = self.poses.at_mut(pos);
                if send.answer.checked_in == Some(true) {
                    track.loyalty_lacked |= send.answer.loyalty == Loyalty::Absent;
                    track.loyalty = Some(send.answer.loyalty);
                } else {
                    (track.loyalty, track.loyalty_lacked) = (None, false);
                }
            }
            _ => {}
        }
    }

    fn poses_matching(&self, matches: impl Fn(&super::tracks::PosTrack) -> bool) -> Vec<usize> {
        self.poses.iter().filter(|(_, pos)| matches(pos)).map(|(place, _)| place).collect()
    }

    fn learn_create(&mut self, send: &Send, context: &mut Context) {
        if send.succeeded() {
            let Some(id) = send.answer.created.clone() else { return };
            let payment = self.payment(&id);
            let pos = context.about.pos;
            context.about.payment = Some(payment);
            self.calls.at_mut(context.call).about = context.about;
            self.learn_new_payment(send, payment, pos);
            if let Some(pos) = pos {
                let track = self.poses.at_mut(pos);
                context.block_cleared = track.blocked_n.is_some() && track.unblocked_n.is_some();
                (track.create_failed, track.blocked_n, track.unblocked_n) = (None, None, None);
            }
        } else if let Some(pos) = context.about.pos {
            let tick = self.tick;
            let track = self.poses.at_mut(pos);
            if send.status == Some(409) && send.answer.code == "1301" {
                track.create_failed = None;
                track.blocked_n.get_or_insert(send.n);
            } else if send.status != Some(401) {
                track.create_failed.get_or_insert((send.n, tick));
            }
        }
    }

    fn learn_new_payment(&mut self, send: &Send, payment: usize, pos: Option<usize>) {
        let tick = self.tick;
        let first_use = *self.orders.entry(send.body.order_id.clone()).or_insert(payment);
        let reused = (first_use != payment).then(|| self.payments.at(first_use).created_n).flatten();
        let loyalty = pos.map(|pos| self.poses.at(pos)).and_then(|pos| Some((pos.loyalty?, pos.loyalty_lacked)));
        let track = self.payments.at_mut(payment);
        if track.created_n.is_some() {
            return;
        }
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
        if send.body.debit_disallowed || send.body.credit_disallowed {
            track.restrictions = Some((send.body.debit_disallowed, send.body.credit_disallowed));
            track.restrictions_n = Some(send.n);
        }
        if let Some((loyalty, lacked)) = loyalty {
            (track.loyalty, track.loyalty_lacked) = (loyalty, lacked);
        }
        if let Some(pos) = pos {
            let payments = &self.payments;
            let list = &mut self.poses.at_mut(pos).payments;
            list.retain(|&other| !payments.at(other).ended());
            list.push(payment);
        }
    }

    fn learn_act(&mut self, send: &Send, context: &Context) {
        let Some(payment) = context.about.payment else { return };
        let go = self.calls.at(context.call).clone();
        let hang = |then| go.go_head.and_then(|head: super::send::Instant| head.ms_since(then));
        let track = self.payments.at_mut(payment);
        let was_reserved = track.reserved();
        match send.operation {
            Some(PaymentReady) if send.succeeded() => {
                track.readied_n.get_or_insert(send.n);
                track.amount = send.body.amount;
                track.currency.clone_from(&send.body.currency);
                if send.body.debit_disallowed || send.body.credit_disallowed {
                    track.restrictions = Some((send.body.debit_disallowed, send.body.credit_disallowed));
                    track.restrictions_n = Some(send.n);
                }
            }
            Some(CapturePayment) if send.succeeded() => {
                track.hang_ms = track.gave_up.and_then(|(_, then)| hang(then));
                track.captured_n.get_or_insert(send.n);
                track.captured_amount = track.captured_amount.or(send.body.amount);
                (track.capture_failed_n, track.capture_failed_amount) = (None, None);
                self.swept(payment, false);
            }
            Some(CapturePayment) if send.failed() => {
                track.capture_failed_n = Some(send.n);
                track.capture_failed_amount = track.capture_failed_amount.or(send.body.amount);
                let only_500s = go.go_500s > 0 && go.go_timeouts == 0 && go.go_others == 0;
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
        self.unblock(payment, send.n);
    }

    fn learn_poll(&mut self, send: &Send, context: &mut Context) {
        let Some(payment) = context.about.payment else { return };
        if context.about.pos.is_none() && !send.answer.pos_id.is_empty() {
            context.about.pos = Some(self.pos(&send.answer.pos_id));
        }
        let (tick, pos) = (self.tick, context.about.pos);
        let timed_out = send.no_answer() && send.lasted_ms() >= self.limits.timeout_ms;
        let track = self.payments.at_mut(payment);
        if track.reserved_n.is_none() {
            track.poll_timeouts += u32::from(timed_out);
            track.poll_500s += u32::from(send.status == Some(500));
        }
        let Some(state) = PaymentState::from_name(&send.answer.state) else { return };
        track.pos = track.pos.or(pos);
        if track.first_seen == 0 {
            track.first_seen = tick;
        }
        (track.state, track.state_n) = (Some(state), Some(send.n));
        track.amount = send.answer.amount.or(track.amount);
        if !send.answer.currency.is_empty() {
            track.currency.clone_from(&send.answer.currency);
        }
        let looked_for = !matches!(state, PaymentState::Prepared | PaymentState::Initiated);
        track.loyalty_lacked |=
            looked_for && send.answer.loyalty == Loyalty::Absent && track.loyalty == Loyalty::Absent;
        if send.answer.loyalty != Loyalty::Absent {
            track.loyalty = send.answer.loyalty;
        }
        match state {
            PaymentState::Paired => _ = track.paired_n.get_or_insert(send.n),
            PaymentState::Reserved => {
                track.reserved_n.get_or_insert(send.n);
                track.reserved_amount = track.amount;
                track.partial = send.answer.partial.or(track.partial);
            }
            PaymentState::Captured => {
                track.captured_n.get_or_insert(send.n);
                (track.capture_failed_n, track.capture_failed_amount) = (None, None);
            }
            _ => {}
        }
        if state.is_final() {
            track.final_n.get_or_insert(send.n);
        }
        self.unblock(payment, send.n);
    }

    /// A payment that has come to an end may free its PoS for the create that was refused because of it.
    fn unblock(&mut self, payment: usize, n: u64) {
        let track = self.payments.at(payment);
        if !(track.ended() || track.reserved()) {
            return;
        }
        let Some(pos) = track.pos.map(|pos| self.poses.at_mut(pos)) else { return };
        if pos.blocked_n.is_some() {
            pos.unblocked_n.get_or_insert(n);
        }
    }

    fn learn_list(&mut self, send: &Send, context: &Context) {
        if !send.succeeded() || send.parameter("state").eq_ignore_ascii_case("captured") {
            return;
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
        self.listing = listing;
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

    fn learn_refund(&mut self, send: &Send, context: &mut Context) {
        if let (Some(CreateRefund), true, Some(id)) = (send.operation, send.succeeded(), &send.answer.created) {
            let refund = self.refund(id);
            context.about.refund = Some(refund);
            let track = self.refunds.at_mut(refund);
            if track.created_n.is_none() {
                track.created_n = Some(send.n);
                track.payment = context.about.payment;
                track.amount = send.body.amount;
                let amount = track.amount.unwrap_or(0);
                if let Some(payment) = context.about.payment {
                    let payment = self.payments.at_mut(payment);
                    payment.refunded = payment.refunded.saturating_add(amount);
                }
            }
            return;
        }
        let Some(refund) = context.about.refund else { return };
        let track = self.refunds.at_mut(refund);
        let given_back = |track: &super::tracks::RefundTrack| {
            track.cancelled_n.is_some() || track.state == Some(RefundState::CancelledByMobilePay)
        };
        let before = given_back(track);
        match send.operation {
            Some(GetRefund) => {
                let Some(state) = RefundState::from_name(&send.answer.state) else { return };
                track.state = Some(state);
                match state {
                    RefundState::Reserved => _ = track.reserved_n.get_or_insert(send.n),
                    RefundState::Captured => _ = track.captured_n.get_or_insert(send.n),
                    _ => {}
                }
                if state.is_final() {
                    track.final_n.get_or_insert(send.n);
                }
            }
            Some(CaptureRefund) if send.succeeded() => _ = track.captured_n.get_or_insert(send.n),
            Some(CancelRefund) if send.succeeded() => _ = track.cancelled_n.get_or_insert(send.n),
            _ => {}
        }
        if !before && given_back(track) && track.created_n.is_some() {
            let amount = track.amount.unwrap_or(0);
            if let Some(payment) = track.payment {
                self.payments.at_mut(payment).refunded -= amount;
            }
        }
    }
}

/// The ids that a request is about: of itself, of what it names, and of what that belongs to.
fn concerns(send: &Send, world: &World, context: &Context) -> Vec<String> {
    let body = &send.body;
    let mut ids: Vec<String> =
        [&body.pos_id, &body.payment_id, &body.order_id, &body.merchant_pos_id, &body.beacon_id, &body.store_id]
            .into_iter()
            .cloned()
            .chain(send.path_id.clone())
            .chain(send.query.iter().map(|(_, value)| value.clone()))
            .collect();
    ids.extend(context.about.pos.map(|pos| world.poses.at(pos).id.clone()));
    ids.extend(context.about.payment.map(|payment| world.payments.at(payment).id.clone()));
    ids.extend(context.about.refund.map(|refund| world.refunds.at(refund).id.clone()));
    ids.retain(|id| !id.is_empty());
    ids
}
