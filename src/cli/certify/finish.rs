//! The end of `certify`: the verdict, and the certificate or why there is none.

use crate::certify::issue::{self, CertificationResult, Certified, IssuedFiles};
use crate::certify::page::approval::{Content, Download};
use crate::cli::child::CommandError;
use crate::cli::terminal::print;
use crate::cli::{CliError, Exit, ledger, signing_key, verify};
use crate::rules::RuleSet;
use crate::verify::Verdict;
use std::path::Path;

/// The result of a certification.
pub(super) struct CertifyResult {
    result: CertificationResult,
    /// The error of the driver command, if it failed.
    driver: Option<CommandError>,
}

impl CertifyResult {
    /// Evaluates the capture and issues the certificate if it passed.
    ///
    /// # Errors
    /// A capture that cannot be evaluated.
    pub(super) fn of(
        dir: &Path,
        rules: &RuleSet,
        key: Option<&Path>,
        place: &ledger::Place,
        driver: Option<CommandError>,
    ) -> Result<CertifyResult, CliError> {
        let desk = || {
            let ledger = place.path().map_err(|failure| failure.0)?;
            Ok((signing_key::open(key).map_err(|failure| failure.0)?, ledger))
        };
        let objection = driver.as_ref().map(CommandError::objection);
        let result = issue::approve(dir, rules, objection, desk).map_err(CliError::new)?;
        Ok(CertifyResult { result, driver })
    }

    pub(super) fn verdict(&self) -> &Verdict {
        &self.result.verdict
    }

    /// Prints verdict and certificate; returns the exit code.
    ///
    /// # Errors
    /// A GitHub step summary that cannot be written.
    pub(super) fn say(&self, dir: &Path) -> Result<Exit, CliError> {
        let exit = verify::say_verdict(&self.result.verdict, dir)?;
        match &self.result.certificate {
            Certified::Issued(given) => print(&format!("\n{}", issued_message(given))),
            Certified::NotGiven(sentence) => print(&format!("\n{sentence}\n")),
            Certified::Failed(_) => {}
        }
        Ok(self.driver.as_ref().map_or(exit, |error| error.exit(exit)))
    }

    /// The result for the page, one sentence per entry.
    pub(super) fn sentences(&self) -> Vec<String> {
        match &self.result.certificate {
            Certified::Issued(given) => vec![
                format!("Certificate {} was issued, signed by the key `{}`.", given.id, given.signer),
                format!(
                    "Certificate and archive are in `{}`; the certificate was added to the ledger.",
                    given.folder.display()
                ),
            ],
            Certified::NotGiven(sentence) | Certified::Failed(sentence) => vec![sentence.clone()],
        }
    }

    /// The downloads of the page.
    pub(super) fn offers(&self) -> Vec<Download> {
        let Certified::Issued(given) = &self.result.certificate else { return Vec::new() };
        let offer = |name, title, media, file| Download { name, title, media, content: Content::File(file) };
        vec![
            offer(issue::PAGE, "Printable certificate (HTML)", "text/html; charset=utf-8", given.page()),
            offer(issue::CERTIFICATE, "Signed certificate (JSON)", "application/json", given.certificate()),
            offer(issue::ARCHIVE, "Signed archive of the recording", "application/octet-stream", given.archive()),
        ]
    }

    /// The exit code.
    ///
    /// # Errors
    /// A certificate that could not be written or added to the ledger.
    pub(super) fn result(self, exit: Exit) -> Result<Exit, CliError> {
        match self.result.certificate {
            Certified::Failed(sentence) => Err(CliError::new(sentence)),
            Certified::Issued(_) | Certified::NotGiven(_) => Ok(exit),
        }
    }
}

fn issued_message(given: &IssuedFiles) -> String {
    let mut text = format!("Certificate {} was issued, signed by {}.\n", given.id, given.signer);
    for file in [given.page(), given.certificate(), given.archive()] {
        text.push_str(&format!("  {}\n", file.display()));
    }
    text.push_str("It was added to the ledger (`poscert ledger list`).\n");
    for note in &given.notes {
        text.push_str(&format!("poscert: {note}\n"));
    }
    text
}
