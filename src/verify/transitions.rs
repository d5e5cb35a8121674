//! State transitions by requests and responses. Those of points of sale, payments and refunds are in their own modules.
//!
//! Only a response that the client received completely changes the state.

use super::attempt::{Attempt, RunTime};
use super::attempt_context::Context;
use super::call_state::LastAttempt;
use super::refusals::Throttled;
use super::state::{DerivedEvent, ObservedState};
use crate::api::Operation;
use crate::api::operation::names::{
    CANCEL_PAYMENT, CANCEL_REFUND, CAPTURE_PAYMENT, CAPTURE_REFUND, CREATE_POS, CREATE_REFUND, DELETE_POS,
    GET_CHECK_IN, GET_DETAILED_STORES, GET_POS, GET_POS_WITH_FILTER, GET_REFUND, GET_STORE, GET_STORES,
    INITIATE_PAYMENT, PAYMENT_READY, PREPARE_PAYMENT, QUERY_PAYMENT, QUERY_PAYMENT_IDS,
};
use crate::api::resource::{PAYMENT, POS, REFUND};

impl ObservedState {
    /// Updates the state when an attempt's head has arrived.
    pub(crate) fn sent(&mut self, attempt: &Attempt, context: &Context) -> Vec<DerivedEvent> {
        let mut derived = self.retried(attempt, context);
        self.abandon(attempt, context);
        self.count_send(attempt, context);
        self.count_request(attempt, context);
        self.count_payment(attempt, context);
        if attempt.operation == Some(CREATE_POS) {
            for conflict in &mut self.conflicts {
                conflict.repeats += i64::from(conflict.is_of(&attempt.body));
            }
        }
        if let Some(pos) = context.name_taken {
            self.poses.at_mut(pos).created_again_n.get_or_insert(attempt.n);
        }
        if let Some(token) = context.token {
            self.tokens.at_mut(token).calls += 1;
        }
        derived.extend(self.used(attempt));
        derived
    }

    fn count_send(&mut self, attempt: &Attempt, context: &Context) {
        let creates = attempt.operation.is_some_and(Operation::creates);
        let first = self.calls.at(context.call).attempts == 0;
        if creates && first {
            self.creates.entry(attempt.content).or_default().push(context.call);
        }
        let twin = context.duplicate_n;
        for &call in self.creates.get(&attempt.content).filter(|_| twin.is_some()).into_iter().flatten() {
            let other = self.calls.at_mut(call);
            other.duplicated |= Some(other.last_n) == twin || other.in_flight.iter().any(|(n, _)| Some(*n) == twin);
        }
        let tick = self.tick;
        let begins = self.begins_burst(self.calls.at(context.call), attempt.head);
        let entry = self.calls.at_mut(context.call);
        if begins {
            entry.burst.clear();
            (entry.burst_timeouts, entry.burst_500s, entry.burst_others) = (0, 0, 0);
            entry.burst_head = Some(attempt.head);
            entry.failed_in_burst = 0;
        }
        let open = entry.in_flight.last().map(|(n, _)| *n).filter(|n| *n == entry.last_n);
        let shown = entry.content_known && attempt.body.known;
        if let Some(n) = open.filter(|_| {
            (creates || attempt.operation == Some(CAPTURE_PAYMENT)) && shown && entry.last_content != attempt.content
        }) {
            entry.contradicted.push((n, attempt.n));
        }
        entry.duplicated |= context.duplicate_n.is_some();
        entry.attempts += 1;
        entry.touched = tick;
        entry.last_content = attempt.content;
        entry.content_known &= attempt.body.known;
        entry.burst.push(attempt.n);
        entry.begin(attempt);
        // The earliest possible time, so that the gap to the next attempt is the maximum.
        entry.last_head = Some(RunTime { us: attempt.head.us.saturating_sub(attempt.head_late_us), ..attempt.head });
        entry.last_n = attempt.n;
        entry.about = context.about;
        entry.resent_at_once = context.resent_at_once();
        if !entry.resent_at_once {
            entry.back_off_ms = if context.last_failed { context.gap_ms } else { None };
        }
        self.count_look_up(attempt, context);
    }

    fn count_look_up(&mut self, attempt: &Attempt, context: &Context) {
        if !attempt.asks_by_query() {
            return;
        }
        for &other in self.asking.iter().filter(|&&other| other != context.call) {
            let entry = self.calls.at_mut(other);
            if entry.is_asked_again_by(attempt) {
                entry.overtaken_at(attempt.head);
            }
        }
        if !self.asking.contains(&context.call) {
            self.asking.push(context.call);
        }
    }

    fn count_request(&mut self, attempt: &Attempt, context: &Context) {
        let concerns = concerns(attempt, self, context);
        let tick = self.tick;
        let entry = self.requests.at_mut(context.request);
        entry.concerns = concerns;
        entry.touched = tick;
        if entry.refused.is_some() || entry.last_refused {
            entry.sends_after_refusal += 1;
        }
        // The retry of a failed repetition is not another repetition, and does not reset their count.
        if entry.refused.is_none() || entry.last_refused {
            entry.repeats = context.unchanged_repeats;
        }
        entry.token = attempt.token().map(str::to_owned);
    }

    fn count_payment(&mut self, attempt: &Attempt, context: &Context) {
        let Some(payment) = context.about[PAYMENT] else { return };
        let entry = self.payments.at_mut(payment);
        match attempt.operation {
            Some(QUERY_PAYMENT) if entry.final_n.is_some() => entry.final_polls += 1,
            Some(CAPTURE_PAYMENT) => entry.capture_sends += 1,
            Some(PAYMENT_READY) => {
                entry.ready_asked = Some((attempt.n, attempt.body.amount));
                entry.ready_asked_currency.clone_from(&attempt.body.currency);
                entry.ready_asked_restrictions = attempt.body.restrictions();
            }
            _ => {}
        }
    }

    /// Updates the state when an attempt has ended. The resource of a create is added to its context.
    pub(crate) fn answered(&mut self, attempt: &Attempt, context: &mut Context) -> Vec<DerivedEvent> {
        self.tick += 1;
        self.end_send(attempt, context);
        self.end_request(attempt, context);
        if attempt.is_token {
            self.learn_token(attempt);
        }
        if let (Some(token), Some(401)) = (context.token, attempt.status) {
            self.tokens.at_mut(token).refused_n.get_or_insert(attempt.n);
        }
        let mut derived = Vec::new();
        match attempt.operation {
            Some(CREATE_POS | GET_POS | GET_POS_WITH_FILTER | DELETE_POS | GET_CHECK_IN) => {
                self.learn_pos(attempt, context);
            }
            Some(INITIATE_PAYMENT | PREPARE_PAYMENT) => self.learn_create(attempt, context),
            Some(PAYMENT_READY | CAPTURE_PAYMENT | CANCEL_PAYMENT) => self.learn_act(attempt, context),
            Some(QUERY_PAYMENT) => self.learn_poll(attempt, context),
            Some(QUERY_PAYMENT_IDS) => derived.extend(self.learn_list(attempt, context)),
            Some(CREATE_REFUND | GET_REFUND | CAPTURE_REFUND | CANCEL_REFUND) => self.learn_refund(attempt, context),
            _ => {}
        }
        if !self.profile.is_native {
            self.folded.created(attempt, &mut context.about, self.profile);
        }
        self.found(attempt, context);
        derived.extend(self.attempt_ended(attempt, context));
        derived.extend(self.resolve_conflicts(attempt, context));
        derived
    }

    fn end_send(&mut self, attempt: &Attempt, context: &mut Context) {
        let timed_out = self.is_time_out(attempt);
        let entry = self.calls.at_mut(context.call);
        entry.in_flight.retain(|(n, _)| *n != attempt.n);
        if entry.in_flight.is_empty() {
            self.asking.retain(|&call| call != context.call);
        }
        context.next_head = entry.overtaken.iter().find(|(n, _)| *n == attempt.n).map(|(_, head)| *head);
        entry.overtaken.retain(|(n, _)| *n != attempt.n);
        context.contradicted_n = entry.contradicted.iter().find(|(n, _)| *n == attempt.n).map(|(_, later)| *later);
        entry.contradicted.retain(|(n, _)| *n != attempt.n);
        match attempt.status {
            None if timed_out => entry.burst_timeouts += 1,
            Some(500) => entry.burst_500s += 1,
            _ => entry.burst_others += 1,
        }
        entry.succeeded |= attempt.succeeded();
        if attempt.status.is_some_and(|status| status < 500) {
            entry.answered_content.get_or_insert(attempt.content);
        }
        if let Some(delay) = attempt.answer.poll_delay_ms {
            entry.poll_delay_ms = Some(delay);
        }
        match attempt.status {
            Some(status) if status < 400 => entry.failed_in_burst = 0,
            // A refusal in between does not end the burst.
            Some(status) if status < 500 => {}
            _ => entry.failed_in_burst += 1,
        }
        // A connection that breaks after a later attempt has ended says nothing new.
        if attempt.failed() && entry.last.is_some_and(|last| last.n > attempt.n) {
            return;
        }
        entry.failures = if attempt.failed() { entry.failures + 1 } else { 0 };
        entry.last = Some(LastAttempt {
            n: attempt.n,
            end: attempt.end,
            status: attempt.status,
            failed: attempt.failed(),
            lasted_ms: attempt.lasted_at_most_ms(),
            timed: attempt.is_timed(),
            unnamed: attempt.is_unnamed(),
        });
        entry.looked_up &= !attempt.failed();
    }

    fn end_request(&mut self, attempt: &Attempt, context: &Context) {
        let refused = attempt.status.is_some_and(|status| (400..500).contains(&status) && status != 401);
        let entry = self.requests.at_mut(context.request);
        entry.last_refused = refused;
        entry.succeeded |= attempt.succeeded();
        let pause_ms = context.throttle_pause_ms;
        entry.throttled = (attempt.status == Some(429)).then_some(Throttled {
            end: attempt.end,
            retry_after_ms: attempt.retry_after_ms,
            pause_ms,
        });
        if refused && entry.refused.is_none() {
            entry.refused = Some(attempt.n);
            entry.repeats = 0;
            self.refused.push(context.request);
        }
        let resolved = attempt.status.is_some_and(|status| status < 400);
        let asked = attempt.method == "GET" && attempt.status.is_some_and(|status| status < 500);
        let undone = attempt.is(&[CANCEL_PAYMENT, CANCEL_REFUND, DELETE_POS]) && resolved;
        let mut concerned = match (undone, asked) {
            (true, _) => concerns(attempt, self, context),
            (false, true) => asks_about(attempt, self, context),
            (false, false) => Vec::new(),
        };
        concerned.extend(attempt.answer.found.iter().cloned());
        let requests = &mut self.requests;
        self.refused.retain(|&request| {
            let entry = requests.at_mut(request);
            let itself = request == context.request;
            let done = if itself { resolved } else { entry.concerns.iter().any(|id| concerned.contains(id)) };
            if done {
                (entry.refused, entry.repeats) = (None, 0);
            }
            !done
        });
    }

    fn learn_token(&mut self, attempt: &Attempt) {
        let Some((token, good_for)) = &attempt.issued else { return };
        if let Some(last) = self.last_token.map(|last| self.tokens.at(last)) {
            let age = last.issued.and_then(|(then, ms)| Some((attempt.head.ms_since(then)?, ms)));
            let worn = self.limits.token_worn_percent;
            let slack = self.clock.gap_ms();
            let good =
                age.is_some_and(|(age, ms)| age.saturating_add(slack).saturating_mul(100) < ms.saturating_mul(worn));
            let good = good && last.refused_n.is_none();
            let same = last.vat == attempt.asked_vat;
            self.wasted_tokens =
                if good && same && last.calls <= self.limits.token_few_calls { self.wasted_tokens + 1 } else { 0 };
        }
        let place = self.tokens.index_of_or_insert(token);
        let entry = self.tokens.at_mut(place);
        entry.vat.clone_from(&attempt.asked_vat);
        entry.issued = Some((attempt.end, *good_for));
        self.last_token = Some(place);
    }
}

/// The ids whose refusals a query can explain. A payment explains refusals on its PoS only if it may block the PoS;
/// stores and check-ins explain none.
fn asks_about(attempt: &Attempt, observed: &ObservedState, context: &Context) -> Vec<String> {
    let named = || attempt.path_id().map(str::to_owned).into_iter();
    match attempt.operation {
        Some(GET_CHECK_IN | GET_STORE | GET_STORES | GET_DETAILED_STORES) => Vec::new(),
        Some(GET_POS) => named().collect(),
        Some(QUERY_PAYMENT) => {
            let in_the_way = context.about[PAYMENT].is_some_and(|payment| observed.payments.at(payment).may_block());
            let pos = context.about[POS].filter(|_| in_the_way).map(|pos| observed.poses.at(pos).id.clone());
            named().chain(pos).collect()
        }
        Some(GET_REFUND) => {
            let payment = context.about[PAYMENT].map(|payment| observed.payments.at(payment).id.clone());
            named().chain(payment).collect()
        }
        _ => concerns(attempt, observed, context),
    }
}

/// The ids that a request is about: its own, those that it names, and those of their resources.
fn concerns(attempt: &Attempt, observed: &ObservedState, context: &Context) -> Vec<String> {
    let body = &attempt.body;
    let mut ids: Vec<String> =
        [&body.pos_id, &body.payment_id, &body.order_id, &body.merchant_pos_id, &body.beacon_id, &body.store_id]
            .into_iter()
            .cloned()
            .chain(attempt.path_id().map(str::to_owned))
            .chain(attempt.query.iter().map(|(_, value)| value.clone()))
            .collect();
    ids.extend(context.about[POS].map(|pos| observed.poses.at(pos).id.clone()));
    ids.extend(context.about[PAYMENT].map(|payment| observed.payments.at(payment).id.clone()));
    ids.extend(context.about[REFUND].map(|refund| observed.refunds.at(refund).id.clone()));
    ids.retain(|id| !id.is_empty());
    ids
}
