//! Coverage by the certificates of a ledger: which are valid, and whether a build is covered.
//!
//! A certificate is for a Major.Minor: a new Build is covered, a new Minor or Major is not
//! (api_principles#client_versioning). It is valid until it is revoked.

use super::entry::{Entry, IssuedEntry, LedgerEvent, Revoked};
use crate::api::Feature;
use crate::api::header::Version;
use crate::certificate::date;
use crate::report::wording;
use std::collections::HashMap;

/// A certificate and its status.
#[derive(Clone, Debug)]
pub(crate) struct CertificateStatus<'a> {
    /// When it was added to the ledger.
    pub entered: &'a str,
    pub given: &'a IssuedEntry,
    /// When and why it was revoked, if so.
    pub revoked: Option<(&'a str, &'a Revoked)>,
}

/// The coverage of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Coverage {
    /// Whether all requested features are covered.
    pub covered: bool,
    /// The explanation, one sentence per line.
    pub why: Vec<String>,
}

/// The certificates, in the order in which they were issued.
pub(crate) fn statuses(entries: &[Entry]) -> Vec<CertificateStatus<'_>> {
    let mut statuses: Vec<CertificateStatus> = Vec::new();
    let mut places = HashMap::new();
    for entry in entries {
        match &entry.act {
            LedgerEvent::Issued(given) => {
                places.insert(given.id.as_str(), statuses.len());
                statuses.push(CertificateStatus { entered: &entry.entered, given, revoked: None });
            }
            LedgerEvent::Revoked(revoked) => {
                let place = places.get(revoked.id.as_str()).copied();
                if let Some(status) = place.and_then(|at| statuses.get_mut(at)) {
                    status.revoked = Some((&entry.entered, revoked));
                }
            }
        }
    }
    statuses
}

impl CertificateStatus<'_> {
    fn is_for(&self, version: Version) -> bool {
        Version::parse(&self.given.version).is_some_and(|certified| certified.same_minor(version))
    }

    fn holds(&self, feature: Feature) -> bool {
        self.given.features.iter().any(|id| id == feature.id())
    }

    /// When and why it was revoked, as a clause.
    pub(crate) fn ended(&self) -> Option<String> {
        let (since, revoked) = self.revoked?;
        Some(format!(
            "{} was revoked on {}: {} (evidence: a capture of digest {})",
            wording::safe(&self.given.id),
            date::day(since),
            wording::safe(&revoked.reason),
            wording::safe(&revoked.evidence.digest)
        ))
    }
}

/// Whether a build of a client is certified for these features; without features, for any. A certificate counts only if
/// it includes Onboarding.
pub(crate) fn coverage(entries: &[Entry], client_id: &str, version: Version, features: &[Feature]) -> Coverage {
    let statuses = statuses(entries);
    let of_client: Vec<&CertificateStatus> = statuses.iter().filter(|one| one.given.is_of(client_id)).collect();
    let of_minor: Vec<&&CertificateStatus> = of_client.iter().filter(|one| one.is_for(version)).collect();
    let valid: Vec<&&&CertificateStatus> =
        of_minor.iter().filter(|one| one.revoked.is_none() && one.holds(Feature::ONBOARDING)).collect();
    let client = wording::safe(client_id);
    let not = |why: Vec<String>| Coverage { covered: false, why };
    if valid.is_empty() {
        let minor = format!("{}.{}", version.major, version.minor);
        let mut why: Vec<String> = of_minor.iter().filter_map(|one| one.ended()).map(|end| end + ".").collect();
        if why.is_empty() {
            why.push(match of_client.as_slice() {
                [] => format!("No certificate was issued to client {client}."),
                others => format!(
                    "Client {client} has no certificate for {minor}, only for {}: a new Major or Minor needs a new \
                     certification.",
                    versions(others)
                ),
            });
        }
        why.insert(0, format!("Not covered: client {client}, version {version}."));
        return not(why);
    }
    let missing: Vec<&str> =
        features.iter().filter(|feature| !valid.iter().any(|one| one.holds(**feature))).map(|one| one.id()).collect();
    let by = |one: &&&&CertificateStatus| {
        let given = one.given;
        format!(
            "{} (issued for {}, recorded {}) covers {}.",
            wording::safe(&given.id),
            wording::safe(&given.version),
            date::day(&given.date),
            wording::safe(&wording::list(&given.features))
        )
    };
    let mut why: Vec<String> = valid.iter().map(by).collect();
    if missing.is_empty() {
        let asked: Vec<&str> = features.iter().map(|feature| feature.id()).collect();
        let asked = if asked.is_empty() { String::new() } else { format!(", in {}", wording::list(&asked)) };
        why.insert(0, format!("Covered: client {client}, version {version}{asked}."));
        return Coverage { covered: true, why };
    }
    let revoked = of_minor.iter().filter(|one| {
        one.revoked.is_some() && missing.iter().any(|id| one.given.features.iter().any(|feature| feature == id))
    });
    why.extend(revoked.filter_map(|one| one.ended()).map(|end| end + "."));
    why.insert(0, format!("Not covered: client {client}, version {version}, in {}.", wording::list(&missing)));
    not(why)
}

/// The distinct Major.Minor versions of certificates; revoked ones are marked.
fn versions(statuses: &[&CertificateStatus]) -> String {
    let mut named: Vec<String> = Vec::new();
    for one in statuses {
        let version = &one.given.version;
        let minor = version.rsplit_once('.').map_or(version.as_str(), |(minor, _)| minor);
        let end = if one.revoked.is_some() { " (revoked)" } else { "" };
        let text = format!("{}{end}", wording::safe(minor));
        if !named.contains(&text) {
            named.push(text);
        }
    }
    wording::list(&named)
}

#[cfg(test)]
mod tests {
    use super::super::entry::Evidence;
    use super::*;

    fn given(id: &str, version: &str, features: &[&str]) -> LedgerEvent {
        LedgerEvent::Issued(IssuedEntry {
            id: id.into(),
            digest: "0".repeat(64),
            signed_by: vec![],
            integrator_id: "ACME".into(),
            client_id: "c0ffee00-0000-4000-8000-000000000001".into(),
            production_client_id: Some("2b8c3a52-7a4e-4f0e-9d7e-0d5f5f0f8b11".into()),
            system_name: None,
            version: version.into(),
            features: features.iter().map(|id| (*id).to_owned()).collect(),
            capture: "1".repeat(64),
            date: "2026-11-18T11:06:40Z".into(),
        })
    }

    fn revoked(id: &str) -> LedgerEvent {
        let evidence = Evidence { kind: "archive".into(), digest: "e".repeat(64), exchanges: 3 };
        LedgerEvent::Revoked(Revoked { id: id.into(), reason: "it captures twice".into(), evidence })
    }

    fn entries(acts: Vec<LedgerEvent>) -> Vec<Entry> {
        let entry = |(act, number)| Entry { number, entered: "2026-12-01T08:00:00Z".into(), act };
        acts.into_iter().zip(1..).map(entry).collect()
    }

    fn asked(acts: Vec<LedgerEvent>, version: &str, features: &[Feature]) -> (bool, String) {
        let version = Version::parse(version).unwrap();
        let id = "C0FFEE00-0000-4000-8000-000000000001";
        let coverage = coverage(&entries(acts), id, version, features);
        (coverage.covered, coverage.why.join(" "))
    }

    #[test]
    fn builds_are_covered_and_minors_are_not() {
        let acts = || vec![given("pc-1", "2.1.0", &["onboarding", "payment"])];
        let covered = |version: &str, features: &[Feature]| asked(acts(), version, features).0;
        assert!(covered("2.1.7", &[]) && covered("2.1.0", &[Feature::PAYMENT]));
        assert!(covered("2.1.7", &[Feature::ONBOARDING, Feature::PAYMENT]));
        for (version, features) in [("2.2.0", &[][..]), ("3.1.0", &[]), ("2.1.7", &[Feature::REFUND])] {
            assert!(!covered(version, features), "{version} {features:?}");
        }
        let in_production = Version::parse("2.1.7").unwrap();
        let in_production = coverage(&entries(acts()), "2B8C3A52-7a4e-4f0e-9d7e-0d5f5f0f8b11", in_production, &[]);
        assert!(in_production.covered, "{:?}", in_production.why);
        assert!(asked(acts(), "2.2.0", &[]).1.contains("only for 2.1: a new Major or Minor needs a new certification"));
        assert!(
            asked(acts(), "2.1.7", &[Feature::REFUND]).1.contains("pc-1 (issued for 2.1.0, recorded 18 November 2026)")
        );
        assert!(asked(vec![], "2.1.7", &[]).1.contains("No certificate was issued to client"));
        // Without onboarding nothing is covered.
        assert!(!asked(vec![given("pc-1", "2.1.0", &["payment"])], "2.1.0", &[Feature::PAYMENT]).0);
    }

    #[test]
    fn a_revoked_certificate_says_since_when_and_why() {
        let acts = || vec![given("pc-1", "2.1.0", &["onboarding", "payment"]), revoked("pc-1")];
        let (covered, why) = asked(acts(), "2.1.0", &[]);
        assert!(!covered && why.contains("pc-1 was revoked on 1 December 2026: it captures twice"), "{why}");
        assert!(asked(acts(), "2.2.0", &[]).1.contains("only for 2.1 (revoked)"));
        // Another certificate stays valid, and a feature of the revoked one is explained.
        let mut more = acts();
        more.push(given("pc-2", "2.1.4", &["onboarding"]));
        assert!(asked(more.clone(), "2.1.9", &[Feature::ONBOARDING]).0);
        let (covered, why) = asked(more, "2.1.9", &[Feature::PAYMENT]);
        assert!(!covered && why.contains("pc-1 was revoked"), "{why}");
    }

    #[test]
    fn certificates_of_one_minor_add_up() {
        let acts =
            vec![given("pc-1", "2.1.0", &["onboarding", "payment"]), given("pc-2", "2.1.1", &["onboarding", "refund"])];
        assert!(asked(acts, "2.1.2", &[Feature::PAYMENT, Feature::REFUND]).0);
    }
}
