//! Identification and selection: who is certified for what, from options, a session file, or the capture that is gone
//! on with.

use crate::api::header::Version;
use crate::api::{Feature, Guid};
use crate::capture::record::Session;
use serde::{Deserialize, Serialize};

/// The longest name or id that is taken, in characters.
const LONGEST: usize = 100;

/// What was told of a client, as typed. A session file is this in TOML.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Identification {
    /// Who makes the client.
    pub integrator_id: Option<String>,
    /// The client id of the developer portal, a GUID.
    pub client_id: Option<String>,
    /// `Major.Minor.Build`.
    pub client_version: Option<String>,
    /// The client's name.
    pub system_name: Option<String>,
    /// Ids of the chosen features.
    pub features: Option<Vec<String>>,
}

impl Identification {
    /// Reads a session file.
    ///
    /// # Errors
    /// A sentence with the place in the file.
    pub fn parse(text: &str) -> Result<Identification, String> {
        toml::from_str(text).map_err(|error| {
            let place = error.span().map(|span| text.get(..span.start).unwrap_or("").matches('\n').count() + 1);
            let place = place.map(|line| format!("line {line}: ")).unwrap_or_default();
            format!(
                "{place}{}; a session file has integrator-id, client-id, client-version, system-name and features",
                error.message().trim_end().replace('\n', " ")
            )
        })
    }

    /// This, and where it says nothing, the other.
    pub fn or(self, other: Identification) -> Identification {
        Identification {
            integrator_id: self.integrator_id.or(other.integrator_id),
            client_id: self.client_id.or(other.client_id),
            client_version: self.client_version.or(other.client_version),
            system_name: self.system_name.or(other.system_name),
            features: self.features.or(other.features),
        }
    }

    /// Whether nothing is left to be told.
    pub fn is_whole(&self) -> bool {
        let texts = [&self.integrator_id, &self.client_id, &self.client_version, &self.system_name];
        texts.iter().all(|text| text.is_some()) && self.features.is_some()
    }

    /// What a capture's session says.
    pub fn of(session: &Session) -> Identification {
        Identification {
            integrator_id: session.integrator_id.clone(),
            client_id: session.client_id.clone(),
            client_version: session.client_version.clone(),
            system_name: session.system_name.clone(),
            features: Some(session.features.clone()).filter(|features| !features.is_empty()),
        }
    }

    /// Checks each field. Onboarding is always in; without a choice, all features are.
    ///
    /// # Errors
    /// A sentence on the first field that cannot be taken.
    pub fn check(&self) -> Result<Session, String> {
        let named = |field: &str, text: &Option<String>| text.as_deref().map(|text| name(field, text)).transpose();
        let client_id = self.client_id.as_deref().map(|text| {
            let id = Guid::parse(text.trim());
            id.map(|id| id.to_string()).ok_or_else(|| {
                format!("client-id: `{text}` is not a GUID; it is the client id that the developer portal shows")
            })
        });
        let version = self.client_version.as_deref().map(|text| {
            let version = Version::parse(text.trim());
            version
                .map(|version| version.to_string())
                .ok_or_else(|| format!("client-version: `{text}` is not Major.Minor.Build, three numbers like 2.1.0"))
        });
        let mut features = match &self.features {
            None => Feature::ALL.to_vec(),
            Some(ids) => ids.iter().map(|id| feature(id)).collect::<Result<Vec<_>, _>>()?,
        };
        features.push(Feature::Onboarding);
        features.sort();
        features.dedup();
        Ok(Session {
            integrator_id: named("integrator-id", &self.integrator_id)?,
            client_id: client_id.transpose()?,
            client_version: version.transpose()?,
            system_name: named("system-name", &self.system_name)?,
            features: features.iter().map(|feature| feature.id().to_owned()).collect(),
        })
    }
}

fn feature(id: &str) -> Result<Feature, String> {
    Feature::from_id(id.trim()).ok_or_else(|| {
        let known = Feature::ALL.map(Feature::id).join(", ");
        format!("features: `{id}` is not a feature; choose from {known}")
    })
}

fn name(field: &str, text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("{field}: it is empty; leave it out or say what it is"));
    }
    if let Some(odd) = text.chars().find(|c| c.is_control()) {
        return Err(format!("{field}: {odd:?} cannot stand in it; write it in letters that can be printed"));
    }
    match text.chars().count() {
        0..=LONGEST => Ok(text.to_owned()),
        more => Err(format!("{field}: it has {more} characters; at most {LONGEST} are taken")),
    }
}

/// The fields that nobody told, by name: the verdict takes what it can from the traffic.
pub fn untold(session: &Session) -> Vec<&'static str> {
    let fields = [
        ("integrator id", &session.integrator_id),
        ("client id", &session.client_id),
        ("client version", &session.client_version),
        ("system name", &session.system_name),
    ];
    fields.into_iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "integrator-id = \"ACME\"\nclient-id = \"C0FFEE00-0000-4000-8000-000000000001\"\n\
                        client-version = \"2.1.0\"\nsystem-name = \"Acme till\"\nfeatures = [\"payment\"]\n";

    #[test]
    fn onboarding_is_always_in() {
        let session = Identification::parse(FILE).unwrap().check().unwrap();
        assert_eq!(session.features, ["onboarding", "payment"]);
        assert_eq!(session.client_id.as_deref(), Some("c0ffee00-0000-4000-8000-000000000001"));
        assert!(untold(&session).is_empty());
        let all = Identification::default().check().unwrap();
        assert_eq!((all.features.len(), untold(&all).len()), (6, 4));
    }

    #[test]
    fn what_is_said_later_does_not_replace_what_is_said_first() {
        let flags = Identification { client_version: Some("3.0.0".into()), ..Identification::default() };
        let session = flags.or(Identification::parse(FILE).unwrap()).check().unwrap();
        assert_eq!(session.client_version.as_deref(), Some("3.0.0"));
        assert_eq!(session.system_name.as_deref(), Some("Acme till"));
        assert_eq!(Identification::of(&session).check(), Ok(session));
    }

    #[test]
    fn each_field_is_refused_in_a_sentence() {
        for (file, wanted) in [
            ("client-id = \"12\"", "client-id: `12` is not a GUID"),
            ("client-version = \"2.1\"", "is not Major.Minor.Build"),
            ("integrator-id = \" \"", "integrator-id: it is empty"),
            ("system-name = \"a\\u001bb\"", "cannot stand in it"),
            ("features = [\"cash\"]", "`cash` is not a feature; choose from onboarding"),
        ] {
            let sentence = Identification::parse(file).unwrap().check().unwrap_err();
            assert!(sentence.contains(wanted), "{sentence}");
        }
        let long = format!("system-name = \"{}\"", "x".repeat(101));
        assert!(Identification::parse(&long).unwrap().check().unwrap_err().contains("101 characters"));
        let sentence = Identification::parse("client-id = \"x\"\nclientid = 1").unwrap_err();
        assert!(sentence.starts_with("line 2: ") && sentence.contains("client-version"), "{sentence}");
    }
}
