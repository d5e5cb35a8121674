//! How `certify` ends: the verdict, and on `passed` the certificate, or why there is none.

use crate::certify::approval::{self, Certified, Given};
use crate::cli::{Exit, Failure, keys, ledger, verify};
use crate::rules::RuleSet;
use std::path::Path;

/// Judges the capture and gives the certificate that is due; what came of it is said on standard error.
///
/// # Errors
/// A capture that cannot be judged, or a certificate that is due and cannot be written or entered.
pub fn approval(dir: &Path, rules: &RuleSet, key: Option<&Path>, place: &ledger::Place) -> Result<Exit, Failure> {
    let desk = || {
        let ledger = place.path().map_err(|failure| failure.0)?;
        Ok((keys::open(key).map_err(|failure| failure.0)?, ledger))
    };
    let approval = approval::approve(dir, rules, desk).map_err(Failure::new)?;
    let exit = verify::say_verdict(&approval.verdict)?;
    match approval.certificate {
        Certified::Given(given) => eprint!("\n{}", said(&given)),
        Certified::NotGiven(sentence) => eprintln!("\n{sentence}"),
        Certified::Failed(sentence) => return Err(Failure::new(sentence)),
    }
    Ok(exit)
}

fn said(given: &Given) -> String {
    let mut text = format!("Certificate {} is given, signed by {}.\n", given.id, given.signer);
    for file in [given.page(), given.certificate(), given.archive()] {
        text.push_str(&format!("  {}\n", file.display()));
    }
    text.push_str("It stands in the ledger: `poscert ledger list`.\n");
    for note in &given.notes {
        text.push_str(&format!("poscert: {note}\n"));
    }
    text
}
