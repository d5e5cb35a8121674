//! Request authentication: checks the token and headers of a request and returns the [`Caller`], or the documented
//! refusal (api_principles#security_model, #client_versioning, input_formats#HTTP_Headers).

use super::api_error::Refusal;
use super::clock::Moment;
use super::token::Signer;
use crate::api::error::{self, ErrorCode};
use crate::api::header::{self, Version};
use crate::api::text;
use http::HeaderMap;

/// The authenticated client, and the merchant it calls for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    /// The client id in the token. Idempotency keys belong to it.
    pub client_id: String,
    /// The integrator in the token. PoSes, payments and refunds belong to it.
    pub integrator: String,
    /// The merchant's VAT number, from the header or the token's claim.
    pub vat: String,
}

/// Authenticates a request. The token is checked first; no header is checked without a valid one. `system_name`:
/// whether the header with the client system's name is required, as it was in early 2020.
pub(super) fn identify(
    headers: &HeaderMap,
    signer: &Signer,
    now: Moment,
    system_name: bool,
) -> Result<Caller, Refusal> {
    let authorization = values(headers, header::AUTHORIZATION);
    let token = match &authorization[..] {
        [] => return Err(Refusal::Unauthorized("The access token is missing")),
        [one] => header::bearer(one).ok_or(Refusal::Unauthorized("The Authorization header holds no bearer token"))?,
        _ => return Err(Refusal::Unauthorized("The Authorization header is present more than once")),
    };
    let claims = signer.check(token, now).map_err(Refusal::Unauthorized)?;
    let vat = merchant(headers, claims.merchant_vat)?;
    check_system_name(headers, system_name)?;
    check_version(headers)?;
    Ok(Caller { client_id: claims.client_id, integrator: claims.integrator_id, vat })
}

/// The idempotency key of a creating request, as sent.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<String, Refusal> {
    let codes = [error::KEY_MISSING, error::KEY_DUPLICATED];
    let key = single(headers, header::KEY, codes)?.ok_or(error::KEY_MISSING)?;
    match text::problem(&key) {
        None => Ok(key),
        Some(problem) => Err(Refusal::Code(error::KEY_INVALID, format!("it {problem}"))),
    }
}

fn merchant(headers: &HeaderMap, claim: Option<String>) -> Result<String, Refusal> {
    let sent = single(headers, header::VAT, [error::VAT_MISSING, error::VAT_DUPLICATED])?;
    if let Some(wrong) = sent.as_deref().filter(|vat| !header::is_vat_number(vat)) {
        let detail = format!("{wrong:?} is not DK or FI and eight digits");
        return Err(Refusal::Code(error::VAT_INVALID, detail));
    }
    match (sent, claim) {
        (None, None) => Err(error::VAT_MISSING.into()),
        (Some(vat), None) => Ok(vat),
        (_, Some(claim)) if !header::is_vat_number(&claim) => {
            Err(Refusal::Code(error::VAT_CLAIM, format!("{claim:?} is not DK or FI and eight digits")))
        }
        (Some(vat), Some(claim)) if vat != claim => {
            Err(Refusal::Code(error::VAT_CLAIM, format!("the claim is {claim}, the header {vat}")))
        }
        (_, Some(claim)) => Ok(claim),
    }
}

fn check_system_name(headers: &HeaderMap, asked_for: bool) -> Result<(), Refusal> {
    let codes = [error::SYSTEM_NAME_MISSING, error::SYSTEM_NAME_DUPLICATED];
    match single(headers, header::SYSTEM_NAME, codes)? {
        None if asked_for => Err(error::SYSTEM_NAME_MISSING.into()),
        None => Ok(()),
        Some(name) => match text::problem(&name) {
            None => Ok(()),
            Some(problem) => Err(Refusal::Code(error::SYSTEM_NAME_INVALID, format!("it {problem}"))),
        },
    }
}

fn check_version(headers: &HeaderMap) -> Result<(), Refusal> {
    let codes = [error::VERSION_MISSING, error::VERSION_DUPLICATED];
    let version = single(headers, header::VERSION, codes)?.ok_or(error::VERSION_MISSING)?;
    match Version::parse(&version) {
        Some(_) => Ok(()),
        None => Err(Refusal::Code(error::VERSION_INVALID, format!("{version:?} is not Major.Minor.Build"))),
    }
}

/// The value of a header that may be present at most once. An empty value counts as missing.
fn single(headers: &HeaderMap, name: &str, codes: [ErrorCode; 2]) -> Result<Option<String>, Refusal> {
    let [missing, duplicated] = codes;
    let mut values = values(headers, name);
    match values.len() {
        0 => Ok(None),
        1 => match values.pop().filter(|value| !value.is_empty()) {
            None => Err(Refusal::Code(missing, "it is empty".into())),
            some => Ok(some),
        },
        _ => Err(duplicated.into()),
    }
}

/// The values of a header as text: UTF-8 if valid, else Latin-1 (RFC 9110 section 5.5).
fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    let text = |bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(text) => text.trim().to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    };
    headers.get_all(name).iter().map(|value| text(value.as_bytes())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::token::Claims;
    use super::*;
    use http::{HeaderName, HeaderValue};
    use std::time::Duration;

    const NOW: Moment = Duration::from_secs(1_700_000_000);

    fn signer() -> Signer {
        Signer::with_key(b"tests").unwrap()
    }

    fn token(vat: Option<&str>) -> String {
        format!("Bearer {}", signer().sign(&Claims::new("client", "integrator", vat.map(str::to_owned), NOW)))
    }

    /// The error code (or 401) of an otherwise valid request whose named header has these values.
    fn refused(claim: Option<&str>, name: &str, values: &[&str], system_name: bool) -> Option<u16> {
        let mut headers = HeaderMap::new();
        let bearer = token(claim);
        for (good, value) in [
            ("authorization", bearer.as_str()),
            (header::VAT, "DK90000028"),
            (header::VERSION, "2.1.1"),
            (header::KEY, "k"),
        ] {
            headers.insert(HeaderName::try_from(good).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        headers.remove(name);
        for value in values {
            headers.append(HeaderName::try_from(name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let outcome = identify(&headers, &signer(), NOW, system_name).and_then(|_| idempotency_key(&headers));
        outcome.err().map(|refusal| refusal.code().unwrap_or(refusal.status()))
    }

    #[test]
    fn invalid_headers_return_their_documented_codes() {
        let long = "0123456789012345678901234567890123456";
        for (name, values, code) in [
            (header::VAT, &[][..], Some(1151)),
            (header::VAT, &[""], Some(1151)),
            (header::VAT, &["DK90000028", "DK90000028"], Some(1155)),
            (header::VAT, &["90000028"], Some(1159)),
            (header::VAT, &["FI90000040"], None),
            (header::VERSION, &[], Some(1153)),
            (header::VERSION, &["2.1.1", "2.1.1"], Some(1157)),
            (header::VERSION, &["2.1"], Some(1161)),
            (header::VERSION, &["2.1.1, 2.1.1"], Some(1161)),
            (header::SYSTEM_NAME, &["a", "a"], Some(1156)),
            (header::SYSTEM_NAME, &[long], Some(1160)),
            (header::SYSTEM_NAME, &["till"], None),
            (header::KEY, &[], Some(1164)),
            (header::KEY, &[""], Some(1164)),
            (header::KEY, &["a", "a"], Some(1163)),
            (header::KEY, &[long], Some(1162)),
            (header::KEY, &["\u{4e00}"], Some(1162)),
            (header::KEY, &["7"], None),
            (header::AUTHORIZATION, &[], Some(401)),
            (header::AUTHORIZATION, &["Bearer x.y.z"], Some(401)),
            (header::AUTHORIZATION, &["Basic abc"], Some(401)),
            ("x-ibm-client-id", &[], None),
        ] {
            assert_eq!(refused(None, name, values, false), code, "{name}: {values:?}");
        }
        assert_eq!(refused(None, header::SYSTEM_NAME, &[], true), Some(1152));
        let twice = token(None);
        assert_eq!(refused(None, header::AUTHORIZATION, &[&twice, &twice], false), Some(401));
    }

    #[test]
    fn vat_claim_and_header_that_differ_return_1182() {
        assert_eq!(refused(Some("DK90000028"), header::VAT, &[], false), None);
        assert_eq!(refused(Some("DK90000028"), header::VAT, &["DK90000028"], false), None);
        assert_eq!(refused(Some("DK90000028"), header::VAT, &["FI90000040"], false), Some(1182));
        assert_eq!(refused(Some("90000028"), header::VAT, &[], false), Some(1182));
    }
}
