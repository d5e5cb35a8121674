//! `poscert ledger`: issued certificates, coverage of a build, revocation.

use super::{CliError, Exit};
use crate::api::{Feature, Guid, header::Version};
use crate::capture;
use crate::certificate::date;
use crate::certificate::envelope::is_id;
use crate::certificate::ledger::coverage::{coverage, statuses};
use crate::certificate::ledger::{
    CertificateStatus, Entry, Evidence, Ledger, LedgerEvent, Revoked, default_place, head_place,
};
use crate::report::wording;
use serde_json::json;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Maximum length of a reason, in characters.
const LONGEST_REASON: usize = 500;

/// Arguments of `poscert ledger`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  poscert ledger list
  poscert ledger check c0ffee00-0000-4000-8000-000000000001 2.1.7 --feature payment
  poscert ledger revoke pc-0123456789ab --reason \"captures twice\" --evidence field.har

`check` exits with 0 if the build is covered, 1 if not. A certificate covers every Build of its
Major.Minor. It does not cover another Minor or Major, or a feature that it does not list.")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List the issued certificates and their status
    List(List),
    /// Check whether a build of a client is certified
    Check(Check),
    /// Revoke a certificate, with a capture as evidence
    Revoke(Revoke),
}

/// The location of the ledger.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Place {
    /// Ledger file [default: ledger.jsonl in the user's data directory]
    #[arg(long, help_heading = "Certification", value_name = "FILE", env = "POSCERT_LEDGER")]
    ledger: Option<PathBuf>,
}

#[derive(clap::Args)]
struct List {
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct Check {
    /// Client id, a GUID
    #[arg(value_name = "CLIENT-ID")]
    client_id: String,
    /// Version of the build, Major.Minor.Build
    // The id `version` is taken by `--version`.
    #[arg(id = "client_version", value_name = "VERSION")]
    version: String,
    /// Feature that must be covered; repeatable. Without it, any certificate of the Major.Minor is enough
    #[arg(long, value_name = "FEATURE", value_delimiter = ',')]
    feature: Vec<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args)]
struct Revoke {
    /// Id of the certificate, as in `ledger list`
    #[arg(value_name = "ID")]
    id: String,
    /// Reason, in one sentence
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Capture that shows the reason: a directory, an archive or a HAR file
    #[arg(long, value_name = "CAPTURE")]
    evidence: PathBuf,
    #[command(flatten)]
    place: Place,
}

impl Place {
    /// The ledger file.
    ///
    /// # Errors
    /// No file was given and the user has no data directory.
    pub(super) fn path(&self) -> Result<PathBuf, CliError> {
        self.ledger.clone().or_else(default_place).ok_or_else(|| {
            CliError::new("no location for the ledger: neither HOME nor XDG_DATA_HOME is set; pass --ledger FILE")
        })
    }

    /// Checks that an entry can be added.
    ///
    /// # Errors
    /// The reason why not.
    pub(super) fn ready(&self) -> Result<(), CliError> {
        Ledger::ready(&self.path()?).map_err(CliError::new)
    }

    /// Message for a missing ledger file.
    fn nothing(&self, path: &Path) -> String {
        match self.ledger {
            Some(_) => format!("no ledger at {}; check --ledger or POSCERT_LEDGER", path.display()),
            None => format!("no ledger at {} yet: no certificate was issued", path.display()),
        }
    }
}

pub(super) fn run(args: Args) -> Result<Exit, CliError> {
    match args.command {
        Command::List(args) => list(&args),
        Command::Check(args) => check(&args),
        Command::Revoke(args) => revoke(&args),
    }
}

/// Reads the ledger; also returns a message if there is none. A damaged ledger is an error.
fn read(place: &Place) -> Result<(Ledger, Option<String>), CliError> {
    let path = place.path()?;
    let ledger = Ledger::read(&path).map_err(CliError::new)?;
    tell(&ledger);
    let nothing = !path.exists() && !head_place(&path).exists();
    let nothing = nothing.then(|| place.nothing(&path));
    Ok((ledger, nothing))
}

/// Prints the notes of a ledger to standard error.
pub(super) fn tell(ledger: &Ledger) {
    for note in &ledger.notes {
        eprintln!("poscert: {note}");
    }
}

fn list(args: &List) -> Result<Exit, CliError> {
    let (ledger, nothing) = read(&args.place)?;
    if let Some(nothing) = nothing {
        eprintln!("poscert: {nothing}");
        if !args.json {
            return Ok(Exit::Passed);
        }
    }
    let statuses = statuses(&ledger.lines.entries);
    let text = if args.json { as_json(&ledger, &statuses) } else { as_text(&ledger, &statuses) };
    super::print(&text)?;
    Ok(Exit::Passed)
}

fn as_json(ledger: &Ledger, statuses: &[CertificateStatus]) -> String {
    let certificate = |one: &CertificateStatus| {
        let mut fields = json!(one.given);
        let revoked = one
            .revoked
            .map(|(since, revoked)| json!({ "since": since, "reason": revoked.reason, "evidence": revoked.evidence }));
        fields["entered"] = json!(one.entered);
        fields["revoked"] = json!(revoked);
        fields
    };
    let head = ledger.lines.head;
    let list = json!({
        "schema": "poscert.ledger/1",
        "entries": head.count,
        "digest": head.digest.to_string(),
        "certificates": statuses.iter().map(certificate).collect::<Vec<_>>(),
    });
    format!("{list:#}\n")
}

fn as_text(ledger: &Ledger, statuses: &[CertificateStatus]) -> String {
    let mut text = String::new();
    for one in statuses {
        let given = one.given;
        let name = given.system_name.as_deref().unwrap_or("a client");
        let minor = given.version.rsplit_once('.').map_or(given.version.as_str(), |(minor, _)| minor);
        let name = wording::safe_line(&format!("{}  {name} {minor}, by {}", given.id, given.integrator_id));
        let _ = writeln!(text, "{name}");
        let _ = writeln!(text, "  client    {}", wording::safe(&given.client_id));
        if let Some(id) = &given.production_client_id {
            let _ = writeln!(text, "            {} in production", wording::safe(id));
        }
        let _ = writeln!(text, "  features  {}", wording::safe(&wording::list(&given.features)));
        let _ = writeln!(
            text,
            "  recorded  {}, entered {}",
            wording::safe(&date::day(&given.date)),
            date::day(one.entered)
        );
        let _ = writeln!(text, "  signed by {}", wording::safe(&wording::list(&given.signed_by)));
        if let Some((since, revoked)) = one.revoked {
            let (reason, digest) = (wording::safe(&revoked.reason), wording::safe(&revoked.evidence.digest));
            let _ =
                writeln!(text, "  REVOKED   {}: {reason} (evidence: a capture of digest {digest})", date::day(since));
        }
        text.push('\n');
    }
    let revoked = statuses.iter().filter(|one| one.revoked.is_some()).count();
    let _ = writeln!(
        text,
        "{} ({revoked} revoked) in {}",
        wording::count(statuses.len(), "certificate"),
        ledger.path.display()
    );
    text
}

fn check(args: &Check) -> Result<Exit, CliError> {
    let id = Guid::parse(args.client_id.trim()).ok_or_else(|| {
        CliError::new(format!(
            "`{}` is not a GUID; use the client id shown in the developer portal",
            wording::safe(&args.client_id)
        ))
    })?;
    let version = Version::parse(args.version.trim()).ok_or_else(|| {
        CliError::new(format!("`{}` is not Major.Minor.Build, three numbers like 2.1.0", wording::safe(&args.version)))
    })?;
    let feature = |id: &String| {
        Feature::from_id(id.trim()).ok_or_else(|| {
            let known = Feature::ALL.map(Feature::id).join(", ");
            CliError::new(format!("--feature: `{}` is not a feature; choose from {known}", wording::safe(id)))
        })
    };
    let features: Vec<Feature> = args.feature.iter().map(feature).collect::<Result<_, _>>()?;
    let (ledger, nothing) = read(&args.place)?;
    if let Some(nothing) = nothing {
        super::print(&format!("Not covered: client {id}, version {version}: {nothing}.\n"))?;
        return Ok(Exit::Failed);
    }
    let coverage = coverage(&ledger.lines.entries, &id.to_string(), version, &features);
    super::print(&coverage.why.iter().map(|line| format!("{line}\n")).collect::<String>())?;
    Ok(if coverage.covered { Exit::Passed } else { Exit::Failed })
}

fn revoke(args: &Revoke) -> Result<Exit, CliError> {
    if !is_id(&args.id) {
        let id = wording::safe(&args.id);
        return Err(CliError::new(format!("invalid certificate id `{id}`; `poscert ledger list` shows the ids")));
    }
    let reason = args.reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON || reason.chars().any(char::is_control) {
        return Err(CliError::new(format!("--reason: must be 1 to {LONGEST_REASON} printable characters")));
    }
    let path = args.place.path()?;
    // Check the id before reading the evidence.
    known(&Ledger::read(&path).map_err(CliError::new)?.lines.entries, &args.id).map_err(CliError::new)?;
    let evidence = evidence(&args.evidence)?;
    let revoked = Revoked { id: args.id.clone(), reason: reason.to_owned(), evidence };
    let entered = Ledger::add(&path, |entries| {
        known(entries, &args.id)?;
        Ok(Some(LedgerEvent::Revoked(revoked)))
    });
    let ledger = entered.map_err(CliError::new)?;
    tell(&ledger);
    super::print(&format!("{} is revoked as of now: {}\n", args.id, wording::safe(reason)))?;
    Ok(Exit::Passed)
}

/// Checks that a certificate is in the ledger and not revoked.
fn known(entries: &[Entry], id: &str) -> Result<(), String> {
    let statuses = statuses(entries);
    let one = statuses.iter().find(|one| one.given.id == id);
    match one {
        None => Err(format!("no certificate {id} in the ledger; `poscert ledger list` shows all")),
        Some(CertificateStatus { revoked: Some((since, revoked)), .. }) => {
            Err(format!("{id} was already revoked on {}: {}", date::day(since), wording::safe(&revoked.reason)))
        }
        Some(_) => Ok(()),
    }
}

/// Reads a whole capture; returns its evidence entry.
fn evidence(path: &Path) -> Result<Evidence, CliError> {
    let failed = |error: capture::CaptureError| CliError::new(format!("--evidence: {error}"));
    let capture = capture::open(path).map_err(failed)?;
    if capture.live {
        let path = path.display();
        return Err(CliError::new(format!("--evidence: a recorder is writing to {path}; stop the recorder first")));
    }
    for record in capture.records().map_err(failed)? {
        record.map_err(failed)?;
    }
    if capture.exchanges == 0 {
        let path = path.display();
        return Err(CliError::new(format!(
            "--evidence: {path} contains no exchanges; pass the capture that shows the reason"
        )));
    }
    Ok(Evidence { kind: capture.kind.name().to_owned(), digest: capture.digest.clone(), exchanges: capture.exchanges })
}
