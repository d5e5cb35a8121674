//! Configuration of a till: endpoints, credentials and timing.

use super::{ClientError, Misbehavior, Timing};
use crate::api::{customer, header, text};
use std::path::PathBuf;

/// The configuration of a till.
#[derive(Clone, Debug)]
pub struct TillConfig {
    /// The base URL of the API, up to and with `/v10`.
    pub base_url: String,
    /// The token endpoint.
    pub token_url: String,
    /// The client id of the developer portal, a GUID.
    pub client_id: String,
    /// The client secret for the token endpoint.
    pub client_secret: String,
    /// The merchant's VAT number, with its country.
    pub vat: String,
    /// The client's version, `Major.Minor.Build`.
    pub version: String,
    /// The certificates to trust instead of the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// Certificates to trust in addition to the system's, PEM. Used without `ca_file`.
    pub extra_ca: Option<PathBuf>,
    /// The merchant's brand, by which the store is found.
    pub brand: String,
    /// The merchant's location, by which the store is found.
    pub location: String,
    /// The id of the till's own beacon; without one the backend generates it.
    pub beacon_id: Option<String>,
    /// The state file; without one the state is lost when the till ends.
    pub memory: Option<PathBuf>,
    /// Whether the till waits until the customer's membership is known before the amount is fixed.
    pub members: bool,
    /// The value of `User-Agent`.
    pub agent: String,
    /// A token from an earlier run, used until it is refused.
    pub first_token: Option<String>,
    /// Timeouts, delays and limits.
    pub pace: Timing,
    /// The mistake that the till makes, if any.
    pub mistake: Option<Misbehavior>,
}

impl TillConfig {
    /// The configuration for the certification merchant at a base URL; the token endpoint is expected on the same host.
    pub fn certification(base_url: &str, client_id: &str, client_secret: &str) -> TillConfig {
        TillConfig {
            base_url: base_url.to_owned(),
            token_url: token_url(base_url),
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            vat: customer::CERTIFICATION_VAT[0].to_owned(),
            version: "2.1.0".to_owned(),
            ca_file: None,
            extra_ca: None,
            brand: customer::CERTIFICATION_BRAND.to_owned(),
            location: customer::CERTIFICATION_LOCATION.to_owned(),
            beacon_id: None,
            memory: None,
            members: true,
            agent: format!("poscert-till/{}", env!("CARGO_PKG_VERSION")),
            first_token: None,
            pace: Timing::default(),
            mistake: None,
        }
    }

    /// Checks the configuration before anything is sent.
    ///
    /// # Errors
    /// [`ClientError::Setup`] with the field that is wrong.
    pub fn check(&self) -> Result<(), ClientError> {
        let problem = url_problem("base URL", &self.base_url)
            .or_else(|| url_problem("token URL", &self.token_url))
            .or_else(|| version_problem(&self.version))
            .or_else(|| vat_problem(&self.vat))
            .or_else(|| text::problem(&self.client_id).map(|what| format!("the client id {what}")))
            .or_else(|| agent_problem(&self.agent));
        problem.map_or(Ok(()), |what| Err(ClientError::Setup(what)))
    }

    /// The currency of the merchant's country.
    pub fn currency(&self) -> &'static str {
        if self.vat.starts_with("FI") { "EUR" } else { "DKK" }
    }
}

/// The token endpoint of a base URL (pos_integratorauthentication).
pub(crate) fn token_url(base_url: &str) -> String {
    let origin_end = base_url.find("://").map_or(0, |at| at + 3);
    let host = base_url.get(origin_end..).unwrap_or("");
    let origin = origin_end + host.find('/').unwrap_or(host.len());
    format!("{}/integrator-authentication/connect/token", base_url.get(..origin).unwrap_or(base_url))
}

fn url_problem(name: &str, url: &str) -> Option<String> {
    let uri: http::Uri = match url.parse() {
        Ok(uri) => uri,
        Err(error) => {
            return Some(format!(
                "the {name} {url:?} is not a URL ({error}): use one like https://127.0.0.1:8443/pos/v10"
            ));
        }
    };
    let fits = matches!(uri.scheme_str(), Some("https")) && uri.host().is_some_and(|host| !host.is_empty());
    (!fits).then(|| format!("the {name} {url:?} does not start with https:// and a host: the API requires TLS"))
}

fn version_problem(version: &str) -> Option<String> {
    let wrong = header::Version::parse(version).is_none();
    wrong.then(|| format!("the client version {version:?} is not three numbers: use one like 2.1.0"))
}

fn vat_problem(vat: &str) -> Option<String> {
    let wrong = !header::is_vat_number(vat);
    wrong.then(|| format!("the VAT number {vat:?} is not DK or FI and eight digits: use one like DK90000028"))
}

fn agent_problem(agent: &str) -> Option<String> {
    let wrong = http::HeaderValue::from_str(agent).is_err();
    wrong.then(|| format!("the client name {agent:?} is not a valid header value"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_endpoint_is_on_the_host_of_the_base_url() {
        let wanted = "https://127.0.0.1:8443/integrator-authentication/connect/token";
        assert_eq!(token_url("https://127.0.0.1:8443/pos/v10"), wanted);
        assert_eq!(token_url("https://127.0.0.1:8443"), wanted);
    }

    #[test]
    fn invalid_fields_are_refused_by_name() {
        let right = TillConfig::certification("https://h/pos/v10", "4a1e2b34-0000-4000-8000-000000000001", "s");
        assert!(right.check().is_ok());
        type Edit = fn(&mut TillConfig);
        let edits: [(&str, Edit); 5] = [
            ("base URL", |c| c.base_url = "ftp://h".into()),
            ("token URL", |c| c.token_url = "h h".into()),
            ("client version", |c| c.version = "2.1".into()),
            ("VAT number", |c| c.vat = "90000028".into()),
            ("client id", |c| c.client_id = String::new()),
        ];
        for (name, edit) in edits {
            let mut wrong = right.clone();
            edit(&mut wrong);
            let sentence = wrong.check().unwrap_err().to_string();
            assert!(sentence.contains(name), "{sentence}");
        }
    }
}
