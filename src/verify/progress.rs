//! How the cases stand while the capture goes on: what the guided certification goes by.
//!
//! There is no second matcher: the judge's own cases are asked, after everything recorded so far.

use super::Evaluator;
use super::verdict::CaseVerdict;
use crate::api::ExactAmount;
use crate::capture::record::Record;
use crate::rules::predicate::PredicateError;

/// How a case stands.
#[derive(Clone, Debug)]
pub struct CaseProgress {
    /// The verdict on it if the capture ended here.
    pub verdict: CaseVerdict,
    /// For each thing that may come to show it: the exchanges that showed its steps so far, in order.
    pub tries: Vec<Vec<u64>>,
}

/// How everything stands.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The cases of the chosen features, in the order of the verdict.
    pub cases: Vec<CaseProgress>,
    /// A payment that the client started can still be accepted by a customer.
    pub active: bool,
    /// The most that can be given back of one captured payment, in minor units.
    pub refundable: i64,
    /// A payment or refund of the client has not come to its end.
    pub open: bool,
    /// The PoS that was asked about, where the client was told of it.
    pub pos: Option<PosProgress>,
}

/// What is known of a PoS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PosProgress {
    /// Its id.
    pub id: String,
    /// The client has created it in this attempt.
    pub created: bool,
    /// It was deleted.
    pub deleted: bool,
    /// Its beacon, where that was said.
    pub beacon_id: String,
    /// The merchant's name for it, where that was said.
    pub merchant_pos_id: String,
    /// Its store, where that was said.
    pub store_id: String,
}

/// What is looked at.
#[derive(Clone, Debug, Default)]
pub struct Focus {
    /// The PoS that the client works with.
    pub pos: Option<String>,
    /// The backend knows nothing of the exchanges before this one.
    pub since: u64,
}

impl Progress {
    /// The client has a PoS.
    pub fn onboarded(&self) -> bool {
        self.pos.as_ref().is_some_and(|pos| !pos.deleted)
    }

    /// The client has a PoS that it did not create in this attempt.
    pub fn found(&self) -> bool {
        self.pos.as_ref().is_some_and(|pos| !pos.deleted && !pos.created)
    }
}

impl Evaluator<'_> {
    /// How the cases stand after what was taken and `beyond`: exchanges that are over though one with a lower number
    /// is still under way, in the order of their numbers.
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
            active: payments().any(|payment| payment.active()),
            open: refund_open || payments().any(|payment| payment.active() || payment.reserved()),
            pos,
        })
    }
}
