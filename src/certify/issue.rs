//! The last step, approval: the verdict on the capture, and on `passed` the sealed archive, the certificate on it, its page
//! and its entry in the ledger.
//!
//! What is certified is the archive, read back and judged anew: the certificate binds a verdict that anybody who gets
//! archive and certificate can make again.

use super::previous_certificates;
use crate::capture::{self, Capture, archive};
use crate::certificate::ledger::{Issued as Entered, Ledger, LedgerEvent};
use crate::certificate::statement::reading;
use crate::certificate::{CaptureFacts, Certificate, Statement, eligibility, page};
use crate::rules::RuleSet;
use crate::seal::{Fingerprint, SigningKey, secret_file};
use crate::verify::{Options, Verdict, verify_capture};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// The file of the sealed archive in a certificate's folder.
pub const ARCHIVE: &str = "capture.poscert";
/// The file of the certificate.
pub const CERTIFICATE: &str = "certificate.json";
/// The file of its page.
pub const PAGE: &str = "certificate.html";

/// Said where a certification goes on in a capture that is not complete.
pub const CUT_OFF: &str =
    "A run in this capture was cut off, and something may be lost: the verdict on it cannot be passed any more.";

/// How a certification ended.
#[derive(Debug)]
pub struct Approval {
    /// The verdict on the capture; where a certificate was given, the same on the sealed archive.
    pub verdict: Verdict,
    /// What came of it.
    pub certificate: Certified,
}

/// Whether a certificate was given.
#[derive(Debug)]
pub enum Certified {
    /// It was.
    Issued(Issued),
    /// Something that it would rest on is missing, or the ledger has something against it, as the sentence says.
    NotGiven(String),
    /// It is due, and could not be written or entered, as the sentence says.
    Failed(String),
}

/// A certificate that was given, and where it lies.
#[derive(Clone, Debug)]
pub struct Issued {
    /// What names it.
    pub id: String,
    /// Beside the capture, with [`ARCHIVE`], [`CERTIFICATE`] and [`PAGE`] in it.
    pub folder: PathBuf,
    /// The key that signed archive and certificate.
    pub signer: Fingerprint,
    /// What a reader of the ledger should know, a sentence each.
    pub notes: Vec<String>,
}

impl Issued {
    /// The certificate's file, a DSSE envelope.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join(CERTIFICATE)
    }

    /// Its page for people.
    pub fn page(&self) -> PathBuf {
        self.folder.join(PAGE)
    }

    /// The sealed archive that it is about.
    pub fn archive(&self) -> PathBuf {
        self.folder.join(ARCHIVE)
    }
}

/// Judges a capture that is closed, and gives a certificate where all that it rests on is there. `desk` has the key that
/// signs and the place of the ledger, and is asked only then. `objection`: why none is to be given all the same, as a clause.
///
/// # Errors
/// A sentence where the capture cannot be read or judged.
pub fn approve(
    dir: &Path,
    rules: &RuleSet,
    objection: Option<String>,
    desk: impl FnOnce() -> Result<(SigningKey, PathBuf), String>,
) -> Result<Approval, String> {
    let (capture, verdict, seen) = judged(dir, rules)?;
    let mut missing = eligibility::missing(&verdict, capture.session.as_ref(), &seen);
    missing.extend(objection);
    if !missing.is_empty() {
        return Ok(Approval { verdict, certificate: Certified::NotGiven(eligibility::sentence(&missing)) });
    }
    let given = desk().and_then(|(key, ledger)| give(dir, &capture, rules, &verdict, &ledger, &key));
    Ok(given.unwrap_or_else(|why| Approval { verdict, certificate: Certified::Failed(why) }))
}

fn judged(path: &Path, rules: &RuleSet) -> Result<(Capture, Verdict, CaptureFacts), String> {
    let capture = capture::open(path).map_err(|error| error.to_string())?;
    let verdict = verify_capture::evaluate(&capture, rules, &Options::default()).map_err(|error| error.to_string())?;
    let mut seen = CaptureFacts::default();
    for record in capture.records().map_err(|error| error.to_string())? {
        seen.take(&record.map_err(|error| error.to_string())?);
    }
    Ok((capture, verdict, seen))
}

/// Seals the capture, judges what was sealed, and certifies that.
fn give(
    dir: &Path,
    capture: &Capture,
    rules: &RuleSet,
    verdict: &Verdict,
    ledger: &Path,
    key: &SigningKey,
) -> Result<Approval, String> {
    // A ledger that is damaged, or has something against it, is told before anything is written.
    let entries = Ledger::read(ledger)?.lines.entries;
    if let Some(sentence) = previous_certificates::against(capture, verdict, &entries)? {
        return Ok(Approval { verdict: verdict.clone(), certificate: Certified::NotGiven(sentence) });
    }
    let place = fs::canonicalize(dir).map_err(|error| format!("{}: cannot be found ({error})", dir.display()))?;
    let (parent, name) = place
        .parent()
        .zip(place.file_name())
        .ok_or_else(|| format!("{}: nothing can be laid beside it; record into a folder", dir.display()))?;
    let name = name.to_string_lossy();
    let unwritable = |error: std::io::Error| {
        format!("the certificate cannot be written into {}: {error}; make room there", parent.display())
    };
    // All of it is made aside and takes its place at once.
    let prefix = format!(".{name}-certificate-");
    let mut draft = tempfile::Builder::new();
    draft.prefix(&prefix);
    // As private as the capture.
    #[cfg(unix)]
    draft.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let draft = draft.tempdir_in(parent).map_err(unwritable)?;
    let sealed = draft.path().join(ARCHIVE);
    seal(capture, rules, key, &sealed)?;
    let (archive, sealed_verdict, seen) = judged(&sealed, rules)?;
    let same = (reading(&sealed_verdict), &sealed_verdict.capture.digest) == (reading(verdict), &capture.digest);
    if !same {
        return Err("the archive does not say what the capture does; this is a fault of poscert".to_owned());
    }
    let mut missing = eligibility::missing(&sealed_verdict, archive.session.as_ref(), &seen);
    missing.extend(eligibility::unsealed(&sealed_verdict));
    if !missing.is_empty() {
        let certificate = Certified::NotGiven(eligibility::sentence(&missing));
        return Ok(Approval { verdict: sealed_verdict, certificate });
    }
    let certificate = Certificate::give(&Statement::of(&sealed_verdict, &seen, archive.session.as_ref()), key)?;
    write(&draft.path().join(CERTIFICATE), certificate.bytes()).map_err(unwritable)?;
    write(&draft.path().join(PAGE), page::render(&certificate).as_bytes()).map_err(unwritable)?;
    let id = certificate.id();
    let folder = parent.join(format!("{name}-certificate-{id}"));
    // The same certificate may have been given before: the same capture, key and version give the same bytes.
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
            "{why}; certificate {id} is written into {}, and not entered: when that is mended, run certify on this capture \
             again, and it gives one that is",
            folder.display()
        )
    })?;
    let given = Issued { id, folder, signer: key.public().fingerprint(), notes: entered.notes };
    Ok(Approval { verdict: sealed_verdict, certificate: Certified::Issued(given) })
}

fn seal(capture: &Capture, rules: &RuleSet, key: &SigningKey, file: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: cannot be written ({error})", file.display());
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
