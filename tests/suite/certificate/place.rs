//! Tests of ledger paths that are missing, damaged or read-only, and of invalid evidence.

use super::again::driven;
use super::{POSCERT, at, certified, ends, folders, fs, ledger, text};
use crate::poscert_process::CLIENT_ID;

#[test]
fn unusable_ledger_is_reported_before_recording() {
    let home = certified();
    let home = home.path();
    fs::write(home.join("file"), "no folder").unwrap();
    fs::create_dir(home.join("folder")).unwrap();
    let whole = fs::read_to_string(home.join("data/poscert/ledger.jsonl")).unwrap();
    fs::write(home.join("damaged.jsonl"), whole).unwrap();
    std::os::unix::fs::symlink("nowhere/ledger.jsonl", home.join("dangling.jsonl")).unwrap();
    for (place, wanted) in [
        ("file/ledger.jsonl", "--ledger FILE"),
        ("folder", "--ledger FILE"),
        ("dangling.jsonl", "--ledger FILE"),
        ("damaged.jsonl", "the head file is missing"),
    ] {
        let mut certify = at(home);
        certify.args(["certify", "--unattended", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]);
        certify.args(["--capture", "fresh", "--integrator-id", "ACME", "--ledger", place, "--", "true"]);
        let output = certify.output().unwrap();
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{place}: {said}");
        assert!(said.contains(wanted) && crate::poscert_process::is_one_error(&said), "{place}: {said}");
        assert!(!home.join("fresh").exists(), "{place}");
    }
}

#[test]
fn failed_ledger_entry_has_a_next_step() {
    let home = certified();
    let home = home.path();
    // The ledger becomes unusable during the certification.
    let dangling = ["ln", "-s", "nowhere/ledger.jsonl", "other.jsonl"];
    let output = driven(home, &["--ledger", "other.jsonl"], &dangling);
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for wanted in ["cannot write the ledger", "was written into", "run certify on this capture again"] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    fs::remove_file(home.join("other.jsonl")).unwrap();
    let again = driven(home, &["--ledger", "other.jsonl"], &["true"]);
    assert!(text(&again.stdout).contains("was issued, signed by"), "{}", text(&again.stderr));
    assert_eq!(folders(home).len(), 3);
    ends(home, &["ledger", "check", CLIENT_ID, "2.1.0", "--ledger", "other.jsonl"], 0);
}

#[test]
fn capture_without_exchanges_is_refused_as_evidence() {
    let home = certified();
    let home = home.path();
    let mut record = at(home);
    record.args(["record", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0", "--capture", "empty"]);
    record.args(["--", POSCERT, "--version"]).output().unwrap();
    let id = ledger(home)["certificates"][0]["id"].as_str().unwrap().to_owned();
    let said = ends(home, &["ledger", "revoke", &id, "--reason", "it captures twice", "--evidence", "empty"], 2);
    assert!(said.contains("empty contains no exchanges") && crate::poscert_process::is_one_error(&said), "{said}");
    ends(home, &["ledger", "check", CLIENT_ID, "2.1.0"], 0);
}

#[test]
fn removed_ledger_is_damage_and_missing_ledger_is_named() {
    let home = certified();
    let home = home.path();
    let said = ends(home, &["ledger", "check", CLIENT_ID, "2.1.0", "--ledger", "typo.jsonl"], 1);
    assert!(said.starts_with("Not covered") && said.contains("no ledger at typo.jsonl"), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    fs::remove_file(home.join("data/poscert/ledger.jsonl")).unwrap();
    for arguments in [&["ledger", "list"][..], &["ledger", "check", CLIENT_ID, "2.1.0"]] {
        let said = ends(home, arguments, 2);
        assert!(said.contains("is damaged") && !said.contains("no ledger at"), "{said}");
        assert!(crate::poscert_process::is_one_error(&said), "{said}");
    }
}
