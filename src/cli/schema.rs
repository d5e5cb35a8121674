//! `poscert schema`: the JSON Schema of the files that users write, for editors.

use super::{CliError, Exit};
use crate::certify::identification::Identification;
use crate::profile::ProfileFile;
use crate::rules::schema;

/// Arguments of `poscert schema`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  poscert schema rules > rules.schema.json\n\n\
                        With the line `#:schema ./rules.schema.json` at the top of a rule file, editors with a TOML\n\
                        language server (taplo) complete its keys and mark mistakes.")]
pub(super) struct Args {
    /// The kind of file
    file: FileKind,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum FileKind {
    /// A rule file
    Rules,
    /// The profile of an API
    Profile,
    /// A session file of `poscert certify`
    Session,
}

pub(super) fn run(args: &Args) -> Result<Exit, CliError> {
    let schema = match args.file {
        FileKind::Rules => schema::of_rule_file(),
        FileKind::Profile => schema::titled::<ProfileFile>("Profile of an API for poscert"),
        FileKind::Session => schema::titled::<Identification>("Session file of poscert certify"),
    };
    super::print(&format!("{:#}\n", schema.as_value()))?;
    Ok(Exit::Passed)
}
