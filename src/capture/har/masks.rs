//! Detection of masks: values with which a sanitiser replaced the original ones.

use crate::capture::jwt_claims;
use serde_json::Value;

/// Words that sanitisers write.
const WORDS: [&str; 18] = [
    "deleted",
    "redacted",
    "filtered",
    "masked",
    "hidden",
    "removed",
    "sanitized",
    "sanitised",
    "stripped",
    "scrubbed",
    "omitted",
    "censored",
    "obfuscated",
    "anonymized",
    "anonymised",
    "suppressed",
    "withheld",
    "confidential",
];

/// The length of a GUID; a longer run of one letter is a client's overlong value, not a mask.
const LONGEST_BLANK: usize = 36;

/// Whether a value is a mask: `[authorization redacted]`, `REDACTED`, `***`, `<hidden>`, `xxxx`, `eyJhbGci...`.
pub(super) fn is_mask(value: &str) -> bool {
    let value = value.trim();
    if is_ours(value) {
        return false;
    }
    let is_blanked = value.chars().count() <= LONGEST_BLANK && is_blanked(value);
    is_marked(value) || is_blanked || value.ends_with("...") || value.ends_with('…') || is_word(value)
}

/// Whether a part of a URL is a mask; its words may be those of the API.
pub(super) fn is_mask_in_url(value: &str) -> bool {
    is_marked(value) || (value.chars().count() <= LONGEST_BLANK && is_blanked(value))
}

/// Whether a value is certainly a mask. Bodies use this stricter test, since their texts may look like masks by
/// intention.
pub(crate) fn is_marked(value: &str) -> bool {
    let value = value.trim();
    let stars = longest_run(value, |c| matches!(c, '*' | '•' | '●' | '█' | '■' | '▇'));
    let bracketed = value.starts_with(['[', '<', '(', '{', '%']) && value.ends_with([']', '>', ')', '}', '%']);
    // `**REDACTED**`, `__redacted__`, `--REMOVED--`
    let bare = value.trim_matches(['*', '_', '-', '=', '~', '#', '!', '.']);
    let decorated = bare.len() < value.len() && WORDS.contains(&bare.to_lowercase().as_str());
    stars >= 3 || (bracketed && names_a_mask(value)) || decorated || value.eq_ignore_ascii_case("redacted")
}

/// poscert's own replacements are not masks: equal values have equal replacements.
fn is_ours(value: &str) -> bool {
    let hex = value.strip_prefix("redacted-").unwrap_or_default();
    hex.len() >= 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn names_a_mask(value: &str) -> bool {
    let lower = value.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).any(|word| WORDS.contains(&word))
}

/// Whether it is a short phrase with one of [`WORDS`]: `REDACTED`, `value removed`.
fn is_word(value: &str) -> bool {
    let is_text = value.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '_' | '-' | ':'));
    is_text && value.len() <= 60 && names_a_mask(value)
}

/// Whether it is blanked: `xxxxxxxx`, `DKxxxxxxxx`, `####`, `xxxx-xxxx`.
fn is_blanked(value: &str) -> bool {
    let blanks = |c: char| matches!(c, 'x' | 'X' | '#');
    let count = value.chars().filter(|c| blanks(*c)).count();
    longest_run(value, blanks) >= 3 && count * 2 >= value.chars().count()
}

fn longest_run(value: &str, is: impl Fn(char) -> bool) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in value.chars() {
        run = if is(c) { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// Whether the value of an `Authorization` header is masked, completely or after the scheme.
pub(super) fn masks_credential(value: &str) -> bool {
    let value = value.trim();
    let token = after_scheme(value);
    let is_masked =
        is_mask(value) || is_mask(token) || is_blanked(token) || parts(token).is_some_and(|parts| parts.len() == 2);
    is_masked && !lacks_signature(value)
}

/// The part after `Bearer `, or the whole value.
fn after_scheme(value: &str) -> &str {
    let value = value.trim();
    value.split_once(' ').filter(|(scheme, _)| !scheme.contains('.')).map_or(value, |(_, token)| token.trim())
}

/// Whether it is a JWT without its signature, or with a mask in the signature's place.
pub(super) fn lacks_signature(value: &str) -> bool {
    parts(after_scheme(value))
        .is_some_and(|parts| parts.len() == 3 && parts.last().is_some_and(|last| last.is_empty() || is_mask(last)))
}

/// The parts of a token that begins like a JWT.
fn parts(token: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = token.split('.').collect();
    let [head, payload, ..] = parts[..] else { return None };
    (jwt_claims::is_header(head) && jwt_claims::is_header(payload)).then_some(parts)
}

/// Whether a body contains a masked value.
pub(super) fn stands_in(body: &Value) -> bool {
    match body {
        Value::String(text) => is_marked(text),
        Value::Array(items) => items.iter().any(stands_in),
        Value::Object(object) => object.values().any(stands_in),
        _ => false,
    }
}

/// Response fields that rules use.
const JUDGED: [&str; 20] = [
    "access_token",
    "amount",
    "beaconId",
    "code",
    "currencyCode",
    "expires_in",
    "isUserCheckedIn",
    "loyaltyIds",
    "merchantPosId",
    "orderId",
    "partialCapturePossible",
    "paymentId",
    "paymentIds",
    "pollDelayInMs",
    "posId",
    "posIds",
    "refundId",
    "refundIds",
    "restrictions",
    "status",
];

/// Whether a response field that rules use contains a masked value.
pub(super) fn stands_in_judged(body: &Value) -> bool {
    match body {
        Value::Object(object) => JUDGED.iter().any(|name| object.get(*name).is_some_and(stands_in)),
        other => stands_in(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_told_apart_from_client_values() {
        for mask in [
            "[authorization redacted]",
            "[redacted]",
            "REDACTED",
            "***",
            "********",
            "<redacted>",
            "xxxx",
            "XXXXXXXX",
            "[FILTERED]",
            "(hidden)",
            "DKxxxxxxxx",
            "2.*** ",
            "eyJhbGciOiJ...",
            "{masked}",
            "••••",
            "value removed",
            "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
            "%removed%",
            "authorization_redacted",
            "ab***yz",
            "**REDACTED**",
            "--removed--",
            "[DELETED]",
            "*redacted*",
        ] {
            assert!(is_mask(mask), "{mask}");
        }
        for value in [
            "2.1.0",
            "DK90000028",
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            "1",
            "key-1",
            "redacted-0123456789abcdef",
            "x.y.z",
            "",
            "null",
            "undefined",
            "12..34",
            "Max",
            "{{token}}",
            "${TOKEN}",
            "a hidden-value-1",
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "--",
        ] {
            assert!(!is_mask(value), "{value}");
        }
    }

    #[test]
    fn unsigned_and_masked_tokens_are_told_apart() {
        let (head, payload) = ("eyJhbGciOiJSUzI1NiJ9", "eyJtZXJjaGFudF92YXQiOiJESzkwMDAwMDI4In0");
        for cut in ["", "redacted", "[signature redacted]", "***"] {
            let value = format!("Bearer {head}.{payload}.{cut}");
            assert_eq!((lacks_signature(&value), masks_credential(&value)), (true, false), "{value}");
        }
        for masked in ["Bearer [redacted]", "[authorization redacted]", "Bearer ***", "Bearer abc...", "Basic xxxx"] {
            assert_eq!((lacks_signature(masked), masks_credential(masked)), (false, true), "{masked}");
        }
        assert!(masks_credential(&format!("Bearer {head}.{payload}")));
        for whole in
            [format!("Bearer {head}.{payload}.c2lnbmF0dXJl"), "Bearer opaque".into(), "Bearer ".into(), String::new()]
        {
            assert_eq!((lacks_signature(&whole), masks_credential(&whole)), (false, false), "{whole}");
        }
    }
}
