//! The context of an attempt: the resources it is about and its relation to earlier attempts, when its head arrives.

use super::attempt::{Attempt, RunTime};
use super::resources::{Last, PosState, Subject, Subjects};
use super::state::{FORGET_EVERY, ObservedState};
use crate::api::{ExactAmount, Operation, id};

/// A retry within this time after a connection reset was made by the HTTP library.
pub const AT_ONCE_MS: i64 = 200;

/// The state when an attempt's head arrived, kept until the attempt ends.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The tick of the timeline at which its head arrived.
    pub tick: u64,
    /// Its call.
    pub call: usize,
    /// Its request.
    pub request: usize,
    /// The resources it is about; the resource of a create is known only after the response.
    pub about: Subjects,
    /// Its token.
    pub token: Option<usize>,
    /// Time since the end of the call's last attempt.
    pub gap_ms: Option<i64>,
    /// Whether the capture shows when that attempt ended; otherwise `gap_ms` is the maximum.
    pub gap_timed: bool,
    /// Time since the head of the call's last attempt.
    pub head_gap_ms: Option<i64>,
    /// The call's latest attempt still in flight, and the ms since its head.
    pub open_poll: Option<(u64, i64)>,
    /// The call's last attempt that has ended.
    pub last_n: Option<u64>,
    /// The status of that attempt; 0 if it got no response.
    pub last_status: u16,
    /// Whether that attempt failed.
    pub last_failed: bool,
    /// Whether an attempt of the call in flight had already timed out, so that the client had given it up.
    pub after_held: bool,
    /// When the next attempt of the call began, if that was before the end of this one.
    pub next_head: Option<RunTime>,
    /// Time since the connection of the last attempt was reset, for the first retry after a reset.
    pub resent_ms: Option<i64>,
    /// Whether an earlier attempt of the call got a status below 500.
    pub answered_before: bool,
    /// Whether the content equals that of the failed attempt before it, or of the attempt with a status below 500.
    pub same_content: bool,
    /// The number of consecutive failed attempts of the call before this one.
    pub failures: u32,
    /// The number of failed attempts since the last long pause.
    pub failed_in_burst: u32,
    /// The number of failed attempts before a pause that the clock is too coarse to call long or short.
    pub failed_before_pause: u32,
    /// The pause before the last attempt, if that one followed a failed attempt too.
    pub back_off_ms: Option<i64>,
    /// The delay in the last poll response that had one.
    pub poll_delay_ms: Option<i64>,
    /// Time since another call with the same create failed; its outcome is unknown.
    pub duplicate_ms: Option<i64>,
    /// The last attempt of that call.
    pub duplicate_n: Option<u64>,
    /// Whether the clock is too coarse to tell if that call is within the retry window.
    pub duplicate_may_be_old: bool,
    /// An attempt of the same call with another body, sent while this one was in flight.
    pub contradicted_n: Option<u64>,
    /// The exchange that created an existing PoS with the name to be created, as far as the client knows.
    pub name_taken_n: Option<u64>,
    /// That PoS.
    pub name_taken: Option<usize>,
    /// Whether that PoS has been looked up since.
    pub name_looked_up: bool,
    /// Whether it started a payment on a PoS after the payment that blocked the PoS had ended.
    pub block_cleared: bool,
    /// How often the PoS was created again after a name conflict without a look-up.
    pub conflict_repeats: i64,
    /// How often the request was repeated unchanged after a refusal whose cause was not addressed.
    pub unchanged_repeats: i64,
    /// The exchange of that refusal.
    pub refused_n: Option<u64>,
    /// Time since the request got status 429.
    pub throttle_pause_ms: Option<i64>,
    /// Whether the same request (a create: with the same key) already got a status 2xx.
    pub repeats_success: bool,
    /// The total of the payment's refunds, with this one.
    pub refund_sum: Option<ExactAmount>,
}

impl ObservedState {
    /// Finds the state entries of an attempt when its head arrives, and returns the context before it changes them.
    pub fn open(&mut self, attempt: &Attempt) -> Context {
        self.tick += 1;
        if self.tick.is_multiple_of(FORGET_EVERY) || (self.tick + 1).is_multiple_of(FORGET_EVERY) {
            self.forget();
        }
        if attempt.operation.is_some() && (self.base.is_empty() || self.base_run != attempt.head.run) {
            // A restarted recorder may listen at another address, and the client follows it.
            (self.base, self.base_run) = (attempt.base.clone(), attempt.head.run);
        }
        let call = self.calls.place(&call_key(attempt));
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
        let request = self.requests.place(&request_key(attempt));
        let mut context = Context {
            tick: self.tick,
            call,
            request,
            about: self.about(attempt),
            token: attempt.token().filter(|_| attempt.is_call).map(|token| self.tokens.place(token)),
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
        use Operation::*;
        let mut about = Subjects::default();
        if attempt.hides.path || (attempt.hides.query && attempt.is(&[QueryPaymentIds, QueryRefundIds])) {
            return about;
        }
        let path_id = attempt.path_id.clone().unwrap_or_default();
        match attempt.operation {
            Some(GetPos | DeletePos | GetCheckIn) => about.pos = Some(self.pos(&path_id)),
            Some(InitiatePayment | PreparePayment) if !attempt.body.pos_id.is_empty() => {
                let pos = self.pos(&attempt.body.pos_id);
                about.pos = Some(pos);
                if !attempt.body.order_id.is_empty() {
                    self.order_pos.insert(attempt.body.order_id.clone(), pos);
                }
            }
            Some(PaymentReady | QueryPayment | CapturePayment | CancelPayment) => {
                about.payment = Some(self.payment(&path_id));
            }
            Some(QueryPaymentIds) if !attempt.parameter("posid").is_empty() => {
                about.pos = Some(self.pos(attempt.parameter("posid")));
            }
            Some(QueryPaymentIds) => {
                let known = self.order_pos.get(attempt.parameter("orderid")).copied();
                about.pos = known.or_else(|| self.only_blocked());
            }
            Some(CreateRefund) if !attempt.body.payment_id.is_empty() => {
                about.payment = Some(self.payment(&attempt.body.payment_id));
            }
            Some(QueryRefundIds) if !attempt.parameter("paymentid").is_empty() => {
                about.payment = Some(self.payment(attempt.parameter("paymentid")));
            }
            Some(GetRefund | CaptureRefund | CancelRefund) => {
                let refund = self.refund(&path_id);
                about.refund = Some(refund);
                about.payment = self.refunds.at(refund).payment;
            }
            _ => {}
        }
        if about.pos.is_none() {
            about.pos = about.payment.and_then(|payment| self.payments.at(payment).pos);
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
        let reset = |last: &Last| last.status.is_none() && at_least(last.lasted_ms) < self.limits.timeout_ms;
        context.resent_ms = context.gap_ms.filter(|_| entry.last.as_ref().is_some_and(reset) && !entry.resent_at_once);
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
            let unknown = entry.loss.as_ref().is_some_and(|loss| !loss.told) && !entry.looked_up;
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
        if attempt.operation != Some(Operation::CreatePos) || attempt.body.merchant_pos_id.is_empty() {
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
        let (Some(Operation::CreateRefund), Some(payment)) = (attempt.operation, context.about.payment) else { return };
        let call = self.calls.at(context.call);
        // A refund of this call that a look-up found is already in the total.
        let found = call.about.refund.is_some_and(|refund| self.refunds.at(refund).amount.is_some());
        let replay = call.succeeded || found;
        let amount = if replay { Some(ExactAmount::default()) } else { attempt.body.amount };
        context.refund_sum = amount.map(|amount| self.payments.at(payment).refunded.plus(amount));
    }

    /// The only PoS on which an active payment blocks another one; `None` if there are several or none.
    pub fn only_blocked(&self) -> Option<usize> {
        let waits = |pos: &PosState| pos.blocked_n.is_some() && pos.unblocked_n.is_none();
        let mut blocked = self.poses.iter().filter(|(_, pos)| waits(pos)).map(|(place, _)| place);
        blocked.next().filter(|_| blocked.next().is_none())
    }
}

impl Context {
    /// Whether it is an immediate retry after a connection reset, as HTTP libraries make on their own.
    pub fn resent_at_once(&self) -> bool {
        self.resent_ms.is_some_and(|ms| ms < AT_ONCE_MS)
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
