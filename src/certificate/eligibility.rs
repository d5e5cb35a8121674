//! What a certificate rests on, and which of it is missing.

use super::CaptureFacts;
use crate::capture::record::Session;
use crate::verify::Verdict;
use crate::verify::verdict::Outcome;

/// What is missing for a certificate, a clause each; empty where nothing is. That the capture is sealed is a matter of its
/// own ([`unsealed`]): it is sealed when all else is there.
pub fn missing(verdict: &Verdict, session: Option<&Session>, seen: &CaptureFacts) -> Vec<String> {
    let mut missing = missing_beside_rules(verdict, session, seen);
    if !verdict.rules.builtin {
        missing.push("the rules are not the built-in ones".to_owned());
    }
    missing
}

/// As [`missing`], whatever the rules are.
pub fn missing_beside_rules(verdict: &Verdict, session: Option<&Session>, seen: &CaptureFacts) -> Vec<String> {
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
        missing.push(format!("the session chose {} too, and it was left out", left.join(", ")));
    }
    let profile = &verdict.profile;
    for (what, flag, value) in [
        ("the integrator id", "--integrator-id", &profile.integrator_id),
        ("the client id", "--client-id", &profile.client_id),
        ("the client version", "--client-version", &profile.client_version),
    ] {
        if value.is_empty() {
            missing.push(format!("nobody told {what} ({flag}, when this capture is gone on with)"));
        }
    }
    missing.extend(seen.renamed());
    if verdict.capture.kind == "har" {
        missing.push("it is a HAR file, which does not show all that was recorded".to_owned());
    } else if !verdict.capture.complete {
        missing.push("the capture is not complete".to_owned());
    } else if seen.ended().is_none() {
        missing.push("the capture does not say when it ended".to_owned());
    }
    missing
}

/// Whether nobody sealed the capture that a verdict is about, as a clause.
pub fn unsealed(verdict: &Verdict) -> Option<String> {
    verdict.capture.sealed_by.is_empty().then(|| "nobody sealed the capture".to_owned())
}

/// Why no certificate is given, in a sentence.
pub fn sentence(missing: &[String]) -> String {
    format!("No certificate is given: {}.", missing.join("; "))
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
    fn each_ground_is_needed() {
        assert_eq!(missing_of(|_| {}), Vec::<String>::new());
        type Change = (fn(&mut Verdict), &'static str);
        let changes: [Change; 9] = [
            (|v| v.verdict = Outcome::Failed, "the verdict is failed"),
            (|v| v.verdict = Outcome::Incomplete, "the verdict is incomplete"),
            (|v| v.rules.builtin = false, "the rules are not the built-in ones"),
            (|v| v.profile.features = vec!["onboarding"], "the session chose payment too, and it was left out"),
            (
                |v| v.profile.integrator_id.clear(),
                "nobody told the integrator id (--integrator-id, when this capture is gone on with)",
            ),
            (
                |v| v.profile.client_id.clear(),
                "nobody told the client id (--client-id, when this capture is gone on with)",
            ),
            (
                |v| v.profile.client_version.clear(),
                "nobody told the client version (--client-version, when this capture is gone on with)",
            ),
            (|v| v.capture.complete = false, "the capture is not complete"),
            (|v| v.capture.kind = "har", "it is a HAR file, which does not show all that was recorded"),
        ];
        for (change, wanted) in changes {
            assert_eq!(missing_of(change), [wanted]);
        }
        let verdict = sample::verdict();
        assert_eq!(missing(&verdict, None, &CaptureFacts::default()), ["the capture does not say when it ended"]);
        let mut renamed = sample::seen();
        let session = Session { integrator_id: Some("Other".into()), ..sample::session() };
        renamed.take(&Record::Session(session));
        let why = missing(&verdict, Some(&sample::session()), &renamed).concat();
        assert!(why.contains("(integrator id Acme Oy, now Other): certify with what it was"), "{why}");
        assert_eq!(unsealed(&verdict), None);
        let mut bare = verdict;
        bare.capture.sealed_by.clear();
        assert_eq!(unsealed(&bare).as_deref(), Some("nobody sealed the capture"));
        assert_eq!(sentence(&["a".into(), "b".into()]), "No certificate is given: a; b.");
    }
}
