//! A backend that captures each request exactly as the client sent it, without a recorder in between.

use super::wire::find;
use poscert::pki::{Authority, Name};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The store id that it returns, the same as the sandbox's.
pub(crate) const STORE: &str = "9d0a9c45-1793-4e82-9410-b0ee6779ab60";

/// A request as it was sent, without what differs between two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Method and target.
    pub line: String,
    /// Sorted as sent, in the original letter case; `Host` and `Authorization` only in part.
    pub headers: Vec<(String, String)>,
    /// Without transfer coding.
    pub body: String,
}

impl Sent {
    fn new(line: String, headers: Vec<(String, String)>, body: String) -> Sent {
        let headers = headers.into_iter().map(|(name, value)| {
            let value = match name.to_ascii_lowercase().as_str() {
                "host" => "the host".to_owned(),
                "authorization" => value.split(' ').next().unwrap_or_default().to_owned(),
                _ => value,
            };
            (name, value)
        });
        Sent { line, headers: headers.collect(), body }
    }

    /// The request of an exchange from `poscert show --json`. A secret in it must have been redacted.
    pub(crate) fn recorded(exchange: &Value) -> Sent {
        let request = &exchange["request"];
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{exchange}")).to_owned();
        let headers = request["headers"].as_array().unwrap();
        let headers: Vec<_> = headers.iter().map(|header| (text(&header["name"]), text(&header["value"]))).collect();
        for (name, value) in &headers {
            let is_secret = name.eq_ignore_ascii_case("authorization");
            assert!(!is_secret || value.contains(" redacted-"), "{name}: {value}");
        }
        let line = format!("{} {}", text(&request["method"]), text(&request["target"]));
        Sent::new(line, headers, text(&request["body"]["text"]))
    }
}

/// A backend that responds to token requests, GetStores and CreatePos, and captures the requests. It is also its own
/// HTTPS proxy.
pub(crate) struct Truth {
    pub addr: SocketAddr,
    sent: Arc<Mutex<Vec<Sent>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Truth {
    pub(crate) async fn start(authority: &Authority, name: &str) -> Truth {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let names: Vec<Name> = ["127.0.0.1", name].into_iter().filter_map(Name::parse).collect();
        let acceptor = TlsAcceptor::from(authority.server_config_for(&names).unwrap());
        let sent: Arc<Mutex<Vec<Sent>>> = Arc::default();
        let kept = sent.clone();
        let task = tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (acceptor, kept) = (acceptor.clone(), kept.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = open(tcp, acceptor).await {
                        let _ = serve(stream, &kept).await;
                    }
                });
            }
        });
        Truth { addr, sent, task }
    }

    /// Takes the requests captured since the last call.
    pub(crate) fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

impl Drop for Truth {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn open(mut tcp: TcpStream, acceptor: TlsAcceptor) -> std::io::Result<TlsStream<TcpStream>> {
    let mut first = [0];
    tcp.peek(&mut first).await?;
    if first == *b"C" {
        // Read byte by byte, so that nothing from inside the tunnel is consumed.
        let mut head = Vec::new();
        while find(&head, b"\r\n\r\n").is_none() {
            head.push(tcp.read_u8().await?);
        }
        tcp.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    }
    acceptor.accept(tcp).await
}

async fn serve(mut stream: TlsStream<TcpStream>, kept: &Mutex<Vec<Sent>>) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let end = until(&mut stream, &mut buffer, b"\r\n\r\n").await?;
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        buffer.drain(..end);
        let mut lines = head.trim_end().split("\r\n");
        let line = lines.next().unwrap_or_default().rsplit_once(' ').map_or("", |(line, _)| line).to_owned();
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(':').unwrap_or((line, "")))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let value = |wanted: &str| {
            headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.clone())
        };
        let closes = value("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        if value("expect").is_some() {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let body = match value("content-length") {
            _ if value("transfer-encoding").is_some() => chunked(&mut stream, &mut buffer).await?,
            Some(length) => exactly(&mut stream, &mut buffer, length.parse().unwrap()).await?,
            None => Vec::new(),
        };
        let answer = answer(&line);
        kept.lock().unwrap().push(Sent::new(line, headers, String::from_utf8(body).unwrap()));
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", answer.len());
        stream.write_all((head + &answer).as_bytes()).await?;
        stream.flush().await?;
        if closes {
            return stream.shutdown().await;
        }
    }
}

fn answer(line: &str) -> String {
    match line {
        _ if line.contains("/connect/token") => {
            r#"{"access_token":"a.b.c","expires_in":3700,"token_type":"Bearer"}"#.to_owned()
        }
        _ if line.contains("/stores") => format!(r#"{{"storeIds":["{STORE}"]}}"#),
        _ => r#"{"posId":"11111111-2222-4333-8444-555555555555"}"#.to_owned(),
    }
}

/// Reads until the mark is in the buffer; returns the position after it.
async fn until(stream: &mut TlsStream<TcpStream>, buffer: &mut Vec<u8>, mark: &[u8]) -> std::io::Result<usize> {
    loop {
        if let Some(at) = find(buffer, mark) {
            return Ok(at + mark.len());
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

async fn exactly(stream: &mut TlsStream<TcpStream>, buffer: &mut Vec<u8>, length: usize) -> std::io::Result<Vec<u8>> {
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(buffer.drain(..length).collect())
}

async fn chunked(stream: &mut TlsStream<TcpStream>, buffer: &mut Vec<u8>) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = until(stream, buffer, b"\r\n").await?;
        let size = String::from_utf8_lossy(&buffer[..end - 2]).into_owned();
        buffer.drain(..end);
        let size = usize::from_str_radix(&size, 16).unwrap();
        let chunk = exactly(stream, buffer, size + 2).await?;
        body.extend_from_slice(&chunk[..size]);
        if size == 0 {
            return Ok(body);
        }
    }
}
