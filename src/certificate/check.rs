//! Whether a certificate holds for a capture: its signature, its subjects, and every word of it against the verdict that
//! was made just now.

use super::statement::{CAPTURE, RULES, Statement, reading};
use super::{CaptureFacts, Certificate, eligibility};
use crate::capture::record::Session;
use crate::report::json_diff::{Difference, differences};
use crate::report::wording;
use crate::seal::Fingerprint;
use crate::verify::Verdict;
use serde_json::Value;

/// How many differences of the predicate are named one by one.
const NAMED: usize = 20;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// By whom it is signed, where all signatures fit.
    pub signers: Vec<Fingerprint>,
    /// What does not hold, a sentence each; empty where all holds.
    pub broken: Vec<String>,
    /// What a reader should know all the same.
    pub notes: Vec<String>,
}

/// Checks a certificate against the verdict on a capture. `trusted`: the keys that the reader believes in; where there are
/// none, any key will do, and a note says so.
pub fn check(
    certificate: &Certificate,
    verdict: &Verdict,
    session: Option<&Session>,
    seen: &CaptureFacts,
    trusted: &[Fingerprint],
) -> CheckReport {
    let mut checked = CheckReport::default();
    checked.signature(certificate, trusted);
    checked.subjects(&certificate.statement, verdict, !trusted.is_empty());
    let missing = eligibility::missing_beside_rules(verdict, session, seen);
    checked.broken.extend(missing.iter().map(|clause| format!("No certificate rests on this capture: {clause}.")));
    checked.predicate(certificate, &Statement::of(verdict, seen, session));
    if certificate.statement.predicate.verdict.digest.sha256 != reading(verdict).to_string() {
        checked.broken.push(
            "The verdict that it binds is another one: the digest of `verdict`, `features` and `requirements` differs."
                .to_owned(),
        );
    }
    let engine = &certificate.statement.predicate.engine;
    if engine != verdict.engine {
        checked.notes.push(format!(
            "It was given by engine {}, and read by {}.",
            wording::safe(engine),
            verdict.engine
        ));
    }
    checked
}

impl CheckReport {
    /// Whether all holds.
    pub fn holds(&self) -> bool {
        self.broken.is_empty()
    }

    fn signature(&mut self, certificate: &Certificate, trusted: &[Fingerprint]) {
        match certificate.signers() {
            Err(why) => self.broken.push(format!("The signature does not hold: {}.", wording::safe(&why))),
            Ok(signers) if signers.is_empty() => self.broken.push("Nobody signed it.".to_owned()),
            Ok(signers) => {
                if trusted.is_empty() {
                    self.notes.push(
                        "Anybody can make a key: whose this one is, only its owner can tell you; --trusted-key names the ones \
                         you believe in."
                            .to_owned(),
                    );
                } else if !signers.iter().any(|signer| trusted.contains(signer)) {
                    let by: Vec<String> = signers.iter().map(Fingerprint::to_string).collect();
                    self.broken.push(format!("It is signed by {}, and that is no trusted key.", wording::list(&by)));
                }
                self.signers = signers;
            }
        }
    }

    fn subjects(&mut self, statement: &Statement, verdict: &Verdict, vouched: bool) {
        let names: Vec<&str> = statement.subject.iter().map(|subject| subject.name.as_str()).collect();
        if names != [CAPTURE, RULES] {
            let names = wording::safe(&names.join(", "));
            self.broken.push(format!("Its subjects are {names}, and must be {CAPTURE} and {RULES}."));
        }
        let of_capture = statement.digest_of(CAPTURE);
        if of_capture != verdict.capture.digest {
            self.broken.push(format!(
                "It is about another capture, or another state of this one: the certificate's is {}, this one {}.",
                wording::safe(of_capture),
                verdict.capture.digest
            ));
        }
        let of_rules = statement.digest_of(RULES);
        if of_rules != verdict.rules.digest {
            self.broken.push(format!(
                "It rests on other rules: the certificate's are {}, those applied {}; version {} of poscert has them.",
                wording::safe(of_rules),
                verdict.rules.digest,
                wording::safe(&statement.predicate.engine)
            ));
        }
        if !statement.predicate.rules.builtin {
            self.broken.push("It says itself that its rules are not built-in ones.".to_owned());
        }
        if of_rules == verdict.rules.digest && !verdict.rules.builtin && !vouched {
            self.broken.push(
                "The rules applied are not the ones built into this version, and that they were built into another is only the \
                 signer's word; name the signer's key with --trusted-key, or leave out --rules."
                    .to_owned(),
            );
        }
    }

    /// Each word of the predicate that another one stands for now; rules and engine are told elsewhere.
    fn predicate(&mut self, certificate: &Certificate, now: &Statement) {
        let Ok(now) = serde_json::to_value(now) else {
            return self.broken.push("What this capture shows cannot be written as JSON.".to_owned());
        };
        let now = now.get("predicate").map(told_here);
        let stated = certificate.payload().get("predicate").map(told_here);
        let found = differences("", stated.as_ref(), now.as_ref());
        let digest = |difference: &&Difference| difference.place != ": verdict: digest: sha256";
        for difference in found.iter().filter(digest).take(NAMED) {
            let (first, second) =
                (Difference::shown(difference.first.as_ref()), Difference::shown(difference.second.as_ref()));
            let place = difference.place.trim_start_matches(": ");
            let line = format!("`{place}`: the certificate says {first}, this capture shows {second}.");
            self.broken.push(wording::safe(&line));
        }
        let more = found.iter().filter(digest).count().saturating_sub(NAMED);
        if more > 0 {
            self.broken.push(format!("{} more do not fit.", wording::count(more, "detail")));
        }
    }
}

/// The predicate without the engine and whether the rules were built into it.
fn told_here(predicate: &Value) -> Value {
    let mut predicate = predicate.clone();
    if let Some(fields) = predicate.as_object_mut() {
        fields.shift_remove("engine");
        fields.shift_remove("rules");
    }
    predicate
}

#[cfg(test)]
mod tests;
