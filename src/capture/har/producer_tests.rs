//! Tests of entries as each program writes them, by its documentation and by files that it wrote.

use super::super::record::*;
use super::tests::{exchanges, har, one, opened};
use serde_json::{Value, json};

fn answered(request: Value, response: Value, rest: Value) -> Value {
    let mut entry =
        json!({"startedDateTime": "2024-03-01T12:00:00.250Z", "time": 12.5, "request": request, "response": response});
    entry.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    entry
}

/// Firefox: whole milliseconds with the local offset, `params` next to or instead of the text, and additional fields.
#[test]
fn firefox() {
    let exchange = one(json!({
        "startedDateTime": "2024-03-01T13:00:00.250+01:00",
        "request": {
            "bodySize": 16, "method": "POST", "url": "https://api.example/pos/v10/payments", "httpVersion": "HTTP/1.1",
            "headers": [{"name": "Host", "value": "api.example"}, {"name": "Content-Type", "value": "application/json"}],
            "cookies": [], "queryString": [], "headersSize": 800,
            "postData": {"mimeType": "application/json", "params": [], "text": "{\"amount\":100.0}"},
        },
        "response": {
            "status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [],
            "content": {"mimeType": "application/json", "size": 48}, "redirectURL": "", "headersSize": -1, "bodySize": 190,
        },
        "cache": {}, "timings": {"blocked": 0, "dns": 0, "connect": 0, "ssl": 0, "send": 0, "wait": 31, "receive": 0},
        "time": 31, "_securityState": "secure", "serverIPAddress": "127.0.0.1", "connection": "443", "pageref": "page_1",
    }));
    assert_eq!((exchange.wall_us, exchange.duration_us()), (1_709_294_400_250_000, 31_000));
    assert_eq!(exchange.request.body.bytes, b"{\"amount\":100.0}");
    let body = exchange.answer.unwrap().body;
    assert_eq!((body.kept, body.length, exchange.end.untimed), (BodyRetention::Unknown, 48, false));
}

/// DevTools: a missing response has status 0 with its wait in `blocked`; an evicted body has a size and no text.
#[test]
fn chromium() {
    let request =
        json!({"method": "GET", "url": "https://api.example/pos/v10/payments/x", "headers": [], "bodySize": 0});
    let response = json!({"status": 0, "statusText": "", "headers": [], "content": {"size": 0, "mimeType": "x-unknown"},
        "_error": "net::ERR_ABORTED"});
    let timings = json!({"blocked": 500.25, "dns": -1, "ssl": -1, "connect": -1, "send": 0, "wait": 0, "receive": 0});
    let exchange = one(answered(request.clone(), response, json!({"time": 500.25, "timings": timings})));
    assert_eq!((exchange.status(), exchange.duration_us(), exchange.end.untimed), (None, 500_250, false));
    assert_eq!(exchange.end.detail, "net::ERR_ABORTED");
    let evicted = json!({"status": 200, "headers": [], "content": {"size": 210, "mimeType": "application/json"}});
    assert_eq!(one(answered(request, evicted, json!({}))).answer.unwrap().body.kept, BodyRetention::Unknown);
}

/// mitmproxy: no duration without a response, and a `time` that includes connecting, with TLS counted twice.
#[test]
fn mitmproxy() {
    let file = |entry: Value, name: &str| {
        json!({"log": {"creator": {"name": name, "version": "11.0.2", "comment": ""}, "entries": [entry]}}).to_string()
    };
    let request = json!({"method": "POST", "url": "https://api.example/pos/v10/payments", "headers": [],
        "postData": {"mimeType": "application/json", "text": "{}", "params": []}, "bodySize": 2});
    let given_up = json!({"status": 0, "headers": [], "content": {}, "_error": "Client disconnected."});
    let timings = json!({"connect": -1.0, "ssl": -1.0, "send": 1.107, "receive": 0, "wait": 0});
    let entry = answered(request.clone(), given_up, json!({"time": 1.107, "timings": timings}));
    let exchange = exchanges(&opened(file(entry, "mitmproxy").as_bytes()).unwrap()).remove(0);
    assert_eq!((exchange.duration_us(), exchange.end.untimed), (1107, true));

    let answer = json!({"status": 200, "headers": [], "content": {"size": 2, "text": "{}"}});
    let timings = json!({"connect": 1.0, "ssl": 50.0, "send": 1.0, "wait": 18.0, "receive": 1.0});
    let entry = answered(request, answer, json!({"time": 71.0, "timings": timings}));
    for (name, us) in [("mitmproxy", 20_000), ("another", 71_000)] {
        let exchange = exchanges(&opened(file(entry.clone(), name).as_bytes()).unwrap()).remove(0);
        assert_eq!((exchange.duration_us(), exchange.end.untimed), (us, false), "{name}");
    }
}

/// Playwright: bodies in separate files or left out, and no time to the response in its minimal mode.
#[test]
fn playwright() {
    let request = |post: Value| json!({"method": "POST", "url": "https://api.example/pos/v10/payments", "headers": [], "bodySize": -1, "postData": post});
    let answer = |content: Value| json!({"status": 200, "headers": [], "content": content, "bodySize": -1});
    let minimal = json!({"time": 3.5, "timings": {"send": -1, "wait": -1, "receive": 3.5}});
    let attached = answered(
        request(json!({"mimeType": "application/json", "_file": "a.json"})),
        answer(json!({"size": -1, "mimeType": "application/json", "_file": "b.json"})),
        minimal,
    );
    let exchange = one(attached);
    let answer_kept = exchange.answer.as_ref().map(|answer| answer.body.kept);
    assert_eq!(
        (exchange.request.body.kept, answer_kept, exchange.end.untimed),
        (BodyRetention::Unknown, Some(BodyRetention::Unknown), true)
    );
    let omitted = answered(
        request(json!({"mimeType": "application/json", "text": "{}"})),
        answer(json!({"size": -1, "mimeType": "application/json"})),
        json!({"time": 1934.1, "timings": {"send": -1, "wait": -1, "receive": -1}}),
    );
    let exchange = one(omitted);
    let answer_kept = exchange.answer.as_ref().map(|answer| answer.body.kept);
    assert_eq!(
        (exchange.request.body.kept, answer_kept, exchange.end.untimed),
        (BodyRetention::Whole, Some(BodyRetention::Unknown), false)
    );
    let empty = json!({"size": -1, "mimeType": "x-unknown"});
    let mut bare = answered(request(Value::Null), answer(empty), json!({}));
    bare["response"]["headers"] = json!([{"name": "Content-Length", "value": "0"}]);
    assert_eq!(one(bare).answer.unwrap().body.kept, BodyRetention::Whole);
}

/// Insomnia, Postman, Charles and Fiddler: sizes instead of texts, a clock of whole seconds or of 100 ns, no `time`.
#[test]
fn others() {
    let request = |size: i64| {
        json!({"method": "POST", "url": "https://api.example/pos/v10/payments", "headers": [], "bodySize": size,
            "postData": {"mimeType": "application/json", "text": ""}})
    };
    let answer = json!({"status": 200, "headers": [], "content": {"size": 0, "text": ""}});
    let charles =
        json!({"timings": {"send": 1, "wait": 10, "receive": 1, "dns": -1, "connect": -1, "ssl": -1}, "time": null});
    let exchange = one(answered(request(0), answer.clone(), charles));
    assert_eq!(
        (exchange.duration_us(), exchange.end.untimed, exchange.request.body.kept),
        (12_000, false, BodyRetention::Whole)
    );
    let untold = one(answered(request(17), answer.clone(), json!({"time": -1})));
    assert_eq!((untold.duration_us(), untold.end.untimed, untold.request.body.kept), (0, true, BodyRetention::Unknown));
    let fiddler = json!({"startedDateTime": "2024-03-01T13:00:00.2501234+01:00"});
    assert_eq!(one(answered(request(0), answer.clone(), fiddler)).wall_us, 1_709_294_400_250_123);
    let lower = json!({"startedDateTime": "2024-03-01t12:00:00z"});
    assert_eq!(one(answered(request(0), answer.clone(), lower)).wall_us, 1_709_294_400_000_000);
    let mut announced = answered(request(-1), answer, json!({}));
    announced["request"]["headers"] = json!([{"name": "content-length", "value": "17"}]);
    assert_eq!(one(announced).request.body.kept, BodyRetention::Unknown);
}

/// Other entries in a browser's file: other hosts, sockets, `data:` and extension URLs, redirects.
#[test]
fn unrelated_entries_of_a_browser_are_left_out() {
    let entry = |method: &str, url: &str, status: i64| {
        let headers = [json!({"name": "Cookie", "value": "a=b"})];
        let request = json!({"method": method, "url": url, "headers": headers, "bodySize": 0});
        answered(request, json!({"status": status, "headers": [], "content": {"size": 0}}), json!({}))
    };
    let all = [
        entry("GET", "data:image/gif;base64,R0lGOD", 200),
        entry("GET", "chrome-extension://abcdefgh/content.js", 200),
        entry("GET", "blob:https://till.example/6d2c", 200),
        entry("GET", "about:blank", 0),
        entry("GET", "ws://till.example/socket", 101),
        entry("GET", "http://counter.example/count.gif", 302),
        entry("GET", "https://api.example/pos/v10/stores", 304),
        entry("GET", "https://api.example/pos/v10/stores", 200),
        {
            let mut cached = entry("GET", "https://api.example/pos/v10/stores", 200);
            cached["_fromCache"] = json!("disk");
            cached
        },
    ];
    let capture = opened(har(&all).as_bytes()).unwrap();
    let kept: Vec<(u64, Option<u16>)> = exchanges(&capture).iter().map(|e| (e.number, e.status())).collect();
    assert_eq!(kept, [(7, Some(304)), (8, Some(200))]);
    assert!(capture.remarks[0].starts_with("7 entries"), "{:?}", capture.remarks);
    let bare = json!({"log": {"entries": [all[7].clone()]}}).to_string();
    assert_eq!(opened(bare.as_bytes()).unwrap().exchanges, 1, "no version, no creator, no pages");
}
