//! The reference client, and the mistakes that clients make.
//!
//! A till is a client of the API like any other: it knows a base URL, a token URL and a CA file, and nothing of who
//! stands in between. It does what the documentation asks of a client (time-outs, retries with the same key, polls at
//! the pace that is asked, clean-up, hanging payments), so it is an example to read; and told to, it makes one
//! [`Misbehavior`], so that a verifier can be seen to catch it. What a mistake changes stands in [`mistake`] where it is
//! a value, and at its place in the flow where it is an act.

pub mod api_call;
pub mod checkin;
pub mod command;
pub mod config;
pub mod driver;
pub mod error;
pub mod feature_misbehavior;
pub mod follow_lock;
pub mod http;
pub mod initiate;
pub mod misbehavior;
pub mod onboarding;
pub mod payment;
pub mod payment_misbehavior;
pub mod poll;
pub mod prepared;
pub mod refund;
pub mod retry_job;
pub mod sale;
pub mod state_file;
pub mod timing;
pub mod token;

pub use config::TillConfig;
pub use error::ClientError;
pub use misbehavior::Misbehavior;
pub use payment::Payment;
pub use prepared::Prepared;
pub use refund::{Refund, Refunded};
pub use sale::{Paid, Restrictions, Sale};
pub use state_file::{CapturedPayment, Hanging, KnownPos, PendingDecision, StateFile};
pub use timing::Timing;

use std::collections::HashMap;

/// A till: one client of the API with what it remembers.
pub struct Till {
    config: TillConfig,
    line: http::Line,
    tokens: token::Tokens,
    memory: StateFile,
    polls: HashMap<String, timing::PollClock>,
}

impl Till {
    /// A till that says nothing yet. What it remembered at `config.memory`, if anything, is read.
    ///
    /// # Errors
    /// [`ClientError::Setup`] where a URL, the CA file or the memory file cannot be used.
    pub fn new(config: TillConfig) -> Result<Till, ClientError> {
        config.check()?;
        let line = http::Line::new(config.ca_file.as_deref(), config.extra_ca.as_deref())?;
        let memory = match &config.memory {
            Some(path) => StateFile::load(path)?,
            None => StateFile::default(),
        };
        let tokens = token::Tokens::new(config.first_token.clone());
        Ok(Till { config, line, tokens, memory, polls: HashMap::new() })
    }

    /// What it remembers: its PoS, its open payment, what is still owed, and what it has taken.
    pub fn memory(&self) -> &StateFile {
        &self.memory
    }

    /// How it was set up.
    pub fn config(&self) -> &TillConfig {
        &self.config
    }

    /// Whether it makes that mistake.
    fn makes(&self, mistake: Misbehavior) -> bool {
        self.config.mistake == Some(mistake)
    }

    /// Changes what it remembers, and keeps it where it is to be kept.
    fn remember(&mut self, change: impl FnOnce(&mut StateFile)) -> Result<(), ClientError> {
        change(&mut self.memory);
        match &self.config.memory {
            Some(path) => self.memory.save(path),
            None => Ok(()),
        }
    }
}
