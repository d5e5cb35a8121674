//! Tests of a certificate from its issue to its revocation, as an integrator and an auditor use it.

use crate::poscert_process::{CLIENT_ID, clean, poscert, python, tests, text};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

mod again;
mod place;

const POSCERT: &str = env!("CARGO_BIN_EXE_poscert");

/// The program with a home directory, a key and a ledger of its own.
fn at(home: &Path) -> Command {
    let mut command = poscert(home);
    command.env("XDG_DATA_HOME", home.join("data")).env("POSCERT_TILL_MEMORY", home.join("till.json"));
    command.stdin(Stdio::null());
    command
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    at(home).args(arguments).output().unwrap()
}

/// Runs the program, checks the exit code and returns all output.
fn ends(home: &Path, arguments: &[&str], code: i32) -> String {
    let output = run(home, arguments);
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    said
}

fn certify(home: &Path, more: &[&str], till: &[&str]) -> Output {
    let mut command = at(home);
    command.args(["certify", "--unattended", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]);
    command.args(["--capture", "capture"]).args(more).arg("--").args([POSCERT, "till"]).args(till).output().unwrap()
}

/// The client id in production.
const PRODUCTION: &str = "2b8c3a52-7a4e-4f0e-9d7e-0d5f5f0f8b11";
const TOLD: [&str; 12] = [
    "--production-client-id",
    PRODUCTION,
    "--features",
    "onboarding",
    "--client-version",
    "2.1.0",
    "--system-name",
    "Corner till",
    "--integrator-id",
    "ACME",
    "--bound",
    "300",
];

/// A home directory in which a till was certified; each test gets a copy.
fn certified() -> tempfile::TempDir {
    static MODEL: LazyLock<PathBuf> = LazyLock::new(|| {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("certified");
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(&home).unwrap();
        let output = certify(&home, &TOLD, &["drive"]);
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains("was issued, signed by") && said.contains("Created the signing key"), "{said}");
        home
    });
    let home = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-a").arg(MODEL.join(".")).arg(home.path()).status().unwrap();
    assert!(copied.success());
    home
}

/// The certificate directories in a home directory.
fn folders(home: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(home).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> =
        entries.filter(|path| path.file_name().unwrap().to_string_lossy().contains("certificate-")).collect();
    found.sort();
    found
}

/// The paths of the certificate and the archive in a home directory with one certificate.
fn files(home: &Path) -> (String, String) {
    let folders = folders(home);
    assert_eq!(folders.len(), 1, "{folders:?}");
    let file = |name: &str| folders[0].join(name).to_str().unwrap().to_owned();
    (file("certificate.json"), file("capture.poscert"))
}

fn public_key(home: &Path) -> String {
    home.join("data/poscert/signing-key.pem.pub").to_str().unwrap().to_owned()
}

fn ledger(home: &Path) -> Value {
    let output = run(home, &["ledger", "list", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn certificate_is_valid_for_the_capture_and_its_archive() {
    let home = certified();
    let home = home.path();
    let (certificate, archive) = files(home);
    for capture in ["capture", &archive] {
        let said = ends(home, &["verify", capture, "--certificate", &certificate], 0);
        assert!(said.contains("is valid for this capture") && said.contains("Anyone can create a key"), "{said}");
        let ask = format!("not checked; check it in the issuer's ledger: `poscert ledger check {CLIENT_ID} 2.1.0`");
        assert!(said.contains(&ask), "{said}");
    }
    let key = public_key(home);
    let said = ends(home, &["verify", &archive, "--certificate", &certificate, "--trusted-key", &key], 0);
    assert!(!said.contains("Anyone can create a key"), "{said}");
    // Standard output holds only the verdict.
    let output = run(home, &["verify", "capture", "--format", "json", "--certificate", &certificate]);
    assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok());
    // Another profile gives another verdict, even if it passes.
    let said = ends(home, &["verify", "capture", "--certificate", &certificate, "--integrator-id", "Other"], 1);
    assert!(
        said.contains("`client: integratorId`: the certificate says \"ACME\", this capture shows \"Other\""),
        "{said}"
    );
    let page = fs::read_to_string(folders(home)[0].join("certificate.html")).unwrap();
    for wanted in ["Corner till", "ACME", "version 2.1", "(a simulated backend)", CLIENT_ID] {
        assert!(page.contains(wanted), "{wanted}");
    }
}

#[test]
fn independent_tools_verify_the_certificate() {
    let home = certified();
    let home = home.path();
    let (certificate, archive) = files(home);
    let verdict = run(home, &["verify", &archive, "--format", "json"]).stdout;
    fs::write(home.join("verdict.json"), verdict).unwrap();
    let checked = |certificate: &str, key: &str| {
        let mut command = clean(python());
        command.arg(tests("certificate_check.py")).args([certificate, key]).arg(home.join("verdict.json"));
        command.output().unwrap()
    };
    let output = checked(&certificate, &public_key(home));
    assert!(output.status.success(), "{}", text(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let given = &ledger(home)["certificates"][0];
    assert_eq!((&found["id"], &found["signed_by"]), (&given["id"], &given["signed_by"]));
    assert_eq!(found["payload_type"], "application/vnd.in-toto+json");
    assert_eq!(found["type"], "https://in-toto.io/Statement/v1");
    for fits in ["capture_fits", "rules_fit", "verdict_fits"] {
        assert_eq!(found[fits], true, "{fits}");
    }
    let client = &found["predicate"]["client"];
    assert_eq!((client["majorMinor"].as_str(), client["systemName"].as_str()), (Some("2.1"), Some("Corner till")));
    assert_eq!(client["buildsSeen"], serde_json::json!(["2.1.0"]));
    // The check can fail: another key.
    let made = run(home, &["export", "capture", "-o", "other.poscert", "--key", "other.pem"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert!(!checked(&certificate, home.join("other.pem.pub").to_str().unwrap()).status.success());
    let other = home.join("other.pem.pub");
    let trusted = ["verify", &archive, "--certificate", &certificate, "--trusted-key", other.to_str().unwrap()];
    let output = run(home, &trusted);
    assert!(matches!(output.status.code(), Some(1 | 2)), "{}", text(&output.stderr));
}

#[test]
fn changed_or_unreadable_certificates_are_reported() {
    let home = certified();
    let home = home.path();
    let (certificate, archive) = files(home);
    let whole = fs::read_to_string(&certificate).unwrap();
    let mut envelope: Value = serde_json::from_str(&whole).unwrap();
    envelope["signatures"][0]["sig"] = Value::from("AAAA");
    fs::write(home.join("resigned.json"), envelope.to_string()).unwrap();
    let said = ends(home, &["verify", &archive, "--certificate", "resigned.json"], 1);
    assert!(said.contains("is NOT VALID") && said.contains("Invalid signature"), "{said}");
    fs::write(home.join("cut.json"), &whole[..whole.len() / 2]).unwrap();
    for (certificate, wanted) in [("cut.json", "no DSSE envelope"), ("none.json", "cannot read the file")] {
        let said = ends(home, &["verify", &archive, "--certificate", certificate], 2);
        assert!(said.contains(wanted), "{said}");
    }
    let said = ends(home, &["verify", &archive, "capture", "--certificate", &certificate], 2);
    assert!(said.contains("for one capture"), "{said}");
    ends(home, &["verify", &archive, "--open", "--certificate", &certificate], 2);
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
    fs::create_dir(home.join("rules")).unwrap();
    for entry in fs::read_dir(rules).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(home.join("rules").join(path.file_name().unwrap()), format!("# Other bytes.\n{text}")).unwrap();
    }
    let said = ends(home, &["verify", &archive, "--rules", "rules", "--certificate", &certificate], 1);
    assert!(said.contains("It was issued under other rules"), "{said}");
}

#[test]
fn builds_are_covered_until_revocation_and_a_failed_certification_changes_nothing() {
    let home = certified();
    let home = home.path();
    let (certificate, archive) = files(home);
    let check = |more: &[&str], code| ends(home, &[&["ledger", "check", CLIENT_ID][..], more].concat(), code);
    let before = fs::read(home.join("data/poscert/ledger.jsonl")).unwrap();

    // The same client fails in a new attempt, which ends at the bound.
    let broken = certify(home, &["--new-attempt", "--bound", "20"], &["--broken", "no-retry", "drive"]);
    let said = text(&broken.stdout) + &text(&broken.stderr);
    assert_eq!(broken.status.code(), Some(1), "{said}");
    assert!(said.contains("No certificate is issued: the verdict is failed."), "{said}");
    assert!(said.contains("Certification attempt 1 ended with verdict passed; it no longer counts."), "{said}");
    assert_eq!(fs::read(home.join("data/poscert/ledger.jsonl")).unwrap(), before);
    ends(home, &["verify", &archive, "--certificate", &certificate], 0);
    let said = ends(home, &["verify", "capture", "--certificate", &certificate], 1);
    assert!(said.contains("another state of this one") && said.contains("the verdict is failed"), "{said}");

    assert!(check(&["2.1.7"], 0).contains("Covered: client"));
    check(&["2.1.7", "--feature", "onboarding"], 0);
    assert!(check(&["2.2.0"], 1).contains("a new Major or Minor needs a new certification"));
    check(&["3.1.0"], 1);
    assert!(check(&["2.1.7", "--feature", "onboarding,payment"], 1).contains("in payment"));
    ends(home, &["ledger", "check", "00000000-0000-4000-8000-000000000000", "2.1.0"], 1);
    ends(home, &["ledger", "check", PRODUCTION, "2.1.7"], 0);
    for wrong in [
        &["check", "till", "2.1.0"][..],
        &["check", CLIENT_ID, "2.1"],
        &["check", CLIENT_ID, "2.1.0", "--feature", "x"],
    ] {
        ends(home, &[&["ledger"], wrong].concat(), 2);
    }

    let id = ledger(home)["certificates"][0]["id"].as_str().unwrap().to_owned();
    let revoke = |id: &str, evidence: &str, code| {
        ends(home, &["ledger", "revoke", id, "--reason", "it never retries", "--evidence", evidence], code)
    };
    assert!(revoke(&id, "nowhere", 2).contains("--evidence"));
    revoke("pc-000000000000", "capture", 2);
    assert_eq!(fs::read(home.join("data/poscert/ledger.jsonl")).unwrap(), before);
    revoke(&id, "capture", 0);
    assert!(revoke(&id, "capture", 2).contains("already"));
    let said = check(&["2.1.7"], 1);
    assert!(said.contains(&format!("{id} was revoked on")) && said.contains("it never retries"), "{said}");
    let revoked = &ledger(home)["certificates"][0]["revoked"];
    let verdict: Value = serde_json::from_slice(&run(home, &["verify", "capture", "--format", "json"]).stdout).unwrap();
    assert_eq!(revoked["evidence"]["digest"], verdict["capture"]["digest"]);
    assert!(ends(home, &["ledger", "list"], 0).contains("REVOKED"));
}

#[test]
fn changed_ledger_is_refused_with_the_location() {
    let home = certified();
    let home = home.path();
    let place = home.join("data/poscert/ledger.jsonl");
    let whole = fs::read_to_string(&place).unwrap();
    fs::write(&place, whole.replace("2.1.0", "2.2.0")).unwrap();
    for arguments in [&["ledger", "list"][..], &["ledger", "check", CLIENT_ID, "2.2.0"]] {
        let said = ends(home, arguments, 2);
        assert!(said.contains("line 1") && crate::poscert_process::is_one_error(&said), "{said}");
    }
    fs::write(&place, "").unwrap();
    ends(home, &["ledger", "check", CLIENT_ID, "2.1.0"], 2);
    // A crash while appending an entry is not damage, and is reported.
    fs::write(&place, format!("{whole}{{\"chain\":\"0")).unwrap();
    let said = ends(home, &["ledger", "check", CLIENT_ID, "2.1.0"], 0);
    assert!(said.contains("is incomplete"), "{said}");
    // A missing ledger counts as empty.
    let other = ["ledger", "check", CLIENT_ID, "2.1.0", "--ledger", "other.jsonl"];
    let said = ends(home, &other, 1);
    assert!(said.starts_with("Not covered") && said.contains("no ledger at other.jsonl"), "{said}");
}

#[test]
fn missing_requirements_for_a_certificate_are_reported() {
    let home = tempfile::tempdir().unwrap();
    let output = certify(home.path(), &["--features", "onboarding", "--bound", "300"], &["drive"]);
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let wanted = "No certificate is issued: missing the integrator id: pass --integrator-id and resume this capture.";
    assert!(said.contains(wanted), "{said}");
    assert!(folders(home.path()).is_empty() && !home.path().join("data").exists());
}
