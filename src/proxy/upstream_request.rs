//! State of one request to the backend, updated by the upstream tap.

use super::connection::ExchangeSlot;
use super::h1::{Framing, Head, StatusLine};
use crate::capture::record::Header;
use std::sync::Arc;
use tokio::sync::watch;

/// The progress of a request to the backend. Times are in microseconds of the run.
#[derive(Clone, Debug, Default)]
pub(super) struct UpstreamCallState {
    /// Bytes sent to the backend.
    pub sent: u64,
    /// When the request was completely sent.
    pub request_out: Option<u64>,
    /// Why the rest of the request cannot be sent. The response is still read.
    pub write_error: Option<String>,
    /// Whether the backend has sent anything since the request began, even one byte of an invalid response.
    pub answer_begun: bool,
    /// The statuses of 1xx responses.
    pub informational: Vec<u16>,
    /// The response head as received.
    pub answer: Option<(Head<StatusLine>, Framing)>,
    /// When the response head was complete.
    pub head_in: Option<u64>,
    /// The response's trailers.
    pub trailers: Vec<Header>,
    /// When the response was complete.
    pub end_in: Option<u64>,
    /// Whether the backend sent data after the response.
    pub excess: bool,
    /// The error in the backend's data or connection.
    pub broken: Option<String>,
}

/// A request to the backend.
pub(super) struct Call {
    /// The head sent to the backend.
    pub head: Vec<u8>,
    /// The exchange on the client's side, for its trailers and its progress.
    pub slot: Arc<ExchangeSlot>,
    state: watch::Sender<UpstreamCallState>,
}

impl Call {
    /// A request that has not been sent yet.
    pub(super) fn new(head: Vec<u8>, slot: Arc<ExchangeSlot>) -> Call {
        Call { head, slot, state: watch::Sender::new(UpstreamCallState::default()) }
    }

    /// Changes the state and notifies waiters.
    pub(super) fn change(&self, change: impl FnOnce(&mut UpstreamCallState)) {
        self.state.send_modify(change);
    }

    /// A copy of the current state.
    pub(super) fn state(&self) -> UpstreamCallState {
        self.state.borrow().clone()
    }

    /// Waits until the state fulfils a condition.
    pub(super) async fn until(&self, so: impl FnMut(&UpstreamCallState) -> bool) {
        let _ = self.state.subscribe().wait_for(so).await;
    }
}
