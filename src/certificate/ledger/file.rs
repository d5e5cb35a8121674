//! The ledger file: locked while it is read or written, synced before success is reported, repaired after a crash.

use super::log::{self, Lines};
use super::{Entry, LedgerEvent};
use crate::certificate::date;
use crate::seal::{io_reason, secret_file};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const WHAT: &str = "the ledger";
/// The advice if it cannot be written.
const NEXT: &str = "make it writable, or use another with --ledger FILE";
/// How long to wait for the lock.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest ledger that is read, in bytes: some hundred thousand entries.
const LARGEST: u64 = 256 * 1024 * 1024;

/// A ledger.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    pub path: PathBuf,
    pub lines: Lines,
    /// Notes on its state, one sentence each.
    pub notes: Vec<String>,
}

/// The default path of the ledger.
pub(crate) fn default_place() -> Option<PathBuf> {
    secret_file::data_place("ledger.jsonl")
}

/// The path of the head file, next to the ledger.
pub(crate) fn head_place(path: &Path) -> PathBuf {
    sibling_path(path, ".head")
}

/// The path of the file for incomplete entries, next to the ledger.
fn torn_place(path: &Path) -> PathBuf {
    sibling_path(path, ".torn")
}

fn sibling_path(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

impl Ledger {
    /// Reads a ledger; a missing one is empty. Writes nothing.
    ///
    /// # Errors
    /// The ledger cannot be read or is damaged; the message names the line.
    pub(crate) fn read(path: &Path) -> Result<Ledger, String> {
        let mut bytes = Vec::new();
        let file = match File::open(path) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(format!("cannot read {WHAT} {}: {}", path.display(), io_reason(&error))),
        };
        if let Some(file) = &file {
            wait(path, || file.try_lock_shared())?;
            bytes = content(path, file)?;
        }
        let lines = checked(path, &bytes)?;
        let mut notes: Vec<String> = uncounted(path, &lines).into_iter().collect();
        if !lines.truncated.is_empty() {
            notes.push(format!(
                "the last entry of {} is incomplete and was ignored; repeat the last command",
                path.display()
            ));
        }
        Ok(Ledger { path: path.to_owned(), lines, notes })
    }

    /// Adds an entry with the current time, and returns when it is durable. Repairs the effects of a crash first, and
    /// adds a note about it. `act` decides from the existing entries what to add; `None` adds nothing.
    ///
    /// # Errors
    /// The ledger cannot be read or written, is damaged, or `act` fails.
    pub(crate) fn add(
        path: &Path,
        act: impl FnOnce(&[Entry]) -> Result<Option<LedgerEvent>, String>,
    ) -> Result<Ledger, String> {
        folder(path)?;
        let unwritable = |error: std::io::Error| unwritable(path, &error);
        let (mut file, mut ledger) = Ledger::opened(path)?;
        let Some(act) = act(&ledger.lines.entries)? else { return Ok(ledger) };
        ledger.repair(&mut file).map_err(unwritable)?;
        // The head file is written before the first entry: entries without a head file are damage.
        ledger.count()?;
        let entry = Entry { number: ledger.lines.head.count.saturating_add(1), entered: date::now(), act };
        let (line, head) = log::line(&entry, ledger.lines.head)?;
        let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_all());
        if let Err(error) = written {
            // Success was not reported, so what was written of the entry can be removed.
            let _ = file.set_len(ledger.lines.whole as u64);
            return Err(unwritable(error));
        }
        ledger.lines.entries.push(entry);
        ledger.lines.head = head;
        ledger.lines.whole = ledger.lines.whole.saturating_add(line.len());
        ledger.count()?;
        Ok(ledger)
    }

    /// Checks that an entry can be added: the directory is created and writable, and an existing ledger is intact and
    /// can be locked. Does not create a ledger.
    ///
    /// # Errors
    /// As for [`Ledger::add`].
    pub(crate) fn ready(path: &Path) -> Result<(), String> {
        let folder = folder(path)?;
        match std::fs::symlink_metadata(path) {
            Ok(_) => drop(Ledger::opened(path)?),
            // A missing ledger with an existing head file is damage.
            Err(_) => drop(checked(path, &[])?),
        }
        // The head file is replaced by renaming a temporary file.
        let draft = tempfile::Builder::new().prefix(".ledger-").tempfile_in(folder);
        draft.map(drop).map_err(|error| unwritable(path, &error))
    }

    /// Opens a ledger for appending, locks and reads it.
    fn opened(path: &Path) -> Result<(File, Ledger), String> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|error| unwritable(path, &error))?;
        wait(path, || file.try_lock())?;
        let bytes = content(path, &file)?;
        let lines = checked(path, &bytes)?;
        let notes = uncounted(path, &lines).into_iter().collect();
        Ok((file, Ledger { path: path.to_owned(), lines, notes }))
    }

    /// Repairs a file after a crash, back to complete lines. An incomplete entry is moved to another file.
    fn repair(&mut self, file: &mut File) -> std::io::Result<()> {
        if self.lines.unbroken {
            file.write_all(b"\n")?;
            self.lines.whole = self.lines.whole.saturating_add(1);
            self.lines.unbroken = false;
        }
        if !self.lines.truncated.is_empty() {
            let aside = torn_place(&self.path);
            let mut kept = OpenOptions::new();
            kept.append(true).create(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut kept, 0o600);
            let mut kept = kept.open(&aside)?;
            kept.write_all(&[self.lines.truncated.as_slice(), b"\n"].concat())?;
            kept.sync_all()?;
            file.set_len(self.lines.whole as u64)?;
            file.seek(SeekFrom::End(0))?;
            file.sync_all()?;
            self.lines.truncated.clear();
            self.notes.push(format!(
                "the last entry of {} was incomplete and was moved to {}",
                self.path.display(),
                aside.display()
            ));
        }
        Ok(())
    }

    /// Writes the head file.
    fn count(&mut self) -> Result<(), String> {
        let text = log::head_text(self.lines.head);
        let put = secret_file::put_public("the ledger's head", &head_place(&self.path), text.as_bytes());
        put.map_err(|why| format!("{why}; {NEXT}"))?;
        self.lines.uncounted = 0;
        Ok(())
    }
}

/// The directory of the ledger, created if missing.
fn folder(path: &Path) -> Result<&Path, String> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            let made = secret_file::make_dir("the directory of the ledger", folder);
            made.map(|()| folder).map_err(|why| format!("{why}; {NEXT}"))
        }
        _ => Ok(Path::new(".")),
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> String {
    format!("cannot write {WHAT} {}: {}; {NEXT}", path.display(), io_reason(error))
}

/// The lines, checked against the head file.
fn checked(path: &Path, bytes: &[u8]) -> Result<Lines, String> {
    let place = head_place(path);
    let counted = match std::fs::read_to_string(&place) {
        Ok(text) => Some(
            log::head_of(&text)
                .ok_or_else(|| format!("{} is not the head file of a ledger; restore the original", place.display()))?,
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            return Err(format!("cannot read the ledger's head file {}: {}", place.display(), io_reason(&error)));
        }
    };
    log::read(bytes, counted).map_err(|why| {
        format!("{WHAT} {} is damaged: {why}; restore a good copy together with its .head file", path.display())
    })
}

/// A note on a last line that the head file does not count: after a crash, or added by another program.
fn uncounted(path: &Path, lines: &Lines) -> Option<String> {
    let last = lines.entries.last().filter(|_| lines.uncounted > 0)?;
    let why = "the writer crashed before updating it, or another program added the entry";
    Some(format!(
        "the last entry of {}, number {}, is not counted in its head file: {why}; check it with `poscert ledger list`",
        path.display(),
        last.number
    ))
}

fn content(path: &Path, file: &File) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = file.take(LARGEST).read_to_end(&mut bytes);
    read.map_err(|error| {
        format!("cannot read {WHAT} {}: {}; use another with --ledger FILE", path.display(), io_reason(&error))
    })?;
    if bytes.len() as u64 >= LARGEST {
        return Err(format!("{WHAT} {} has more than {LARGEST} bytes and is not a ledger", path.display()));
    }
    Ok(bytes)
}

/// Waits for a lock, which is released when the file is closed.
fn wait(path: &Path, lock: impl Fn() -> Result<(), TryLockError>) -> Result<(), String> {
    let until = Instant::now() + TIMEOUT;
    loop {
        match lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
            Err(TryLockError::WouldBlock) => {
                return Err(format!("{WHAT} {} is locked by another process; try again later", path.display()));
            }
            Err(TryLockError::Error(error)) => {
                return Err(format!("cannot lock {WHAT} {}: {error}", path.display()));
            }
        }
    }
}

#[cfg(test)]
mod tests;
