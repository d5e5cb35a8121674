//! The bodies of requests and responses, as typed values.
//!
//! Amounts are read from their digits, and ids are canonical (GUIDs in lower case). A fingerprint compares the content
//! of two requests however their JSON is written.

use crate::api::{ExactAmount, Guid, Operation, id, json::Document, shape};
use crate::capture::content_encoding::content;
use crate::capture::record::{Answer, Exchange, Header, values};
use crate::capture::{har, redact};
use crate::profile::{IdForm, Profile};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The fields of a request body that the verifier uses.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestBody {
    /// Whether the capture shows it.
    pub known: bool,
    /// Violations of the documented shape, one sentence each.
    pub broken: Vec<String>,
    /// Deviations from the documented form that the backend accepts, one sentence each.
    pub informal: Vec<String>,
    pub amount: Option<ExactAmount>,
    /// `DKK`, `EUR`.
    pub currency: String,
    /// `orderId`.
    pub order_id: String,
    /// `posId`.
    pub pos_id: String,
    /// `paymentId`.
    pub payment_id: String,
    /// `merchantPosId`.
    pub merchant_pos_id: String,
    /// `beaconId`.
    pub beacon_id: String,
    /// `storeId`.
    pub store_id: String,
    /// `restrictions.debitCardDisallowed`.
    pub debit_disallowed: bool,
    /// `restrictions.creditCardDisallowed`.
    pub credit_disallowed: bool,
    /// Whether it has restrictions, in the documented field or another one.
    pub names_restrictions: bool,
    /// Deviations of the restrictions from their documented form, one sentence each.
    pub restrictions_wrong: Vec<String>,
    /// The content in canonical form, for comparison.
    pub canonical: String,
}

impl RequestBody {
    /// Whether debit and credit cards are disallowed; `None` if neither is.
    pub(crate) fn restrictions(&self) -> Option<(bool, bool)> {
        (self.debit_disallowed || self.credit_disallowed).then_some((self.debit_disallowed, self.credit_disallowed))
    }
}

/// Loyalty in a response (OpenAPI 10.2.6: absent, not looked up yet; empty, not enrolled).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Loyalty {
    /// No `loyaltyIds`.
    #[default]
    Absent,
    /// `[]`.
    Empty,
    /// One or more ids.
    Ids,
}

/// The fields of a response body that the verifier uses.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnswerBody {
    /// The error code, for a status of 400 or above.
    pub code: String,
    /// `status` of a payment or a refund.
    pub state: String,
    /// `pollDelayInMs`.
    pub poll_delay_ms: Option<i64>,
    pub amount: Option<ExactAmount>,
    /// `DKK`, `EUR`.
    pub currency: String,
    /// `partialCapturePossible`.
    pub partial: Option<bool>,
    /// `loyaltyIds`.
    pub loyalty: Loyalty,
    /// `isUserCheckedIn`.
    pub checked_in: Option<bool>,
    /// Whether it has a list of ids that can be read.
    pub lists: bool,
    /// The ids in a list.
    pub found: Vec<String>,
    /// The id of the created resource: a GUID in lower case. Any other value is not an id.
    pub created: Option<String>,
    /// The `posId` of a payment.
    pub pos_id: String,
    /// The `paymentId` of a refund.
    pub payment_id: String,
    /// The `merchantPosId` of a PoS.
    pub merchant_pos_id: String,
    /// The `beaconId` of a PoS.
    pub beacon_id: String,
    /// Whether debit and credit cards are disallowed, if the response has `restrictions`.
    pub restrictions: Option<(bool, bool)>,
}

/// Parses a request body by its documented shape.
pub(crate) fn request(operation: Operation, exchange: &Exchange, profile: &Profile) -> RequestBody {
    let body = &exchange.request.body;
    let Some(bytes) = content(body, &exchange.request.headers) else {
        // Equal raw bytes are equal content; without a digest the content is unique.
        let unlike = || format!("exchange {}", exchange.number);
        let canonical = if body.digest.is_empty() { unlike() } else { body.digest.clone() };
        return RequestBody { canonical, ..RequestBody::default() };
    };
    let differences = if profile.is_native { shape::check(operation, &bytes) } else { shape::Differences::default() };
    let of_restrictions = |difference: &&shape::Difference| {
        let field = difference.field.to_ascii_lowercase();
        field.contains("restrict") || field.contains("disallowed")
    };
    let all = differences.broken.iter().chain(&differences.informal);
    let wrong: Vec<shape::Difference> = all.filter(of_restrictions).cloned().collect();
    let sentences = |list: Vec<shape::Difference>| list.iter().map(shape::Difference::sentence).collect();
    let document = Document::read(&bytes).ok();
    let canonical = match &document {
        Some(document) if document.repeated.is_empty() => canonical(&document.value).to_string(),
        _ => String::from_utf8_lossy(&bytes).into_owned(),
    };
    let object = document.map_or_else(Map::new, Document::into_object);
    let restriction = |name: &str| object.get("restrictions").and_then(|r| r.get(name)) == Some(&Value::Bool(true));
    RequestBody {
        known: true,
        broken: sentences(differences.broken),
        informal: sentences(differences.informal),
        amount: amount(&object, "amount"),
        currency: text(&object, "currencyCode"),
        order_id: id_of(&object, "orderId"),
        pos_id: id_of(&object, "posId"),
        payment_id: id_of(&object, "paymentId"),
        merchant_pos_id: id_of(&object, "merchantPosId"),
        beacon_id: id_of(&object, "beaconId"),
        store_id: id_of(&object, "storeId"),
        debit_disallowed: restriction("debitCardDisallowed"),
        credit_disallowed: restriction("creditCardDisallowed"),
        names_restrictions: !wrong.is_empty() || object.get("restrictions").is_some_and(|given| !given.is_null()),
        restrictions_wrong: wrong.iter().map(super::super::api::shape::Difference::sentence).collect(),
        canonical,
    }
}

/// Parses a response body. The flag says that it is relevant, and that the capture does not show what the client read:
/// the body is not there, a name in it is repeated, it is broken JSON, or a sanitiser has replaced an id or code. If
/// success has no documented body, and for a status of 500 or above, only the status matters.
pub(crate) fn answer(
    operation: Option<Operation>,
    is_token: bool,
    answer: &Answer,
    profile: &Profile,
) -> (AnswerBody, bool) {
    let empty = operation.is_some_and(|operation| operation.spec().no_content);
    let of_operation = operation.is_some() && answer.status < 500 && !(empty && answer.status < 400);
    let tells = of_operation || (is_token && answer.status == 200);
    let Some(bytes) = content(&answer.body, &answer.headers) else {
        return (AnswerBody::default(), tells);
    };
    match Document::read(&bytes) {
        Err(_) => {
            // A create whose response cannot be read is one without an id instead.
            let is_unnamed = answer.status < 400 && operation.is_some_and(Operation::creates);
            (AnswerBody::default(), tells && !is_unnamed && is_said_to_be_json(&bytes, &answer.headers))
        }
        Ok(document) if !document.repeated.is_empty() => (AnswerBody::default(), tells),
        // Many clients cannot read it then.
        Ok(document) if document.has_byte_order_mark => (AnswerBody::default(), false),
        Ok(document) => {
            let is_masked = tells && has_masked_names(operation, answer.status, &document.value, profile);
            (parsed(operation, answer, document.value, profile), is_masked)
        }
    }
}

/// Whether a body that is not JSON is said to be JSON, or begins like it: lenient parsers may read it.
pub(crate) fn is_said_to_be_json(bytes: &[u8], headers: &[Header]) -> bool {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    let is_json = values(headers, "content-type").any(|kind| kind.to_ascii_lowercase().contains("json"));
    !text.is_empty() && (is_json || text.starts_with(b"{") || text.starts_with(b"["))
}

/// Whether a sanitiser has replaced an id or code that the profile names.
fn has_masked_names(operation: Option<Operation>, status: u16, document: &Value, profile: &Profile) -> bool {
    let spec = operation.map(Operation::spec).filter(|_| !profile.is_native);
    let created = spec.and_then(|spec| spec.creates.as_ref()).map(|creates| creates.id.as_str());
    let code = Some(profile.error_code.as_str()).filter(|_| spec.is_some() && status >= 400);
    let mut places = created.into_iter().chain(code).filter_map(|pointer| document.pointer(pointer));
    places.any(|value| value.as_str().is_some_and(|text| redact::is_redacted(text) || har::masks::is_marked(text)))
}

fn parsed(operation: Option<Operation>, answer: &Answer, document: Value, profile: &Profile) -> AnswerBody {
    if answer.status >= 400 {
        let code =
            document.pointer(&profile.error_code).filter(|code| !code.is_null() && !profile.error_code.is_empty());
        return AnswerBody { code: code.map_or(String::new(), as_text), ..AnswerBody::default() };
    }
    let spec = operation.map(Operation::spec);
    let created = spec.and_then(|spec| spec.creates.as_ref()).and_then(|creates| document.pointer(&creates.id));
    let created = created.and_then(|id| new_id(id, profile.ids));
    let ids = spec.and_then(|spec| spec.lists.as_ref()).and_then(|lists| listed(&document, &lists.ids, profile.ids));
    let lists = ids.is_some();
    let found = ids.unwrap_or_default();
    let object = match document {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    let flag = |name: &str| object.get(name).and_then(Value::as_bool);
    let restrictions = object.get("restrictions").and_then(Value::as_object).map(|restrictions| {
        let set = |name: &str| restrictions.get(name) == Some(&Value::Bool(true));
        (set("debitCardDisallowed"), set("creditCardDisallowed"))
    });
    let loyalty = match object.get("loyaltyIds").and_then(Value::as_array) {
        None => Loyalty::Absent,
        Some(ids) if ids.is_empty() => Loyalty::Empty,
        Some(_) => Loyalty::Ids,
    };
    AnswerBody {
        code: String::new(),
        state: text(&object, "status"),
        poll_delay_ms: object.get("pollDelayInMs").and_then(delay),
        amount: amount(&object, "amount"),
        currency: text(&object, "currencyCode"),
        partial: flag("partialCapturePossible"),
        loyalty,
        checked_in: flag("isUserCheckedIn"),
        lists,
        found,
        created,
        pos_id: id_of(&object, "posId"),
        payment_id: id_of(&object, "paymentId"),
        merchant_pos_id: id_of(&object, "merchantPosId"),
        beacon_id: id_of(&object, "beaconId"),
        restrictions,
    }
}

/// The ids at a JSON pointer: those of an array, or with `*` in the pointer those of all items of an array. `None` if there
/// is no array.
fn listed(value: &Value, pointer: &str, form: IdForm) -> Option<Vec<String>> {
    let text = |value: &Value| match form {
        IdForm::Guid => value.as_str().map(id::canonical),
        IdForm::Any => id::of_json(value),
    };
    match pointer.split_once("/*") {
        Some((array, of_item)) => {
            let items = value.pointer(array)?.as_array()?.iter();
            Some(items.filter_map(|item| item.pointer(of_item).and_then(text)).collect())
        }
        None => Some(value.pointer(pointer)?.as_array()?.iter().filter_map(text).collect()),
    }
}

/// The id of a created resource, if it has the form of the API's ids.
fn new_id(value: &Value, form: IdForm) -> Option<String> {
    match form {
        IdForm::Guid => Guid::parse(value.as_str()?).map(|id| id.to_string()),
        IdForm::Any => id::of_json(value),
    }
}

/// Parses a token request and its response: the replacement of the token with its lifetime in ms, and the
/// `merchant_vat` of the request.
pub(crate) fn token(exchange: &Exchange) -> (Option<(String, i64)>, String) {
    let asked = String::from_utf8_lossy(&exchange.request.body.bytes).into_owned();
    let asked_vat =
        asked.split('&').find_map(|pair| pair.strip_prefix("merchant_vat=")).map_or(String::new(), str::to_owned);
    let answer = exchange.answer.as_ref().filter(|answer| exchange.status().is_some() && answer.status == 200);
    let issued = answer.and_then(|answer| {
        let bytes = content(&answer.body, &answer.headers)?;
        let object: Map<String, Value> = serde_json::from_slice(&bytes).ok()?;
        let seconds = object.get("expires_in").and_then(Value::as_i64).unwrap_or(0);
        Some((text(&object, "access_token"), seconds.saturating_mul(1000)))
    });
    (issued, asked_vat)
}

/// A 16-byte fingerprint of a request: equal for equal requests, however their JSON is written.
pub(crate) fn fingerprint(method: &str, path: &str, body: &RequestBody) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in [method, path, &body.canonical] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    short
}

fn text(object: &Map<String, Value>, name: &str) -> String {
    match object.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(value) => as_text(value),
    }
}

fn id_of(object: &Map<String, Value>, name: &str) -> String {
    id::canonical(&text(object, name))
}

fn amount(object: &Map<String, Value>, name: &str) -> Option<ExactAmount> {
    let digits = match object.get(name)? {
        Value::Number(number) => number.as_str().to_owned(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    ExactAmount::parse(&digits)
}

/// The cap for delays, in ms: about thirty years. Rules multiply delays, which must not overflow.
const LONGEST_DELAY: i64 = 1_000_000_000_000;

/// A delay in whole ms, however its number is written (`1000`, `1000.0`, `1e3`).
fn delay(value: &Value) -> Option<i64> {
    // A cast from float saturates.
    #[allow(clippy::cast_possible_truncation)]
    let ms = value.as_i64().or_else(|| value.as_f64().map(|ms| ms.ceil() as i64))?;
    Some(ms.clamp(0, LONGEST_DELAY))
}

/// The canonical form of a JSON value: sorted keys, no nulls, canonical amounts and GUIDs.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<(&String, &Value)> = object.iter().filter(|(_, v)| !v.is_null()).collect();
            entries.sort_by_key(|(name, _)| name.as_str());
            let money = |name: &str, v: &Value| {
                let digits = (name == "amount").then(|| as_text(v));
                digits.and_then(|digits| ExactAmount::parse(&digits)).map(|amount| Value::String(amount.to_string()))
            };
            let one = |(name, v): (&String, &Value)| (name.clone(), money(name, v).unwrap_or_else(|| canonical(v)));
            Value::Object(entries.into_iter().map(one).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        Value::String(text) => Value::String(id::canonical(text)),
        other => other.clone(),
    }
}

/// A JSON value as text: strings without quotes.
pub(crate) fn as_text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
