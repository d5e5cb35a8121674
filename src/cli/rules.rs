//! `poscert rules`.

use super::{Exit, Failure};

/// Arguments of `poscert rules`.
#[derive(clap::Args)]
pub struct Args {}

pub fn run(_args: Args) -> Result<Exit, Failure> {
    Err(Failure::not_yet("`rules`"))
}
