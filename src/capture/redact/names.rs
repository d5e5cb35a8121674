//! Which names stand for secrets. Letter case, hyphens, underscores and the like do not count: `access_token`,
//! `accessToken` and `Access-Token` are one name.

use percent_encoding::percent_decode_str;

/// A name that ends so names a secret: `customerToken` does, `token_type` does not.
const ENDINGS: [&str; 36] = [
    "token",
    "tokens",
    "tokenvalue",
    "secret",
    "secrets",
    "password",
    "passwords",
    "passwd",
    "pwd",
    "passphrase",
    "apikey",
    "apikeys",
    "subscriptionkey",
    "accesskey",
    "privatekey",
    "secretkey",
    "signingkey",
    "clientkey",
    "authorization",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "assertion",
    "loyaltyid",
    "loyaltyids",
    "loyaltynumber",
    "loyaltycard",
    "jwt",
    "bearer",
    "sessionid",
    "codeverifier",
    "userinfo",
    "xauth",
    "pincode",
    "otp",
];

/// A name that ends so names a telephone number.
const PHONES: [&str; 7] = ["phonenumber", "phonenumbers", "phone", "phoneno", "msisdn", "mobilenumber", "mobileno"];

/// Words that an unreadable body must not hold: it may name a secret with them.
const WORDS: [&str; 16] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "apikey",
    "subscriptionkey",
    "accesskey",
    "authorization",
    "cookie",
    "credential",
    "assertion",
    "loyaltyid",
    "phone",
    "msisdn",
    "bearer",
];

/// What a name says of the value beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// Nothing secret.
    Plain,
    /// A secret.
    Secret,
    /// A telephone number.
    Phone,
}

/// What a header, a field or a parameter of that name holds.
pub(super) fn named(name: &str) -> Named {
    let name = normal(name);
    // `token[0]` and `password2` are lists; what CORS says of credentials is none.
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if name.starts_with("accesscontrol") {
        return Named::Plain;
    }
    if PHONES.iter().any(|ending| name.ends_with(ending)) {
        return Named::Phone;
    }
    if ENDINGS.iter().any(|ending| name.ends_with(ending)) { Named::Secret } else { Named::Plain }
}

/// As [`named`], for parameters of a URL or a form, percent-encoded as they came: there `code` is OAuth's.
pub(super) fn named_parameter(raw: &str) -> Named {
    let name = decoded(raw);
    match named(&name) {
        Named::Plain if normal(&name) == "code" => Named::Secret,
        other => other,
    }
}

/// Percent-decoded as often as it was encoded, within reason.
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
    name.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether bytes of no known form may name a secret: escapes undone, all but letters and digits left out.
pub(super) fn mentions(bytes: &[u8]) -> bool {
    let text: String = bytes.iter().map(|&b| char::from(b)).collect();
    let plain = normal(&text);
    let without_escapes = normal(&unescaped(&decoded(&text)));
    WORDS.iter().any(|word| plain.contains(word) || without_escapes.contains(word))
}

/// JSON's and JavaScript's `\u0041` undone, wherever they stand.
fn unescaped(text: &str) -> String {
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
    fn names_in_any_spelling() {
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
        ] {
            assert_eq!(named(name), Named::Secret, "{name}");
        }
        for name in ["phoneNumber", "phone_number", "customerPhone", "MSISDN"] {
            assert_eq!(named(name), Named::Phone, "{name}");
        }
        for name in [
            "token_type",
            "expires_in",
            "code",
            "client_id",
            "x-ibm-client-id",
            "x-mobilepay-idempotency-key",
            "posId",
            "beaconId",
            "amount",
            "message",
            "correlationId",
            "scope",
            "key",
            "",
        ] {
            assert_eq!(named(name), Named::Plain, "{name}");
        }
        assert_eq!(named_parameter("code"), Named::Secret);
        assert_eq!(named_parameter("access%5Ftoken"), Named::Secret);
        assert_eq!(named_parameter("%2561ccess_token"), Named::Secret);
        assert_eq!(named_parameter("orderId"), Named::Plain);
    }

    #[test]
    fn a_mention_is_found_in_any_spelling() {
        for text in
            ["{\"customerTok", "\\u0063ustomer\\u0054oken", "a%63cess%5Ftoken", "p\0h\0o\0n\0e\0", "Loyalty_Ids"]
        {
            assert_eq!(mentions(text.as_bytes()), text != "{\"customerTok", "{text}");
        }
        assert!(!mentions(b"{\"storeIds\":[\"x\"],\"merchantBrandId\":1"));
    }
}
