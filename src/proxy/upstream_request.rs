//! One request at the backend: what its tap says became of it.

use super::connection::ExchangeSlot;
use super::h1::{Framing, Head, StatusLine};
use crate::capture::record::Header;
use std::sync::Arc;
use tokio::sync::watch;

/// How far a request at the backend has got.
#[derive(Clone, Debug, Default)]
pub struct CallState {
    /// Bytes that went out to the backend.
    pub sent: u64,
    /// When the request was out.
    pub request_out: Option<u64>,
    /// The backend takes no more of the request; with why. What it sent before that is still read.
    pub write_error: Option<String>,
    /// The backend has sent something since the request began, be it one byte of a response that makes no sense.
    pub answer_begun: bool,
    /// Statuses of the 1xx answers.
    pub informational: Vec<u16>,
    /// The answer's head as it came.
    pub answer: Option<(Head<StatusLine>, Framing)>,
    /// When it was complete.
    pub head_in: Option<u64>,
    /// The answer's trailers.
    pub trailers: Vec<Header>,
    /// When the answer was complete.
    pub end_in: Option<u64>,
    /// The backend sent more than this answer.
    pub excess: bool,
    /// What was wrong with the backend's bytes or its connection.
    pub broken: Option<String>,
}

/// A request at the backend.
pub struct Call {
    /// The head that goes to the backend.
    pub head: Vec<u8>,
    /// The exchange's seat with the client, for its trailers.
    pub slot: Arc<ExchangeSlot>,
    state: watch::Sender<CallState>,
}

impl Call {
    /// A request that has not been sent yet.
    pub fn new(head: Vec<u8>, slot: Arc<ExchangeSlot>) -> Call {
        Call { head, slot, state: watch::Sender::new(CallState::default()) }
    }

    /// Changes the state and tells whoever waits.
    pub fn change(&self, change: impl FnOnce(&mut CallState)) {
        self.state.send_modify(change);
    }

    /// The state now.
    pub fn state(&self) -> CallState {
        self.state.borrow().clone()
    }

    /// Waits until the state is so.
    pub async fn until(&self, so: impl FnMut(&CallState) -> bool) {
        let _ = self.state.subscribe().wait_for(so).await;
    }
}
