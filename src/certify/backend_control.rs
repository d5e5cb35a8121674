//! Control of the backend during a case: the simulated customer, and the refusals that a case needs.
//!
//! The embedded sandbox does all of it. An external backend is driven through its customer simulation and API; what
//! these cannot do is left to the operator.

use super::credentials::Access;
use super::http_client::HttpClient;
use super::pos_registry::PosEntry;
use crate::api::customer::{Account, CustomerAct};
use crate::api::{Amount, id};
use crate::sandbox::Sandbox;
use http::Method;
use serde_json::json;
use std::time::Duration;

/// How the backend is controlled.
#[expect(clippy::large_enum_variant, reason = "there is one in a process")]
pub(crate) enum BackendControl {
    Embedded(Sandbox),
    /// An external backend.
    Elsewhere {
        /// Its customer simulation.
        simulation: Option<Simulation>,
        /// Access to its API.
        access: Option<Access>,
    },
}

/// A customer simulation API.
pub(crate) struct Simulation {
    /// Its URL, without the name of the action.
    pub url: String,
    pub http_client: HttpClient,
}

/// The outcome of a customer action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ActionResult {
    Done,
    /// Not possible yet, with the reason.
    NotYet(String),
    /// The operator has to do it, with the reason.
    Manual(String),
}

/// The backend of a certification.
pub(crate) struct Backend {
    side: BackendControl,
    in_the_way: Option<String>,
    /// The customer who checked in last, and therefore accepts.
    customer: Account,
}

impl Backend {
    /// A backend in its initial state.
    pub(crate) fn new(side: BackendControl) -> Backend {
        Backend { side, in_the_way: None, customer: Account::Credit }
    }

    /// The pause before an action that was not possible is retried.
    pub(crate) fn retry_interval(&self) -> Duration {
        match self.side {
            BackendControl::Embedded(_) => Duration::ZERO,
            BackendControl::Elsewhere { .. } => Duration::from_millis(500),
        }
    }

    /// Whether the backend is the embedded sandbox, which performs every action at once.
    pub(crate) fn is_embedded(&self) -> bool {
        matches!(self.side, BackendControl::Embedded(_))
    }

    /// Performs a customer action at a PoS.
    pub(crate) async fn act(&mut self, point: &PosEntry, act: CustomerAct) -> ActionResult {
        if let CustomerAct::CheckIn(account) = act {
            self.customer = account;
        }
        match &self.side {
            BackendControl::Embedded(sandbox) => {
                let beacon = sandbox.beacon(&point.id).ok_or_else(|| "unknown point of sale".to_owned());
                match beacon.and_then(|beacon| sandbox.customer(&beacon, act)) {
                    Ok(()) => ActionResult::Done,
                    Err(why) => ActionResult::NotYet(why),
                }
            }
            BackendControl::Elsewhere { simulation: None, .. } => {
                ActionResult::Manual("no customer simulation is configured".to_owned())
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
                    None => ActionResult::Manual("beacon unknown: the client has not called GetPos".to_owned()),
                }
            }
        }
    }

    /// Creates a payment that makes the backend refuse the next one.
    ///
    /// # Errors
    /// The payment cannot be created; the message says what the operator has to do.
    pub(crate) async fn obstruct(&mut self, point: Option<&PosEntry>) -> Result<(), String> {
        const BY_HAND: &str = "start a payment on the point of sale before the till starts the next one";
        let point = point.ok_or_else(|| format!("unknown point of sale; {BY_HAND}"))?;
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
                Err(format!("{BY_HAND}, from another till or with its token"))
            }
        }
    }

    /// Sets the refundable balance of each store. For an external backend the recorder returns the refusal instead.
    pub(crate) fn balance(&self, balance: Option<Amount>) {
        if let BackendControl::Embedded(sandbox) = &self.side {
            for store in sandbox.store_ids() {
                sandbox.store_balance(&store, balance);
            }
        }
    }

    /// Sets how long the reservation of a refund takes.
    pub(crate) fn hold_refunds(&self, hold: Duration) {
        if let BackendControl::Embedded(sandbox) = &self.side {
            sandbox.hold_refunds(Some(hold));
        }
    }

    /// Restores the state from before the case.
    pub(crate) async fn restore(&mut self) {
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
                ActionResult::Manual(format!("the customer simulation {url} returned {}", reply.words()))
            }
            Ok(reply) => ActionResult::NotYet(format!("the customer simulation {url} returned {}", reply.words())),
            Err(no) => {
                ActionResult::NotYet(format!("cannot reach the customer simulation {url}: {no}; {}", no.next_step))
            }
        }
    }
}
