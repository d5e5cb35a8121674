//! The request headers of the API and the formats of their values (api_principles, input_formats#HTTP_Headers).

use super::text;
use std::fmt;

/// The access token, as `Bearer ...`.
pub(crate) const AUTHORIZATION: &str = "authorization";
/// The client id from the developer portal, a GUID.
pub(crate) const CLIENT_ID: &str = "x-ibm-client-id";
/// The client's version, `Major.Minor.Build`.
pub(crate) const VERSION: &str = "x-mobilepay-client-system-version";
/// The client's name; in use in early 2020 only.
pub(crate) const SYSTEM_NAME: &str = "x-mobilepay-client-system-name";
/// The merchant's VAT number.
pub(crate) const VAT: &str = "x-mobilepay-merchant-vat-number";
/// The idempotency key of a request that creates a resource.
pub(crate) const KEY: &str = "x-mobilepay-idempotency-key";

/// A client's version: three numbers (api_principles#client_versioning).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    /// A change requires a new certification.
    pub major: u64,
    /// A change requires a new certification.
    pub minor: u64,
    /// A change does not require a new certification.
    pub build: u64,
}

impl Version {
    /// Parses `Major.Minor.Build`; `None` for any other form.
    pub fn parse(text: &str) -> Option<Version> {
        let mut numbers = text.split('.').map(|part| {
            let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| part.parse::<u64>().ok()).flatten()
        });
        let version = Version { major: numbers.next()??, minor: numbers.next()??, build: numbers.next()?? };
        numbers.next().is_none().then_some(version)
    }

    /// Whether Major and Minor are equal, so that a certification of one version covers the other.
    pub fn same_minor(self, other: Version) -> bool {
        (self.major, self.minor) == (other.major, other.minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.build)
    }
}

/// Whether a text is a valid VAT number: `DK` or `FI` and eight digits.
pub(crate) fn is_vat_number(text: &str) -> bool {
    text.strip_prefix("DK")
        .or_else(|| text.strip_prefix("FI"))
        .is_some_and(|digits| digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a text is a valid idempotency key: 1 to 36 valid characters.
pub(crate) fn is_idempotency_key(value: &str) -> bool {
    text::problem(value).is_none()
}

/// The token of an `Authorization` value (RFC 6750 section 2.1); `None` for another scheme or without a single token.
pub(crate) fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim();
    let fits = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains([' ', ',']);
    fits.then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_three_numbers() {
        assert_eq!(Version::parse("2.1.10").unwrap().to_string(), "2.1.10");
        for wrong in ["2.1", "2.1.1.1", "v2.1.1", "2.1.x", "", "2..1", "2.1.-1", "2.1.1 "] {
            assert_eq!(Version::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn vat_number_has_one_country() {
        assert!(is_vat_number("DK90000028") && is_vat_number("FI90000040"));
        for wrong in ["90000028", "DKDK90000028", "dk90000028", "DK9000002", "SE90000028", "DK9000002X"] {
            assert!(!is_vat_number(wrong), "{wrong}");
        }
    }

    #[test]
    fn bearer_value_has_one_token() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc"), Some("abc"));
        for wrong in ["Bearer", "Bearer ", "Basic abc", "abc", "", "Bearer a b"] {
            assert_eq!(bearer(wrong), None, "{wrong}");
        }
    }
}
