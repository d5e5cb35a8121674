//! The demo's environment: sandbox, recorder, temporary CA, and the client configuration for them.

use super::faults::SceneFaults;
use crate::api::Feature;
use crate::capture::record::{Record, Session};
use crate::capture::{Writer, WriterOptions};
use crate::cli::CliError;
use crate::pki::{Authority, Name};
use crate::proxy::{self, Limits, NoopObserver, ProxyHandle, RecorderConfig, Trust, Upstream};
use crate::sandbox::{Sandbox, SandboxOptions};
use crate::till::TillConfig;
use rustls::ServerConfig;
use std::fmt::Display;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Any free loopback port.
const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Running sandbox and recorder.
pub(super) struct DemoEnvironment {
    /// Configuration of a till that calls the recorder.
    pub till: TillConfig,
    /// The fault injector.
    pub faults: Arc<SceneFaults>,
    backend: Backend,
    recorder: ProxyHandle,
    _ca: tempfile::TempDir,
}

/// A listening sandbox.
struct Backend {
    sandbox: Sandbox,
    address: SocketAddr,
    task: JoinHandle<()>,
    end: oneshot::Sender<()>,
}

impl DemoEnvironment {
    /// Starts it: when this returns, the recorder listens and records into `capture`.
    ///
    /// # Errors
    /// A socket, CA or capture that cannot be created.
    pub(super) async fn set(
        capture: &Path,
        features: &[Feature],
        sandbox: SandboxOptions,
    ) -> Result<DemoEnvironment, CliError> {
        let ca = tempfile::tempdir().map_err(failure)?;
        let authority = Arc::new(Authority::open(ca.path()).map_err(failure)?);
        let names: Vec<Name> = Name::parse("127.0.0.1").into_iter().collect();
        let backend = backend(sandbox, authority.server_config_for(&names).map_err(failure)?).await?;
        let faults = Arc::new(SceneFaults::default());

        let trust = Trust::Roots(vec![authority.certificate().clone()]);
        let upstream = Upstream::parse(&format!("https://{}/pos/v10", backend.address), trust).map_err(failure)?;
        let options = WriterOptions { upstream: upstream.origin(), ..WriterOptions::default() };
        let writer = Writer::open(capture, options).map_err(failure)?;
        let client = backend.sandbox.clients().first().cloned();
        let client = client.ok_or_else(|| failure("the sandbox has no client"))?;
        let config = RecorderConfig {
            listen: ANYWHERE,
            proxy_listen: ANYWHERE,
            upstream,
            names: Vec::new(),
            tunnel: Vec::new(),
            private: Vec::new(),
            pages: proxy::LocalPages::default(),
            limits: Limits::default(),
        };
        let ca_file = authority.files().pem.clone();
        let recorder = proxy::start(config, authority, writer.clone(), faults.clone(), Arc::new(NoopObserver)).await;
        let recorder = recorder.map_err(failure)?;

        let base_url = format!("https://{}/pos/v10", recorder.base_addr);
        let certification = TillConfig::certification(&base_url, &client.client_id, &client.client_secret);
        let till = TillConfig { ca_file: Some(ca_file), ..certification };
        writer.append(Record::Session(session(&till, features))).await.map_err(failure)?;
        Ok(DemoEnvironment { till, faults, backend, recorder, _ca: ca })
    }

    /// The sandbox and poll counts, for the simulated customer.
    pub(super) fn actors(&self) -> (Sandbox, Arc<SceneFaults>) {
        (self.backend.sandbox.clone(), self.faults.clone())
    }

    /// Stops it: the recorder shuts down and the capture is closed.
    ///
    /// # Errors
    /// A capture that could not be closed.
    pub(super) async fn clear(self) -> Result<(), CliError> {
        let stopped = self.recorder.stop().await;
        let _ = self.backend.end.send(());
        let _ = self.backend.task.await;
        stopped.map_err(|why| CliError::new(format!("cannot close the demo's capture: {why}")))
    }
}

fn failure(what: impl Display) -> CliError {
    CliError::new(format!("the demo cannot start: {what}"))
}

/// The session of the demo's capture.
fn session(till: &TillConfig, features: &[Feature]) -> Session {
    Session {
        integrator_id: Some("poscert".to_owned()),
        client_id: Some(till.client_id.clone()),
        client_version: Some(till.version.clone()),
        system_name: Some("poscert till".to_owned()),
        features: features.iter().map(|feature| feature.id().to_owned()).collect(),
        ..Session::default()
    }
}

async fn backend(options: SandboxOptions, tls: Arc<ServerConfig>) -> Result<Backend, CliError> {
    let sandbox = Sandbox::new(options);
    let listener = TcpListener::bind(ANYWHERE).await.map_err(failure)?;
    let address = listener.local_addr().map_err(failure)?;
    let (end, ended) = oneshot::channel();
    let served = sandbox.clone();
    let task = tokio::spawn(async move {
        served.serve(listener, tls, async move { ended.await.unwrap_or_default() }).await;
    });
    Ok(Backend { sandbox, address, task, end })
}
