//! The target of a certification: client and features, from options, the capture's session, or its traffic.

use super::attempt::Attempt;
use super::verdict::Profile;
use crate::api::header::Version;
use crate::api::{Feature, Operation};
use crate::capture::record::{Record, Seen, Session};
use crate::rules::RuleSet;
use crate::seal;
use std::collections::BTreeMap;

/// The caller's choices; `None` values come from the capture.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The id of the integrator who makes the client.
    pub integrator_id: Option<String>,
    /// The client id being certified.
    pub client_id: Option<String>,
    /// The version being certified.
    pub client_version: Option<Version>,
    /// The chosen features.
    pub features: Option<Vec<Feature>>,
    /// Whether the capture is in progress, so that open obligations at its end are not broken.
    pub open: bool,
}

/// The client and the features being certified.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The id of the integrator; empty if unknown.
    pub integrator_id: String,
    /// The client id; empty if unknown.
    pub client_id: String,
    /// The client version, if known.
    pub version: Option<Version>,
    /// The chosen features, always with the mandatory one, in the order of the profile.
    pub features: Vec<Feature>,
    /// The operations of the chosen features.
    pub operations: Vec<Operation>,
}

/// Client version and client id inferred from the traffic, by the number of calls that use them.
#[derive(Clone, Debug, Default)]
pub struct ClientInference {
    versions: BTreeMap<(u64, u64, u64), (u64, u64)>,
    client_ids: BTreeMap<String, (u64, u64)>,
    calls: u64,
}

impl ClientInference {
    /// Counts a record.
    pub fn count(&mut self, record: &Record, profile: &crate::profile::Profile) {
        let exchange = match record {
            Record::Exchange(exchange) => exchange,
            Record::Attempt(_) => return *self = ClientInference::default(),
            _ => return,
        };
        let attempt = Attempt::of(exchange, profile);
        if !attempt.is_call {
            return;
        }
        self.calls += 1;
        if let Some(version) = Version::parse(&attempt.version) {
            let key = (version.major, version.minor, version.build);
            self.versions.entry(key).or_insert((0, self.calls)).0 += 1;
        }
        if !attempt.client_id().is_empty() && attempt.hides.client_id == Seen::Whole {
            self.client_ids.entry(attempt.client_id().to_owned()).or_insert((0, self.calls)).0 += 1;
        }
    }

    /// The version of most calls; if two are equal, the first one used.
    fn version(&self) -> Option<Version> {
        // Builds of one Major.Minor count together: a certification covers all of them.
        let mut minors: BTreeMap<(u64, u64), (u64, u64, u64)> = BTreeMap::new();
        for (&(major, minor, build), &(count, first)) in &self.versions {
            let sum = minors.entry((major, minor)).or_insert((0, first, build));
            sum.0 += count;
            sum.1 = sum.1.min(first);
            sum.2 = sum.2.max(build);
        }
        let best = minors.into_iter().max_by_key(|(_, (count, first, _))| (*count, u64::MAX - first));
        best.map(|((major, minor), (_, _, build))| Version { major, minor, build })
    }

    fn client_id(&self) -> Option<String> {
        let best = self.client_ids.iter().max_by_key(|(_, (count, first))| (*count, u64::MAX - first));
        best.map(|(id, _)| id.clone())
    }
}

impl Target {
    /// Resolves the target: options first, then the session, then the traffic.
    pub fn settle(
        options: &Options,
        session: Option<&Session>,
        inference: &ClientInference,
        rules: &RuleSet,
    ) -> Target {
        let of_session = |field: fn(&Session) -> &Option<String>| session.and_then(|session| field(session).clone());
        let version = options.client_version;
        let version = version
            .or_else(|| of_session(|s| &s.client_version).and_then(|text| Version::parse(&text)))
            .or_else(|| inference.version());
        let mut features = options.features.clone().unwrap_or_else(|| session_features(session, rules));
        features.push(rules.profile.mandatory);
        features.sort();
        features.dedup();
        let operations = rules.features.iter().filter(|feature| features.contains(&feature.feature));
        Target {
            integrator_id: options
                .integrator_id
                .clone()
                .or_else(|| of_session(|s| &s.integrator_id))
                .unwrap_or_default(),
            client_id: options
                .client_id
                .clone()
                .or_else(|| of_session(|s| &s.client_id))
                .or_else(|| inference.client_id())
                .unwrap_or_default(),
            version,
            operations: operations.flat_map(|feature| feature.operations.iter().copied()).collect(),
            features,
        }
    }

    /// The selected features that the rules do not define; nothing in them can be evaluated.
    pub(crate) fn undefined<'a>(&'a self, rules: &'a RuleSet) -> impl Iterator<Item = Feature> + 'a {
        let defines = |id: Feature| rules.features.iter().any(|feature| feature.feature == id);
        self.features.iter().copied().filter(move |id| !defines(*id))
    }

    /// The profile for the verdict.
    pub fn profile(&self) -> Profile {
        let version = self.version.map_or(String::new(), |version| version.to_string());
        let features: Vec<&'static str> = self.features.iter().map(|feature| feature.id()).collect();
        let parts = [&self.integrator_id, &self.client_id, &version, &features.join(",")];
        let text = parts.map(|part| format!("{}:{part}", part.len())).join("\n");
        Profile {
            integrator_id: self.integrator_id.clone(),
            client_id: self.client_id.clone(),
            client_version: version,
            features,
            digest: seal::Digest::of(text.as_bytes()).to_string(),
        }
    }
}

/// The features of the session, or else all features that the rules define.
fn session_features(session: Option<&Session>, rules: &RuleSet) -> Vec<Feature> {
    let ids = session.into_iter().flat_map(|session| &session.features);
    let chosen: Vec<Feature> = ids.filter_map(|id| rules.profile.feature(id)).collect();
    if chosen.is_empty() { rules.features.iter().map(|feature| feature.feature).collect() } else { chosen }
}
