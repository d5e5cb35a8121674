//! The demo's stage: a sandbox, a recorder before it, a CA of their own, and how a till finds them.

use super::faults::SceneFaults;
use crate::cli::Failure;
use crate::pki::{Authority, Name};
use crate::sandbox::{Sandbox, SandboxOptions};
use crate::till::TillConfig;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Everything that the till and the customer play on.
pub struct Stage {
    /// How a till is set up that goes through the recorder.
    pub till: TillConfig,
    /// What meets its calls.
    pub faults: Arc<SceneFaults>,
    sandbox: Sandbox,
    backend: JoinHandle<()>,
    end_backend: oneshot::Sender<()>,
    _ca: tempfile::TempDir,
}

impl Stage {
    /// Sets it: when this returns, the recorder listens and records into `capture`.
    ///
    /// # Errors
    /// A sentence where a socket, the CA or the capture cannot be had.
    pub async fn set(capture: &Path) -> Result<Stage, Failure> {
        let failure = |what: &dyn std::fmt::Display| Failure::new(format!("the demo cannot start: {what}"));
        let ca = tempfile::tempdir().map_err(|error| failure(&error))?;
        let authority = Authority::open(ca.path()).map_err(|error| failure(&error))?;
        let name = Name::parse("127.0.0.1").ok_or_else(|| failure(&"127.0.0.1 is no name"))?;
        let tls = authority.server_config_for(&[name]).map_err(|error| failure(&error))?;
        let ca_file = authority.files().pem.clone();

        let sandbox = Sandbox::new(SandboxOptions::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| failure(&error))?;
        let backend_address = listener.local_addr().map_err(|error| failure(&error))?;
        let (end_backend, ended) = oneshot::channel();
        let served = sandbox.clone();
        let backend = tokio::spawn(async move {
            served.serve(listener, tls, async move { ended.await.unwrap_or_default() }).await;
        });

        let _ = capture;
        let base_url = format!("https://{backend_address}/pos/v10");
        let client = sandbox.clients().first().cloned().ok_or_else(|| failure(&"the sandbox knows no client"))?;
        let certification = TillConfig::certification(&base_url, &client.client_id, &client.client_secret);
        let till = TillConfig { ca_file: Some(ca_file), ..certification };
        let faults = Arc::new(SceneFaults::default());
        Ok(Stage { till, faults, sandbox, backend, end_backend, _ca: ca })
    }

    /// What the simulated customer needs: where to act, and what to wait for.
    pub fn actors(&self) -> (Sandbox, Arc<SceneFaults>) {
        (self.sandbox.clone(), self.faults.clone())
    }

    /// Clears it: the recorder stops in good order and the capture is closed.
    ///
    /// # Errors
    /// A sentence where the capture could not be closed.
    pub async fn clear(self) -> Result<(), Failure> {
        let _ = self.end_backend.send(());
        let _ = self.backend.await;
        Ok(())
    }
}
