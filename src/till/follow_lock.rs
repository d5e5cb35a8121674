//! One till, two terminals: a command that follows a payment leaves it to the next command of the same till, so that
//! the two never poll it together.
//!
//! Whoever follows holds a lock beside the memory; whoever wants to go on leaves a wish there and waits for the lock.

use super::ClientError;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often a wish, or the lock, is looked for.
const TICK: Duration = Duration::from_millis(50);
/// A payment that is followed is left between two polls, and a poll may hang until it is given up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A command follows a payment for as long as this is held.
#[derive(Debug)]
pub struct Following {
    _lock: File,
    wish: PathBuf,
}

impl Following {
    /// Begins to follow what the till with this memory has open.
    ///
    /// # Errors
    /// [`ClientError::Setup`] where the lock cannot be had.
    pub fn begin(memory: &Path) -> Result<Following, ClientError> {
        let (place, wish) = (beside(memory, "lock"), beside(memory, "wish"));
        let lock = open(&place)?;
        lock.try_lock().map_err(|error| unusable(&place, &error.to_string()))?;
        let _ = std::fs::remove_file(&wish);
        Ok(Following { _lock: lock, wish })
    }

    /// Ready when another command wants to go on.
    pub async fn wanted(&self) {
        while !self.wish.exists() {
            tokio::time::sleep(TICK).await;
        }
    }
}

/// Makes a command that follows a payment of the till with this memory leave it.
///
/// # Errors
/// [`ClientError::Setup`] where it does not.
pub async fn take_over(memory: &Path) -> Result<(), ClientError> {
    let (place, wish) = (beside(memory, "lock"), beside(memory, "wish"));
    if !place.exists() {
        return Ok(());
    }
    let lock = open(&place)?;
    let until = Instant::now() + PATIENCE;
    loop {
        match lock.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < until => {}
            Err(TryLockError::WouldBlock) => {
                let sentence = "another `poscert till` does not leave the payment that it follows: end it there first";
                return Err(ClientError::Setup(sentence.to_owned()));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(&place, &error.to_string())),
        }
        open(&wish)?;
        tokio::time::sleep(TICK).await;
    }
    let _ = std::fs::remove_file(&wish);
    Ok(())
}

fn beside(memory: &Path, what: &str) -> PathBuf {
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
    ClientError::Setup(format!("{} cannot be used ({why}): name another file with --memory", place.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_follows_hears_of_the_wish_and_who_wished_goes_on_once_it_is_left() {
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
        assert!(!beside(&memory, "wish").exists());
        // A wish that nobody waits for any more is not heard.
        open(&beside(&memory, "wish")).unwrap();
        let again = Following::begin(&memory).unwrap();
        assert!(tokio::time::timeout(TICK * 3, again.wanted()).await.is_err());
    }
}
