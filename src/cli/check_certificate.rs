//! `verify --certificate`: the check of a certificate against a capture.

use super::CliError;
use crate::capture::{self, Capture};
use crate::certificate::check::{CheckReport, check};
use crate::certificate::{CaptureFacts, Certificate, envelope};
use crate::report::wording;
use crate::seal::Fingerprint;
use crate::verify::Verdict;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Checks a certificate against the verdict on a capture and prints the result to standard error. Returns whether it is
/// valid for the capture.
///
/// # Errors
/// A certificate or a capture that cannot be read.
pub(super) fn holds(
    file: &Path,
    capture: &Capture,
    verdict: &Verdict,
    trusted: &[Fingerprint],
) -> Result<bool, CliError> {
    let certificate = read(file)?;
    let unreadable = |error: capture::CaptureError| CliError::new(error.to_string());
    let mut seen = CaptureFacts::default();
    for record in capture.records().map_err(unreadable)? {
        seen.take(&record.map_err(unreadable)?, capture.profile);
    }
    let checked = check(&certificate, verdict, capture.session.as_ref(), &seen, trusted);
    eprint!("{}", summary(&certificate, &checked));
    Ok(checked.holds())
}

/// Reads a certificate file.
///
/// # Errors
/// A file that cannot be read or is not a certificate.
pub(super) fn read(file: &Path) -> Result<Certificate, CliError> {
    let failed = |why: String| CliError::new(format!("--certificate {}: {why}", file.display()));
    let mut bytes = Vec::new();
    let opened = File::open(file).and_then(|opened| opened.take(envelope::LONGEST).read_to_end(&mut bytes));
    opened.map_err(|error| failed(format!("cannot read the file: {}", crate::seal::io_reason(&error))))?;
    Certificate::read(&bytes).map_err(|why| failed(format!("{}; pass the file certificate.json", wording::safe(&why))))
}

fn summary(certificate: &Certificate, checked: &CheckReport) -> String {
    let verb = if checked.holds() { "is valid for this capture" } else { "is NOT VALID for this capture" };
    let mut text = format!("Certificate {} {verb}.\n", certificate.id());
    for signer in &checked.signers {
        text.push_str(&format!("  Signed by {signer}.\n"));
    }
    for line in checked.broken.iter().chain(&checked.notes) {
        text.push_str(&format!("  {line}\n"));
    }
    let client = &certificate.statement.predicate.client;
    let asks = wording::safe(&format!("poscert ledger check {} {}", client.client_id, client.version));
    text.push_str(&format!("  Revocation was not checked; check it in the issuer's ledger: `{asks}`.\n"));
    text
}
