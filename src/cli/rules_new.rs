//! `poscert rules new`: a directory with a rule of one's own and its tests.

use super::{CliError, Exit};
use crate::rules::load::{BUILTIN, TESTS};
use crate::rules::schema;
use std::path::{Path, PathBuf};

/// The rule file with the example.
const HOUSE: (&str, &str) = ("house.toml", include_str!("../../fixtures/house-rules/house.toml"));
/// Its schema, for editors.
const SCHEMA: &str = "rules.schema.json";
/// What the example needs if the built-in files are not there.
const BASE: (&str, &str) = ("base.toml", include_str!("../../fixtures/house-rules/base.toml"));
/// The tests of the example, and their capture.
const EXAMPLES: [(&str, &str); 2] = [
    (TESTS, include_str!("../../fixtures/house-rules/tests.toml")),
    ("payment.har", include_str!("../../fixtures/house-rules/payment.har")),
];

/// Arguments of `poscert rules new`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  poscert rules new house-rules\n  poscert rules test house-rules")]
pub(super) struct Args {
    /// Directory to create; it must be new or empty
    dir: PathBuf,
    /// Copy the built-in rule files too, so that one verdict covers them and yours
    #[arg(long)]
    builtin: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit, CliError> {
    let dir = args.dir.as_path();
    let failed = |what: &str, path: &Path, error: std::io::Error| {
        CliError::new(format!("cannot {what} {}: {error}; choose another directory", path.display()))
    };
    std::fs::create_dir_all(dir).map_err(|error| failed("create", dir, error))?;
    let mut entries = std::fs::read_dir(dir).map_err(|error| failed("read", dir, error))?;
    if entries.next().is_some() {
        return Err(CliError::new(format!("{} is not empty; name a new or an empty directory", dir.display())));
    }
    let schema = format!("{:#}\n", schema::of_rule_file().as_value());
    let below: &[(&str, &str)] = if args.builtin { &BUILTIN } else { &[BASE] };
    for (name, text) in below.iter().chain([&HOUSE, &(SCHEMA, schema.as_str())]).chain(&EXAMPLES) {
        let path = dir.join(name);
        std::fs::write(&path, text).map_err(|error| failed("write", &path, error))?;
    }
    let dir = dir.display();
    super::print(&format!(
        "{dir}/{} has a rule, and {dir}/{TESTS} its tests; next: poscert rules test {dir}\n",
        HOUSE.0
    ))?;
    Ok(Exit::Passed)
}
