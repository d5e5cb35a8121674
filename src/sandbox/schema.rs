//! JSON Schemas of bodies: requests from the table in [`shape`], responses from the table here.

use crate::api::shape::{self, BEACON_TYPES, CAPTURE_DELAYS, CURRENCIES};
use crate::api::{Operation, PaymentStatus, RefundStatus};
use serde_json::{Map, Value, json};

/// The type of a response field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Guid,
    /// A string.
    Text,
    /// An RFC 3339 timestamp.
    Time,
    /// Money.
    Amount,
    /// A count or a duration in milliseconds.
    Integer,
    /// `true` or `false`.
    Bool,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// The state of a payment.
    PaymentStatus,
    /// The state of a refund.
    RefundStatus,
    /// A set of these strings.
    SetOf(&'static [&'static str]),
    /// A list of strings.
    Texts,
    /// A list of GUIDs.
    Guids,
    Object(&'static [Field]),
}

/// Name, type, and whether it is always present.
type Field = (&'static str, Kind, bool);

/// The body of an operation's 200 response.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// No body.
    Empty,
    /// An object of these fields and no others.
    Object(&'static [Field]),
    /// A list of such objects.
    List(&'static [Field]),
}

const STORE: &[Field] = &[
    ("storeId", Kind::Guid, true),
    ("storeName", Kind::Text, true),
    ("storeStreet", Kind::Text, true),
    ("storeZipCode", Kind::Text, true),
    ("storeCity", Kind::Text, true),
    ("brandName", Kind::Text, true),
    ("merchantBrandId", Kind::Text, true),
    ("merchantLocationId", Kind::Text, true),
];

const POS: &[Field] = &[
    ("posId", Kind::Guid, true),
    ("merchantPosId", Kind::Text, true),
    ("storeId", Kind::Guid, true),
    ("name", Kind::Text, true),
    ("beaconId", Kind::Text, true),
    ("callbackAlias", Kind::Text, false),
    ("supportedBeaconTypes", Kind::SetOf(BEACON_TYPES), true),
    ("requirePaymentBeforeCheckin", Kind::Bool, true),
];

const CHECK_IN: &[Field] = &[
    ("isUserCheckedIn", Kind::Bool, true),
    ("pollDelayInMs", Kind::Integer, true),
    ("loyaltyIds", Kind::Texts, false),
    ("customerToken", Kind::Text, false),
    ("customerReceiptToken", Kind::Text, false),
];

const RESTRICTIONS: &[Field] =
    &[("debitCardDisallowed", Kind::Bool, false), ("creditCardDisallowed", Kind::Bool, false)];

const PAYMENT: &[Field] = &[
    ("paymentId", Kind::Guid, true),
    ("posId", Kind::Guid, true),
    ("orderId", Kind::Text, true),
    ("amount", Kind::Amount, false),
    ("currencyCode", Kind::OneOf(CURRENCIES), false),
    ("restrictions", Kind::Object(RESTRICTIONS), false),
    ("merchantPaymentLabel", Kind::Text, false),
    ("plannedCaptureDelay", Kind::OneOf(CAPTURE_DELAYS), false),
    ("status", Kind::PaymentStatus, true),
    ("customerToken", Kind::Text, false),
    ("customerReceiptToken", Kind::Text, false),
    ("loyaltyIds", Kind::Texts, false),
    ("paymentExpiresAt", Kind::Time, false),
    ("partialCapturePossible", Kind::Bool, false),
    ("pollDelayInMs", Kind::Integer, true),
];

const REFUND: &[Field] = &[
    ("refundId", Kind::Guid, true),
    ("paymentId", Kind::Guid, true),
    ("refundOrderId", Kind::Text, true),
    ("amount", Kind::Amount, true),
    ("currencyCode", Kind::OneOf(CURRENCIES), true),
    ("status", Kind::RefundStatus, true),
    ("pollDelayInMs", Kind::Integer, true),
];

const ERROR: &[Field] =
    &[("code", Kind::Text, false), ("message", Kind::Text, false), ("correlationId", Kind::Text, false)];
const ERROR_OF_REFUNDS: &[Field] = &[
    ("code", Kind::Text, false),
    ("message", Kind::Text, false),
    ("correlationId", Kind::Text, false),
    ("origin", Kind::Text, false),
];

/// The documented response of an operation.
pub(super) fn answer(operation: Operation) -> Shape {
    match operation {
        Operation::GET_STORES => Shape::Object(&[("storeIds", Kind::Guids, true)]),
        Operation::GET_STORE => Shape::Object(STORE),
        Operation::GET_DETAILED_STORES => Shape::List(STORE),
        Operation::CREATE_POS => Shape::Object(&[("posId", Kind::Guid, true)]),
        Operation::GET_POS => Shape::Object(POS),
        Operation::GET_POS_WITH_FILTER => Shape::Object(&[("posIds", Kind::Guids, true)]),
        Operation::GET_CHECK_IN => Shape::Object(CHECK_IN),
        Operation::INITIATE_PAYMENT | Operation::PREPARE_PAYMENT => Shape::Object(&[("paymentId", Kind::Guid, true)]),
        Operation::QUERY_PAYMENT => Shape::Object(PAYMENT),
        Operation::QUERY_PAYMENT_IDS => Shape::Object(&[("paymentIds", Kind::Guids, true)]),
        Operation::CREATE_REFUND => Shape::Object(&[("refundId", Kind::Guid, true)]),
        Operation::GET_REFUND => Shape::Object(REFUND),
        Operation::QUERY_REFUND_IDS => Shape::Object(&[("refundIds", Kind::Guids, true)]),
        _ => Shape::Empty,
    }
}

/// The schema of an error response; those of refunds also have an `origin`.
pub(super) fn error(of_refund: bool) -> Value {
    object(if of_refund { ERROR_OF_REFUNDS } else { ERROR })
}

/// The schema of a response body, if it has one.
pub(super) fn of_answer(shape: Shape) -> Option<Value> {
    match shape {
        Shape::Empty => None,
        Shape::Object(fields) => Some(object(fields)),
        Shape::List(fields) => Some(json!({"type": "array", "items": object(fields)})),
    }
}

/// An object of these fields and no others.
fn object(fields: &[Field]) -> Value {
    closed(fields.iter().map(|&(name, kind, required)| (name, of_kind(kind), required)))
}

fn of_kind(kind: Kind) -> Value {
    match kind {
        Kind::Guid => json!({"type": "string", "format": "uuid"}),
        Kind::Text => json!({"type": "string"}),
        Kind::Time => json!({"type": "string", "format": "date-time"}),
        Kind::Amount => json!({"type": "number", "format": "double"}),
        Kind::Integer => json!({"type": "integer", "format": "int32"}),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::OneOf(names) => json!({"type": "string", "enum": names}),
        Kind::PaymentStatus => {
            // The state of 2020 is accepted in old captures, but no backend returns it any more.
            let states =
                PaymentStatus::ALL.into_iter().filter(|s| *s != PaymentStatus::RejectedByMobilePayDueToAgeRestrictions);
            json!({"type": "string", "enum": states.map(PaymentStatus::name).collect::<Vec<_>>()})
        }
        Kind::RefundStatus => json!({"type": "string", "enum": RefundStatus::ALL.map(RefundStatus::name)}),
        Kind::SetOf(names) => {
            json!({"type": "array", "uniqueItems": true, "items": {"type": "string", "enum": names}})
        }
        Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Guids => json!({"type": "array", "items": {"type": "string", "format": "uuid"}}),
        Kind::Object(fields) => object(fields),
    }
}

/// The schema of an operation's request body, if it has one.
pub(super) fn of_request(operation: Operation) -> Option<Value> {
    let fields = shape::fields(operation);
    (!fields.is_empty()).then(|| request(fields))
}

/// The schema of request fields.
pub(super) fn request(fields: &[shape::Field]) -> Value {
    closed(fields.iter().map(|field| {
        let mut schema = of_request_kind(field.kind);
        if !field.required {
            nullable(&mut schema);
        }
        (field.name, schema, field.required)
    }))
}

/// `null` is the same as absent; an enumeration has to list it too (OpenAPI 3.0.3, `nullable`).
fn nullable(schema: &mut Value) {
    schema["nullable"] = true.into();
    if let Some(names) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        names.push(Value::Null);
    }
}

fn of_request_kind(kind: shape::Kind) -> Value {
    match kind {
        shape::Kind::Text => text(),
        shape::Kind::Guid => json!({"type": "string", "format": "uuid"}),
        shape::Kind::Beacon => {
            json!({"type": "string", "pattern": "^([0-9]{15}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"})
        }
        shape::Kind::Amount => {
            json!({"type": "number", "minimum": 0.01, "maximum": 100_000_000, "multipleOf": 0.01})
        }
        shape::Kind::Bool => json!({"type": "boolean"}),
        shape::Kind::OneOf(names) => json!({"type": "string", "enum": names}),
        shape::Kind::SetOf(names) => {
            let items = json!({"type": "string", "enum": names});
            json!({"type": "array", "uniqueItems": true, "minItems": 1, "items": items})
        }
        shape::Kind::Object(fields) => request(fields),
    }
}

/// A string of the API: up to 36 valid characters (input_formats#valid_characters).
pub(super) fn text() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 36,
        "pattern": "^[ -~\u{a1}-\u{ac}\u{ae}-\u{ff}]{1,36}$"})
}

/// An object of these properties (name, schema, required) and no others.
fn closed(properties: impl Iterator<Item = (&'static str, Value, bool)>) -> Value {
    let mut required = Vec::new();
    let mut all = Map::new();
    for (name, schema, needed) in properties {
        if needed {
            required.push(name);
        }
        all.insert(name.to_owned(), schema);
    }
    let mut object = json!({"type": "object", "properties": all, "additionalProperties": false});
    if !required.is_empty() {
        object["required"] = required.into();
    }
    object
}
