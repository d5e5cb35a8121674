//! What a till must not forget, though it is switched off: its PoS, its open payment, and the reservations that are
//! decided but not yet captured or cancelled ("Hanging payments", payment_flows).
//!
//! The file holds ids and amounts, and no secret.

use super::Trouble;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;

/// What a till remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// Its PoS.
    pub pos: Option<KnownPos>,
    /// The payment it started and does not know the end of.
    pub open: Option<String>,
    /// What is decided, and not done yet.
    pub hanging: Vec<Hanging>,
}

/// The PoS of a till.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownPos {
    /// The backend's id.
    pub pos_id: String,
    /// The merchant's id.
    pub merchant_pos_id: String,
    /// What the QR code holds.
    pub beacon_id: String,
}

/// What was decided on a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Intent {
    /// To take that many minor units.
    Capture(i64),
    /// To let it go.
    Cancel,
}

/// A payment with a decision that is not carried out yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hanging {
    /// The payment.
    pub payment_id: String,
    /// What is to be done.
    pub intent: Intent,
    /// When it was last tried, in milliseconds since the Unix epoch; 0: not yet.
    pub tried_ms: u64,
}

impl Memory {
    /// Notes a decision before it is carried out; a later decision on the same payment takes its place.
    pub fn decide(&mut self, payment_id: &str, intent: Intent) {
        self.settled(payment_id);
        self.hanging.push(Hanging { payment_id: payment_id.to_owned(), intent, tried_ms: 0 });
    }

    /// Notes that a decision was tried in vain.
    pub fn tried(&mut self, payment_id: &str, now_ms: u64) {
        if let Some(hanging) = self.hanging.iter_mut().find(|hanging| hanging.payment_id == payment_id) {
            hanging.tried_ms = now_ms;
        }
    }

    /// Forgets a payment that has come to its end.
    pub fn settled(&mut self, payment_id: &str) {
        self.hanging.retain(|hanging| hanging.payment_id != payment_id);
        if self.open.as_deref() == Some(payment_id) {
            self.open = None;
        }
    }

    /// What a file holds; nothing where there is none.
    ///
    /// # Errors
    /// [`Trouble::Setup`] where it cannot be read.
    pub fn load(path: &Path) -> Result<Memory, Trouble> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Memory::default()),
            Err(error) => return Err(unusable(path, "read", &error)),
        };
        serde_json::from_slice(&text).map_err(|error| unusable(path, "understood", &error))
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// [`Trouble::Setup`] where it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Trouble> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.as_file().sync_all()?;
            file.persist(path)?;
            Ok(())
        };
        write().map_err(|error| unusable(path, "written", &error))
    }
}

fn unusable(path: &Path, verb: &str, error: &dyn std::fmt::Display) -> Trouble {
    Trouble::Setup(format!(
        "the till's memory {} cannot be {verb} ({error}): name another file with --memory",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_outlives_the_till() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/till.json");
        assert_eq!(Memory::load(&path).unwrap(), Memory::default());
        let mut memory = Memory { open: Some("p".into()), ..Memory::default() };
        memory.decide("p", Intent::Capture(10_000));
        memory.tried("p", 7);
        memory.save(&path).unwrap();
        let mut read = Memory::load(&path).unwrap();
        assert_eq!(read, memory);
        assert_eq!(read.hanging[0].tried_ms, 7);
        read.decide("p", Intent::Cancel);
        assert_eq!((read.hanging.len(), read.hanging[0].intent), (1, Intent::Cancel));
        read.settled("p");
        assert_eq!(read, Memory::default());
    }

    #[test]
    fn a_file_that_is_no_memory_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[1, 2").unwrap();
        let sentence = Memory::load(file.path()).unwrap_err().to_string();
        assert!(sentence.contains("cannot be understood"), "{sentence}");
    }
}
