//! A validator for the subset of JSON Schema that `docs/verdict.schema.json` uses.

use serde_json::Value;

/// The violations of a schema by a value. Fields that the schema does not name are violations too: the schema allows
/// future fields, but today's fields must be listed.
pub(crate) fn problems(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let target =
            root.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{name} is not in the schema"));
        return problems(root, target, value, at);
    }
    let mut found = Vec::new();
    let mut problem = |wrong: bool, what: &str| {
        if wrong {
            found.push(format!("{at} {what}: {value}"));
        }
    };
    let types = match &schema["type"] {
        Value::Array(types) => types.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    };
    problem(!types.is_empty() && !types.iter().any(|t| is(t.as_str().unwrap(), value)), "is of another type");
    problem(schema["enum"].as_array().is_some_and(|all| !all.contains(value)), "is not in the list");
    problem(!schema["const"].is_null() && schema["const"] != *value, "is not the constant");
    let too_small = |least: i64| value.as_i64().is_some_and(|n| n < least);
    problem(schema["minimum"].as_i64().is_some_and(too_small), "is too small");
    if let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str()) {
        problem(!regex::Regex::new(pattern).unwrap().is_match(text), "does not match");
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        problem(value.get(name.as_str().unwrap()).is_none(), &format!("lacks {name}"));
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(name) {
            Some(inner_schema) => found.extend(problems(root, inner_schema, inner, &format!("{at}.{name}"))),
            None => found.push(format!("{at}.{name} is not in the schema")),
        }
    }
    if schema["items"].is_object() {
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            found.extend(problems(root, &schema["items"], item, &format!("{at}[{index}]")));
        }
    }
    found
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "null" => value.is_null(),
        other => panic!("{other}: type is not supported by this validator"),
    }
}
