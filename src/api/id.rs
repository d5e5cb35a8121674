//! Ids of the API: GUIDs, compared without regard to letter case, and beacon ids.

use std::fmt;

/// A GUID in canonical lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Guid(String);

impl Guid {
    /// Parses `8-4-4-4-12` hexadecimal digits in any letter case; `None` for any other form.
    pub fn parse(text: &str) -> Option<Guid> {
        let groups: Vec<&str> = text.split('-').collect();
        let fits = groups.len() == 5
            && groups
                .iter()
                .zip([8, 4, 4, 4, 12])
                .all(|(group, length)| group.len() == length && group.bytes().all(|b| b.is_ascii_hexdigit()));
        fits.then(|| Guid(text.to_ascii_lowercase()))
    }

    /// The GUID in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text is a valid beacon id: a GUID or 15 digits (pos_management#beacons).
pub(crate) fn is_beacon_id(text: &str) -> bool {
    Guid::parse(text).is_some() || (text.len() == 15 && text.bytes().all(|b| b.is_ascii_digit()))
}

/// An id in the form used for comparison: a GUID in lower case, anything else unchanged.
pub(crate) fn canonical(text: &str) -> String {
    Guid::parse(text).map_or_else(|| text.to_owned(), |guid| guid.0)
}

/// An id as JSON has it: a text that is not empty, or a number, however it is written (`7`, `7.0`, `7e0`).
pub(crate) fn of_json(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) if !text.is_empty() => Some(canonical(text)),
        serde_json::Value::Number(number) => {
            let digits = number.to_string();
            let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            let double = number.as_f64().filter(|_| !is_whole).filter(|double| double.fract() == 0.0);
            Some(double.map_or(digits, |double| format!("{double:.0}")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_id_however_they_are_written() {
        let id = |text: &str| of_json(&serde_json::from_str(text).unwrap());
        for same in ["7", "7.0", "7e0", "0.7e1", "\"7\""] {
            assert_eq!(id(same).as_deref(), Some("7"), "{same}");
        }
        assert_eq!(id("18446744073709551615").as_deref(), Some("18446744073709551615"));
        assert_eq!(id("\"07\"").as_deref(), Some("07"));
        assert!(["null", "true", "\"\"", "[7]", "{\"id\":7}"].iter().all(|text| id(text).is_none()));
    }

    #[test]
    fn only_the_canonical_form_is_a_guid() {
        assert_eq!(
            Guid::parse("0F8FAD5B-D9CB-469F-A165-70867728950E").unwrap().as_str(),
            "0f8fad5b-d9cb-469f-a165-70867728950e"
        );
        for wrong in [
            "",
            "null",
            "0f8fad5bd9cb469fa16570867728950e",
            "{0f8fad5b-d9cb-469f-a165-70867728950e}",
            "0f8fad5b-d9cb-469f-a165-70867728950g",
            "0f8fad5b-d9cb-469f-a165-70867728950e-",
        ] {
            assert_eq!(Guid::parse(wrong), None, "{wrong}");
        }
        assert!(is_beacon_id("123456789012345") && !is_beacon_id("1234567890"));
    }
}
