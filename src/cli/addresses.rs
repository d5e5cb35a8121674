//! Host names and addresses of options and listeners.

use super::CliError;
use crate::pki::Name;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// The default address of the base URL.
pub(super) const DEFAULT_LISTEN: &str = "127.0.0.1:8443";

/// The address at which a client on this machine reaches a listener.
pub(super) fn nearby(address: SocketAddr) -> SocketAddr {
    let local = match address {
        SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    if address.ip().is_unspecified() { SocketAddr::new(local, address.port()) } else { address }
}

/// Parses the host names and addresses of an option.
///
/// # Errors
/// A value that is neither; the message names the option.
pub(super) fn hosts(given: &[String], option: &str) -> Result<Vec<String>, CliError> {
    let host = |host: &String| {
        let name = Name::parse(host).ok_or_else(|| {
            CliError::new(format!("{option}: `{host}` is not a host name or an IP address; omit scheme and port"))
        })?;
        Ok(name.to_string())
    };
    given.iter().filter(|host| !host.is_empty()).map(host).collect()
}
