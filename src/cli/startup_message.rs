//! The startup message of `poscert record`: for people, and as a ready file for scripts.

use super::local_pages::CHECK;
use super::paths::{file_url, lossy};
use super::{CliError, sandbox_data};
use crate::capture::Durability;
use crate::pki::{CaFiles, trust_instructions, word};
use crate::proxy::{RecorderConfig, Trust};
use crate::sandbox::{REFERENCE, Sandbox, first_call};
use crate::seal::secret_file;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The content of the message.
pub(super) struct StartupInfo<'a> {
    /// The CA's files.
    pub files: &'a CaFiles,
    /// The recorder's configuration.
    pub config: &'a RecorderConfig,
    /// Listener for base URL clients.
    pub base_addr: SocketAddr,
    /// Listener for proxy clients.
    pub proxy_addr: SocketAddr,
    /// The capture directory.
    pub capture: &'a Path,
    /// The durability of answered requests.
    pub durability: Durability,
    /// The embedded sandbox.
    pub sandbox: Option<&'a Sandbox>,
    /// The web page's address, with its token.
    pub page: Option<String>,
    /// The client's version, if it is known.
    pub client_version: Option<String>,
}

impl StartupInfo<'_> {
    /// The base URL for clients.
    pub(super) fn base_url(&self) -> String {
        base_url(self.config, self.base_addr)
    }

    /// The proxy's URL.
    pub(super) fn proxy_url(&self) -> String {
        format!("http://{}", reachable(self.config, self.proxy_addr))
    }

    /// Host and port of the proxy, the host without brackets.
    pub(super) fn proxy_host(&self) -> (String, u16) {
        let (host, port) = (reachable(self.config, self.proxy_addr), self.proxy_addr.port());
        let host = host.rsplit_once(':').map_or(host.as_str(), |(host, _)| host);
        (host.trim_matches(['[', ']']).to_owned(), port)
    }

    /// The hosts that the proxy intercepts.
    pub(super) fn proxied(&self) -> Vec<String> {
        let upstream = &self.config.upstream;
        let hosts = upstream.also.iter().chain(&self.config.names).cloned();
        // The embedded sandbox has a loopback address, which many clients call without a proxy.
        let own = Some(upstream.authority()).filter(|_| self.sandbox.is_none());
        own.into_iter().chain(hosts).collect()
    }

    /// The short message: addresses, backend, durability.
    pub(super) fn brief(&self) -> String {
        let mut text = String::new();
        let mut line = |args: std::fmt::Arguments| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{args}");
        };
        let upstream = &self.config.upstream;
        if let Some(page) = &self.page {
            line(format_args!("Open {page}"));
        }
        line(format_args!("Recording into {}", self.capture.display()));
        line(format_args!("  base URL      {}", self.base_url()));
        line(format_args!("  HTTPS proxy   {}   (for {})", self.proxy_url(), self.proxied().join(", ")));
        line(format_args!("  forwards to   {}{}", upstream.origin(), self.what_backend()));
        if let Ok(Some(proxy)) = upstream.proxy() {
            line(format_args!("  via proxy     {proxy}"));
        }
        line(format_args!("  durability    {}: {}", self.durability.name(), self.durability.promise()));
        line(format_args!("  CA to trust   {}   (see `poscert ca`)", self.files.pem.display()));
        if matches!(upstream.trust, Trust::Anyone) {
            line(format_args!(
                "  WARNING       the upstream's certificate is not verified: calls can be intercepted and modified"
            ));
        }
        for sentence in self.reach() {
            line(format_args!("  note          {sentence}"));
        }
        if let Some(client) = self.sandbox.and_then(|sandbox| sandbox.clients().first()) {
            let origin = format!("https://{}", reachable(self.config, self.base_addr));
            line(format_args!("  test client   {} {}", client.client_id, client.client_secret));
            line(format_args!("  token         {origin}/integrator-authentication/connect/token"));
            line(format_args!(
                "  API reference {origin}{REFERENCE}   (headers, examples, stores, customers; not recorded)"
            ));
        }
        text
    }

    /// A line to paste that makes a first call; `None` without an embedded sandbox.
    pub(super) fn first_call(&self) -> Option<String> {
        let client = self.sandbox?.clients().first()?;
        let ca = word(&self.files.pem);
        Some(first_call::line(&ca, &self.base_url(), client, self.client_version.as_deref()))
    }

    /// Lines to paste that check the connection: neither breaks a requirement.
    pub(super) fn trial(&self) -> String {
        let ca = word(&self.files.pem);
        let check = format!("curl --cacert {ca} https://{}{CHECK}", reachable(self.config, self.base_addr));
        let mut text =
            format!("\nTo check that a client reaches the recorder and trusts the CA (not recorded):\n  {check}\n");
        if let Some(call) = self.first_call() {
            text.push_str(&format!("To make a first call with token and all headers (recorded):\n  {call}\n"));
        }
        text
    }

    /// The full message, with instructions to point a client at the recorder.
    pub(super) fn text(&self) -> String {
        let recipes = trust_instructions::text(&trust_instructions::for_clients(self.files));
        let (host, port) = self.proxy_host();
        let [variables, java] = trust_instructions::for_proxy(self.files, &self.proxy_url(), &host, port);
        let hosts: Vec<String> = self.proxied().iter().map(|host| format!("https://{host}")).collect();
        format!(
            "{}\nTo point a client at the recorder, use the base URL and make the client trust the CA (`...` is the \
             rest of the command):\n{recipes}\n\
             If the client's URL cannot be changed, use the recorder as its HTTPS proxy and call {}:\n\
             \x20 {variables}\n  {java}\n\
             (docs/clients.md lists clients that need more settings)\n{}\nPress Ctrl-C to stop recording.\n",
            self.brief(),
            hosts.join(" or "),
            self.trial()
                + &self
                    .sandbox
                    .map(|sandbox| format!("\nThe sandbox\n\n{}", sandbox_data::text(sandbox)))
                    .unwrap_or_default()
        )
    }

    fn what_backend(&self) -> &'static str {
        if self.sandbox.is_some() { "   (embedded sandbox; accepts calls only from this recorder)" } else { "" }
    }

    /// Notes about access from other devices.
    fn reach(&self) -> Vec<String> {
        let (base, proxy) = (!self.base_addr.ip().is_loopback(), !self.proxy_addr.ip().is_loopback());
        let mut notes = Vec::new();
        if base {
            notes.push(format!("other devices can reach the base URL at port {}", self.base_addr.port()));
        }
        if proxy {
            notes.push(format!("other devices can use the proxy at port {}", self.proxy_addr.port()));
        }
        if base && !proxy {
            notes.push("the proxy listens on loopback only; change it with --proxy-listen".to_owned());
        }
        if proxy && !base {
            notes.push("the base URL listens on loopback only; change it with --listen".to_owned());
        }
        if base && self.config.names.is_empty() {
            notes.push(
                "to call it by a host name, pass --name HOST; otherwise the certificate does not match".to_owned(),
            );
        }
        notes
    }
}

/// The base URL for clients of a recorder that listens on `address`.
pub(super) fn base_url(config: &RecorderConfig, address: SocketAddr) -> String {
    format!("https://{}{}", reachable(config, address), config.upstream.path)
}

/// The address for clients: with the first name of `--name` unless it is a loopback address.
fn reachable(config: &RecorderConfig, address: SocketAddr) -> String {
    let name = config.names.first().filter(|_| !address.ip().is_loopback());
    match name {
        Some(name) => format!("{name}:{}", address.port()),
        None if address.ip().is_unspecified() => format!("127.0.0.1:{}", address.port()),
        None => address.to_string(),
    }
}

/// Writes the ready file atomically, so that no reader sees a part of it.
pub(super) fn ready_file(file: &Path, info: &StartupInfo<'_>) -> Result<(), CliError> {
    let files = info.files;
    let ready = serde_json::json!({
        "base_url": info.base_url(),
        "proxy_url": info.proxy_url(),
        "listen": info.base_addr.to_string(),
        "proxy_listen": info.proxy_addr.to_string(),
        "upstream": info.config.upstream.origin(),
        "capture": lossy(info.capture),
        "capture_url": file_url(info.capture),
        "ca": lossy(&files.pem),
        "ca_url": file_url(&files.pem),
        "ca_der": lossy(&files.der),
        "ca_der_url": file_url(&files.der),
        "ca_bundle": lossy(&files.bundle),
        "ca_bundle_url": file_url(&files.bundle),
        "page": info.page,
    });
    put_ready(file, &ready)
}

/// Writes a ready file, readable by its owner only: it may contain the page's token.
pub(super) fn put_ready(file: &Path, ready: &serde_json::Value) -> Result<(), CliError> {
    let mut draft = file.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    // Remove the leftover of an earlier run.
    let _ = std::fs::remove_file(&draft);
    let written = secret_file::write_new(&draft, format!("{ready}\n").as_bytes(), 0o600);
    let written = written.and_then(|()| std::fs::rename(&draft, file));
    written.map_err(|e| {
        CliError::new(format!(
            "cannot write the ready file {}: {}; choose another with --ready-file",
            file.display(),
            crate::seal::io_reason(&e)
        ))
    })
}
