//! A client for the sandbox's own tests: sends requests directly to the router and rejects undocumented responses.

use super::schema::{self, Shape};
use super::{Sandbox, SandboxOptions};
use crate::api::{Operation, error};
use axum::body::Body;
use http::Request;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// The certification merchant's store in Denmark.
pub(super) const STORE: &str = "9d0a9c45-1793-4e82-9410-b0ee6779ab60";

/// A response: status, code (0 if there is none), body (null if empty).
#[derive(Debug, PartialEq)]
pub(super) struct Got {
    pub status: u16,
    pub code: u16,
    pub body: Value,
}

impl Got {
    /// A string field of the body.
    pub(super) fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_else(|| panic!("no {name} in {self:?}")).to_owned()
    }
}

/// A client with a token, acting for a merchant.
#[derive(Clone)]
pub(super) struct Trial {
    pub sandbox: Sandbox,
    pub headers: Vec<(String, String)>,
    pub seen: std::rc::Rc<RefCell<BTreeSet<u16>>>,
}

impl Trial {
    /// A new sandbox, and its first client acting for the certification merchant in Denmark.
    pub(super) async fn new() -> Trial {
        let sandbox = Sandbox::new(SandboxOptions::default());
        Trial { sandbox, headers: Vec::new(), seen: std::rc::Rc::default() }.with(0, "DK90000028").await
    }

    /// Another client of the same sandbox, acting for a merchant.
    pub(super) async fn with(&self, client: usize, vat: &str) -> Trial {
        let token = self.token(client, "grant_type=client_credentials").await;
        let headers = [
            ("authorization", format!("Bearer {token}")),
            ("x-mobilepay-client-system-version", "1.0.0".to_owned()),
            ("x-mobilepay-merchant-vat-number", vat.to_owned()),
            ("x-mobilepay-idempotency-key", String::new()),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Trial { headers, ..self.clone() }
    }

    /// A token for one of the sandbox's clients.
    pub(super) async fn token(&self, client: usize, form: &str) -> String {
        let client = &self.sandbox.clients()[client];
        let form = format!("{form}&client_id={}&client_secret={}", client.client_id, client.client_secret);
        let got = self.raw("POST", "/integrator-authentication/connect/token", &[], form.into()).await;
        got.text("access_token")
    }

    /// The same client with another value of a header; an empty value removes it.
    pub(super) fn header(&self, name: &str, value: &str) -> Trial {
        let mut other = self.clone();
        other.headers.retain(|(have, _)| have != name);
        other.headers.push((name.to_owned(), value.to_owned()));
        other
    }

    /// The same client, sending a header twice.
    pub(super) fn twice(&self, name: &str, value: &str) -> Trial {
        let mut other = self.header(name, value);
        other.headers.push((name.to_owned(), value.to_owned()));
        other
    }

    /// Sends a request with a body (null: none), and a new idempotency key if the operation needs one and none is set.
    pub(super) async fn call(&self, operation: Operation, id: &str, query: &str, body: Value) -> Got {
        let path = operation.template().split('/').map(|part| if part.starts_with('{') { id } else { part });
        let target = format!("/pos/v10{}{query}", path.collect::<Vec<_>>().join("/"));
        let mut headers = self.headers.clone();
        for (name, value) in &mut headers {
            if name == "x-mobilepay-idempotency-key" && value.is_empty() && operation.creates() {
                *value = uuid::Uuid::new_v4().to_string();
            }
        }
        headers.retain(|(_, value)| !value.is_empty());
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let got = self.raw(operation.method(), &target, &headers, body).await;
        check(operation, &got);
        self.seen.borrow_mut().insert(got.code);
        got
    }

    /// Sends any request.
    pub(super) async fn raw(&self, method: &str, target: &str, headers: &[(String, String)], body: Vec<u8>) -> Got {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(body)).unwrap();
        let response = TowerToHyperService::new(self.sandbox.router()).call(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body: Value = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        let code = body["code"].as_str().and_then(|code| code.parse().ok()).unwrap_or(0);
        Got { status, code, body }
    }

    /// Creates a PoS with that name; `more` is merged into the request body.
    pub(super) async fn pos(&self, name: &str, more: Value) -> Got {
        let mut body = json!({"merchantPosId": name, "storeId": STORE, "name": "till", "supportedBeaconTypes": ["QR"]});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        self.call(Operation::CREATE_POS, "", "", body).await
    }

    /// Initiates a payment of 100.00 on a PoS.
    pub(super) async fn pay(&self, pos: &str) -> Got {
        self.call(Operation::INITIATE_PAYMENT, "", "", payment(pos)).await
    }

    /// A payment of 100.00 that was reserved and captured, on a new PoS with that 15-digit beacon id.
    pub(super) async fn paid(&self, beacon: &str) -> String {
        let pos = self.pos(beacon, json!({"beaconId": beacon})).await.text("posId");
        let payment = self.pay(&pos).await.text("paymentId");
        self.simulate("checkin", beacon, "+4520031801").await;
        self.simulate("acceptpayment", beacon, "+4520031801").await;
        let got = self.call(Operation::CAPTURE_PAYMENT, &payment, "", json!({"amount": 100})).await;
        assert_eq!((got.status, got.body), (200, Value::Null));
        payment
    }

    /// Creates a refund of a payment.
    pub(super) async fn refund(&self, payment: &str, amount: &str, currency: &str) -> Got {
        let amount: Value = serde_json::from_str(amount).unwrap();
        let body = json!({"paymentId": payment, "refundOrderId": "r", "amount": amount, "currencyCode": currency});
        self.call(Operation::CREATE_REFUND, "", "", body).await
    }

    /// An action of the simulated customer, which must succeed.
    pub(super) async fn simulate(&self, act: &str, beacon: &str, phone: &str) {
        let body = json!({"beaconId": beacon, "phoneNumber": phone}).to_string().into_bytes();
        let got = self.raw("POST", &format!("/pos/app/usersimulation/{act}"), &[], body).await;
        assert_eq!(got, Got { status: 200, code: 0, body: Value::Null }, "{act}");
    }

    pub(super) async fn status(&self, payment: &str) -> String {
        self.call(Operation::QUERY_PAYMENT, payment, "", Value::Null).await.text("status")
    }
}

/// The request body of a payment of 100.00 on a PoS.
pub(super) fn payment(pos: &str) -> Value {
    json!({"posId": pos, "orderId": "o", "amount": 100, "currencyCode": "DKK", "plannedCaptureDelay": "None"})
}

/// Checks that the response is documented: the error code of that operation, the fields of the body.
fn check(operation: Operation, got: &Got) {
    if got.code != 0 {
        let code = error::of(got.code).unwrap_or_else(|| panic!("{operation}: {got:?}"));
        assert_eq!(code.status, got.status, "{operation}: {got:?}");
        let documented = error::COMMON.contains(&code) || error::of_operation(operation).contains(&code);
        assert!(documented, "{operation} has no {}", got.code);
        assert!(got.body["message"].is_string() && got.body["correlationId"].is_string());
    } else if got.status == 200 {
        match schema::answer(operation) {
            Shape::Empty => assert_eq!(got.body, Value::Null, "{operation}"),
            Shape::Object(fields) => {
                let answer = got.body.as_object().unwrap();
                assert!(answer.keys().all(|name| fields.iter().any(|field| field.0 == name)), "{operation}: {got:?}");
                assert!(fields.iter().all(|field| !field.2 || answer.contains_key(field.0)), "{operation}: {got:?}");
            }
            Shape::List(_) => assert!(got.body.is_array()),
        }
    } else {
        assert!(matches!(got.status, 401 | 404) && got.body.is_null(), "{operation}: {got:?}");
    }
}
