//! What a certificate states: an in-toto Statement, version 1, whose subjects are capture and rules by their digests,
//! and whose predicate says who passed what. Its JSON has one order, and no clock but the capture's own is in it.

use super::CaptureFacts;
use crate::capture::record::Session;
use crate::seal::Digest;
use crate::verify::Verdict;
use crate::verify::verdict::{CaseStatus, Level, Outcome, Status};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The media type of an in-toto Statement in an envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The type of the statement.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The type of the predicate; `docs/certificate.md` describes it.
pub const PREDICATE: &str = "urn:poscert:certificate:1";
/// The subject whose digest is the head of a capture's chain.
pub const CAPTURE: &str = "capture";
/// The subject whose digest is that of the rule files.
pub const RULES: &str = "rules";

/// The statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Statement {
    /// [`STATEMENT`].
    #[serde(rename = "_type")]
    pub kind: String,
    /// [`CAPTURE`] and [`RULES`].
    pub subject: Vec<Subject>,
    /// [`PREDICATE`].
    pub predicate_type: String,
    /// Who passed what.
    pub predicate: Predicate,
}

/// Something that the statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// What it is.
    pub name: String,
    /// What it is recognised by.
    pub digest: Sha256,
}

/// A digest by its algorithm, as in-toto writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sha256 {
    /// 64 hex digits.
    pub sha256: String,
}

/// Who passed what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Predicate {
    /// Who.
    pub client: Client,
    /// When the run ended in which the last exchange was recorded that counts, by the recorder's wall clock: RFC 3339, in UTC.
    pub date: String,
    /// The certified features with all their cases.
    pub features: Vec<Feature>,
    /// All requirements of the rules.
    pub requirements: Vec<Requirement>,
    /// Ids of requirements that nothing in the recording touched, and of optional cases that were not shown.
    pub not_exercised: Vec<String>,
    /// Ids of requirements that were broken and only warn, and of optional cases that failed.
    pub warnings: Vec<String>,
    /// Attempts before the one that counts.
    pub earlier_attempts: Vec<Earlier>,
    /// What was recorded.
    pub recording: Recording,
    /// The version of the engine that judged.
    pub engine: String,
    /// Which rules it judged by.
    pub rules: Rules,
    /// What `poscert verify` says of the capture.
    pub verdict: VerdictDigest,
}

/// The client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Client {
    /// Who makes it.
    pub integrator_id: String,
    /// Its id at the developer portal, a GUID.
    pub client_id: String,
    /// Its id in production, where that is another one and was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub production_client_id: Option<String>,
    /// Its name, where it was told.
    pub system_name: Option<String>,
    /// `Major.Minor`: what is certified.
    pub major_minor: String,
    /// `Major.Minor.Build` that was certified.
    pub version: String,
    /// The versions that its calls named.
    pub builds_seen: Vec<String>,
}

/// A certified feature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// `payment`, ...
    pub id: String,
    /// For people.
    pub title: String,
    /// Its cases.
    pub cases: Vec<Case>,
}

/// A case and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Feature and number.
    pub id: String,
    /// For people.
    pub title: String,
    /// Whether the feature passes without it.
    pub optional: bool,
    /// How it stands.
    pub status: CaseStatus,
}

/// A requirement and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// As in the rule files.
    pub id: String,
    /// How binding.
    pub level: Level,
    /// How it stands.
    pub status: Status,
    /// In a sentence.
    pub title: String,
}

/// An attempt that no longer counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Earlier {
    /// From 1.
    pub number: u32,
    /// The verdict on it when it ended, as the capture has it.
    pub ended_as: String,
}

/// What was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// How many exchanges the capture holds.
    pub exchanges: u64,
    /// By which engines and at which backends, each pair once.
    pub recorders: Vec<Recorder>,
    /// What an auditor gave the recorder to say when it started.
    pub challenges: Vec<String>,
}

/// A recorder and the backend that it forwarded to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorder {
    /// Its version.
    pub engine: String,
    /// Scheme, host and port.
    pub backend: String,
}

/// The rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Whether they are those built into the engine.
    pub builtin: bool,
}

/// A verdict in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerdictDigest {
    /// Always `passed` in a certificate.
    pub outcome: Outcome,
    /// Of its `verdict`, `features` and `requirements`.
    pub digest: Sha256,
}

impl Statement {
    /// What a verdict on a capture states; `seen` are its records.
    pub fn of(verdict: &Verdict, seen: &CaptureFacts, session: Option<&Session>) -> Statement {
        let subject = |name: &str, digest: &str| Subject { name: name.to_owned(), digest: sha256(digest) };
        Statement {
            kind: STATEMENT.to_owned(),
            subject: vec![subject(CAPTURE, &verdict.capture.digest), subject(RULES, &verdict.rules.digest)],
            predicate_type: PREDICATE.to_owned(),
            predicate: Predicate {
                client: client(verdict, seen, session),
                date: seen.ended().unwrap_or_default(),
                features: features(verdict),
                requirements: requirements(verdict),
                not_exercised: ids(verdict, Status::NotExercised, CaseStatus::NotTested),
                warnings: ids(verdict, Status::Warning, CaseStatus::Failed),
                earlier_attempts: seen.earlier().to_vec(),
                recording: Recording {
                    exchanges: verdict.capture.exchanges,
                    recorders: seen.recorders().to_vec(),
                    challenges: seen.challenges().to_vec(),
                },
                engine: verdict.engine.to_owned(),
                rules: Rules { builtin: verdict.rules.builtin },
                verdict: VerdictDigest { outcome: verdict.verdict, digest: sha256(&reading(verdict).to_string()) },
            },
        }
    }

    /// The digest of a subject; empty where there is none of that name, or more than one.
    pub fn digest_of(&self, name: &str) -> &str {
        let mut found = self.subject.iter().filter(|subject| subject.name == name);
        match (found.next(), found.next()) {
            (Some(subject), None) => &subject.digest.sha256,
            _ => "",
        }
    }
}

/// The digest of what makes two readings the same: the compact JSON of `verdict`, `features` and `requirements`.
pub fn reading(verdict: &Verdict) -> Digest {
    let parts =
        json!({ "verdict": verdict.verdict, "features": verdict.features, "requirements": verdict.requirements });
    Digest::of(parts.to_string().as_bytes())
}

fn sha256(digest: &str) -> Sha256 {
    Sha256 { sha256: digest.to_owned() }
}

fn client(verdict: &Verdict, seen: &CaptureFacts, session: Option<&Session>) -> Client {
    let profile = &verdict.profile;
    let version = &profile.client_version;
    Client {
        integrator_id: profile.integrator_id.clone(),
        client_id: profile.client_id.clone(),
        production_client_id: session.and_then(|session| session.production_client_id.clone()),
        system_name: session.and_then(|session| session.system_name.clone()),
        major_minor: version.rsplit_once('.').map_or(version.as_str(), |(minor, _)| minor).to_owned(),
        version: version.clone(),
        builds_seen: seen.builds(),
    }
}

fn features(verdict: &Verdict) -> Vec<Feature> {
    let case = |case: &crate::verify::verdict::CaseVerdict| Case {
        id: case.id.clone(),
        title: case.title.clone(),
        optional: case.optional,
        status: case.status,
    };
    let feature = |feature: &crate::verify::verdict::FeatureVerdict| Feature {
        id: feature.id.to_owned(),
        title: feature.title.clone(),
        cases: feature.cases.iter().map(case).collect(),
    };
    verdict.features.iter().map(feature).collect()
}

fn requirements(verdict: &Verdict) -> Vec<Requirement> {
    let requirement = |one: &crate::verify::verdict::RequirementVerdict| Requirement {
        id: one.id.clone(),
        level: one.level,
        status: one.status,
        title: one.title.clone(),
    };
    verdict.requirements.iter().map(requirement).collect()
}

/// Ids of requirements of one status, and of optional cases of one.
fn ids(verdict: &Verdict, status: Status, case: CaseStatus) -> Vec<String> {
    let requirements = verdict.requirements.iter().filter(|one| one.status == status).map(|one| one.id.clone());
    let cases = verdict.features.iter().flat_map(|feature| &feature.cases);
    let cases = cases.filter(|one| one.optional && one.status == case).map(|one| one.id.clone());
    requirements.chain(cases).collect()
}
