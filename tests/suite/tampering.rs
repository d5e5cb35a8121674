//! Tests of the threat model: forgeries of a real archive, made with and without the signing key, and what a reader
//! then sees. The archive is the one in `fixtures/`; the forger is a Python script that recomputes all digests.

use super::archive::{V1, done, recorded, run};
use super::poscert_process::*;
use std::path::Path;
use std::process::Output;

/// The kinds of forgery.
const FORGERIES: [&str; 5] = ["amount", "leave-out", "reorder", "append", "rules"];

/// Forges an archive, signed with the key in a file or, without one, with its previous signatures.
pub(crate) fn forge(home: &Path, what: &str, source: &str, key: Option<&str>) -> String {
    let target = format!("{what}{}.poscert", if key.is_some() { "-signed" } else { "" });
    let mut command = clean(python());
    command.current_dir(home).arg(tests("archive_forger.py")).args([what, source, &target]);
    let output = command.args(key.into_iter().flat_map(|key| ["--key", key])).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    target
}

fn verify(home: &Path, arguments: &[&str]) -> Output {
    poscert(home).arg("verify").args(arguments).output().unwrap()
}

/// The second line of a verdict in text form, with its continuation lines.
fn second_line(output: &Output) -> String {
    let said = text(&output.stdout);
    let from = said.lines().nth(1).unwrap_or_else(|| panic!("{said}{}", text(&output.stderr)));
    let more = said.lines().skip(2).take_while(|line| !line.contains("Client:"));
    std::iter::once(from).chain(more).map(str::trim).collect::<Vec<_>>().join(" ")
}

#[test]
fn changes_without_the_signing_key_are_detected() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    done(home, &["export", V1, "-o", "honest.poscert", "--key", "holder.pem"]);
    done(home, &["export", V1, "-o", "throwaway.poscert", "--key", "forger.pem"]);
    let honest = verify(home, &["honest.poscert", "--trusted-key", "holder.pem.pub"]);
    assert_ne!(honest.status.code(), Some(2), "{}", text(&honest.stderr));
    assert!(second_line(&honest).contains("(trusted key)"), "{}", second_line(&honest));
    for what in FORGERIES {
        // The previous signature is invalid.
        let forged = forge(home, what, "honest.poscert", None);
        refused(&verify(home, &[&forged]), &[&forged, "the signature is invalid", "does not match the signed content"]);
        let python = clean(python()).arg(tests("archive_reader.py")).arg(home.join(&forged)).output().unwrap();
        assert_eq!(python.status.code(), Some(1), "{what}: the independent reader accepts it");
        // With the forger's own key it is readable, and reported as signed by an untrusted key; a trusted key detects
        // it.
        let forged = forge(home, what, "honest.poscert", Some("forger.pem"));
        let read = verify(home, &[&forged]);
        if what == "append" {
            // No recorder starts a run twice.
            assert!(matches!(read.status.code(), Some(0..=3)), "{}", text(&read.stderr));
        } else {
            assert_ne!(read.status.code(), Some(2), "{what}: {}", text(&read.stderr));
            assert!(second_line(&read).contains("this key is not trusted"), "{}", second_line(&read));
        }
        let asked = verify(home, &[&forged, "--trusted-key", "holder.pem.pub"]);
        assert_eq!(asked.status.code(), Some(2), "{what}");
        assert!(what == "append" || text(&asked.stderr).contains("which is not a key of --trusted-key"));
    }
}

#[test]
fn changes_with_the_signing_key_are_detected_through_a_second_signature_or_a_noted_head() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    done(home, &["export", V1, "-o", "honest.poscert", "--key", "holder.pem"]);
    done(home, &["seal", "honest.poscert", "--key", "witness.pem"]);
    let both = verify(home, &["honest.poscert", "--trusted-key", "witness.pem.pub"]);
    assert!(second_line(&both).contains("; also signed by "), "{}", second_line(&both));
    let (honest, _) = verdict(home, &["honest.poscert"]);
    for what in FORGERIES.into_iter().filter(|what| *what != "append") {
        let forged = forge(home, what, "honest.poscert", Some("holder.pem"));
        // A reader that trusts the holder's key accepts it: this is what the holder of the key can do.
        let taken = verify(home, &[&forged, "--trusted-key", "holder.pem.pub"]);
        assert_ne!(taken.status.code(), Some(2), "{what}: {}", text(&taken.stderr));
        let asked = verify(home, &[&forged, "--trusted-key", "witness.pem.pub"]);
        refused(&asked, &[&forged, "which is not a key of --trusted-key"]);
        // The chain head differs from the noted one, unless the records are the same.
        let (verdict, _) = verdict(home, &[&forged]);
        let same = verdict["capture"]["digest"] == honest["capture"]["digest"];
        assert_eq!(same, what == "rules", "{what}");
    }
}

#[test]
fn sealed_rules_are_reported_and_can_be_used() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    done(home, &["export", V1, "-o", "honest.poscert", "--key", "holder.pem"]);
    let forged = forge(home, "rules", "honest.poscert", Some("holder.pem"));
    let (own, _) = verdict(home, &["honest.poscert"]);
    let (others, _) = verdict(home, &[&forged]);
    let remarks = |verdict: &serde_json::Value| verdict["remarks"].to_string();
    assert!(!remarks(&own).contains("differ from those used"), "{}", remarks(&own));
    assert!(remarks(&others).contains("`--rules sealed` evaluates with them"), "{}", remarks(&others));
    assert_eq!((&others["rules"], &others["requirements"]), (&own["rules"], &own["requirements"]));
    let (sealed, _) = verdict(home, &[&forged, "--rules", "sealed"]);
    assert_eq!(sealed["rules"]["builtin"], false);
    assert!(remarks(&sealed).contains("no certificate can be issued"), "{}", remarks(&sealed));
    assert!(remarks(&sealed).contains("Evaluated with the rule files in the archive"), "{}", remarks(&sealed));
    done(home, &["export", V1, "-o", "x.har"]);
    refused(&verify(home, &["x.har", "--rules", "sealed"]), &["x.har contains no rule files"]);
}

#[test]
fn trusted_key_requires_a_signature() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    done(home, &["export", V1, "-o", "x.har"]);
    done(home, &["export", V1, "-o", "x.poscert", "--key", "holder.pem"]);
    refused(&verify(home, &["x.har", "--trusted-key", "holder.pem.pub"]), &["x.har: not signed"]);
    refused(
        &verify(home, &["x.poscert", "--trusted-key", "holder.pem"]),
        &["--trusted-key", "this is the private key"],
    );
    refused(&verify(home, &["x.poscert", "--trusted-key", "12ab"]), &["--trusted-key", "`12ab`"]);
    let unsealed = verify(home, &["x.har"]);
    assert!(second_line(&unsealed).starts_with("Not signed."), "{}", second_line(&unsealed));
}

/// The head of a capture's chain after this many records, computed by the independent reader.
fn said_at(home: &Path, capture: &str, count: usize) -> String {
    let capture = poscert::capture::open(&home.join(capture)).unwrap();
    let records = capture.log().unwrap().take(count).map(Result::unwrap);
    let head = records.fold(poscert::seal::ChainHead::default(), |head, bytes| head.then(&bytes));
    format!("{}:{}", head.count, head.digest)
}

#[test]
fn challenge_and_chain_head_are_part_of_the_capture() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let words = "ravens over the Sound, 14 May";
    let recording = Recording::start(home, &["--quiet", "--capture", "capture", "--challenge", words]);
    let said = recording.stop();
    let (verdict, _) = verdict(home, &["capture"]);
    let digest = verdict["capture"]["digest"].as_str().unwrap();
    let records = shown(home, "capture");
    let head = format!("{}:{digest}", records.len());
    assert!(said.contains(&format!("chain head {head}\n")), "{said}");
    // After the first record only: noted right after the start of the capture.
    let begun = said_at(home, "capture", 1);
    done(home, &["export", "capture", "-o", "x.poscert", "--key", "holder.pem"]);
    for file in ["capture", "x.poscert"] {
        let (verdict, _) = crate::poscert_process::verdict(home, &[file, "--witnessed", &head, "--witnessed", &begun]);
        let remarks = verdict["remarks"].to_string();
        assert!(remarks.contains(&head) && remarks.contains(&begun), "{remarks}");
    }
    let other = head.replace(&digest[..4], if digest.starts_with("0000") { "1111" } else { "0000" });
    let longer = format!("{}:{digest}", records.len() + 1);
    for noted in [&other, &longer] {
        refused(&verify(home, &["capture", "--witnessed", noted]), &["is not in its history", noted.as_str()]);
    }
    refused(&verify(home, &["capture", "--witnessed", digest]), &["COUNT:DIGEST"]);
    done(home, &["export", "capture", "-o", "x.har"]);
    refused(&verify(home, &["x.har", "--witnessed", &head]), &["x.har is a HAR"]);
    assert_eq!(records[0]["challenge"], words);
    assert!(verdict["remarks"].to_string().contains(words));
    assert!(done(home, &["show", "capture"]).contains(words));
    done(home, &["export", "capture", "-o", "x.poscert", "--key", "holder.pem"]);
    assert!(verify(home, &["x.poscert"]).stdout.windows(words.len()).any(|part| part == words.as_bytes()));
    // A different challenge makes it a different capture.
    let forged = forge(home, "challenge", "x.poscert", None);
    refused(&verify(home, &[&forged]), &["the signature is invalid"]);
    let empty = run(home, &["record", "--challenge", " "]);
    assert_eq!(empty.status.code(), Some(2));
    // A run without a challenge has no field for it.
    recorded(home);
    let starts = shown(home, "capture").into_iter().filter(|record| record["record"] == "run-start");
    let challenges: Vec<_> = starts.map(|start| start.get("challenge").cloned()).collect();
    assert_eq!(challenges, [Some(words.into()), None]);
}
