//! Request bodies as typed values, parsed after [`shape`] has validated them.
//!
//! Requests are identical if these values are equal, so notation is ignored: `100` and `100.00`, the letter case of
//! GUIDs, the order of fields, `null` and absent.

use super::api_error::Refusal;
use crate::api::{Amount, Guid, Operation, error, id, shape, text};
use serde_json::{Map, Value};

/// The body of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// The operation has no body; one that was sent is ignored.
    None,
    /// The body of CreatePos.
    Pos(NewPos),
    Initiate(NewPayment, Terms),
    Prepare(NewPayment),
    /// The body of PaymentReady.
    Ready(Terms),
    /// The body of CapturePayment.
    Capture(Amount),
    /// The body of CreateRefund.
    Refund(NewRefund),
}

/// A PoS to create.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The names are the API's own.
pub(super) struct NewPos {
    pub merchant_pos_id: String,
    pub store_id: Guid,
    pub name: String,
    /// Sorted as in [`shape::BEACON_TYPES`].
    pub supported_beacon_types: Vec<&'static str>,
    /// A GUID in lower case, or 15 digits.
    pub beacon_id: Option<String>,
    pub callback_alias: Option<String>,
    pub require_payment_before_checkin: bool,
}

/// A payment to create.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The names are the API's own.
pub(super) struct NewPayment {
    pub pos_id: Guid,
    pub order_id: String,
}

/// The amount and terms of a payment. A prepared payment gets them when it is made ready.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The names are the API's own.
pub(super) struct Terms {
    pub amount: Amount,
    pub currency_code: String,
    pub planned_capture_delay: String,
    pub merchant_payment_label: Option<String>,
    pub restrictions: Option<Restrictions>,
}

/// Card types that a payment does not accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The names are the API's own.
pub(super) struct Restrictions {
    pub debit_card_disallowed: bool,
    pub credit_card_disallowed: bool,
}

/// A refund to create.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The names are the API's own.
pub(super) struct NewRefund {
    pub payment_id: Guid,
    pub refund_order_id: String,
    pub amount: Amount,
    pub currency_code: String,
}

/// Parses the body of a request. Returns the code of the first invalid field on failure.
pub(super) fn read(operation: Operation, bytes: &[u8]) -> Result<Body, Refusal> {
    if shape::fields(operation).is_empty() {
        return Ok(Body::None);
    }
    if let Some(broken) = shape::check(operation, bytes).broken.first() {
        return Err(Refusal::Code(error::of_field(operation, &broken.field), broken.sentence()));
    }
    let object: Map<String, Value> = serde_json::from_slice(bytes).map_err(|_| Refusal::from(error::UNKNOWN))?;
    take_apart(operation, &Fields(&object)).ok_or_else(|| error::UNKNOWN.into()).and_then(|body| {
        let calibration = object.get("calibrationType").filter(|value| !value.is_null());
        match calibration {
            Some(value) if operation == Operation::CREATE_POS && !is_text(value) => Err(error::CALIBRATION_TYPE.into()),
            _ => Ok(body),
        }
    })
}

/// `calibrationType` existed in early revisions only; if sent, it must still be a string.
fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|value| text::problem(value).is_none())
}

fn take_apart(operation: Operation, fields: &Fields) -> Option<Body> {
    Some(match operation {
        Operation::CREATE_POS => Body::Pos(NewPos {
            merchant_pos_id: fields.text("merchantPosId")?,
            store_id: fields.guid("storeId")?,
            name: fields.text("name")?,
            supported_beacon_types: fields.set("supportedBeaconTypes", shape::BEACON_TYPES)?,
            beacon_id: fields.text("beaconId").map(|beacon| id::canonical(&beacon)),
            callback_alias: fields.text("callbackAlias"),
            require_payment_before_checkin: fields.flag("requirePaymentBeforeCheckin"),
        }),
        Operation::INITIATE_PAYMENT => Body::Initiate(fields.payment()?, fields.terms()?),
        Operation::PREPARE_PAYMENT => Body::Prepare(fields.payment()?),
        Operation::PAYMENT_READY => Body::Ready(fields.terms()?),
        Operation::CAPTURE_PAYMENT => Body::Capture(fields.amount("amount")?),
        Operation::CREATE_REFUND => Body::Refund(NewRefund {
            payment_id: fields.guid("paymentId")?,
            refund_order_id: fields.text("refundOrderId")?,
            amount: fields.amount("amount")?,
            currency_code: fields.text("currencyCode")?,
        }),
        _ => Body::None,
    })
}

struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    /// A string; an empty one counts as absent.
    fn text(&self, name: &str) -> Option<String> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn guid(&self, name: &str) -> Option<Guid> {
        Guid::parse(self.0.get(name)?.as_str()?)
    }

    fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    fn amount(&self, name: &str) -> Option<Amount> {
        match self.0.get(name)? {
            Value::Number(number) => Amount::parse(number.as_str()).ok(),
            Value::String(digits) => Amount::parse(digits).ok(),
            _ => None,
        }
    }

    fn set(&self, name: &str, known: &[&'static str]) -> Option<Vec<&'static str>> {
        let given = self.0.get(name)?.as_array()?;
        Some(known.iter().copied().filter(|known| given.iter().any(|item| item == known)).collect())
    }

    fn payment(&self) -> Option<NewPayment> {
        Some(NewPayment { pos_id: self.guid("posId")?, order_id: self.text("orderId")? })
    }

    fn terms(&self) -> Option<Terms> {
        let restrictions = self.0.get("restrictions").and_then(Value::as_object).map(|object| Restrictions {
            debit_card_disallowed: Fields(object).flag("debitCardDisallowed"),
            credit_card_disallowed: Fields(object).flag("creditCardDisallowed"),
        });
        Some(Terms {
            amount: self.amount("amount")?,
            currency_code: self.text("currencyCode")?,
            planned_capture_delay: self.text("plannedCaptureDelay")?,
            merchant_payment_label: self.text("merchantPaymentLabel"),
            restrictions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POS: &str = r#"{"merchantPosId":"m","storeId":"9D0A9C45-1793-4e82-9410-b0ee6779ab60","name":"n",
        "supportedBeaconTypes":["NFC","QR"],"beaconId":null}"#;
    const PAYMENT: &str = r#"{"posId":"9d0a9c45-1793-4e82-9410-b0ee6779ab60","orderId":"o","amount":100,
        "currencyCode":"DKK","plannedCaptureDelay":"None"}"#;

    fn code(operation: Operation, good: &str, from: &str, to: &str) -> Option<u16> {
        assert!(good.contains(from), "{from}");
        read(operation, good.replacen(from, to, 1).as_bytes()).err()?.code()
    }

    #[test]
    fn equivalent_notations_are_equal() {
        let again = r#"{"supportedBeaconTypes":["QR","NFC"],"name":"n","requirePaymentBeforeCheckin":false,
            "merchantPosId":"m","storeId":"9d0a9c45-1793-4e82-9410-B0EE6779AB60","callbackAlias":null}"#;
        let of = |text: &str| read(Operation::CREATE_POS, text.as_bytes()).unwrap();
        assert_eq!(of(POS), of(again));
        let of = |text: &str| read(Operation::INITIATE_PAYMENT, text.as_bytes()).unwrap();
        for same in ["100.00", "1E2", "\"100.0\""] {
            assert_eq!(of(PAYMENT), of(&PAYMENT.replace("100", same)), "{same}");
        }
        assert_ne!(of(PAYMENT), of(&PAYMENT.replace("100", "100.01")));
    }

    #[test]
    fn invalid_fields_return_their_documented_codes() {
        for (from, to, expected) in [
            ("\"m\"", "\"\"", 1111),
            ("\"n\"", "\"0123456789012345678901234567890123456\"", 1112),
            ("null", "\"1234567890\"", 1100),
            ("null", "null,\"callbackAlias\":7", 1116),
            ("null", "null,\"calibrationType\":7", 1118),
            ("[\"NFC\",\"QR\"]", "[]", 1099),
            ("9D0A9C45", "x", 1099),
            ("{", "[", 1099),
        ] {
            assert_eq!(code(Operation::CREATE_POS, POS, from, to), Some(expected), "{from} -> {to}");
        }
        for (from, to, expected) in [
            ("100", "0", 1102),
            ("\"o\"", "7", 1113),
            ("100", "100,\"merchantPaymentLabel\":\"\u{4e00}\"", 1117),
            ("\"DKK\"", "\"SEK\"", 1099),
        ] {
            assert_eq!(code(Operation::INITIATE_PAYMENT, PAYMENT, from, to), Some(expected), "{from} -> {to}");
        }
        assert_eq!(read(Operation::CAPTURE_PAYMENT, b"{}").unwrap_err().code(), Some(1102));
        assert_eq!(read(Operation::CANCEL_PAYMENT, b"\xff"), Ok(Body::None));
    }
}
