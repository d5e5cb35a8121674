//! Tests of repeated certifications: a run that records nothing issues no new certificate, reinstates none, and changes
//! neither its owner nor its date; the same certificate in another envelope stays the same.

use super::{Path, Value, at, certified, certify, ends, files, folders, fs, ledger, text};
use crate::poscert_process::CLIENT_ID;
use std::process::Output;

/// Certifies the capture with a till that does nothing.
pub(super) fn idle(home: &Path, more: &[&str]) -> Output {
    driven(home, more, &["true"])
}

/// Certifies the capture with another driver command.
pub(super) fn driven(home: &Path, more: &[&str], command: &[&str]) -> Output {
    let mut certify = at(home);
    certify.args(["certify", "--unattended", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]);
    certify.args(["--capture", "capture"]).args(more).arg("--").args(command).output().unwrap()
}

/// The output of a certification that ends passed.
fn idled(home: &Path, more: &[&str]) -> String {
    let output = idle(home, more);
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}

fn id(home: &Path) -> String {
    ledger(home)["certificates"][0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn revoked_certificate_is_not_reissued_without_a_new_attempt() {
    let home = certified();
    let home = home.path();
    let id = id(home);
    let said = idled(home, &[]);
    assert!(said.contains(&format!("Already certified by {id}; nothing was recorded since.")), "{said}");
    assert!(!said.contains("was issued, signed by"), "{said}");
    ends(home, &["ledger", "revoke", &id, "--reason", "it captures twice", "--evidence", "capture"], 0);
    for _ in 0..2 {
        let said = idled(home, &[]);
        assert!(said.contains("No certificate is issued") && said.contains(&format!("{id} was revoked on")), "{said}");
        assert!(said.contains("it captures twice") && said.contains("--new-attempt"), "{said}");
    }
    assert_eq!((folders(home).len(), ledger(home)["certificates"].as_array().unwrap().len()), (1, 1));
    ends(home, &["ledger", "check", CLIENT_ID, "2.1.0"], 1);

    let anew = certify(home, &["--new-attempt", "--bound", "300"], &["drive"]);
    let said = text(&anew.stdout) + &text(&anew.stderr);
    assert!(anew.status.code() == Some(0) && said.contains("was issued, signed by"), "{said}");
    ends(home, &["ledger", "check", CLIENT_ID, "2.1.0"], 0);
}

#[test]
fn identification_and_recording_time_do_not_change() {
    let home = certified();
    let home = home.path();
    let given = ledger(home)["certificates"][0].clone();
    // Ensures that a later run gets a later second.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    // Another ledger does not know the certificate.
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
fn same_certificate_in_another_envelope_keeps_its_id() {
    let home = certified();
    let home = home.path();
    let (certificate, archive) = files(home);
    let mut envelope: Value = serde_json::from_slice(&fs::read(certificate).unwrap()).unwrap();
    envelope["note"] = Value::from("not signed");
    let twice = envelope["signatures"][0].clone();
    envelope["signatures"].as_array_mut().unwrap().push(twice);
    fs::write(home.join("wrapped.json"), format!("{envelope:#}")).unwrap();
    let said = ends(home, &["verify", &archive, "--certificate", "wrapped.json"], 0);
    assert!(said.contains(&format!("Certificate {} is valid for this capture", id(home))), "{said}");
}
