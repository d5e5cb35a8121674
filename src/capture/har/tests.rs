//! Tests of reading HAR files: valid ones, invalid ones, and export followed by import.

use super::super::record::*;
use super::super::{Capture, CaptureErrorKind, Writer, WriterOptions, open};
use super::*;
use serde_json::{Value, json};
use std::io::Write;

fn entry(started: &str, path: &str) -> Value {
    json!({
        "startedDateTime": started, "time": 12.5,
        "request": {"method": "GET", "url": format!("https://API.example:443{path}"), "httpVersion": "http/1.1",
            "headers": [{"name": ":path", "value": "/"}, {"name": "Accept", "value": "*/*"}], "bodySize": 0},
        "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "headers": [],
            "content": {"size": 2, "mimeType": "application/json", "text": "{}"}},
        "cache": {}, "timings": {"send": -1, "wait": 10, "receive": 2.5},
    })
}

pub(super) fn har(entries: &[Value]) -> String {
    json!({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}}).to_string()
}

pub(super) fn opened(text: &[u8]) -> Result<Capture, CaptureError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    open(file.path())
}

pub(super) fn exchanges(capture: &Capture) -> Vec<Exchange> {
    let one = |record: Result<Record, CaptureError>| match record.unwrap() {
        Record::Exchange(exchange) => Some(*exchange),
        _ => None,
    };
    capture.records().unwrap().filter_map(one).collect()
}

pub(super) fn one(entry: Value) -> Exchange {
    exchanges(&opened(har(&[entry]).as_bytes()).unwrap()).remove(0)
}

const AT: &str = "2024-03-01T12:00:00.000Z";
const STORES: &str = "/pos/v10/stores";

#[test]
fn an_entry_is_an_exchange() {
    let exchange = one(entry(AT, "/pos/v10/stores?merchantBrandId=a%20b#x"));
    let request = &exchange.request;
    assert_eq!(
        (request.target.as_str(), request.authority.as_str()),
        ("/pos/v10/stores?merchantBrandId=a%20b", "api.example")
    );
    assert_eq!(
        (request.scheme.as_str(), request.version.as_str(), exchange.tls.as_deref()),
        ("https", "HTTP/1.1", None)
    );
    assert_eq!(request.headers, [Header { name: "Accept".to_owned(), value: "*/*".to_owned() }]);
    assert_eq!((exchange.number, exchange.run, exchange.status()), (1, 0, Some(200)));
    assert_eq!((exchange.times.request_head, exchange.times.end, exchange.wall_us), (0, 12_500, 1_709_294_400_000_000));
    assert_eq!((exchange.end.by, exchange.answered_by), (EndedBy::Complete, AnsweredBy::Backend));
    assert_eq!(exchange.answer.unwrap().body.bytes, b"{}");
}

#[test]
fn entries_are_numbered_by_time_and_file_order() {
    let all = [
        entry("2024-03-01T12:00:02Z", "/v10/a"),
        entry("2024-03-01T14:00:01.5+02:00", "/v10/b"),
        entry("2024-03-01T12:00:02Z", "/v10/c"),
        entry("2024-03-01T12:00:00.000001Z", "/v10/d"),
    ];
    let capture = opened(har(&all).as_bytes()).unwrap();
    let all: Vec<(u64, String, u64)> =
        exchanges(&capture).into_iter().map(|e| (e.number, e.request.target, e.times.request_head)).collect();
    let expected = [(1, "/v10/d", 0), (2, "/v10/b", 1_499_999), (3, "/v10/a", 1_999_999), (4, "/v10/c", 1_999_999)];
    assert_eq!(all, expected.map(|(number, target, head)| (number, target.to_owned(), head)));
    assert_eq!(
        (capture.resolution_us, capture.complete, capture.attempts, capture.session.is_none()),
        (1_000_000, true, 1, true)
    );
    for (started, resolution) in [(AT, 1000), ("2024-03-01T12:00:00Z", 1_000_000), ("2024-03-01T12:00:00.123456Z", 1)] {
        assert_eq!(opened(har(&[entry(started, STORES)]).as_bytes()).unwrap().resolution_us, resolution);
    }
}

#[test]
fn call_without_a_response_is_recognised() {
    let mut browser = entry(AT, STORES);
    browser["response"] =
        json!({"status": 0, "statusText": "", "headers": [], "content": {"size": 0}, "_error": "net::ERR_TIMED_OUT"});
    let mut negative = entry(AT, STORES);
    negative["response"]["status"] = json!(-1);
    let mut none = entry(AT, STORES);
    none["response"] = Value::Null;
    let mut unknown = entry(AT, STORES);
    unknown["response"]["status"] = Value::Null;
    for entry in [browser, negative, none, unknown] {
        let exchange = one(entry);
        assert_eq!((exchange.answer, exchange.end.by, exchange.end.stage), (None, EndedBy::Unknown, Stage::Waiting));
        assert_eq!((exchange.times.end, exchange.times.answer_end_out), (12_500, None));
    }
}

#[test]
fn entry_that_does_not_show_whether_there_was_a_response_is_refused() {
    type Edit = fn(&mut Value);
    let edits: [(Edit, &str); 2] = [
        (|entry| drop(entry.as_object_mut().unwrap().remove("response")), "response is missing"),
        (|entry| drop(entry["response"].as_object_mut().unwrap().remove("status")), "response.status is missing"),
    ];
    for (edit, words) in edits {
        let mut entry = entry(AT, STORES);
        edit(&mut entry);
        let error = opened(har(&[entry]).as_bytes()).unwrap_err().to_string();
        assert!(error.contains("entry 1") && error.contains(words), "{error}");
    }
}

#[test]
fn bodies_in_every_form() {
    let post = |post: Value, size: i64| {
        let mut entry = entry(AT, "/connect/token");
        entry["request"]["method"] = json!("POST");
        entry["request"]["bodySize"] = json!(size);
        entry["request"]["postData"] = post;
        one(entry).request.body
    };
    assert_eq!(post(json!({"mimeType": "a", "text": "{\"a\":1}"}), 7).bytes, b"{\"a\":1}");
    assert_eq!(post(json!({"text": "e30=", "encoding": "base64"}), 2).bytes, b"{}");
    let form = post(json!({"params": [{"name": "a b", "value": "c&d"}, {"name": "e"}]}), 9).bytes;
    assert_eq!(String::from_utf8(form).unwrap(), "a%20b=c%26d&e=");
    assert_eq!((post(Value::Null, 0).kept, post(Value::Null, -1).kept), (BodyRetention::Whole, BodyRetention::Unknown));
    assert_eq!((post(Value::Null, 17).kept, post(Value::Null, 17).length), (BodyRetention::Unknown, 17));

    let get = |content: Value, encoded: bool| {
        let mut entry = entry(AT, STORES);
        entry["response"]["content"] = content;
        if encoded {
            entry["response"]["headers"] = json!([{"name": "content-encoding", "value": "gzip"}]);
        }
        one(entry).answer.unwrap().body
    };
    let zipped = super::super::content_encoding::tests::gzip(b"{\"a\":1}");
    let zipped = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, zipped);
    for (body, decoded) in [
        (get(json!({"size": 7, "text": "{\"a\":1}"}), false), false),
        (get(json!({"size": 7, "text": "{\"a\":1}"}), true), true),
        (get(json!({"size": 7, "text": "eyJhIjox\nfQ==", "encoding": "base64"}), true), true),
        (get(json!({"size": 7, "text": zipped, "encoding": "base64"}), true), true),
        (get(json!({"size": 7, "text": zipped, "encoding": "base64"}), false), false),
    ] {
        assert_eq!(
            (body.bytes.as_slice(), body.decoded, body.kept),
            (&b"{\"a\":1}"[..], decoded, BodyRetention::Whole)
        );
    }
    assert_eq!(get(json!({"size": 7}), false).kept, BodyRetention::Unknown);
    assert_eq!(get(json!({"size": 0}), false).kept, BodyRetention::Whole);
    assert_eq!(get(json!({"size": -1, "text": ""}), false).bytes, b"");
}

#[test]
fn versions_and_schemes_are_normalised() {
    for (text, version) in [
        ("http/1.1", "HTTP/1.1"),
        ("HTTP/1.0", "HTTP/1.0"),
        ("h2", "HTTP/2"),
        ("http/2.0", "HTTP/2"),
        ("HTTP/2", "HTTP/2"),
        ("h3", "HTTP/3"),
        ("h3-29", "HTTP/3"),
        ("unknown", ""),
        ("", ""),
    ] {
        assert_eq!(entry::version(Some(text)), version, "{text}");
    }
    let mut plain = entry(AT, STORES);
    plain["request"]["url"] = json!("http://[::1]:8080/pos/v10/stores");
    let exchange = one(plain);
    assert_eq!((exchange.tls.as_deref(), exchange.request.authority.as_str()), (Some(""), "[::1]:8080"));
    let mut user = entry(AT, STORES);
    user["request"]["url"] = json!("https://me:hunter22@api.example/pos/v10/stores");
    let exchange = one(user);
    assert!(exchange.request.target.starts_with("https://redacted-"), "{}", exchange.request.target);
    assert!(exchange.request.target.ends_with("@api.example/pos/v10/stores"));
    assert_eq!(exchange.request.authority, "api.example");
}

#[test]
fn other_requests_of_a_browser_are_left_out() {
    let mut page = entry(AT, "/index.html");
    page["request"]["url"] = json!("https://shop.example/index.html");
    let mut preflight = entry(AT, STORES);
    preflight["request"]["method"] = json!("OPTIONS");
    preflight["request"]["headers"] = json!([{"name": "Access-Control-Request-Method", "value": "POST"}]);
    let wrong_path = entry(AT, "/somewhere/else");
    let capture = opened(har(&[page, preflight, entry(AT, STORES), wrong_path]).as_bytes()).unwrap();
    let numbers: Vec<u64> = exchanges(&capture).iter().map(|exchange| exchange.number).collect();
    assert_eq!((numbers.as_slice(), capture.exchanges, capture.complete), (&[3, 4][..], 2, true));
    assert!(capture.remarks.iter().any(|remark| remark.starts_with("2 entries")), "{:?}", capture.remarks);
}

#[test]
fn errors_in_invalid_files_name_the_entry() {
    let good = har(&[entry(AT, STORES), entry(AT, STORES)]);
    let with = |pointer: &str, value: Value| {
        let mut file: Value = serde_json::from_str(&good).unwrap();
        *file.pointer_mut(pointer).unwrap() = value;
        file.to_string()
    };
    let second = "/log/entries/1";
    for (text, words) in [
        (good[..good.len() / 2].to_owned(), "line 1 column"),
        (String::new(), "is empty"),
        ("Dear Sir".to_owned(), "not a capture"),
        ("[1]".to_owned(), "not a capture"),
        ("{}".to_owned(), "missing field `log`"),
        ("{\"log\":{}}".to_owned(), "missing field `entries`"),
        ("{\"log\":{\"entries\":{}}}".to_owned(), "a list of entries"),
        (with(&format!("{second}/startedDateTime"), json!("x")), "entry 2: startedDateTime \"x\" is not a time"),
        (with(&format!("{second}/startedDateTime"), json!(7)), "entry 2: startedDateTime 7 is not a time"),
        (
            with(&format!("{second}/request/url"), json!("/pos/v10/stores")),
            "entry 2: request.url \"/pos/v10/stores\" is not a URL",
        ),
        (with(&format!("{second}/request/headers"), json!("x")), "entry 2: invalid type"),
        (with(&format!("{second}/response/status"), json!("200")), "entry 2: invalid type"),
        (with(&format!("{second}/response/status"), json!(99999)), "entry 2: response.status 99999"),
        (
            with(&format!("{second}/response/content"), json!({"text": "?", "encoding": "base64"})),
            "entry 2: response.content.text",
        ),
    ] {
        let error = opened(text.as_bytes()).unwrap_err();
        assert!(error.message.contains(words), "{words}: {error}");
        assert!(!error.message.contains('\n') && error.kind != CaptureErrorKind::Io, "{error}");
    }
    let bom = [b"\xef\xbb\xbf", good.as_bytes()].concat();
    assert_eq!(opened(&bom).unwrap().exchanges, 2);
    assert_eq!(opened(har(&[]).as_bytes()).unwrap().exchanges, 0);
}

#[test]
fn secrets_of_a_har_are_replaced() {
    let mut entry = entry(AT, "/pos/v10/stores?access_token=CANARY-123456");
    entry["request"]["headers"] = json!([{"name": "Authorization", "value": "Bearer CANARY-123456"}]);
    let exchange = one(entry);
    let token = exchange.request.headers[0].value.strip_prefix("Bearer ").unwrap();
    assert_eq!(exchange.request.target, format!("/pos/v10/stores?access_token={token}"));
    assert!(token.starts_with("redacted-"));
}

/// A capture with records of every kind, as a recorder writes it.
fn recorded(dir: &Path) {
    let writer = Writer::open(dir, WriterOptions::default()).unwrap();
    let body = |text: &str| Body { bytes: text.as_bytes().to_vec(), ..Body::default() };
    let exchange = |number: u64| Exchange {
        number,
        run: 1,
        connection: Some(3),
        way: Way::Connect,
        tls: Some("TLSv1.2".to_owned()),
        wall_us: 1_709_294_400_000_000,
        request: Request {
            version: "HTTP/1.1".to_owned(),
            method: "POST".to_owned(),
            target: "/pos/v10/payments".to_owned(),
            scheme: "https".to_owned(),
            authority: "127.0.0.1:8443".to_owned(),
            headers: vec![Header { name: "X".to_owned(), value: "y".to_owned() }],
            body: body("{\"customerToken\":\"abc\",\"phoneNumber\":4512345678,\"amount\":1E2}"),
            ..Request::default()
        },
        answer: Some(Answer { version: "HTTP/1.1".to_owned(), status: 200, body: body("{}"), ..Answer::default() }),
        times: Times {
            accepted: Some(0),
            request_head: 1_000_001 * number,
            request_out: Some(1_000_009 * number),
            end: 1_100_000 * number,
            ..Times::default()
        },
        answered_by: AnsweredBy::Backend,
        ..Exchange::default()
    };
    let withheld = Exchange {
        answer: None,
        fault: Some(crate::api::Fault::Timeout),
        answered_by: AnsweredBy::Nobody,
        end: End { by: EndedBy::Client, stage: Stage::Waiting, detail: "gone".to_owned(), ..End::default() },
        ..exchange(2)
    };
    let mut refused = exchange(3);
    refused.request.target = "*".to_owned();
    refused.head_late_us = 2_500;
    refused.request.refused = Some("two lengths".to_owned());
    refused.answered_by = AnsweredBy::Recorder;
    refused.end = End {
        by: EndedBy::Recorder,
        stage: Stage::Request,
        detail: "refused".to_owned(),
        bytes_out: 9,
        untimed: false,
        late_us: 1_500,
    };
    let event = Connection { run: 1, connection: 4, event: "tls-failed".to_owned(), ..Connection::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for exchange in [exchange(1), withheld, refused] {
            writer.take_number();
            let exchange = writer.redactor().exchange(exchange);
            writer.append(Record::Exchange(Box::new(exchange))).await.unwrap();
        }
        writer.append(Record::Connection(event)).await.unwrap();
        writer.take_number();
        writer
            .append(Record::Attempt(AttemptStart { number: 2, first_number: 2, ended_as: "failed".to_owned() }))
            .await
            .unwrap();
        writer.close().await.unwrap();
    });
}

#[test]
fn capture_survives_export_and_import() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    recorded(&dir);
    let original = open(&dir).unwrap();
    let mut text = Vec::new();
    export::write(&original, &mut text).unwrap();
    let back = opened(&text).unwrap();
    for (back, original) in exchanges(&back).into_iter().zip(exchanges(&original)) {
        assert_eq!(back, original);
    }
    let others = |capture: &Capture| -> Vec<Record> {
        capture.records().unwrap().map(Result::unwrap).filter(|r| !matches!(r, Record::Exchange(_))).collect()
    };
    assert_eq!(others(&back).len(), 4);
    assert!(others(&original).iter().all(|record| others(&back).contains(record)));
    assert_eq!(
        (back.attempts, back.exchanges, back.complete),
        (original.attempts, original.exchanges, original.complete)
    );
    assert_eq!((back.gaps.as_slice(), back.resolution_us), (&[(4, 4)][..], 1));
    let mut again = Vec::new();
    export::write(&open(&dir).unwrap(), &mut again).unwrap();
    assert_eq!(again, text, "the same capture, the same bytes");
}

#[test]
fn edited_har_fields_override_the_recorded_ones() {
    let place = tempfile::tempdir().unwrap();
    recorded(&place.path().join("capture"));
    let mut text = Vec::new();
    export::write(&open(&place.path().join("capture")).unwrap(), &mut text).unwrap();
    let mut file: Value = serde_json::from_slice(&text).unwrap();
    for entry in file["log"]["entries"].as_array_mut().unwrap() {
        let started = entry["startedDateTime"].as_str().unwrap().replacen("20", "21", 1);
        entry["startedDateTime"] = started.into();
    }
    file["log"]["entries"][0]["response"]["status"] = json!(0);
    file["log"]["entries"][1]["response"]["status"] = json!(200);
    let all = exchanges(&opened(file.to_string().as_bytes()).unwrap());
    assert_eq!((all[0].status(), all[0].end.stage, all[0].answered_by), (None, Stage::Waiting, AnsweredBy::Nobody));
    assert_eq!((all[1].status(), all[1].end.stage), (Some(200), Stage::Done));
    assert_eq!(all[1].times.request_head, 2_000_002, "a common shift of all times changes nothing");
}
