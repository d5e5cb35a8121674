//! Tests of `poscert rules`: the list, the explanations, and the errors for invalid rule files.

use crate::poscert_process::{verdict, with_status};
use std::path::Path;
use std::process::{Command, Output};

fn rules(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_poscert")).arg("rules").args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The built-in rule files in their own directory, with one text replaced in one of them.
fn edited(file: &str, from: &str, to: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")).unwrap() {
        let path = entry.unwrap().path();
        let mut text = std::fs::read_to_string(&path).unwrap();
        if path.ends_with(file) {
            assert!(text.contains(from), "{file} holds no {from}");
            text = text.replacen(from, to, 1);
        }
        std::fs::write(folder.path().join(path.file_name().unwrap()), text).unwrap();
    }
    folder
}

#[test]
fn every_requirement_and_case_is_listed_and_explained() {
    let list = text(&rules(&["list"]).stdout);
    let ids: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let ids: Vec<&str> =
        ids.into_iter().filter(|id| id.contains(['-', '/']) && id.ends_with(char::is_numeric)).collect();
    assert_eq!(ids.len(), 59 + 23, "{list}");
    for id in ids {
        let output = rules(&["explain", &id.to_lowercase()]);
        let said = text(&output.stdout);
        assert!(output.status.success() && said.starts_with(id), "{id}: {output:?}");
        assert_eq!(said.contains("\nPasses: ") && said.contains("\nFails: "), !id.contains('/'), "{id}: {said}");
    }
    for (id, told) in [
        ("PAY-5", "did you mean `PAY-05`?"),
        ("pay-2", "did you mean `PAY-02`?"),
        ("paymnet/1", "did you mean `payment/1`?"),
        ("foo", "unknown rule id `foo`; `poscert rules list` shows all ids"),
        ("refund", "pass one of its cases: refund/1,"),
    ] {
        let output = rules(&["explain", id]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(told), "{output:?}");
    }
    assert!(text(&rules(&["explain", "fields"]).stdout).contains("payment.reserved_n"));
}

#[test]
fn rule_file_errors_have_the_location_and_a_suggestion() {
    for (file, from, to, told) in [
        ("payment.toml", "once = true", "oncee = true", "unknown key `oncee`; did you mean `once`?"),
        ("payment.toml", "payment.reserved_n", "payment.reservd_n", "did you mean `payment.reserved_n`?"),
        ("payment.toml", "\"CapturePayment\"", "\"CapturPayment\"", "did you mean `CapturePayment`?"),
        ("payment.toml", "pattern = \"each\"", "pattern = \"eech\"", "did you mean `each`?"),
        (
            "payment.toml",
            "{payment.reserved_amount}",
            "{payment.reserved_amont}",
            "did you mean `payment.reserved_amount`?",
        ),
        ("payment.toml", "call.amount <= ", "call.amount <=> ", "is not a CEL expression"),
        ("payment.toml", "level = \"must\"", "level = \"mist\"", "must"),
        ("refund.toml", "faults = [\"timeout\"", "faults = [\"timeouts\"", "expected timeout or 500"),
        ("payment.toml", "every = \"500\"", "every = \"50\"", "unknown fault `50`; expected timeout or 500"),
        ("common.toml", "at_least_ms = 100\n", "", "pattern `gap` requires `at_least_ms`"),
    ] {
        let folder = edited(file, from, to);
        let output = rules(&["check", folder.path().to_str().unwrap()]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{to}: {said}");
        assert!(said.contains(told), "{to}: {said}");
        let place = said.split(file).nth(1).unwrap_or_default();
        assert!(place.starts_with(':') && place[1..].starts_with(char::is_numeric), "{to}: no line in {said}");
    }
    assert_eq!(rules(&["check"]).status.code(), Some(0));
    assert_eq!(rules(&["check", "/does/not/exist"]).status.code(), Some(2));
}

#[test]
fn unchanged_copy_of_the_rules_counts_as_built_in() {
    let verdict = |folder: &Path| {
        let har = folder.join("x.har");
        std::fs::write(&har, r#"{"log":{"version":"1.2","creator":{"name":"x","version":"1"},"entries":[]}}"#).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_poscert"))
            .args(["verify", "--format", "json", "--rules"])
            .args([folder, &har])
            .output()
            .unwrap();
        text(&output.stdout)
    };
    let same = edited("payment.toml", "once = true", "once = true");
    assert!(verdict(same.path()).contains("\"builtin\": true"));
    let other = edited("common.toml", "at_least_ms = 100", "at_least_ms = 101");
    let said = verdict(other.path());
    assert!(said.contains("\"builtin\": false") && said.contains("not the built-in ones"), "{said}");
}

/// A payment of an earlier session: only its polls say that it is restricted.
#[test]
fn refused_payment_whose_create_is_not_in_the_capture_is_not_polled_on() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let id = "2b8cc9b3-6345-519b-b6de-cf6ee50d739d";
    let entry = |second: u32, is_restricted: bool| {
        let answer = serde_json::json!({
            "paymentId": id, "status": "CancelledByMobilePay", "amount": 100, "currencyCode": "DKK", "pollDelayInMs": 1000,
            "restrictions": {"debitCardDisallowed": is_restricted, "creditCardDisallowed": false},
        });
        serde_json::json!({
            "startedDateTime": format!("2026-03-02T09:00:{second:02}.250Z"), "time": 12.5,
            "request": {
                "method": "GET", "url": format!("https://api.example/pos/v10/payments/{id}"), "httpVersion": "HTTP/1.1",
                "headers": [{"name": "Authorization", "value": "Bearer a.b.c"}],
            },
            "response": {"status": 200, "headers": [], "content": {"mimeType": "application/json", "text": answer.to_string()}},
        })
    };
    let failed = |polls: u32, is_restricted: bool| {
        let entries: Vec<_> = (0..polls).map(|at| entry(at * 2, is_restricted)).collect();
        let har = serde_json::json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}});
        std::fs::write(home.join("polls.har"), har.to_string()).unwrap();
        with_status(&verdict(home, &["polls.har"]).0, "failed").contains(&"RES-02".to_owned())
    };
    assert!(failed(3, true));
    assert!(!failed(2, true), "one more poll is tolerated");
    assert!(!failed(3, false), "no restriction is shown");
}
