//! What a till must not forget, though it is switched off: its PoS, its open payment, the reservations and refunds
//! that are decided but not yet captured or cancelled ("Hanging payments", payment_flows), and what it has taken, of
//! which something may be given back.
//!
//! The file holds ids and amounts, and no secret.

use super::{ClientError, Prepared};
use crate::api::Amount;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;

/// What a till remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StateFile {
    /// Its PoS.
    pub pos: Option<KnownPos>,
    /// The payment it started and does not know the end of.
    pub open: Option<String>,
    /// The payment it prepared and does not know the amount of.
    pub prepared: Option<Prepared>,
    /// What is decided, and not done yet.
    pub hanging: Vec<Hanging>,
    /// The last payments it captured, the latest at the end.
    pub taken: Vec<CapturedPayment>,
}

/// A payment that was captured, and what is given back of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapturedPayment {
    /// The payment.
    pub payment_id: String,
    /// What was captured, in minor units.
    pub minor: i64,
    /// Refunds of it that count: id and minor units.
    pub refunds: Vec<(String, i64)>,
}

impl CapturedPayment {
    /// What is left to give back, in minor units.
    pub fn left(&self) -> i64 {
        self.refunds.iter().fold(self.minor, |left, (_, minor)| left.saturating_sub(*minor))
    }
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

/// What was decided on a reservation or a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PendingDecision {
    /// To take that many minor units.
    Capture(i64),
    /// To let it go.
    Cancel,
    /// To give the money back.
    CaptureRefund,
    /// Not to give it back.
    CancelRefund,
}

impl PendingDecision {
    /// Whether it is about a refund.
    pub fn is_of_refund(self) -> bool {
        matches!(self, PendingDecision::CaptureRefund | PendingDecision::CancelRefund)
    }
}

/// A payment or refund with a decision that is not carried out yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hanging {
    /// The payment or refund.
    pub id: String,
    /// What is to be done.
    pub intent: PendingDecision,
    /// When it was last tried, in milliseconds since the Unix epoch; 0: not yet.
    pub tried_ms: u64,
}

/// Captured payments that are remembered; of an older one a refund is asked for by its id.
const TAKEN: usize = 32;

impl StateFile {
    /// Notes a decision before it is carried out; a later decision on the same one takes its place.
    pub fn decide(&mut self, id: &str, intent: PendingDecision) {
        self.hanging.retain(|hanging| hanging.id != id);
        self.hanging.push(Hanging { id: id.to_owned(), intent, tried_ms: 0 });
    }

    /// Notes that a decision was tried in vain.
    pub fn tried(&mut self, id: &str, now_ms: u64) {
        if let Some(hanging) = self.hanging.iter_mut().find(|hanging| hanging.id == id) {
            hanging.tried_ms = now_ms;
        }
        self.closes(id);
    }

    /// Forgets what has come to its end.
    pub fn settled(&mut self, id: &str) {
        self.hanging.retain(|hanging| hanging.id != id);
        self.closes(id);
    }

    /// A payment that is decided on is no open one any more.
    fn closes(&mut self, id: &str) {
        self.open.take_if(|open| open == id);
        self.prepared.take_if(|prepared| prepared.id == id);
    }

    /// Notes that money was taken.
    pub fn took(&mut self, payment_id: &str, amount: Amount) {
        if self.taken.iter().any(|taken| taken.payment_id == payment_id) {
            return;
        }
        if self.taken.len() >= TAKEN {
            self.taken.remove(0);
        }
        self.taken.push(CapturedPayment { payment_id: payment_id.to_owned(), minor: amount.0, refunds: Vec::new() });
    }

    /// The latest payment of which that much can be given back.
    pub fn refundable(&self, amount: Amount) -> Option<&CapturedPayment> {
        self.taken.iter().rev().find(|taken| taken.left() >= amount.0)
    }

    /// Notes which refunds of a payment count.
    pub fn gives_back(&mut self, payment_id: &str, refunds: impl IntoIterator<Item = (String, i64)>) {
        let Some(taken) = self.taken.iter_mut().find(|taken| taken.payment_id == payment_id) else { return };
        for refund in refunds {
            if !taken.refunds.iter().any(|(id, _)| *id == refund.0) {
                taken.refunds.push(refund);
            }
        }
    }

    /// Notes that a refund came to nothing.
    pub fn gives_nothing_back(&mut self, refund_id: &str) {
        self.taken.iter_mut().for_each(|taken| taken.refunds.retain(|(id, _)| id != refund_id));
    }

    /// What a file holds; nothing where there is none.
    ///
    /// # Errors
    /// [`ClientError::Setup`] where it cannot be read.
    pub fn load(path: &Path) -> Result<StateFile, ClientError> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(StateFile::default()),
            Err(error) => return Err(unusable(path, "read", &error)),
        };
        serde_json::from_slice(&text).map_err(|error| unusable(path, "understood", &error))
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// [`ClientError::Setup`] where it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), ClientError> {
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

fn unusable(path: &Path, verb: &str, error: &dyn std::fmt::Display) -> ClientError {
    ClientError::Setup(format!(
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
        assert_eq!(StateFile::load(&path).unwrap(), StateFile::default());
        let mut memory = StateFile { open: Some("p".into()), ..StateFile::default() };
        memory.decide("p", PendingDecision::Capture(10_000));
        memory.tried("p", 7);
        memory.save(&path).unwrap();
        let mut read = StateFile::load(&path).unwrap();
        assert_eq!(read, memory);
        assert_eq!(read.open, None, "it is decided");
        assert_eq!(read.hanging[0].tried_ms, 7);
        read.decide("p", PendingDecision::Cancel);
        assert_eq!((read.hanging.len(), read.hanging[0].intent), (1, PendingDecision::Cancel));
        read.settled("p");
        assert_eq!(read, StateFile::default());
    }

    #[test]
    fn no_more_is_given_back_than_was_taken() {
        let mut memory = StateFile::default();
        memory.took("old", Amount(5_000));
        memory.took("new", Amount(1_000));
        memory.took("new", Amount(9_999));
        let of = |memory: &StateFile, minor| memory.refundable(Amount(minor)).map(|taken| taken.payment_id.clone());
        assert_eq!(of(&memory, 1_000).as_deref(), Some("new"));
        memory.gives_back("new", [("r".to_owned(), 400)]);
        memory.gives_back("new", [("r".to_owned(), 400)]);
        assert_eq!(of(&memory, 1_000).as_deref(), Some("old"));
        assert_eq!(of(&memory, 600).as_deref(), Some("new"));
        assert_eq!(of(&memory, 5_001), None);
        memory.gives_nothing_back("r");
        assert_eq!(of(&memory, 1_000).as_deref(), Some("new"));
        (0..40).for_each(|n| memory.took(&n.to_string(), Amount(1)));
        assert_eq!(memory.taken.len(), TAKEN);
    }

    #[test]
    fn a_file_that_is_no_memory_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[1, 2").unwrap();
        let sentence = StateFile::load(file.path()).unwrap_err().to_string();
        assert!(sentence.contains("cannot be understood"), "{sentence}");
    }
}
