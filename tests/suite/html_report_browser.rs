//! Tests of the HTML report in a real browser: readable at 360 and 1280 px, light and dark, and free of active client
//! content.

use super::poscert_process::*;
use serde_json::{Value, json};
use std::process::Stdio;

/// Content that a client could send to take over the page, to widen it, or to hide other content.
const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "\"><svg onload=alert(3)><iframe src=javascript:alert(4)>",
    "</style><base href=http://counter.example/><link rel=stylesheet href=//counter.example/x.css>",
    "\u{202e}txet desrever\u{2066}\u{200b}",
    "&lt;b&gt;]]></pre></details></main>",
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
];

/// A HAR with hostile text in every field, and with very many findings.
fn hostile() -> Value {
    let entries: Vec<Value> = (0..60)
        .map(|at| {
            let text = HOSTILE[at % HOSTILE.len()];
            let long = text.repeat(1 + at % 5);
            let pairs = json!([{"name": text, "value": long}, {"name": "X-MobilePay-Client-System-Version", "value": text},
                {"name": "X-MobilePay-Idempotency-Key", "value": long}]);
            json!({
                "startedDateTime": format!("2024-03-01T12:00:{at:02}.000Z"), "time": 3000,
                "request": {"method": "POST", "url": format!("https://api.example/pos/v10/payments/{}", long.replace(' ', "+")),
                    "httpVersion": text, "headers": pairs, "postData": {"mimeType": text, "text": json!({text: long}).to_string()}},
                "response": {"status": if at % 7 == 0 { 0 } else { 400 }, "statusText": text, "headers": pairs,
                    "content": {"size": 9, "text": json!({"code": text, "message": long}).to_string()}, "_error": text},
            })
        })
        .collect();
    json!({"log": {"version": "1.2", "creator": {"name": HOSTILE[0], "version": "1"}, "entries": entries}})
}

#[test]
fn report_is_readable_in_a_browser_and_client_content_is_inert() {
    let made = clean("bash").arg(tests("browser-env")).stderr(Stdio::inherit()).status().unwrap();
    assert!(made.success(), "tests/browser-env failed");
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    std::fs::write(home.join("hostile.har"), hostile().to_string()).unwrap();
    let output = poscert(home).args(["verify", "hostile.har", "--report", "html=hostile.html"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let kept = ["failed.html", "passed.html", "incomplete.html"].map(|name| tests("golden").join(name));
    let mut look = clean("node");
    look.arg(tests("browser/look.mjs")).arg(home.join("hostile.html")).args(kept);
    let looked = look.output().unwrap();
    assert!(looked.status.success(), "{}{}", text(&looked.stdout), text(&looked.stderr));
}

#[test]
fn defects_of_a_page_are_detected() {
    let made = clean("bash").arg(tests("browser-env")).stderr(Stdio::inherit()).status().unwrap();
    assert!(made.success(), "tests/browser-env failed");
    let home = tempfile::tempdir().unwrap();
    let page = "<!doctype html><p style='width:900px;color:#bbb;background:#fff'>pale</p><img src=nothing.gif><script>console.log(1)</script>";
    std::fs::write(home.path().join("wrong.html"), page).unwrap();
    let looked = clean("node").arg(tests("browser/look.mjs")).arg(home.path().join("wrong.html")).output().unwrap();
    let said = text(&looked.stdout);
    assert_eq!(looked.status.code(), Some(1), "{said}{}", text(&looked.stderr));
    for word in ["360 px, light: 9", "contrast", "loads file:", "console: 1", "something runs"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}
