//! Options of writing a capture: durability, segment size and body limit.

use crate::profile::{ProfileId, pos_v10};

/// Which failures an acknowledged exchange survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A killed recorder process.
    #[default]
    Process,
    /// A power failure.
    Power,
    /// Neither of the two.
    Off,
}

impl Durability {
    /// All values of the option.
    pub const ALL: [Durability; 3] = [Durability::Process, Durability::Power, Durability::Off];

    /// `process`, `power` or `off`.
    pub fn name(self) -> &'static str {
        match self {
            Durability::Process => "process",
            Durability::Power => "power",
            Durability::Off => "off",
        }
    }

    /// The durability with this name; `None` if there is none.
    pub fn from_name(name: &str) -> Option<Durability> {
        Self::ALL.into_iter().find(|durability| durability.name() == name)
    }

    /// The guarantee in one sentence, for the log.
    pub fn promise(self) -> &'static str {
        match self {
            Durability::Process => {
                "every complete response is in the capture, even if the recorder is killed; a power failure may lose \
                 the last seconds"
            }
            Durability::Power => {
                "every complete response is in the capture, even after a power failure; each response waits for the \
                 disk"
            }
            Durability::Off => {
                "a clean shutdown loses nothing; if the recorder is killed, the last seconds may be lost"
            }
        }
    }
}

/// Options of a [`super::Writer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterOptions {
    /// Which failures an acknowledged exchange survives.
    pub durability: Durability,
    /// Number of exchanges in a segment before the next segment begins.
    pub part_exchanges: u64,
    /// Maximum number of bytes stored of each body.
    pub body_limit: usize,
    /// The profile of the API, for the run's record.
    pub api_profile: ProfileId,
    /// The upstream URL, for the run's record.
    pub upstream: String,
    /// The auditor's challenge, for the run's record; empty if there is none.
    pub challenge: String,
}

impl Default for WriterOptions {
    fn default() -> WriterOptions {
        WriterOptions {
            durability: Durability::Process,
            part_exchanges: 20_000,
            body_limit: 256 * 1024,
            api_profile: pos_v10().id(),
            upstream: String::new(),
            challenge: String::new(),
        }
    }
}
