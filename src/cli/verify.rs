//! `poscert verify`.

use super::{Exit, Failure};
use std::path::Path;

/// Arguments of `poscert verify`.
#[derive(clap::Args)]
pub struct Args {}

pub fn run(_args: Args) -> Result<Exit, Failure> {
    Err(Failure::not_yet("`verify`"))
}

/// The verdict on what `record -- CMD` has recorded.
pub fn verify_after_recording(_capture: &Path) -> Result<Exit, Failure> {
    Err(Failure::not_yet("`verify`"))
}
