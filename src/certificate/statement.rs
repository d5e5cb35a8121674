//! The statement of a certificate: an in-toto Statement, version 1. Its subjects are the digests of capture and rules;
//! its predicate describes the client and its results. The JSON is deterministic: fields have a fixed order, and all
//! times are from the capture.

use super::CaptureFacts;
use crate::capture::record::Session;
use crate::seal::Digest;
use crate::verify::Verdict;
use crate::verify::verdict::{CaseStatus, Level, Outcome, Status};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The media type of an in-toto Statement in an envelope.
pub(crate) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The type of the statement.
pub(crate) const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The type of the predicate; `docs/certificate.md` describes it.
pub(crate) const PREDICATE: &str = "urn:poscert:certificate:1";
/// The name of the subject with the digest of the capture's chain head.
pub(crate) const CAPTURE: &str = "capture";
/// The name of the subject with the digest of the rule files.
pub(crate) const RULES: &str = "rules";

/// The statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Statement {
    /// [`STATEMENT`].
    #[serde(rename = "_type")]
    pub kind: String,
    /// [`CAPTURE`] and [`RULES`].
    pub subject: Vec<Subject>,
    /// [`PREDICATE`].
    pub predicate_type: String,
    /// The client and its results.
    pub predicate: Predicate,
}

/// A subject of the statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Subject {
    pub name: String,
    pub digest: Sha256,
}

/// A digest in the form of in-toto, keyed by its algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sha256 {
    /// 64 hex digits.
    pub sha256: String,
}

/// The client and its results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Predicate {
    pub client: Client,
    /// The end of the run with the last exchange of the attempt, by the recorder's wall clock: RFC 3339, in UTC.
    pub date: String,
    /// The certified features with all their cases.
    pub features: Vec<Feature>,
    /// All requirements of the rules.
    pub requirements: Vec<Requirement>,
    /// Ids of requirements not exercised by the recording, and of optional cases that did not run.
    pub not_exercised: Vec<String>,
    /// Ids of broken requirements that only warn, and of optional cases that failed.
    pub warnings: Vec<String>,
    /// Attempts before the certified one.
    pub earlier_attempts: Vec<Earlier>,
    pub recording: Recording,
    /// The version of poscert that made the verdict.
    pub engine: String,
    /// The rules of the verdict.
    pub rules: Rules,
    /// The verdict, as `poscert verify` makes it.
    pub verdict: VerdictDigest,
}

/// The client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Client {
    pub integrator_id: String,
    /// Its id in the developer portal, a GUID.
    pub client_id: String,
    /// Its id in production, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub production_client_id: Option<String>,
    /// Its name, if known.
    pub system_name: Option<String>,
    /// The certified `Major.Minor`.
    pub major_minor: String,
    /// The `Major.Minor.Build` of the recording.
    pub version: String,
    /// The versions in the headers of its calls.
    pub builds_seen: Vec<String>,
}

/// A certified feature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feature {
    /// Its id, such as `payment`.
    pub id: String,
    pub title: String,
    pub cases: Vec<Case>,
}

/// A case and its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// Its id: feature and number.
    pub id: String,
    pub title: String,
    /// Whether the feature passes without it.
    pub optional: bool,
    pub status: CaseStatus,
}

/// A requirement and its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Requirement {
    /// Its id in the rule files.
    pub id: String,
    pub level: Level,
    pub status: Status,
    pub title: String,
}

/// An earlier attempt, which no longer counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Earlier {
    /// Its number, from 1.
    pub number: u32,
    /// The verdict when it ended, as recorded in the capture.
    pub ended_as: String,
}

/// The recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recording {
    /// The number of exchanges in the capture.
    pub exchanges: u64,
    /// The recorders with their backends, each pair once.
    pub recorders: Vec<Recorder>,
    /// The auditors' challenges, recorded at the start of runs.
    pub challenges: Vec<String>,
}

/// A recorder and the backend that it forwarded to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recorder {
    /// The version of the recorder.
    pub engine: String,
    /// Scheme, host and port of the backend.
    pub backend: String,
}

/// The rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    /// Whether they are built into that version of poscert.
    pub builtin: bool,
}

/// The outcome and digest of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerdictDigest {
    /// Always `passed` in a certificate.
    pub outcome: Outcome,
    /// The digest of its `verdict`, `features` and `requirements`.
    pub digest: Sha256,
}

impl Statement {
    /// The statement for a verdict on a capture; `seen` are the facts of the capture.
    pub(crate) fn of(verdict: &Verdict, seen: &CaptureFacts, session: Option<&Session>) -> Statement {
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

    /// The digest of the subject with this name; empty if there is none, or more than one.
    pub(crate) fn digest_of(&self, name: &str) -> &str {
        let mut found = self.subject.iter().filter(|subject| subject.name == name);
        match (found.next(), found.next()) {
            (Some(subject), None) => &subject.digest.sha256,
            _ => "",
        }
    }
}

/// The digest of a verdict: over the compact JSON of its `verdict`, `features` and `requirements`.
pub(crate) fn reading(verdict: &Verdict) -> Digest {
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

/// Ids of the requirements with one status, and of the optional cases with another.
fn ids(verdict: &Verdict, status: Status, case: CaseStatus) -> Vec<String> {
    let requirements = verdict.requirements.iter().filter(|one| one.status == status).map(|one| one.id.clone());
    let cases = verdict.features.iter().flat_map(|feature| &feature.cases);
    let cases = cases.filter(|one| one.optional && one.status == case).map(|one| one.id.clone());
    requirements.chain(cases).collect()
}
