//! Check of a certificate against a capture: its signature, its subjects, and every field of its predicate against a
//! new verdict.

use super::statement::{CAPTURE, RULES, Statement, reading};
use super::{CaptureFacts, Certificate, eligibility};
use crate::capture::record::Session;
use crate::report::json_diff::{Difference, differences};
use crate::report::wording;
use crate::seal::Fingerprint;
use crate::verify::Verdict;
use serde_json::Value;

/// The number of differences of the predicate that are listed.
const NAMED: usize = 20;

/// The result of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CheckReport {
    /// The signers, if all signatures are valid.
    pub signers: Vec<Fingerprint>,
    /// The mismatches, one sentence each; empty if the certificate holds.
    pub broken: Vec<String>,
    /// Notes that do not affect the result.
    pub notes: Vec<String>,
}

/// Checks a certificate against the verdict on a capture. `trusted`: the trusted keys; if empty, any key is accepted,
/// and a note says so.
pub(crate) fn check(
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
    checked.broken.extend(missing.iter().map(|clause| format!("The capture is not eligible: {clause}.")));
    checked.predicate(certificate, &Statement::of(verdict, seen, session));
    if certificate.statement.predicate.verdict.digest.sha256 != reading(verdict).to_string() {
        checked.broken.push(
            "The certificate is for another verdict: the digest of `verdict`, `features` and `requirements` differs."
                .to_owned(),
        );
    }
    let engine = &certificate.statement.predicate.engine;
    if engine != verdict.engine {
        checked.notes.push(format!(
            "Issued by poscert {}, checked by poscert {}.",
            wording::safe(engine),
            verdict.engine
        ));
    }
    checked
}

impl CheckReport {
    /// Whether the certificate holds.
    pub(crate) fn holds(&self) -> bool {
        self.broken.is_empty()
    }

    fn signature(&mut self, certificate: &Certificate, trusted: &[Fingerprint]) {
        match certificate.signers() {
            Err(why) => self.broken.push(format!("Invalid signature: {}.", wording::safe(&why))),
            Ok(signers) if signers.is_empty() => self.broken.push("Signature missing.".to_owned()),
            Ok(signers) => {
                if trusted.is_empty() {
                    self.notes.push(
                        "Anyone can create a key: ask the owner to confirm this one, then name it with --trusted-key."
                            .to_owned(),
                    );
                } else if !signers.iter().any(|signer| trusted.contains(signer)) {
                    let by: Vec<String> = signers.iter().map(Fingerprint::to_string).collect();
                    self.broken.push(format!("It is signed by {}, which is not trusted.", wording::list(&by)));
                }
                self.signers = signers;
            }
        }
    }

    fn subjects(&mut self, statement: &Statement, verdict: &Verdict, vouched: bool) {
        let names: Vec<&str> = statement.subject.iter().map(|subject| subject.name.as_str()).collect();
        if names != [CAPTURE, RULES] {
            let names = wording::safe(&names.join(", "));
            self.broken.push(format!("Its subjects are {names}; expected {CAPTURE} and {RULES}."));
        }
        let of_capture = statement.digest_of(CAPTURE);
        if of_capture != verdict.capture.digest {
            self.broken.push(format!(
                "It was issued for another capture, or another state of this one: the certificate has digest {}, this \
                 capture {}.",
                wording::safe(of_capture),
                verdict.capture.digest
            ));
        }
        let of_rules = statement.digest_of(RULES);
        if of_rules != verdict.rules.digest {
            self.broken.push(format!(
                "It was issued under other rules: the certificate has digest {}, the rules applied {}; use poscert {}.",
                wording::safe(of_rules),
                verdict.rules.digest,
                wording::safe(&statement.predicate.engine)
            ));
        }
        if !statement.predicate.rules.builtin {
            self.broken.push("It states that its rules were not the built-in ones.".to_owned());
        }
        if of_rules == verdict.rules.digest && !verdict.rules.builtin && !vouched {
            self.broken.push(
                "The rules applied are not built into this version. Trust their signer with --trusted-key, or omit \
                 --rules."
                    .to_owned(),
            );
        }
    }

    /// Compares each field of the predicate; engine and rules are checked elsewhere.
    fn predicate(&mut self, certificate: &Certificate, now: &Statement) {
        let Ok(now) = serde_json::to_value(now) else {
            return self.broken.push("The statement for this capture cannot be serialized.".to_owned());
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
            self.broken.push(format!("{} not listed here also differ.", wording::count(more, "field")));
        }
    }
}

/// The predicate without engine and rules.
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
