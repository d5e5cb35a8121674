//! `poscert verify`: the verdict on captures.

use super::api_arg::ApiArg;
use super::verify_input::{VerifyInput, load_rules};
use super::{CliError, Exit, check_certificate, compare, terminal};
use crate::api::header::Version;
use crate::capture::{self, Capture, record::Session};
use crate::pki::word;
use crate::profile::{IdForm, Profile};
use crate::report::{self, ExchangeView, Format, text::Style};
use crate::rules::RuleSet;
use crate::seal::secret_file;
use crate::verify::verdict::Outcome;
use crate::verify::{Options, Verdict, verify_capture};
use std::path::{Path, PathBuf};

/// Arguments of `poscert verify`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  poscert verify poscert-capture --features onboarding,payment --report junit=verdict.xml\n  \
    poscert verify capture.poscert --certificate certificate.json\n\n\
    Exit codes: 0 passed, 1 failed, 3 incomplete, 2 error."
)]
pub(super) struct Args {
    /// Capture directories, signed archives or HAR files
    #[arg(required = true, value_name = "CAPTURE")]
    captures: Vec<PathBuf>,
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    api: ApiArg,
    /// Directory of rule files to use instead of the built-in rules, or `sealed` for those in the archive
    #[arg(long, help_heading = "Evaluation", value_name = "DIR|sealed", env = "POSCERT_RULES")]
    rules: Option<PathBuf>,
    /// Treat the capture as unfinished: operations that are open at its end do not fail
    #[arg(long, help_heading = "Evaluation", hide_short_help = true)]
    open: bool,
    /// Format of the verdict: text, json, junit, html or markdown
    #[arg(long, help_heading = "Output", value_name = "FORMAT", default_value = "text", env = "POSCERT_FORMAT")]
    format: Format,
    /// Write the verdict to this file instead of standard output
    #[arg(long, help_heading = "Output", short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also write the verdict to a file in this format; repeatable
    #[arg(long, help_heading = "Output", value_name = "FORMAT=FILE")]
    report: Vec<report::Target>,
    /// Accept only captures (or with --certificate, certificates) signed by this key: a fingerprint or a public key
    /// file (PEM); repeatable, one match is enough
    #[arg(long, help_heading = "Evidence", value_name = "KEY", env = "POSCERT_TRUSTED_KEY", value_delimiter = ',')]
    trusted_key: Vec<String>,
    /// Require this chain head (COUNT:DIGEST) in the capture's history; repeatable
    #[arg(long, help_heading = "Evidence", hide_short_help = true, value_name = "HEAD", conflicts_with = "salvage")]
    witnessed: Vec<String>,
    /// Evaluate the readable records of a damaged capture; the verdict names what is missing and is never `passed`
    #[arg(long, help_heading = "Evaluation", hide_short_help = true)]
    salvage: bool,
    /// Check this certificate against the capture: signature, subjects and verdict; print mismatches and exit with 1
    #[arg(long, help_heading = "Evidence", value_name = "FILE", conflicts_with_all = ["open", "salvage"])]
    certificate: Option<PathBuf>,
    /// Compare with this verdict (JSON); print differences and exit with 1
    #[arg(long, help_heading = "Output", value_name = "VERDICT.json")]
    expect: Option<PathBuf>,
}

/// Profile options: client and features.
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct ProfileArgs {
    /// Features, separated by commas [default: those of the capture's session, else all six]
    #[arg(long, help_heading = "Identity", value_name = "LIST", value_delimiter = ',', env = "POSCERT_FEATURES")]
    pub(super) features: Option<Vec<String>>,
    /// Client version, Major.Minor.Build [default: the one that most calls carry]
    #[arg(long, help_heading = "Identity", value_name = "M.m.b", env = "POSCERT_CLIENT_VERSION")]
    pub(super) client_version: Option<String>,
    /// Client id [default: the one that most calls carry]
    #[arg(long, help_heading = "Identity", value_name = "GUID", env = "POSCERT_CLIENT_ID")]
    pub(super) client_id: Option<String>,
    /// Integrator id, as MobilePay assigned it; required for a certificate
    #[arg(long, help_heading = "Identity", value_name = "TEXT", env = "POSCERT_INTEGRATOR_ID")]
    pub(super) integrator_id: Option<String>,
}

impl ProfileArgs {
    /// The options for the evaluator.
    ///
    /// # Errors
    /// An invalid feature, version or client id.
    pub(super) fn options(&self, open: bool, api: &Profile) -> Result<Options, CliError> {
        let feature = |id: &String| {
            let id = id.trim();
            api.feature(id).ok_or_else(|| {
                let known = api.feature_ids().join(", ");
                CliError::new(format!("--features: `{id}` is not a feature; choose from {known}"))
            })
        };
        let features = self.features.as_ref().map(|ids| ids.iter().map(feature).collect()).transpose()?;
        let version = |text: &String| {
            Version::parse(text).ok_or_else(|| {
                CliError::new(format!("--client-version: `{text}` is not Major.Minor.Build, three numbers like 2.1.0"))
            })
        };
        let client_version = self.client_version.as_ref().map(version).transpose()?;
        if let Some(id) =
            self.client_id.as_ref().filter(|id| api.ids == IdForm::Guid && crate::api::Guid::parse(id).is_none())
        {
            return Err(CliError::new(format!(
                "--client-id: `{id}` is not a GUID; use the client id shown in the developer portal"
            )));
        }
        Ok(Options {
            integrator_id: self.integrator_id.clone(),
            client_id: self.client_id.clone(),
            client_version,
            features,
            open,
        })
    }

    /// The options as a session record; `None` if no option was given.
    ///
    /// # Errors
    /// As [`ProfileArgs::options`].
    pub(super) fn session(&self, api: &Profile) -> Result<Option<Session>, CliError> {
        let options = self.options(false, api)?;
        let features = options.features.unwrap_or_default();
        let session = Session {
            integrator_id: options.integrator_id,
            client_id: options.client_id,
            client_version: options.client_version.map(|version| version.to_string()),
            system_name: None,
            features: features.iter().map(|feature| feature.id().to_owned()).collect(),
            ..Session::default()
        };
        Ok((session != Session::default()).then_some(session))
    }
}

pub(super) fn run(args: Args) -> Result<Exit, CliError> {
    if args.certificate.is_some() && args.captures.len() != 1 {
        return Err(CliError::new("--certificate: a certificate is for one capture; pass only that capture"));
    }
    keep_inputs(&args)?;
    let api = args.api.profile()?;
    let options = args.profile.options(args.open, api)?;
    let reading =
        VerifyInput::new(args.rules.as_deref(), &args.trusted_key, args.salvage, api)?.witnessed(&args.witnessed)?;
    let reading = if args.certificate.is_some() { reading.certified() } else { reading };
    let mut worst = Exit::Passed;
    let mut printed = String::new();
    let mut damage = None;
    for path in &args.captures {
        let (capture, verdict) = match reading.judge(path, &options) {
            Ok(judged) => judged,
            Err(failure) if args.captures.len() == 1 => return Err(failure),
            Err(failure) => {
                super::complain(&failure);
                damage = Some(failure);
                continue;
            }
        };
        let style = if args.output.is_some() { Style::PLAIN } else { terminal::stdout_style() };
        printed.push_str(&rendered(args.format, (&capture, path), &verdict, style)?);
        for target in &args.report {
            write(&target.file, &rendered(target.format, (&capture, path), &verdict, Style::PLAIN)?)?;
        }
        if let Some(expected) = &args.expect {
            let differences = compare::differences(expected, &verdict)?;
            eprint!("{differences}");
            worst = if differences.is_empty() { worst } else { worse(worst, Exit::Failed) };
        }
        if let Some(file) = &args.certificate
            && !check_certificate::holds(file, &capture, &verdict, reading.trusted())?
        {
            worst = worse(worst, Exit::Failed);
        }
        github(&verdict)?;
        worst = worse(worst, exit(&verdict));
    }
    match &args.output {
        Some(file) => write(file, &printed)?,
        None => super::print(&printed)?,
    }
    match damage {
        Some(_) => Err(CliError::new("some captures could not be read (see above); the others were evaluated")),
        None => Ok(worst),
    }
}

/// Refuses to write over a file that is read: evidence outlives its evaluation.
fn keep_inputs(args: &Args) -> Result<(), CliError> {
    let real = |path: &PathBuf| path.canonicalize().ok();
    let inputs: Vec<PathBuf> =
        args.captures.iter().chain(&args.certificate).chain(&args.expect).filter_map(real).collect();
    let rules = args.rules.as_ref().and_then(real);
    for output in args.output.iter().chain(args.report.iter().map(|target| &target.file)) {
        let Some(place) = real(output) else { continue };
        let is_toml = place.extension().is_some_and(|extension| extension == "toml");
        let is_rule = is_toml && rules.is_some() && place.parent() == rules.as_deref();
        if is_rule || inputs.contains(&place) {
            return Err(CliError::new(format!("{} would be overwritten; choose another file", output.display())));
        }
    }
    Ok(())
}

/// The verdict on a capture.
///
/// # Errors
/// A capture that cannot be read, or a rule that cannot be evaluated.
pub(super) fn judge(path: &Path, rules: &RuleSet, options: &Options) -> Result<Verdict, CliError> {
    let capture = capture::open_for(path, rules.profile).map_err(|error| CliError::new(error.to_string()))?;
    verify_capture::evaluate(&capture, rules, options).map_err(|error| CliError::new(error.to_string()))
}

/// The exit code of a verdict.
pub(super) fn exit(verdict: &Verdict) -> Exit {
    match verdict.verdict {
        Outcome::Passed => Exit::Passed,
        Outcome::Failed => Exit::Failed,
        Outcome::Incomplete => Exit::Incomplete,
    }
}

/// The worse of two results: failed, then incomplete, then passed.
pub(super) fn worse(a: Exit, b: Exit) -> Exit {
    let rank = |exit: Exit| match exit {
        Exit::Passed | Exit::CommandFailed => 0,
        Exit::Incomplete => 1,
        Exit::Failed => 2,
    };
    if rank(b) > rank(a) { b } else { a }
}

/// A verdict as text in this format. `path`: the capture, for commands to copy.
///
/// # Errors
/// A capture that cannot be read.
pub(super) fn rendered(
    format: Format,
    (capture, path): (&Capture, &Path),
    verdict: &Verdict,
    style: Style,
) -> Result<String, CliError> {
    let exchanges = if format == Format::Html { cited(capture, verdict)? } else { Vec::new() };
    Ok(report::render(format, verdict, &exchanges, style, Some(&word(path))))
}

/// The exchanges that an HTML report shows.
fn cited(capture: &Capture, verdict: &Verdict) -> Result<Vec<ExchangeView>, CliError> {
    let wanted = report::html::cited(verdict);
    let unreadable = |error: capture::CaptureError| CliError::new(error.to_string());
    let mut views = Vec::new();
    for record in capture.records().map_err(unreadable)? {
        if let capture::Record::Exchange(exchange) = record.map_err(unreadable)?
            && wanted.contains(&exchange.number)
        {
            views.push(ExchangeView::of(&exchange, capture.profile));
        }
    }
    Ok(views)
}

fn write(file: &Path, text: &str) -> Result<(), CliError> {
    secret_file::write(file, text.as_bytes()).map_err(|error| {
        CliError::new(format!(
            "cannot write {}: {}; choose another file",
            file.display(),
            crate::seal::io_reason(&error)
        ))
    })
}

/// On a GitHub runner: prints annotations and appends the step summary.
fn github(verdict: &Verdict) -> Result<(), CliError> {
    if std::env::var_os("GITHUB_ACTIONS").is_none_or(|value| value != "true") {
        return Ok(());
    }
    terminal::tell(&report::markdown::annotations(verdict));
    let Some(file) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty()) else { return Ok(()) };
    let file = PathBuf::from(file);
    let unwritable = |error: std::io::Error| {
        CliError::new(format!(
            "GITHUB_STEP_SUMMARY: cannot write {}: {}",
            file.display(),
            crate::seal::io_reason(&error)
        ))
    };
    let mut summary = std::fs::OpenOptions::new().create(true).append(true).open(&file).map_err(unwritable)?;
    std::io::Write::write_all(&mut summary, report::markdown::render(verdict).as_bytes()).map_err(unwritable)
}

/// Evaluates the new recording and prints the verdict.
///
/// # Errors
/// As [`judge`].
pub(super) fn verify_after_recording(dir: &Path, api: &'static Profile) -> Result<Exit, CliError> {
    say_verdict(&verify_capture(dir, api)?, dir)
}

/// Prints a verdict; returns its exit code.
///
/// # Errors
/// A GitHub step summary that cannot be written.
pub(super) fn say_verdict(verdict: &Verdict, path: &Path) -> Result<Exit, CliError> {
    terminal::print(&report::text::render(verdict, terminal::stdout_style(), Some(&word(path))));
    github(verdict)?;
    Ok(exit(verdict))
}

/// The verdict on a capture with the built-in rules and the profile of its session or traffic.
///
/// # Errors
/// As [`judge`].
pub(super) fn verify_capture(path: &Path, api: &'static Profile) -> Result<Verdict, CliError> {
    judge(path, &load_rules(None, api)?, &Options::default())
}
