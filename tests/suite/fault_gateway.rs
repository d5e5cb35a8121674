//! A gateway before a sandbox that injects faults and logs the traffic, to test a till on the wire without recorder and
//! verifier.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use poscert::api::{Fault, Operation};
use poscert::pki::{Authority, Name};
use poscert::sandbox::{Sandbox, SandboxOptions};
use poscert::till::{TillConfig, http::HttpClient};
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::net::TcpListener;

/// A received request.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub connection: usize,
    pub operation: Option<Operation>,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub came: Instant,
    /// When its response was ready; `None`: there was none, or the till disconnected first.
    pub answered: Option<Instant>,
    pub status: Option<u16>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct State {
    faults: Vec<(Operation, Option<Fault>)>,
    log: Vec<Seen>,
    connections: usize,
}

/// A sandbox and the gateway before it.
pub(crate) struct Gateway {
    pub sandbox: Sandbox,
    pub base_url: String,
    pub ca_file: PathBuf,
    state: Arc<Mutex<State>>,
    _folder: tempfile::TempDir,
}

impl Gateway {
    pub(crate) async fn start() -> Gateway {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open(folder.path()).unwrap();
        let tls = authority.server_config_for(&[Name::parse("127.0.0.1").unwrap()]).unwrap();
        let ca_file = authority.files().pem.clone();

        let sandbox = Sandbox::new(SandboxOptions::default());
        let backend = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let backend_origin = format!("https://{}", backend.local_addr().unwrap());
        let (served, backend_tls) = (sandbox.clone(), tls.clone());
        tokio::spawn(async move { served.serve(backend, backend_tls, std::future::pending()).await });

        let state = Arc::new(Mutex::new(State::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("https://{}/pos/v10", listener.local_addr().unwrap());
        let line = Arc::new(HttpClient::new(Some(&ca_file), None).unwrap());
        let acceptor = tokio_rustls::TlsAcceptor::from(tls);
        let shared = state.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, state, line) = (acceptor.clone(), shared.clone(), line.clone());
                let origin = backend_origin.clone();
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let connection = {
                        let mut state = state.lock().unwrap();
                        state.connections += 1;
                        state.connections
                    };
                    let service = service_fn(move |request| {
                        pass(request, connection, state.clone(), line.clone(), origin.clone())
                    });
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Gateway { sandbox, base_url, ca_file, state, _folder: folder }
    }

    /// The configuration of a till that uses the gateway.
    pub(crate) fn till(&self) -> TillConfig {
        let client = &self.sandbox.clients()[0];
        TillConfig {
            ca_file: Some(self.ca_file.clone()),
            ..TillConfig::certification(&self.base_url, &client.client_id, &client.client_secret)
        }
    }

    /// Arms the faults for the next calls of an operation, in order; `None` passes one through.
    pub(crate) fn arm(&self, operation: Operation, faults: &[Option<Fault>]) {
        self.state.lock().unwrap().faults.extend(faults.iter().map(|fault| (operation, *fault)));
    }

    /// The number of faults still armed.
    pub(crate) fn armed(&self) -> usize {
        self.state.lock().unwrap().faults.len()
    }

    /// All requests received so far.
    pub(crate) fn log(&self) -> Vec<Seen> {
        self.state.lock().unwrap().log.clone()
    }

    /// The requests of one operation.
    pub(crate) fn seen(&self, operation: Operation) -> Vec<Seen> {
        self.log().into_iter().filter(|seen| seen.operation == Some(operation)).collect()
    }

    /// The number of calls of an operation that returned 200.
    pub(crate) fn answered(&self, operation: Operation) -> usize {
        self.watcher().answered(operation)
    }

    /// A view of the log that can be moved to another task.
    pub(crate) fn watcher(&self) -> Watcher {
        Watcher { sandbox: self.sandbox.clone(), state: self.state.clone() }
    }

    /// The operations received, in order.
    pub(crate) fn operations(&self) -> Vec<Operation> {
        self.log().iter().filter_map(|seen| seen.operation).collect()
    }
}

/// A view of a gateway's log.
pub(crate) struct Watcher {
    pub sandbox: Sandbox,
    state: Arc<Mutex<State>>,
}

impl Watcher {
    /// The number of calls of an operation that returned 200.
    pub(crate) fn answered(&self, operation: Operation) -> usize {
        let state = self.state.lock().unwrap();
        state.log.iter().filter(|seen| seen.operation == Some(operation) && seen.status == Some(200)).count()
    }
}

async fn pass(
    request: Request<Incoming>,
    connection: usize,
    state: Arc<Mutex<State>>,
    line: Arc<HttpClient>,
    origin: String,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let came = Instant::now();
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let target = parts.uri.to_string();
    let operation = poscert::profile::pos_v10().route(parts.method.as_str(), &target).operation();
    let headers = parts.headers.iter();
    let headers = headers.map(|(n, v)| (n.as_str().to_owned(), v.to_str().unwrap().to_owned())).collect();
    let seen = Seen {
        connection,
        operation,
        target: target.clone(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
        came,
        answered: None,
        status: None,
    };
    let (number, fault) = {
        let mut state = state.lock().unwrap();
        state.log.push(seen);
        let at = state.faults.iter().position(|(armed, _)| Some(*armed) == operation);
        (state.log.len() - 1, at.and_then(|at| state.faults.remove(at).1))
    };
    let done = |status: u16| {
        let mut state = state.lock().unwrap();
        state.log[number].answered = Some(Instant::now());
        state.log[number].status = Some(status);
    };
    if fault == Some(Fault::ServerError) {
        done(500);
        return Ok(Response::builder().status(500).body(Full::default()).unwrap());
    }
    let mut forwarded = Request::from_parts(parts, Full::new(body));
    forwarded.headers_mut().remove("host");
    *forwarded.uri_mut() = format!("{origin}{target}").parse().unwrap();
    let answer = line.exchange(forwarded, None).await.unwrap();
    if fault == Some(Fault::Timeout) {
        // Held until the till disconnects, which drops this future.
        std::future::pending::<()>().await;
    }
    done(answer.status.as_u16());
    Ok(Response::builder().status(answer.status).body(Full::new(answer.body)).unwrap())
}
