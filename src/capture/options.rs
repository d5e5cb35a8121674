//! How a capture is written, and what it then survives.

/// What an acknowledged exchange survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A killed process.
    #[default]
    Process,
    /// A power cut.
    Power,
    /// Neither.
    Off,
}

impl Durability {
    /// All of them, as the option names them.
    pub const ALL: [Durability; 3] = [Durability::Process, Durability::Power, Durability::Off];

    /// `process`, `power` or `off`.
    pub fn name(self) -> &'static str {
        match self {
            Durability::Process => "process",
            Durability::Power => "power",
            Durability::Off => "off",
        }
    }

    /// The durability of that name.
    pub fn from_name(name: &str) -> Option<Durability> {
        Self::ALL.into_iter().find(|durability| durability.name() == name)
    }

    /// What it survives, in a sentence.
    pub fn promise(self) -> &'static str {
        match self {
            Durability::Process => {
                "every answer that a client got whole is in the capture, also after the recorder was killed; a power cut \
                 may lose the last seconds"
            }
            Durability::Power => {
                "every answer that a client got whole is in the capture, also after a power cut; each waits for the disk"
            }
            Durability::Off => {
                "a recorder that is stopped in good order loses nothing; one that is killed may lose the last seconds"
            }
        }
    }
}

/// How a capture is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterOptions {
    /// What an acknowledged exchange survives.
    pub durability: Durability,
    /// How many exchanges a part holds before the next one is begun.
    pub part_exchanges: u64,
    /// How many bytes of a body are kept.
    pub body_limit: usize,
    /// Where calls are forwarded to, for the run's record.
    pub upstream: String,
    /// What an auditor gave the recorder to say, for the run's record; empty where nobody did.
    pub challenge: String,
}

impl Default for WriterOptions {
    fn default() -> WriterOptions {
        WriterOptions {
            durability: Durability::Process,
            part_exchanges: 20_000,
            body_limit: 256 * 1024,
            upstream: String::new(),
            challenge: String::new(),
        }
    }
}
