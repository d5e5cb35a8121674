//! `poscert export`: a capture as one file, either a signed archive or HAR.

use super::api_arg::ApiArg;
use super::{CliError, Exit, signing_key, verify_input};
use crate::capture::{self, Capture, archive, har, scratch};
use crate::rules::RuleSet;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Arguments of `poscert export`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  poscert export poscert-capture -o run.poscert    signed archive, with the rule files\n  \
    poscert export poscert-capture -o run.har        HAR, for other tools\n\n\
    The same capture, key and version of poscert produce the same bytes. Secrets remain redacted."
)]
pub(super) struct Args {
    /// Capture directory, signed archive or HAR file
    capture: PathBuf,
    /// File to write; its extension selects the format
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Format, if the extension does not select it: poscert or har
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Omit bodies and keep only their length and keyed digest; rules that need the bodies cannot be evaluated
    #[arg(long)]
    strip_bodies: bool,
    /// Key that signs the archive, created at first use [default: signing-key.pem in the user's data directory]
    #[arg(long, value_name = "FILE", env = "POSCERT_KEY")]
    key: Option<PathBuf>,
    /// Directory of rule files to include in the archive instead of the built-in rules
    #[arg(long, value_name = "DIR", env = "POSCERT_RULES")]
    rules: Option<PathBuf>,
    #[command(flatten)]
    api: ApiArg,
}

pub(super) fn run(args: Args) -> Result<Exit, CliError> {
    scratch::refuse(&args.capture).map_err(CliError::new)?;
    let ending = args.output.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match args.format.clone().or(ending).as_deref() {
        Some("har") => as_har(&args),
        Some("poscert") => as_archive(&args),
        other => {
            // An unreadable capture is the first thing to say.
            drop(capture::open_for(&args.capture, args.api.profile()?).map_err(unreadable)?);
            let problem = other.map_or_else(
                || format!("{} has no extension", args.output.display()),
                |other| format!("unknown format `{other}`"),
            );
            Err(CliError::new(format!(
                "{problem}; use the extension .poscert or .har, or pass --format poscert or har"
            )))
        }
    }
}

fn unreadable(error: capture::CaptureError) -> CliError {
    CliError::new(error.to_string())
}

fn as_har(args: &Args) -> Result<Exit, CliError> {
    let capture = capture::open_for(&args.capture, args.api.profile()?).map_err(unreadable)?;
    write_whole(&args.output, |out| {
        let written = if args.strip_bodies {
            har::export::write_stripped(&capture, out)
        } else {
            har::export::write(&capture, out)
        };
        written.map_err(unreadable)
    })?;
    eprintln!("{} exchanges written to {}", capture.exchanges, args.output.display());
    Ok(Exit::Passed)
}

fn as_archive(args: &Args) -> Result<Exit, CliError> {
    if args.strip_bodies {
        return Err(CliError::new("an archive contains the records unchanged; --strip-bodies works only with .har"));
    }
    let rules = verify_input::load_rules(args.rules.as_deref(), args.api.profile()?)?;
    let capture = capture::open_for(&args.capture, args.api.profile()?).map_err(unreadable)?;
    // Check first: no key is created for a capture that cannot be signed.
    if capture.live {
        let name = args.capture.display();
        return Err(CliError::new(format!("a recorder is writing to {name}; stop the recorder first")));
    }
    drop(capture.log().map_err(unreadable)?);
    let key = signing_key::open(args.key.as_deref())?;
    for remark in &capture.remarks {
        eprintln!("poscert: {}: {remark}", args.capture.display());
    }
    let bar = progress(&capture);
    write_whole(&args.output, |out| {
        let done = |records| bar.set_position(records);
        archive::write(&capture, &rule_files(&rules), &key, out, done).map(drop).map_err(unreadable)
    })?;
    bar.finish_and_clear();
    let (file, head) = (args.output.display(), capture.head);
    eprintln!("{} exchanges ({} records) written to {file}", capture.exchanges, head.count);
    eprintln!("  content digest {}", head.digest);
    eprintln!("  signed by {}", key.public().fingerprint());
    if !capture.complete {
        eprintln!("  The capture is incomplete: its verdict can never be `passed`.");
    }
    Ok(Exit::Passed)
}

/// The rule files for an archive.
pub(super) fn rule_files(rules: &RuleSet) -> Vec<archive::RuleFile> {
    rules.files.iter().map(|(name, text)| (name.clone(), text.clone().into_bytes())).collect()
}

/// A progress bar on standard error, if that is a terminal.
fn progress(capture: &Capture) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(capture.head.count), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("  writing {bar:40} {pos} of {len} records, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Writes a file atomically: to a temporary file in the same directory, then by rename.
pub(super) fn write_whole(
    file: &Path,
    write: impl FnOnce(&mut BufWriter<&mut std::fs::File>) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let unwritable = |error: std::io::Error| {
        CliError::new(format!(
            "cannot write {}: {}; choose another file",
            file.display(),
            crate::seal::io_reason(&error)
        ))
    };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut draft = tempfile::NamedTempFile::new_in(folder).map_err(unwritable)?;
    let mut out = BufWriter::new(draft.as_file_mut());
    write(&mut out)?;
    out.flush().map_err(unwritable)?;
    drop(out);
    draft.as_file().sync_all().map_err(unwritable)?;
    draft.persist(file).map_err(|error| unwritable(error.error))?;
    Ok(())
}
