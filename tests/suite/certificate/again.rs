//! The same exchanges again: a run in which nothing is recorded gives no other certificate, brings none back, and changes
//! neither whose it is nor when it was; and the same certificate in another envelope stays the same.

use super::{Path, Value, at, certified, certify, ends, files, folders, fs, ledger, text};
use crate::poscert_process::CLIENT_ID;
use std::process::Output;

/// A certification of the capture in which the till does nothing.
pub(super) fn idle(home: &Path, more: &[&str]) -> Output {
    driven(home, more, &["true"])
}

/// One with another command as the driver.
pub(super) fn driven(home: &Path, more: &[&str], command: &[&str]) -> Output {
    let mut certify = at(home);
    certify.args(["certify", "--unattended", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]);
    certify.args(["--capture", "capture"]).args(more).arg("--").args(command).output().unwrap()
}

/// What one says that ends on passed.
fn idled(home: &Path, more: &[&str]) -> String {
    let output = idle(home, more);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}

fn id(home: &Path) -> String {
    ledger(home)["certificates"][0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn what_was_revoked_does_not_come_back_without_a_new_attempt() {
    let home = certified();
    let home = home.path();
    let id = id(home);
    let said = idled(home, &[]);
    assert!(said.contains(&format!("Already certified by {id}; nothing was recorded since.")), "{said}");
    assert!(!said.contains("is given, signed by"), "{said}");
    ends(home, &["ledger", "revoke", &id, "--reason", "it captures twice", "--evidence", "capture"], 0);
    for _ in 0..2 {
        let said = idled(home, &[]);
        assert!(said.contains("No certificate is issued") && said.contains(&format!("{id} was revoked on")), "{said}");
        assert!(said.contains("it captures twice") && said.contains("--new-attempt"), "{said}");
    }
    assert_eq!((folders(home).len(), ledger(home)["certificates"].as_array().unwrap().len()), (1, 1));
    ends(home, &["ledger", "check", CLIENT_ID, "2.1.0"], 1);

    let anew = certify(home, &["--new-attempt", "--bound", "300"], &["drive"]);
    let said = text(&anew.stderr);
    assert!(anew.status.code() == Some(0) && said.contains("is given, signed by"), "{said}");
    ends(home, &["ledger", "check", CLIENT_ID, "2.1.0"], 0);
}

#[test]
fn whose_the_exchanges_are_and_when_they_were_recorded_does_not_change() {
    let home = certified();
    let home = home.path();
    let given = ledger(home)["certificates"][0].clone();
    // Of that second no run can be that comes later.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    // Whoever has another ledger is not told by it.
    idled(home, &["--ledger", "other.jsonl"]);
    let list = at(home).args(["ledger", "list", "--json", "--ledger", "other.jsonl"]).output().unwrap();
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    let other = &list["certificates"][0];
    assert_ne!(other["id"], given["id"]);
    assert_eq!((&other["date"], &other["integrator_id"]), (&given["date"], &given["integrator_id"]));

    for (more, wanted) in [
        (&["--integrator-id", "EVIL"][..], "(integrator id ACME, now EVIL)"),
        (&["--integrator-id", "ACME", "--client-version", "2.1.9"], "(client version 2.1.0, now 2.1.9)"),
        (&["--client-version", "2.1.0", "--system-name", "Other"], "(system name Corner till, now Other)"),
    ] {
        let said = idled(home, &[more, &["--ledger", "third.jsonl"]].concat());
        let sentence = said.lines().find(|line| line.starts_with("No certificate is issued")).unwrap_or_default();
        assert!(sentence.contains("the identification was changed after exchange "), "{said}");
        assert!(sentence.contains(wanted) && sentence.contains("--new-attempt"), "{said}");
        assert!(!home.join("third.jsonl").exists());
    }
}

#[test]
fn another_envelope_is_no_other_certificate() {
    let home = certified();
    let home = home.path();
    let (certificate, archive) = files(home);
    let mut envelope: Value = serde_json::from_slice(&fs::read(certificate).unwrap()).unwrap();
    envelope["note"] = Value::from("not signed");
    let twice = envelope["signatures"][0].clone();
    envelope["signatures"].as_array_mut().unwrap().push(twice);
    fs::write(home.join("wrapped.json"), format!("{envelope:#}")).unwrap();
    let said = ends(home, &["verify", &archive, "--certificate", "wrapped.json"], 0);
    assert!(said.contains(&format!("Certificate {} holds for this capture", id(home))), "{said}");
}
