//! The web page of a certification: its four steps, updated live, for the one operator at this machine.
//!
//! - [`security`]: authentication and same-origin checks.
//! - [`page_state`]: the state shown.
//! - `view`: the HTML. It works without scripts; the script replaces the parts that change.
//! - `events`: server-sent events.
//! - `actions`: the operator's commands.
//! - `server`: the routes.
//!
//! The page loads nothing from other origins.

mod actions;
pub(crate) mod approval;
mod client_hint;
mod curl_line;
mod events;
mod form;
mod json_state;
pub(crate) mod page_state;
pub(crate) mod security;
mod server;
mod stored_exchanges;
mod view;

use super::credentials::Secrets;
use super::driver_command::DriverCommand;
use super::identification::Identification;
use crate::proxy::Observer;
use crate::rules::RuleSet;
use crate::seal::hex;
use approval::ApprovalView;
use page_state::{ActiveCertification, CredentialCheck, PageRequest, PageState, Phase};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

/// The default address of the page.
pub(crate) const DEFAULT: &str = "127.0.0.1:8484";

/// A running web page.
pub(crate) struct Page {
    page_state: Arc<PageState>,
    requests: Mutex<mpsc::UnboundedReceiver<PageRequest>>,
    address: SocketAddr,
    token: String,
    serving: JoinHandle<()>,
}

impl Page {
    /// Serves the page on a loopback address; `None`: on the default one, or on a free port if that is in use.
    /// `credential_check` checks the credentials for an external backend.
    ///
    /// # Errors
    /// The address is not a loopback address, or cannot be bound.
    pub(crate) async fn start(
        address: Option<SocketAddr>,
        rules: &'static RuleSet,
        capture: PathBuf,
        program: String,
        identified: Identification,
        credential_check: Option<CredentialCheck>,
    ) -> Result<Page, String> {
        let listener = listen(address).await?;
        let address = listener.local_addr().map_err(|error| format!("cannot read the page's address: {error}"))?;
        let mut token = [0; 32];
        getrandom::fill(&mut token).map_err(|error| format!("cannot get random numbers from the system: {error}"))?;
        let token = hex::encode(&token);
        let (page_state, requests) = PageState::new(rules, capture, program, identified, credential_check);
        let page_state = Arc::new(page_state);
        let guard = security::Guard::new(address, token.clone());
        let router = server::router(page_state.clone(), guard);
        let serving = tokio::spawn(async move {
            // It runs until the command ends; errors of a connection are visible in the browser.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Page { page_state, requests: Mutex::new(requests), address, token, serving })
    }

    /// The address to open, with the token.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/?token={}", self.address, self.token)
    }

    /// The address it listens on.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// An observer that shows recorded exchanges on the page.
    pub(crate) fn watch(&self) -> Arc<dyn Observer> {
        self.page_state.clone()
    }

    /// Waits until the operator has entered identification and features.
    pub(crate) async fn begun(&self) -> (Identification, Secrets) {
        let mut requests = self.requests.lock().await;
        loop {
            match requests.recv().await {
                Some(PageRequest::Begin(identified, keys)) => return (*identified, keys),
                Some(PageRequest::Close | PageRequest::Resume { .. }) => {}
                // The page state, and with it the sender, lives as long as the page.
                None => std::future::pending().await,
            }
        }
    }

    /// Shows a running certification.
    pub(crate) fn begins(&self, active: ActiveCertification) {
        self.page_state.change(|state| {
            if state.visited {
                active.director.stay();
            }
            // A page that resumes after a verdict counts the exchanges of its new run.
            state.traffic.clear();
            (state.exchange_count, state.line) = (0, None);
            state.identified = Identification::of(&active.session).or(std::mem::take(&mut state.identified));
            state.phase = Phase::Certification(Arc::new(active));
        });
    }

    /// Shows the command sent to the till.
    pub(crate) fn show_command(&self, line: &DriverCommand) {
        self.page_state.change(|state| state.line = Some(line.clone()));
    }

    /// Adds a log line.
    pub(crate) fn log(&self, line: &str) {
        self.page_state.log(line);
    }

    /// Shows the verdict.
    pub(crate) fn approve(&self, approval: ApprovalView) {
        self.page_state.change(|state| state.phase = Phase::Approval(Arc::new(approval)));
    }

    /// Waits until the operator closes the page, or records again: then whether in a new attempt.
    pub(crate) async fn closed_or_resumed(&self) -> Option<bool> {
        let mut requests = self.requests.lock().await;
        loop {
            match requests.recv().await {
                Some(PageRequest::Close) | None => return None,
                Some(PageRequest::Resume { new_attempt }) => return Some(new_attempt),
                Some(PageRequest::Begin(..)) => {}
            }
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn listen(address: Option<SocketAddr>) -> Result<TcpListener, String> {
    if let Some(address) = address {
        if !address.ip().is_loopback() {
            return Err(format!(
                "--page {address}: it is not a loopback address; the page serves this machine only, use {DEFAULT}"
            ));
        }
        return TcpListener::bind(address).await.map_err(|error| {
            format!("--page: cannot listen on {address}: {error}; use another address, or port 0 for a free port")
        });
    }
    if let Ok(listener) = TcpListener::bind(DEFAULT).await {
        return Ok(listener);
    }
    TcpListener::bind("127.0.0.1:0").await.map_err(|error| format!("cannot listen on 127.0.0.1 for the page: {error}"))
}
