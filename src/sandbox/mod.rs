//! The simulated backend: the PoS API v10 with its state machines, token endpoint and simulated customers.
//!
//! [`backend_state::BackendState`] and the types below it decide on plain values; `http` converts requests to calls and
//! results to responses; `serve` handles TLS and connections. The sandbox follows the API's documentation, not what
//! would be convenient for the verifier, because the verifier's cases are tested against it.

mod api_error;
mod api_texts;
mod authenticate;
mod backend_state;
mod body;
mod checked_in_customer;
pub(crate) mod clock;
mod customer;
pub(crate) mod first_call;
mod gate;
mod http;
mod idempotency;
mod linger;
mod openapi;
mod payment;
mod payment_operations;
mod pos;
mod pos_operations;
pub(crate) mod reference;
mod refund;
mod refund_operations;
mod schema;
pub(crate) mod seed_data;
mod serve;
mod table;
mod token;
mod token_endpoint;

#[cfg(test)]
mod behaviour_tests;
#[cfg(test)]
mod codes_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod test_client;

pub(crate) use self::http::{OPENAPI, REFERENCE};
pub use clock::{Clock, Moment};
pub use gate::Gate;
pub use payment::INACTIVITY;
pub use token::LIFETIME_SECONDS as TOKEN_LIFETIME_SECONDS;

use crate::api::customer::CustomerAct;
use crate::api::{Amount, Guid, id};
use backend_state::{BackendState, PollDelays};
use customer::Simulation;
use payment::Event;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use token::Signer;

/// Credentials of a client known to the token endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCredentials {
    /// The client id, a GUID.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: String,
    /// The client's integrator. Integrators cannot access each other's resources.
    pub integrator: String,
}

/// The client id of the first test client.
pub const TEST_CLIENT: &str = "c0ffee00-0000-4000-8000-000000000001";

/// The options of a sandbox.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// `pollDelayInMs` of payments and check-ins, in milliseconds.
    pub poll_delay_ms: u64,
    /// `pollDelayInMs` of refunds, in milliseconds, and how long a refund takes to be reserved.
    pub refund_poll_delay_ms: u64,
    /// The clients known to the token endpoint.
    pub clients: Vec<ClientCredentials>,
    /// Whether the header with the client system's name is required, as in early 2020.
    pub require_system_name: bool,
}

impl Default for SandboxOptions {
    /// Two integrators with documented credentials; the first has two clients.
    fn default() -> SandboxOptions {
        let client = |id: &str, secret: &str, integrator: &str| ClientCredentials {
            client_id: id.to_owned(),
            client_secret: secret.to_owned(),
            integrator: integrator.to_owned(),
        };
        SandboxOptions {
            poll_delay_ms: 1000,
            refund_poll_delay_ms: 100,
            clients: vec![
                client(TEST_CLIENT, "sandbox-secret-one", "INTEGRATOR-1"),
                client("c0ffee00-0000-4000-8000-000000000002", "sandbox-secret-two", "INTEGRATOR-2"),
                client("c0ffee00-0000-4000-8000-000000000003", "sandbox-secret-three", "INTEGRATOR-1"),
            ],
            require_system_name: false,
        }
    }
}

impl SandboxOptions {
    /// Puts a client first. An unknown client gets the secret of the first test client.
    #[must_use]
    pub fn with_client(mut self, client_id: &str) -> SandboxOptions {
        let place = self.clients.iter().position(|client| client.client_id.eq_ignore_ascii_case(client_id));
        let client = match place {
            Some(place) => Some(self.clients.remove(place)),
            None => {
                self.clients.first().map(|first| ClientCredentials { client_id: client_id.to_owned(), ..first.clone() })
            }
        };
        self.clients.splice(0..0, client);
        self
    }
}

/// A simulated backend. Clones share their state.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    options: SandboxOptions,
    clock: Clock,
    signer: Option<Signer>,
    backend: Mutex<BackendState>,
}

impl Sandbox {
    /// A backend with the seeded merchants only.
    pub fn new(options: SandboxOptions) -> Sandbox {
        let delays = PollDelays { payment_ms: options.poll_delay_ms, refund_ms: options.refund_poll_delay_ms };
        let backend = Mutex::new(BackendState::new(delays));
        let (clock, signer) = (Clock::new(), Signer::random());
        Sandbox { inner: Arc::new(Inner { options, clock, signer, backend }) }
    }

    /// The sandbox's clock, which tests can advance.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The clients known to the token endpoint.
    pub fn clients(&self) -> &[ClientCredentials] {
        &self.inner.options.clients
    }

    /// Performs a customer simulation action. The error is a message that says why nothing happened.
    pub fn customer(&self, beacon_id: &str, act: CustomerAct) -> Result<(), String> {
        let simulation = Simulation { beacon_id: beacon_id.to_owned(), phone: None, act };
        self.backend().customer(&simulation, self.inner.clock.now())
    }

    /// Sets what a store can refund (`None`: no limit), to cause 409/1368. Returns `false` if there is no such store.
    /// An Initiated refund that the balance no longer covers ends CancelledByMobilePay.
    pub fn store_balance(&self, store_id: &str, balance: Option<Amount>) -> bool {
        let mut backend = self.backend();
        backend.settle_refunds(self.inner.clock.now());
        let store = Guid::parse(store_id).and_then(|id| backend.stores.iter_mut().find(|store| store.id == id));
        store.map(|store| store.balance = balance).is_some()
    }

    pub fn store_ids(&self) -> Vec<String> {
        self.backend().stores.iter().map(|store| store.id.as_str().to_owned()).collect()
    }

    /// Opens or closes a store, to cause 409/1204. Returns `false` if there is no such store.
    pub fn store_active(&self, store_id: &str, active: bool) -> bool {
        let mut backend = self.backend();
        let store = Guid::parse(store_id).and_then(|id| backend.stores.iter_mut().find(|store| store.id == id));
        store.map(|store| store.active = active).is_some()
    }

    /// Obstructs the next payment on the PoS with that beacon: the next InitiatePayment or PreparePayment that would
    /// succeed is stored as an active payment, as if its response had been lost earlier, and returns 409/1301. Returns
    /// `false` if there is no such PoS.
    pub fn obstruct(&self, beacon_id: &str) -> bool {
        let beacon = id::canonical(beacon_id);
        let mut backend = self.backend();
        let pos = backend.poses.iter_mut().find(|pos| !pos.deleted && pos.beacon_id == beacon);
        pos.map(|pos| pos.obstructed = true).is_some()
    }

    /// Removes all obstructions of [`Sandbox::obstruct`]; an obstructing payment that is still active is cancelled.
    pub fn unobstruct(&self) {
        let now = self.inner.clock.now();
        let mut backend = self.backend();
        let backend = &mut *backend;
        for pos in backend.poses.iter_mut() {
            pos.obstructed = false;
            let payment = pos.in_the_way.take().and_then(|id| backend.payments.get_mut(&id));
            payment.map(|payment| payment.happen(Event::ClientCancel, now));
        }
    }

    /// How long refunds stay Initiated from now on, so that they can be cancelled (`None`: the default).
    pub fn hold_refunds(&self, hold: Option<Duration>) {
        let mut backend = self.backend();
        backend.settle_refunds(self.inner.clock.now());
        backend.refund_hold = hold;
    }

    /// The beacon of a PoS; `None` if it is unknown or deleted.
    pub fn beacon(&self, pos_id: &str) -> Option<String> {
        let id = Guid::parse(pos_id)?;
        let backend = self.backend();
        backend.poses.get(&id).filter(|pos| !pos.deleted).map(|pos| pos.beacon_id.clone())
    }

    /// The store of a PoS; `None` if it is unknown or deleted.
    pub fn store_of(&self, pos_id: &str) -> Option<String> {
        let id = Guid::parse(pos_id)?;
        let backend = self.backend();
        backend.poses.get(&id).filter(|pos| !pos.deleted).map(|pos| pos.made.store_id.as_str().to_owned())
    }

    /// The sandbox's own OpenAPI 3 description, as served at `/openapi.json`.
    pub fn openapi() -> serde_json::Value {
        openapi::description()
    }

    /// Locks the state for one call. After a panic it stays usable: a call changes at most one resource.
    fn backend(&self) -> MutexGuard<'_, BackendState> {
        self.inner.backend.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
