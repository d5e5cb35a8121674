//! Options for outgoing connections: forward proxy and client certificate.

use super::CliError;
use crate::proxy::{ClientIdentity, Outgoing, Upstream};
use crate::seal::io_reason;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Options for connections to the backend.
#[derive(clap::Args)]
pub(super) struct WayArgs {
    /// HTTP proxy for calls to the upstream, or `none` [default: from HTTPS_PROXY, ALL_PROXY and NO_PROXY; none for an
    /// upstream on this machine]
    #[arg(
        long,
        help_heading = "Connection",
        hide_short_help = true,
        value_name = "URL",
        env = "POSCERT_UPSTREAM_PROXY",
        hide_env_values = true
    )]
    upstream_proxy: Option<String>,
    /// Client certificate (PEM, with its chain) for an upstream that requires one
    #[arg(
        long,
        help_heading = "Connection",
        hide_short_help = true,
        value_name = "FILE",
        env = "POSCERT_UPSTREAM_CERT",
        requires = "upstream"
    )]
    upstream_cert: Option<PathBuf>,
    /// Key of the client certificate (PEM: PKCS#8, PKCS#1 or SEC1) [default: the key in the file of --upstream-cert]
    #[arg(
        long,
        help_heading = "Connection",
        hide_short_help = true,
        value_name = "FILE",
        env = "POSCERT_UPSTREAM_KEY",
        requires = "upstream_cert"
    )]
    upstream_key: Option<PathBuf>,
}

impl WayArgs {
    /// Adds proxy and client certificate to an upstream. `own`: the listeners of this recorder, which must not be the
    /// proxy.
    ///
    /// # Errors
    /// A proxy or a file that cannot be used.
    pub(super) fn apply(&self, upstream: Upstream, own: &[SocketAddr]) -> Result<Upstream, CliError> {
        let (outgoing, _) = self.outgoing(own)?;
        let identity = Arc::new(self.identity()?);
        let upstream = Upstream { outgoing, identity, ..upstream };
        let proxy = upstream.proxy().map_err(CliError::new)?;
        if let Some(proxy) = proxy.filter(|proxy| proxy.is_one_of(own)) {
            return Err(CliError::new(format!(
                "--upstream-proxy is this recorder itself ({}), which would be a loop: pass the proxy that reaches \
                 the backend, or `none`",
                proxy.origin()
            )));
        }
        Ok(upstream)
    }

    /// A note if a proxy of the environment is this recorder itself and is ignored.
    pub(super) fn note(&self, own: &[SocketAddr]) -> Option<String> {
        self.outgoing(own).ok().and_then(|(_, note)| note)
    }

    fn outgoing(&self, own: &[SocketAddr]) -> Result<(Outgoing, Option<String>), CliError> {
        let variable = |name: &str| std::env::var(name).ok();
        let outgoing = Outgoing::read(self.upstream_proxy.as_deref(), variable).map_err(CliError::new)?;
        Ok(outgoing.without(own))
    }

    fn identity(&self) -> Result<ClientIdentity, CliError> {
        let Some(cert) = &self.upstream_cert else { return Ok(ClientIdentity::default()) };
        let read = |file: &Path, option: &str| {
            std::fs::read(file).map_err(|e| {
                CliError::new(format!("{option}: cannot read {}: {}", file.display(), crate::seal::io_reason(&e)))
            })
        };
        let chain = read(cert, "--upstream-cert")?;
        let key = match &self.upstream_key {
            Some(file) => read(file, "--upstream-key")?,
            None => chain.clone(),
        };
        ClientIdentity::from_pem(&chain, &key).map_err(CliError::new)
    }
}

/// The certificates of the PEM file of an option.
pub(super) fn certificates(file: &Path, option: &str) -> Result<Vec<CertificateDer<'static>>, CliError> {
    let wrong =
        |why: String| CliError::new(format!("cannot read the certificates of {option} {}: {why}", file.display()));
    let bytes = std::fs::read(file).map_err(|e| wrong(io_reason(&e)))?;
    let list: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&bytes).collect::<Result<_, _>>().map_err(|e| wrong(e.to_string()))?;
    if list.is_empty() { Err(wrong("it contains no PEM certificate".to_owned())) } else { Ok(list) }
}
