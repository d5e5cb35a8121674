//! An entry of the ledger: a certificate was given, or one was revoked.

use super::super::Certificate;
use super::super::statement::CAPTURE;
use serde::{Deserialize, Serialize};

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// From 1, without gaps.
    pub number: u64,
    /// When it was entered, by the clock of the machine that did: RFC 3339, in UTC.
    pub entered: String,
    /// What happened.
    pub act: LedgerEvent,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LedgerEvent {
    /// A certificate was given.
    Issued(Issued),
    /// A certificate ended.
    Revoked(Revoked),
}

/// A certificate that was given, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issued {
    /// What names it.
    pub id: String,
    /// SHA-256 of its file.
    pub digest: String,
    /// Fingerprints of the keys that signed it.
    pub signed_by: Vec<String>,
    /// Who makes the client.
    pub integrator_id: String,
    /// The client's id.
    pub client_id: String,
    /// Its id in production, where that is another one and was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub production_client_id: Option<String>,
    /// The client's name, where it was told.
    pub system_name: Option<String>,
    /// `Major.Minor.Build` that was certified.
    pub version: String,
    /// Ids of the features.
    pub features: Vec<String>,
    /// The head of the capture's chain.
    pub capture: String,
    /// When the run ended in which the last exchange was recorded that counts.
    pub date: String,
}

/// The end of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// Of which.
    pub id: String,
    /// Why, in the words of who revoked it.
    pub reason: String,
    /// What shows it.
    pub evidence: Evidence,
}

/// A capture that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// `directory`, `archive` or `har`.
    pub kind: String,
    /// Of its content.
    pub digest: String,
    /// How many exchanges it holds.
    pub exchanges: u64,
}

impl Issued {
    /// Whether that is the client's id, at the developer portal or in production.
    pub fn is_of(&self, client_id: &str) -> bool {
        let ids = [Some(&self.client_id), self.production_client_id.as_ref()];
        ids.into_iter().flatten().any(|id| id.eq_ignore_ascii_case(client_id))
    }

    /// What the ledger keeps of a certificate.
    ///
    /// # Errors
    /// A sentence where a signature does not fit.
    pub fn of(certificate: &Certificate) -> Result<Issued, String> {
        let predicate = &certificate.statement.predicate;
        Ok(Issued {
            id: certificate.id(),
            digest: certificate.digest().to_string(),
            signed_by: certificate.signers()?.iter().map(ToString::to_string).collect(),
            integrator_id: predicate.client.integrator_id.clone(),
            client_id: predicate.client.client_id.clone(),
            production_client_id: predicate.client.production_client_id.clone(),
            system_name: predicate.client.system_name.clone(),
            version: predicate.client.version.clone(),
            features: predicate.features.iter().map(|feature| feature.id.clone()).collect(),
            capture: certificate.statement.digest_of(CAPTURE).to_owned(),
            date: predicate.date.clone(),
        })
    }
}
