//! Files that hold a secret: readable by their owner alone from the moment they exist, made once and never written over.
//!
//! The sentences say what could not be done with which file; the caller adds the next step, which depends on the
//! option that names the place.

use super::bounded_read;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Longer than what is kept private in a file of its own, in bytes.
const LONGEST: u64 = 64 * 1024;

/// A place in this user's data folder: `$XDG_DATA_HOME/poscert/PLACE`, else `~/.local/share/poscert/PLACE`; `None`
/// where there is neither.
pub fn data_place(place: &str) -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    data.map(|data| data.join("poscert").join(place))
}

/// Makes a folder, and those above it, for its owner alone.
///
/// # Errors
/// A sentence that names the folder.
pub fn make_dir(what: &str, dir: &Path) -> Result<(), String> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| failed("make", what, dir, &error))
}

/// Reads a private file; `None` where there is none yet. One that others may read is refused.
///
/// # Errors
/// A sentence that names the file.
pub fn read(what: &str, path: &Path) -> Result<Option<String>, String> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", what, path, &error)),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let path = path.display();
            return Err(format!("{what} {path} can be read by others (mode {mode:03o}): run `chmod 600 {path}`"));
        }
    }
    #[cfg(not(unix))]
    let _ = metadata;
    bounded_read::read_text(path, LONGEST).map(Some).map_err(|error| failed("read", what, path, &error))
}

/// Puts a private file in its place, unless another process was faster; both then read the same one.
///
/// # Errors
/// A sentence that names the file.
pub fn put(what: &str, path: &Path, text: &str) -> Result<(), String> {
    let draft = sibling(path);
    write_new(&draft, text.as_bytes(), 0o600).map_err(|error| failed("write", what, &draft, &error))?;
    let linked = fs::hard_link(&draft, path);
    let _ = fs::remove_file(&draft);
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed("write", what, path, &error)),
        _ => Ok(()),
    }
}

/// Writes a file for everyone, by rename, if it does not hold these bytes already.
///
/// # Errors
/// A sentence that names the file.
pub fn put_public(what: &str, path: &Path, bytes: &[u8]) -> Result<(), String> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let draft = sibling(path);
    write_new(&draft, bytes, 0o644)
        .and_then(|()| fs::rename(&draft, path))
        .map_err(|error| failed("write", what, path, &error))
}

/// A file name of its own beside a path.
fn sibling(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", uuid::Uuid::new_v4()));
    PathBuf::from(name)
}

/// Writes a new file of this mode.
///
/// # Errors
/// Where it is there already or cannot be written.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = create_new(path, mode)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a new file of this mode.
///
/// # Errors
/// Where it is there already or cannot be made.
pub fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.open(path)
}

/// Writes a file, and what was in it is gone. A new one is for its owner alone, whatever the process's mask; one that is
/// there keeps its mode, and a device or a pipe is written to as it is.
///
/// # Errors
/// Where it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

fn failed(doing: &str, what: &str, path: &Path, error: &io::Error) -> String {
    format!("cannot {doing} {what} {}: {error}", path.display())
}
