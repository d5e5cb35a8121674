//! The CA's directory. Its private file is created with mode 0600; the other files are public.

use super::PkiError;
use crate::seal::secret_file;
use std::path::{Path, PathBuf};

/// The paths of the CA's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaFiles {
    /// The directory.
    pub dir: PathBuf,
    /// Key and certificate in one file, mode 0600.
    pub private: PathBuf,
    /// The certificate as PEM.
    pub pem: PathBuf,
    /// The certificate as DER, with the extension that Windows and Android open.
    pub der: PathBuf,
    /// The CA and the system's roots in one PEM file, for variables that replace the system's list.
    pub bundle: PathBuf,
    /// The same certificates as a Java truststore.
    pub truststore: PathBuf,
    /// A directory of PHP settings that point to the bundle.
    pub php: PathBuf,
}

impl CaFiles {
    /// The paths in this directory.
    pub fn within(dir: &Path) -> CaFiles {
        CaFiles {
            dir: dir.to_owned(),
            private: dir.join("ca-private.pem"),
            pem: dir.join("ca.pem"),
            der: dir.join("ca.crt"),
            bundle: dir.join("bundle.pem"),
            truststore: dir.join("truststore.jks"),
            php: dir.join("php"),
        }
    }
}

/// The default directory: `$XDG_DATA_HOME/poscert/ca`, else `~/.local/share/poscert/ca`.
pub fn default_dir() -> Result<PathBuf, PkiError> {
    secret_file::data_place("ca").ok_or_else(|| {
        PkiError("no home directory found to store the CA in; set POSCERT_CA_DIR or pass --ca-dir".to_owned())
    })
}

/// Creates the directory with mode 0700.
pub(super) fn make_dir(dir: &Path) -> Result<(), PkiError> {
    secret_file::make_dir("the CA directory", dir).map_err(or_elsewhere)
}

/// Reads the private file; `None` if it does not exist. A file that other users can read is refused.
pub(super) fn read_private(path: &Path) -> Result<Option<String>, PkiError> {
    secret_file::read("the CA key", path).map_err(or_elsewhere)
}

/// Creates the private file atomically. If another process created it first, that file is kept.
pub(super) fn put_private(path: &Path, text: &str) -> Result<(), PkiError> {
    secret_file::put("the CA key", path, text).map_err(or_elsewhere)
}

/// Writes a public file by rename, unless it already has this content.
pub(super) fn put_public(path: &Path, bytes: &[u8]) -> Result<(), PkiError> {
    secret_file::put_public("a certificate", path, bytes).map_err(or_elsewhere)
}

fn or_elsewhere(sentence: String) -> PkiError {
    PkiError(format!("{sentence}; or choose another directory with --ca-dir"))
}
