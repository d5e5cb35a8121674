//! Tests of signed archives through the program: made by `export`, read by every command that reads a capture.

use super::poscert_process::*;
use serde_json::Value;
use std::path::Path;
use std::process::Output;

/// An archive in the first version of the format; never regenerated.
pub(crate) const V1: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/archives/v1.poscert");

/// Records a short session in its own home directory.
pub(crate) fn recorded(home: &Path) {
    let drive = [env!("CARGO_BIN_EXE_poscert"), "till", "--memory", "till.json", "onboard"];
    let output = record(home).args(["--capture", "capture", "--"]).args(drive).output().unwrap();
    assert_ne!(output.status.code(), Some(2), "{}{}", text(&output.stdout), text(&output.stderr));
}

pub(crate) fn run(home: &Path, arguments: &[&str]) -> Output {
    poscert(home).args(arguments).output().unwrap()
}

pub(crate) fn done(home: &Path, arguments: &[&str]) -> String {
    let output = run(home, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn archive_is_read_like_the_directory() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    recorded(home);
    let said = done(home, &["export", "capture", "-o", "run.poscert", "--key", "keys/mine.pem"]);
    assert!(said.contains("Created the signing key keys/mine.pem"), "{said}");
    let again = done(home, &["export", "capture", "-o", "again.bin", "--format", "poscert", "--key", "keys/mine.pem"]);
    assert!(!again.contains("Created the signing key"), "{again}");
    let bytes = std::fs::read(home.join("run.poscert")).unwrap();
    assert!(std::fs::read(home.join("again.bin")).unwrap() == bytes, "the same capture and key, other bytes");
    let (directory, code) = verdict(home, &["capture"]);
    for name in ["run.poscert", "again.bin"] {
        let (archive, its_code) = verdict(home, &[name]);
        assert_eq!(its_code, code);
        for field in ["verdict", "features", "requirements", "profile", "rules"] {
            assert_eq!(archive[field], directory[field], "{field}");
        }
        assert_eq!(archive["capture"]["digest"], directory["capture"]["digest"]);
        assert_eq!(archive["capture"]["kind"], "archive");
        assert_eq!(archive["capture"]["sealed_by"].as_array().unwrap().len(), 1);
    }
    assert_eq!(shown(home, "run.poscert"), shown(home, "capture"));
    done(home, &["export", "capture", "-o", "a.har"]);
    done(home, &["export", "run.poscert", "-o", "b.har"]);
    assert!(std::fs::read(home.join("a.har")).unwrap() == std::fs::read(home.join("b.har")).unwrap());
}

#[test]
fn reading_an_archive_writes_nothing_and_works_on_a_read_only_path() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    recorded(home);
    std::fs::create_dir(home.join("media")).unwrap();
    done(home, &["export", "capture", "-o", "media/run.poscert"]);
    let mode = |path: &str, mode| {
        std::fs::set_permissions(home.join(path), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("media/run.poscert", 0o400);
    mode("media", 0o500);
    let before = std::fs::read(home.join("media/run.poscert")).unwrap();
    for arguments in [&["verify"][..], &["show"], &["show", "--json"], &["export", "-o", "out.har"]] {
        let output = poscert(home).args(arguments).arg("media/run.poscert").output().unwrap();
        assert_ne!(output.status.code(), Some(2), "{}", text(&output.stderr));
    }
    assert!(std::fs::read(home.join("media/run.poscert")).unwrap() == before);
    assert_eq!(std::fs::read_dir(home.join("media")).unwrap().count(), 1);
    mode("media", 0o700);
}

#[test]
fn invalid_sources_and_targets_are_refused_without_leaving_files() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let recording = Recording::start(home, &["--quiet", "--capture", "capture"]);
    refused(
        &run(home, &["export", "capture", "-o", "live.poscert"]),
        &["a recorder is writing to", "stop the recorder first"],
    );
    recording.stop();
    done(home, &["export", "capture", "-o", "whole.poscert"]);
    done(home, &["export", "capture", "-o", "x.har"]);
    refused(&run(home, &["export", "x.har", "-o", "x.poscert"]), &["x.har is a HAR", "the capture directory"]);
    refused(&run(home, &["export", "capture", "-o", "x.zip"]), &["`zip`", ".poscert or .har"]);
    refused(&run(home, &["export", "capture", "-o", "none/x.poscert"]), &["none/x.poscert", "choose another file"]);
    std::fs::write(home.join("bad.pem"), "no key").unwrap();
    std::fs::set_permissions(home.join("bad.pem"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let bad = run(home, &["export", "capture", "-o", "y.poscert", "--key", "bad.pem"]);
    refused(&bad, &["bad.pem contains no Ed25519 signing key"]);
    refused(&run(home, &["seal", "capture", "--key", "k.pem"]), &["capture: not a signed archive", "poscert export"]);
    for name in ["live.poscert", "x.poscert", "y.poscert", "k.pem"] {
        assert!(!home.join(name).exists(), "{name}");
    }
}

#[test]
fn additional_signatures_are_added_and_listed() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    recorded(home);
    done(home, &["export", "capture", "-o", "run.poscert"]);
    let (before, _) = verdict(home, &["run.poscert"]);
    let said = done(home, &["seal", "run.poscert", "--key", "witness.pem"]);
    assert_eq!(said.matches("signed by ").count(), 2, "{said}");
    let (after, _) = verdict(home, &["run.poscert"]);
    assert_eq!(after["capture"]["digest"], before["capture"]["digest"]);
    assert_eq!(after["capture"]["sealed_by"].as_array().unwrap().len(), 2);
    assert_eq!(after["capture"]["sealed_by"][0], before["capture"]["sealed_by"][0]);
}

/// The result of the independent reader in Python.
fn by_stranger(path: &Path) -> Value {
    let output = clean(python()).arg(tests("archive_reader.py")).arg("--json").arg(path).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn independent_reader_finds_the_same() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    recorded(home);
    done(home, &["export", "capture", "-o", "run.poscert"]);
    done(home, &["seal", "run.poscert", "--key", "witness.pem"]);
    for path in [home.join("run.poscert"), V1.into()] {
        let name = path.to_str().unwrap();
        let (verdict, _) = verdict(home, &[name, "--rules", "sealed"]);
        let found = by_stranger(&path);
        assert_eq!(found["content"], verdict["capture"]["digest"]);
        assert_eq!(found["exchanges"], verdict["capture"]["exchanges"]);
        assert_eq!(found["sealed_by"], verdict["capture"]["sealed_by"]);
        assert_eq!(found["complete"], verdict["capture"]["complete"]);
        assert_eq!(found["rules"]["digest"], verdict["rules"]["digest"]);
        assert_eq!(found["records"].as_u64().unwrap(), shown(home, name).len() as u64);
    }
}

#[test]
fn first_version_archive_still_gets_its_verdict() {
    let home = tempfile::tempdir().unwrap();
    let kept = std::fs::read_to_string(V1.replace("v1.poscert", "v1.verdict.json")).unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    let (read, _) = verdict(home.path(), &[V1, "--rules", "sealed"]);
    for field in ["verdict", "features", "requirements"] {
        assert_eq!(read[field].to_string(), kept[field].to_string(), "{field}");
    }
    // Later versions say more about the capture, but nothing else.
    for (field, value) in kept["capture"].as_object().unwrap() {
        assert_eq!(read["capture"][field], *value, "{field}");
    }
}

#[test]
fn signing_keys_are_interchangeable_with_openssl() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    done(home, &["export", V1, "-o", "x.poscert", "--key", "mine.pem"]);
    let openssl = |arguments: &[&str]| {
        let output = clean("openssl").current_dir(home).arg("pkey").args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        output.stdout
    };
    let public = openssl(&["-in", "mine.pem", "-pubout"]);
    assert_eq!(text(&public), std::fs::read_to_string(home.join("mine.pem.pub")).unwrap());
    // A key made by openssl can sign, too.
    clean("openssl").current_dir(home).args(["genpkey", "-algorithm", "ed25519", "-out", "its.pem"]).status().unwrap();
    std::fs::set_permissions(home.join("its.pem"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(done(home, &["seal", "x.poscert", "--key", "its.pem"]).matches("signed by ").count(), 2);
}
