//! The form fields of identification and selection. Names and error messages are those of a session file.

use crate::api::Feature;
use crate::api::form::fields;
use crate::certify::credentials::{Secret, Secrets};
use crate::certify::identification::Identification;
use crate::report::html_kit;
use crate::sandbox::TEST_CLIENT;
use serde_json::{Map, Value};

/// A field of the identification.
pub(super) struct Field {
    /// The name in a session file.
    pub name: &'static str,
    pub label: &'static str,
    /// The explanation.
    pub hint: &'static str,
    /// An example value.
    pub example: &'static str,
    pub need: Need,
}

/// Whether a certificate needs a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// A certificate needs it, and the traffic does not show it.
    Required,
    /// A certificate needs it; the traffic can show it.
    Inferred,
    /// It is shown with the required fields.
    Useful,
    /// It is folded away.
    Optional,
}

/// The fields of the identification, in order.
pub(super) const FIELDS: [Field; 7] = [
    Field {
        name: "integrator-id",
        label: "Integrator id",
        hint: "The integrator id that MobilePay gave you.",
        example: "ACME",
        need: Need::Required,
    },
    Field {
        name: "client-id",
        label: "Client id",
        hint: "The client id shown in the developer portal, a GUID. If empty, it is read from the traffic.",
        example: TEST_CLIENT,
        need: Need::Inferred,
    },
    Field {
        name: "client-version",
        label: "Client version",
        hint: "Major.Minor.Build. A new build stays certified; a new major or minor version does not. If empty, it is read from \
               the traffic.",
        example: "2.1.0",
        need: Need::Inferred,
    },
    Field {
        name: "system-name",
        label: "Client system name",
        hint: "The name of the client.",
        example: "Acme till",
        need: Need::Useful,
    },
    Field {
        name: "production-client-id",
        label: "Production client id",
        hint: "Only if it differs from the client id. Certificate and ledger then cover both ids.",
        example: "2b8c3a52-7a4e-4f0e-9d7e-0d5f5f0f8b11",
        need: Need::Optional,
    },
    Field {
        name: "callback-url",
        label: "Callback URL",
        hint: "Only if your client receives check-in notifications: the HTTPS URL they are sent to.",
        example: "https://till.example/checkins",
        need: Need::Optional,
    },
    Field {
        name: "callback-alias",
        label: "Callback alias",
        hint: "The callbackAlias of the points of sale to notify. If empty, all are notified.",
        example: "acme",
        need: Need::Optional,
    },
];

/// Whether the example of this field works in a trial certification.
pub(super) fn is_tried_with(field: &Field) -> bool {
    FIELDS.iter().any(|one| one.name == field.name)
        && !field.name.starts_with("callback-")
        && field.name != "production-client-id"
}

/// Further fields of the identification, for poscert's own requests to an external backend.
pub(super) const ACCESS: [Field; 3] = [
    Field {
        name: "merchant-vat",
        label: "Merchant VAT number",
        hint: "The merchant for poscert's own requests.",
        example: "DK90000028",
        need: Need::Useful,
    },
    Field {
        name: "token",
        label: "Access token",
        hint: "Checked at the backend before you continue; kept in memory, never written to disk.",
        example: "eyJ...",
        need: Need::Useful,
    },
    Field {
        name: "client-secret",
        label: "Client secret",
        hint: "Alternative to a token: used with the client id to get one.",
        example: "the secret from the developer portal",
        need: Need::Useful,
    },
];

/// The names of the secret fields.
const SECRETS: [&str; 2] = ["token", "client-secret"];

impl Field {
    /// Whether its value is never shown.
    pub(super) fn is_secret(&self) -> bool {
        SECRETS.contains(&self.name)
    }
}

/// The fields of the identification form. `elsewhere`: the backend is not the embedded sandbox.
pub(super) fn asked(elsewhere: bool) -> impl Iterator<Item = &'static Field> {
    FIELDS.iter().chain(ACCESS.iter().filter(move |_| elsewhere))
}

/// The field that accepts an identification without what a certificate needs.
pub(super) const INCOMPLETE: &str = "incomplete";

/// Whether a form accepts that no certificate can be issued.
pub(super) fn accepts_incomplete(form: &str) -> bool {
    fields(form).iter().any(|(name, _)| name == INCOMPLETE)
}

/// The name of the selection's field.
pub(super) const FEATURES: &str = "features";

/// The value of a field, as entered.
pub(super) fn value(identified: &Identification, name: &str) -> String {
    let all = serde_json::to_value(identified).unwrap_or_default();
    all.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The secrets in a form.
///
/// # Errors
/// A secret is invalid.
pub(super) fn keys(form: &str) -> Result<Secrets, String> {
    let fields = fields(form);
    let key = |name: &str| {
        let text = fields.iter().find(|(field, _)| field == name).map(|(_, text)| text.trim());
        let made = text.filter(|text| !text.is_empty()).map(Secret::new).transpose();
        made.map_err(|why| format!("{name}: {why}; enter only the secret"))
    };
    Ok(Secrets { token: key("token")?, client_secret: key("client-secret")? })
}

/// Parses a form, without its secrets. An empty field counts as omitted.
///
/// # Errors
/// A field is unknown or occurs twice.
pub(super) fn identification(form: &str, allowed: &[&str]) -> Result<Identification, String> {
    let mut object = Map::new();
    for (name, value) in fields(form) {
        if !allowed.contains(&name.as_str()) {
            let known = allowed.join(", ");
            return Err(format!("unknown field `{}`; known fields: {known}", crate::report::wording::safe(&name)));
        }
        if SECRETS.contains(&name.as_str()) || name == INCOMPLETE {
            continue;
        }
        if name == FEATURES {
            let list = object.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            list.as_array_mut().into_iter().for_each(|list| list.push(value.clone().into()));
        } else if !value.trim().is_empty() && object.insert(name.clone(), value.into()).is_some() {
            return Err(format!("{name}: the field occurs twice"));
        }
    }
    let identified = serde_json::from_value(Value::Object(object)).map(Identification::tidied);
    identified.map_err(|error| format!("invalid form: {error}"))
}

/// The earlier identification, with these fields replaced by those of `now`.
pub(super) fn put<'f>(
    before: &Identification,
    now: &Identification,
    fields: impl Iterator<Item = &'f Field>,
) -> Identification {
    let object = |identified: &Identification| match serde_json::to_value(identified) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    };
    let (mut all, mut now) = (object(before), object(now));
    for field in fields.filter(|field| !field.is_secret()) {
        all.insert(field.name.to_owned(), now.remove(field.name).unwrap_or_default());
    }
    // The earlier values stay if the merged fields do not form an identification.
    serde_json::from_value(Value::Object(all)).unwrap_or_else(|_| before.clone())
}

/// The error messages of invalid fields, with their names: those for a session file, without the name of the key.
pub(super) fn wrong(identified: &Identification) -> Vec<(&'static str, String)> {
    let names = asked(true).filter(|field| !field.is_secret()).map(|field| field.name);
    let alone = |name: &'static str| {
        let text = value(identified, name);
        let one = Map::from_iter([(name.to_owned(), Value::from(text.clone()))]);
        let one: Identification = serde_json::from_value(Value::Object(one)).ok().filter(|_| !text.is_empty())?;
        let sentence = one.check(crate::profile::pos_v10()).err()?;
        let own = sentence.strip_prefix(&format!("{name}: ")).unwrap_or(&sentence);
        Some((name, html_kit::sentence(own)))
    };
    names.filter_map(alone).collect()
}

/// The features that are selected on the first visit.
const USUAL: [Feature; 2] = [Feature::ONBOARDING, Feature::PAYMENT];

/// Whether a feature is selected; without a selection, the usual ones are.
pub(super) fn is_chosen(identified: &Identification, feature: Feature) -> bool {
    let Some(features) = &identified.features else { return USUAL.contains(&feature) };
    feature == Feature::ONBOARDING || features.iter().any(|id| id.trim() == feature.id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<&'static str> {
        FIELDS.iter().map(|field| field.name).collect()
    }

    #[test]
    fn form_and_session_file_are_equivalent() {
        let identified =
            identification("integrator-id=ACME&client-version=2.1.0&system-name=+&client-id=", &names()).unwrap();
        let file = Identification::parse("integrator-id = \"ACME\"\nclient-version = \"2.1.0\"").unwrap();
        assert_eq!(identified, file);
        assert_eq!((value(&identified, "client-version"), wrong(&identified)), ("2.1.0".to_owned(), Vec::new()));
        let chosen = super::identification("features=payment&features=refund", &[FEATURES]).unwrap();
        assert!(is_chosen(&chosen, Feature::ONBOARDING) && is_chosen(&chosen, Feature::REFUND));
        let before = Identification { token_file: Some("t".into()), integrator_id: Some("B".into()), ..chosen.clone() };
        let after = put(&before, &identified, FIELDS.iter());
        assert_eq!((after.integrator_id.as_deref(), after.features), (Some("ACME"), chosen.features.clone()));
        assert_eq!((after.token_file, after.system_name), (Some("t".into()), None));
        assert!(!is_chosen(&chosen, Feature::LOYALTY) && !is_chosen(&Identification::default(), Feature::LOYALTY));
        assert!(is_chosen(&Identification::default(), Feature::PAYMENT), "the usual features are preselected");
    }

    #[test]
    fn each_invalid_field_has_its_message() {
        let identified = identification("client-id=12&client-version=2&integrator-id=%1b", &names()).unwrap();
        let sentences = wrong(&identified);
        assert_eq!(
            sentences.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["integrator-id", "client-id", "client-version"]
        );
        assert_eq!(sentences[1].1, "`12` is not a GUID; use the client id shown in the developer portal");
        assert!(sentences.iter().all(|(name, sentence)| !sentence.contains(&format!("{name}: "))), "{sentences:?}");
    }

    #[test]
    fn secrets_are_kept_apart_and_not_shown() {
        let names: Vec<&str> = asked(true).map(|field| field.name).collect();
        let form = "merchant-vat=DK90000028&token=abc.def&client-secret=&integrator-id=A";
        let identified = identification(form, &names).unwrap();
        assert_eq!(identified.merchant_vat.as_deref(), Some("DK90000028"));
        assert_eq!(keys(form).unwrap(), Secrets { token: Some(Secret::new("abc.def").unwrap()), client_secret: None });
        assert!(!format!("{identified:?}{:?}", keys(form)).contains("abc"));
        assert_eq!(wrong(&super::identification("merchant-vat=9", &names).unwrap())[0].0, "merchant-vat");
        let sentence = keys("token=two+words").unwrap_err();
        assert!(sentence.starts_with("token: it contains whitespace"), "{sentence}");
        assert!(super::identification("token=x", &self::names()).is_err(), "the embedded sandbox needs no token");
    }

    #[test]
    fn unknown_and_repeated_fields_are_rejected() {
        for form in ["price=1", "features=payment", "client-version=1.0.0&client-version=2.0.0"] {
            assert!(identification(form, &names()).is_err(), "{form}");
        }
    }
}
