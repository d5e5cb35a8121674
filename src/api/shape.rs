//! The documented schemas of request bodies, shared by sandbox and verifier.
//!
//! The sources are OpenAPI 10.2.6 and input_formats. A difference is either *broken* (a required field, a type, a
//! length, a character, an enumeration, an amount) or *informal* (an amount as a numeric string, an unknown field, a
//! body where none is documented). The backend accepts informal differences.

use super::{Amount, ExactAmount, Guid, Operation, id, json::Document, money::AmountProblem, text};
use serde_json::{Map, Value};

/// The type of a field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Up to 36 valid characters.
    Text,
    Guid,
    /// A GUID or 15 digits.
    Beacon,
    /// A positive number with two decimals at most.
    Amount,
    /// `true` or `false`.
    Bool,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// A non-empty set of these strings.
    SetOf(&'static [&'static str]),
    /// An object with these fields.
    Object(&'static [Field]),
}

/// A field of a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// The field's name.
    pub name: &'static str,
    /// The field's type.
    pub kind: Kind,
    /// Whether the field must be present and not null.
    pub required: bool,
}

/// The differences between a body and its documented schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Differences {
    /// The differences that the backend rejects.
    pub broken: Vec<Difference>,
    /// The differences that the backend accepts although they are not documented.
    pub informal: Vec<Difference>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The field, `restrictions.debitCardDisallowed` where nested; empty for the body as a whole.
    pub field: String,
    /// The problem, in words that follow the field's name.
    pub problem: String,
}

impl Difference {
    /// The difference as a message.
    pub(crate) fn sentence(&self) -> String {
        if self.field.is_empty() {
            format!("the body {}", self.problem)
        } else {
            format!("`{}` {}", self.field, self.problem)
        }
    }
}

const fn field(name: &'static str, kind: Kind, required: bool) -> Field {
    Field { name, kind, required }
}

/// The currencies of payments.
pub(crate) const CURRENCIES: &[&str] = &["DKK", "EUR"];
/// The values of `plannedCaptureDelay`.
pub(crate) const CAPTURE_DELAYS: &[&str] = &["None", "LessThan24Hours", "LessThan14Days"];
/// The types of beacons (those of before 2020-09-18 fail a certification).
pub(crate) const BEACON_TYPES: &[&str] = &["QR", "NFC", "Bluetooth"];

const RESTRICTIONS: &[Field] =
    &[field("debitCardDisallowed", Kind::Bool, false), field("creditCardDisallowed", Kind::Bool, false)];

const CREATE_POS: &[Field] = &[
    field("merchantPosId", Kind::Text, true),
    field("storeId", Kind::Guid, true),
    field("name", Kind::Text, true),
    field("supportedBeaconTypes", Kind::SetOf(BEACON_TYPES), true),
    field("beaconId", Kind::Beacon, false),
    field("callbackAlias", Kind::Text, false),
    field("requirePaymentBeforeCheckin", Kind::Bool, false),
];

const INITIATE_PAYMENT: &[Field] = &[
    field("posId", Kind::Guid, true),
    field("orderId", Kind::Text, true),
    field("amount", Kind::Amount, true),
    field("currencyCode", Kind::OneOf(CURRENCIES), true),
    field("plannedCaptureDelay", Kind::OneOf(CAPTURE_DELAYS), true),
    field("merchantPaymentLabel", Kind::Text, false),
    field("restrictions", Kind::Object(RESTRICTIONS), false),
];

const PREPARE_PAYMENT: &[Field] = &[field("posId", Kind::Guid, true), field("orderId", Kind::Text, true)];

const PAYMENT_READY: &[Field] = &[
    field("amount", Kind::Amount, true),
    field("currencyCode", Kind::OneOf(CURRENCIES), true),
    field("plannedCaptureDelay", Kind::OneOf(CAPTURE_DELAYS), true),
    field("merchantPaymentLabel", Kind::Text, false),
    field("restrictions", Kind::Object(RESTRICTIONS), false),
];

const CAPTURE_PAYMENT: &[Field] = &[field("amount", Kind::Amount, true)];

const CREATE_REFUND: &[Field] = &[
    field("paymentId", Kind::Guid, true),
    field("refundOrderId", Kind::Text, true),
    field("amount", Kind::Amount, true),
    field("currencyCode", Kind::OneOf(CURRENCIES), true),
];

/// The fields of an operation's request body; empty where no body is documented.
pub(crate) fn fields(operation: Operation) -> &'static [Field] {
    match operation {
        Operation::CREATE_POS => CREATE_POS,
        Operation::INITIATE_PAYMENT => INITIATE_PAYMENT,
        Operation::PREPARE_PAYMENT => PREPARE_PAYMENT,
        Operation::PAYMENT_READY => PAYMENT_READY,
        Operation::CAPTURE_PAYMENT => CAPTURE_PAYMENT,
        Operation::CREATE_REFUND => CREATE_REFUND,
        _ => &[],
    }
}

/// Compares a request body with its documented schema.
pub(crate) fn check(operation: Operation, body: &[u8]) -> Differences {
    let mut found = Differences::default();
    let fields = fields(operation);
    if fields.is_empty() {
        if !body.is_empty() {
            found.informal.push(whole("is present, but none is documented"));
        }
        return found;
    }
    let document = match Document::read(body) {
        Ok(document) => document,
        Err(problem) => {
            found.broken.push(whole(&problem));
            return found;
        }
    };
    if document.has_byte_order_mark {
        found.broken.push(whole("begins with a byte order mark, which JSON must not have (RFC 8259 section 8.1)"));
    }
    for name in &document.repeated {
        let problem = "is given twice in one object; parsers disagree on which value counts".to_owned();
        found.broken.push(Difference { field: name.clone(), problem });
    }
    match &document.value {
        Value::Object(object) => check_object(fields, object, "", &document.repeated, &mut found),
        _ => found.broken.push(whole("is not a JSON object")),
    }
    found
}

fn whole(problem: &str) -> Difference {
    Difference { field: String::new(), problem: problem.to_owned() }
}

fn check_object(
    fields: &[Field],
    object: &Map<String, Value>,
    path: &str,
    repeated: &[String],
    found: &mut Differences,
) {
    for field in fields {
        let name = format!("{path}{}", field.name);
        match object.get(field.name) {
            None if repeated.contains(&name) => {}
            None if field.required => found.broken.push(Difference { field: name, problem: "is missing".into() }),
            Some(Value::Null) if field.required => {
                found.broken.push(Difference { field: name, problem: "is null".into() });
            }
            None | Some(Value::Null) => {}
            Some(value) => check_value(field, value, name, repeated, found),
        }
    }
    for name in object.keys().filter(|name| !fields.iter().any(|field| field.name == name.as_str())) {
        let problem = "is not a documented field".to_owned();
        found.informal.push(Difference { field: format!("{path}{name}"), problem });
    }
}

fn check_value(field: &Field, value: &Value, name: String, repeated: &[String], found: &mut Differences) {
    let broken = match (field.kind, value) {
        (Kind::Text, Value::String(s)) if s.is_empty() && !field.required => None,
        (Kind::Text, Value::String(s)) => text::problem(s),
        (Kind::Guid, Value::String(s)) => Guid::parse(s).is_none().then(|| "is not a GUID".to_owned()),
        (Kind::Beacon, Value::String(s)) => {
            (!id::is_beacon_id(s)).then(|| "is neither a GUID nor 15 digits".to_owned())
        }
        (Kind::Amount, Value::Number(n)) => amount_problem(n.as_str()),
        (Kind::Amount, Value::String(s)) => {
            if ExactAmount::parse(s).is_some() {
                let problem = "is a string; the documented form is a JSON number".to_owned();
                found.informal.push(Difference { field: name.clone(), problem });
            }
            amount_problem(s)
        }
        (Kind::Bool, Value::Bool(_)) => None,
        (Kind::OneOf(names), Value::String(s)) => not_one_of(names, s),
        (Kind::SetOf(names), Value::Array(items)) => set_problem(names, items),
        (Kind::Object(fields), Value::Object(object)) => {
            check_object(fields, object, &format!("{name}."), repeated, found);
            None
        }
        (kind, _) => Some(format!("is not {}", described(kind))),
    };
    if let Some(problem) = broken {
        found.broken.push(Difference { field: name, problem });
    }
}

fn set_problem(names: &[&str], items: &[Value]) -> Option<String> {
    if items.is_empty() {
        return Some("is empty".to_owned());
    }
    for (at, item) in items.iter().enumerate() {
        match item {
            Value::String(s) => {
                if let Some(problem) = not_one_of(names, s) {
                    return Some(problem);
                }
            }
            _ => return Some("contains an item that is not a string".to_owned()),
        }
        if items[..at].contains(item) {
            return Some("contains a duplicate item".to_owned());
        }
    }
    None
}

fn not_one_of(names: &[&str], given: &str) -> Option<String> {
    (!names.contains(&given)).then(|| format!("is {given:?}, not one of {}", names.join(", ")))
}

fn amount_problem(digits: &str) -> Option<String> {
    match Amount::parse(digits) {
        Ok(Amount(1..)) => None,
        Ok(_) => Some(format!("is {digits}, which is not positive")),
        Err(AmountProblem::NotANumber) => Some(format!("is {digits:?}, which is not a decimal number")),
        Err(AmountProblem::TooManyDecimals) => Some(format!("is {digits}: more than two decimals")),
        Err(AmountProblem::TooLarge) => Some(format!("is {digits}, which is too large")),
    }
}

fn described(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "a string",
        Kind::Guid => "a GUID in a string",
        Kind::Beacon => "a beacon id in a string",
        Kind::Amount => "a number",
        Kind::Bool => "true or false",
        Kind::OneOf(_) => "one of the documented strings",
        Kind::SetOf(_) => "a list of strings",
        Kind::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"posId":"0F8FAD5B-D9CB-469F-A165-70867728950E","orderId":"A-1","amount":100.00,
        "currencyCode":"DKK","plannedCaptureDelay":"None","merchantPaymentLabel":null,"restrictions":null}"#;

    fn with(from: &str, to: &str) -> Differences {
        assert!(GOOD.contains(from), "{from}");
        check(Operation::INITIATE_PAYMENT, GOOD.replace(from, to).as_bytes())
    }

    #[test]
    fn a_documented_body_has_no_differences() {
        assert_eq!(check(Operation::INITIATE_PAYMENT, GOOD.as_bytes()), Differences::default());
        assert_eq!(check(Operation::CANCEL_PAYMENT, b""), Differences::default());
    }

    #[test]
    fn differences_that_the_backend_rejects_are_broken() {
        for (from, to) in [
            ("100.00", "0"),
            ("100.00", "-1"),
            ("100.00", "1998.9999999999998"),
            ("100.00", "null"),
            ("100.00", r#""x""#),
            ("\"DKK\"", "\"SEK\""),
            ("\"None\"", "\"Never\""),
            ("\"A-1\"", "\"\""),
            ("\"A-1\"", "\"0123456789012345678901234567890123456\""),
            ("\"A-1\"", "\"\u{4e00}\""),
            ("\"A-1\"", "7"),
            ("950E", "950"),
            ("\"restrictions\":null", r#""restrictions":{"debitCardDisallowed":"true"}"#),
        ] {
            assert_eq!(with(from, to).broken.len(), 1, "{from} -> {to}");
        }
        assert_eq!(check(Operation::CAPTURE_PAYMENT, b"").broken[0].sentence(), "the body is missing");
        assert_eq!(check(Operation::CAPTURE_PAYMENT, b"[1]").broken.len(), 1);
        assert_eq!(check(Operation::CAPTURE_PAYMENT, b"{\"amount\":").broken.len(), 1);
    }

    #[test]
    fn duplicate_names_and_byte_order_marks_are_broken() {
        let broken = |body: &[u8]| check(Operation::CAPTURE_PAYMENT, body).broken;
        for twice in [r#"{"amount":5,"amount":12.5}"#, r#"{"amount":5,"am\u006funt":5}"#] {
            assert_eq!(broken(twice.as_bytes()).len(), 1, "{twice}");
        }
        assert!(broken(b"\xEF\xBB\xBF{\"amount\":5}")[0].sentence().contains("byte order mark"));
        assert_eq!(
            with("\"restrictions\":null", r#""restrictions":{"debitCardDisallowed":true,"debitCardDisallowed":true}"#)
                .broken[0]
                .field,
            "restrictions.debitCardDisallowed"
        );
    }

    #[test]
    fn differences_that_the_backend_accepts_are_informal() {
        let found = with("100.00", r#""100.00","redirectUri":"x""#);
        assert_eq!((found.broken.len(), found.informal.len()), (0, 2));
        assert_eq!(check(Operation::CAPTURE_REFUND, b"{\"amount\":1}").informal.len(), 1);
    }
}
