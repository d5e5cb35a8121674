//! The sandbox's server: TLS, HTTP/1.1 with keep-alive, and graceful shutdown.

use super::linger::Lingering;
use super::{Gate, Sandbox, http};
use ::http::header::CONNECTION;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long requests in progress may take after shutdown.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long to wait before accepting again if the system is out of sockets.
const BREATH: Duration = Duration::from_millis(50);

impl Sandbox {
    /// Serves over TLS until `shutdown` resolves. Then it accepts no new connections, closes idle ones, and gives
    /// requests in progress two seconds. All tasks have ended when it returns.
    pub async fn serve(
        &self,
        listener: TcpListener,
        tls: Arc<rustls::ServerConfig>,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) {
        self.serve_behind(listener, tls, None, shutdown).await;
    }

    /// Serves behind a gate: `tls` must request client certificates.
    pub async fn serve_behind(
        &self,
        listener: TcpListener,
        tls: Arc<rustls::ServerConfig>,
        gate: Option<Arc<Gate>>,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) {
        let acceptor = TlsAcceptor::from(tls);
        let (ending, ended) = watch::channel(false);
        let mut connections = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let (sandbox, gate) = (self.clone(), gate.clone());
                        connections.spawn(connection(sandbox, gate, stream, acceptor.clone(), ended.clone()));
                    }
                    Err(_) => tokio::time::sleep(BREATH).await,
                },
            }
        }
        drop(listener);
        let _ = ending.send(true);
        let all = async { while connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(FAREWELL, all).await;
        connections.shutdown().await;
    }
}

/// Serves one connection, from the handshake to its end. Its errors are visible to the client only.
async fn connection(
    sandbox: Sandbox,
    gate: Option<Arc<Gate>>,
    stream: TcpStream,
    acceptor: TlsAcceptor,
    mut ended: watch::Receiver<bool>,
) {
    // Without Nagle's algorithm, so that small responses to a polling client are not delayed.
    let _ = stream.set_nodelay(true);
    let handshake = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream));
    let stream = tokio::select! {
        stream = handshake => stream,
        _ = ended.wait_for(|ended| *ended) => return,
    };
    let Ok(Ok(stream)) = stream else { return };
    let shut = gate.filter(|gate| !gate.admits(stream.get_ref().1.peer_certificates()));
    let (early, first) = (Arc::new(AtomicBool::default()), AtomicBool::new(true));
    let (router, answers_early) = (TowerToHyperService::new(sandbox.router()), early.clone());
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let (router, shut, early) = (router.clone(), shut.clone(), answers_early.clone());
        let first = first.swap(false, Ordering::Relaxed);
        async move {
            let response = match shut {
                Some(gate) => http::past_the_recorder(gate, request.map(Body::new), first).await,
                None => router.call(request).await?,
            };
            // The server closes the connection only after a response to a request that was not read to its end.
            early.fetch_or(response.headers().contains_key(CONNECTION), Ordering::Relaxed);
            Ok::<_, Infallible>(response)
        }
    });
    let stream = Lingering::new(stream, early);
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = ended.wait_for(|ended| *ended) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
