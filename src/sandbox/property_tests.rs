//! Invariants of the backend state under random actions of tills, customers and clocks.

use super::api_error::{Answer, Refusal};
use super::authenticate::Caller;
use super::backend_state::{BackendState, Call, PollDelays};
use super::body::{Body, NewPayment, NewPos, NewRefund, Terms};
use super::clock::Moment;
use super::customer::Simulation;
use crate::api::customer::{Account, CustomerAct};
use crate::api::{Amount, Guid, Operation, PaymentStatus};
use proptest::prelude::*;
use std::collections::HashMap;
use std::time::Duration;

const STORE: &str = "9d0a9c45-1793-4e82-9410-b0ee6779ab60";
const BEACON: &str = "000000000000001";

#[derive(Clone, Debug)]
enum Act {
    /// Initiates (or prepares) a payment with this key and this order id.
    Create {
        prepared: bool,
        key: u8,
        order: u8,
    },
    Ready(usize),
    Capture(usize, i64),
    Cancel(usize),
    Refund {
        payment: usize,
        key: u8,
        amount: i64,
    },
    CancelRefund(usize),
    Customer(CustomerAct),
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let account =
        prop::sample::select(vec![Account::Credit, Account::Debit, Account::Loyalty, Account::PartialCapture]);
    prop_oneof![
        4 => (any::<bool>(), 0u8..4, 0u8..2).prop_map(|(prepared, key, order)| Act::Create { prepared, key, order }),
        2 => (0usize..6).prop_map(Act::Ready),
        3 => (0usize..6, 50i64..102).prop_map(|(at, amount)| Act::Capture(at, amount)),
        1 => (0usize..6).prop_map(Act::Cancel),
        3 => (0usize..6, 4u8..8, 1i64..80).prop_map(|(payment, key, amount)| Act::Refund { payment, key, amount }),
        1 => (0usize..6).prop_map(Act::CancelRefund),
        3 => account.prop_map(|account| Act::Customer(CustomerAct::CheckIn(account))),
        3 => Just(Act::Customer(CustomerAct::Accept)),
        1 => Just(Act::Customer(CustomerAct::Cancel)),
        2 => prop::sample::select(vec![0u64, 1, 700, 90_000, 700_000]).prop_map(Act::Wait),
    ]
}

/// A backend, a PoS in it, and the state of its client.
struct Till {
    backend: BackendState,
    pos: Guid,
    now: Moment,
    payments: Vec<Guid>,
    refunds: Vec<Guid>,
    answered: HashMap<u8, (Body, Moment, Guid)>,
}

impl Till {
    fn new() -> Till {
        let delays = PollDelays { payment_ms: 1000, refund_ms: 100 };
        let pos = Guid::parse(STORE).unwrap();
        let now = Duration::from_secs(1_700_000_000);
        let (payments, refunds, answered) = Default::default();
        let mut till = Till { backend: BackendState::new(delays), pos, now, payments, refunds, answered };
        let new = NewPos {
            merchant_pos_id: "m".into(),
            store_id: Guid::parse(STORE).unwrap(),
            name: "n".into(),
            supported_beacon_types: vec!["QR"],
            beacon_id: Some(BEACON.into()),
            callback_alias: None,
            require_payment_before_checkin: false,
        };
        till.pos = till.create(Operation::CREATE_POS, 100, Body::Pos(new)).unwrap();
        till
    }

    fn call(&mut self, operation: Operation, id: Option<Guid>, key: Option<u8>, body: Body) -> Result<Answer, Refusal> {
        let text = |text: &str| text.to_owned();
        let caller = Caller { client_id: text("c"), integrator: text("i"), vat: text("DK90000028") };
        let route = crate::profile::pos_v10().route(operation.method(), "/v10");
        let key = key.map(|key| key.to_string());
        self.backend.answer(&Call { operation, id, route, caller, key, body, now: self.now })
    }

    fn create(&mut self, operation: Operation, key: u8, body: Body) -> Result<Guid, Refusal> {
        match self.call(operation, None, Some(key), body)? {
            Answer::Body(body) => {
                Ok(Guid::parse(body.as_object().unwrap().values().next().unwrap().as_str().unwrap()).unwrap())
            }
            Answer::Empty => unreachable!(),
        }
    }

    /// A create is new, or returns the key's first response, or is refused.
    fn created(&mut self, operation: Operation, key: u8, body: Body) -> Option<Guid> {
        let kept = |(_, since, _): &&(Body, Moment, Guid)| {
            self.now.checked_sub(*since).unwrap() < Duration::from_secs(24 * 3600)
        };
        let known = self.answered.get(&key).filter(kept).cloned();
        let outcome = self.create(operation, key, body.clone());
        match (known, outcome) {
            (Some((first, _, id)), outcome) if first == body => assert_eq!(outcome.unwrap(), id),
            (Some(_), outcome) => assert_eq!(outcome.unwrap_err().code(), Some(1306)),
            (None, Ok(id)) => {
                let again = !self.payments.contains(&id) && !self.refunds.contains(&id);
                self.answered.insert(key, (body, self.now, id.clone()));
                return again.then_some(id);
            }
            (None, Err(_)) => {}
        }
        None
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Create { prepared, key, order } => {
                let new = NewPayment { pos_id: self.pos.clone(), order_id: order.to_string() };
                let created = match prepared {
                    true => self.created(Operation::PREPARE_PAYMENT, *key, Body::Prepare(new)),
                    false => self.created(Operation::INITIATE_PAYMENT, *key, Body::Initiate(new, terms())),
                };
                self.payments.extend(created);
            }
            Act::Refund { payment, key, amount } => {
                let Some(payment_id) = self.payments.get(*payment).cloned() else { return };
                let (amount, currency_code) = (Amount(*amount), "DKK".into());
                let new = NewRefund { payment_id, refund_order_id: "r".into(), amount, currency_code };
                let created = self.created(Operation::CREATE_REFUND, *key, Body::Refund(new));
                self.refunds.extend(created);
            }
            Act::Ready(at) => self.on_payment(*at, Operation::PAYMENT_READY, Body::Ready(terms())),
            Act::Capture(at, amount) => {
                self.on_payment(*at, Operation::CAPTURE_PAYMENT, Body::Capture(Amount(*amount)));
            }
            Act::Cancel(at) => self.on_payment(*at, Operation::CANCEL_PAYMENT, Body::None),
            Act::CancelRefund(at) => {
                let id = self.refunds.get(*at).cloned();
                let _ = id.map(|id| self.call(Operation::CANCEL_REFUND, Some(id), None, Body::None));
            }
            Act::Customer(act) => {
                let _ =
                    self.backend.customer(&Simulation { beacon_id: BEACON.into(), phone: None, act: *act }, self.now);
            }
            Act::Wait(seconds) => self.now += Duration::from_secs(*seconds),
        }
    }

    /// Repeating an action on a payment returns the same result.
    fn on_payment(&mut self, at: usize, operation: Operation, body: Body) {
        let Some(id) = self.payments.get(at).cloned() else { return };
        let first = self.call(operation, Some(id.clone()), None, body.clone());
        let second = self.call(operation, Some(id), None, body);
        assert_eq!(first, second, "{operation} is naturally idempotent");
    }
}

fn terms() -> Terms {
    Terms {
        amount: Amount(100),
        currency_code: "DKK".into(),
        planned_capture_delay: "None".into(),
        merchant_payment_label: None,
        restrictions: None,
    }
}

proptest! {
    #[test]
    fn invariants_hold_under_random_actions(acts in prop::collection::vec(act(), 1..60)) {
        let mut till = Till::new();
        let mut before: HashMap<Guid, PaymentStatus> = HashMap::new();
        for act in &acts {
            till.act(act);
            let payments: Vec<_> = till.backend.payments.iter().collect();
            prop_assert!(payments.iter().filter(|payment| payment.state.is_active()).count() <= 1, "one active payment");
            for payment in payments {
                let left = before.insert(payment.id.clone(), payment.state);
                prop_assert!(left.is_none_or(|left| left == payment.state || !left.is_final()), "final is final");
                prop_assert_eq!(payment.captured.is_some(), payment.state == PaymentStatus::Captured);
                let refunds = till.backend.refunds.iter().filter(|refund| refund.wanted.payment_id == payment.id);
                let sum: i64 = refunds.filter(|refund| super::refund::counts(refund.state)).map(|refund| refund.wanted.amount.0).sum();
                prop_assert!(sum <= payment.captured.map_or(0, |captured| captured.0), "never more than was captured");
            }
        }
    }
}
