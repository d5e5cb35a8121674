//! The reference client, and the mistakes that clients make.
//!
//! A till is a client of the API like any other: it knows a base URL, a token URL and a CA file, and nothing of who
//! stands in between. It does what the documentation asks of a client (time-outs, retries with the same key, polls at
//! the pace that is asked, clean-up, hanging payments), so it is an example to read; and told to, it makes one
//! [`Mistake`], so that a verifier can be seen to catch it. What a mistake changes stands in [`mistake`] where it is
//! a value, and at its place in the flow where it is an act.

pub mod act;
pub mod call;
pub mod checkin;
pub mod config;
pub mod drive;
pub mod handover;
pub mod hanging;
pub mod initiate;
pub mod memory;
pub mod mistake;
pub mod onboarding;
pub mod pace;
pub mod payment;
pub mod poll;
pub mod prepared;
pub mod refund;
pub mod sale;
pub mod token;
pub mod trouble;
pub mod wire;
pub mod wrong;
pub mod wrong_six;

pub use config::TillConfig;
pub use memory::{Hanging, Intent, KnownPos, Memory, Taken};
pub use mistake::Mistake;
pub use pace::Pace;
pub use payment::Payment;
pub use prepared::Prepared;
pub use refund::{Refund, Refunded};
pub use sale::{Paid, Restrictions, Sale};
pub use trouble::Trouble;

use std::collections::HashMap;

/// A till: one client of the API with what it remembers.
pub struct Till {
    config: TillConfig,
    line: wire::Line,
    tokens: token::Tokens,
    memory: Memory,
    polls: HashMap<String, pace::PollClock>,
}

impl Till {
    /// A till that says nothing yet. What it remembered at `config.memory`, if anything, is read.
    ///
    /// # Errors
    /// [`Trouble::Setup`] where a URL, the CA file or the memory file cannot be used.
    pub fn new(config: TillConfig) -> Result<Till, Trouble> {
        config.check()?;
        let line = wire::Line::new(config.ca_file.as_deref(), config.extra_ca.as_deref())?;
        let memory = match &config.memory {
            Some(path) => Memory::load(path)?,
            None => Memory::default(),
        };
        let tokens = token::Tokens::new(config.first_token.clone());
        Ok(Till { config, line, tokens, memory, polls: HashMap::new() })
    }

    /// What it remembers: its PoS, its open payment, what is still owed, and what it has taken.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// How it was set up.
    pub fn config(&self) -> &TillConfig {
        &self.config
    }

    /// Whether it makes that mistake.
    fn makes(&self, mistake: Mistake) -> bool {
        self.config.mistake == Some(mistake)
    }

    /// Changes what it remembers, and keeps it where it is to be kept.
    fn remember(&mut self, change: impl FnOnce(&mut Memory)) -> Result<(), Trouble> {
        change(&mut self.memory);
        match &self.config.memory {
            Some(path) => self.memory.save(path),
            None => Ok(()),
        }
    }
}
