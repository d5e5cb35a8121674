//! Tests: a certificate holds for its own capture only, and every change is detected, even one by a key holder.

use super::super::{sample, statement};
use super::*;
use crate::seal::SigningKey;

fn checked(certificate: &Certificate, verdict: &Verdict, trusted: &[Fingerprint]) -> CheckReport {
    check(certificate, verdict, Some(&sample::session()), &sample::seen(), trusted)
}

#[test]
fn certificate_holds_for_its_own_capture() {
    let (certificate, signer) = sample::certificate();
    let checked = checked(&certificate, &sample::verdict(), &[]);
    assert_eq!((checked.broken, checked.signers), (vec![], vec![signer]));
    assert!(checked.notes.len() == 1 && checked.notes[0].contains("Anyone can create a key"));
    let trusted = super::tests::checked(&certificate, &sample::verdict(), &[signer]);
    assert!(trusted.holds() && trusted.notes.is_empty());
    // The directory that the archive was made from is the same capture.
    let mut directory = sample::verdict();
    directory.capture.kind = "directory";
    directory.capture.sealed_by.clear();
    assert!(super::tests::checked(&certificate, &directory, &[signer]).holds());
}

#[test]
fn an_untrusted_signer_is_named() {
    let (certificate, signer) = sample::certificate();
    let other = SigningKey::random().unwrap().public().fingerprint();
    let broken = checked(&certificate, &sample::verdict(), &[other]).broken;
    assert_eq!(broken, [format!("It is signed by {signer}, which is not trusted.")]);
}

/// Every path in a JSON value, with a different value for it.
fn places(value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, one)| places(one, &format!("{path}/{key}"), found)),
        Value::Array(list) => {
            for (at, one) in list.iter().enumerate() {
                places(one, &format!("{path}/{at}"), found);
            }
            let mut shorter = list.clone();
            if shorter.pop().is_some() {
                found.push((path.to_owned(), Value::Array(shorter)));
            }
        }
        Value::String(text) => {
            let other = match text.as_str() {
                "passed" => "failed".to_owned(),
                "must" => "should".to_owned(),
                "should" => "must".to_owned(),
                "not-exercised" | "warning" | "not-tested" => "passed".to_owned(),
                text => format!("{text}0"),
            };
            found.push((path.to_owned(), Value::String(other)));
        }
        Value::Number(_) => found.push((path.to_owned(), Value::from(77))),
        Value::Bool(one) => found.push((path.to_owned(), Value::Bool(!one))),
        Value::Null => found.push((path.to_owned(), Value::String("x".into()))),
    }
}

#[test]
fn any_field_changed_by_a_key_holder_is_detected() {
    let key = SigningKey::random().unwrap();
    let whole = serde_json::to_value(sample::statement()).unwrap();
    let mut changes = Vec::new();
    places(&whole, "", &mut changes);
    assert!(changes.len() > 60, "{}", changes.len());
    for (path, other) in changes {
        let mut forged = whole.clone();
        *forged.pointer_mut(&path).unwrap() = other;
        // A file that is no longer a certificate is rejected when it is parsed.
        let Ok(forged) = serde_json::from_value::<Statement>(forged) else { continue };
        let Ok(forged) = Certificate::give(&forged, &key) else { continue };
        let checked = checked(&forged, &sample::verdict(), &[]);
        let matching =
            checked.broken.len() + usize::from(checked.notes.iter().any(|note| note.contains("Issued by poscert")));
        assert!(matching > 0, "{path}");
        assert!(path == "/predicate/engine" || !checked.holds(), "{path}");
    }
}

#[test]
fn any_changed_byte_is_detected() {
    let (certificate, signer) = sample::certificate();
    for at in 0..certificate.bytes().len() {
        let mut bytes = certificate.bytes().to_vec();
        bytes[at] ^= 1;
        let Ok(changed) = Certificate::read(&bytes) else { continue };
        assert!(!checked(&changed, &sample::verdict(), &[signer]).holds(), "byte {at}");
    }
}

#[test]
fn another_capture_other_rules_and_another_verdict_are_named() {
    let (certificate, _) = sample::certificate();
    let broken = |change: fn(&mut Verdict)| {
        let mut verdict = sample::verdict();
        change(&mut verdict);
        checked(&certificate, &verdict, &[]).broken.join("\n")
    };
    assert!(broken(|v| v.capture.digest = "0".repeat(64)).contains("another capture, or another state"));
    assert!(broken(|v| v.rules.digest = "0".repeat(64)).contains("It was issued under other rules"));
    assert!(broken(|v| v.rules.builtin = false).contains("not built into this version"));
    let failed = broken(|v| v.verdict = crate::verify::verdict::Outcome::Failed);
    assert!(failed.contains("the verdict is failed") && failed.contains("`verdict: outcome`"), "{failed}");
    let other = broken(|v| v.requirements[0].title = "other".into());
    assert!(other.contains("`requirements ALL-01: title`: the certificate says"), "{other}");
    // The digest covers the parts of the verdict that the certificate does not repeat.
    let finding = broken(|v| v.features[0].cases[0].witness.push(99));
    assert!(finding.starts_with("The certificate is for another verdict"), "{finding}");
}

#[test]
fn sealed_rules_of_another_version_need_a_trusted_signer() {
    let (certificate, signer) = sample::certificate();
    let mut verdict = sample::verdict();
    verdict.rules.builtin = false;
    assert!(checked(&certificate, &verdict, &[signer]).holds());
    // All other checks still apply.
    verdict.capture.complete = false;
    assert!(!checked(&certificate, &verdict, &[signer]).holds());
}

#[test]
fn unsigned_certificate_does_not_hold() {
    let payload = serde_json::to_vec(&sample::statement()).unwrap();
    let bare = crate::seal::Envelope::new(statement::PAYLOAD_TYPE, &payload);
    let bare = Certificate::read(bare.json().as_bytes()).unwrap();
    assert_eq!(checked(&bare, &sample::verdict(), &[]).broken, ["Signature missing."]);
}
