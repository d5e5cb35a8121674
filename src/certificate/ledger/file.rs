//! The ledger's file: locked while it is read or written, synced before anybody is told, mended where a crash cut it.

use super::log::{self, Lines};
use super::{Entry, LedgerEvent};
use crate::certificate::date;
use crate::seal::secret_file;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const WHAT: &str = "the ledger";
/// What to do where it cannot be written.
const NEXT: &str = "make the place writable, or name another with --ledger FILE";
/// How long another process may hold the lock.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest ledger that is read, in bytes: some hundred thousand entries.
const LARGEST: u64 = 256 * 1024 * 1024;

/// A ledger as it was read.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// Where it lies.
    pub path: PathBuf,
    /// What stands in it.
    pub lines: Lines,
    /// What a reader should know, a sentence each.
    pub notes: Vec<String>,
}

/// Where the ledger lies that nobody names.
pub fn default_place() -> Option<PathBuf> {
    secret_file::data_place("ledger.jsonl")
}

/// The file beside it that says how many entries there must be.
pub fn head_place(path: &Path) -> PathBuf {
    beside(path, ".head")
}

/// The file beside it that keeps what was cut off.
fn torn_place(path: &Path) -> PathBuf {
    beside(path, ".torn")
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

impl Ledger {
    /// Reads a ledger, which is empty where there is none; nothing is written.
    ///
    /// # Errors
    /// A sentence with the line, where it cannot be read or does not hang together.
    pub fn read(path: &Path) -> Result<Ledger, String> {
        let mut bytes = Vec::new();
        let file = match File::open(path) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(format!("{WHAT} {} cannot be read: {error}", path.display())),
        };
        if let Some(file) = &file {
            wait(path, || file.try_lock_shared())?;
            bytes = content(path, file)?;
        }
        let lines = checked(path, &bytes)?;
        let mut notes: Vec<String> = uncounted(path, &lines).into_iter().collect();
        if !lines.torn.is_empty() {
            notes.push(format!(
                "the writing of an entry to {} was cut off, and it does not count: do again what was done last",
                path.display()
            ));
        }
        Ok(Ledger { path: path.to_owned(), lines, notes })
    }

    /// Adds an entry, dated now, and is back when it is on the disk. What a crash left unfinished is mended first, and the
    /// notes say so. `act` decides on what stands in the ledger; without an act, nothing is added.
    ///
    /// # Errors
    /// A sentence where the ledger cannot be read or written, does not hang together, or `act` refuses.
    pub fn add(
        path: &Path,
        act: impl FnOnce(&[Entry]) -> Result<Option<LedgerEvent>, String>,
    ) -> Result<Ledger, String> {
        folder(path)?;
        let unwritable = |error: std::io::Error| unwritable(path, &error);
        let (mut file, mut ledger) = Ledger::opened(path)?;
        let Some(act) = act(&ledger.lines.entries)? else { return Ok(ledger) };
        ledger.mend(&mut file).map_err(unwritable)?;
        // The head stands before the first entry does: entries without a head are damage.
        ledger.count()?;
        let entry = Entry { number: ledger.lines.head.count.saturating_add(1), entered: date::now(), act };
        let (line, head) = log::line(&entry, ledger.lines.head)?;
        let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_all());
        if let Err(error) = written {
            // What got there of it is nothing that anybody was told of.
            let _ = file.set_len(ledger.lines.whole as u64);
            return Err(unwritable(error));
        }
        ledger.lines.entries.push(entry);
        ledger.lines.head = head;
        ledger.lines.whole = ledger.lines.whole.saturating_add(line.len());
        ledger.count()?;
        Ok(ledger)
    }

    /// Whether an entry could be added: the folder is made and takes files, and a ledger that is there hangs together and is
    /// nobody else's at the moment. None is made where there is none.
    ///
    /// # Errors
    /// As [`Ledger::add`].
    pub fn ready(path: &Path) -> Result<(), String> {
        let folder = folder(path)?;
        match std::fs::symlink_metadata(path) {
            Ok(_) => drop(Ledger::opened(path)?),
            // Where it is gone and its head is not, that is damage.
            Err(_) => drop(checked(path, &[])?),
        }
        // The head takes its place by a file beside it.
        let draft = tempfile::Builder::new().prefix(".ledger-").tempfile_in(folder);
        draft.map(drop).map_err(|error| unwritable(path, &error))
    }

    /// Opened for appending, locked and read.
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

    /// Brings a file that a crash cut back to whole lines. What does not count is put aside, not thrown away.
    fn mend(&mut self, file: &mut File) -> std::io::Result<()> {
        if self.lines.unbroken {
            file.write_all(b"\n")?;
            self.lines.whole = self.lines.whole.saturating_add(1);
            self.lines.unbroken = false;
        }
        if !self.lines.torn.is_empty() {
            let aside = torn_place(&self.path);
            let mut kept = OpenOptions::new();
            kept.append(true).create(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut kept, 0o600);
            let mut kept = kept.open(&aside)?;
            kept.write_all(&[self.lines.torn.as_slice(), b"\n"].concat())?;
            kept.sync_all()?;
            file.set_len(self.lines.whole as u64)?;
            file.seek(SeekFrom::End(0))?;
            file.sync_all()?;
            self.lines.torn.clear();
            self.notes.push(format!(
                "the writing of an entry to {} had been cut off; its beginning was put aside into {}",
                self.path.display(),
                aside.display()
            ));
        }
        Ok(())
    }

    /// Writes how many entries there are.
    fn count(&mut self) -> Result<(), String> {
        let text = log::head_text(self.lines.head);
        let put = secret_file::put_public("the ledger's head", &head_place(&self.path), text.as_bytes());
        put.map_err(|why| format!("{why}; {NEXT}"))?;
        self.lines.uncounted = 0;
        Ok(())
    }
}

/// The folder that the ledger lies in, made where it is not there.
fn folder(path: &Path) -> Result<&Path, String> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            let made = secret_file::make_dir("the folder of the ledger", folder);
            made.map(|()| folder).map_err(|why| format!("{why}; {NEXT}"))
        }
        _ => Ok(Path::new(".")),
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> String {
    format!("{WHAT} {} cannot be written: {error}; {NEXT}", path.display())
}

/// The lines, held against the head beside them.
fn checked(path: &Path, bytes: &[u8]) -> Result<Lines, String> {
    let place = head_place(path);
    let counted = match std::fs::read_to_string(&place) {
        Ok(text) => Some(log::head_of(&text).ok_or_else(|| {
            format!("{} is not the head of a ledger; bring back the one that belongs to it", place.display())
        })?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(format!("the ledger's head {} cannot be read: {error}", place.display())),
    };
    log::read(bytes, counted).map_err(|why| {
        format!(
            "{WHAT} {} is damaged: {why}; nothing can be said from it: bring back a good copy, with its .head",
            path.display()
        )
    })
}

/// What to know of a last line that the head does not count: a crash explains it, and so does a strange hand.
fn uncounted(path: &Path, lines: &Lines) -> Option<String> {
    let last = lines.entries.last().filter(|_| lines.uncounted > 0)?;
    let why = "whoever entered it was cut off before it was counted, or somebody else added it";
    Some(format!(
        "the last entry of {}, number {}, is not counted in its head: {why}; look at it with `poscert ledger list`",
        path.display(),
        last.number
    ))
}

fn content(path: &Path, file: &File) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = file.take(LARGEST).read_to_end(&mut bytes);
    read.map_err(|error| {
        format!("{WHAT} {} cannot be read: {error}; name another with --ledger FILE", path.display())
    })?;
    if bytes.len() as u64 >= LARGEST {
        return Err(format!("{WHAT} {} has more than {LARGEST} bytes; that is no ledger", path.display()));
    }
    Ok(bytes)
}

/// Takes a lock, which goes when the file is closed.
fn wait(path: &Path, lock: impl Fn() -> Result<(), TryLockError>) -> Result<(), String> {
    let until = Instant::now() + PATIENCE;
    loop {
        match lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
            Err(TryLockError::WouldBlock) => {
                return Err(format!("{WHAT} {} is held by another process; try again when it is done", path.display()));
            }
            Err(TryLockError::Error(error)) => {
                return Err(format!("{WHAT} {} cannot be locked: {error}", path.display()));
            }
        }
    }
}

#[cfg(test)]
mod tests;
