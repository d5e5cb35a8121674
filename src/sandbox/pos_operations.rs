//! The operations on points of sale (pos_management).

use super::api_error::{Answer, Refusal};
use super::backend_state::{BackendState, Call};
use super::body::NewPos;
use super::pos::Pos;
use super::table::new_id;
use crate::api::error::{self, ErrorCode};
use crate::api::{Guid, id};
use serde_json::json;

impl BackendState {
    pub(super) fn create_pos(&mut self, call: &Call, new: &NewPos) -> Result<Guid, Refusal> {
        let store = self.stores.iter().find(|store| store.id == new.store_id).ok_or(error::NO_SUCH_STORE)?;
        if store.vat != call.caller.vat {
            return Err(error::STORE_OF_OTHER_MERCHANT.into());
        }
        let active = || self.poses.iter().filter(|pos| !pos.deleted);
        let same_name =
            |pos: &Pos| call.owns(&pos.integrator, &pos.vat) && pos.made.merchant_pos_id == new.merchant_pos_id;
        if active().any(same_name) {
            return Err(error::MERCHANT_POS_ID_TAKEN.into());
        }
        if new.beacon_id.as_ref().is_some_and(|beacon| active().any(|pos| pos.beacon_id == *beacon)) {
            return Err(error::BEACON_ID_TAKEN.into());
        }
        let id = new_id();
        self.poses.add(id.clone(), Pos::new(call.owner(), id.clone(), new_id(), new.clone()));
        Ok(id)
    }

    pub(super) fn pos(&mut self, call: &Call) -> Result<Answer, Refusal> {
        let pos = self.own_pos(call, error::POS_OF_OTHER_MERCHANT)?;
        if pos.deleted { Err(Refusal::NotFound) } else { Ok(Answer::Body(pos.answer())) }
    }

    pub(super) fn pos_ids(&self, call: &Call) -> Result<Answer, Refusal> {
        let store = call.guid_parameter("storeId")?;
        let beacon = call.parameter("beaconId").map(id::canonical);
        let name = call.parameter("merchantPosId");
        if store.is_none() && beacon.is_none() && name.is_none() {
            return Err(error::POS_FILTER.into());
        }
        let wanted = |pos: &&Pos| {
            !pos.deleted
                && call.owns(&pos.integrator, &pos.vat)
                && store.as_ref().is_none_or(|store| pos.made.store_id == *store)
                && beacon.as_ref().is_none_or(|beacon| pos.beacon_id == *beacon)
                && name.is_none_or(|name| pos.made.merchant_pos_id == name)
        };
        let ids: Vec<_> = self.poses.iter().filter(wanted).map(|pos| pos.id.as_str()).collect();
        Ok(Answer::Body(json!({"posIds": ids})))
    }

    /// An active payment on the PoS continues; a reserved one can be captured and cancelled.
    pub(super) fn delete_pos(&mut self, call: &Call) -> Result<Answer, Refusal> {
        let pos = self.own_pos(call, error::DELETE_OTHER_MERCHANT)?;
        pos.deleted = true;
        pos.visit = None;
        Ok(Answer::Empty)
    }

    pub(super) fn check_in_of(&mut self, call: &Call) -> Result<Answer, Refusal> {
        let delay = self.delays.payment_ms;
        let id = self.own_pos(call, error::POS_OF_OTHER_INTEGRATOR)?.id.clone();
        self.settle_pos(&id, call.now);
        match self.poses.get_mut(&id) {
            Some(pos) if !pos.deleted => Ok(Answer::Body(pos.check_in_answer(delay))),
            _ => Err(Refusal::NotFound),
        }
    }

    /// The PoS in the path, deleted or not; or why the caller may not access it.
    fn own_pos(&mut self, call: &Call, other_merchant: ErrorCode) -> Result<&mut Pos, Refusal> {
        let pos = self.poses.get_mut(call.id()?).ok_or(Refusal::NotFound)?;
        if pos.integrator != call.caller.integrator {
            return Err(error::POS_OF_OTHER_INTEGRATOR.into());
        }
        if pos.vat != call.caller.vat {
            return Err(other_merchant.into());
        }
        Ok(pos)
    }
}
