//! Choice of the outgoing HTTP proxy for a host, by option or by the usual environment variables.

use super::split_authority;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use std::fmt;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

/// The option that sets the proxy.
const FLAG: &str = "--upstream-proxy";

/// An HTTP proxy that supports CONNECT.
#[derive(Clone, PartialEq, Eq)]
pub struct OutgoingProxy {
    host: String,
    port: u16,
    /// The value of `Proxy-Authorization`; never displayed.
    authorization: Option<String>,
    /// The option or variable that set it.
    source: String,
}

impl OutgoingProxy {
    /// Parses a URL: `http://[user:password@]host[:port]`. `source`: the option or variable that contains it.
    ///
    /// # Errors
    /// A message without the value, which may contain a password.
    pub fn parse(text: &str, source: &str) -> Result<OutgoingProxy, String> {
        const LIKE: &str = "pass one like http://proxy.example:3128, or connect directly with --upstream-proxy none";
        let wrong = |what: &str| format!("{source} {what}; {LIKE}");
        let (scheme, rest) = text.trim().split_once("://").unwrap_or(("http", text.trim()));
        match scheme.to_ascii_lowercase().as_str() {
            "http" => {}
            "https" => return Err(wrong("names a proxy reached over TLS, which is not supported")),
            "socks" | "socks4" | "socks4a" | "socks5" | "socks5h" => {
                return Err(wrong("names a SOCKS proxy, which is not supported for the backend"));
            }
            _ => return Err(wrong("is not the URL of an HTTP proxy")),
        }
        // A password may contain an unescaped `/` or `@`.
        let (user, rest) = rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (host, port) = split_authority(authority, 80).ok_or_else(|| wrong("is not the URL of an HTTP proxy"))?;
        let authorization = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            let mut pair: Vec<u8> = percent_decode_str(name).collect();
            pair.push(b':');
            pair.extend(percent_decode_str(password));
            format!("Basic {}", STANDARD.encode(pair))
        });
        Ok(OutgoingProxy { host, port, authorization, source: source.to_owned() })
    }

    /// The proxy's URL without user name and password.
    pub fn origin(&self) -> String {
        format!("http://{}:{}", self.host, self.port)
    }

    /// The option or variable that set it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the option set it.
    pub fn is_flag(&self) -> bool {
        self.source == FLAG
    }

    /// The value of `Proxy-Authorization`.
    pub(super) fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }

    /// Whether the proxy is at one of these addresses, which would cause a request loop. An address with port 0 is not
    /// bound yet and never matches.
    pub fn is_one_of(&self, own: &[SocketAddr]) -> bool {
        let own: Vec<&SocketAddr> = own.iter().filter(|own| own.port() == self.port).collect();
        if own.is_empty() {
            return false;
        }
        let Ok(mut addresses) = (self.host.trim_matches(['[', ']']), self.port).to_socket_addrs() else {
            return false;
        };
        addresses.any(|address| own.iter().any(|own| crate::proxy::own_address::is_same(**own, address)))
    }
}

impl fmt::Debug for OutgoingProxy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "OutgoingProxy({self})")
    }
}

impl fmt::Display for OutgoingProxy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({})", self.origin(), self.source)
    }
}

/// The configuration of outgoing proxies.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    /// The option's value, for all hosts. `Some(None)`: never a proxy.
    flag: Option<Option<OutgoingProxy>>,
    https: Option<Result<OutgoingProxy, String>>,
    http: Option<Result<OutgoingProxy, String>>,
    /// `NO_PROXY`.
    exempt: String,
}

impl Outgoing {
    /// Reads the option, a URL or `none`, else the environment variables `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
    /// `NO_PROXY`, in lower or upper case. `variable` returns the value of a variable.
    ///
    /// # Errors
    /// If the option's proxy cannot be used. An unusable variable is an error only when it would be used.
    pub fn read(flag: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> Result<Outgoing, String> {
        let flag = match flag.map(str::trim).filter(|flag| !flag.is_empty()) {
            None => None,
            Some(none) if none.eq_ignore_ascii_case("none") => Some(None),
            Some(url) => Some(Some(OutgoingProxy::parse(url, FLAG)?)),
        };
        let value = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let proxy =
            |names: &[&str]| names.iter().find_map(|name| value(name).map(|value| OutgoingProxy::parse(&value, name)));
        Ok(Outgoing {
            flag,
            https: proxy(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            http: proxy(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]),
            exempt: ["no_proxy", "NO_PROXY"].into_iter().find_map(value).unwrap_or_default(),
        })
    }

    /// The proxy for a host. Hosts on this machine are reached directly, unless the option sets a proxy.
    ///
    /// # Errors
    /// If the variable that applies contains an unusable proxy.
    pub fn to(&self, tls: bool, host: &str, port: u16) -> Result<Option<&OutgoingProxy>, String> {
        if let Some(flag) = &self.flag {
            return Ok(flag.as_ref());
        }
        let proxy = if tls { &self.https } else { &self.http };
        match proxy {
            Some(proxy) if !is_loopback(host) && !is_exempt(&self.exempt, host, port) => {
                proxy.as_ref().map(Some).map_err(Clone::clone)
            }
            _ => Ok(None),
        }
    }

    /// Removes proxies from variables that are at one of these addresses. The message names a removed one.
    pub fn without(mut self, own: &[SocketAddr]) -> (Outgoing, Option<String>) {
        let mut left_out = None;
        for proxy in [&mut self.https, &mut self.http] {
            if let Some(Ok(one)) = proxy
                && one.is_one_of(own)
            {
                left_out = Some(format!(
                    "{} names this recorder itself ({}); it is ignored for connections to the backend",
                    one.source,
                    one.origin()
                ));
                *proxy = None;
            }
        }
        (self, left_out)
    }
}

/// Whether a host is this machine, judged by its name or address.
fn is_loopback(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    match address(host) {
        Some(address) => address.is_loopback(),
        None => host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost"),
    }
}

fn address(text: &str) -> Option<IpAddr> {
    text.trim_matches(['[', ']']).parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// Whether a `NO_PROXY` list contains a host. Entries are `*`, domains including their subdomains, addresses and
/// networks, each with or without a port.
fn is_exempt(list: &str, host: &str, port: u16) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let entries = list.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
    entries.map(str::to_ascii_lowercase).any(|entry| {
        let (name, only) = split_port(&entry);
        only.is_none_or(|only| only == port) && (name == "*" || names(name, &host))
    })
}

/// Splits an entry and its port. The colons of a bare IPv6 address do not separate a port.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((name, digits)) if name.ends_with(']') || !name.contains(':') => match digits.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

fn names(name: &str, host: &str) -> bool {
    if let Some(address) = address(host) {
        return match name.split_once('/') {
            None => self::address(name) == Some(address),
            Some((network, bits)) => is_in(address, self::address(network), bits.parse().ok()),
        };
    }
    let domain = name.strip_prefix("*.").or(name.strip_prefix('.')).unwrap_or(name).trim_end_matches('.');
    let below = host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    !domain.is_empty() && below
}

/// Whether an address is in a network.
fn is_in(address: IpAddr, network: Option<IpAddr>, bits: Option<u32>) -> bool {
    let (a, b, width) = match (address, network) {
        (IpAddr::V4(a), Some(IpAddr::V4(b))) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32u32),
        (IpAddr::V6(a), Some(IpAddr::V6(b))) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    let Some(rest) = bits.and_then(|bits| width.checked_sub(bits)) else { return false };
    // A shift by the full width returns `None`; with no network bits every address matches.
    a.checked_shr(rest).unwrap_or(0) == b.checked_shr(rest).unwrap_or(0)
}

#[cfg(test)]
mod tests;
