//! Claims of JSON Web Tokens (RFC 7519) that are recorded with the token's replacement.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// The claims that are recorded; all others may contain personal data.
const KEPT: [&str; 11] = [
    "iss",
    "aud",
    "exp",
    "nbf",
    "iat",
    "client_id",
    "integrator_id",
    "integrator_name",
    "integratorclient_name",
    "merchant_vat",
    "scope",
];

/// The claims to record of a JWT; `None` if the token is not a JWT. The signature is not verified.
pub(super) fn of(token: &str) -> Option<Map<String, Value>> {
    let mut parts = token.split('.');
    let (head, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !is_header(head) {
        return None;
    }
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let Ok(Value::Object(claims)) = serde_json::from_slice(&payload) else { return None };
    let kept = claims.into_iter().filter(|(name, value)| KEPT.contains(&name.as_str()) && is_flat(value));
    Some(kept.collect())
}

/// Whether this is the first part of a JWT: a JSON object in base64url.
pub(super) fn is_header(part: &str) -> bool {
    let decoded = URL_SAFE_NO_PAD.decode(part.trim_end_matches('='));
    decoded.is_ok_and(|bytes| matches!(serde_json::from_slice(&bytes), Ok(Value::Object(_))))
}

/// Whether a claim has no nested objects, whose names could hide data.
fn is_flat(value: &Value) -> bool {
    match value {
        Value::Object(_) => false,
        Value::Array(items) => items.iter().all(|item| !item.is_array() && is_flat(item)),
        _ => true,
    }
}

/// Serialization of claims as plain maps and numbers in every format; serde_json would write arbitrary-precision
/// numbers as maps.
pub(super) mod plain {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::{Map, Value};
    use std::collections::BTreeMap;

    type Claims = BTreeMap<String, Map<String, Value>>;

    struct Plain<'a>(&'a Value);

    impl Serialize for Plain<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self.0 {
                Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                    (Some(n), _, _) => serializer.serialize_u64(n),
                    (_, Some(n), _) => serializer.serialize_i64(n),
                    (_, _, Some(n)) => serializer.serialize_f64(n),
                    _ => serializer.serialize_str(&number.to_string()),
                },
                Value::Array(items) => serializer.collect_seq(items.iter().map(Plain)),
                Value::Object(map) => serializer.collect_map(map.iter().map(|(name, value)| (name, Plain(value)))),
                other => other.serialize(serializer),
            }
        }
    }

    struct PlainMap<'a>(&'a Map<String, Value>);

    impl Serialize for PlainMap<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|(name, value)| (name, Plain(value))))
        }
    }

    pub(crate) fn serialize<S: Serializer>(claims: &Claims, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(claims.iter().map(|(token, claims)| (token, PlainMap(claims))))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Claims, D::Error> {
        Claims::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(head: &str, payload: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn personal_claims_are_dropped() {
        let claims =
            of(&token(r#"{"alg":"RS256"}"#, r#"{"iss":"x","exp":17,"sub":"Ann","scope":["a"],"aud":{"a":1}}"#));
        assert_eq!(Value::Object(claims.unwrap()), serde_json::json!({"iss": "x", "exp": 17, "scope": ["a"]}));
    }

    #[test]
    fn other_tokens_have_no_claims() {
        for text in ["", "a.b.c", "opaque", &token("[]", "{}"), &token("{}", "[]"), &(token("{}", "{}") + ".x.y")] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
