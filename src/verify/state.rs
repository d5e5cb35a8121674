//! The things that traffic is about, as far as the capture shows them: every track, and how a send finds its own.

use super::attempt::{Attempt, RunTime};
use super::clock::Clock;
use super::missing_evidence::MissingEvidence;
use super::name_conflict::Conflict;
use super::resources::{CallState, Listing, PaymentState, PosState, RefundState, RequestState, TokenState};
use crate::api::Operation;
use crate::rules::load::Limits;
use std::collections::HashMap;

/// Tracks by a key. A place is never used for another key, even when its track was forgotten.
#[derive(Clone, Debug)]
pub struct Arena<T> {
    index: HashMap<String, usize>,
    items: Vec<Option<Box<T>>>,
    blank: T,
}

impl<T: Default> Default for Arena<T> {
    fn default() -> Self {
        Arena { index: HashMap::new(), items: Vec::new(), blank: T::default() }
    }
}

impl<T: Default> Arena<T> {
    /// The place of a key's track, which is made where there is none.
    pub fn place(&mut self, key: &str) -> usize {
        if let Some(&place) = self.index.get(key) {
            return place;
        }
        self.items.push(Some(Box::default()));
        self.index.insert(key.to_owned(), self.items.len() - 1);
        self.items.len() - 1
    }

    /// The place of a key's track, where there is one.
    pub fn find(&self, key: &str) -> Option<usize> {
        self.index.get(key).copied()
    }

    /// A track; a blank one where it was forgotten.
    pub fn at(&self, place: usize) -> &T {
        self.items.get(place).and_then(Option::as_deref).unwrap_or(&self.blank)
    }

    /// A track, to be changed.
    pub fn at_mut(&mut self, place: usize) -> &mut T {
        if place >= self.items.len() {
            self.items.resize_with(place + 1, || None);
        }
        self.items[place].get_or_insert_default()
    }

    /// All tracks with their places, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        self.items.iter().enumerate().filter_map(|(place, entry)| Some((place, entry.as_deref()?)))
    }

    /// Forgets the tracks that need not be kept.
    fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        for entry in &mut self.items {
            if entry.as_deref().is_some_and(|entry| !keep(entry)) {
                *entry = None;
            }
        }
        let items = &self.items;
        self.index.retain(|_, place| items[*place].is_some());
    }
}

/// What is known at one moment of the timeline.
#[derive(Clone, Debug)]
pub struct ObservedState {
    /// Numbers from the rule file.
    pub limits: Limits,
    /// How well times are known.
    pub clock: Clock,
    /// What the capture does not show of what was before.
    pub missing: MissingEvidence,
    /// Counts the moments of the timeline.
    pub tick: u64,
    /// Calls, by key, or by method and path.
    pub calls: Arena<CallState>,
    /// Requests, by their content.
    pub requests: Arena<RequestState>,
    /// Requests whose refusal stands.
    pub refused: Vec<usize>,
    /// Calls with an open loss.
    pub losses: Vec<usize>,
    /// Look-ups that are under way.
    pub asking: Vec<usize>,
    /// Payments, by id.
    pub payments: Arena<PaymentState>,
    /// Points of sale, by id.
    pub poses: Arena<PosState>,
    /// Refunds, by id.
    pub refunds: Arena<RefundState>,
    /// Tokens, by what stands for them.
    pub tokens: Arena<TokenState>,
    /// The payment that an order was first used for.
    pub orders: HashMap<String, usize>,
    /// The PoS on which an order was last tried.
    pub order_pos: HashMap<String, usize>,
    /// The points of sale of a merchant's name.
    pub names: HashMap<String, Vec<usize>>,
    /// Creates, answered or not, by content: the calls that tried them.
    pub creates: HashMap<[u8; 16], Vec<usize>>,
    /// Name conflicts that were not looked into.
    pub conflicts: Vec<Conflict>,
    /// The latest list of payments.
    pub listing: Listing,
    /// The base path of the first call of the recorder's run.
    pub base: String,
    /// That run.
    pub base_run: u32,
    /// How many tokens in a row carried one call or none when the next was fetched though they were still good.
    pub wasted_tokens: i64,
    /// The token fetched last.
    pub last_token: Option<usize>,
    /// A PoS was created by a call that met a time-out and an answer 500.
    pub created_through_faults: bool,
    /// Such a PoS was deleted.
    pub offboarded: bool,
}

/// For how many moments of the timeline a call that ended well is remembered.
const KEPT_TICKS: u64 = 20_000;

/// How often, in moments of the timeline, it is looked what can be forgotten.
pub const FORGET_EVERY: u64 = 8_192;

/// Something that the timeline itself says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DerivedEvent {
    /// The loss of this call was made good.
    Recovered(usize),
    /// A look-up told what became of this call, and what it found was used.
    LookedUp(usize),
    /// The name conflict that this call met was looked into.
    ConflictResolved(usize),
    /// A list said that this payment is captured.
    ListedCaptured(usize),
}

impl ObservedState {
    /// A world in which nothing has happened.
    pub fn new(limits: Limits, clock: Clock) -> ObservedState {
        ObservedState {
            limits,
            clock,
            missing: MissingEvidence::default(),
            tick: 0,
            calls: Arena::default(),
            requests: Arena::default(),
            refused: Vec::new(),
            losses: Vec::new(),
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
    pub fn pos(&mut self, id: &str) -> usize {
        let place = self.poses.place(id);
        self.poses.at_mut(place).id = id.to_owned();
        place
    }

    /// The place of a payment.
    pub fn payment(&mut self, id: &str) -> usize {
        let place = self.payments.place(id);
        self.payments.at_mut(place).id = id.to_owned();
        place
    }

    /// The place of a refund.
    pub fn refund(&mut self, id: &str) -> usize {
        let place = self.refunds.place(id);
        self.refunds.at_mut(place).id = id.to_owned();
        place
    }

    /// Forgets calls and requests that nothing more can be said about: so what is kept grows with the payments of a
    /// capture and not with its calls.
    pub fn forget(&mut self) {
        let tick = self.tick;
        let old = |touched: u64| tick.saturating_sub(touched) > KEPT_TICKS;
        self.calls.retain(|call| {
            let creates = call.operation.is_some_and(Operation::creates);
            let open = call.loss.is_some() || !call.in_flight.is_empty() || call.last.is_none_or(|last| last.failed);
            creates || open || !old(call.touched)
        });
        self.requests.retain(|request| request.last_refused || request.refused.is_some() || !old(request.touched));
    }

    /// The payments that are active or reserved on a PoS, by what the client knows.
    pub fn open_on(&self, pos: usize) -> impl Iterator<Item = &PaymentState> {
        let payments = self.poses.at(pos).payments.iter();
        payments.map(|&payment| self.payments.at(payment)).filter(|payment| payment.active() || payment.reserved())
    }

    /// Whether a send got no answer and certainly lasted long enough to be a time-out.
    pub fn is_time_out(&self, attempt: &Attempt) -> bool {
        let lasted = attempt.lasted_at_most_ms().saturating_sub(self.clock.lasted_ms());
        attempt.no_answer() && lasted >= self.limits.timeout_ms
    }

    /// Whether, where a send is over, another of its call has certainly been held for a time-out.
    pub fn was_held(&self, head: RunTime, until: RunTime) -> bool {
        let held = until.ms_since(head).map(|ms| ms.saturating_sub(self.clock.gap_ms()));
        held.is_some_and(|ms| ms >= self.limits.timeout_ms)
    }

    /// Whether a send began a new go at its call: after a long pause, a success, or a restart of the recorder.
    pub fn begins_burst(&self, call: &CallState, head: RunTime) -> bool {
        let Some(last) = call.last else { return call.in_flight.is_empty() };
        let slack = self.clock.gap_ms();
        let paused = head.ms_since(last.end).is_none_or(|ms| ms.saturating_add(slack) >= self.limits.go_pause_ms);
        paused || last.status.is_some_and(|status| status < 300 && !last.unnamed)
    }
}
