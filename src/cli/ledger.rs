//! `poscert ledger`: certificates given, whether a build is covered, and the only way in which one ends.

use super::{CliError, Exit};
use crate::api::{Feature, Guid, header::Version};
use crate::capture;
use crate::certificate::date;
use crate::certificate::envelope::is_id;
use crate::certificate::ledger::coverage::{coverage, standings};
use crate::certificate::ledger::{
    CertificateStatus, Entry, Evidence, Ledger, LedgerEvent, Revoked, default_place, head_place,
};
use crate::report::wording;
use serde_json::json;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The longest reason that is taken, in characters.
const LONGEST_REASON: usize = 500;

/// Arguments of `poscert ledger`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  poscert ledger list
  poscert ledger check c0ffee00-0000-4000-8000-000000000001 2.1.7 --feature payment
  poscert ledger revoke pc-0123456789ab --reason \"captures twice\" --evidence field.har

`check` exits with 0 where the build is covered, 1 where it is not. A new Build is covered by the certificate
of its Major.Minor; a new Minor or Major is not, nor is a feature outside the certificate.")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Every certificate that was given, and how it stands
    List(List),
    /// Whether a build of a client is certified
    Check(Check),
    /// End a certificate, for a reason that a capture shows
    Revoke(Revoke),
}

/// Where the ledger lies.
#[derive(clap::Args, Clone, Debug)]
pub struct Place {
    /// The ledger [default: ledger.jsonl in this user's data folder]
    #[arg(long, value_name = "FILE", env = "POSCERT_LEDGER")]
    ledger: Option<PathBuf>,
}

#[derive(clap::Args)]
struct List {
    #[command(flatten)]
    place: Place,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct Check {
    /// The client id, a GUID
    #[arg(value_name = "CLIENT-ID")]
    client_id: String,
    /// The build, Major.Minor.Build
    // Not `version`: that is the id of `--version`.
    #[arg(id = "client_version", value_name = "VERSION")]
    version: String,
    /// A feature that has to be covered (can be given again); without one, any certificate of that Major.Minor will do
    #[arg(long, value_name = "FEATURE", value_delimiter = ',')]
    feature: Vec<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args)]
struct Revoke {
    /// The certificate, as `ledger list` names it
    #[arg(value_name = "ID")]
    id: String,
    /// Why, in a sentence
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The capture that shows it: a directory, an archive or a HAR file
    #[arg(long, value_name = "CAPTURE")]
    evidence: PathBuf,
    #[command(flatten)]
    place: Place,
}

impl Place {
    /// The ledger's file.
    ///
    /// # Errors
    /// Where nobody named it and this user has no data folder.
    pub fn path(&self) -> Result<PathBuf, CliError> {
        self.ledger.clone().or_else(default_place).ok_or_else(|| {
            CliError::new("there is no place for the ledger: neither HOME nor XDG_DATA_HOME is set; give --ledger FILE")
        })
    }

    /// Whether an entry could be made.
    ///
    /// # Errors
    /// A sentence where it could not.
    pub fn ready(&self) -> Result<(), CliError> {
        Ledger::ready(&self.path()?).map_err(CliError::new)
    }

    /// That nobody has a ledger there, in a sentence.
    fn nothing(&self, path: &Path) -> String {
        match self.ledger {
            Some(_) => format!(
                "there is no ledger at {}, the place that --ledger or POSCERT_LEDGER names; see whether it is the right one",
                path.display()
            ),
            None => format!("there is no ledger {} so far: no certificate was entered there", path.display()),
        }
    }
}

pub fn run(args: Args) -> Result<Exit, CliError> {
    match args.command {
        Command::List(args) => list(&args),
        Command::Check(args) => check(&args),
        Command::Revoke(args) => revoke(&args),
    }
}

/// The ledger, and where none is there, a sentence that says so. One that is damaged is neither.
fn read(place: &Place) -> Result<(Ledger, Option<String>), CliError> {
    let path = place.path()?;
    let ledger = Ledger::read(&path).map_err(CliError::new)?;
    tell(&ledger);
    let nothing = !path.exists() && !head_place(&path).exists();
    let nothing = nothing.then(|| place.nothing(&path));
    Ok((ledger, nothing))
}

/// What a reader should know, on standard error.
pub fn tell(ledger: &Ledger) {
    for note in &ledger.notes {
        eprintln!("poscert: {note}");
    }
}

fn list(args: &List) -> Result<Exit, CliError> {
    let (ledger, nothing) = read(&args.place)?;
    if let Some(nothing) = nothing {
        eprintln!("poscert: {nothing}");
    }
    let standings = standings(&ledger.lines.entries);
    let text = if args.json { as_json(&ledger, &standings) } else { as_text(&ledger, &standings) };
    super::print(&text)?;
    Ok(Exit::Passed)
}

fn as_json(ledger: &Ledger, standings: &[CertificateStatus]) -> String {
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
        "certificates": standings.iter().map(certificate).collect::<Vec<_>>(),
    });
    format!("{list:#}\n")
}

fn as_text(ledger: &Ledger, standings: &[CertificateStatus]) -> String {
    let mut text = String::new();
    for one in standings {
        let given = one.given;
        let name = given.system_name.as_deref().unwrap_or("a client");
        let minor = given.version.rsplit_once('.').map_or(given.version.as_str(), |(minor, _)| minor);
        let name = wording::safe_line(&format!("{}  {name} {minor}, made by {}", given.id, given.integrator_id));
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
    let revoked = standings.iter().filter(|one| one.revoked.is_some()).count();
    let _ = writeln!(
        text,
        "{}, {revoked} of them revoked, in {}",
        wording::count(standings.len(), "certificate"),
        ledger.path.display()
    );
    text
}

fn check(args: &Check) -> Result<Exit, CliError> {
    let id = Guid::parse(args.client_id.trim()).ok_or_else(|| {
        CliError::new(format!("`{}` is not a client id, which is a GUID", wording::safe(&args.client_id)))
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
        return Err(CliError::new(format!("`{id}` is not the id of a certificate; `poscert ledger list` shows them")));
    }
    let reason = args.reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON || reason.chars().any(char::is_control) {
        return Err(CliError::new(format!(
            "--reason: say in a sentence why, in letters that can be printed and at most {LONGEST_REASON} of them"
        )));
    }
    let path = args.place.path()?;
    // What is not in the ledger needs no evidence.
    known(&Ledger::read(&path).map_err(CliError::new)?.lines.entries, &args.id).map_err(CliError::new)?;
    let evidence = evidence(&args.evidence)?;
    let revoked = Revoked { id: args.id.clone(), reason: reason.to_owned(), evidence };
    let entered = Ledger::add(&path, |entries| {
        known(entries, &args.id)?;
        Ok(Some(LedgerEvent::Revoked(revoked)))
    });
    let ledger = entered.map_err(CliError::new)?;
    tell(&ledger);
    super::print(&format!("{} is revoked from now on: {}\n", args.id, wording::safe(reason)))?;
    Ok(Exit::Passed)
}

/// Whether a certificate was given and stands.
fn known(entries: &[Entry], id: &str) -> Result<(), String> {
    let standings = standings(entries);
    let one = standings.iter().find(|one| one.given.id == id);
    match one {
        None => Err(format!("no certificate {id} stands in the ledger; `poscert ledger list` shows those that do")),
        Some(CertificateStatus { revoked: Some((since, revoked)), .. }) => {
            Err(format!("{id} was revoked on {} already: {}", date::day(since), wording::safe(&revoked.reason)))
        }
        Some(_) => Ok(()),
    }
}

/// Reads a capture to its end, and what is entered of it.
fn evidence(path: &Path) -> Result<Evidence, CliError> {
    let failed = |error: capture::CaptureError| CliError::new(format!("--evidence: {error}"));
    let capture = capture::open(path).map_err(failed)?;
    if capture.live {
        let path = path.display();
        return Err(CliError::new(format!(
            "--evidence: a recorder is writing into {path}; stop it first, evidence is final"
        )));
    }
    for record in capture.records().map_err(failed)? {
        record.map_err(failed)?;
    }
    if capture.exchanges == 0 {
        let path = path.display();
        return Err(CliError::new(format!(
            "--evidence: no exchange stands in {path}, so it shows nothing; name the capture in which the reason is seen"
        )));
    }
    Ok(Evidence { kind: capture.kind.name().to_owned(), digest: capture.digest.clone(), exchanges: capture.exchanges })
}
