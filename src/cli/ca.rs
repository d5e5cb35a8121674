//! `poscert ca`: files of the local CA and trust instructions.

use super::local_pages::CHECK;
use super::{CliError, Exit};
use crate::pki::{Authority, default_dir, trust_instructions, truststore, word};
use std::path::{Path, PathBuf};

/// Arguments of `poscert ca`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  poscert ca")]
pub(super) struct Args {
    #[command(flatten)]
    folder: Folder,
}

/// The `--ca-dir` option, shared with `record`.
#[derive(clap::Args)]
pub(super) struct Folder {
    /// Directory of the local CA [default: $XDG_DATA_HOME/poscert/ca or ~/.local/share/poscert/ca]
    #[arg(long, help_heading = "Connection", value_name = "DIR", env = "POSCERT_CA_DIR")]
    ca_dir: Option<PathBuf>,
}

impl Folder {
    /// The directory, if `--ca-dir` was given.
    pub(super) fn named(&self) -> Option<&Path> {
        self.ca_dir.as_deref()
    }

    /// Loads the CA; creates it at first use.
    pub(super) fn open(&self) -> Result<Authority, CliError> {
        let dir = self.ca_dir.clone().map_or_else(default_dir, Ok).map_err(|error| CliError::new(error.0))?;
        let dir = std::path::absolute(&dir).unwrap_or(dir);
        Authority::open(&dir).map_err(|error| CliError::new(error.0))
    }
}

pub(super) fn run(args: Args) -> Result<Exit, CliError> {
    let authority = args.folder.open()?;
    let files = authority.files();
    super::terminal::print(&format!(
        "The local CA, created on this machine for this machine only:\n  \
         certificate (PEM)        {}\n  certificate (DER)        {}\n  \
         with system roots        {}\n  Java truststore (JKS)    {} (password {})\n  private key (keep secret) {}\n\n\
         To check a client while `record` or `certify` runs (not recorded):\n  \
         curl --cacert {} https://{}{CHECK}\n\n\
         Clients that you start yourself (`...` is the rest of the command):\n{}\nWhole machines and devices:\n{}\n\
         To add the certificate to your own Java truststore:\n\
         `keytool -importcert -alias poscert -file {} -keystore FILE`.\n\
         Anyone who can read the CA's key can impersonate any server to clients that trust it: remove the CA from them\n\
         when the certification is over.\n",
        files.pem.display(),
        files.der.display(),
        files.bundle.display(),
        files.truststore.display(),
        truststore::PASSWORD,
        files.private.display(),
        word(&files.pem),
        super::addresses::DEFAULT_LISTEN,
        trust_instructions::text(&trust_instructions::for_clients(files)),
        trust_instructions::text(&trust_instructions::for_machines(files)),
        word(&files.der),
    ));
    Ok(Exit::Passed)
}
