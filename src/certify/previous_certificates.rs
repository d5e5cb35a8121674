//! What the ledger says already of the attempt that is to be certified.
//!
//! Every run adds records, so the same exchanges come back under a new digest. They are known again by the chain: it went
//! through the head that an earlier certificate is about.

use crate::capture::Capture;
use crate::certificate::ledger::coverage::standings;
use crate::certificate::ledger::{Entry, Issued};
use crate::verify::Verdict;

/// Why no certificate is given on this attempt, in a sentence; `None` where the ledger has nothing against it.
///
/// # Errors
/// A sentence where the capture cannot be read.
pub(super) fn against(capture: &Capture, verdict: &Verdict, entries: &[Entry]) -> Result<Option<String>, String> {
    let standings = standings(entries);
    let heads: Vec<&str> = standings.iter().map(|one| one.given.capture.as_str()).collect();
    let met = capture.went_through_any(&heads).map_err(|error| error.to_string())?;
    let on_this = || standings.iter().rev().filter(|one| met.contains_key(&one.given.capture));
    // Whatever was recorded since: what the revocation was about is still in the attempt.
    if let Some(ended) = on_this().find_map(|one| one.ended()) {
        return Ok(Some(format!(
            "No certificate is given: this attempt was certified before, and {ended}; mend the client and record a new \
             attempt with --new-attempt, or a new capture (--capture)."
        )));
    }
    let unchanged = |given: &Issued| met.get(&given.capture) == Some(&0) && is_same(given, verdict);
    let already = on_this().find(|one| unchanged(one.given));
    Ok(already.map(|one| format!("Certified already, by {}; nothing was recorded since.", one.given.id)))
}

/// Whether a certificate says of the same client what one on this verdict would.
fn is_same(given: &Issued, verdict: &Verdict) -> bool {
    let profile = &verdict.profile;
    let features = verdict.features.iter().map(|feature| feature.id);
    given.client_id.eq_ignore_ascii_case(&profile.client_id)
        && given.version == profile.client_version
        && features.eq(given.features.iter().map(String::as_str))
}
