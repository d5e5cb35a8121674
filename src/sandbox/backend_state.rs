//! The backend's whole state, and the dispatch of operations on it. No HTTP and no clock: each call carries its time.

use super::api_error::{Answer, Refusal};
use super::authenticate::Caller;
use super::body::Body;
use super::clock::Moment;
use super::idempotency::{Found, Keys, Request};
use super::payment::Payment;
use super::pos::Pos;
use super::refund::Refund;
use super::seed_data::{self, Store};
use super::table::Table;
use crate::api::{Guid, Operation, Route, error};
use serde_json::{Value, json};
use std::time::Duration;

/// A call whose token, headers and body are valid.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub operation: Operation,
    /// The id in the path, if the operation has one.
    pub id: Option<Guid>,
    /// The request line.
    pub route: Route,
    /// The authenticated client.
    pub caller: Caller,
    /// The idempotency key of a creating call.
    pub key: Option<String>,
    pub body: Body,
    /// When the call was received.
    pub now: Moment,
}

impl Call {
    /// The caller's integrator and VAT number.
    pub(super) fn owner(&self) -> (&str, &str) {
        (&self.caller.integrator, &self.caller.vat)
    }

    /// Whether a resource of that integrator and merchant belongs to the caller.
    pub(super) fn owns(&self, integrator: &str, vat: &str) -> bool {
        (integrator, vat) == self.owner()
    }

    /// The id in the path. Returns [`Refusal::NotFound`] without one.
    pub(super) fn id(&self) -> Result<&Guid, Refusal> {
        self.id.as_ref().ok_or(Refusal::NotFound)
    }

    /// A query parameter, if present and not empty.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.route.parameter(name).filter(|value| !value.is_empty())
    }

    /// An optional query parameter that must be a GUID.
    pub(super) fn guid_parameter(&self, name: &str) -> Result<Option<Guid>, Refusal> {
        let Some(value) = self.parameter(name) else { return Ok(None) };
        let wrong = || Refusal::Code(error::UNKNOWN, format!("`{name}` is {value:?}, which is not a GUID"));
        Guid::parse(value).map(Some).ok_or_else(wrong)
    }
}

/// Poll delays returned in responses.
#[derive(Clone, Copy, Debug)]
pub(super) struct PollDelays {
    /// For payments and check-ins, in milliseconds.
    pub payment_ms: u64,
    /// For refunds, in milliseconds.
    pub refund_ms: u64,
}

/// The backend's whole state.
#[derive(Debug)]
pub(super) struct BackendState {
    pub(super) delays: PollDelays,
    pub(super) stores: Vec<Store>,
    pub(super) poses: Table<Pos>,
    pub(super) payments: Table<Payment>,
    pub(super) refunds: Table<Refund>,
    /// How long refunds stay Initiated, if a test case sets it.
    pub(super) refund_hold: Option<Duration>,
    keys: Keys,
}

impl BackendState {
    /// A backend with the seeded merchants only.
    pub(super) fn new(delays: PollDelays) -> BackendState {
        BackendState {
            delays,
            stores: seed_data::stores(),
            poses: Table::default(),
            payments: Table::default(),
            refunds: Table::default(),
            refund_hold: None,
            keys: Keys::default(),
        }
    }

    /// Carries out a call. A creating call with a known key returns the first response again.
    pub(super) fn answer(&mut self, call: &Call) -> Result<Answer, Refusal> {
        if !call.operation.creates() {
            return self.carry_out(call);
        }
        let key = call.key.as_deref().ok_or(error::KEY_MISSING)?;
        let request = Request { vat: call.caller.vat.clone(), body: call.body.clone() };
        match self.keys.find(&call.caller.client_id, key, &request, call.now) {
            Found::Same(answer) => Ok(Answer::Body(answer)),
            Found::Other => Err(error::KEY_REUSED.into()),
            Found::New => {
                let answer = self.create(call)?;
                self.keys.keep(&call.caller.client_id, key, request, answer.clone(), call.now);
                Ok(Answer::Body(answer))
            }
        }
    }

    fn create(&mut self, call: &Call) -> Result<Value, Refusal> {
        match &call.body {
            Body::Pos(new) => self.create_pos(call, new).map(|id| json!({"posId": id.as_str()})),
            Body::Initiate(new, terms) => {
                self.create_payment(call, new, Some(terms)).map(|id| json!({"paymentId": id.as_str()}))
            }
            Body::Prepare(new) => self.create_payment(call, new, None).map(|id| json!({"paymentId": id.as_str()})),
            Body::Refund(new) => self.create_refund(call, new).map(|id| json!({"refundId": id.as_str()})),
            _ => Err(error::UNKNOWN.into()),
        }
    }

    fn carry_out(&mut self, call: &Call) -> Result<Answer, Refusal> {
        match call.operation {
            Operation::GET_STORES => {
                let ids = self.stores_of(call)?.iter().map(|store| store.id.as_str()).collect::<Vec<_>>();
                Ok(Answer::Body(json!({"storeIds": ids})))
            }
            Operation::GET_DETAILED_STORES => {
                Ok(Answer::Body(self.stores_of(call)?.into_iter().map(Store::answer).collect()))
            }
            Operation::GET_STORE => self.store(call),
            Operation::GET_POS => self.pos(call),
            Operation::GET_POS_WITH_FILTER => self.pos_ids(call),
            Operation::DELETE_POS => self.delete_pos(call),
            Operation::GET_CHECK_IN => self.check_in_of(call),
            Operation::PAYMENT_READY => self.ready_payment(call),
            Operation::QUERY_PAYMENT => self.query_payment(call),
            Operation::QUERY_PAYMENT_IDS => self.payment_ids(call),
            Operation::CAPTURE_PAYMENT => self.capture_payment(call),
            Operation::CANCEL_PAYMENT => self.cancel_payment(call),
            Operation::GET_REFUND => self.query_refund(call),
            Operation::QUERY_REFUND_IDS => self.refund_ids(call),
            Operation::CAPTURE_REFUND => self.capture_refund(call),
            Operation::CANCEL_REFUND => self.cancel_refund(call),
            Operation::CREATE_POS
            | Operation::INITIATE_PAYMENT
            | Operation::PREPARE_PAYMENT
            | Operation::CREATE_REFUND => self.create(call).map(Answer::Body),
            // Routing finds no operation of another API.
            _ => Err(error::UNKNOWN.into()),
        }
    }

    /// How long a refund takes to be reserved: the poll delay given to the client.
    pub(super) fn refund_delay(&self) -> Duration {
        self.refund_hold.unwrap_or_default().max(Duration::from_millis(self.delays.refund_ms))
    }

    /// The stores of the caller's merchant that match the filter.
    fn stores_of(&self, call: &Call) -> Result<Vec<&Store>, Refusal> {
        let filter = seed_data::filter(&call.route)?;
        let wanted = |store: &&Store| {
            let named = filter.is_none_or(|(brand, location)| (store.brand_id, store.location_id) == (brand, location));
            named && store.vat == call.caller.vat
        };
        Ok(self.stores.iter().filter(wanted).collect())
    }

    /// Another merchant's store is not found: GetStore has no 403.
    fn store(&self, call: &Call) -> Result<Answer, Refusal> {
        let id = call.id()?;
        let store = self.stores.iter().find(|store| store.id == *id && store.vat == call.caller.vat);
        Ok(Answer::Body(store.ok_or(Refusal::NotFound)?.answer()))
    }
}
