//! Files and directories that only their owner can read, from the moment of creation.

use crate::seal::bounded_read;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Creates a directory with mode 0700; missing parents get the default mode.
pub(super) fn make_dir(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Checks that the path is a regular file. Opening a pipe blocks until its other end is opened, reading a device may
/// never end, and a symbolic link leads elsewhere.
fn regular(path: &Path) -> io::Result<std::fs::Metadata> {
    let metadata = std::fs::symlink_metadata(path)?;
    if metadata.is_file() {
        return Ok(metadata);
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, format!("{} is not a regular file", path.display())))
}

/// Opens a regular file for reading.
pub(super) fn open_to_read(path: &Path) -> io::Result<File> {
    regular(path)?;
    File::open(path)
}

/// Reads a regular file of at most `limit` bytes.
pub(super) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    regular(path)?;
    bounded_read::read(path, limit)
}

/// Opens a file for reading and writing; creates it with mode 0600 if it does not exist.
pub(super) fn open(path: &Path) -> io::Result<File> {
    if std::fs::symlink_metadata(path).is_ok() {
        regular(path)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Removes all permissions of group and others from a directory and its files. sled creates files with the process's
/// umask inside a directory that only the owner can enter; this is defence in depth.
pub(super) fn close_to_others(dir: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            let mode = if entry.file_type()?.is_dir() { 0o700 } else { 0o600 };
            if entry.metadata()?.permissions().mode() & 0o777 != mode {
                std::fs::set_permissions(entry.path(), PermissionsExt::from_mode(mode))?;
            }
        }
        std::fs::set_permissions(dir, PermissionsExt::from_mode(0o700))?;
    }
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

/// Replaces a file atomically: a reader sees the old or the new content, complete. With `sync` it also survives a
/// power failure.
pub(super) fn replace(path: &Path, content: &[u8], sync: bool) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = open(&new)?;
    file.set_len(0)?;
    file.write_all(content)?;
    if sync {
        file.sync_all()?;
    }
    std::fs::rename(&new, path)?;
    match path.parent().filter(|_| sync) {
        Some(dir) => sync_dir(dir),
        None => Ok(()),
    }
}

/// Syncs the entries of a directory, so that they survive a power failure.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

/// Syncs a directory and everything in it.
pub(super) fn sync_tree(dir: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            open_to_read(&entry.path())?.sync_all()?;
        }
    }
    sync_dir(dir)
}

/// Copies the files whose names are `wanted`, and the subdirectory `folder`, from an untrusted directory. Anything
/// else than regular files and that subdirectory is refused, and so are more than `limit` bytes in all. Returns how
/// many bytes of the limit are left.
pub(super) fn copy(
    from: &Path,
    to: &Path,
    folder: Option<&str>,
    wanted: fn(&str) -> bool,
    limit: u64,
) -> io::Result<u64> {
    make_dir(to)?;
    let mut rest = limit;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let (name, target) = (name.to_string_lossy(), to.join(&name));
        if entry.file_type()?.is_dir() && folder == Some(&name) {
            rest = copy(&entry.path(), &target, None, wanted, rest)?;
            continue;
        }
        let length = regular(&entry.path())?.len();
        if !wanted(&name) {
            continue;
        }
        let too_long = || io::Error::new(io::ErrorKind::InvalidData, format!("it has more than {limit} bytes"));
        rest = rest.checked_sub(length).ok_or_else(too_long)?;
        // Not `fs::copy`, which copies the mode too: the copy of a read-only file must be writable.
        copy_with_holes(open_to_read(&entry.path())?.take(length), &open(&target)?)?;
    }
    Ok(rest)
}

/// Copies content; blocks of zeros become holes.
fn copy_with_holes(mut from: impl Read, mut to: &File) -> io::Result<()> {
    let mut length = 0;
    loop {
        let mut piece = Vec::new();
        from.by_ref().take(64 * 1024).read_to_end(&mut piece)?;
        if piece.is_empty() {
            return to.set_len(length);
        }
        length = length.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if piece.iter().all(|byte| *byte == 0) {
            to.seek(SeekFrom::Start(length))?;
        } else {
            to.write_all(&piece)?;
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_regular_files_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link, pipe) = (dir.path().join("file"), dir.path().join("link"), dir.path().join("pipe"));
        std::fs::write(&file, "12345").unwrap();
        symlink("/dev/zero", &link).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(read(&file, 5).unwrap(), b"12345");
        assert!(read(&file, 4).unwrap_err().to_string().contains("more than 4 bytes"));
        for path in [&link, &pipe, &dir.path().to_owned()] {
            for refused in [read(path, 9).map(|_| ()), open_to_read(path).map(|_| ()), open(path).map(|_| ())] {
                assert!(refused.unwrap_err().to_string().contains("not a regular file"), "{}", path.display());
            }
        }
    }

    #[test]
    fn copy_contains_only_wanted_files() {
        let place = tempfile::tempdir().unwrap();
        let from = place.path().join("from");
        std::fs::create_dir_all(from.join("in")).unwrap();
        let content = [vec![0; 200_000], b"x".to_vec(), vec![0; 100_000]].concat();
        for name in ["a", "in/a", "b"] {
            std::fs::write(from.join(name), &content).unwrap();
        }
        let copied = |to: &str, limit| copy(&from, &place.path().join(to), Some("in"), |name| name == "a", limit);
        assert_eq!(copied("to", 600_002).unwrap(), 0);
        for name in ["a", "in/a"] {
            assert_eq!(std::fs::read(place.path().join("to").join(name)).unwrap(), content);
        }
        assert!(!place.path().join("to/b").exists());
        assert!(copied("short", 600_001).unwrap_err().to_string().contains("more than"));
        symlink("/", from.join("in/root")).unwrap();
        assert!(copied("other", 1_000_000).unwrap_err().to_string().contains("in/root is not a regular file"));
    }
}
