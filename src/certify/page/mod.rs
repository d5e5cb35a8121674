//! The web page of a certification: its four steps as four steps, live, for the one person at this machine.
//!
//! [`security`] says who is let in, `page_state` what is known, `view` what it looks like (without scripts it shows how
//! things stand; the script swaps what has changed), `events` what is sent as it changes, `orders` what a person can
//! ask for, and `server` joins them to addresses. Nothing is loaded from elsewhere.

mod actions;
pub mod approval;
mod client_hint;
mod events;
mod form;
mod json_state;
pub mod page_state;
pub mod security;
mod server;
mod stored_exchanges;
mod view;

use super::credentials::Secrets;
use super::driver_command::Line;
use super::identification::Identification;
use crate::proxy::Observer;
use crate::rules::RuleSet;
use crate::seal::hex;
use approval::Approval;
use page_state::{ActiveCertification, CredentialCheck, OperatorRequest, PageState, Phase};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

/// Where the page is, where nobody says otherwise.
pub const DEFAULT: &str = "127.0.0.1:8484";

/// A page that is served.
pub struct Page {
    page_state: Arc<PageState>,
    wishes: Mutex<mpsc::UnboundedReceiver<OperatorRequest>>,
    address: SocketAddr,
    token: String,
    serving: JoinHandle<()>,
}

impl Page {
    /// Serves a page at a loopback address; `None`: at the default one, or where that is taken at a free one. `credential_check` tries
    /// what opens a backend elsewhere.
    ///
    /// # Errors
    /// A sentence where the address is not this machine's alone, or cannot be listened at.
    pub async fn start(
        address: Option<SocketAddr>,
        rules: &'static RuleSet,
        capture: PathBuf,
        program: String,
        told: Identification,
        credential_check: Option<CredentialCheck>,
    ) -> Result<Page, String> {
        let listener = listen(address).await?;
        let address = listener.local_addr().map_err(|error| format!("the page has no address: {error}"))?;
        let mut token = [0; 32];
        getrandom::fill(&mut token).map_err(|error| format!("the system gives no random numbers: {error}"))?;
        let token = hex::encode(&token);
        let (page_state, wishes) = PageState::new(rules, capture, program, told, credential_check);
        let page_state = Arc::new(page_state);
        let guard = security::Guard::new(address, token.clone());
        let router = server::router(page_state.clone(), guard);
        let serving = tokio::spawn(async move {
            // It ends with the command; until then what goes wrong on a connection is the browser's to see.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Page { page_state, wishes: Mutex::new(wishes), address, token, serving })
    }

    /// The address to open, with the token.
    pub fn url(&self) -> String {
        format!("http://{}/?token={}", self.address, self.token)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Looks on at what is recorded.
    pub fn watch(&self) -> Arc<dyn Observer> {
        self.page_state.clone()
    }

    /// Waits until a person has said who is certified for what.
    pub async fn begun(&self) -> (Identification, Secrets) {
        let mut wishes = self.wishes.lock().await;
        loop {
            match wishes.recv().await {
                Some(OperatorRequest::Begin(told, keys)) => return (*told, keys),
                Some(OperatorRequest::Close) => {}
                // The hub lives as long as the page does.
                None => std::future::pending().await,
            }
        }
    }

    /// The certification is under way.
    pub fn begins(&self, active: ActiveCertification) {
        self.page_state.change(|state| {
            if state.visited {
                active.director.stay();
            }
            state.told = Identification::of(&active.session).or(std::mem::take(&mut state.told));
            state.phase = Phase::Certification(Arc::new(active));
        });
    }

    /// The till was told what to do.
    pub fn tell(&self, line: &Line) {
        self.page_state.change(|state| state.line = Some(line.clone()));
    }

    /// People were told something.
    pub fn say(&self, line: &str) {
        self.page_state.say(line);
    }

    /// It was judged.
    pub fn approve(&self, approval: Approval) {
        self.page_state.change(|state| state.phase = Phase::Approval(Arc::new(approval)));
    }

    /// Whether anybody has opened it.
    pub fn is_visited(&self) -> bool {
        self.page_state.state().visited
    }

    /// Waits until the person at the page wants it closed.
    pub async fn closed(&self) {
        let mut wishes = self.wishes.lock().await;
        while !matches!(wishes.recv().await, Some(OperatorRequest::Close) | None) {}
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
                "--page {address}: the page is for this machine alone; name a loopback address such as {DEFAULT}"
            ));
        }
        return TcpListener::bind(address).await.map_err(|error| {
            format!("--page {address}: cannot listen there ({error}); name another address, or port 0 for a free one")
        });
    }
    if let Ok(listener) = TcpListener::bind(DEFAULT).await {
        return Ok(listener);
    }
    TcpListener::bind("127.0.0.1:0").await.map_err(|error| format!("the page cannot listen on this machine: {error}"))
}
