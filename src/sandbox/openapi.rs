//! The sandbox's own OpenAPI description.
pub fn description() -> serde_json::Value {
    serde_json::json!({})
}
