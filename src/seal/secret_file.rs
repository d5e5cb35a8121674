//! Files that contain a secret: created with mode 0600 and never overwritten.
//!
//! The error messages name the operation and the file. The caller adds the next step, because it depends on the
//! option that sets the path.

use super::bounded_read;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The size limit of a secret file in bytes; real ones are much shorter.
const LONGEST: u64 = 64 * 1024;

/// A path in the user's data directory: `$XDG_DATA_HOME/poscert/PLACE`, else `~/.local/share/poscert/PLACE`; `None`
/// if neither variable holds an absolute path.
pub(crate) fn data_place(place: &str) -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    data.map(|data| data.join("poscert").join(place))
}

/// Creates a directory and its parents with mode 0700.
///
/// # Errors
/// A message that names the directory.
pub(crate) fn make_dir(what: &str, dir: &Path) -> Result<(), String> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| failed("create", what, dir, &error))
}

/// Reads a secret file; `None` if it does not exist. A file that other users can read is refused.
///
/// # Errors
/// A message that names the file.
pub(crate) fn read(what: &str, path: &Path) -> Result<Option<String>, String> {
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
            return Err(format!("{what} {path} is readable by other users (mode {mode:03o}); run `chmod 600 {path}`"));
        }
    }
    #[cfg(not(unix))]
    let _ = metadata;
    bounded_read::read_text(path, LONGEST).map(Some).map_err(|error| failed("read", what, path, &error))
}

/// Creates a secret file atomically. If another process created it first, that file is kept.
///
/// # Errors
/// A message that names the file.
pub(crate) fn put(what: &str, path: &Path, text: &str) -> Result<(), String> {
    let draft = sibling(path);
    write_new(&draft, text.as_bytes(), 0o600).map_err(|error| failed("write", what, &draft, &error))?;
    let linked = fs::hard_link(&draft, path);
    let _ = fs::remove_file(&draft);
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed("write", what, path, &error)),
        _ => Ok(()),
    }
}

/// Writes a public file by rename, unless it already has this content.
///
/// # Errors
/// A message that names the file.
pub(crate) fn put_public(what: &str, path: &Path, bytes: &[u8]) -> Result<(), String> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let draft = sibling(path);
    write_new(&draft, bytes, 0o644)
        .and_then(|()| fs::rename(&draft, path))
        .map_err(|error| failed("write", what, path, &error))
}

/// A unique temporary path next to `path`.
fn sibling(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", uuid::Uuid::new_v4()));
    PathBuf::from(name)
}

/// Writes and syncs a new file with this mode.
///
/// # Errors
/// If the file exists or cannot be written.
pub(crate) fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = create_new(path, mode)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Creates a new file with this mode.
///
/// # Errors
/// If the file exists or cannot be created.
pub(crate) fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.open(path)
}

/// Writes a file and replaces its content. A new file gets mode 0600; an existing file keeps its mode. A device or a
/// pipe is written to directly.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

fn failed(doing: &str, what: &str, path: &Path, error: &io::Error) -> String {
    format!("cannot {doing} {what} {}: {}", path.display(), super::io_reason(error))
}
