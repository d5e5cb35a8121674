//! Builds the context of an attempt when its head arrives, before the attempt changes the state.

use super::attempt::{Attempt, RunTime};
use super::attempt_context::Context;
use super::call_state::{LastAttempt, Subject};
use super::resources::PosState;
use super::state::{FORGET_EVERY, ObservedState};
use super::subjects::Subjects;
use crate::api::resource::{PAYMENT, POS, REFUND};
use crate::api::{ExactAmount, Operation, id};

impl ObservedState {
    /// Finds the state entries of an attempt when its head arrives, and returns the context before it changes them.
    pub(crate) fn open(&mut self, attempt: &Attempt) -> Context {
        self.tick += 1;
        if self.tick.is_multiple_of(FORGET_EVERY) || (self.tick + 1).is_multiple_of(FORGET_EVERY) {
            self.forget();
        }
        if attempt.operation.is_some() && (self.base.is_empty() || self.base_run != attempt.head.run) {
            // A restarted recorder may listen at another address, and the client follows it.
            (self.base, self.base_run) = (attempt.base.clone(), attempt.head.run);
        }
        let call = self.calls.index_of_or_insert(&call_key(attempt));
        if self.calls.at(call).attempts == 0 {
            let entry = self.calls.at_mut(call);
            entry.operation = attempt.operation;
            entry.query.clone_from(&attempt.query);
            entry.content = attempt.content;
            entry.content_known = attempt.body.known;
            entry.is_loose = attempt.is_loose();
            entry.subject = Subject {
                pos_id: attempt.body.pos_id.clone(),
                order_id: attempt.body.order_id.clone(),
                payment_id: attempt.body.payment_id.clone(),
                merchant_pos_id: attempt.body.merchant_pos_id.clone(),
                beacon_id: attempt.body.beacon_id.clone(),
                store_id: attempt.body.store_id.clone(),
                restrictions: attempt.body.restrictions(),
            };
        }
        let request = self.requests.index_of_or_insert(&request_key(attempt));
        let mut context = Context {
            tick: self.tick,
            call,
            request,
            about: if self.profile.is_native { self.about(attempt) } else { self.folded.open(attempt, self.profile) },
            token: attempt.token().filter(|_| attempt.is_call).map(|token| self.tokens.index_of_or_insert(token)),
            ..Context::default()
        };
        self.note_call(attempt, &mut context);
        self.note_request(attempt, &mut context);
        self.note_duplicate(attempt, &mut context);
        self.note_names(attempt, &mut context);
        self.note_refund(attempt, &mut context);
        context
    }

    /// The resources that an attempt is about, by the ids that it names.
    fn about(&mut self, attempt: &Attempt) -> Subjects {
        use crate::api::operation::names::{
            CANCEL_PAYMENT, CANCEL_REFUND, CAPTURE_PAYMENT, CAPTURE_REFUND, CREATE_REFUND, DELETE_POS, GET_CHECK_IN,
            GET_POS, GET_REFUND, INITIATE_PAYMENT, PAYMENT_READY, PREPARE_PAYMENT, QUERY_PAYMENT, QUERY_PAYMENT_IDS,
            QUERY_REFUND_IDS,
        };
        let mut about = Subjects::default();
        if attempt.hides.path || (attempt.hides.query && attempt.is(&[QUERY_PAYMENT_IDS, QUERY_REFUND_IDS])) {
            return about;
        }
        let path_id = attempt.path_id().unwrap_or_default().to_owned();
        match attempt.operation {
            Some(GET_POS | DELETE_POS | GET_CHECK_IN) => about[POS] = Some(self.pos(&path_id)),
            Some(INITIATE_PAYMENT | PREPARE_PAYMENT) if !attempt.body.pos_id.is_empty() => {
                let pos = self.pos(&attempt.body.pos_id);
                about[POS] = Some(pos);
                if !attempt.body.order_id.is_empty() {
                    self.order_pos.insert(attempt.body.order_id.clone(), pos);
                }
            }
            Some(PAYMENT_READY | QUERY_PAYMENT | CAPTURE_PAYMENT | CANCEL_PAYMENT) => {
                about[PAYMENT] = Some(self.payment(&path_id));
            }
            Some(QUERY_PAYMENT_IDS) if !attempt.parameter("posid").is_empty() => {
                about[POS] = Some(self.pos(attempt.parameter("posid")));
            }
            Some(QUERY_PAYMENT_IDS) => {
                let known = self.order_pos.get(attempt.parameter("orderid")).copied();
                about[POS] = known.or_else(|| self.only_blocked());
            }
            Some(CREATE_REFUND) if !attempt.body.payment_id.is_empty() => {
                about[PAYMENT] = Some(self.payment(&attempt.body.payment_id));
            }
            Some(QUERY_REFUND_IDS) if !attempt.parameter("paymentid").is_empty() => {
                about[PAYMENT] = Some(self.payment(attempt.parameter("paymentid")));
            }
            Some(GET_REFUND | CAPTURE_REFUND | CANCEL_REFUND) => {
                let refund = self.refund(&path_id);
                about[REFUND] = Some(refund);
                about[PAYMENT] = self.refunds.at(refund).payment;
            }
            _ => {}
        }
        if about[POS].is_none() {
            about[POS] = about[PAYMENT].and_then(|payment| self.payments.at(payment).pos);
        }
        about
    }

    fn note_call(&self, attempt: &Attempt, context: &mut Context) {
        let entry = self.calls.at(context.call);
        let gap = |then: RunTime| attempt.head.ms_since(then);
        context.gap_ms = entry.last.and_then(|last| gap(last.end));
        context.head_gap_ms = entry.last_head.and_then(gap);
        context.open_poll = entry.in_flight.last().and_then(|(n, head)| Some((*n, gap(*head)?)));
        context.last_n = entry.last.map(|last| last.n);
        context.last_status = entry.last.and_then(|last| last.status).unwrap_or(0);
        context.last_failed = entry.last.is_some_and(|last| last.failed);
        let may_last = |ms: i64| ms.saturating_add(self.clock.heads_ms()) >= self.limits.timeout_ms;
        let held = |head: RunTime| attempt.head.ms_since(head).is_some_and(may_last);
        let others =
            self.asking.iter().map(|&call| self.calls.at(call)).filter(|other| other.is_asked_again_by(attempt));
        context.after_held = others.chain([entry]).any(|call| call.in_flight.iter().any(|(_, head)| held(*head)));
        let at_least = |ms: i64| ms.saturating_sub(self.clock.lasted_ms());
        let reset = |last: &LastAttempt| last.status.is_none() && at_least(last.lasted_ms) < self.limits.timeout_ms;
        context.last_reset = entry.last.as_ref().is_some_and(reset);
        context.resent_ms = context.gap_ms.filter(|_| context.last_reset && !entry.resent_at_once);
        context.answered_before = entry.answered_content.is_some();
        // A hidden body is not reported as different.
        let shown = entry.content_known && attempt.body.known;
        let same_as_last = context.last_failed && entry.last_content == attempt.content;
        context.same_content = same_as_last || entry.answered_content == Some(attempt.content) || !shown;
        context.gap_timed = entry.last.is_none_or(|last| last.timed);
        context.failures = entry.failures;
        let begins = self.begins_burst(entry, attempt.head);
        context.failed_in_burst = if begins { 0 } else { entry.failed_in_burst };
        let paused = entry.last.and_then(|last| attempt.head.ms_since(last.end));
        let certainly = paused.is_none_or(|ms| ms.saturating_sub(self.clock.gap_ms()) >= self.limits.go_pause_ms);
        let only_paused = begins && !certainly && entry.last.is_some_and(|last| last.status.is_none_or(|s| s >= 300));
        context.failed_before_pause = if only_paused { entry.failed_in_burst } else { 0 };
        context.back_off_ms = entry.back_off_ms;
        context.poll_delay_ms = entry.poll_delay_ms;
    }

    fn note_request(&self, attempt: &Attempt, context: &mut Context) {
        let entry = self.requests.at(context.request);
        // A hidden token is not reported as different.
        let new_token = entry.token.as_deref().zip(attempt.token()).is_some_and(|(then, now)| then != now);
        context.throttle_pause_ms = entry
            .throttled
            .and_then(|throttled| attempt.head.ms_since(throttled.end))
            .map(|ms| ms.saturating_add(self.clock.gap_ms()));
        let patient = entry.throttled.zip(context.throttle_pause_ms);
        let patient = patient.is_some_and(|(throttled, pause)| throttled.is_respected_by(pause));
        if entry.refused.is_some() && entry.last_refused && !new_token {
            context.unchanged_repeats = entry.repeats + i64::from(!patient);
            context.refused_n = entry.refused;
        }
        let call = self.calls.at(context.call);
        let creates = attempt.operation.is_some_and(Operation::creates);
        context.repeats_success =
            if creates { call.succeeded && call.answered_content == Some(attempt.content) } else { entry.succeeded };
    }

    fn note_duplicate(&self, attempt: &Attempt, context: &mut Context) {
        if !attempt.operation.is_some_and(Operation::creates) || self.calls.at(context.call).attempts > 0 {
            return;
        }
        let others = self.creates.get(&attempt.content).map_or(&[][..], Vec::as_slice);
        let unknown = others.iter().filter(|&&call| call != context.call).filter_map(|&call| {
            let entry = self.calls.at(call);
            let held = entry.in_flight.iter().find(|(_, head)| self.was_held(*head, attempt.head));
            let held = held.map(|(n, _)| (*n, 0));
            let unknown =
                entry.unresolved.as_ref().is_some_and(|unresolved| !unresolved.outcome_shown) && !entry.looked_up;
            // A failed repeat of a call that has already succeeded leaves nothing unknown.
            let failed = entry.last.filter(|last| last.failed && unknown && !entry.succeeded);
            held.or_else(|| failed.and_then(|last| Some((last.n, attempt.head.ms_since(last.end)?))))
        });
        let slack = self.clock.gap_ms();
        let unknown = unknown.filter(|(_, ms)| ms.saturating_sub(slack) <= self.limits.retry_window_ms);
        if let Some((n, ms)) = unknown.min_by_key(|(_, ms)| *ms) {
            (context.duplicate_ms, context.duplicate_n) = (Some(ms), Some(n));
            context.duplicate_may_be_old = ms.saturating_add(slack) > self.limits.retry_window_ms;
        }
    }

    fn note_names(&self, attempt: &Attempt, context: &mut Context) {
        if attempt.operation != Some(Operation::CREATE_POS) || attempt.body.merchant_pos_id.is_empty() {
            return;
        }
        context.conflict_repeats = self
            .conflicts
            .iter()
            .filter(|conflict| conflict.is_of(&attempt.body))
            .map(|conflict| conflict.repeats + 1)
            .max()
            .unwrap_or(0);
        if self.calls.at(context.call).succeeded {
            return;
        }
        let taken = self.names.get(&attempt.body.merchant_pos_id).map_or(&[][..], Vec::as_slice);
        let taken = taken.iter().copied().rfind(|&pos| self.poses.at(pos).deleted_n.is_none());
        if let Some(place) = taken {
            let pos = self.poses.at(place);
            context.name_taken = Some(place);
            context.name_taken_n = pos.created_n;
            context.name_looked_up = pos.looked_up_n.is_some();
        }
    }

    fn note_refund(&self, attempt: &Attempt, context: &mut Context) {
        let (Some(Operation::CREATE_REFUND), Some(payment)) = (attempt.operation, context.about[PAYMENT]) else {
            return;
        };
        let call = self.calls.at(context.call);
        // A refund of this call that a look-up found is already in the total.
        let found = call.about[REFUND].is_some_and(|refund| self.refunds.at(refund).amount.is_some());
        let replay = call.succeeded || found;
        let amount = if replay { Some(ExactAmount::default()) } else { attempt.body.amount };
        context.refund_sum = amount.map(|amount| self.payments.at(payment).refunded.plus(amount));
    }

    /// The only PoS on which an active payment blocks another one; `None` if there are several or none.
    pub(crate) fn only_blocked(&self) -> Option<usize> {
        let waits = |pos: &PosState| pos.blocked_n.is_some() && pos.unblocked_n.is_none();
        let mut blocked = self.poses.iter().filter(|(_, pos)| waits(pos)).map(|(place, _)| place);
        blocked.next().filter(|_| blocked.next().is_none())
    }
}

/// Creates with the same key are one call; other attempts are one call if method, path and filter are equal.
fn call_key(attempt: &Attempt) -> String {
    let creates = attempt.operation.is_some_and(Operation::creates);
    if attempt.is_loose() {
        format!("exchange {}", attempt.n)
    } else if creates && !attempt.key.is_empty() {
        format!("key {}", id::canonical(&attempt.key))
    } else if creates {
        format!("{} {} {:02x?}", attempt.method, attempt.resource, attempt.content)
    } else if attempt.asks_by_query() {
        let mut asked: Vec<String> = attempt.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        asked.sort_unstable();
        format!("{} {}?{}", attempt.method, attempt.resource, asked.join("&"))
    } else {
        format!("{} {}", attempt.method, attempt.resource)
    }
}

fn request_key(attempt: &Attempt) -> String {
    if attempt.hides.path || attempt.hides.query {
        return format!("exchange {}", attempt.n);
    }
    format!("{} {} {:02x?}", attempt.method, attempt.target, attempt.content)
}
