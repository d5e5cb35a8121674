//! Earlier certificates on the attempt that is to be certified, found in the ledger.
//!
//! Every run adds records, so the same exchanges get a new capture digest. An earlier certificate is recognised by the
//! chain: it contains the chain head that the certificate names.

use crate::capture::Capture;
use crate::certificate::ledger::coverage::statuses;
use crate::certificate::ledger::{Entry, IssuedEntry};
use crate::verify::Verdict;

/// Why the ledger rules out a certificate on this attempt; `None` if it does not.
///
/// # Errors
/// The capture cannot be read.
pub(super) fn against(capture: &Capture, verdict: &Verdict, entries: &[Entry]) -> Result<Option<String>, String> {
    let statuses = statuses(entries);
    let heads: Vec<&str> = statuses.iter().map(|one| one.given.capture.as_str()).collect();
    let found = capture.find_heads(&heads).map_err(|error| error.to_string())?;
    let on_this = || statuses.iter().rev().filter(|one| found.contains_key(&one.given.capture));
    // Regardless of what was recorded since: the attempt still contains the reason for the revocation.
    if let Some(ended) = on_this().find_map(super::super::certificate::ledger::coverage::CertificateStatus::ended) {
        return Ok(Some(format!(
            "No certificate is issued: this attempt was certified before, and {ended}; fix the client and record a new \
             attempt (--new-attempt) or a new capture (--capture)."
        )));
    }
    let unchanged = |given: &IssuedEntry| found.get(&given.capture) == Some(&0) && is_same(given, verdict);
    let already = on_this().find(|one| unchanged(one.given));
    Ok(already.map(|one| format!("Already certified by {}; nothing was recorded since.", one.given.id)))
}

/// Whether a certificate names the same client, version and features as this verdict.
fn is_same(given: &IssuedEntry, verdict: &Verdict) -> bool {
    let profile = &verdict.profile;
    let features = verdict.features.iter().map(|feature| feature.id);
    given.client_id.eq_ignore_ascii_case(&profile.client_id)
        && given.version == profile.client_version
        && features.eq(given.features.iter().map(String::as_str))
}
