//! Addresses and host names of options and listeners.

use super::CliError;
use crate::pki::Name;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// A listener's address for a client on this machine.
pub(super) fn nearby(address: SocketAddr) -> SocketAddr {
    let local = match address {
        SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    if address.ip().is_unspecified() { SocketAddr::new(local, address.port()) } else { address }
}

/// The host names and addresses that an option was given.
///
/// # Errors
/// What is neither, with the option.
pub(super) fn hosts(given: &[String], option: &str) -> Result<Vec<String>, CliError> {
    let host = |host: &String| {
        let name = Name::parse(host).ok_or_else(|| {
            CliError::new(format!(
                "{option} `{host}` is neither a host name nor an address; leave scheme and port away"
            ))
        })?;
        Ok(name.to_string())
    };
    given.iter().filter(|host| !host.is_empty()).map(host).collect()
}
