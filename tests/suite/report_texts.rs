//! What the reports of one failing capture say, in each format.

use super::poscert_process::*;
use serde_json::{Value, json};
use std::path::Path;

/// A call with none of the headers that it needs; a status of 0 is no response.
fn entry(second: u32, method: &str, status: u16) -> Value {
    json!({
        "startedDateTime": format!("2026-11-30T10:00:{second:02}.000Z"), "time": 40,
        "request": {
            "method": method, "url": "https://api.sandbox.mobilepay.dk/pos/v10/stores", "httpVersion": "HTTP/1.1",
            "headers": [{"name": "Authorization", "value": "Basic eA=="}], "queryString": [], "cookies": [], "headersSize": -1, "bodySize": 0,
        },
        "response": {
            "status": status, "statusText": "", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [],
            "content": {"size": 0, "mimeType": ""}, "redirectURL": "", "headersSize": -1, "bodySize": 0,
        },
        "cache": {}, "timings": {"send": 0, "wait": 40, "receive": 0},
    })
}

fn report(home: &Path, format: &str) -> String {
    let output = poscert(home).args(["verify", "my calls.har", "--format", format]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn reports_say_what_happened_in_words() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    // The first call gets no response and is not repeated; another one follows.
    let mut other = entry(20, "GET", 200);
    other["request"]["url"] = json!("https://api.sandbox.mobilepay.dk/pos/v10/payments");
    let entries = [entry(0, "GET", 0), other];
    let har = json!({"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}});
    std::fs::write(home.join("my calls.har"), har.to_string()).unwrap();
    let plain = report(home, "text").split_whitespace().collect::<Vec<_>>().join(" ");
    for wanted in [
        "expected a retry or a lookup after no response; neither followed",
        "of the form Major.Minor.Build; got header missing",
        "one well-formed VAT number; got header missing, and the token is for merchant: none",
        "Recorded: 2026-11-30 10:00:00 to 10:00:20 UTC",
        "Source: https://mobilepaydev.github.io/MobilePay-PoS-v10/api_principles#error_handling",
        "`poscert show 'my calls.har' 1` shows the exchange to look at first",
    ] {
        assert!(plain.contains(wanted), "{wanted}: {plain}");
    }
    assert!(!plain.contains("''") && !plain.contains("status 0") && !plain.contains("CAPTURE"), "{plain}");
    let html = report(home, "html");
    let (_, diagram) = html.split_once("Sequence of ALL-11").unwrap();
    let order = ["✗ #1 GetStores", "the expected call is missing", "#2 "];
    let places: Vec<usize> = order.iter().filter_map(|label| diagram.find(label)).collect();
    assert!(places.len() == 3 && places.is_sorted(), "{places:?}: {}", &diagram[..2000.min(diagram.len())]);
    assert!(
        html.contains("<a href=\"https://mobilepaydev.github.io/MobilePay-PoS-v10/api_principles#error_handling\"")
    );
    let markdown = report(home, "markdown");
    assert!(
        markdown.contains("GET /pos/v10/stores: expected a retry") && markdown.contains("`Authorization: "),
        "{markdown}"
    );
    assert!(
        report(home, "junit").contains("<property name=\"recorded\" value=\"2026-11-30 10:00:00 to 10:00:20 UTC\"/>")
    );
    let verdict: Value = serde_json::from_str(&report(home, "json")).unwrap();
    assert_eq!(verdict["capture"]["recorded"]["from"], "2026-11-30T10:00:00Z");
    assert!(!verdict["requirements"].to_string().contains("is_missing"));
}
