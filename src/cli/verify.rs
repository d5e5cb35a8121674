//! `poscert verify`.

use super::{Exit, Failure};
use crate::verify::Verdict;
use crate::verify::verdict::Outcome;
use std::path::Path;

/// Arguments of `poscert verify`.
#[derive(clap::Args)]
pub struct Args {}

pub fn run(_args: Args) -> Result<Exit, Failure> {
    Err(Failure::not_yet("`verify`"))
}

/// The verdict on a capture by the rules that are built in.
pub(super) fn verify_capture(_path: &Path) -> Result<Verdict, Failure> {
    Err(Failure::not_yet("`verify`"))
}

/// The exit code of an outcome.
pub(super) fn exit_of(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Passed => Exit::Passed,
        Outcome::Failed => Exit::Failed,
        Outcome::Incomplete => Exit::Incomplete,
    }
}
