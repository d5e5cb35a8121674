//! The CA's folder: the private file is readable by its owner alone from its creation on, the others are for everyone.

use super::PkiError;
use crate::seal::secret_file;
use std::path::{Path, PathBuf};

/// Where the CA's files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaFiles {
    /// The folder.
    pub dir: PathBuf,
    /// Key and certificate in one file, mode 0600.
    pub private: PathBuf,
    /// The certificate as PEM.
    pub pem: PathBuf,
    /// The certificate as DER, under the ending that Windows and Android open.
    pub der: PathBuf,
    /// The system's roots and the CA in one PEM file, for variables that replace the system's list.
    pub bundle: PathBuf,
    /// The same certificates as a Java truststore.
    pub truststore: PathBuf,
    /// A folder that PHP scans for settings: it names the bundle.
    pub php: PathBuf,
}

impl CaFiles {
    /// The files in a folder.
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

/// The folder where nobody names one: `$XDG_DATA_HOME/poscert/ca`, else `~/.local/share/poscert/ca`.
pub fn default_dir() -> Result<PathBuf, PkiError> {
    secret_file::data_place("ca").ok_or_else(|| {
        PkiError("there is no home directory to keep the CA in: set POSCERT_CA_DIR or use --ca-dir".to_owned())
    })
}

/// Makes the folder, for its owner alone.
pub fn make_dir(dir: &Path) -> Result<(), PkiError> {
    secret_file::make_dir("the CA's folder", dir).map_err(or_elsewhere)
}

/// Reads the private file; `None` where there is none yet. One that others may read is refused.
pub fn read_private(path: &Path) -> Result<Option<String>, PkiError> {
    secret_file::read("the CA's key", path).map_err(or_elsewhere)
}

/// Puts the private file in its place, unless another process was faster; both then read the same one.
pub fn put_private(path: &Path, text: &str) -> Result<(), PkiError> {
    secret_file::put("the CA's key", path, text).map_err(or_elsewhere)
}

/// Writes a file for everyone, by rename, if it does not hold these bytes already.
pub fn put_public(path: &Path, bytes: &[u8]) -> Result<(), PkiError> {
    secret_file::put_public("a certificate", path, bytes).map_err(or_elsewhere)
}

fn or_elsewhere(sentence: String) -> PkiError {
    PkiError(format!("{sentence}; or choose another folder with --ca-dir"))
}
