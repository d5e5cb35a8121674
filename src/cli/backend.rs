//! The backend of a recorder: an upstream, or the embedded sandbox.

use super::CliError;
use super::addresses::nearby;
use super::unrecorded::BYPASSED;
use crate::pki::{Authority, ClientCertificate, Name};
use crate::profile::pos_v10;
use crate::proxy::{ClientIdentity, Listeners, ProxyHandle, Trust, Upstream};
use crate::sandbox::{Gate, Sandbox, SandboxOptions};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// The backend: an upstream or the embedded sandbox.
pub(super) struct Backend {
    pub(super) upstream: Upstream,
    pub(super) sandbox: Option<Sandbox>,
    /// The sandbox's gate, which rejects requests that do not come from the recorder.
    pub(super) gate: Option<Arc<Gate>>,
    events: Option<mpsc::Receiver<String>>,
    serving: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Backend {
    /// The backend of an upstream.
    pub(super) fn elsewhere(upstream: Upstream) -> Backend {
        Backend { upstream, sandbox: None, gate: None, events: None, serving: None }
    }

    /// Starts the embedded sandbox. `client`: the client id, which it will accept. `listeners`: the recorder's.
    pub(super) async fn embedded(
        poll_delay_ms: u64,
        authority: &Authority,
        client: Option<&str>,
        listeners: &Listeners,
    ) -> Result<Backend, CliError> {
        let failed = |why: String| CliError::new(format!("cannot start the embedded sandbox: {why}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|e| failed(e.to_string()))?;
        let address = listener.local_addr().map_err(|e| failed(e.to_string()))?;
        let tls = authority.server_config_asking_clients(&[Name::Ip(address.ip())]).map_err(|e| failed(e.0))?;
        let ClientCertificate { chain, key } = ClientCertificate::generate().map_err(|e| failed(e.0))?;
        let recorder = chain.first().cloned().unwrap_or_else(|| Vec::new().into());
        let identity = ClientIdentity::new(chain, key).map_err(|e| failed(e.to_string()))?;
        let trust = Trust::Roots(vec![authority.certificate().clone()]);
        let upstream = Upstream::parse(&format!("https://{address}/pos/v10"), trust).map_err(failed)?;
        let also = pos_v10().hosts.clone();
        let upstream = Upstream { identity: Arc::new(identity), also, ..upstream };
        // Clients that reach the sandbox's port are on this machine.
        let here = |address| nearby(address).to_string();
        let base_url = format!("https://{}/pos/v10", here(listeners.base_addr));
        let (gate, events) = Gate::new(recorder, base_url, format!("http://{}", here(listeners.proxy_addr)));
        let gate = Arc::new(gate);
        let options = SandboxOptions { poll_delay_ms, ..SandboxOptions::default() };
        let sandbox = Sandbox::new(match client {
            Some(client) => options.with_client(client),
            None => options,
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let (serving, behind) = (sandbox.clone(), gate.clone());
        let serving = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            serving.serve_behind(listener, tls, Some(behind), stopped).await;
        });
        let (gate, serving) = (Some(gate), Some((stop, serving)));
        Ok(Backend { upstream, sandbox: Some(sandbox), gate, events: Some(events), serving })
    }

    /// Lets the recorder record requests that reached the sandbox directly.
    pub(super) fn tell(&mut self, running: &ProxyHandle) {
        if let Some(events) = self.events.take() {
            running.record_events(BYPASSED, events);
        }
    }

    pub(super) async fn stop(self) {
        if let Some((stop, serving)) = self.serving {
            let _ = stop.send(());
            let _ = serving.await;
        }
    }
}
