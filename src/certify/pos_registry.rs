//! What the client's own calls tell of its points of sale, beside what the verifier keeps: which one it works with now,
//! its callback alias, and whose merchant it is.

use crate::api::Operation::{self, CreatePos, GetCheckIn, GetPos, GetPosWithFilter, InitiatePayment, PreparePayment};
use crate::api::customer::CERTIFICATION_VAT;
use crate::api::header;
use crate::capture::record::{Body, Exchange};
use crate::verify::attempt::Attempt;
use crate::verify::progress::PosProgress;
use serde_json::Value;
use std::collections::BTreeMap;

/// What was learned.
#[derive(Clone, Debug, Default)]
pub struct PosRegistry {
    current: Option<String>,
    aliases: BTreeMap<String, String>,
    vat: Option<String>,
}

/// A point of sale.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PosEntry {
    /// Its id.
    pub id: String,
    /// Its beacon; empty where nobody said it.
    pub beacon_id: String,
    /// The merchant's name for it; empty where nobody said it.
    pub merchant_pos_id: String,
    /// Its store; empty where nobody said it.
    pub store_id: String,
    /// Under which the client is notified of check-ins.
    pub alias: Option<String>,
    /// The merchant's VAT number.
    pub vat: String,
}

impl PosEntry {
    /// The country of its merchant.
    pub fn country(&self) -> &str {
        self.vat.get(..2).unwrap_or("DK")
    }
}

impl PosRegistry {
    /// Looks at an exchange that is over; `true` where it says with which PoS the client works.
    pub fn learn(&mut self, exchange: &Exchange) -> bool {
        let send = Attempt::of(exchange);
        let vat = exchange.request.values(header::VAT).find(|vat| header::is_vat_number(vat));
        self.vat = vat.map(str::to_owned).or(self.vat.take());
        let told = match send.operation {
            Some(CreatePos) => send.answer.created.clone().zip(alias(&exchange.request.body)),
            Some(GetPos) if send.succeeded() => {
                send.path_id.clone().zip(exchange.answer.as_ref().and_then(|answer| alias(&answer.body)))
            }
            _ => None,
        };
        self.aliases.extend(told);
        let current = current(&send);
        let named = current.is_some();
        self.current = current.or(self.current.take());
        named
    }

    /// What was learned is of a time that counts no more.
    pub fn forget(&mut self) {
        self.current = None;
    }

    /// The id of the PoS that the client works with.
    pub fn current(&self) -> Option<String> {
        self.current.clone()
    }

    /// All that is known of a PoS. `vat` is taken where no call said whose it is.
    pub fn point(&self, pos: &PosProgress, vat: Option<&str>) -> PosEntry {
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

/// The PoS that a send says the client works with.
fn current(send: &Attempt) -> Option<String> {
    let gone = send.status == Some(404) || send.answer.code == "1000";
    match send.operation? {
        CreatePos => send.answer.created.clone(),
        GetPos | GetCheckIn if send.succeeded() => send.path_id.clone(),
        GetPosWithFilter => match &send.answer.found[..] {
            [only] => Some(only.clone()),
            _ => None,
        },
        InitiatePayment | PreparePayment if !gone => Some(send.body.pos_id.clone()),
        _ => None,
    }
    .filter(|id| !id.is_empty())
}

/// Whether the operation shows that the client has a PoS at this backend.
pub fn onboards(operation: Option<Operation>) -> bool {
    matches!(operation, Some(CreatePos | GetPosWithFilter))
}
