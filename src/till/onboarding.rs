//! Onboarding: looks up the PoS before creating it, and frees a beacon that is taken (pos_management).

use super::api_call::{Call, list_field, text_field};
use super::{ClientError, KnownPos, Misbehavior, Till};
use crate::api::{Operation, error};
use serde_json::json;

impl Till {
    /// Makes the PoS with that `merchantPosId` the till's own: the existing one, or a new one.
    ///
    /// # Errors
    /// Whatever prevents the till from having a PoS.
    pub async fn onboard(&mut self, merchant_pos_id: &str) -> Result<KnownPos, ClientError> {
        let pos_id = match self.find_pos("merchantPosId", merchant_pos_id).await? {
            Some(pos_id) => pos_id,
            None => self.create_pos(merchant_pos_id).await?,
        };
        // Read the beacon id in any case: the backend generates it if the till sent none, and its value is
        // authoritative.
        let answer = self.call(&Call::on(Operation::GET_POS, &pos_id)).await?;
        let beacon_id = text_field(Operation::GET_POS, &answer, "beaconId")?;
        let pos = KnownPos { pos_id, merchant_pos_id: merchant_pos_id.to_owned(), beacon_id };
        self.remember(|memory| memory.pos = Some(pos.clone()))?;
        Ok(pos)
    }

    /// Deletes the till's PoS. A PoS that no longer exists counts as deleted.
    ///
    /// # Errors
    /// [`ClientError::StillHanging`] while a reservation on it is not settled, and whatever the backend refuses.
    pub async fn offboard(&mut self) -> Result<(), ClientError> {
        let pos = self.pos()?;
        let reservations = self.memory.hanging.iter().filter(|hanging| !hanging.intent.is_of_refund()).count();
        if reservations > 0 {
            return Err(ClientError::StillHanging(reservations));
        }
        if let Some(open) = self.memory.open.clone() {
            self.cancel(&open).await?;
        }
        self.delete_pos(&pos.pos_id).await?;
        if self.makes(Misbehavior::SellsOnDeletedPos) {
            self.sell_after_close(&pos).await;
        }
        self.remember(|memory| memory.pos = None)
    }

    /// The till's PoS.
    pub(super) fn pos(&self) -> Result<KnownPos, ClientError> {
        self.memory.pos.clone().ok_or(ClientError::NoPos)
    }

    async fn delete_pos(&mut self, pos_id: &str) -> Result<(), ClientError> {
        match self.call(&Call::on(Operation::DELETE_POS, pos_id)).await {
            Err(error) if !error.has_status(404) => Err(error),
            _ => Ok(()),
        }
    }

    async fn find_pos(&mut self, filter: &'static str, value: &str) -> Result<Option<String>, ClientError> {
        let operation = Operation::GET_POS_WITH_FILTER;
        let answer = self.call(&Call::of(operation).parameter(filter, value)).await?;
        Ok(list_field(operation, &answer, "posIds")?.into_iter().next())
    }

    async fn create_pos(&mut self, merchant_pos_id: &str) -> Result<String, ClientError> {
        let operation = Operation::CREATE_POS;
        let mut body = json!({
            "merchantPosId": merchant_pos_id,
            "storeId": self.find_store().await?,
            "name": merchant_pos_id,
            "supportedBeaconTypes": ["QR"],
        });
        if let Some(beacon) = &self.config.beacon_id {
            body["beaconId"] = json!(beacon);
        }
        let call = Call::of(operation).body(body);
        match self.call(&call).await {
            Ok(answer) => text_field(operation, &answer, "posId"),
            Err(error) if error.has_code(error::MERCHANT_POS_ID_TAKEN.code) => {
                self.find_pos("merchantPosId", merchant_pos_id).await?.ok_or(error)
            }
            Err(error) if error.has_code(error::BEACON_ID_TAKEN.code) => self.free_beacon(&call, error).await,
            Err(error) => Err(error),
        }
    }

    /// Frees the till's beacon, which belongs to an earlier PoS of its own: deletes that one and makes the same call
    /// again, with the same key.
    async fn free_beacon(&mut self, call: &Call, taken: ClientError) -> Result<String, ClientError> {
        let beacon = self.config.beacon_id.clone().unwrap_or_default();
        if self.makes(Misbehavior::HammersOnTakenBeacon) {
            return Err(taken);
        }
        let other = self.find_pos("beaconId", &beacon).await?.ok_or(taken)?;
        self.delete_pos(&other).await?;
        let answer = self.call(call).await?;
        text_field(Operation::CREATE_POS, &answer, "posId")
    }

    /// The merchant's store.
    async fn find_store(&mut self) -> Result<String, ClientError> {
        let operation = Operation::GET_STORES;
        let (brand, location) = (self.config.brand.clone(), self.config.location.clone());
        let call = Call::of(operation).parameter("merchantBrandId", &brand).parameter("merchantLocationId", &location);
        let answer = self.call(&call).await?;
        list_field(operation, &answer, "storeIds")?.into_iter().next().ok_or_else(|| {
            ClientError::Setup(format!("the merchant has no store with brand {brand} and location {location}"))
        })
    }
}
