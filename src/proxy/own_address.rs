//! The recorder's own addresses, to which it must not connect.

use std::net::SocketAddr;

/// Whether a connection to `peer` reaches the recorder's listener `own`.
pub(super) fn is_same(own: SocketAddr, peer: SocketAddr) -> bool {
    let everywhere = own.ip().is_unspecified() && peer.ip().to_canonical().is_loopback();
    own.port() == peer.port() && (own.ip().to_canonical() == peer.ip().to_canonical() || everywhere)
}
