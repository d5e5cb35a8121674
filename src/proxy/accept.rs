//! Serving of an accepted connection: TLS handshake, hyper's server, and events for failures below HTTP.

use super::alert;
use super::client_tap::ClientTap;
use super::connection::ClientConnection;
use super::exchange;
use super::handshake::handshake;
use super::loop_monitor::{ArrivalBound, TimedStream};
use super::recorder::{Phase, Recorder, seconds};
use crate::capture::record::Way;
use crate::pki::Name;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

/// An accepted connection before its TLS handshake.
pub(super) struct Accepted {
    /// The connection.
    pub tcp: TcpStream,
    /// The bound on the arrival times of its data.
    pub arrival: Arc<ArrivalBound>,
    /// The connection's number.
    pub connection: u64,
    /// When it was accepted, in microseconds of the run.
    pub at: u64,
    /// The listener that accepted it.
    pub way: Way,
    /// The host and port of CONNECT.
    pub connect: Option<(String, u16)>,
    /// The names in the certificate if the client sends no server name.
    pub names: Vec<Name>,
}

/// Serves a connection until it closes.
pub(super) async fn serve(recorder: Arc<Recorder>, accepted: Accepted) {
    let Accepted { tcp, arrival, connection, at, way, connect, names } = accepted;
    let limit = recorder.config.limits.head_time;
    let stream = match timeout(limit, handshake(&recorder, tcp, &arrival, way, &names)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(failure)) => {
            return recorder.connection_event(connection, failure.event, failure.tls, failure.detail).await;
        }
        Err(_) => {
            let detail = format!("the client did not finish its TLS handshake within {}", seconds(limit));
            return recorder.connection_event(connection, "tls-failed", "", detail).await;
        }
    };
    let version = stream.get_ref().1.protocol_version().and_then(|version| version.as_str().map(tls_name));
    let host = connect.map(|(host, port)| if port == 443 { host } else { format!("{host}:{port}") });
    let now = recorder.writer.now_us();
    let connection_state =
        Arc::new(ClientConnection::new(connection, way, version.unwrap_or_default(), at, now, host, arrival));
    http(&recorder, stream, connection_state.clone()).await;
    for slot in connection_state.take_orphans() {
        exchange::record_orphan(&recorder, slot).await;
    }
    if let Some(detail) = connection_state.take_left_in_head() {
        recorder.connection_event(connection, "closed", &connection_state.tls, detail).await;
    }
    if let Some(alert) = connection_state.take_alert() {
        let (event, detail) = alert::describe(alert);
        recorder.connection_event(connection, event, &connection_state.tls, detail).await;
    }
}

fn tls_name(name: &str) -> String {
    name.replace("TLSv1_", "TLSv1.")
}

async fn http(recorder: &Arc<Recorder>, stream: TlsStream<TimedStream>, connection_state: Arc<ClientConnection>) {
    let limits = recorder.config.limits;
    let tap = ClientTap::new(stream, connection_state.clone(), recorder.writer.clone(), &recorder.config);
    let service = hyper::service::service_fn(|request: Request<Incoming>| {
        let (reply, answer) = oneshot::channel();
        if let Some(slot) = connection_state.take_slot() {
            let tracked = recorder.track();
            let task = exchange::run(recorder.clone(), slot, request.into_body(), reply);
            tokio::spawn(async move {
                task.await;
                drop(tracked);
            });
        }
        // An error means that the exchange ended without a response: hyper closes the connection.
        answer
    });
    let connection = http1::Builder::new()
        .half_close(false)
        .auto_date_header(false)
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .serve_connection(TokioIo::new(tap), service);
    tokio::pin!(connection);
    let mut draining = std::pin::pin!(recorder.reached(Phase::Draining));
    let mut killed = std::pin::pin!(recorder.reached(Phase::Killed));
    let mut asked = false;
    loop {
        tokio::select! {
            // The tap reports how the connection ended.
            _ = connection.as_mut() => return,
            () = &mut killed => return connection_state.stop(),
            () = &mut draining, if !asked => {
                asked = true;
                connection_state.drain();
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}
