//! All that the backend knows, and which operation does what to it. No HTTP and no clock: a call comes with its time.

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

/// A call whose token, headers and body are in order.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is asked for.
    pub operation: Operation,
    /// The id in the path, where the operation has one.
    pub id: Option<Guid>,
    /// The request line.
    pub route: Route,
    /// Who calls.
    pub caller: Caller,
    /// The idempotency key of a creating call.
    pub key: Option<String>,
    /// The body.
    pub body: Body,
    /// When.
    pub now: Moment,
}

impl Call {
    /// Integrator and VAT number of the caller.
    pub fn owner(&self) -> (&str, &str) {
        (&self.caller.integrator, &self.caller.vat)
    }

    /// Whether what belongs to that integrator and merchant belongs to the caller.
    pub fn owns(&self, integrator: &str, vat: &str) -> bool {
        (integrator, vat) == self.owner()
    }

    /// The id in the path; without one there is nothing to be found.
    pub fn id(&self) -> Result<&Guid, Refusal> {
        self.id.as_ref().ok_or(Refusal::NotFound)
    }

    /// A query parameter that is not empty.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.route.parameter(name).filter(|value| !value.is_empty())
    }

    /// A query parameter that has to be a GUID if it is there.
    pub fn guid_parameter(&self, name: &str) -> Result<Option<Guid>, Refusal> {
        let Some(value) = self.parameter(name) else { return Ok(None) };
        let wrong = || Refusal::Code(error::UNKNOWN, format!("`{name}` is {value:?}, which is not a GUID"));
        Guid::parse(value).map(Some).ok_or_else(wrong)
    }
}

/// What the answers say about polling.
#[derive(Clone, Copy, Debug)]
pub struct PollDelays {
    /// Of payments and check-ins, in milliseconds.
    pub payment_ms: u64,
    /// Of refunds, in milliseconds.
    pub refund_ms: u64,
}

/// All that the backend knows.
#[derive(Debug)]
pub struct BackendState {
    pub(super) delays: PollDelays,
    pub(super) stores: Vec<Store>,
    pub(super) poses: Table<Pos>,
    pub(super) payments: Table<Payment>,
    pub(super) refunds: Table<Refund>,
    /// How long refunds are held back for the sake of a case.
    pub(super) refund_hold: Option<Duration>,
    keys: Keys,
}

impl BackendState {
    /// A backend that has its merchants and nothing else.
    pub fn new(delays: PollDelays) -> BackendState {
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

    /// Carries a call out. A creating one with a known key gets its first answer again.
    pub fn answer(&mut self, call: &Call) -> Result<Answer, Refusal> {
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
            Operation::GetStores => {
                let ids = self.stores_of(call)?.iter().map(|store| store.id.as_str()).collect::<Vec<_>>();
                Ok(Answer::Body(json!({"storeIds": ids})))
            }
            Operation::GetDetailedStores => {
                Ok(Answer::Body(self.stores_of(call)?.into_iter().map(Store::answer).collect()))
            }
            Operation::GetStore => self.store(call),
            Operation::GetPos => self.pos(call),
            Operation::GetPosWithFilter => self.pos_ids(call),
            Operation::DeletePos => self.delete_pos(call),
            Operation::GetCheckIn => self.check_in_of(call),
            Operation::PaymentReady => self.ready_payment(call),
            Operation::QueryPayment => self.query_payment(call),
            Operation::QueryPaymentIds => self.payment_ids(call),
            Operation::CapturePayment => self.capture_payment(call),
            Operation::CancelPayment => self.cancel_payment(call),
            Operation::GetRefund => self.query_refund(call),
            Operation::QueryRefundIds => self.refund_ids(call),
            Operation::CaptureRefund => self.capture_refund(call),
            Operation::CancelRefund => self.cancel_refund(call),
            Operation::CreatePos | Operation::InitiatePayment | Operation::PreparePayment | Operation::CreateRefund => {
                self.create(call).map(Answer::Body)
            }
        }
    }

    /// How long a refund takes to be reserved: as long as a client is asked to wait before it looks.
    pub(super) fn refund_delay(&self) -> Duration {
        self.refund_hold.unwrap_or_default().max(Duration::from_millis(self.delays.refund_ms))
    }

    /// The stores of the caller's merchant that the filter names.
    fn stores_of(&self, call: &Call) -> Result<Vec<&Store>, Refusal> {
        let filter = seed_data::filter(&call.route)?;
        let wanted = |store: &&Store| {
            let named = filter.is_none_or(|(brand, location)| (store.brand_id, store.location_id) == (brand, location));
            named && store.vat == call.caller.vat
        };
        Ok(self.stores.iter().filter(wanted).collect())
    }

    /// A store of another merchant is not found: GetStore has no 403.
    fn store(&self, call: &Call) -> Result<Answer, Refusal> {
        let id = call.id()?;
        let store = self.stores.iter().find(|store| store.id == *id && store.vat == call.caller.vat);
        Ok(Answer::Body(store.ok_or(Refusal::NotFound)?.answer()))
    }
}
