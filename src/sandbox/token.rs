//! Access tokens: JWTs signed with HMAC-SHA-256 (RFC 7519, RFC 7515), issued and checked here.

use super::clock::Moment;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::time::Duration;

/// How long a token is valid, in seconds; also `expires_in`.
pub const LIFETIME_SECONDS: u64 = 3700;
/// The documented scope.
pub(super) const SCOPE: &str = "integrator_scope";

const ISSUER: &str = "https://api.sandbox.mobilepay.dk/integrator-authentication";
const AUDIENCE: &str = "integrator_scope";

/// The claims of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // The names are those of a real token's claims.
pub(super) struct Claims {
    pub iss: String,
    pub aud: String,
    pub nbf: u64,
    pub iat: u64,
    pub exp: u64,
    pub client_id: String,
    pub integrator_id: String,
    pub integrator_name: String,
    pub integratorclient_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant_vat: Option<String>,
    pub scope: Vec<String>,
}

impl Claims {
    /// The claims of a token issued now, in whole seconds.
    pub(super) fn new(client_id: &str, integrator: &str, merchant_vat: Option<String>, now: Moment) -> Claims {
        Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            nbf: now.as_secs(),
            iat: now.as_secs(),
            exp: now.as_secs().saturating_add(LIFETIME_SECONDS),
            client_id: client_id.into(),
            integrator_id: integrator.into(),
            integrator_name: integrator.into(),
            integratorclient_name: client_id.into(),
            merchant_vat,
            scope: vec![SCOPE.into()],
        }
    }
}

/// Signs tokens and verifies its own.
#[derive(Clone)]
pub(super) struct Signer {
    mac: Hmac<Sha256>,
}

impl Signer {
    /// A signer with a new random key; `None` if the system's random generator fails.
    pub(super) fn random() -> Option<Signer> {
        let mut key = [0_u8; 32];
        getrandom::fill(&mut key).ok()?;
        Signer::with_key(&key)
    }

    pub(super) fn with_key(key: &[u8]) -> Option<Signer> {
        Some(Signer { mac: Hmac::new_from_slice(key).ok()? })
    }

    /// A token with these claims.
    pub(super) fn sign(&self, claims: &Claims) -> String {
        let payload = serde_json::to_vec(claims).unwrap_or_default();
        let head = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
        let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(payload));
        let tag = self.mac.clone().chain_update(signed.as_bytes()).finalize().into_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    /// The claims of a token that this signer issued and that is valid at that moment; else why it is refused.
    pub(super) fn check(&self, token: &str, now: Moment) -> Result<Claims, &'static str> {
        const MALFORMED: &str = "The access token is malformed";
        const LEEWAY: Duration = Duration::from_secs(1);
        let (signed, tag) = token.rsplit_once('.').ok_or(MALFORMED)?;
        let (head, payload) = signed.split_once('.').ok_or(MALFORMED)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| MALFORMED);
        let head: serde_json::Value = serde_json::from_slice(&decode(head)?).map_err(|_| MALFORMED)?;
        // Any other algorithm, in particular `none`, is refused before the signature is checked (RFC 8725 3.1).
        if head.get("alg").and_then(|alg| alg.as_str()) != Some("HS256") {
            return Err("The access token's algorithm is not accepted");
        }
        let (payload, tag) = (decode(payload)?, decode(tag)?);
        self.mac
            .clone()
            .chain_update(signed.as_bytes())
            .verify_slice(&tag)
            .map_err(|_| "The access token's signature is not valid")?;
        let claims: Claims = serde_json::from_slice(&payload).map_err(|_| MALFORMED)?;
        if now.as_secs() >= claims.exp {
            Err("The access token has expired")
        } else if (now + LEEWAY).as_secs() < claims.nbf {
            Err("The access token is not valid yet")
        } else {
            Ok(claims)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Duration::from_secs(1_700_000_000);

    fn signer() -> Signer {
        Signer::with_key(b"a key of the tests").unwrap()
    }

    fn claims() -> Claims {
        Claims::new("client", "integrator", Some("DK90000028".into()), NOW)
    }

    #[test]
    fn token_holds_its_claims_until_it_expires() {
        let token = signer().sign(&claims());
        assert_eq!(signer().check(&token, NOW), Ok(claims()));
        let last = NOW + Duration::from_secs(LIFETIME_SECONDS - 1);
        assert_eq!(signer().check(&token, last), Ok(claims()));
        assert!(signer().check(&token, last + Duration::from_secs(1)).unwrap_err().contains("expired"));
        assert!(
            signer()
                .check(&token, NOW.checked_sub(Duration::from_secs(60)).unwrap())
                .unwrap_err()
                .contains("not valid yet")
        );
    }

    #[test]
    fn changed_tokens_are_refused() {
        let token = signer().sign(&claims());
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            assert!(signer().check(&String::from_utf8(bytes).unwrap(), NOW).is_err(), "byte {at}");
        }
        assert!(Signer::with_key(b"another").unwrap().check(&token, NOW).unwrap_err().contains("signature"));
    }

    #[test]
    fn malformed_tokens_are_refused() {
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims()).unwrap());
        let none = format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(br#"{"alg":"none"}"#));
        for wrong in ["", "a", "a.b", "a.b.c", "..", "a.b.c.d", &none] {
            assert!(signer().check(wrong, NOW).is_err(), "{wrong}");
        }
    }
}
