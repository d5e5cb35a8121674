//! Environment variables of a started command: proxy settings and CA files that route its calls through the recorder,
//! and removal of inherited variables that would bypass it.

use super::startup_message::StartupInfo;
use crate::pki::trust_instructions;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use tokio::process::Command;

/// Proxy variables in the spellings that clients read. Ruby and others use the HTTP proxy for HTTPS too.
const PROXY: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
/// Variables for hosts that are called without the proxy.
const EXEMPT: [&str; 2] = ["NO_PROXY", "no_proxy"];
/// Loopback addresses: the base URL is there, and the client's other services may be.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "::1"];
/// Maximum length of a displayed variable value, in characters.
const SHOWN: usize = 80;

/// How an inherited variable is handled.
enum Inherited {
    /// Set to the recorder.
    Proxy,
    /// Set to the addresses that are called without the proxy.
    Exempt,
    /// Removed: other variables with the same meaning are set.
    Remove,
}

/// Changes to an environment.
#[derive(Default)]
pub(super) struct Environment {
    set: Vec<(OsString, OsString)>,
    remove: Vec<OsString>,
    /// The replaced values, for display.
    replaced: Vec<String>,
}

impl Environment {
    /// The changes for a command that inherits these variables.
    pub(super) fn new(
        info: &StartupInfo<'_>,
        inherited: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Environment {
        let mut environment = Environment::default();
        let own = is_loopback(&info.config.upstream.host) && info.sandbox.is_none();
        let proxy = OsString::from(info.proxy_url());
        let exempt = exempt(info, own);
        let (bundle, pem) = (info.files.bundle.clone(), info.files.pem.clone());
        let mut set = |name: &str, value: &OsStr| environment.set.push((name.into(), value.to_owned()));
        set("POSCERT_BASE_URL", info.base_url().as_ref());
        PROXY.iter().for_each(|name| set(name, &proxy));
        EXEMPT.iter().for_each(|name| set(name, exempt.as_ref()));
        for name in ["NODE_USE_ENV_PROXY", "PERL_LWP_ENV_PROXY"] {
            set(name, "1".as_ref());
        }
        for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PERL_LWP_SSL_CA_FILE"] {
            set(name, bundle.as_ref());
        }
        for name in ["NODE_EXTRA_CA_CERTS", "DENO_CERT"] {
            set(name, pem.as_ref());
        }
        if let Some(client) = info.sandbox.and_then(|sandbox| sandbox.clients().first()) {
            set("POSCERT_CLIENT_ID", client.client_id.as_ref());
            set("POSCERT_CLIENT_SECRET", client.client_secret.as_ref());
        }
        environment.take_over(inherited, &proxy, exempt.as_ref(), &java_options(info, own), &info.files.php);
        environment
    }

    /// Handles inherited variables: replaces those that would bypass the recorder, and extends option lists.
    fn take_over(
        &mut self,
        inherited: impl IntoIterator<Item = (OsString, OsString)>,
        proxy: &OsStr,
        exempt: &OsStr,
        java: &OsStr,
        php: &Path,
    ) {
        let (mut java_tool_options, mut php_folders) = (java.to_owned(), OsString::new());
        for (name, value) in inherited {
            let text = name.to_string_lossy().into_owned();
            match text.as_str() {
                "JAVA_TOOL_OPTIONS" => java_tool_options = joined(&value, " ", java),
                // If set, it takes precedence over JAVA_TOOL_OPTIONS.
                "_JAVA_OPTIONS" => self.set.push((name, joined(&value, " ", java))),
                "PHP_INI_SCAN_DIR" => php_folders = value,
                _ => self.replace(name, &text, &value, proxy, exempt),
            }
        }
        if !java.is_empty() {
            self.set.push(("JAVA_TOOL_OPTIONS".into(), java_tool_options));
        }
        // An empty entry in this list stands for PHP's default directory.
        if !php.as_os_str().as_encoded_bytes().contains(&b':') {
            self.set.push(("PHP_INI_SCAN_DIR".into(), joined(&php_folders, ":", php.as_os_str())));
        }
    }

    fn replace(&mut self, name: OsString, text: &str, value: &OsStr, proxy: &OsStr, exempt: &OsStr) {
        let known = self.set.iter().find(|(set, _)| *set == name).map(|(_, new)| new.clone());
        let new = match (known, meaning(&text.to_ascii_lowercase())) {
            (Some(new), _) => new,
            (None, None) => return,
            (None, Some(Inherited::Remove)) => {
                self.remove.push(name);
                OsString::new()
            }
            (None, Some(meaning)) => {
                let new = if matches!(meaning, Inherited::Proxy) { proxy } else { exempt };
                self.set.push((name, new.to_owned()));
                new.to_owned()
            }
        };
        if !value.is_empty() && *value != *new && !text.starts_with("POSCERT_") {
            self.replaced.push(format!("{text}={}", shown(value)));
        }
    }

    /// Applies the changes to a command.
    pub(super) fn apply(&self, command: &mut Command) {
        self.remove.iter().for_each(|name| {
            command.env_remove(name);
        });
        command.envs(self.set.iter().map(|(name, value)| (name, value)));
    }

    /// A one-line note about the replaced variables.
    pub(super) fn note(&self) -> Option<String> {
        let replaced = self.replaced.join(", ");
        let note = || format!("Replaced in the command's environment so that its calls are recorded: {replaced}\n");
        (!replaced.is_empty()).then(note)
    }
}

/// How to handle a variable, by its name in lower case: Python reads every spelling.
fn meaning(name: &str) -> Option<Inherited> {
    match name {
        "https_proxy" | "http_proxy" | "no_proxy" | "all_proxy" | "socks_proxy" => Some(Inherited::Remove),
        // npm sets these from its configuration for processes of `npm run`, and some HTTP agents read them first.
        "npm_config_https_proxy"
        | "npm_config_http_proxy"
        | "npm_config_proxy"
        | "npm_config_no_proxy"
        | "npm_config_noproxy" => Some(Inherited::Remove),
        "global_agent_https_proxy" | "global_agent_http_proxy" | "cgi_http_proxy" => Some(Inherited::Proxy),
        "global_agent_no_proxy" => Some(Inherited::Exempt),
        _ => None,
    }
}

/// The hosts that are called without the proxy. `own`: the backend is on this machine, so its address is not exempt.
/// The base URL is then called through the proxy too, which accepts that.
fn exempt(info: &StartupInfo<'_>, own: bool) -> String {
    let backend = info.config.upstream.host.trim_matches(['[', ']']);
    let exempt: Vec<&str> = LOOPBACK.into_iter().filter(|host| !own || *host != backend).collect();
    exempt.join(",")
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    bare == "localhost" || bare.parse().is_ok_and(|ip: std::net::IpAddr| ip.to_canonical().is_loopback())
}

/// Java options: Java reads no proxy variables and has its own truststore. `own`: as for [`exempt`]; by default Java
/// calls addresses of this machine without a proxy.
fn java_options(info: &StartupInfo<'_>, own: bool) -> OsString {
    let (host, port) = info.proxy_host();
    let mut options = OsString::from(trust_instructions::java_proxy(&host, port));
    if own {
        options.push(" -Dhttp.nonProxyHosts=");
    }
    let store = info.files.truststore.as_os_str();
    // Options are split at spaces outside of quotes.
    let quote = [None, Some("\""), Some("'")].into_iter().find(|quote| {
        let bytes = store.as_encoded_bytes();
        let holds = |byte: u8| bytes.contains(&byte);
        match quote {
            None => !bytes.iter().any(u8::is_ascii_whitespace) && !holds(b'"') && !holds(b'\''),
            Some(quote) => !quote.bytes().any(holds),
        }
    });
    if let Some(quote) = quote {
        let quote = quote.unwrap_or_default();
        for part in [" -Djavax.net.ssl.trustStoreType=jks ", quote, "-Djavax.net.ssl.trustStore="] {
            options.push(part);
        }
        options.push(store);
        options.push(quote);
    }
    options
}

fn joined(before: &OsStr, between: &str, after: &OsStr) -> OsString {
    let mut joined = before.to_owned();
    joined.push(between);
    joined.push(after);
    joined
}

/// A value for display, without proxy credentials.
fn shown(value: &OsStr) -> String {
    let text = value.to_string_lossy();
    let text = match text.rsplit_once('@') {
        Some((before, host)) => {
            let scheme = before.split_once("://").map(|(scheme, _)| format!("{scheme}://"));
            format!("{}***@{host}", scheme.unwrap_or_default())
        }
        None => text.into_owned(),
    };
    let mut text: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if let Some((end, _)) = text.char_indices().nth(SHOWN) {
        text.truncate(end);
        text.push_str("...");
    }
    text
}
