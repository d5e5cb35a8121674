//! Texts and examples of the API's description: what an operation does, what a header is for, example values.

use super::seed_data;
use crate::api::customer::CERTIFICATION_VAT;
use crate::api::shape::{Field, Kind};
use crate::api::{Operation, header};
use serde_json::{Map, Value, json};

/// A header of the API.
pub(super) struct HeaderText {
    pub name: &'static str,
    pub example: &'static str,
    /// Why it is sent, and what happens without it.
    pub why: &'static str,
}

/// The headers of a call, in the order of the reference.
pub(super) const HEADERS: [HeaderText; 5] = [
    HeaderText {
        name: header::AUTHORIZATION,
        example: "Bearer eyJ...",
        why: "Identifies the client. The token endpoint issues the token; without one, a call gets status 401.",
    },
    HeaderText {
        name: header::VERSION,
        example: "1.0.0",
        why: "The version of the client, as three numbers. A certificate covers one major and minor version.",
    },
    HeaderText {
        name: header::VAT,
        example: CERTIFICATION_VAT[0],
        why: "The merchant that the call is for. Optional only if the token was requested with merchant_vat.",
    },
    HeaderText {
        name: header::KEY,
        example: "5f0c2f0e-3f53-4a52-9a0b-1f1a40a7c9d1",
        why: "On calls that create something. A retry repeats key and body, so that nothing is created twice.",
    },
    HeaderText {
        name: header::CLIENT_ID,
        example: super::TEST_CLIENT,
        why: "The client id of the developer portal. Recommended: a call without it gets a warning in the verdict.",
    },
];

/// The text on a header; empty for an unknown one.
pub(super) fn why(name: &str) -> &'static str {
    HEADERS.iter().find(|text| text.name == name).map_or("", |text| text.why)
}

/// What an operation does, as one line.
pub(super) fn summary(operation: Operation) -> &'static str {
    match operation.name() {
        "GetStores" => "Lists the ids of the merchant's stores",
        "GetStore" => "Returns a store",
        "GetDetailedStores" => "Lists the merchant's stores with name, address and brand",
        "CreatePos" => "Onboards a point of sale (PoS) in a store",
        "GetPos" => "Returns a PoS, with the beacon id for its QR code",
        "GetPosWithFilter" => "Finds the ids of points of sale by store, beacon or merchantPosId",
        "DeletePos" => "Offboards a PoS",
        "GetCheckIn" => "Returns whether a customer is checked in; polled every pollDelayInMs",
        "InitiatePayment" => "Starts a payment on a PoS",
        "PreparePayment" => "Starts a payment whose amount is not known yet",
        "PaymentReady" => "Sets the amount of a prepared payment",
        "QueryPayment" => "Returns a payment and its status; polled every pollDelayInMs",
        "QueryPaymentIds" => "Finds the ids of payments by PoS, order or status",
        "CapturePayment" => "Captures a reserved payment, whole or in part",
        "CancelPayment" => "Cancels a payment that is not captured",
        "CreateRefund" => "Starts a refund of a captured payment, whole or in part",
        "GetRefund" => "Returns a refund and its status; polled every pollDelayInMs",
        "QueryRefundIds" => "Finds the ids of a payment's refunds",
        "CaptureRefund" => "Captures a reserved refund",
        "CancelRefund" => "Cancels a refund that is not captured",
        _ => "",
    }
}

/// An example of a request body: all required fields, and no others.
pub(super) fn example(fields: &[Field]) -> Value {
    let required = fields.iter().filter(|field| field.required);
    let object: Map<String, Value> = required.map(|field| (field.name.to_owned(), value(field))).collect();
    Value::Object(object)
}

fn value(field: &Field) -> Value {
    let store = || seed_data::stores().first().map(|store| store.id.to_string()).unwrap_or_default();
    match field.kind {
        Kind::Guid if field.name == "storeId" => store().into(),
        Kind::Guid => "2f6cb7a8-5f8d-4f3c-9f34-0f3a6d0c9e77".into(),
        Kind::Beacon => "315840300000123".into(),
        Kind::Amount => json!(100),
        Kind::Bool => false.into(),
        Kind::OneOf(names) => names.first().copied().into(),
        Kind::SetOf(names) => json!([names.first()]),
        Kind::Object(fields) => example(fields),
        Kind::Text => text(field.name).into(),
    }
}

fn text(name: &str) -> &'static str {
    match name {
        "orderId" => "order-1",
        "refundOrderId" => "refund-1",
        "merchantPosId" => "till-1",
        "name" => "Till 1",
        "phoneNumber" => crate::api::customer::CUSTOMERS[0].0,
        _ => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::shape;

    #[test]
    fn each_operation_has_a_summary() {
        for operation in Operation::ALL {
            assert!(!summary(operation).is_empty(), "{operation}");
        }
    }

    #[test]
    fn examples_conform_to_the_documented_shapes() {
        for operation in Operation::ALL {
            let fields = shape::fields(operation);
            if !fields.is_empty() {
                let body = example(fields).to_string();
                assert_eq!(shape::check(operation, body.as_bytes()), shape::Differences::default(), "{operation}");
            }
        }
    }
}
