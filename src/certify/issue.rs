//! Issuing of a certificate: the verdict on the capture and, if it passed, the signed archive, the certificate, its
//! page and its ledger entry.
//!
//! The archive is read back and evaluated again, and that verdict is certified: anyone with archive and certificate can
//! reproduce it.

use super::previous_certificates;
use crate::capture::{self, Capture, archive};
use crate::certificate::ledger::{IssuedEntry as Entered, Ledger, LedgerEvent};
use crate::certificate::statement::reading;
use crate::certificate::{CaptureFacts, Certificate, Statement, eligibility, page};
use crate::rules::RuleSet;
use crate::seal::{Fingerprint, SigningKey, secret_file};
use crate::verify::{Options, Verdict, verify_capture};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// The file name of the signed archive in a certificate's directory.
pub(crate) const ARCHIVE: &str = "capture.poscert";
/// The file name of the certificate.
pub(crate) const CERTIFICATE: &str = "certificate.json";
/// The file name of its page.
pub(crate) const PAGE: &str = "certificate.html";

/// Shown when a certification resumes in a capture that is not complete.
pub(crate) const CUT_OFF: &str =
    "A run in this capture did not stop cleanly and records may be missing: this capture can no longer pass.";

/// How a certification ended.
#[derive(Debug)]
pub(crate) struct CertificationResult {
    /// The verdict on the capture, or on the signed archive if a certificate was issued.
    pub verdict: Verdict,
    /// The certificate, or why there is none.
    pub certificate: Certified,
}

/// Whether a certificate was issued.
#[derive(Debug)]
pub(crate) enum Certified {
    Issued(IssuedFiles),
    /// The capture is not eligible, or the ledger rules it out; with the reason.
    NotGiven(String),
    /// The capture is eligible, but the certificate or its ledger entry could not be written; with the reason.
    Failed(String),
}

/// An issued certificate and its files.
#[derive(Clone, Debug)]
pub(crate) struct IssuedFiles {
    /// The certificate's id.
    pub id: String,
    /// The directory next to the capture with [`ARCHIVE`], [`CERTIFICATE`] and [`PAGE`].
    pub folder: PathBuf,
    /// The key that signed archive and certificate.
    pub signer: Fingerprint,
    /// Notes on the state of the ledger, one sentence each.
    pub notes: Vec<String>,
}

impl IssuedFiles {
    /// The path of the certificate, a DSSE envelope.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.join(CERTIFICATE)
    }

    pub(crate) fn page(&self) -> PathBuf {
        self.folder.join(PAGE)
    }

    /// The path of the signed archive.
    pub(crate) fn archive(&self) -> PathBuf {
        self.folder.join(ARCHIVE)
    }
}

/// Evaluates a closed capture and issues a certificate if it is eligible. `desk` returns the signing key and the path
/// of the ledger; it is called only then. `objection`: a further reason against a certificate, as a clause.
///
/// # Errors
/// The capture cannot be read or evaluated.
pub(crate) fn approve(
    dir: &Path,
    rules: &RuleSet,
    objection: Option<String>,
    desk: impl FnOnce() -> Result<(SigningKey, PathBuf), String>,
) -> Result<CertificationResult, String> {
    let (capture, verdict, seen) = evaluate(dir, rules)?;
    let mut missing = eligibility::missing(&verdict, capture.session.as_ref(), &seen);
    missing.extend(objection);
    if !missing.is_empty() {
        return Ok(CertificationResult { verdict, certificate: Certified::NotGiven(eligibility::sentence(&missing)) });
    }
    let given = desk().and_then(|(key, ledger)| give(dir, &capture, rules, &verdict, &ledger, &key));
    Ok(given.unwrap_or_else(|why| CertificationResult { verdict, certificate: Certified::Failed(why) }))
}

fn evaluate(path: &Path, rules: &RuleSet) -> Result<(Capture, Verdict, CaptureFacts), String> {
    let capture = capture::open_for(path, rules.profile).map_err(|error| error.to_string())?;
    let verdict = verify_capture::evaluate(&capture, rules, &Options::default()).map_err(|error| error.to_string())?;
    let mut seen = CaptureFacts::default();
    for record in capture.records().map_err(|error| error.to_string())? {
        seen.take(&record.map_err(|error| error.to_string())?, capture.profile);
    }
    Ok((capture, verdict, seen))
}

/// Signs the capture as an archive, evaluates the archive and certifies its verdict.
fn give(
    dir: &Path,
    capture: &Capture,
    rules: &RuleSet,
    verdict: &Verdict,
    ledger: &Path,
    key: &SigningKey,
) -> Result<CertificationResult, String> {
    // A damaged ledger, or an entry against this capture, is reported before anything is written.
    let entries = Ledger::read(ledger)?.lines.entries;
    if let Some(sentence) = previous_certificates::against(capture, verdict, &entries)? {
        return Ok(CertificationResult { verdict: verdict.clone(), certificate: Certified::NotGiven(sentence) });
    }
    let place = fs::canonicalize(dir).map_err(|error| format!("cannot find {}: {error}", dir.display()))?;
    let (parent, name) = place
        .parent()
        .zip(place.file_name())
        .ok_or_else(|| format!("cannot create a directory next to {}; record into a subdirectory", dir.display()))?;
    let name = name.to_string_lossy();
    let unwritable = |error: std::io::Error| {
        format!("cannot write the certificate into {}: {error}; make the directory writable", parent.display())
    };
    // All files are written to a temporary directory, which is then renamed.
    let prefix = format!(".{name}-certificate-");
    let mut draft = tempfile::Builder::new();
    draft.prefix(&prefix);
    // The same permissions as the capture.
    #[cfg(unix)]
    draft.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let draft = draft.tempdir_in(parent).map_err(unwritable)?;
    let sealed = draft.path().join(ARCHIVE);
    seal(capture, rules, key, &sealed)?;
    let (archive, sealed_verdict, seen) = evaluate(&sealed, rules)?;
    let same = (reading(&sealed_verdict), &sealed_verdict.capture.digest) == (reading(verdict), &capture.digest);
    if !same {
        return Err("the verdicts on archive and capture differ; this is a bug in poscert".to_owned());
    }
    let mut missing = eligibility::missing(&sealed_verdict, archive.session.as_ref(), &seen);
    missing.extend(eligibility::unsealed(&sealed_verdict));
    if !missing.is_empty() {
        let certificate = Certified::NotGiven(eligibility::sentence(&missing));
        return Ok(CertificationResult { verdict: sealed_verdict, certificate });
    }
    let certificate = Certificate::give(&Statement::of(&sealed_verdict, &seen, archive.session.as_ref()), key)?;
    write(&draft.path().join(CERTIFICATE), certificate.bytes()).map_err(unwritable)?;
    write(&draft.path().join(PAGE), page::render(&certificate, &verdict.evaluated_ids()).as_bytes())
        .map_err(unwritable)?;
    let id = certificate.id();
    let folder = parent.join(format!("{name}-certificate-{id}"));
    // The same certificate may exist already: the same capture, key and version give the same bytes.
    if fs::read(folder.join(CERTIFICATE)).ok().as_deref() != Some(certificate.bytes()) {
        let made = draft.keep();
        fs::rename(&made, &folder).map_err(unwritable)?;
    }
    let entry = Entered::of(&certificate)?;
    let entered = Ledger::add(ledger, |entries| {
        let there = entries.iter().any(|one| matches!(&one.act, LedgerEvent::Issued(given) if given.id == entry.id));
        Ok((!there).then_some(LedgerEvent::Issued(entry)))
    });
    let entered = entered.map_err(|why| {
        format!(
            "certificate {id} was written into {} but not added to the ledger: {why}; then run certify on this capture \
             again",
            folder.display()
        )
    })?;
    let given = IssuedFiles { id, folder, signer: key.public().fingerprint(), notes: entered.notes };
    Ok(CertificationResult { verdict: sealed_verdict, certificate: Certified::Issued(given) })
}

fn seal(capture: &Capture, rules: &RuleSet, key: &SigningKey, file: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", file.display());
    let files: Vec<archive::RuleFile> =
        rules.files.iter().map(|(name, text)| (name.clone(), text.clone().into_bytes())).collect();
    let mut out = BufWriter::new(secret_file::create_new(file, 0o600).map_err(failed)?);
    archive::write(capture, &files, key, &mut out, |_| ()).map_err(|error| error.to_string())?;
    out.into_inner().map_err(|error| failed(error.into_error()))?.sync_all().map_err(failed)
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
