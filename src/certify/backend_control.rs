//! The backend's side of a case: the customer, and what the backend has to refuse. The embedded sandbox does all of it by
//! itself; a real backend has a customer simulation and takes calls of ours; what is left is done by people.

use super::credentials::Access;
use super::http_client::HttpClient;
use super::pos_registry::PosEntry;
use crate::api::customer::{Account, CustomerAct};
use crate::api::{Amount, id};
use crate::sandbox::Sandbox;
use http::Method;
use serde_json::json;
use std::time::Duration;

/// Who is at the other side.
#[expect(clippy::large_enum_variant, reason = "there is one in a process")]
pub enum BackendControl {
    /// The embedded sandbox.
    Embedded(Sandbox),
    /// A backend elsewhere.
    Elsewhere {
        /// Its customer simulation.
        simulation: Option<Simulation>,
        /// Access to it.
        access: Option<Access>,
    },
}

/// A customer simulation API.
pub struct Simulation {
    /// Its URL, without the act.
    pub url: String,
    /// How it is spoken to.
    pub http_client: HttpClient,
}

/// What became of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionResult {
    /// Done.
    Done,
    /// Not possible yet, and why.
    NotYet(String),
    /// People have to do it, and why.
    ByHand(String),
}

/// The backend's side.
pub struct Backend {
    side: BackendControl,
    in_the_way: Option<String>,
    /// Who checked in last: the one who accepts.
    customer: Account,
}

impl Backend {
    /// Nothing was brought about yet.
    pub fn new(side: BackendControl) -> Backend {
        Backend { side, in_the_way: None, customer: Account::Credit }
    }

    /// How long to wait before an act that was not possible is tried again.
    pub fn pace(&self) -> Duration {
        match self.side {
            BackendControl::Embedded(_) => Duration::ZERO,
            BackendControl::Elsewhere { .. } => Duration::from_millis(500),
        }
    }

    /// Whether everything on this side is done by itself, at once.
    pub fn is_embedded(&self) -> bool {
        matches!(self.side, BackendControl::Embedded(_))
    }

    /// Lets the customer act at a PoS.
    pub async fn act(&mut self, point: &PosEntry, act: CustomerAct) -> ActionResult {
        if let CustomerAct::CheckIn(account) = act {
            self.customer = account;
        }
        match &self.side {
            BackendControl::Embedded(sandbox) => {
                let beacon = sandbox.beacon(&point.id).ok_or_else(|| "there is no such PoS".to_owned());
                match beacon.and_then(|beacon| sandbox.customer(&beacon, act)) {
                    Ok(()) => ActionResult::Done,
                    Err(why) => ActionResult::NotYet(why),
                }
            }
            BackendControl::Elsewhere { simulation: None, .. } => {
                ActionResult::ByHand("there is no customer simulation".to_owned())
            }
            BackendControl::Elsewhere { simulation: Some(simulation), access } => {
                let known = Some(point.beacon_id.clone()).filter(|beacon| !beacon.is_empty());
                let beacon = match (known, access) {
                    (Some(beacon), _) => Some(beacon),
                    (None, Some(access)) => access.beacon(&point.id).await,
                    (None, None) => None,
                };
                match beacon {
                    Some(beacon) => simulation.act(&beacon, self.customer.phone(point.country()), act).await,
                    None => ActionResult::ByHand("the client has not read its PoS's beacon by GetPos".to_owned()),
                }
            }
        }
    }

    /// Puts a payment in the way of the next one.
    ///
    /// # Errors
    /// What people have to do, in a sentence.
    pub async fn obstruct(&mut self, point: Option<&PosEntry>) -> Result<(), String> {
        const BY_HAND: &str = "a payment has to be active on the point of sale before the next one is started";
        let point = point.ok_or_else(|| format!("no point of sale is known: {BY_HAND}"))?;
        match &self.side {
            BackendControl::Embedded(sandbox) => {
                let done = sandbox.beacon(&point.id).is_some_and(|beacon| sandbox.obstruct(&beacon));
                done.then_some(()).ok_or_else(|| BY_HAND.to_owned())
            }
            BackendControl::Elsewhere { access: Some(access), .. } => {
                let id = access.obstruct(&point.id).await.map_err(|why| format!("{BY_HAND} ({why})"))?;
                self.in_the_way = Some(id);
                Ok(())
            }
            BackendControl::Elsewhere { access: None, .. } => {
                Err(format!("{BY_HAND}, by another till or with its token"))
            }
        }
    }

    /// Sets what each store can refund; elsewhere the recorder refuses in the backend's stead.
    pub fn balance(&self, balance: Option<Amount>) {
        if let BackendControl::Embedded(sandbox) = &self.side {
            for store in sandbox.store_ids() {
                sandbox.store_balance(&store, balance);
            }
        }
    }

    /// Refunds take so long to be put aside.
    pub fn hold_refunds(&self, hold: Duration) {
        if let BackendControl::Embedded(sandbox) = &self.side {
            sandbox.hold_refunds(Some(hold));
        }
    }

    /// As before the case.
    pub async fn restore(&mut self) {
        self.balance(None);
        match &self.side {
            BackendControl::Embedded(sandbox) => {
                sandbox.hold_refunds(None);
                sandbox.unobstruct();
            }
            BackendControl::Elsewhere { access, .. } => {
                if let (Some(access), Some(payment)) = (access, self.in_the_way.take()) {
                    access.unobstruct(&payment).await;
                }
            }
        }
    }
}

impl Simulation {
    async fn act(&self, beacon: &str, phone: &str, act: CustomerAct) -> ActionResult {
        let beacon = id::canonical(beacon);
        let (name, body) = match act {
            CustomerAct::CheckIn(_) => ("checkin", json!({ "beaconId": beacon, "phoneNumber": phone })),
            CustomerAct::Accept => ("acceptpayment", json!({ "beaconId": beacon, "phoneNumber": phone })),
            CustomerAct::Cancel => ("cancelpaymentbyuser", json!({ "beaconId": beacon })),
        };
        let url = format!("{}/{name}", self.url);
        let json = [("content-type", "application/json")];
        match self.http_client.send(Method::POST, &url, &json, body.to_string()).await {
            Ok(reply) if (200..300).contains(&reply.status) => ActionResult::Done,
            Ok(reply) if matches!(reply.status, 300..=399 | 401 | 403 | 404 | 405 | 501) => {
                ActionResult::ByHand(format!("the customer simulation {url} answers {}", reply.words()))
            }
            Ok(reply) => ActionResult::NotYet(format!("the customer simulation {url} answers {}", reply.words())),
            Err(no) => {
                ActionResult::NotYet(format!("the customer simulation {url} gives no answer: {no}; {}", no.next_step))
            }
        }
    }
}
