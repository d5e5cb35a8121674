//! The observed state: all calls, requests and resources of the traffic, as far as the capture shows them.

use super::arena::Arena;
use super::attempt::{Attempt, RunTime};
use super::call_state::{CallState, RequestState};
use super::clock::Clock;
use super::folded_resources::FoldedResources;
use super::missing_evidence::MissingEvidence;
use super::name_conflict::Conflict;
use super::resources::{Listing, PaymentState, PosState, RefundState, TokenState};
use crate::api::Operation;
use crate::profile::Profile;
use crate::rules::RuleSet;
use crate::rules::fold::FoldedField;
use crate::rules::load::Limits;
use std::collections::HashMap;
use std::sync::Arc;

/// The state known at one moment of the timeline.
#[derive(Clone, Debug)]
pub(crate) struct ObservedState {
    /// The API.
    pub profile: &'static Profile,
    /// The thresholds of the rules.
    pub limits: Limits,
    /// The resolution of the capture's clock.
    pub clock: Clock,
    /// The evidence missing so far.
    pub missing: MissingEvidence,
    /// The number of moments so far.
    pub tick: u64,
    /// Calls, by idempotency key, or by method and path.
    pub calls: Arena<CallState>,
    /// Requests, by their content.
    pub requests: Arena<RequestState>,
    /// Refused requests whose cause was not addressed.
    pub refused: Vec<usize>,
    /// Unresolved calls.
    pub unresolved_calls: Vec<usize>,
    /// Look-ups in flight.
    pub asking: Vec<usize>,
    /// The fields of the profile that are folds.
    pub folds: Arc<Vec<FoldedField>>,
    /// The resources that have them.
    pub folded: FoldedResources,
    /// Payments, by id.
    pub payments: Arena<PaymentState>,
    /// Points of sale, by id.
    pub poses: Arena<PosState>,
    /// Refunds, by id.
    pub refunds: Arena<RefundState>,
    /// Tokens, by their replacement text.
    pub tokens: Arena<TokenState>,
    /// For each order: the first payment that used it.
    pub orders: HashMap<String, usize>,
    /// For each order: the PoS of the last create that used it.
    pub order_pos: HashMap<String, usize>,
    /// For each `merchantPosId`: its points of sale.
    pub names: HashMap<String, Vec<usize>>,
    /// For each content of a create: the calls with it.
    pub creates: HashMap<[u8; 16], Vec<usize>>,
    /// Unresolved name conflicts.
    pub conflicts: Vec<Conflict>,
    /// The latest list of payments.
    pub listing: Listing,
    /// The base path of the first call in the recorder's run.
    pub base: String,
    pub base_run: u32,
    /// The number of consecutive tokens that were replaced after one call or none although they were still valid.
    pub wasted_tokens: i64,
    /// The token fetched last.
    pub last_token: Option<usize>,
    /// Whether a PoS was created by a call that met a timeout and a 500.
    pub created_through_faults: bool,
    /// Whether such a PoS was deleted.
    pub offboarded: bool,
}

/// The number of moments for which a successful call is kept.
const KEPT_TICKS: u64 = 20_000;

/// The interval, in moments, at which old entries are dropped.
pub(crate) const FORGET_EVERY: u64 = 8_192;

/// An event that the verifier derives from exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DerivedEvent {
    /// This unresolved call was resolved.
    Recovered(usize),
    /// A look-up showed the outcome of this call, and its result was used.
    LookedUp(usize),
    /// The name conflict of this call was resolved.
    ConflictResolved(usize),
    /// A list of captured payments contained this payment.
    ListedCaptured(usize),
}

impl ObservedState {
    /// The state before any exchange.
    pub(crate) fn new(rules: &RuleSet, clock: Clock) -> ObservedState {
        ObservedState {
            profile: rules.profile,
            limits: rules.limits,
            folds: rules.folds.clone(),
            folded: FoldedResources::default(),
            clock,
            missing: MissingEvidence::default(),
            tick: 0,
            calls: Arena::default(),
            requests: Arena::default(),
            refused: Vec::new(),
            unresolved_calls: Vec::new(),
            asking: Vec::new(),
            payments: Arena::default(),
            poses: Arena::default(),
            refunds: Arena::default(),
            tokens: Arena::default(),
            orders: HashMap::new(),
            order_pos: HashMap::new(),
            names: HashMap::new(),
            creates: HashMap::new(),
            conflicts: Vec::new(),
            listing: Listing::default(),
            base: String::new(),
            base_run: 0,
            wasted_tokens: 0,
            last_token: None,
            created_through_faults: false,
            offboarded: false,
        }
    }

    /// The place of a PoS.
    pub(crate) fn pos(&mut self, id: &str) -> usize {
        let place = self.poses.index_of_or_insert(id);
        id.clone_into(&mut self.poses.at_mut(place).id);
        place
    }

    /// The place of a payment.
    pub(crate) fn payment(&mut self, id: &str) -> usize {
        let place = self.payments.index_of_or_insert(id);
        id.clone_into(&mut self.payments.at_mut(place).id);
        place
    }

    /// The place of a refund.
    pub(crate) fn refund(&mut self, id: &str) -> usize {
        let place = self.refunds.index_of_or_insert(id);
        id.clone_into(&mut self.refunds.at_mut(place).id);
        place
    }

    /// Drops calls and requests that are no longer needed, so that memory grows with the payments of a capture and not
    /// with its calls.
    pub(crate) fn forget(&mut self) {
        let tick = self.tick;
        let old = |touched: u64| tick.saturating_sub(touched) > KEPT_TICKS;
        self.calls.retain(|call| {
            let creates = call.operation.is_some_and(Operation::creates);
            let open =
                call.unresolved.is_some() || !call.in_flight.is_empty() || call.last.is_none_or(|last| last.failed);
            creates || open || !old(call.touched)
        });
        self.requests.retain(|request| request.last_refused || request.refused.is_some() || !old(request.touched));
    }

    /// The active or reserved payments on a PoS, as far as the client knows.
    pub(crate) fn open_on(&self, pos: usize) -> impl Iterator<Item = &PaymentState> {
        let payments = self.poses.at(pos).payments.iter();
        payments.map(|&payment| self.payments.at(payment)).filter(|payment| payment.active() || payment.reserved())
    }

    /// Whether an attempt got no response and certainly lasted long enough to be a timeout.
    pub(crate) fn is_time_out(&self, attempt: &Attempt) -> bool {
        let lasted = attempt.lasted_at_most_ms().saturating_sub(self.clock.lasted_ms());
        attempt.no_answer() && lasted >= self.limits.timeout_ms
    }

    /// Whether an attempt with this head had certainly timed out at `until`.
    pub(crate) fn was_held(&self, head: RunTime, until: RunTime) -> bool {
        let held = until.ms_since(head).map(|ms| ms.saturating_sub(self.clock.gap_ms()));
        held.is_some_and(|ms| ms >= self.limits.timeout_ms)
    }

    /// Whether an attempt starts a new burst of its call: after a long pause, a success, or a restart of the recorder.
    pub(crate) fn begins_burst(&self, call: &CallState, head: RunTime) -> bool {
        let Some(last) = call.last else { return call.in_flight.is_empty() };
        let slack = self.clock.gap_ms();
        let paused = head.ms_since(last.end).is_none_or(|ms| ms.saturating_add(slack) >= self.limits.go_pause_ms);
        paused || last.status.is_some_and(|status| status < 300 && !last.unnamed)
    }
}
