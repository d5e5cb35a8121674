//! Names of secrets. Letter case, hyphens, underscores and the like are ignored: `access_token`, `accessToken` and
//! `Access-Token` are the same name. Fields, headers, parameters, free text and unreadable bodies all use this list.

use percent_encoding::percent_decode_str;
use std::sync::LazyLock;

/// Endings of names of secrets: `customerToken` matches, `token_type` does not. A hyphen marks where words join.
const SECRETS: [&str; 37] = [
    "token",
    "secret",
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "api-key",
    "subscription-key",
    "access-key",
    "private-key",
    "secret-key",
    "signing-key",
    "client-key",
    "auth-key",
    "functions-key",
    "authorization",
    "authorisation",
    "cookie",
    "credential",
    "assertion",
    "loyalty-id",
    "loyalty-number",
    "loyalty-card",
    "jwt",
    "bearer",
    "session-id",
    "session-key",
    "code-verifier",
    "user-info",
    "x-auth",
    "pin-code",
    "otp",
    "account-key",
    "consumer-key",
    "passcode",
    "csrf",
    "saml-response",
];

/// Endings of names of telephone numbers.
const PHONES: [&str; 6] = ["phone", "phone-number", "phone-no", "msisdn", "mobile-number", "mobile-no"];

/// Ambiguous words: they count as a name, but not in a sentence.
const AMBIGUOUS: [&str; 8] = ["session", "auth", "authentication", "pin", "loyalty", "mobile", "signature", "sig"];

/// Suffixes that do not change the meaning: `loyaltyIdList`, `accessTokenString`.
const QUALIFIERS: [&str; 8] = ["string", "value", "values", "list", "data", "info", "text", "e164"];

/// Minimum length of a word that is searched for in the concatenated letters of a body; shorter ones occur in any
/// text.
const SHORTEST_IN_LETTERS: usize = 5;

/// The words without hyphens, prepared once, since every name of every exchange is compared with them.
struct Plain {
    secrets: Vec<String>,
    phones: Vec<String>,
    maybe: Vec<String>,
}

static PLAIN: LazyLock<Plain> = LazyLock::new(|| {
    let plain = |words: &[&str]| words.iter().map(|word| word.replace('-', "")).collect();
    Plain { secrets: plain(&SECRETS), phones: plain(&PHONES), maybe: plain(&AMBIGUOUS) }
});

/// What a name says about its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// Not a secret.
    Plain,
    Secret,
    /// A telephone number.
    Phone,
    /// A secret or a telephone number, if it looks like one.
    Maybe,
}

/// Classifies the name of a header, a field or a parameter.
pub(super) fn classify_name(name: &str) -> Named {
    let name = normal(name);
    match classify(&name) {
        Named::Plain if !is_of_http(&name) && ends(&name, &PLAIN.maybe) => Named::Maybe,
        other => other,
    }
}

/// As [`classify_name`], for text that need not be a name: in a path, in a sentence.
pub(super) fn classify_text(name: &str) -> Named {
    classify(&normal(name))
}

fn classify(normal: &str) -> Named {
    if is_of_http(normal) {
        return Named::Plain;
    }
    if ends(normal, &PLAIN.phones) {
        return Named::Phone;
    }
    if ends(normal, &PLAIN.secrets) { Named::Secret } else { Named::Plain }
}

/// Whether it is a CORS or client hint header, which never contains a secret.
fn is_of_http(name: &str) -> bool {
    name.starts_with("accesscontrol") || name.starts_with("secch")
}

/// Whether a name ends in one of these words, in singular or plural, numbered (`token[0]`, `password2`) or with a
/// suffix.
fn ends(name: &str, words: &[String]) -> bool {
    let one = |name: &str| {
        let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let singular = name.strip_suffix('s').unwrap_or(name);
        words.iter().any(|word| name.ends_with(word.as_str()) || singular.ends_with(word.as_str()))
    };
    one(name) || QUALIFIERS.iter().any(|qualifier| name.strip_suffix(qualifier).is_some_and(one))
}

/// A regular expression for the words, with any joiner.
pub(super) fn words() -> String {
    let words: Vec<String> = SECRETS.iter().chain(&PHONES).map(|word| word.replace('-', "[-_ ]?")).collect();
    words.join("|")
}

/// A regular expression for a name in a sentence that ends in one of the words.
pub(super) fn pattern() -> String {
    let (words, qualifiers) = (words(), QUALIFIERS.join("|"));
    format!(r"[a-z0-9_.\-\[\]]*(?:{words})s?(?:[-_ ]?(?:{qualifiers}))?[0-9]*(?:\[[0-9]*\])?\]?")
}

/// As [`classify_name`], for percent-encoded parameters of a URL or a form, where `code` is an OAuth authorization code.
pub(super) fn named_parameter(raw: &str) -> Named {
    let name = decoded(raw);
    match classify_name(&name) {
        Named::Plain if normal(&name) == "code" => Named::Secret,
        other => other,
    }
}

/// Removes up to three layers of percent-encoding.
pub(super) fn decoded(raw: &str) -> String {
    let mut text = raw.to_owned();
    for _ in 0..3 {
        let once = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if once == text {
            break;
        }
        text = once;
    }
    text
}

fn normal(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether unparseable bytes may contain the name of a secret: with escapes decoded, in their concatenated letters
/// and digits, or as a word or a name.
pub(super) fn mentions(bytes: &[u8]) -> bool {
    let text: String = bytes.iter().filter(|&&b| b != 0).map(|&b| char::from(b)).collect();
    let without_escapes = unescaped(&decoded(&text));
    holds_a_name(&text) || (without_escapes != text && holds_a_name(&without_escapes))
}

fn holds_a_name(text: &str) -> bool {
    let letters = normal(text);
    let run_together = |word: &String| word.len() >= SHORTEST_IN_LETTERS && letters.contains(word.as_str());
    if PLAIN.secrets.iter().chain(&PLAIN.phones).any(run_together) {
        return true;
    }
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut rest = text;
    let mut before = None;
    while let Some(start) = rest.find(is_of_name) {
        before = rest.get(..start).and_then(|gap| gap.chars().next_back()).or(before);
        let name = rest.get(start..).unwrap_or_default();
        let end = name.find(|c| !is_of_name(c)).unwrap_or(name.len());
        let (name, after) = name.split_at(end);
        let opened = before.is_some_and(|c| matches!(c, '"' | '\'' | '<' | '&' | '?'));
        let signed = after.trim_start_matches(['\\', '"', '\'', ' ']).starts_with([':', '=']);
        if classify_text(name) != Named::Plain || ((opened || signed) && classify_name(name) != Named::Plain) {
            return true;
        }
        (rest, before) = (after, name.chars().next_back());
    }
    false
}

/// Decodes escapes such as `\u0041` of JSON and JavaScript everywhere in a text.
pub(super) fn unescaped(text: &str) -> String {
    let mut pieces = text.split("\\u");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let code = piece.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
        match (code, piece.get(4..)) {
            (Some(c), Some(rest)) => {
                plain.push(c);
                plain.push_str(rest);
            }
            _ => plain.push_str(piece),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_classified_in_any_notation() {
        for name in [
            "access_token",
            "accessToken",
            "X-Access-Token",
            "CLIENT_SECRET",
            "customerReceiptToken",
            "loyaltyIds",
            "LoyaltyId",
            "Authorization",
            "Proxy-Authorization",
            "Set-Cookie",
            "x-api-key",
            "user[password]",
            "loyaltyIdList",
            "accessTokenString",
            "receiptTokenInfo",
            "passwords[2]",
            "X-Functions-Key",
            "Authorisation",
        ] {
            assert_eq!(classify_name(name), Named::Secret, "{name}");
        }
        for name in ["phoneNumber", "phone_number", "customerPhone", "MSISDN", "phoneE164", "telephone"] {
            assert_eq!(classify_name(name), Named::Phone, "{name}");
        }
        for name in
            ["mobile", "customerMobile", "pin", "X-Session", "loyalty", "Authentication", "sig", "X-Amz-Signature"]
        {
            assert_eq!((classify_name(name), classify_text(name)), (Named::Maybe, Named::Plain), "{name}");
        }
        for name in [
            "token_type",
            "expires_in",
            "code",
            "client_id",
            "x-ibm-client-id",
            "x-mobilepay-idempotency-key",
            "posId",
            "merchantPosId",
            "orderId",
            "refundOrderId",
            "paymentId",
            "refundId",
            "storeId",
            "storeIds",
            "merchantBrandId",
            "merchantLocationId",
            "merchantPaymentLabel",
            "callbackAlias",
            "supportedBeaconTypes",
            "posUnitIdentification",
            "restrictions",
            "plannedCaptureDelay",
            "partialCapturePossible",
            "x-mobilepay-client-system-version",
            "x-mobilepay-merchant-vat-number",
            "sec-ch-ua-mobile",
            "beaconId",
            "amount",
            "message",
            "correlationId",
            "scope",
            "key",
            "",
        ] {
            assert_eq!(classify_name(name), Named::Plain, "{name}");
        }
        assert_eq!(named_parameter("code"), Named::Secret);
        assert_eq!(named_parameter("access%5Ftoken"), Named::Secret);
        assert_eq!(named_parameter("%2561ccess_token"), Named::Secret);
        assert_eq!(named_parameter("orderId"), Named::Plain);
    }

    #[test]
    fn mentions_are_found_in_any_encoding() {
        for text in
            ["{\"customerTok", "\\u0063ustomer\\u0054oken", "a%63cess%5Ftoken", "p\0h\0o\0n\0e\0", "Loyalty_Ids"]
        {
            assert_eq!(mentions(text.as_bytes()), text != "{\"customerTok", "{text}");
        }
        assert!(!mentions(b"{\"storeIds\":[\"x\"],\"merchantBrandId\":1"));
        assert!(!mentions(b"<h1>MobilePay is not possible now</h1> your session has ended, loyalty counts"));
    }

    #[test]
    fn every_name_is_found_in_unreadable_bodies() {
        for word in SECRETS.iter().chain(&PHONES).chain(&AMBIGUOUS) {
            for name in [word.replace('-', ""), word.replace('-', "_"), word.to_uppercase()] {
                assert_ne!(classify_name(&name), Named::Plain, "{name}");
                for text in [
                    format!("{{\"{name}\":\"x"),
                    format!("{{'{name}':'x'}}"),
                    format!("<{name}>x</{name}>"),
                    format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\nx"),
                    format!("a=1\n{name}=x"),
                ] {
                    assert!(mentions(text.as_bytes()), "{text}");
                }
            }
        }
    }
}
