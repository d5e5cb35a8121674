//! The token endpoint (pos_integratorauthentication; RFC 6749 section 4.4).

use super::ClientCredentials;
use super::clock::Moment;
use super::token::{Claims, LIFETIME_SECONDS, SCOPE, Signer};
use crate::api::form::fields;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// A refused token request: the HTTP status and the `error` of RFC 6749 section 5.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Denied {
    /// 400 or 401.
    pub status: u16,
    /// The error name.
    pub error: &'static str,
    pub description: &'static str,
}

const fn denied(status: u16, error: &'static str, description: &'static str) -> Denied {
    Denied { status, error, description }
}

const NO_CLIENT: Denied = denied(401, "invalid_client", "the client id or its secret is missing or wrong");
const NO_GRANT: Denied = denied(400, "unsupported_grant_type", "grant_type must be client_credentials");

/// Issues a token for client credentials, from the `Authorization: Basic` value or from the form.
pub(super) fn grant(
    basic: Option<&str>,
    form: &[u8],
    clients: &[ClientCredentials],
    signer: &Signer,
    now: Moment,
) -> Result<Value, Denied> {
    let form = String::from_utf8_lossy(form);
    let form = fields(&form);
    let field = |name: &str| form.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, value)| value.as_str());
    let (id, secret) = match basic {
        Some(basic) => credentials(basic).ok_or(NO_CLIENT)?,
        None => match (field("client_id"), field("client_secret")) {
            (Some(id), Some(secret)) => (id.to_owned(), secret.to_owned()),
            _ => return Err(NO_CLIENT),
        },
    };
    let known =
        |client: &&ClientCredentials| client.client_id.eq_ignore_ascii_case(&id) && client.client_secret == secret;
    let client = clients.iter().find(known).ok_or(NO_CLIENT)?;
    if field("grant_type") != Some("client_credentials") {
        return Err(NO_GRANT);
    }
    let vat = field("merchant_vat").map(str::to_owned);
    let token = signer.sign(&Claims::new(&client.client_id, &client.integrator, vat, now));
    Ok(json!({"access_token": token, "expires_in": LIFETIME_SECONDS, "token_type": "Bearer", "scope": SCOPE}))
}

/// Client id and secret of a Basic value (RFC 7617), also if percent-encoded as in RFC 6749 section 2.3.1.
fn credentials(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.trim().split_once(' ')?;
    let decoded = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some((plain(id), plain(secret)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const NOW: Moment = Duration::from_secs(1_700_000_000);

    fn ask(basic: Option<&str>, form: &str) -> Result<Claims, Denied> {
        let clients = crate::sandbox::SandboxOptions::default().clients;
        let signer = Signer::with_key(b"tests").unwrap();
        let answer = grant(basic, form.as_bytes(), &clients, &signer, NOW)?;
        assert!(answer["expires_in"].as_u64().unwrap() >= 3600 && answer["token_type"] == "Bearer");
        Ok(signer.check(answer["access_token"].as_str().unwrap(), NOW).unwrap())
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    #[test]
    fn credentials_are_accepted_in_the_header_or_the_form() {
        let header = basic("c0ffee00-0000-4000-8000-000000000001:sandbox-secret-one");
        let claims = ask(Some(&header), "grant_type=client_credentials&merchant_vat=DK90000028").unwrap();
        assert_eq!(claims.integrator_id, "INTEGRATOR-1");
        assert_eq!(claims.merchant_vat.as_deref(), Some("DK90000028"));
        assert_eq!(claims.scope, ["integrator_scope"]);
        let form = "grant_type=client_credentials&client_id=c0ffee00-0000-4000-8000-000000000002&client_secret=sandbox%2Dsecret-two";
        assert_eq!(ask(None, form).unwrap().integrator_id, "INTEGRATOR-2");
    }

    #[test]
    fn other_token_requests_are_refused() {
        let good = basic("c0ffee00-0000-4000-8000-000000000001:sandbox-secret-one");
        for (header, form, expected) in [
            (None, "grant_type=client_credentials", NO_CLIENT),
            (Some(basic("c0ffee00-0000-4000-8000-000000000001:wrong")), "grant_type=client_credentials", NO_CLIENT),
            (Some(basic("nobody:sandbox-secret-one")), "grant_type=client_credentials", NO_CLIENT),
            (Some("Basic !!!".to_owned()), "grant_type=client_credentials", NO_CLIENT),
            (Some("Bearer abc".to_owned()), "grant_type=client_credentials", NO_CLIENT),
            (Some(good.clone()), "grant_type=password", NO_GRANT),
            (Some(good), "", NO_GRANT),
        ] {
            assert_eq!(ask(header.as_deref(), form), Err(expected), "{header:?} {form}");
        }
    }
}
