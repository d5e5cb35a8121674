//! Entries of the ledger: a certificate was issued or revoked.

use super::super::Certificate;
use super::super::statement::CAPTURE;
use serde::{Deserialize, Serialize};

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// Its number, from 1, without gaps.
    pub number: u64,
    /// When it was added, by the clock of the machine: RFC 3339, in UTC.
    pub entered: String,
    pub act: LedgerEvent,
}

/// An event in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LedgerEvent {
    /// A certificate was issued.
    #[serde(rename = "given")]
    Issued(IssuedEntry),
    /// A certificate was revoked.
    Revoked(Revoked),
}

/// Summary of an issued certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssuedEntry {
    pub id: String,
    /// The SHA-256 digest of its file.
    pub digest: String,
    /// Fingerprints of the keys that signed it.
    pub signed_by: Vec<String>,
    /// The id of the client's integrator.
    pub integrator_id: String,
    /// The client's id.
    pub client_id: String,
    /// The client's id in production, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub production_client_id: Option<String>,
    /// The client's name, if known.
    pub system_name: Option<String>,
    /// The `Major.Minor.Build` of the recording.
    pub version: String,
    /// Ids of the features.
    pub features: Vec<String>,
    /// The digest of the capture's chain head.
    pub capture: String,
    /// The end of the run with the last exchange of the attempt.
    pub date: String,
}

/// The revocation of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revoked {
    /// The certificate's id.
    pub id: String,
    /// The reason, as entered by the issuer.
    pub reason: String,
    /// The capture that shows the reason.
    pub evidence: Evidence,
}

/// A capture given as evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Evidence {
    /// Its kind: `directory`, `archive` or `har`.
    pub kind: String,
    /// The digest of its content.
    pub digest: String,
    /// The number of its exchanges.
    pub exchanges: u64,
}

impl IssuedEntry {
    /// Whether this is the client's id, in the developer portal or in production.
    pub(crate) fn is_of(&self, client_id: &str) -> bool {
        let ids = [Some(&self.client_id), self.production_client_id.as_ref()];
        ids.into_iter().flatten().any(|id| id.eq_ignore_ascii_case(client_id))
    }

    /// The summary of a certificate.
    ///
    /// # Errors
    /// A signature of the certificate is invalid.
    pub(crate) fn of(certificate: &Certificate) -> Result<IssuedEntry, String> {
        let predicate = &certificate.statement.predicate;
        Ok(IssuedEntry {
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
