//! What the capture does not show of the exchanges so far, and what that may have told or done.
//!
//! Something that is not shown bears on what it can be about, and on nothing else: the response to a poll on its payment,
//! a list of payments on every payment that it may have named. [`super::uncertainty`] asks here before a rule is told that
//! something did not happen.

use super::attempt::Attempt;
use super::attempt_context::Context;
use crate::api::Operation::{self, *};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Names and existence of a point of sale.
pub const NAMES: u8 = 1;
/// The payments on it.
pub const PAYMENTS: u8 = 2;
/// What a check-in said of loyalty.
pub const LOYALTY: u8 = 4;
/// Why a create on it was refused: whether a payment was in the way.
pub const REFUSALS: u8 = 8;

/// What is not shown of the exchanges so far.
#[derive(Clone, Debug, Default)]
pub struct MissingEvidence {
    /// Anything at all.
    pub any: bool,
    /// Payments of which the response to a poll is not shown.
    pub polled: HashSet<usize>,
    /// Payments of which the body of a request is not shown.
    pub described: HashSet<usize>,
    /// A request or a response about a payment, and not which payment.
    pub some_payment: bool,
    /// The body of a request that started a payment.
    pub started: bool,
    /// The response to a request that started a payment: some payment, and its id.
    pub unnamed_payment: bool,
    /// A list of payments.
    pub listed: bool,
    /// A list of captured payments.
    pub listed_captured: bool,
    /// Points of sale of which something is not shown.
    pub poses: HashMap<usize, u8>,
    /// What is not shown of some point of sale, and not of which.
    pub some_pos: u8,
    /// The response to a request that created a point of sale.
    pub unnamed_pos: bool,
    /// A look-up of points of sale.
    pub found_pos: bool,
    /// Refunds of which the response to a poll is not shown.
    pub refunds: HashSet<usize>,
    /// A request, a list or a response about a refund, and not which refund.
    pub some_refund: bool,
    /// Payments of whose refunds something is not shown.
    pub refunded: HashSet<usize>,
    /// Polls of which the latest response, and so the delay it asks for, is not shown.
    pub delays: HashSet<usize>,
    /// Operations of which it is not shown to which call or resource a request belongs.
    pub loose: BTreeSet<Operation>,
    /// Operations of which the body of a request is not shown.
    pub bodies: BTreeSet<Operation>,
    /// A response that gave a token, or which token a call carried.
    pub tokens: bool,
    /// A token that is not shown was refused with 401.
    pub refused_token: bool,
    /// The body of a request for a token.
    pub token_asked: bool,
    /// Calls whose loss may have been made good in what is not shown.
    pub made_good: HashSet<usize>,
}

/// Operations about payments, refunds among them.
pub fn is_of_payments(operation: Operation) -> bool {
    let others = [GetStores, GetStore, GetDetailedStores, CreatePos, GetPos, GetPosWithFilter, DeletePos, GetCheckIn];
    !others.contains(&operation)
}

impl MissingEvidence {
    /// A request has arrived.
    pub fn request(&mut self, attempt: &Attempt, context: &Context) {
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
            InitiatePayment | PreparePayment => {
                self.started = true;
                self.some_pos |= PAYMENTS;
            }
            CreatePos => self.some_pos |= NAMES,
            CreateRefund => self.some_refund = true,
            PaymentReady | CapturePayment => self.described.extend(context.about.payment),
            _ => {}
        }
    }

    /// An exchange is over.
    pub fn answer(&mut self, attempt: &Attempt, context: &Context) {
        if attempt.is_token && attempt.answer_hidden {
            (self.any, self.tokens) = (true, true);
        }
        if attempt.is_call && !attempt.shows_token() && attempt.status == Some(401) {
            self.refused_token = true;
        }
        let Some(operation) = attempt.operation else { return };
        if attempt.hides_body() && attempt.succeeded() {
            // What it describes is known by its response alone.
            self.described.extend(context.about.payment);
            self.refunded.extend(context.about.payment.filter(|_| operation == CreateRefund));
            let pos = context.about.pos.filter(|_| operation == CreatePos);
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
            GetPosWithFilter | QueryPaymentIds | QueryRefundIds => self.listed_unseen(operation, attempt, context),
            CreatePos => {
                self.unnamed_pos |= attempt.succeeded();
                self.some_pos |= NAMES;
            }
            GetPos | DeletePos => about.pos.into_iter().for_each(|pos| self.pos(pos, NAMES)),
            GetCheckIn => about.pos.into_iter().for_each(|pos| self.pos(pos, LOYALTY)),
            InitiatePayment | PreparePayment => {
                self.unnamed_payment |= attempt.succeeded();
                self.payments_on(about.pos);
                self.refusal(attempt, about.pos);
            }
            QueryPayment => {
                self.polled.extend(about.payment);
                self.payments_on(about.pos);
            }
            CreateRefund => {
                self.some_refund |= attempt.succeeded();
                self.refunded.extend(about.payment);
                self.payments_on(about.pos);
                self.refusal(attempt, about.pos);
            }
            GetRefund => {
                self.refunds.extend(about.refund);
                self.refunded.extend(about.payment);
                self.some_refund |= about.payment.is_none();
            }
            _ => {}
        }
    }

    /// A list or a look-up of which the question or the answer is not shown.
    fn listed_unseen(&mut self, operation: Operation, attempt: &Attempt, context: &Context) {
        self.any = true;
        match operation {
            QueryPaymentIds => {
                self.listed = true;
                self.listed_captured |= attempt.lists_captured() || attempt.hides.query;
                self.payments_on(context.about.pos);
            }
            GetPosWithFilter => {
                self.found_pos = true;
                self.some_pos |= NAMES;
            }
            QueryRefundIds => self.some_refund = true,
            _ => {}
        }
    }

    /// A call about something, and not about which.
    fn concerns_some(&mut self, operation: Operation) {
        self.any = true;
        match operation {
            GetPos | DeletePos => self.some_pos |= NAMES | PAYMENTS,
            GetCheckIn => self.some_pos |= LOYALTY,
            GetRefund | CaptureRefund | CancelRefund => self.some_refund = true,
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

    /// Whether a payment was in the way is told by the code of a conflict.
    fn refusal(&mut self, attempt: &Attempt, pos: Option<usize>) {
        if let (Some(409), Some(pos)) = (attempt.status, pos) {
            self.pos(pos, REFUSALS);
        }
    }

    fn pos(&mut self, pos: usize, what: u8) {
        self.any = true;
        *self.poses.entry(pos).or_default() |= what;
    }

    /// Whether something like this is not shown of a point of sale.
    pub fn of_pos(&self, pos: Option<usize>, what: u8) -> bool {
        let of_it = pos.and_then(|pos| self.poses.get(&pos)).copied().unwrap_or(0);
        (of_it | self.some_pos) & what != 0
    }

    /// Whether a state that a payment had may not be shown.
    pub fn of_payment(&self, payment: usize) -> bool {
        self.some_payment || self.polled.contains(&payment)
    }

    /// Whether something about payments, or about points of sale, is not shown that could have been done about a refusal.
    pub fn could_settle(&self, operation: Option<Operation>) -> bool {
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
