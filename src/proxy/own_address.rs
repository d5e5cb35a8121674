//! Addresses of our own listeners, so that the recorder does not call itself.

use std::net::SocketAddr;

/// Whether dialling an address reaches a listener of our own.
pub fn is_same(own: SocketAddr, peer: SocketAddr) -> bool {
    let everywhere = own.ip().is_unspecified() && peer.ip().to_canonical().is_loopback();
    own.port() == peer.port() && (own.ip().to_canonical() == peer.ip().to_canonical() || everywhere)
}
