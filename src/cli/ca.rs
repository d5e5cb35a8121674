//! `poscert ca`: where the local CA is, and how to make a client trust it.

use super::{CliError, Exit};
use crate::pki::{Authority, default_dir, trust_instructions, truststore, word};
use std::path::{Path, PathBuf};

/// Arguments of `poscert ca`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  poscert ca")]
pub struct Args {
    #[command(flatten)]
    folder: Folder,
}

/// The option that says where the CA is; `record` has it too.
#[derive(clap::Args)]
pub struct Folder {
    /// Folder of the local CA [default: $XDG_DATA_HOME/poscert/ca or ~/.local/share/poscert/ca]
    #[arg(long, value_name = "DIR", env = "POSCERT_CA_DIR")]
    ca_dir: Option<PathBuf>,
}

impl Folder {
    /// The folder, where one was named.
    pub(super) fn named(&self) -> Option<&Path> {
        self.ca_dir.as_deref()
    }

    /// Loads the CA, or makes it.
    pub fn open(&self) -> Result<Authority, CliError> {
        let dir = self.ca_dir.clone().map_or_else(default_dir, Ok).map_err(|error| CliError::new(error.0))?;
        let dir = std::path::absolute(&dir).unwrap_or(dir);
        Authority::open(&dir).map_err(|error| CliError::new(error.0))
    }
}

pub fn run(args: Args) -> Result<Exit, CliError> {
    let authority = args.folder.open()?;
    let files = authority.files();
    super::traffic_log::print(&format!(
        "The local CA, made on this machine and for it alone:\n  \
         certificate (PEM)        {}\n  certificate (DER)        {}\n  \
         with the system's roots  {}\n  the same for Java (JKS)  {} (password {})\n  key (keep it to yourself) {}\n\n\
         Clients that are started by hand (`...` is for the rest of the command):\n{}\nWhole machines and devices:\n{}\n\
         A truststore of your own takes the certificate by `keytool -importcert -alias poscert -file {} -keystore FILE`.\n\
         Whoever trusts this CA trusts whoever can read its key: take it out again when the certification is over.\n",
        files.pem.display(),
        files.der.display(),
        files.bundle.display(),
        files.truststore.display(),
        truststore::PASSWORD,
        files.private.display(),
        trust_instructions::text(&trust_instructions::for_clients(files)),
        trust_instructions::text(&trust_instructions::for_machines(files)),
        word(&files.der),
    ));
    Ok(Exit::Passed)
}
