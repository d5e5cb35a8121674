//! Tests of HAR files that other tools wrote of traffic recorded at the same time: they get the same verdict as the
//! capture, except for what they do not show. Also checks our own HAR files with other tools.

use super::poscert_process::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output, Stdio};

pub(crate) fn browser_env() {
    let made = clean("bash").arg(tests("browser-env")).stderr(Stdio::inherit()).status().unwrap();
    assert!(made.success(), "tests/browser-env failed");
}

/// A program in a Python environment of its own.
fn python_tool(environment: &str, program: &str) -> std::path::PathBuf {
    let made = clean("bash").arg(tests("python-env")).arg(environment).stderr(Stdio::inherit()).output().unwrap();
    assert!(made.status.success(), "tests/python-env {environment} failed");
    Path::new(text(&made.stdout).trim()).with_file_name(program)
}

/// Certifies with waits as for an operator: a browser may start slowly on a busy machine.
fn certify<const N: usize>(home: &Path, features: &str, driver: [&str; N]) -> Command {
    let mut command = poscert(home);
    command.args(["certify", "--no-page", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]);
    command.args(["--bound", "500", "--features", features, "--capture", "capture"]);
    command.args(["--driver", &driver.map(|word| format!("'{word}'")).join(" ")]);
    command.env("POSCERT_TILL_MEMORY", home.join("till.json")).stdin(Stdio::null());
    command
}

/// The verdict on each case and requirement, with exchanges by their position among the calls.
struct Said {
    whole: Value,
    cases: BTreeMap<String, Value>,
    requirements: BTreeMap<String, (String, Value)>,
}

fn said(home: &Path, file: &str, features: &str) -> Said {
    let (verdict, _) = verdict(home, &[file, "--features", features]);
    let numbers: Vec<u64> = exchanges(home, file).iter().map(|one| one["number"].as_u64().unwrap()).collect();
    let place = |number: &Value| numbers.iter().position(|n| Some(*n) == number.as_u64()).map(|at| at + 1);
    fn placed(value: &Value, place: &dyn Fn(&Value) -> Option<usize>) -> Value {
        match value {
            Value::Array(all) => all.iter().map(|one| placed(one, place)).collect(),
            Value::Object(object) => object.iter().map(|(key, one)| (key.clone(), placed(one, place))).collect(),
            Value::Number(_) => place(value).map_or(value.clone(), std::convert::Into::into),
            other => other.clone(),
        }
    }
    let all = |list: &Value| list.as_array().unwrap().clone();
    let id = |one: &Value| one["id"].as_str().unwrap().to_owned();
    let cases = all(&verdict["features"]).into_iter().flat_map(|feature| all(&feature["cases"]));
    let requirements = all(&verdict["requirements"]).into_iter();
    // Messages may contain measured times, which differ between observers.
    let found = |one: &Value| all(&one["findings"]).iter().map(|f| placed(&f["exchanges"], &place)).collect::<Value>();
    Said {
        whole: verdict["verdict"].clone(),
        cases: cases.map(|case| (id(&case), placed(&case, &place))).collect(),
        requirements: requirements
            .map(|one| (id(&one), (one["status"].as_str().unwrap().to_owned(), found(&one))))
            .collect(),
    }
}

/// The requirements that the capture exercises and the HAR does not. Any other difference is an error.
fn not_shown(capture: &Said, har: &Said) -> BTreeSet<String> {
    let mut missing = BTreeSet::new();
    for (id, (status, found)) in &capture.requirements {
        let seen = &har.requirements[id];
        if seen.0 == "not-exercised" && status != "not-exercised" {
            missing.insert(id.clone());
        } else {
            assert_eq!((&seen.0, &seen.1), (status, found), "{id}");
        }
    }
    missing
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn ended_well(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn chromium_har_gets_the_verdict_of_the_capture() {
    browser_env();
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let script = tests("browser/drive.mjs");
    let mut command = certify(home, "onboarding,payment", ["node", script.to_str().unwrap()]);
    let output = command.env("HARS", home.join("hars")).output().unwrap();
    let features = "onboarding,payment";
    let capture = said(home, "capture", features);
    let open: Vec<_> = capture.cases.values().filter(|case| case["status"] != "passed").collect();
    assert!(open.is_empty(), "{open:?}\n{}", text(&output.stderr));
    // No HAR has the TLS version; the exports of DevTools and Playwright have everything else.
    for file in ["hars/devtools.har", "hars/full.har"] {
        let seen = said(home, file, features);
        assert_eq!(not_shown(&capture, &seen), set(&["ALL-01"]), "{file}");
        assert_eq!((&seen.cases, &seen.whole), (&capture.cases, &capture.whole), "{file}");
    }
    // Playwright's minimal mode omits how long calls waited, so the gaps after them are unknown.
    let seen = said(home, "hars/minimal.har", features);
    let missing = not_shown(&capture, &seen);
    assert!(
        missing.contains("ALL-16") && missing.is_subset(&set(&["ALL-01", "ALL-13", "ALL-16", "ALL-17"])),
        "{missing:?}"
    );
    assert_eq!((&seen.cases, &seen.whole), (&capture.cases, &capture.whole));
    // Bodies in separate files are not read: they neither pass nor break anything.
    let seen = said(home, "hars/attached.har", features);
    let missing = not_shown(&capture, &seen);
    assert!(set(&["ALL-09", "ALL-18", "PAY-01", "PAY-05"]).is_subset(&missing), "{missing:?}");
    assert!(
        seen.whole == "incomplete" && seen.cases.values().all(|case| case["status"] != "failed"),
        "{:?}",
        seen.cases
    );
}

#[test]
fn mitmproxy_har_gets_the_verdict_of_the_capture_and_mitmproxy_reads_ours() {
    let mitmdump = python_tool("mitmproxy", "mitmdump");
    browser_env();
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (features, script) = ("onboarding,prepared-payment,refund", tests("clients/through_mitmproxy.sh"));
    let driver = ["bash", script.to_str().unwrap(), env!("CARGO_BIN_EXE_poscert"), "till", "drive"];
    let output = certify(home, features, driver).env("MITMDUMP", &mitmdump).output().unwrap();
    ended_well(&output, 0);
    let capture = said(home, "capture", features);
    let seen = said(home, "mitmproxy.har", features);
    // It omits how long a call without a response lasted, so no timeout is visible; nor whether a retry came before its end,
    // which matters only if the machine was so slow that no other call shows it.
    let missing = not_shown(&capture, &seen);
    let (always, sometimes) = (set(&["ALL-01", "ALL-15", "ALL-26"]), set(&["ALL-11", "ONB-03"]));
    assert!(always.is_subset(&missing) && missing.is_subset(&(&always | &sometimes)), "{missing:?}");
    for (id, case) in &capture.cases {
        let has_time_out = case["steps"].to_string().contains("(timeout)");
        // They follow a create that timed out.
        let behind_one = ["onboarding/3", "onboarding/4"].contains(&id.as_str());
        let status = if has_time_out || behind_one { "not-tested" } else { "passed" };
        assert!(seen.cases[id]["status"] == status || seen.cases[id] == *case, "{id}: {} {case}", seen.cases[id]);
    }
    assert_eq!(seen.whole, "incomplete");

    // The other direction: our HAR, with and without bodies, checked with the schema and mitmproxy.
    for (name, more) in [("own.har", &[][..]), ("bare.har", &["--strip-bodies"])] {
        ended_well(&poscert(home).args(["export", "capture", "-o", name]).args(more).output().unwrap(), 0);
    }
    let valid =
        clean("node").arg(tests("browser/har_schema.mjs")).args(["own.har", "bare.har"]).current_dir(home).output();
    ended_well(&valid.unwrap(), 0);
    let recorded = exchanges(home, "capture");
    for name in ["own.har", "bare.har"] {
        let mut read = clean(&mitmdump);
        read.args(["-q", "-n", "-r", name, "-s"]).arg(tests("clients/count_flows.py"));
        let read = read.args(["--set", "confdir=mitmproxy"]).current_dir(home).output().unwrap();
        let counted: Value = serde_json::from_slice(&read.stdout).unwrap_or_else(|e| panic!("{e}: {read:?}"));
        let delivered = recorded.iter().filter(|one| one["end"]["stage"] == "done").count();
        assert_eq!((&counted["flows"], &counted["answered"]), (&recorded.len().into(), &delivered.into()), "{name}");
        let bytes = counted["sizes"].as_array().unwrap().iter().map(|pair| pair[0].as_u64().unwrap()).sum::<u64>();
        let sent: u64 = recorded.iter().map(|one| one["request"]["body"]["length"].as_u64().unwrap()).sum();
        assert_eq!(bytes, if name == "own.har" { sent } else { 0 }, "{name}");
    }
    // Capture and HAR are equal for `--expect`; without bodies and `_poscert` no result may be better than before.
    ended_well(&poscert(home).args(["verify", "capture", "--format", "json", "-o", "c.json"]).output().unwrap(), 0);
    ended_well(&poscert(home).args(["verify", "own.har", "--expect", "c.json"]).output().unwrap(), 0);
    let bare = said(home, "bare.har", features);
    let missing = not_shown(&capture, &bare);
    assert!(set(&["ALL-18", "PAY-01", "PRE-01", "REF-01", "REF-03"]).is_subset(&missing), "{missing:?}");
    assert_eq!(bare.whole, "incomplete");
    let kept = std::fs::read_to_string(home.join("bare.har")).unwrap();
    assert!(!kept.contains("\"postData\"") && !kept.contains("Reserved") && kept.contains("\"kept\":\"digest\""));
    // Without `_poscert`, a withheld response counts as none. A token response whose secret is redacted is complete
    // JSON, whatever its size.
    let mut others: Value = serde_json::from_str(&std::fs::read_to_string(home.join("own.har")).unwrap()).unwrap();
    others["log"].as_object_mut().unwrap().remove("_poscert");
    for entry in others["log"]["entries"].as_array_mut().unwrap() {
        entry.as_object_mut().unwrap().remove("_poscert");
    }
    std::fs::write(home.join("others.har"), others.to_string()).unwrap();
    let seen = said(home, "others.har", features);
    assert_eq!(not_shown(&capture, &seen), set(&["ALL-01"]));
    assert_eq!((&seen.cases, &seen.whole), (&capture.cases, &capture.whole));
}

/// Unusual bodies, sent by curl, exported to a HAR and imported again.
#[test]
fn har_with_unusual_bodies_is_valid_and_can_be_imported() {
    browser_env();
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let script = r#"
        send() { curl --silent --max-time 20 -o /dev/null "$@"; }
        printf '{"a":"\377\376"}' > binary; printf '{"amount": 1.0}' | gzip > zipped
        send -X POST $POSCERT_BASE_URL/payments/1/cancel
        send -X POST -d '' $POSCERT_BASE_URL/payments/1/cancel
        send -X POST --data-binary @binary -H 'Content-Type: application/json' $POSCERT_BASE_URL/payments
        send -X POST --data-binary @zipped -H 'Content-Encoding: gzip' $POSCERT_BASE_URL/payments
        send -X POST --data-urlencode 'a=b&c' "$POSCERT_BASE_URL/stores?x=%20y&z&x=2"
        send -I $POSCERT_BASE_URL/stores
        send -H 'Transfer-Encoding: chunked' -d '' $POSCERT_BASE_URL/refunds
    "#;
    let output = record(home).args(["--quiet", "--capture", "capture", "--", "bash", "-ec", script]).output().unwrap();
    ended_well(&output, 1);
    for (from, to) in [("capture", "one.har"), ("one.har", "two.har")] {
        ended_well(&poscert(home).args(["export", from, "-o", to]).output().unwrap(), 0);
    }
    let valid =
        clean("node").arg(tests("browser/har_schema.mjs")).args(["one.har", "two.har"]).current_dir(home).output();
    ended_well(&valid.unwrap(), 0);
    let har: Value = serde_json::from_str(&std::fs::read_to_string(home.join("one.har")).unwrap()).unwrap();
    let request = |at: usize| &har["log"]["entries"][at]["request"];
    for empty in [0, 1, 5, 6] {
        assert_eq!(request(empty)["postData"], Value::Null, "no postData where nothing was posted: {empty}");
    }
    assert_eq!(request(2)["postData"]["encoding"], "base64");
    assert_eq!(request(3)["postData"]["text"], "{\"amount\": 1.0}", "decoded once");
    assert_eq!(request(4)["queryString"][0], serde_json::json!({"name": "x", "value": " y"}));
    // Export and import, twice: the same records, and the same verdict except for its subject.
    let mut recorded = exchanges(home, "capture");
    // HAR bodies have no content coding.
    recorded[3]["request"]["body"]["decoded"] = true.into();
    assert_eq!(exchanges(home, "one.har"), recorded);
    assert_eq!(exchanges(home, "two.har"), recorded);
    ended_well(&poscert(home).args(["verify", "capture", "--format", "json", "-o", "c.json"]).output().unwrap(), 1);
    let again = poscert(home).args(["verify", "two.har", "--expect", "c.json"]).output().unwrap();
    assert_eq!(text(&again.stderr), "", "nothing differs");
}
