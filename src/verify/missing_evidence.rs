//! Evidence that the capture does not show, and what it may have contained.
//!
//! Hidden evidence affects only what it can be about: a hidden poll response affects its payment; a hidden list of
//! payments affects every payment that it may contain. [`super::uncertainty`] consults this module before a rule may
//! rely on the fact that something did not happen.

use super::attempt::Attempt;
use super::attempt_context::Context;
use crate::api::Operation;
use crate::api::operation::names::{
    CANCEL_REFUND, CAPTURE_PAYMENT, CAPTURE_REFUND, CREATE_POS, CREATE_REFUND, DELETE_POS, GET_CHECK_IN,
    GET_DETAILED_STORES, GET_POS, GET_POS_WITH_FILTER, GET_REFUND, GET_STORE, GET_STORES, INITIATE_PAYMENT,
    PAYMENT_READY, PREPARE_PAYMENT, QUERY_PAYMENT, QUERY_PAYMENT_IDS, QUERY_REFUND_IDS,
};
use crate::api::resource::{PAYMENT, POS, REFUND};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The name and existence of a point of sale.
pub(crate) const NAMES: u8 = 1;
/// The payments on a point of sale.
pub(crate) const PAYMENTS: u8 = 2;
/// Loyalty in a check-in response.
pub(crate) const LOYALTY: u8 = 4;
/// Why a create on a point of sale was refused: whether an active payment blocked it.
pub(crate) const REFUSALS: u8 = 8;

/// The evidence missing from the exchanges so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct MissingEvidence {
    /// Whether anything is missing.
    pub any: bool,
    /// Payments with a hidden poll response.
    pub polled: HashSet<usize>,
    /// Payments with a hidden request body.
    pub described: HashSet<usize>,
    /// A request or response about an unidentified payment.
    pub some_payment: bool,
    /// A hidden body of a request that started a payment.
    pub started: bool,
    /// A hidden response to a request that started a payment, with the payment's id.
    pub unnamed_payment: bool,
    /// A hidden list of payments.
    pub listed: bool,
    /// A hidden list of captured payments.
    pub listed_captured: bool,
    /// For each point of sale with hidden evidence: its kinds.
    pub poses: HashMap<usize, u8>,
    /// The kinds of hidden evidence about unidentified points of sale.
    pub some_pos: u8,
    /// A hidden response to a request that created a point of sale.
    pub unnamed_pos: bool,
    /// A hidden look-up of points of sale.
    pub found_pos: bool,
    /// Refunds with a hidden poll response.
    pub refunds: HashSet<usize>,
    /// A request, list or response about an unidentified refund.
    pub some_refund: bool,
    /// Payments with hidden evidence about their refunds.
    pub refunded: HashSet<usize>,
    /// Polls whose latest response is hidden, with the delay that it asks for.
    pub delays: HashSet<usize>,
    /// Operations with a request whose call or resource is hidden.
    pub loose: BTreeSet<Operation>,
    /// Operations with a hidden request body.
    pub bodies: BTreeSet<Operation>,
    /// A hidden token response, or a call with a hidden token.
    pub tokens: bool,
    /// A hidden token was refused with 401.
    pub refused_token: bool,
    /// A hidden body of a token request.
    pub token_asked: bool,
    /// Calls that hidden evidence may have resolved.
    pub maybe_resolved: HashSet<usize>,
}

/// Whether an operation is about payments or refunds.
pub(crate) fn is_of_payments(operation: Operation) -> bool {
    let others = [
        GET_STORES,
        GET_STORE,
        GET_DETAILED_STORES,
        CREATE_POS,
        GET_POS,
        GET_POS_WITH_FILTER,
        DELETE_POS,
        GET_CHECK_IN,
    ];
    !others.contains(&operation)
}

impl MissingEvidence {
    /// Processes a request.
    pub(crate) fn request(&mut self, attempt: &Attempt, context: &Context) {
        if attempt.is_call && !attempt.shows_token() {
            (self.any, self.tokens) = (true, true);
        }
        if attempt.is_token && !attempt.body_shown {
            (self.any, self.token_asked) = (true, true);
        }
        let Some(operation) = attempt.operation else { return };
        if attempt.is_loose() {
            self.any = true;
            self.loose.insert(operation);
        }
        if attempt.hides.path {
            self.concerns_some(operation);
        }
        if attempt.hides.query {
            self.listed_unseen(operation, attempt, context);
        }
        if attempt.hides_body() {
            self.any = true;
            self.bodies.insert(operation);
            self.body(operation, context);
        }
    }

    fn body(&mut self, operation: Operation, context: &Context) {
        match operation {
            INITIATE_PAYMENT | PREPARE_PAYMENT => {
                self.started = true;
                self.some_pos |= PAYMENTS;
            }
            CREATE_POS => self.some_pos |= NAMES,
            CREATE_REFUND => self.some_refund = true,
            PAYMENT_READY | CAPTURE_PAYMENT => self.described.extend(context.about[PAYMENT]),
            _ => {}
        }
    }

    /// Processes the end of an exchange.
    pub(crate) fn answer(&mut self, attempt: &Attempt, context: &Context) {
        if attempt.is_token && attempt.answer_hidden {
            (self.any, self.tokens) = (true, true);
        }
        if attempt.is_call && !attempt.shows_token() && attempt.status == Some(401) {
            self.refused_token = true;
        }
        let Some(operation) = attempt.operation else { return };
        if attempt.hides_body() && attempt.succeeded() {
            // The resource that it describes is known only from its response.
            self.described.extend(context.about[PAYMENT]);
            self.refunded.extend(context.about[PAYMENT].filter(|_| operation == CREATE_REFUND));
            let pos = context.about[POS].filter(|_| operation == CREATE_POS);
            pos.into_iter().for_each(|pos| self.pos(pos, NAMES));
        }
        if operation.polled() && attempt.status.is_some_and(|status| status < 400) {
            let hidden = attempt.answer_hidden;
            if hidden {
                self.delays.insert(context.call)
            } else {
                self.delays.remove(&context.call)
            };
        }
        if !attempt.answer_hidden {
            return;
        }
        self.any = true;
        let about = context.about;
        match operation {
            GET_POS_WITH_FILTER | QUERY_PAYMENT_IDS | QUERY_REFUND_IDS => {
                self.listed_unseen(operation, attempt, context);
            }
            CREATE_POS => {
                self.unnamed_pos |= attempt.succeeded();
                self.some_pos |= NAMES;
            }
            GET_POS | DELETE_POS => about[POS].into_iter().for_each(|pos| self.pos(pos, NAMES)),
            GET_CHECK_IN => about[POS].into_iter().for_each(|pos| self.pos(pos, LOYALTY)),
            INITIATE_PAYMENT | PREPARE_PAYMENT => {
                self.unnamed_payment |= attempt.succeeded();
                self.payments_on(about[POS]);
                self.refusal(attempt, about[POS]);
            }
            QUERY_PAYMENT => {
                self.polled.extend(about[PAYMENT]);
                self.payments_on(about[POS]);
            }
            CREATE_REFUND => {
                self.some_refund |= attempt.succeeded();
                self.refunded.extend(about[PAYMENT]);
                self.payments_on(about[POS]);
                self.refusal(attempt, about[POS]);
            }
            GET_REFUND => {
                self.refunds.extend(about[REFUND]);
                self.refunded.extend(about[PAYMENT]);
                self.some_refund |= about[PAYMENT].is_none();
            }
            _ => {}
        }
    }

    /// Notes a list or look-up whose filter or response is hidden.
    fn listed_unseen(&mut self, operation: Operation, attempt: &Attempt, context: &Context) {
        self.any = true;
        match operation {
            QUERY_PAYMENT_IDS => {
                self.listed = true;
                self.listed_captured |= attempt.lists_captured() || attempt.hides.query;
                self.payments_on(context.about[POS]);
            }
            GET_POS_WITH_FILTER => {
                self.found_pos = true;
                self.some_pos |= NAMES;
            }
            QUERY_REFUND_IDS => self.some_refund = true,
            _ => {}
        }
    }

    /// Notes a call about an unidentified resource.
    fn concerns_some(&mut self, operation: Operation) {
        self.any = true;
        match operation {
            GET_POS | DELETE_POS => self.some_pos |= NAMES | PAYMENTS,
            GET_CHECK_IN => self.some_pos |= LOYALTY,
            GET_REFUND | CAPTURE_REFUND | CANCEL_REFUND => self.some_refund = true,
            _ if is_of_payments(operation) => {
                self.some_payment = true;
                self.some_pos |= PAYMENTS;
            }
            _ => {}
        }
    }

    fn payments_on(&mut self, pos: Option<usize>) {
        match pos {
            Some(pos) => self.pos(pos, PAYMENTS),
            None => self.some_pos |= PAYMENTS,
        }
    }

    /// Notes a hidden refusal: only the error code of a 409 says whether an active payment blocked the create.
    fn refusal(&mut self, attempt: &Attempt, pos: Option<usize>) {
        if let (Some(409), Some(pos)) = (attempt.status, pos) {
            self.pos(pos, REFUSALS);
        }
    }

    fn pos(&mut self, pos: usize, what: u8) {
        self.any = true;
        *self.poses.entry(pos).or_default() |= what;
    }

    /// Whether evidence of this kind is missing for a point of sale.
    pub(crate) fn of_pos(&self, pos: Option<usize>, what: u8) -> bool {
        let of_it = pos.and_then(|pos| self.poses.get(&pos)).copied().unwrap_or(0);
        (of_it | self.some_pos) & what != 0
    }

    /// Whether a state of a payment may be hidden.
    pub(crate) fn of_payment(&self, payment: usize) -> bool {
        self.some_payment || self.polled.contains(&payment)
    }

    /// Whether hidden evidence about payments or points of sale may have addressed the cause of a refusal.
    pub(crate) fn could_settle(&self, operation: Option<Operation>) -> bool {
        let of_payments = self.some_payment
            || self.started
            || self.unnamed_payment
            || self.listed
            || !self.polled.is_empty()
            || self.some_refund;
        let of_poses = self.some_pos & NAMES != 0 || self.found_pos || !self.poses.is_empty();
        match operation {
            Some(operation) if is_of_payments(operation) => of_payments,
            Some(_) => of_poses,
            None => false,
        }
    }
}
