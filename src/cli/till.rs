//! `poscert till`.

use super::{Exit, Failure};

/// Arguments of `poscert till`.
#[derive(clap::Args)]
pub struct Args {}

pub fn run(_args: Args) -> Result<Exit, Failure> {
    Err(Failure::not_yet("`till`"))
}
