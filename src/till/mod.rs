//! The reference client, and the mistakes that clients make.
//!
//! A till is an ordinary client of the API: it knows a base URL, a token URL and a CA file, and does not know about a
//! recorder. It does what the documentation requires of a client (timeouts, retries with the same key, polling at the
//! requested pace, clean-up, hanging payments), so it also serves as an example. It can be configured to make one
//! [`Misbehavior`], to test that the verifier catches it. Mistakes in values are in [`timing`],
//! [`payment_misbehavior`] and [`feature_misbehavior`], mistakes in the flow at their place in the flow.

pub(crate) mod api_call;
pub(crate) mod checkin;
pub(crate) mod command;
pub(crate) mod config;
pub mod driver;
pub(crate) mod error;
pub(crate) mod feature_misbehavior;
pub(crate) mod follow_lock;
pub mod http;
pub(crate) mod initiate;
pub(crate) mod misbehavior;
pub(crate) mod onboarding;
pub mod payment;
pub(crate) mod payment_misbehavior;
pub(crate) mod poll;
pub mod prepared;
pub(crate) mod refund;
pub(crate) mod retry_job;
pub mod sale;
pub(crate) mod state_file;
pub(crate) mod timing;
pub(crate) mod token;

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

/// A till: one client of the API, with its state.
pub struct Till {
    config: TillConfig,
    http_client: http::HttpClient,
    tokens: token::Tokens,
    memory: StateFile,
    polls: HashMap<String, timing::PollClock>,
}

impl Till {
    /// A till that has sent nothing yet. Loads the state file `config.memory`, if it exists.
    ///
    /// # Errors
    /// [`ClientError::Setup`] if a URL, the CA file or the state file cannot be used.
    pub fn new(config: TillConfig) -> Result<Till, ClientError> {
        config.check()?;
        let http_client = http::HttpClient::new(config.ca_file.as_deref(), config.extra_ca.as_deref())?;
        let memory = match &config.memory {
            Some(path) => StateFile::load(path)?,
            None => StateFile::default(),
        };
        let tokens = token::Tokens::new(config.first_token.clone());
        Ok(Till { config, http_client, tokens, memory, polls: HashMap::new() })
    }

    /// Its persistent state: PoS, open payment, pending decisions and captured payments.
    pub fn memory(&self) -> &StateFile {
        &self.memory
    }

    /// Its configuration.
    pub fn config(&self) -> &TillConfig {
        &self.config
    }

    /// Whether it makes that mistake.
    fn makes(&self, mistake: Misbehavior) -> bool {
        self.config.mistake == Some(mistake)
    }

    /// Changes the state, and saves it if there is a state file.
    fn remember(&mut self, change: impl FnOnce(&mut StateFile)) -> Result<(), ClientError> {
        change(&mut self.memory);
        match &self.config.memory {
            Some(path) => self.memory.save(path),
            None => Ok(()),
        }
    }
}
