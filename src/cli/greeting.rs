//! What `poscert record` says when it is ready: to people, to scripts, and to the command it starts.

use super::Failure;
use crate::capture::Durability;
use crate::pki::{CaFiles, recipes};
use crate::proxy::{RecorderConfig, Trust};
use crate::sandbox::Sandbox;
use crate::seal::private;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What there is to say.
pub struct Greeting<'a> {
    /// The CA's files.
    pub files: &'a CaFiles,
    /// What the recorder does.
    pub config: &'a RecorderConfig,
    /// Where it listens as base URL.
    pub base_addr: SocketAddr,
    /// Where it listens as proxy.
    pub proxy_addr: SocketAddr,
    /// The capture's folder.
    pub capture: &'a Path,
    /// What an answered call survives.
    pub durability: Durability,
    /// The embedded sandbox.
    pub sandbox: Option<&'a Sandbox>,
    /// The web page's address, with its token.
    pub page: Option<String>,
}

impl Greeting<'_> {
    /// The base URL for clients.
    pub fn base_url(&self) -> String {
        let path = match self.config.upstream.path.as_str() {
            "" => "/pos/v10",
            path => path,
        };
        format!("https://{}{path}", self.reachable(self.base_addr))
    }

    /// The proxy's URL.
    pub fn proxy_url(&self) -> String {
        format!("http://{}", self.reachable(self.proxy_addr))
    }

    /// The address as a client writes it: by the first name, where it listens on more than loopback.
    fn reachable(&self, address: SocketAddr) -> String {
        let name = self.config.names.first().filter(|_| !address.ip().is_loopback());
        match name {
            Some(name) => format!("{name}:{}", address.port()),
            None if address.ip().is_unspecified() => format!("127.0.0.1:{}", address.port()),
            None => address.to_string(),
        }
    }

    /// The variables that the started command gets.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let bundle = self.files.bundle.display().to_string();
        let client = self.sandbox.and_then(|sandbox| sandbox.clients().first());
        let client = client.map(|client| {
            [("POSCERT_CLIENT_ID", client.client_id.clone()), ("POSCERT_CLIENT_SECRET", client.client_secret.clone())]
        });
        let mut variables = vec![
            ("POSCERT_BASE_URL", self.base_url()),
            ("HTTPS_PROXY", self.proxy_url()),
            ("NO_PROXY", "127.0.0.1,localhost,::1".to_owned()),
            ("SSL_CERT_FILE", bundle.clone()),
            ("REQUESTS_CA_BUNDLE", bundle.clone()),
            ("CURL_CA_BUNDLE", bundle),
            ("NODE_EXTRA_CA_CERTS", self.files.pem.display().to_string()),
        ];
        variables.extend(client.into_iter().flatten());
        variables
    }

    /// For people: where it is, where calls go, and what is kept.
    pub fn brief(&self) -> String {
        let mut text = String::new();
        let mut line = |args: std::fmt::Arguments| {
            // Writing into a String does not fail.
            let _ = writeln!(text, "{args}");
        };
        let upstream = &self.config.upstream;
        if let Some(page) = &self.page {
            line(format_args!("Open {page}"));
        }
        line(format_args!("Recording into {}", self.capture.display()));
        line(format_args!("  base URL      {}", self.base_url()));
        line(format_args!(
            "  HTTPS proxy   {}   (CONNECT to {}{})",
            self.proxy_url(),
            upstream.authority(),
            self.also()
        ));
        line(format_args!("  forwards to   {}{}", upstream.origin(), self.what_backend()));
        if let Ok(Some(proxy)) = upstream.proxy() {
            line(format_args!("  through       the proxy {proxy}"));
        }
        line(format_args!("  durability    {}: {}", self.durability.name(), self.durability.promise()));
        line(format_args!("  CA to trust   {}   (`poscert ca` tells more)", self.files.pem.display()));
        if matches!(upstream.trust, Trust::Anyone) {
            line(format_args!(
                "  WARNING       the upstream's certificate is not checked: whoever stands between can read and change every call"
            ));
        }
        for sentence in self.reach() {
            line(format_args!("  note          {sentence}"));
        }
        if let Some(client) = self.sandbox.and_then(|sandbox| sandbox.clients().first()) {
            let origin = format!("https://{}", self.reachable(self.base_addr));
            line(format_args!("  test client   {} {}", client.client_id, client.client_secret));
            line(format_args!("  token         {origin}/integrator-authentication/connect/token"));
        }
        text
    }

    /// For people who start their client themselves: the same, and lines to paste.
    pub fn text(&self) -> String {
        let recipes = recipes::text(&recipes::for_clients(self.files, &self.base_url()));
        format!(
            "{}\nTo point a client at it, use the base URL and make it trust the CA:\n{recipes}\n\
             A client whose URL cannot be changed:\n  export HTTPS_PROXY={}\n\nCtrl-C ends the recording.\n",
            self.brief(),
            self.proxy_url()
        )
    }

    fn also(&self) -> String {
        self.config.names.iter().map(|name| format!(", {name}")).collect()
    }

    fn what_backend(&self) -> &'static str {
        if self.sandbox.is_some() { "   (the embedded sandbox, on loopback)" } else { "" }
    }

    /// What can be reached from other devices, and what stays on loopback.
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
            notes.push("the proxy address stays on loopback; --proxy-listen opens it".to_owned());
        }
        if proxy && !base {
            notes.push("the base URL stays on loopback; --listen opens it".to_owned());
        }
        if base && self.config.names.is_empty() {
            notes
                .push("a device that calls it by a name needs --name HOST, or the certificate will not fit".to_owned());
        }
        notes
    }
}

/// Writes the ready file, by rename, so that whoever waits for it never reads half of it.
pub fn ready_file(file: &Path, greeting: &Greeting<'_>) -> Result<(), Failure> {
    let files = greeting.files;
    let ready = serde_json::json!({
        "base_url": greeting.base_url(),
        "proxy_url": greeting.proxy_url(),
        "listen": greeting.base_addr.to_string(),
        "proxy_listen": greeting.proxy_addr.to_string(),
        "upstream": greeting.config.upstream.origin(),
        "capture": greeting.capture,
        "ca": files.pem,
        "ca_der": files.der,
        "ca_bundle": files.bundle,
        "page": greeting.page,
    });
    let mut draft = file.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    // What an earlier run has left there is nobody's any more.
    let _ = std::fs::remove_file(&draft);
    // The page's token is for its user alone.
    let mode = if greeting.page.is_some() { 0o600 } else { 0o666 };
    let written = private::write_new(&draft, format!("{ready}\n").as_bytes(), mode);
    let written = written.and_then(|()| std::fs::rename(&draft, file));
    written.map_err(|e| {
        Failure::new(format!("cannot write the ready file {} ({e}): name another with --ready-file", file.display()))
    })
}
