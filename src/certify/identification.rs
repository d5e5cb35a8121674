//! Identification of the client and selection of features: from options, a session file or the capture to resume.

use super::notify;
use crate::api::header::{self, Version};
use crate::api::{Guid, text};
use crate::capture::record::Session;
use crate::capture::redact::Redactor;
use crate::profile::{Feature, IdForm, Profile};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The longest name or id, in characters.
const LONGEST: usize = 100;

/// The fields of a session file.
const KEYS: &str = "integrator-id, client-id, production-client-id, client-version, system-name, features, token-file, \
                    client-secret-file, merchant-vat, callback-alias, callback-url and wait";

/// The largest step timeout, in seconds: a day.
pub(crate) const LONGEST_WAIT: u64 = 86_400;

/// The identification of a client, as entered. A session file is its TOML form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Identification {
    /// The id of the integrator that develops the client.
    pub integrator_id: Option<String>,
    /// The client id of the developer portal, a GUID.
    pub client_id: Option<String>,
    /// The client id in production, if it is another one.
    pub production_client_id: Option<String>,
    /// `Major.Minor.Build`.
    pub client_version: Option<String>,
    /// The client's name.
    pub system_name: Option<String>,
    /// Ids of the selected features.
    pub features: Option<Vec<String>>,
    /// The path of a file with an access token.
    pub token_file: Option<PathBuf>,
    pub client_secret_file: Option<PathBuf>,
    /// The merchant's VAT number.
    pub merchant_vat: Option<String>,
    /// The callback alias of the client's points of sale.
    pub callback_alias: Option<String>,
    /// The URL where the client receives check-in notifications.
    pub callback_url: Option<String>,
    /// The step timeout, in seconds. It applies to the run and is not stored in the capture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<u64>,
}

impl Identification {
    /// Parses a session file.
    ///
    /// # Errors
    /// The file is invalid; the message names the line.
    pub(crate) fn parse(text: &str) -> Result<Identification, String> {
        toml::from_str(text).map_err(|error| {
            let place = error.span().map(|span| text.get(..span.start).unwrap_or("").matches('\n').count() + 1);
            let place = place.map(|line| format!("line {line}: ")).unwrap_or_default();
            let message = error.message().trim_end().replace('\n', " ");
            let secret = ["`token`", "`client-secret`"].iter().any(|name| message.contains(&format!("field {name}")));
            if secret {
                return format!(
                    "{place}a session file must not contain secrets; use token-file or client-secret-file, or set \
                     POSCERT_TOKEN or POSCERT_CLIENT_SECRET"
                );
            }
            format!("{place}{message}; the fields of a session file are {KEYS}")
        })
    }

    /// This identification, completed by the fields of `other`.
    pub(crate) fn or(self, other: Identification) -> Identification {
        Identification {
            integrator_id: self.integrator_id.or(other.integrator_id),
            client_id: self.client_id.or(other.client_id),
            production_client_id: self.production_client_id.or(other.production_client_id),
            client_version: self.client_version.or(other.client_version),
            system_name: self.system_name.or(other.system_name),
            features: self.features.or(other.features),
            token_file: self.token_file.or(other.token_file),
            client_secret_file: self.client_secret_file.or(other.client_secret_file),
            merchant_vat: self.merchant_vat.or(other.merchant_vat),
            callback_alias: self.callback_alias.or(other.callback_alias),
            callback_url: self.callback_url.or(other.callback_url),
            wait: self.wait.or(other.wait),
        }
    }

    /// Trims whitespace, which often comes along when a value is pasted, and normalizes ids and version to their form
    /// in a capture. Invalid values stay as they are; [`Self::check`] reports them.
    pub(crate) fn tidied(self) -> Identification {
        let trimmed = |text: Option<String>| text.map(|text| text.trim().to_owned());
        let id = |text: String| Guid::parse(&text).map_or(text, |id| id.to_string());
        let version = |text: String| Version::parse(&text).map_or(text, |version| version.to_string());
        Identification {
            integrator_id: trimmed(self.integrator_id),
            client_id: trimmed(self.client_id).map(id),
            production_client_id: trimmed(self.production_client_id).map(id),
            client_version: trimmed(self.client_version).map(version),
            system_name: trimmed(self.system_name),
            merchant_vat: trimmed(self.merchant_vat),
            callback_url: trimmed(self.callback_url),
            ..self
        }
    }

    /// Whether the client is fully identified, and features are selected.
    pub(crate) fn is_whole(&self) -> bool {
        let texts = [&self.integrator_id, &self.client_id, &self.client_version, &self.system_name];
        texts.iter().all(|text| text.is_some()) && self.features.is_some()
    }

    /// The identification in a capture's session record.
    pub(crate) fn of(session: &Session) -> Identification {
        Identification {
            integrator_id: session.integrator_id.clone(),
            client_id: session.client_id.clone(),
            production_client_id: session.production_client_id.clone(),
            client_version: session.client_version.clone(),
            system_name: session.system_name.clone(),
            features: Some(session.features.clone()).filter(|features| !features.is_empty()),
            merchant_vat: session.merchant_vat.clone(),
            callback_alias: session.callback_alias.clone(),
            callback_url: session.callback_url.clone(),
            ..Identification::default()
        }
    }

    /// The merchant's VAT number, if it is valid.
    pub(crate) fn vat(&self) -> Option<&str> {
        self.merchant_vat.as_deref().map(str::trim).filter(|vat| header::is_vat_number(vat))
    }

    /// Validates each field and returns the session record for the capture. The mandatory feature is always
    /// included; without a selection, all features are.
    ///
    /// # Errors
    /// A field is invalid; the message names the first one.
    pub(crate) fn check(&self, api: &Profile) -> Result<Session, String> {
        let named = |field: &str, text: &Option<String>| text.as_deref().map(|text| name(field, text)).transpose();
        let guid = |field: &str, text: &Option<String>| {
            let id = text.as_deref().map(|text| {
                if api.ids == IdForm::Any {
                    return name(field, text);
                }
                Guid::parse(text.trim()).map(|id| id.to_string()).ok_or_else(|| {
                    format!("{field}: `{text}` is not a GUID; use the client id shown in the developer portal")
                })
            });
            id.transpose()
        };
        let version = self.client_version.as_deref().map(|text| {
            let version = Version::parse(text.trim());
            version
                .map(|version| version.to_string())
                .ok_or_else(|| format!("client-version: `{text}` is not Major.Minor.Build, three numbers like 2.1.0"))
        });
        if let Some(url) = &self.callback_url {
            notify::origin(url)?;
        }
        if let Some(wait) = self.wait.filter(|wait| !(1..=LONGEST_WAIT).contains(wait)) {
            return Err(format!("wait: {wait} is not 1 to {LONGEST_WAIT} seconds"));
        }
        if let Some(alias) = self.callback_alias.as_deref()
            && let Some(what) = text::problem(alias)
        {
            return Err(format!("callback-alias: it {what}; use the callbackAlias of your points of sale"));
        }
        if let Some(vat) = self.merchant_vat.as_deref().filter(|_| self.vat().is_none()) {
            return Err(format!("merchant-vat: `{vat}` is not DK or FI and eight digits, such as DK90000028"));
        }
        let mut features = match &self.features {
            None => api.features.clone(),
            Some(ids) => ids.iter().map(|id| feature(id, api)).collect::<Result<Vec<_>, _>>()?,
        };
        features.push(api.mandatory);
        features.sort();
        features.dedup();
        Ok(Session {
            integrator_id: named("integrator-id", &self.integrator_id)?,
            client_id: guid("client-id", &self.client_id)?,
            production_client_id: guid("production-client-id", &self.production_client_id)?,
            client_version: version.transpose()?,
            system_name: named("system-name", &self.system_name)?,
            features: features.iter().map(|feature| feature.id().to_owned()).collect(),
            merchant_vat: self.vat().map(str::to_owned),
            callback_alias: self.callback_alias.clone(),
            callback_url: self.callback_url.clone(),
        })
    }
}

/// The session for a capture: without a callback URL that may contain a secret.
pub(crate) fn kept(session: &Session, redactor: &Redactor) -> Session {
    let is_plain = |url: &String| !url.contains(['?', '#']) && redactor.url(url) == *url;
    Session { callback_url: session.callback_url.clone().filter(is_plain), ..session.clone() }
}

fn feature(id: &str, api: &Profile) -> Result<Feature, String> {
    api.feature(id.trim()).ok_or_else(|| {
        let known = api.feature_ids().join(", ");
        format!("features: `{id}` is not a feature; choose from {known}")
    })
}

fn name(field: &str, text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("{field}: it is empty; omit it or enter a value"));
    }
    if let Some(odd) = text.chars().find(|c| c.is_control()) {
        return Err(format!("{field}: it contains the control character {odd:?}; use printable characters"));
    }
    match text.chars().count() {
        0..=LONGEST => Ok(text.to_owned()),
        more => Err(format!("{field}: it has {more} characters; the limit is {LONGEST}")),
    }
}

/// Names of missing fields that the verdict can infer from the traffic.
pub(crate) fn missing_fields(session: &Session) -> Vec<&'static str> {
    let fields = [
        ("integrator id", &session.integrator_id),
        ("client id", &session.client_id),
        ("client version", &session.client_version),
    ];
    fields.into_iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::pos_v10;

    const FILE: &str = "integrator-id = \"ACME\"\nclient-id = \"C0FFEE00-0000-4000-8000-000000000001\"\n\
                        client-version = \"2.1.0\"\nsystem-name = \"Acme till\"\nfeatures = [\"payment\"]\n";

    #[test]
    fn onboarding_is_always_included() {
        let session = Identification::parse(FILE).unwrap().check(pos_v10()).unwrap();
        assert_eq!(session.features, ["onboarding", "payment"]);
        assert_eq!(session.client_id.as_deref(), Some("c0ffee00-0000-4000-8000-000000000001"));
        assert!(missing_fields(&session).is_empty());
        let all = Identification::default().check(pos_v10()).unwrap();
        assert_eq!((all.features.len(), missing_fields(&all).len()), (6, 3));
    }

    #[test]
    fn whitespace_around_pasted_values_is_trimmed() {
        let pasted = "client-id = \" C0FFEE00-0000-4000-8000-000000000001 \"\nclient-version = \"2.1.0\\t\"\nsystem-name = \" T 1\"";
        let identified = Identification::parse(pasted).unwrap().tidied();
        assert_eq!(identified.client_id.as_deref(), Some("c0ffee00-0000-4000-8000-000000000001"));
        assert_eq!(
            (identified.client_version.as_deref(), identified.system_name.as_deref()),
            (Some("2.1.0"), Some("T 1"))
        );
        let odd = Identification { client_id: Some(" 12 ".into()), ..Identification::default() }.tidied();
        assert!(odd.check(pos_v10()).unwrap_err().starts_with("client-id: `12` is not a GUID"));
    }

    #[test]
    fn first_source_of_a_field_wins() {
        let flags = Identification { client_version: Some("3.0.0".into()), ..Identification::default() };
        let session = flags.or(Identification::parse(FILE).unwrap()).check(pos_v10()).unwrap();
        assert_eq!(session.client_version.as_deref(), Some("3.0.0"));
        assert_eq!(session.system_name.as_deref(), Some("Acme till"));
        assert_eq!(Identification::of(&session).check(pos_v10()), Ok(session));
    }

    #[test]
    fn callback_url_that_may_contain_a_secret_is_not_stored() {
        let redactor = Redactor::new(crate::seal::Key::derived("a capture", b"of a test"));
        let kept = |url: &str| {
            let session = Session { callback_url: Some(url.to_owned()), ..Session::default() };
            super::kept(&session, &redactor).callback_url
        };
        for plain in ["https://till.example.com/checkin", "https://127.0.0.1:8443/mobilepay/check-ins/7"] {
            assert_eq!(kept(plain).as_deref(), Some(plain));
        }
        for secret in ["https://till.example.com/?code=1", "https://till.example.com/token/9f31c2aa77bd4e10"] {
            assert_eq!(kept(secret), None, "{secret}");
        }
    }

    #[test]
    fn invalid_fields_are_rejected_with_a_message() {
        for (file, wanted) in [
            ("client-id = \"12\"", "client-id: `12` is not a GUID"),
            ("production-client-id = \"12\"", "production-client-id: `12` is not a GUID"),
            ("client-version = \"2.1\"", "is not Major.Minor.Build"),
            ("integrator-id = \" \"", "integrator-id: it is empty"),
            ("system-name = \"a\\u001bb\"", "control character"),
            ("features = [\"cash\"]", "`cash` is not a feature; choose from onboarding"),
            ("callback-url = \"http://till/\"", "callback-url: notifications are sent over HTTPS only"),
            ("callback-alias = \"\"", "callback-alias: it "),
            ("merchant-vat = \"90000028\"", "merchant-vat: `90000028` is not DK or FI"),
        ] {
            let sentence = Identification::parse(file).unwrap().check(pos_v10()).unwrap_err();
            assert!(sentence.contains(wanted), "{sentence}");
        }
        let long = format!("system-name = \"{}\"", "x".repeat(101));
        assert!(Identification::parse(&long).unwrap().check(pos_v10()).unwrap_err().contains("101 characters"));
        let sentence = Identification::parse("client-id = \"x\"\nclientid = 1").unwrap_err();
        assert!(sentence.starts_with("line 2: ") && sentence.contains("client-version"), "{sentence}");
        for secret in ["token", "client-secret"] {
            let sentence = Identification::parse(&format!("{secret} = \"hush\"")).unwrap_err();
            assert!(sentence.contains("must not contain secrets") && !sentence.contains("hush"), "{sentence}");
        }
    }
}
