//! Eligibility of a capture for a certificate.

use super::CaptureFacts;
use crate::capture::record::Session;
use crate::verify::Verdict;
use crate::verify::verdict::Outcome;

/// Why no certificate can be issued, one clause each; empty if the capture is eligible. The signature of the capture is
/// checked separately ([`unsealed`]), as it is signed last.
pub(crate) fn missing(verdict: &Verdict, session: Option<&Session>, seen: &CaptureFacts) -> Vec<String> {
    let mut missing = missing_beside_rules(verdict, session, seen);
    if !verdict.rules.builtin {
        missing.push("the rules are not the built-in ones".to_owned());
    }
    missing
}

/// As [`missing`], for any rules.
pub(crate) fn missing_beside_rules(verdict: &Verdict, session: Option<&Session>, seen: &CaptureFacts) -> Vec<String> {
    let mut missing = Vec::new();
    match verdict.verdict {
        Outcome::Passed => {}
        Outcome::Failed => missing.push("the verdict is failed".to_owned()),
        Outcome::Incomplete => missing.push("the verdict is incomplete".to_owned()),
    }
    let chosen = session.map_or(&[][..], |session| &session.features);
    let left: Vec<&str> =
        chosen.iter().map(String::as_str).filter(|id| !verdict.profile.features.contains(id)).collect();
    if !left.is_empty() {
        missing.push(format!("the verdict does not cover the selected features {}", left.join(", ")));
    }
    let profile = &verdict.profile;
    for (what, flag, value) in [
        ("the integrator id", "--integrator-id", &profile.integrator_id),
        ("the client id", "--client-id", &profile.client_id),
        ("the client version", "--client-version", &profile.client_version),
    ] {
        if value.is_empty() {
            missing.push(format!("missing {what}: pass {flag} and resume this capture"));
        }
    }
    missing.extend(seen.renamed());
    if verdict.capture.kind == "har" {
        missing.push("a HAR file does not contain the complete recording".to_owned());
    } else if !verdict.capture.complete {
        missing.push("the capture is not complete".to_owned());
    } else if seen.ended().is_none() {
        missing.push("the capture has no end time".to_owned());
    }
    missing
}

/// A clause if the capture of a verdict is not signed.
pub(crate) fn unsealed(verdict: &Verdict) -> Option<String> {
    verdict.capture.sealed_by.is_empty().then(|| "the capture is not signed".to_owned())
}

/// The message that no certificate is issued, with these reasons.
pub(crate) fn sentence(missing: &[String]) -> String {
    format!("No certificate is issued: {}.", missing.join("; "))
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::capture::Record;

    fn missing_of(change: impl FnOnce(&mut Verdict)) -> Vec<String> {
        let mut verdict = sample::verdict();
        change(&mut verdict);
        missing(&verdict, Some(&sample::session()), &sample::seen())
    }

    #[test]
    fn each_reason_rules_out_a_certificate() {
        assert_eq!(missing_of(|_| {}), Vec::<String>::new());
        type Change = (fn(&mut Verdict), &'static str);
        let changes: [Change; 9] = [
            (|v| v.verdict = Outcome::Failed, "the verdict is failed"),
            (|v| v.verdict = Outcome::Incomplete, "the verdict is incomplete"),
            (|v| v.rules.builtin = false, "the rules are not the built-in ones"),
            (|v| v.profile.features = vec!["onboarding"], "the verdict does not cover the selected features payment"),
            (
                |v| v.profile.integrator_id.clear(),
                "missing the integrator id: pass --integrator-id and resume this capture",
            ),
            (|v| v.profile.client_id.clear(), "missing the client id: pass --client-id and resume this capture"),
            (
                |v| v.profile.client_version.clear(),
                "missing the client version: pass --client-version and resume this capture",
            ),
            (|v| v.capture.complete = false, "the capture is not complete"),
            (|v| v.capture.kind = "har", "a HAR file does not contain the complete recording"),
        ];
        for (change, wanted) in changes {
            assert_eq!(missing_of(change), [wanted]);
        }
        let verdict = sample::verdict();
        assert_eq!(missing(&verdict, None, &CaptureFacts::default()), ["the capture has no end time"]);
        let mut renamed = sample::seen();
        let session = Session { integrator_id: Some("Other".into()), ..sample::session() };
        renamed.take(&Record::Session(session), crate::profile::pos_v10());
        let why = missing(&verdict, Some(&sample::session()), &renamed).concat();
        assert!(why.contains("(integrator id Acme Oy, now Other): certify with the earlier values"), "{why}");
        assert_eq!(unsealed(&verdict), None);
        let mut bare = verdict;
        bare.capture.sealed_by.clear();
        assert_eq!(unsealed(&bare).as_deref(), Some("the capture is not signed"));
        assert_eq!(sentence(&["a".into(), "b".into()]), "No certificate is issued: a; b.");
    }
}
