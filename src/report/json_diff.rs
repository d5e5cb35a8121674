//! Differences between two JSON documents, by place.

use serde_json::Value;

/// A difference between two documents.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    /// The path: keys, and ids of list entries.
    pub place: String,
    /// The value in the first document; `None` if missing.
    pub first: Option<Value>,
    /// The value in the second document; `None` if missing.
    pub second: Option<Value>,
}

impl Difference {
    /// A value on one line; `nothing` if missing.
    pub(crate) fn shown(value: Option<&Value>) -> String {
        value.map_or("nothing".to_owned(), Value::to_string)
    }
}

/// All differences of two values at `place`; none if they are equal. Lists whose entries have an `id` are compared
/// entry by entry, other lists as a whole.
pub(crate) fn differences(place: &str, first: Option<&Value>, second: Option<&Value>) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(place, first, second, &mut found);
    found
}

fn compare(place: &str, first: Option<&Value>, second: Option<&Value>, found: &mut Vec<Difference>) {
    match (first, second) {
        (Some(Value::Array(a)), Some(Value::Array(b))) if a.iter().chain(b).all(|one| one.get("id").is_some()) => {
            lists(place, a, b, found);
        }
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                compare(&format!("{place}: {key}"), a.get(key), b.get(key), found);
            }
        }
        (a, b) if a == b => {}
        (a, b) => found.push(Difference { place: place.to_owned(), first: a.cloned(), second: b.cloned() }),
    }
}

fn lists(place: &str, a: &[Value], b: &[Value], found: &mut Vec<Difference>) {
    let ids = |list: &[Value]| list.iter().filter_map(|one| one.get("id").cloned()).collect::<Vec<_>>();
    let (of_a, of_b) = (ids(a), ids(b));
    let entry = |id: &Value| format!("{place} {}", id.as_str().unwrap_or_default());
    if of_a == of_b {
        // Compare in order, so that duplicate ids hide no difference.
        for ((id, one), other) in of_a.iter().zip(a).zip(b) {
            compare(&entry(id), Some(one), Some(other), found);
        }
        return;
    }
    let before = found.len();
    for id in of_a.iter().chain(of_b.iter().filter(|id| !of_a.contains(id))) {
        let of = |list: &[Value]| list.iter().find(|one| one.get("id") == Some(id)).cloned();
        compare(&entry(id), of(a).as_ref(), of(b).as_ref(), found);
    }
    if found.len() == before {
        let place = format!("{place}: order");
        found.push(Difference { place, first: Some(Value::Array(of_a)), second: Some(Value::Array(of_b)) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn places(first: &Value, second: &Value) -> Vec<String> {
        differences("it", Some(first), Some(second)).into_iter().map(|difference| difference.place).collect()
    }

    #[test]
    fn differences_are_reported_by_place() {
        let one = json!({"a": [{"id": "x", "n": 1}, {"id": "y", "n": 2}], "b": [1, 2]});
        assert_eq!(places(&one, &one), Vec::<String>::new());
        assert_eq!(
            places(&one, &json!({"a": [{"id": "x", "n": 1}, {"id": "y", "n": 3}], "b": [1]})),
            ["it: a y: n", "it: b"]
        );
        assert_eq!(places(&one, &json!({"a": [{"id": "y", "n": 2}], "b": [1, 2], "c": null})), ["it: a x", "it: c"]);
    }

    #[test]
    fn duplicate_and_reordered_entries_are_differences() {
        let list =
            |numbers: &[(&str, u32)]| Value::Array(numbers.iter().map(|(id, n)| json!({"id": id, "n": n})).collect());
        assert_eq!(places(&list(&[("x", 1), ("y", 2)]), &list(&[("y", 2), ("x", 1)])), ["it: order"]);
        assert_eq!(places(&list(&[("x", 1)]), &list(&[("x", 1), ("x", 1)])), ["it: order"]);
        assert_eq!(places(&list(&[("x", 1), ("x", 2)]), &list(&[("x", 1), ("x", 3)])), ["it x: n"]);
        assert_eq!(places(&list(&[]), &list(&[("x", 1)])), ["it x"]);
    }
}
