//! Progress of the cases in an open capture, for the guided certification.
//!
//! There is no second matcher: the evaluator's own cases are used, with everything recorded so far.

use super::verdict::{CaseVerdict, Verdict};
use super::{Evaluator, Input, Options};
use crate::api::ExactAmount;
use crate::capture::record::Record;
use crate::rules::predicate::PredicateError;

/// The progress of one case.
#[derive(Clone, Debug)]
pub struct CaseProgress {
    /// The verdict on it if the capture ended here.
    pub verdict: CaseVerdict,
    /// For each case attempt: the exchanges that passed its steps so far, in order.
    pub tries: Vec<Vec<u64>>,
}

/// The progress of all cases, and the resources that are still open.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The cases of the chosen features, in the order of the verdict.
    pub cases: Vec<CaseProgress>,
    /// Whether a customer can still accept a payment that the client started.
    pub active: bool,
    /// The largest refundable amount of one captured payment, in minor units.
    pub refundable: i64,
    /// Whether a payment or refund of the client has not ended.
    pub open: bool,
    /// The PoS in focus, if the client knows it.
    pub pos: Option<PosProgress>,
}

/// The state of a PoS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PosProgress {
    pub id: String,
    /// Whether the client has created it in this certification attempt.
    pub created: bool,
    /// Whether it was deleted.
    pub deleted: bool,
    /// Its `beaconId`; empty if unknown.
    pub beacon_id: String,
    /// Its `merchantPosId`; empty if unknown.
    pub merchant_pos_id: String,
    /// Its `storeId`; empty if unknown.
    pub store_id: String,
}

/// The part of the state to report.
#[derive(Clone, Debug, Default)]
pub struct Focus {
    /// The id of the PoS that the client uses.
    pub pos: Option<String>,
    /// The first exchange that the backend still knows about.
    pub since: u64,
}

impl Progress {
    /// Whether the client has a PoS.
    pub fn onboarded(&self) -> bool {
        self.pos.as_ref().is_some_and(|pos| !pos.deleted)
    }

    /// Whether the client has a PoS that it did not create in this certification attempt.
    pub fn found(&self) -> bool {
        self.pos.as_ref().is_some_and(|pos| !pos.deleted && !pos.created)
    }
}

impl Evaluator<'_> {
    /// The verdict if recording ended here and every run was closed. `beyond`: as for [`Evaluator::so_far`].
    ///
    /// # Errors
    /// A rule that cannot be applied.
    pub fn verdict_now(&self, beyond: &[Record]) -> Result<Verdict, PredicateError> {
        let mut now = self.looking_ahead();
        now.requirement_states.clone_from(&self.requirement_states);
        for record in beyond {
            now.take(record)?;
        }
        now.finish(&Input { complete: true, ..Input::default() }, &Options::default())
    }

    /// The progress after all records so far and `beyond`: exchanges that have ended while one with a lower number is
    /// still in flight, in the order of their numbers.
    ///
    /// # Errors
    /// A rule that cannot be applied.
    pub fn so_far(&self, beyond: &[Record], focus: &Focus) -> Result<Progress, PredicateError> {
        let mut ahead = self.looking_ahead();
        for record in beyond {
            ahead.take(record)?;
        }
        ahead.end_all()?;
        let chosen = ahead.rules.features.iter().filter(|feature| ahead.target.features.contains(&feature.feature));
        let mut cases = Vec::new();
        for (feature, watches) in chosen.zip(&ahead.cases) {
            for (case, watch) in feature.cases.iter().zip(watches) {
                let needed = case.needed_with.is_none_or(|with| ahead.target.features.contains(&with));
                let optional = case.optional || !needed;
                let verdict = watch.verdict(&ahead.observed, ahead.target, &ahead.waits, false, optional)?;
                cases.push(CaseProgress { verdict, tries: watch.tries() });
            }
        }
        let here = |latest: [Option<u64>; 3]| latest.into_iter().flatten().any(|n| n >= focus.since);
        let payments = || {
            let all = ahead.observed.payments.iter().map(|(_, payment)| payment);
            all.filter(|payment| here([payment.created_n, payment.state_n, payment.captured_n]))
        };
        let refunds = ahead.observed.refunds.iter().map(|(_, refund)| refund);
        let mut refunds = refunds.filter(|refund| here([refund.created_n, refund.reserved_n, None]));
        let refund_open = refunds.any(|refund| {
            refund.created_n.is_some() && refund.final_n.or(refund.captured_n).or(refund.cancelled_n).is_none()
        });
        let captured = payments().filter(|payment| payment.captured_n.is_some());
        let left = captured
            .map(|payment| payment.captured_amount.or(payment.amount).unwrap_or_default().minus(payment.refunded));
        let pos = focus.pos.as_ref().and_then(|id| ahead.observed.poses.iter().find(|(_, pos)| pos.id == *id));
        let pos = pos.map(|(_, pos)| PosProgress {
            id: pos.id.clone(),
            created: pos.created_n.is_some(),
            deleted: pos.deleted_n.is_some(),
            beacon_id: pos.beacon_id.clone(),
            merchant_pos_id: pos.merchant_pos_id.clone(),
            store_id: pos.store_id.clone(),
        });
        Ok(Progress {
            cases,
            refundable: left.max().and_then(ExactAmount::minor).unwrap_or(0),
            active: payments().any(super::resources::PaymentState::active),
            open: refund_open || payments().any(|payment| payment.active() || payment.reserved()),
            pos,
        })
    }
}
