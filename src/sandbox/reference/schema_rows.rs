//! Tables of the parameters and fields of an operation.

use maud::{Markup, html};
use serde_json::Value;

/// The parameters of an operation.
pub(super) fn parameters(all: &[&Value]) -> Markup {
    html! {
        table {
            thead { tr { th { "Name" } th { "In" } th { "Type" } th { "Required" } } }
            tbody {
                @for one in all {
                    tr {
                        td { code { (text(&one["name"])) } @if let Some(why) = one["description"].as_str() { p.dim { (why) } } }
                        td { (text(&one["in"])) }
                        td { (kind(&one["schema"])) }
                        td { (required(one["required"].as_bool() == Some(true))) }
                    }
                }
            }
        }
    }
}

/// The fields of an object, or of the items of a list; nothing for another schema.
pub(super) fn fields(schema: &Value, description: &Value) -> Markup {
    let schema = resolved(schema, description);
    let schema = if schema["type"] == "array" { resolved(&schema["items"], description) } else { schema };
    let Some(properties) = schema["properties"].as_object().filter(|all| !all.is_empty()) else { return html! {} };
    let needed = |name: &str| schema["required"].as_array().into_iter().flatten().any(|one| one == name);
    html! {
        table {
            thead { tr { th { "Field" } th { "Type" } th { "Required" } } }
            tbody {
                @for (name, field) in properties {
                    tr { td { code { (name) } } td { (kind(field)) } td { (required(needed(name))) } }
                    @for (inner, field) in field["properties"].as_object().into_iter().flatten() {
                        tr { td { code { (name) "." (inner) } } td { (kind(field)) } td { (required(false)) } }
                    }
                }
            }
        }
    }
}

/// The schema that a reference names, or the schema itself.
fn resolved<'a>(schema: &'a Value, description: &'a Value) -> &'a Value {
    let pointer = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| description.pointer(pointer)).unwrap_or(schema)
}

fn required(is_required: bool) -> &'static str {
    if is_required { "yes" } else { "no" }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The type of a schema in words: `string (uuid)`, `one of DKK, EUR`.
fn kind(schema: &Value) -> String {
    if schema["type"] == "array" {
        return format!("list of {}", kind(&schema["items"]));
    }
    let names = |key: &str| schema[key].as_array().map(|all| all.iter().filter_map(Value::as_str).collect::<Vec<_>>());
    if let Some(names) = names("enum") {
        return format!("one of {}", names.join(", "));
    }
    let kind = schema["type"].as_str().unwrap_or("any");
    let more = schema["format"].as_str().map(str::to_owned);
    let more = more.or_else(|| schema["pattern"].as_str().map(|pattern| format!("pattern {pattern}")));
    let more = more.or_else(|| schema["maxLength"].as_u64().map(|most| format!("up to {most} characters")));
    more.map_or_else(|| kind.to_owned(), |more| format!("{kind} ({more})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_are_described_in_words() {
        assert_eq!(kind(&json!({"type": "string", "format": "uuid"})), "string (uuid)");
        assert_eq!(kind(&json!({"type": "array", "items": {"enum": ["QR", "NFC"]}})), "list of one of QR, NFC");
        assert_eq!(kind(&json!({})), "any");
        let description = json!({"a": {"properties": {"x": {"type": "integer"}}, "required": ["x"]}});
        let shown = fields(&json!({"$ref": "#/a"}), &description).into_string();
        assert!(shown.contains("<code>x</code>") && shown.contains("yes"), "{shown}");
    }
}
