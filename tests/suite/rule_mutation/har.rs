//! Conversion of a scenario to a HAR 1.2 file.

use super::scenario::{BASE, Call, Walk};
use serde_json::{Value, json};

/// 2026-03-02T09:00:00Z, the start of every scenario, in ms since the Unix epoch.
const START_MS: i64 = 1_772_442_000_000;

/// The HAR of a scenario as text, its entries in the order of the calls.
pub(super) fn text(walk: &Walk) -> String {
    value(walk).to_string()
}

/// The HAR of a scenario as a value that can be changed.
pub(super) fn value(walk: &Walk) -> Value {
    let entries: Vec<Value> = walk.calls.iter().map(entry).collect();
    let mut log = json!({"version": "1.2", "creator": {"name": "fixture", "version": "1"}, "entries": entries});
    if !walk.records.is_empty() {
        log["_poscert"] = json!({"records": walk.records});
    }
    json!({"log": log})
}

fn entry(call: &Call) -> Value {
    let url = if call.path.starts_with('/') { format!("{BASE}{}", call.path) } else { call.path.clone() };
    let url = if call.tls.is_empty() { url.replacen("https://", "http://", 1) } else { url };
    let pairs = |headers: &[(String, String)]| {
        headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<Value>>()
    };
    let mut request =
        json!({"method": call.method, "url": url, "httpVersion": call.http, "headers": pairs(&call.headers)});
    request["bodySize"] = json!(call.body.as_ref().map_or(0, String::len));
    if let Some(body) = &call.body {
        let kind =
            if body.starts_with("grant_type") { "application/x-www-form-urlencoded" } else { "application/json" };
        request["postData"] = json!({"mimeType": kind, "text": body});
    }
    let mut response = json!({"status": call.status, "headers": [], "content": {"size": call.answer.len()}});
    if !call.answer.is_empty() {
        response["content"]["text"] = json!(call.answer);
    }
    let started = jiff::Timestamp::from_millisecond(START_MS + call.at).unwrap();
    let mut entry = json!({
        "startedDateTime": format!("{started:.3}"), "time": call.lasts, "request": request, "response": response,
    });
    if !call.tls.is_empty() {
        entry["_poscert"] = json!({"tls": call.tls});
    }
    entry
}
