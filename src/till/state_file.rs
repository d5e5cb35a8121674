//! The till's persistent state: its PoS, its open payment, reservations and refunds that are decided but not yet
//! captured or cancelled ("Hanging payments", payment_flows), and captured payments that can be refunded.
//!
//! The file holds ids and amounts, and no secrets.

use super::{ClientError, Prepared};
use crate::api::Amount;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;

/// The state of a till.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StateFile {
    /// The till's PoS.
    pub pos: Option<KnownPos>,
    /// The payment that was started and has no known end.
    pub open: Option<String>,
    /// The payment that was prepared and has no amount yet.
    pub prepared: Option<Prepared>,
    /// Decisions that are not carried out yet.
    pub hanging: Vec<Hanging>,
    /// The last captured payments, the latest at the end.
    pub taken: Vec<CapturedPayment>,
}

/// A captured payment and its refunds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapturedPayment {
    /// The payment's id.
    pub payment_id: String,
    /// The captured amount, in minor units.
    pub minor: i64,
    /// The refunds that count towards the refunded amount: id and minor units.
    pub refunds: Vec<(String, i64)>,
}

impl CapturedPayment {
    /// The amount left to refund, in minor units.
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
    /// The content of the QR code.
    pub beacon_id: String,
}

/// The decision on a reservation or a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PendingDecision {
    /// Capture that many minor units.
    Capture(i64),
    /// Cancel the payment.
    Cancel,
    CaptureRefund,
    CancelRefund,
}

impl PendingDecision {
    /// Whether it concerns a refund.
    pub fn is_of_refund(self) -> bool {
        matches!(self, PendingDecision::CaptureRefund | PendingDecision::CancelRefund)
    }
}

/// A payment or refund with a decision that is not carried out yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hanging {
    /// The id of the payment or refund.
    pub id: String,
    pub intent: PendingDecision,
    /// When it was last tried, in milliseconds since the Unix epoch; 0 if never.
    pub tried_ms: u64,
}

/// The number of captured payments that are kept. Older ones can be refunded by their id.
const TAKEN: usize = 32;

impl StateFile {
    /// Saves a decision before it is carried out. A later decision on the same payment or refund replaces it.
    pub fn decide(&mut self, id: &str, intent: PendingDecision) {
        self.hanging.retain(|hanging| hanging.id != id);
        self.hanging.push(Hanging { id: id.to_owned(), intent, tried_ms: 0 });
    }

    /// Records a failed attempt of a decision.
    pub fn tried(&mut self, id: &str, now_ms: u64) {
        if let Some(hanging) = self.hanging.iter_mut().find(|hanging| hanging.id == id) {
            hanging.tried_ms = now_ms;
        }
        self.closes(id);
    }

    /// Removes a payment or refund that has ended.
    pub fn settled(&mut self, id: &str) {
        self.hanging.retain(|hanging| hanging.id != id);
        self.closes(id);
    }

    /// A payment with a decision no longer counts as open.
    fn closes(&mut self, id: &str) {
        self.open.take_if(|open| open == id);
        self.prepared.take_if(|prepared| prepared.id == id);
    }

    /// Adds a captured payment.
    pub fn took(&mut self, payment_id: &str, amount: Amount) {
        if self.taken.iter().any(|taken| taken.payment_id == payment_id) {
            return;
        }
        if self.taken.len() >= TAKEN {
            self.taken.remove(0);
        }
        self.taken.push(CapturedPayment { payment_id: payment_id.to_owned(), minor: amount.0, refunds: Vec::new() });
    }

    /// The latest payment with that amount left to refund.
    pub fn refundable(&self, amount: Amount) -> Option<&CapturedPayment> {
        self.taken.iter().rev().find(|taken| taken.left() >= amount.0)
    }

    /// Adds refunds of a payment that count towards the refunded amount.
    pub fn gives_back(&mut self, payment_id: &str, refunds: impl IntoIterator<Item = (String, i64)>) {
        let Some(taken) = self.taken.iter_mut().find(|taken| taken.payment_id == payment_id) else { return };
        for refund in refunds {
            if !taken.refunds.iter().any(|(id, _)| *id == refund.0) {
                taken.refunds.push(refund);
            }
        }
    }

    /// Removes a refund that was cancelled or refused.
    pub fn gives_nothing_back(&mut self, refund_id: &str) {
        self.taken.iter_mut().for_each(|taken| taken.refunds.retain(|(id, _)| id != refund_id));
    }

    /// Loads a file; an empty state if there is none.
    ///
    /// # Errors
    /// [`ClientError::Setup`] if it cannot be read.
    pub fn load(path: &Path) -> Result<StateFile, ClientError> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(StateFile::default()),
            Err(error) => return Err(unusable(path, "read", &error)),
        };
        serde_json::from_slice(&text).map_err(|error| unusable(path, "parsed", &error))
    }

    /// Writes the file atomically.
    ///
    /// # Errors
    /// [`ClientError::Setup`] if it cannot be written.
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
        "the till's state file {} cannot be {verb} ({error}): choose another file with --state-file",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/till.json");
        assert_eq!(StateFile::load(&path).unwrap(), StateFile::default());
        let mut memory = StateFile { open: Some("p".into()), ..StateFile::default() };
        memory.decide("p", PendingDecision::Capture(10_000));
        memory.tried("p", 7);
        memory.save(&path).unwrap();
        let mut read = StateFile::load(&path).unwrap();
        assert_eq!(read, memory);
        assert_eq!(read.open, None, "a decided payment is not open");
        assert_eq!(read.hanging[0].tried_ms, 7);
        read.decide("p", PendingDecision::Cancel);
        assert_eq!((read.hanging.len(), read.hanging[0].intent), (1, PendingDecision::Cancel));
        read.settled("p");
        assert_eq!(read, StateFile::default());
    }

    #[test]
    fn refunds_never_exceed_the_captured_amount() {
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
    fn invalid_state_file_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[1, 2").unwrap();
        let sentence = StateFile::load(file.path()).unwrap_err().to_string();
        assert!(sentence.contains("cannot be parsed"), "{sentence}");
    }
}
