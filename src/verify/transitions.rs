//! How a request, and then its answer, change what is known. What answers tell of a PoS, a payment or a refund stands in
//! the files beside this one.
//!
//! Only what reached the client counts as an answer: an exchange that was cut tells it nothing.

use super::attempt::{Attempt, RunTime};
use super::attempt_context::Context;
use super::refusals::Throttled;
use super::resources::Last;
use super::state::{DerivedEvent, ObservedState};
use crate::api::Operation;
use Operation::*;

impl ObservedState {
    /// A send's head has arrived: changes the tracks accordingly.
    pub fn sent(&mut self, send: &Attempt, context: &Context) -> Vec<DerivedEvent> {
        let mut emitted = self.resent(send, context);
        self.abandon(send, context);
        self.count_send(send, context);
        self.count_request(send, context);
        self.count_payment(send, context);
        if send.operation == Some(CreatePos) {
            for conflict in &mut self.conflicts {
                conflict.repeats += i64::from(conflict.is_of(&send.body));
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

    fn count_send(&mut self, send: &Attempt, context: &Context) {
        let creates = send.operation.is_some_and(Operation::creates);
        let first = self.calls.at(context.call).sends == 0;
        if creates && first {
            self.creates.entry(send.content).or_default().push(context.call);
        }
        let twin = context.twin_n;
        for &call in self.creates.get(&send.content).filter(|_| twin.is_some()).into_iter().flatten() {
            let other = self.calls.at_mut(call);
            other.twinned |= Some(other.last_n) == twin || other.in_flight.iter().any(|(n, _)| Some(*n) == twin);
        }
        let tick = self.tick;
        let begins = self.begins_go(self.calls.at(context.call), send.head);
        let track = self.calls.at_mut(context.call);
        if begins {
            track.go.clear();
            (track.go_timeouts, track.go_500s, track.go_others) = (0, 0, 0);
            track.go_head = Some(send.head);
            track.failed_in_go = 0;
        }
        let open = track.in_flight.last().map(|(n, _)| *n).filter(|n| *n == track.last_n);
        let shown = track.content_known && send.body.known;
        if let Some(n) = open.filter(|_| {
            (creates || send.operation == Some(CapturePayment)) && shown && track.last_content != send.content
        }) {
            track.contradicted.push((n, send.n));
        }
        track.twinned |= context.twin_n.is_some();
        track.sends += 1;
        track.touched = tick;
        track.last_content = send.content;
        track.content_known &= send.body.known;
        track.go.push(send.n);
        track.begin(send);
        // The earliest that it can have been: the gap to the next is the longest.
        track.last_head = Some(RunTime { us: send.head.us.saturating_sub(send.head_late_us), ..send.head });
        track.last_n = send.n;
        track.about = context.about;
        track.resent_at_once = context.resent_at_once();
        if !track.resent_at_once {
            track.back_off_ms = if context.last_failed { context.gap_ms } else { None };
        }
        self.count_look_up(send, context);
    }

    fn count_look_up(&mut self, send: &Attempt, context: &Context) {
        if !send.asks_by_query() {
            return;
        }
        for &other in self.asking.iter().filter(|&&other| other != context.call) {
            let track = self.calls.at_mut(other);
            if track.is_asked_again_by(send) {
                track.overtaken_at(send.head);
            }
        }
        if !self.asking.contains(&context.call) {
            self.asking.push(context.call);
        }
    }

    fn count_request(&mut self, send: &Attempt, context: &Context) {
        let concerns = concerns(send, self, context);
        let tick = self.tick;
        let track = self.requests.at_mut(context.request);
        track.concerns = concerns;
        track.touched = tick;
        if track.refused.is_some() || track.last_refused {
            track.sends_after_refusal += 1;
        }
        // The retry of a repetition that failed is not another one, nor does it wipe out those before it.
        if track.refused.is_none() || track.last_refused {
            track.repeats = context.unchanged_repeats;
        }
        track.token = send.token().map(str::to_owned);
    }

    fn count_payment(&mut self, send: &Attempt, context: &Context) {
        let Some(payment) = context.about.payment else { return };
        let track = self.payments.at_mut(payment);
        match send.operation {
            Some(QueryPayment) if track.final_n.is_some() => track.final_polls += 1,
            Some(CapturePayment) => track.capture_sends += 1,
            Some(PaymentReady) => {
                track.ready_asked = Some((send.n, send.body.amount));
                track.ready_asked_currency.clone_from(&send.body.currency);
                track.ready_asked_restrictions = send.body.restrictions();
            }
            _ => {}
        }
    }

    /// A send is over: changes the tracks accordingly. A create's resource is entered into its context.
    pub fn answered(&mut self, send: &Attempt, context: &mut Context) -> Vec<DerivedEvent> {
        self.tick += 1;
        self.end_send(send, context);
        self.end_request(send, context);
        if send.is_token {
            self.learn_token(send);
        }
        if let (Some(token), Some(401)) = (context.token, send.status) {
            self.tokens.at_mut(token).refused_n.get_or_insert(send.n);
        }
        let mut emitted = Vec::new();
        match send.operation {
            Some(CreatePos | GetPos | GetPosWithFilter | DeletePos | GetCheckIn) => self.learn_pos(send, context),
            Some(InitiatePayment | PreparePayment) => self.learn_create(send, context),
            Some(PaymentReady | CapturePayment | CancelPayment) => self.learn_act(send, context),
            Some(QueryPayment) => self.learn_poll(send, context),
            Some(QueryPaymentIds) => emitted.extend(self.learn_list(send, context)),
            Some(CreateRefund | GetRefund | CaptureRefund | CancelRefund) => self.learn_refund(send, context),
            _ => {}
        }
        self.found(send, context);
        emitted.extend(self.recover(send, context));
        emitted.extend(self.resolve_conflicts(send, context));
        emitted
    }

    fn end_send(&mut self, send: &Attempt, context: &mut Context) {
        let timed_out = self.is_time_out(send);
        let track = self.calls.at_mut(context.call);
        track.in_flight.retain(|(n, _)| *n != send.n);
        if track.in_flight.is_empty() {
            self.asking.retain(|&call| call != context.call);
        }
        context.next_head = track.overtaken.iter().find(|(n, _)| *n == send.n).map(|(_, head)| *head);
        track.overtaken.retain(|(n, _)| *n != send.n);
        context.contradicted_n = track.contradicted.iter().find(|(n, _)| *n == send.n).map(|(_, later)| *later);
        track.contradicted.retain(|(n, _)| *n != send.n);
        match send.status {
            None if timed_out => track.go_timeouts += 1,
            Some(500) => track.go_500s += 1,
            _ => track.go_others += 1,
        }
        track.succeeded |= send.succeeded();
        if send.status.is_some_and(|status| status < 500) {
            track.answered_content.get_or_insert(send.content);
        }
        if let Some(delay) = send.answer.poll_delay_ms {
            track.poll_delay_ms = Some(delay);
        }
        match send.status {
            Some(status) if status < 400 => track.failed_in_go = 0,
            // A refusal in between is no pause: the go is the same.
            Some(status) if status < 500 => {}
            _ => track.failed_in_go += 1,
        }
        // A connection that breaks long after the client went on tells it nothing: a later send said how things stand.
        if send.failed() && track.last.is_some_and(|last| last.n > send.n) {
            return;
        }
        track.failures = if send.failed() { track.failures + 1 } else { 0 };
        track.last = Some(Last {
            n: send.n,
            end: send.end,
            status: send.status,
            failed: send.failed(),
            lasted_ms: send.lasted_at_most_ms(),
            timed: send.is_timed(),
            unnamed: send.is_unnamed(),
        });
        track.looked_up &= !send.failed();
    }

    fn end_request(&mut self, send: &Attempt, context: &Context) {
        let refused = send.status.is_some_and(|status| (400..500).contains(&status) && status != 401);
        let track = self.requests.at_mut(context.request);
        track.last_refused = refused;
        track.succeeded |= send.succeeded();
        let pause_ms = context.throttle_pause_ms;
        track.throttled = (send.status == Some(429)).then_some(Throttled {
            end: send.end,
            retry_after_ms: send.retry_after_ms,
            pause_ms,
        });
        if refused && track.refused.is_none() {
            track.refused = Some(send.n);
            track.repeats = 0;
            self.refused.push(context.request);
        }
        let resolved = send.status.is_some_and(|status| status < 400);
        let asked = send.method == "GET" && send.status.is_some_and(|status| status < 500);
        let undone = send.is(&[CancelPayment, CancelRefund, DeletePos]) && resolved;
        let mut concerned = match (undone, asked) {
            (true, _) => concerns(send, self, context),
            (false, true) => asks_about(send, self, context),
            (false, false) => Vec::new(),
        };
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

    fn learn_token(&mut self, send: &Attempt) {
        let Some((token, good_for)) = &send.issued else { return };
        if let Some(last) = self.last_token.map(|last| self.tokens.at(last)) {
            let age = last.issued.and_then(|(then, ms)| Some((send.head.ms_since(then)?, ms)));
            let worn = self.limits.token_worn_percent;
            let slack = self.clock.gap_ms();
            let good =
                age.is_some_and(|(age, ms)| age.saturating_add(slack).saturating_mul(100) < ms.saturating_mul(worn));
            let good = good && last.refused_n.is_none();
            let same = last.vat == send.asked_vat;
            self.wasted_tokens =
                if good && same && last.calls <= self.limits.token_few_calls { self.wasted_tokens + 1 } else { 0 };
        }
        let place = self.tokens.place(token);
        let track = self.tokens.at_mut(place);
        track.vat.clone_from(&send.asked_vat);
        track.issued = Some((send.end, *good_for));
        self.last_token = Some(place);
    }
}

/// The ids that a query is about, for a request that was refused: a payment stands for its PoS only where it may be what
/// is in the way there, and neither a store nor a check-in tells anything of a refusal.
fn asks_about(send: &Attempt, world: &ObservedState, context: &Context) -> Vec<String> {
    let named = || send.path_id.clone().into_iter();
    match send.operation {
        Some(GetCheckIn | GetStore | GetStores | GetDetailedStores) => Vec::new(),
        Some(GetPos) => named().collect(),
        Some(QueryPayment) => {
            let in_the_way = context.about.payment.is_some_and(|payment| world.payments.at(payment).may_block());
            let pos = context.about.pos.filter(|_| in_the_way).map(|pos| world.poses.at(pos).id.clone());
            named().chain(pos).collect()
        }
        Some(GetRefund) => {
            let payment = context.about.payment.map(|payment| world.payments.at(payment).id.clone());
            named().chain(payment).collect()
        }
        _ => concerns(send, world, context),
    }
}

/// The ids that a request is about: of itself, of what it names, and of what that belongs to.
fn concerns(send: &Attempt, world: &ObservedState, context: &Context) -> Vec<String> {
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
