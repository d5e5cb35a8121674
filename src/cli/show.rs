//! `poscert show`: the exchanges of a capture, one per line or in full.

mod detail;
mod json;
mod list;
mod sanitize;

use super::api_arg::ApiArg;
use super::{CliError, Exit};
use crate::capture::{self, Capture, Exchange, Record, scratch};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

/// Arguments of `poscert show`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  poscert show capture                 all exchanges, one per line
  poscert show capture 12              exchange 12 in full
  poscert show session.har 10..20      exchanges 10 to 20, one per line
  poscert show capture --json | jq 'select(.record == \"exchange\") | .answer.status'")]
pub(super) struct Args {
    /// Capture directory, signed archive or HAR file
    #[arg(env = "POSCERT_CAPTURE")]
    capture: PathBuf,
    /// Exchange to show in full, or first and last exchange to list
    #[arg(value_name = "N or N..M", value_parser = Range::parse)]
    range: Option<Range>,
    /// Print one JSON object per record, one per line
    #[arg(long)]
    json: bool,
    /// Show the readable records of a damaged capture
    #[arg(long)]
    salvage: bool,
    #[command(flatten)]
    api: ApiArg,
}

/// A selection of exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    One(u64),
    /// Inclusive.
    Many(u64, u64),
}

impl Range {
    fn parse(text: &str) -> Result<Range, String> {
        let wrong = || "expected a number like 12 or a range like 10..20, starting at 1".to_owned();
        let number = |text: &str| text.parse::<u64>().ok().filter(|n| *n > 0).ok_or_else(wrong);
        match text.split_once("..") {
            None => Ok(Range::One(number(text)?)),
            Some((first, last)) => {
                let first = if first.is_empty() { 1 } else { number(first)? };
                let last = last.strip_prefix('=').unwrap_or(last);
                let last = if last.is_empty() { u64::MAX } else { number(last)? };
                if first <= last { Ok(Range::Many(first, last)) } else { Err(wrong()) }
            }
        }
    }

    fn holds(self, number: u64) -> bool {
        match self {
            Range::One(one) => number == one,
            Range::Many(first, last) => (first..=last).contains(&number),
        }
    }
}

/// Runs `poscert show`.
pub(super) fn run(args: Args) -> Result<Exit, CliError> {
    let open = if args.salvage { capture::open_or_salvage } else { capture::open_for };
    let capture = open(&args.capture, args.api.profile()?).map_err(|error| CliError::new(error.message))?;
    if scratch::is_scratch(&args.capture) {
        eprintln!("poscert: {}: a scratch capture, which is never verified", args.capture.display());
    }
    for remark in &capture.remarks {
        eprintln!("poscert: {}: {remark}", args.capture.display());
    }
    let mut out = BufWriter::new(io::stdout().lock());
    match print(&args, &capture, &mut out) {
        Ok(()) => Ok(Exit::Passed),
        Err(ShowError::Command(failure)) => Err(failure),
        // The reader closed the pipe.
        Err(ShowError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Passed),
        Err(ShowError::Output(error)) => {
            Err(CliError::new(format!("cannot write to standard output: {error}; check the disk space of its target")))
        }
    }
}

/// Why printing ended.
enum ShowError {
    Command(CliError),
    Output(io::Error),
}

impl From<io::Error> for ShowError {
    fn from(error: io::Error) -> ShowError {
        ShowError::Output(error)
    }
}

fn print(args: &Args, capture: &Capture, out: &mut impl Write) -> Result<(), ShowError> {
    let failed = |error: capture::CaptureError| ShowError::Command(CliError::new(error.message));
    let mut found = false;
    for record in capture.records().map_err(failed)? {
        let record = record.map_err(failed)?;
        let wanted = match (&record, args.range) {
            (Record::Exchange(exchange), Some(range)) => range.holds(exchange.number),
            (_, Some(_)) => false,
            (_, None) => true,
        };
        if !wanted {
            continue;
        }
        if !found && !args.json && !matches!(args.range, Some(Range::One(_))) {
            writeln!(out, "{}", list::HEADER)?;
        }
        found = true;
        match (&record, args.range) {
            _ if args.json => writeln!(out, "{}", json::of(&record))?,
            (Record::Exchange(exchange), Some(Range::One(_))) => detail::write(out, exchange)?,
            _ => writeln!(out, "{}", list::of(&record))?,
        }
    }
    out.flush()?;
    match args.range {
        Some(range) if !found => Err(ShowError::Command(not_there(args, capture, range))),
        _ => Ok(()),
    }
}

fn not_there(args: &Args, capture: &Capture, range: Range) -> CliError {
    let name = args.capture.display();
    let (what, first) = match range {
        Range::One(number) => (format!("exchange {number}"), number),
        Range::Many(first, last) if last < u64::MAX => (format!("an exchange of {first} to {last}"), first),
        Range::Many(first, _) => (format!("an exchange from {first} on"), first),
    };
    if capture.gaps.iter().any(|(from, to)| (*from..=*to).contains(&first)) {
        return CliError::new(format!("{name} does not contain {what}: it was lost when the recorder was killed"));
    }
    CliError::new(format!(
        "{name} does not contain {what}: it contains {} exchanges; `poscert show {name}` lists them",
        capture.exchanges
    ))
}

/// How an exchange ended; `None` if it is complete.
fn ending(exchange: &Exchange) -> Option<String> {
    use capture::record::{EndedBy, Stage};
    let by = match exchange.end.by {
        EndedBy::Complete => return None,
        EndedBy::Client => "the client",
        EndedBy::Backend => "the backend",
        EndedBy::Recorder => "the recorder",
        EndedBy::Unknown => "an unknown side",
    };
    let stage = match exchange.end.stage {
        Stage::Request => "request incomplete",
        Stage::Waiting => "no response delivered",
        Stage::Answer => "response incomplete",
        Stage::Done => "ended after the response",
    };
    let detail = match sanitize::line(&exchange.end.detail) {
        detail if detail.is_empty() => format!("ended by {by}"),
        detail => detail,
    };
    Some(format!("{stage}: {detail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_numbers_from_one() {
        assert_eq!(Range::parse("12"), Ok(Range::One(12)));
        assert_eq!(Range::parse("10..20"), Ok(Range::Many(10, 20)));
        assert_eq!(Range::parse("10..=20"), Ok(Range::Many(10, 20)));
        assert_eq!(Range::parse("10.."), Ok(Range::Many(10, u64::MAX)));
        assert_eq!(Range::parse("..7"), Ok(Range::Many(1, 7)));
        for wrong in ["", "0", "x", "3..2", "-1", "1..x"] {
            assert!(Range::parse(wrong).is_err(), "{wrong}");
        }
    }
}
