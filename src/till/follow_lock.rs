//! The lock between commands of one till: a command that follows a payment hands it over to the next command, so that
//! they never poll it at the same time.
//!
//! The following command holds a lock file next to the state file. Another command creates a request file (`wish`)
//! there and waits for the lock.

use super::ClientError;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The interval at which the request file and the lock are checked.
const TICK: Duration = Duration::from_millis(50);
/// How long to wait for the lock: a payment is handed over between two polls, and a poll may last until its timeout.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Held as long as a command follows a payment.
#[derive(Debug)]
pub(crate) struct Following {
    _lock: File,
    takeover_request: PathBuf,
}

impl Following {
    /// Starts following the open payment of the till with this state file.
    ///
    /// # Errors
    /// [`ClientError::Setup`] if the lock cannot be taken.
    pub(crate) fn begin(memory: &Path) -> Result<Following, ClientError> {
        let (place, takeover_request) = (sibling_path(memory, "lock"), sibling_path(memory, "wish"));
        let lock = open(&place)?;
        lock.try_lock().map_err(|error| unusable(&place, &error.to_string()))?;
        let _ = std::fs::remove_file(&takeover_request);
        Ok(Following { _lock: lock, takeover_request })
    }

    /// Completes when another command wants to take over.
    pub(crate) async fn wanted(&self) {
        while !self.takeover_request.exists() {
            tokio::time::sleep(TICK).await;
        }
    }
}

/// Makes a command that follows a payment of the till with this state file hand it over.
///
/// # Errors
/// [`ClientError::Setup`] if it does not.
pub(crate) async fn take_over(memory: &Path) -> Result<(), ClientError> {
    let (place, takeover_request) = (sibling_path(memory, "lock"), sibling_path(memory, "wish"));
    if !place.exists() {
        return Ok(());
    }
    let lock = open(&place)?;
    let until = Instant::now() + TIMEOUT;
    loop {
        match lock.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < until => {}
            Err(TryLockError::WouldBlock) => {
                let sentence = "another `poscert till` command is still following the payment: end that command first";
                return Err(ClientError::Setup(sentence.to_owned()));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(&place, &error.to_string())),
        }
        open(&takeover_request)?;
        tokio::time::sleep(TICK).await;
    }
    let _ = std::fs::remove_file(&takeover_request);
    Ok(())
}

fn sibling_path(memory: &Path, what: &str) -> PathBuf {
    let mut name = memory.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    PathBuf::from(name)
}

fn open(place: &Path) -> Result<File, ClientError> {
    if let Some(folder) = place.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| unusable(folder, &error.to_string()))?;
    }
    let opened = File::options().create(true).truncate(false).write(true).open(place);
    opened.map_err(|error| unusable(place, &error.to_string()))
}

fn unusable(place: &Path, why: &str) -> ClientError {
    ClientError::Setup(format!("{} cannot be used ({why}): choose another file with --state-file", place.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn following_command_is_asked_to_stop_and_the_next_one_continues() {
        let home = tempfile::tempdir().unwrap();
        let memory = home.path().join("till.json");
        take_over(&memory).await.unwrap();
        let following = Following::begin(&memory).unwrap();
        assert!(Following::begin(&memory).unwrap_err().to_string().contains("till.json.lock"));
        let wished = memory.clone();
        let next = tokio::spawn(async move { take_over(&wished).await });
        following.wanted().await;
        assert!(!next.is_finished());
        drop(following);
        next.await.unwrap().unwrap();
        assert!(!sibling_path(&memory, "wish").exists());
        // A leftover request file without a waiting command is ignored.
        open(&sibling_path(&memory, "wish")).unwrap();
        let again = Following::begin(&memory).unwrap();
        assert!(tokio::time::timeout(TICK * 3, again.wanted()).await.is_err());
    }
}
