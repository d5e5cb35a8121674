//! JSON bodies, with what most parsers hide: a byte order mark, and duplicate names in one object.
//!
//! RFC 8259 section 8.1 forbids the mark. Section 4 leaves open which value of a duplicate name counts, and parsers
//! disagree; therefore neither value is used.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;

/// A parsed JSON text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Document {
    /// The value, without the members that have a duplicate name.
    pub value: Value,
    /// Whether the text begins with a byte order mark.
    pub has_byte_order_mark: bool,
    /// The paths of duplicate names, as in `restrictions.debitCardDisallowed`.
    pub repeated: Vec<String>,
}

impl Document {
    /// Parses a JSON text in UTF-8.
    ///
    /// # Errors
    /// A message to be placed after "the body", if the text is empty or not JSON.
    pub(crate) fn read(bytes: &[u8]) -> Result<Document, String> {
        let (has_byte_order_mark, text) = match bytes.strip_prefix(b"\xEF\xBB\xBF") {
            Some(rest) => (true, rest),
            None => (false, bytes),
        };
        if text.is_empty() {
            return Err("is missing".to_owned());
        }
        let mut value: Value = serde_json::from_slice(text).map_err(|error| problem(text, &error))?;
        let names: Names = serde_json::from_slice(text).map_err(|error| problem(text, &error))?;
        for path in &names.repeated {
            remove(&mut value, path);
        }
        let repeated = names.repeated.iter().map(|path| path.join(".")).collect();
        Ok(Document { value, has_byte_order_mark, repeated })
    }

    /// The members of an object; empty for any other value.
    pub(crate) fn into_object(self) -> Map<String, Value> {
        match self.value {
            Value::Object(object) => object,
            _ => Map::new(),
        }
    }
}

fn problem(text: &[u8], error: &serde_json::Error) -> String {
    if matches!(text, [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, _, ..] | [_, 0, ..]) {
        return "is not UTF-8 but UTF-16 or UTF-32, which is not JSON (RFC 8259 section 8.1)".to_owned();
    }
    if std::str::from_utf8(text).is_err() {
        return format!("is not UTF-8 and therefore not JSON ({error})");
    }
    format!("is not JSON ({error})")
}

/// Removes the member at a path. Indices of array items are path elements, too.
fn remove(value: &mut Value, path: &[String]) {
    let Some((last, way)) = path.split_last() else { return };
    let mut here = value;
    for step in way {
        let next = match here {
            Value::Object(object) => object.get_mut(step),
            Value::Array(items) => step.parse::<usize>().ok().and_then(|at| items.get_mut(at)),
            _ => None,
        };
        let Some(next) = next else { return };
        here = next;
    }
    if let Value::Object(object) = here {
        object.remove(last);
    }
}

/// The paths of duplicate names, found without building a value.
#[derive(Default)]
struct Names {
    repeated: BTreeSet<Vec<String>>,
}

impl Names {
    fn take(&mut self, step: &str, inner: Names) {
        for mut path in inner.repeated {
            path.insert(0, step.to_owned());
            self.repeated.insert(path);
        }
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamesVisitor)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
        let (mut names, mut seen) = (Names::default(), BTreeSet::new());
        while let Some(name) = map.next_key::<String>()? {
            let inner: Names = map.next_value()?;
            names.take(&name, inner);
            if !seen.insert(name.clone()) {
                names.repeated.insert(vec![name]);
            }
        }
        Ok(names)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Names, A::Error> {
        let (mut names, mut at) = (Names::default(), 0_usize);
        while let Some(inner) = items.next_element::<Names>()? {
            names.take(&at.to_string(), inner);
            at += 1;
        }
        Ok(names)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Names, D::Error> {
        deserializer.deserialize_any(NamesVisitor)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Names, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Names::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Names, E> {
        Ok(Names::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Names, E> {
        Ok(Names::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Names, E> {
        Ok(Names::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Names, E> {
        Ok(Names::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Names, E> {
        Ok(Names::default())
    }

    fn visit_unit<E>(self) -> Result<Names, E> {
        Ok(Names::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repeated(text: &str) -> Vec<String> {
        Document::read(text.as_bytes()).unwrap().repeated
    }

    #[test]
    fn duplicate_names_are_found_at_any_depth_and_in_any_spelling() {
        assert_eq!(repeated(r#"{"amount":5,"amount":12.5}"#), ["amount"]);
        assert_eq!(repeated(r#"{"amount":5,"am\u006funt":5}"#), ["amount"]);
        assert_eq!(repeated(r#"{"r":{"a":true,"b":1,"a":true}}"#), ["r.a"]);
        assert_eq!(repeated(r#"{"r":{"a":1},"r":{"a":1}}"#), ["r"]);
        assert_eq!(repeated(r#"[{"a":1},{"a":1,"a":2,"a":3}]"#), ["1.a"]);
        assert!(repeated(r#"{"a":{"x":1},"b":{"x":1},"A":1.50,"c":[1e2,null,"a"]}"#).is_empty());
    }

    #[test]
    fn duplicate_members_are_removed_from_the_value() {
        let document = Document::read(br#"{"amount":5,"amount":12.5,"r":[{"a":1,"a":2,"b":3}]}"#).unwrap();
        assert_eq!(document.value, serde_json::json!({"r": [{"b": 3}]}));
    }

    #[test]
    fn byte_order_mark_is_reported_and_skipped() {
        let document = Document::read(b"\xEF\xBB\xBF{\"a\":1}").unwrap();
        assert!(document.has_byte_order_mark && document.value["a"] == 1);
    }

    #[test]
    fn parse_errors_say_what_is_wrong() {
        let why = |bytes: &[u8]| Document::read(bytes).unwrap_err();
        assert_eq!((why(b""), why(b"\xEF\xBB\xBF")), ("is missing".into(), "is missing".into()));
        assert!(why(b"{\"a\":").contains("not JSON (EOF"));
        assert!(why(b"\xFF\xFE{\0").contains("UTF-16") && why(b"{\0\"\0").contains("UTF-16"));
        assert!(why(b"{\"a\":\"\xE6\"}").contains("not UTF-8"));
        assert!(why(&[b'['; 4000]).contains("not JSON"));
    }
}
