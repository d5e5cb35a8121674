//! Profiles of other APIs: `fixtures/library-profile` is an API that no line of Rust knows. It is recorded, certified and
//! verified through the built binary.

use crate::poscert_process::{clean, poscert, python, refused, text};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

fn library(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/library-profile").join(file)
}

/// A call of the library API in a HAR file.
#[derive(Clone)]
struct Call {
    method: &'static str,
    path: &'static str,
    status: u16,
    body: Option<Value>,
    answer: Option<Value>,
    key: &'static str,
}

fn create(status: u16, answer: Option<Value>) -> Call {
    Call { method: "POST", path: "/loans", status, body: Some(json!({"book": "x"})), answer, key: "k1" }
}

fn lent() -> Call {
    create(201, Some(json!({"loan": {"id": "L1"}})))
}

fn lost() -> Call {
    create(0, None)
}

fn read(state: &str) -> Call {
    let answer = Some(json!({"state": state}));
    Call { method: "GET", path: "/loans/L1", status: 200, body: None, answer, key: "" }
}

fn renew(fee: f64) -> Call {
    let answer = Some(json!({"fee": fee}));
    Call { method: "POST", path: "/loans/L1/renewals", status: 200, body: None, answer, key: "" }
}

fn list(ids: &[&str]) -> Call {
    let answer = Some(json!({"ids": ids}));
    Call { method: "GET", path: "/loans?reader=9", status: 200, body: None, answer, key: "" }
}

/// The calls of a correct client, through the faults of the case.
fn correct() -> Vec<Call> {
    vec![lost(), create(500, Some(json!({"error": {"code": "E1"}}))), lent(), read("lent"), renew(2.5), renew(2.5)]
}

fn har(calls: &[Call]) -> Value {
    let entry = |(at, call): (usize, &Call)| {
        let mut headers =
            vec![json!({"name": "Host", "value": "lib.example"}), json!({"name": "X-Branch", "value": "7"})];
        headers.push(json!({"name": "Authorization", "value": "Bearer abc.def.ghi"}));
        if !call.key.is_empty() {
            headers.push(json!({"name": "Idempotency-Key", "value": call.key}));
        }
        let answer = call.answer.as_ref().map(Value::to_string).unwrap_or_default();
        let mut entry = json!({
            "startedDateTime": format!("2026-03-02T09:00:{:02}.250Z", at * 2),
            "time": if call.status == 0 { 600.0 } else { 12.5 },
            "request": {
                "method": call.method, "url": format!("https://lib.example/v1{}", call.path), "httpVersion": "HTTP/1.1",
                "headers": headers, "bodySize": 0,
            },
            "response": {
                "status": call.status, "headers": [{"name": "Content-Type", "value": "application/json"}],
                "content": {"mimeType": "application/json", "size": answer.len(), "text": answer},
            },
        });
        if let Some(body) = &call.body {
            entry["request"]["postData"] = json!({"mimeType": "application/json", "text": body.to_string()});
        }
        entry
    };
    let entries: Vec<Value> = calls.iter().enumerate().map(entry).collect();
    json!({"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}})
}

fn run(home: &Path, profile: &Path, har: &Value) -> Output {
    let file = home.join("calls.har");
    std::fs::write(&file, har.to_string()).unwrap();
    let mut command = poscert(home);
    command.args(["verify", "--format", "json", "--profile"]).arg(profile).arg(file).output().unwrap()
}

/// The outcome of a HAR, and the ids of requirements with a finding.
fn judged(har: &Value) -> (String, Vec<String>) {
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), &library(""), har);
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    assert_eq!(verdict["api_profile"]["name"], "library");
    let found = verdict["requirements"].as_array().unwrap().iter();
    let found = found.filter(|one| !one["findings"].as_array().unwrap().is_empty());
    (verdict["verdict"].as_str().unwrap().to_owned(), found.map(|one| one["id"].as_str().unwrap().to_owned()).collect())
}

#[test]
fn each_rule_of_another_api_passes_and_fails() {
    assert_eq!(judged(&har(&correct())), ("passed".to_owned(), vec![]));
    let with = |change: &dyn Fn(&mut Vec<Call>)| {
        let mut calls = correct();
        change(&mut calls);
        judged(&har(&calls))
    };
    let failed = |ids: &[&str]| ("failed".to_owned(), ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
    // The count of a fold.
    assert_eq!(with(&|calls| calls.push(renew(0.5))), failed(&["LIB-04"]));
    // The sum of a fold is exact: 2.5 + 2.5 + 4.9 + 0.1 is not below 10.
    assert_eq!(with(&|calls| calls.extend([renew(4.9), renew(0.1)])), failed(&["LIB-04", "LIB-05"]));
    // The latest value of a fold.
    assert_eq!(with(&|calls| calls[3] = read("returned")), failed(&["LIB-03"]));
    assert_eq!(with(&|calls| drop(calls.remove(3))), failed(&["LIB-03"]));
    // A lost create, retried or looked up or neither.
    assert_eq!(judged(&har(&[lost()])), failed(&["LIB-02"]));
    assert_eq!(judged(&har(&[lost(), list(&[])])).1, Vec::<String>::new());
    let other = Call { key: "k2", ..lent() };
    assert_eq!(judged(&har(&[lost(), Call { body: Some(json!({"book": "y"})), ..other }])), failed(&["LIB-02"]));
}

#[test]
fn what_is_hidden_of_another_api_never_passes() {
    let whole = har(&correct());
    let hidden = |at: usize, part: &str| {
        let mut har = whole.clone();
        let entry = &mut har["log"]["entries"][at];
        match part {
            "response" => entry["response"]["content"] = json!({"size": 20, "mimeType": "application/json"}),
            "id" => {
                let url = entry["request"]["url"].as_str().unwrap().replace("L1", "[masked]");
                entry["request"]["url"] = url.into();
            }
            _ => entry["request"]["headers"] = json!([]),
        }
        judged(&har)
    };
    for (at, part) in
        [(2, "response"), (3, "response"), (4, "response"), (3, "id"), (4, "id"), (0, "headers"), (4, "headers")]
    {
        let (outcome, found) = hidden(at, part);
        assert_eq!((outcome.as_str(), found.len()), ("incomplete", 0), "entry {at}, {part}: {found:?}");
    }
}

/// What a sanitiser or a broken backend leaves unclear is no evidence that the client is right.
#[test]
fn what_is_unclear_of_another_api_never_passes() {
    let whole = har(&correct());
    let changed = |at: usize, change: &dyn Fn(&mut Value)| {
        let mut har = whole.clone();
        change(&mut har["log"]["entries"][at]);
        judged(&har)
    };
    let body = |text: &'static str| move |entry: &mut Value| entry["response"]["content"]["text"] = text.into();
    let incomplete = |(outcome, found): (String, Vec<String>), what: &str| {
        assert_eq!((outcome.as_str(), found.len()), ("incomplete", 0), "{what}: {found:?}");
    };
    for text in [
        r#"{"loan":{"id":"L1","id":"L2"}}"#,
        r#"{"loan":{"id":null}}"#,
        r#"{"loan":{"id":["L1"]}}"#,
        r#"{"loan":{"id":"[redacted]"}}"#,
        r#"{"loan":"#,
        "",
    ] {
        incomplete(changed(2, &body(text)), text);
    }
    for text in [
        r#"{"state":"lent","state":"returned"}"#,
        r#"{"state":"lent""#,
        r#"{"state":"***"}"#,
        r#"/* */{"state":"returned"}"#,
    ] {
        incomplete(changed(3, &body(text)), text);
    }
    incomplete(changed(5, &|entry| entry["request"]["url"] = "[redacted]".into()), "masked URL");
    incomplete(changed(5, &|entry| entry["request"]["url"] = Value::Null), "no URL");
    incomplete(
        changed(5, &|entry| entry["request"]["url"] = "https://lib.example/v1/loans/xxxx/renewals".into()),
        "masked id",
    );
    incomplete(changed(5, &|entry| entry["request"]["method"] = "xxxx".into()), "masked method");
    // Only the host that a client calls decides: a page of another one whose address ends in dots is nothing to hide.
    let mut beside = whole.clone();
    let mut page = beside["log"]["entries"][3].clone();
    page["request"]["url"] = "https://search.example/?q=loans...".into();
    beside["log"]["entries"].as_array_mut().unwrap().push(page);
    assert_eq!(judged(&beside).0, "passed");
    incomplete(changed(5, &|entry| entry["request"]["url"] = "https://[redacted]/v2/[redacted]".into()), "masked host");
    // A third renewal is not hidden by what a browser says about a request that it cannot have answered itself.
    let mut thrice = correct();
    thrice.push(renew(0.5));
    for (name, value) in [("_fromCache", "memory"), ("_resourceType", "preflight")] {
        let mut har = har(&thrice);
        har["log"]["entries"][6][name] = value.into();
        assert_eq!(judged(&har), ("failed".to_owned(), vec!["LIB-04".to_owned()]), "{name}");
    }
}

/// Items of an order have ids that are unique in their order only. Ids are numbers.
#[test]
fn ids_within_another_resource_and_numbers_are_told_apart() {
    const PROFILE: &str = r#"
name = "shop"
title = "Shop"
[[feature]]
id = "orders"
mandatory = true
[[resource]]
name = "order"
[[resource]]
name = "item"
within = "order"
[[resource.field]]
name = "reads"
fold = "count"
on = ["GetItem"]
[[operation]]
name = "GetItem"
method = "GET"
path = "/orders/{order}/items/{item}"
[[operation]]
name = "PutItem"
method = "PUT"
path = "/orders/{order}/items/{item}"
body = true
[[operation]]
name = "Move"
method = "POST"
path = "/moves"
body = true
about = [{ resource = "order", body = "/order" }, { resource = "item", body = "/item" }]
"#;
    const RULES: &str = r#"
[feature]
id = "orders"
title = "Orders"
operations = ["GetItem", "PutItem", "Move"]
[[requirement]]
id = "SHOP-01"
level = "must"
title = "an item is read before it is changed"
source = "s"
why = "w"
remedy = "r"
[[requirement.check]]
pattern = "never"
scope = "item"
on = ["PutItem", "Move"]
forbid = "item.reads == 0"
message = "read {item.reads} times"
"#;
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("shop");
    std::fs::create_dir_all(dir.join("rules")).unwrap();
    std::fs::write(dir.join("profile.toml"), PROFILE).unwrap();
    std::fs::write(dir.join("rules/orders.toml"), RULES).unwrap();
    let call = |method: &'static str, path: &'static str, body: Option<Value>| Call {
        method,
        path,
        status: 200,
        body,
        answer: Some(json!({})),
        key: "",
    };
    let get = |path| call("GET", path, None);
    let put = |path| call("PUT", path, Some(json!({"count": 2})));
    let moved = |body: Value| call("POST", "/moves", Some(body));
    let outcome = |calls: &[Call]| {
        let mut har = har(calls);
        for entry in har["log"]["entries"].as_array_mut().unwrap() {
            let url = entry["request"]["url"].as_str().unwrap().replace("/v1", "");
            entry["request"]["url"] = url.into();
        }
        let output = run(home.path(), &dir, &har);
        let verdict: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
        verdict["verdict"].as_str().unwrap().to_owned()
    };
    assert_eq!(outcome(&[get("/orders/7/items/3"), put("/orders/7/items/3")]), "passed");
    assert_eq!(outcome(&[get("/orders/8/items/3"), put("/orders/7/items/3")]), "failed", "an item of another order");
    assert_eq!(outcome(&[get("/orders/7/items/3"), put("/orders/7/items/03")]), "failed");
    let read = get("/orders/7/items/18446744073709551615");
    let big: Value = serde_json::from_str(r#"{"order":7,"item":18446744073709551615}"#).unwrap();
    assert_eq!(outcome(&[read.clone(), moved(big)]), "passed", "a number beyond a double");
    assert_eq!(outcome(&[get("/orders/7/items/3"), moved(json!({"order": 7.0, "item": "3"}))]), "passed");
    assert_eq!(outcome(&[get("/orders/7/items/3"), moved(json!({"order": 7, "item": 4}))]), "failed");
    for unclear in [json!({"order": 7, "item": [3]}), json!({"item": 3}), json!({"order": true, "item": 3})] {
        assert_eq!(outcome(&[get("/orders/7/items/3"), moved(unclear.clone())]), "incomplete", "{unclear}");
    }
}

/// The library's backend, in a process of its own.
struct Backend(Child, String);

impl Backend {
    fn start() -> Backend {
        let mut command = clean(python());
        let mut child =
            command.arg(library("backend.py")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Backend(child, address.trim().to_owned())
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `record` or `certify` with the library's client as the command.
fn with_client(home: &Path, verb: &str, backend: &Backend, more: &[&str], mistakes: &[&str]) -> Output {
    let mut command: Command = poscert(home);
    command.args([verb, "--profile"]).arg(library("")).args(["--upstream", &backend.1, "--capture", "capture"]);
    command.args(["--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]).args(more).arg("--");
    command.arg(python()).arg(library("client.py")).args(mistakes).output().unwrap()
}

#[test]
fn another_api_is_recorded_and_judged_by_its_own_rules_only() {
    let (home, backend) = (tempfile::tempdir().unwrap(), Backend::start());
    let home = home.path();
    let output = with_client(home, "record", &backend, &[], &["thrice"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let verify = |more: &[&str]| poscert(home).args(["verify", "capture"]).args(more).output().unwrap();
    let library = library("");
    let output = verify(&["--profile", library.to_str().unwrap()]);
    assert!(output.status.code() == Some(1) && text(&output.stdout).contains("LIB-04"), "{}", text(&output.stdout));
    refused(&verify(&[]), &["recorded with the profile library", "--profile"]);
    let mut record = poscert(home);
    record.args([
        "record",
        "--listen",
        "127.0.0.1:0",
        "--proxy-listen",
        "127.0.0.1:0",
        "--capture",
        "capture",
        "--",
        "true",
    ]);
    refused(&record.output().unwrap(), &["recorded with the profile library", "choose another directory"]);
    let shown = poscert(home).args(["show", "capture", "--profile"]).arg(&library).output().unwrap();
    assert!(text(&shown.stdout).contains("/v1/loans/L1/renewals"), "{}", text(&shown.stdout));
}

#[test]
fn another_api_is_certified_with_injected_faults() {
    let (home, backend) = (tempfile::tempdir().unwrap(), Backend::start());
    let output = with_client(home.path(), "certify", &backend, &["--unattended"], &[]);
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("loans/1") && said.contains("PASSED for loans"), "{said}");
    assert!(said.contains("No certificate is issued"), "a loaded profile gives no certificate: {said}");
    let (home, backend) = (tempfile::tempdir().unwrap(), Backend::start());
    let output = with_client(home.path(), "certify", &backend, &["--unattended", "--wait", "5"], &["blind"]);
    assert_eq!(output.status.code(), Some(1), "{}{}", text(&output.stdout), text(&output.stderr));
}

/// Checks that a mistake in a file is one error with these words, and the line of the file below it.
fn mistaken(output: &Output, words: &[&str]) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
    assert!(said.starts_with("error: ") && said.trim_end().lines().count() <= 2, "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
}

#[test]
fn mistakes_in_profiles_are_one_error_with_their_place() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let profile = std::fs::read_to_string(library("profile.toml")).unwrap();
    let rules = std::fs::read_to_string(library("rules/loans.toml")).unwrap();
    let dir = home.join("other");
    std::fs::create_dir_all(dir.join("rules")).unwrap();
    let put = |profile: &str, rules: &str| {
        std::fs::write(dir.join("profile.toml"), profile).unwrap();
        std::fs::write(dir.join("rules/loans.toml"), rules).unwrap();
        run(home, &dir, &har(&correct()))
    };
    assert!(put(&profile, &rules).status.success());
    for (from, to, words) in [
        ("name = \"library\"", "name = \"pos-v10\"", ["profile.toml:2:8", "built-in profile"]),
        ("fold = \"last\"", "fold = \"latest\"", ["profile.toml:", "unknown variant"]),
        ("on = [\"GetLoan\"]", "on = [\"GetLone\"]", ["profile.toml:", "did you mean `GetLoan`?"]),
        ("response.body('/state')", "response.bdy('/state')", ["profile.toml:", "unknown function"]),
        ("when = \"call.succeeded\"", "when = \"call.suceeded\"", ["profile.toml:", "did you mean `call.succeeded`?"]),
        ("resource = \"loan\", id", "resource = \"loon\", id", ["profile.toml:", "did you mean `loan`?"]),
        ("fold = \"count\"", "fold = \"sum\"", ["profile.toml:", "requires a `value`"]),
        ("mandatory = true", "mandatory = false", ["profile.toml", "mandatory"]),
        ("path = \"/loans/{loan}\"", "path = \"/loans/{lone}\"", ["profile.toml:", "did you mean `loan`?"]),
        ("path = \"/loans/{loan}\"", "path = \"/loans/{loan\"", ["profile.toml:", "placeholder"]),
        ("path = \"/loans/{loan}\"", "path = \"/loans/\"", ["profile.toml:", "slash at its end"]),
        ("name = \"GetLoan\"", "name = \"polls\"", ["profile.toml:", "another meaning"]),
        ("id = \"/loan/id\"", "id = \"/loan/*/id\"", ["profile.toml:", "only `ids`"]),
        (
            "value = \"response.body('/state')\"",
            "value = \"response.body('/state')\"\nat = \"request\"",
            ["profile.toml:", "known only when the exchange has ended"],
        ),
        ("[headers]", "native = \"pos-v10\"\n[headers]", ["profile.toml:", "native"]),
    ] {
        assert!(profile.contains(from), "{from}");
        mistaken(&put(&profile.replacen(from, to, 1), &rules), &words);
    }
    for (from, to, words) in [
        ("loan.state == 'lent'", "loan.stat == 'lent'", ["loans.toml:", "did you mean `loan.state`?"]),
        ("scope = \"loan\"", "scope = \"payment\"", ["loans.toml:", "unknown scope `payment`"]),
        ("loan.renewals >= 2", "call.amount >= 2", ["loans.toml:", "unknown field `call.amount`"]),
        ("on = [\"documented\"]", "on = [\"listed-captured\"]", ["loans.toml:", "unknown selector"]),
    ] {
        assert!(rules.contains(from), "{from}");
        mistaken(&put(&profile, &rules.replacen(from, to, 1)), &words);
    }
    let nowhere = run(home, &home.join("nowhere"), &har(&correct()));
    refused(&nowhere, &["--profile", "nowhere", "profile.toml"]);
    let output = poscert(home).args(["record", "--profile"]).arg(library("")).output().unwrap();
    refused(&output, &["no simulated backend", "--upstream"]);
}
