//! The CA's folder: the private file is readable by its owner alone from its creation on, the others are for everyone.

use super::PkiError;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
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
        }
    }
}

/// The folder where nobody names one: `$XDG_DATA_HOME/poscert/ca`, else `~/.local/share/poscert/ca`.
pub fn default_dir() -> Result<PathBuf, PkiError> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    data.map(|data| data.join("poscert/ca")).ok_or_else(|| {
        PkiError("there is no home directory to keep the CA in: set POSCERT_CA_DIR or use --ca-dir".to_owned())
    })
}

/// Makes the folder, for its owner alone.
pub fn make_dir(dir: &Path) -> Result<(), PkiError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|e| failed("make the CA's folder", dir, &e))
}

/// Reads the private file; `None` where there is none yet. One that others may read is refused.
pub fn read_private(path: &Path) -> Result<Option<String>, PkiError> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read the CA's key", path, &error)),
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let path = path.display();
        return Err(PkiError(format!(
            "the CA's key {path} can be read by others (mode {mode:03o}): run `chmod 600 {path}`, or delete the folder to get a new CA"
        )));
    }
    fs::read_to_string(path).map(Some).map_err(|e| failed("read the CA's key", path, &e))
}

/// Puts the private file in its place, unless another process was faster; both then read the same one.
pub fn put_private(path: &Path, text: &str) -> Result<(), PkiError> {
    let draft = sibling(path);
    write_new(&draft, text.as_bytes(), 0o600).map_err(|e| failed("write the CA's key", &draft, &e))?;
    let linked = fs::hard_link(&draft, path);
    let _ = fs::remove_file(&draft);
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed("write the CA's key", path, &error)),
        _ => Ok(()),
    }
}

/// Writes a file for everyone, by rename, if it does not hold these bytes already.
pub fn put_public(path: &Path, bytes: &[u8]) -> Result<(), PkiError> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let draft = sibling(path);
    write_new(&draft, bytes, 0o644)
        .and_then(|()| fs::rename(&draft, path))
        .map_err(|e| failed("write a certificate", path, &e))
}

/// A file name of its own beside a path.
fn sibling(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", uuid::Uuid::new_v4()));
    PathBuf::from(name)
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> PkiError {
    PkiError(format!("cannot {what} {}: {error}; choose another folder with --ca-dir", path.display()))
}
