//! Registry of the client's points of sale, learned from its calls: the current one, its callback alias and the
//! merchant's VAT number. Complements the resource state of the verifier.

use crate::api::Operation;
use crate::api::customer::CERTIFICATION_VAT;
use crate::api::header;
use crate::api::operation::names::{
    CREATE_POS, GET_CHECK_IN, GET_POS, GET_POS_WITH_FILTER, INITIATE_PAYMENT, PREPARE_PAYMENT,
};
use crate::capture::record::{Body, Exchange};
use crate::profile::pos_v10;
use crate::verify::attempt::Attempt;
use crate::verify::progress::PosProgress;
use serde_json::Value;
use std::collections::BTreeMap;

/// The points of sale known so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct PosRegistry {
    current: Option<String>,
    aliases: BTreeMap<String, String>,
    vat: Option<String>,
}

/// A point of sale.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PosEntry {
    pub id: String,
    /// Its beacon id; empty if unknown.
    pub beacon_id: String,
    /// The merchant's id for it; empty if unknown.
    pub merchant_pos_id: String,
    /// Its store id; empty if unknown.
    pub store_id: String,
    /// Its callback alias for check-in notifications.
    pub alias: Option<String>,
    /// The merchant's VAT number.
    pub vat: String,
}

impl PosEntry {
    /// The country of its merchant, as two letters.
    pub(crate) fn country(&self) -> &str {
        self.vat.get(..2).unwrap_or("DK")
    }
}

impl PosRegistry {
    /// Learns from a finished exchange; `true` if it shows which PoS the client works with.
    pub(crate) fn learn(&mut self, exchange: &Exchange) -> bool {
        let attempt = Attempt::of(exchange, pos_v10());
        let vat = exchange.request.values(header::VAT).find(|vat| header::is_vat_number(vat));
        self.vat = vat.map(str::to_owned).or(self.vat.take());
        let new_alias = match attempt.operation {
            Some(CREATE_POS) => attempt.answer.created.clone().zip(alias(&exchange.request.body)),
            Some(GET_POS) if attempt.succeeded() => attempt
                .path_id()
                .map(str::to_owned)
                .zip(exchange.answer.as_ref().and_then(|answer| alias(&answer.body))),
            _ => None,
        };
        self.aliases.extend(new_alias);
        let current = current(&attempt);
        let named = current.is_some();
        self.current = current.or(self.current.take());
        named
    }

    /// Forgets the current PoS: the backend lost its state, or a new attempt starts.
    pub(crate) fn forget(&mut self) {
        self.current = None;
    }

    /// The id of the PoS that the client works with.
    pub(crate) fn current(&self) -> Option<String> {
        self.current.clone()
    }

    /// Everything known about a PoS. `vat` is used if no call named a VAT number.
    pub(crate) fn point(&self, pos: &PosProgress, vat: Option<&str>) -> PosEntry {
        let vat = self.vat.as_deref().or(vat).unwrap_or(CERTIFICATION_VAT[0]);
        PosEntry {
            id: pos.id.clone(),
            beacon_id: pos.beacon_id.clone(),
            merchant_pos_id: pos.merchant_pos_id.clone(),
            store_id: pos.store_id.clone(),
            alias: self.aliases.get(&pos.id).cloned(),
            vat: vat.to_owned(),
        }
    }
}

fn alias(body: &Body) -> Option<String> {
    let body: Value = serde_json::from_slice(&body.bytes).ok()?;
    let alias = body.get("callbackAlias")?.as_str()?;
    Some(alias.to_owned()).filter(|alias| !alias.is_empty())
}

/// The PoS that an attempt shows the client works with.
fn current(attempt: &Attempt) -> Option<String> {
    let gone = attempt.status == Some(404) || attempt.answer.code == "1000";
    match attempt.operation? {
        CREATE_POS => attempt.answer.created.clone(),
        GET_POS | GET_CHECK_IN if attempt.succeeded() => attempt.path_id().map(str::to_owned),
        GET_POS_WITH_FILTER => match &attempt.answer.found[..] {
            [only] => Some(only.clone()),
            _ => None,
        },
        INITIATE_PAYMENT | PREPARE_PAYMENT if !gone => Some(attempt.body.pos_id.clone()),
        _ => None,
    }
    .filter(|id| !id.is_empty())
}

/// Whether the operation shows that the client has a PoS at this backend.
pub(crate) fn onboards(operation: Option<Operation>) -> bool {
    matches!(operation, Some(CREATE_POS | GET_POS_WITH_FILTER))
}
