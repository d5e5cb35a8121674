//! Raw peers: a client and a backend that run scripts of bytes over TLS, with a recorder between them.

use poscert::capture::record::{Connection, Exchange};
use poscert::capture::{Writer, WriterOptions};
use poscert::pki::{Authority, Name};
use poscert::proxy::{FaultInjector, Limits, NoFaults, Observer, ProxyHandle, RecorderConfig, Trust, Upstream, start};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The longest time for one step of a script.
const PATIENCE: Duration = Duration::from_secs(20);

/// A step of a raw peer.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Read until these bytes have arrived, after those awaited before.
    Await(Vec<u8>),
    /// Read until this many bytes have arrived in total.
    AwaitLength(usize),
    /// Write these bytes.
    Send(Vec<u8>),
    /// Wait this many ms, so that what was sent arrives separately.
    Pause(u64),
    /// Read until the other side closes.
    AwaitEnd,
    /// Close with close_notify.
    Close,
    /// Close without close_notify.
    Drop,
}

pub(crate) fn wait_for(bytes: impl AsRef<[u8]>) -> Act {
    Act::Await(bytes.as_ref().to_vec())
}

pub(crate) fn send(bytes: impl AsRef<[u8]>) -> Act {
    Act::Send(bytes.as_ref().to_vec())
}

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// What a peer received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// All bytes.
    pub bytes: Vec<u8>,
    /// Whether the other side closed.
    pub ended: bool,
}

/// Runs a script. Received bytes are added to `seen` as they arrive.
pub(crate) async fn play(mut stream: Box<dyn Stream>, acts: &[Act], seen: Arc<Mutex<Seen>>) {
    let mut mark = 0;
    for act in acts {
        match act {
            Act::Send(bytes) => {
                // The other side may have closed already: what it received shows that.
                let _ = timeout(PATIENCE, async {
                    stream.write_all(bytes).await?;
                    stream.flush().await
                })
                .await
                .unwrap_or_else(|_| panic!("cannot send: the peer does not read"));
            }
            Act::Pause(ms) => tokio::time::sleep(Duration::from_millis(*ms)).await,
            Act::Await(wanted) => loop {
                let found = find(&seen.lock().unwrap().bytes[mark..], wanted);
                if let Some(at) = found {
                    mark += at + wanted.len();
                    break;
                }
                if !read(&mut stream, &seen).await {
                    let so_far = String::from_utf8_lossy(&seen.lock().unwrap().bytes).into_owned();
                    eprintln!(
                        "awaited {:?}, but the other side ended after {so_far:?}",
                        String::from_utf8_lossy(wanted)
                    );
                    return;
                }
            },
            Act::AwaitLength(length) => {
                while seen.lock().unwrap().bytes.len() < *length && read(&mut stream, &seen).await {}
            }
            Act::AwaitEnd => while read(&mut stream, &seen).await {},
            Act::Close => {
                let _ = stream.shutdown().await;
            }
            Act::Drop => return,
        }
    }
    // Unexpected further bytes would be a difference, so wait a moment for them.
    let _ = timeout(Duration::from_millis(60), async { while read(&mut stream, &seen).await {} }).await;
}

async fn read(stream: &mut Box<dyn Stream>, seen: &Mutex<Seen>) -> bool {
    let mut buffer = [0; 16 * 1024];
    let read = timeout(PATIENCE, stream.read(&mut buffer)).await;
    let read = read.unwrap_or_else(|_| {
        panic!("nothing more came after {:?}", String::from_utf8_lossy(&seen.lock().unwrap().bytes))
    });
    let length = read.unwrap_or(0);
    let mut seen = seen.lock().unwrap();
    seen.bytes.extend_from_slice(&buffer[..length]);
    seen.ended |= length == 0;
    length > 0
}

pub(crate) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    if wanted.is_empty() {
        return Some(0);
    }
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// A backend that runs a script on each connection that sends something.
pub(crate) struct RawBackend {
    pub addr: SocketAddr,
    seen: Arc<Mutex<Vec<Arc<Mutex<Seen>>>>>,
    task: tokio::task::JoinHandle<()>,
}

impl RawBackend {
    /// `scripts`: one for each connection that sends something, the last one for all others.
    pub(crate) async fn start(authority: &Authority, scripts: Vec<Vec<Act>>) -> RawBackend {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let config = authority.server_config_for(&[Name::parse("127.0.0.1").unwrap()]).unwrap();
        let acceptor = TlsAcceptor::from(config);
        let seen: Arc<Mutex<Vec<Arc<Mutex<Seen>>>>> = Arc::default();
        let all = seen.clone();
        let task = tokio::spawn(async move {
            let mut number = 0;
            loop {
                let Ok((tcp, _)) = listener.accept().await else { return };
                tcp.set_nodelay(true).unwrap();
                let acts = scripts.get(number).or(scripts.last()).cloned().unwrap_or_default();
                number += 1;
                let (acceptor, all) = (acceptor.clone(), all.clone());
                tokio::spawn(async move {
                    let Ok(tls) = acceptor.accept(tcp).await else { return };
                    let seen = Arc::new(Mutex::new(Seen::default()));
                    all.lock().unwrap().push(seen.clone());
                    play(Box::new(tls), &acts, seen).await;
                });
            }
        });
        RawBackend { addr, seen, task }
    }

    /// What each connection received.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().map(|seen| seen.lock().unwrap().clone()).collect()
    }

    /// What all connections received, concatenated.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.seen().into_iter().flat_map(|seen| seen.bytes).collect()
    }
}

impl Drop for RawBackend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Remembers the recorded exchanges and events.
#[derive(Default)]
pub(crate) struct Noted {
    pub exchanges: Mutex<Vec<Exchange>>,
    pub connections: Mutex<Vec<Connection>>,
}

impl Observer for Noted {
    fn exchange(&self, exchange: &Exchange) {
        self.exchanges.lock().unwrap().push(exchange.clone());
    }

    fn connection(&self, connection: &Connection) {
        self.connections.lock().unwrap().push(connection.clone());
    }
}

impl Noted {
    /// Waits for this many exchanges; returns them in the order of their numbers.
    pub(crate) async fn exchanges(&self, count: usize) -> Vec<Exchange> {
        for _ in 0..2000 {
            let mut exchanges = self.exchanges.lock().unwrap().clone();
            if exchanges.len() >= count {
                exchanges.sort_by_key(|exchange| exchange.number);
                return exchanges;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("expected {count} exchanges, {:?} were recorded", self.exchanges.lock().unwrap());
    }

    /// Waits for a connection event of this kind.
    pub(crate) async fn event(&self, event: &str) -> Connection {
        for _ in 0..2000 {
            let found = self.connections.lock().unwrap().iter().find(|c| c.event == event).cloned();
            if let Some(found) = found {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no `{event}` among {:?}", self.connections.lock().unwrap());
    }
}

/// A recorder before a backend, with its own capture and CA.
pub(crate) struct Bench {
    pub dir: tempfile::TempDir,
    pub authority: Arc<Authority>,
    pub noted: Arc<Noted>,
    pub writer: Writer,
    pub running: Option<ProxyHandle>,
    pub base: SocketAddr,
    pub proxy: SocketAddr,
    pub backend: SocketAddr,
}

/// The options of the recorder.
pub(crate) struct Choice {
    pub faults: Arc<dyn FaultInjector>,
    pub limits: Limits,
    pub names: Vec<String>,
    pub tunnel: Vec<String>,
}

impl Default for Choice {
    fn default() -> Choice {
        Choice { faults: Arc::new(NoFaults), limits: Limits::default(), names: Vec::new(), tunnel: Vec::new() }
    }
}

/// The CA shared by client, recorder and backend in the tests.
pub(crate) fn authority() -> Arc<Authority> {
    let dir = tempfile::tempdir().unwrap();
    Arc::new(Authority::open(dir.path()).unwrap())
}

impl Bench {
    pub(crate) async fn start(authority: Arc<Authority>, backend: SocketAddr, choice: Choice) -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let writer = Writer::open(&dir.path().join("capture"), WriterOptions::default()).unwrap();
        let trust = Trust::Roots(vec![authority.certificate().clone()]);
        let loopback: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let config = RecorderConfig {
            listen: loopback,
            proxy_listen: loopback,
            upstream: Upstream::parse(&format!("https://{backend}"), trust).unwrap(),
            names: choice.names,
            tunnel: choice.tunnel,
            private: Vec::new(),
            pages: poscert::proxy::LocalPages::default(),
            limits: choice.limits,
        };
        let noted = Arc::new(Noted::default());
        let running = start(config, authority.clone(), writer.clone(), choice.faults, noted.clone()).await.unwrap();
        let (base, proxy) = (running.base_addr, running.proxy_addr);
        Bench { dir, authority, noted, writer, running: Some(running), base, proxy, backend }
    }

    /// Connects as a client that trusts the CA.
    pub(crate) async fn client(&self, way: Way) -> Box<dyn Stream> {
        let tcp = match way {
            Way::Direct => TcpStream::connect(self.backend).await.unwrap(),
            Way::Base => TcpStream::connect(self.base).await.unwrap(),
            Way::Connect => {
                let (tcp, answer) = connect(self.proxy, &self.backend.to_string()).await;
                assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
                tcp
            }
        };
        tls(&self.authority, tcp, "127.0.0.1").await.unwrap()
    }

    /// Runs a client's script; returns what it received.
    pub(crate) async fn play(&self, way: Way, acts: &[Act]) -> Seen {
        let seen = Arc::new(Mutex::new(Seen::default()));
        play(self.client(way).await, acts, seen.clone()).await;
        seen.lock().unwrap().clone()
    }

    /// Stops the recorder.
    pub(crate) async fn stop(&mut self) {
        self.running.take().unwrap().stop().await.unwrap();
    }
}

/// The proxy mode that a client uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Direct,
    Base,
    Connect,
}

/// Asks a proxy for a tunnel; returns the connection, and head and body of the response.
pub(crate) async fn connect(proxy: SocketAddr, target: &str) -> (TcpStream, String) {
    let mut tcp = TcpStream::connect(proxy).await.unwrap();
    tcp.write_all(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: raw\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = Vec::new();
    while find(&answer, b"\r\n\r\n").is_none() || !answer.starts_with(b"HTTP/1.1 2") {
        let mut byte = [0; 1];
        let read = timeout(PATIENCE, tcp.read(&mut byte)).await.expect("no answer to CONNECT").unwrap_or(0);
        if read == 0 {
            break;
        }
        answer.push(byte[0]);
    }
    (tcp, String::from_utf8_lossy(&answer).into_owned())
}

pub(crate) async fn tls(authority: &Authority, tcp: TcpStream, name: &str) -> std::io::Result<Box<dyn Stream>> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    tcp.set_nodelay(true).unwrap();
    Ok(Box::new(TlsConnector::from(Arc::new(config)).connect(name, tcp).await?))
}
