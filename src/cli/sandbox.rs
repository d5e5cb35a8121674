//! `poscert sandbox`: the simulated PoS API v10, over TLS with a certificate of the local CA.

use super::paths::{file_url, lossy};
use super::signals::Signals;
use super::startup_message::put_ready;
use super::terminal::print;
use super::{CliError, Exit, sandbox_data};
use crate::pki::{self, Authority, Name, word};
use crate::sandbox::{OPENAPI, REFERENCE, Sandbox, SandboxOptions, first_call};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;

/// Arguments of `poscert sandbox`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  poscert sandbox --listen 127.0.0.1:0 --ready-file sandbox.json")]
pub(super) struct Args {
    /// Address to listen on; port 0 picks a free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9443", env = "POSCERT_SANDBOX_LISTEN")]
    listen: String,
    /// `pollDelayInMs` of payments and check-ins, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1000, env = "POSCERT_POLL_DELAY",
          value_parser = clap::value_parser!(u64).range(..=i32::MAX as u64))]
    poll_delay: u64,
    /// File to write when ready: addresses and path of the CA, as JSON
    #[arg(long, value_name = "FILE", env = "POSCERT_SANDBOX_READY_FILE")]
    ready_file: Option<PathBuf>,
    /// Directory of the local CA
    #[arg(long, value_name = "DIR", env = "POSCERT_CA_DIR")]
    ca_dir: Option<PathBuf>,
}

pub(super) fn run(args: Args) -> Result<Exit, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|e| CliError::new(format!("cannot start the async runtime: {e}")))?.block_on(serve(args))
}

async fn serve(args: Args) -> Result<Exit, CliError> {
    let pki = |e: pki::PkiError| CliError::new(e.to_string());
    let dir = args.ca_dir.map_or_else(pki::default_dir, Ok).map_err(pki)?;
    let authority = Authority::open(&dir).map_err(pki)?;
    let listener = TcpListener::bind(&args.listen).await.map_err(|e| cannot_listen(&args.listen, &e))?;
    let address = listener.local_addr().map_err(|e| cannot_listen(&args.listen, &e))?;
    let tls = authority.server_config_for(&names(&args.listen, address)).map_err(pki)?;
    let mut signals = Signals::new()?;
    let stop = async move { signals.stop().await };
    let sandbox = Sandbox::new(SandboxOptions { poll_delay_ms: args.poll_delay, ..SandboxOptions::default() });
    let origin = format!("https://{}", reachable(address));
    print(&introduction(&sandbox, &origin, &authority.files().pem));
    if let Some(file) = &args.ready_file {
        write_ready_file(file, &origin, &authority.files().pem)?;
    }
    sandbox.serve(listener, tls, stop).await;
    print("Stopped.\n");
    Ok(Exit::Passed)
}

fn cannot_listen(address: &str, error: &std::io::Error) -> CliError {
    let step = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            return CliError::new(format!(
                "{address} is already in use; choose another port with --listen, or 0 for a free port"
            ));
        }
        std::io::ErrorKind::PermissionDenied => "ports below 1024 need root: choose a higher one with --listen",
        _ => "pass --listen an address of this machine and a port, such as 127.0.0.1:9443",
    };
    CliError::new(format!("cannot listen on {address}: {}; {step}", crate::seal::io_reason(error)))
}

/// The names of the certificate: this machine and the host of `--listen`.
fn names(listen: &str, address: SocketAddr) -> Vec<Name> {
    let asked = listen.rsplit_once(':').map(|(host, _)| host);
    let bound = (!address.ip().is_unspecified()).then(|| Name::Ip(address.ip()));
    let own = ["localhost", "127.0.0.1", "::1"].into_iter().filter_map(Name::parse);
    let asked = asked.and_then(Name::parse).filter(|name| !matches!(name, Name::Ip(ip) if ip.is_unspecified()));
    own.chain(bound).chain(asked).collect()
}

/// The address for a client on this machine.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() { format!("localhost:{}", address.port()) } else { address.to_string() }
}

fn introduction(sandbox: &Sandbox, origin: &str, ca: &Path) -> String {
    let mut text = String::new();
    let ca = word(ca);
    let mut line = |args: std::fmt::Arguments| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{args}");
    };
    line(format_args!("The simulated PoS API v10 listens on {origin}"));
    line(format_args!("  base URL             {origin}/pos/v10"));
    line(format_args!("  token endpoint       {origin}/integrator-authentication/connect/token"));
    line(format_args!(
        "  customer simulation  {origin}/pos/app/usersimulation/checkin | acceptpayment | cancelpaymentbyuser"
    ));
    line(format_args!("  API reference        {origin}{REFERENCE}"));
    line(format_args!("  OpenAPI              {origin}{OPENAPI}"));
    line(format_args!("  CA to trust          {ca}"));
    line(format_args!("\n{}", sandbox_data::text(sandbox).trim_end()));
    if let Some(client) = sandbox.clients().first() {
        let base_url = format!("{origin}/pos/v10");
        line(format_args!("\nTo try it:\n  {}", first_call::line(&ca, &base_url, client, None)));
    }
    text
}

fn write_ready_file(file: &Path, origin: &str, ca: &Path) -> Result<(), CliError> {
    let ready = serde_json::json!({
        "base_url": format!("{origin}/pos/v10"),
        "token_url": format!("{origin}/integrator-authentication/connect/token"),
        "simulation_url": format!("{origin}/pos/app/usersimulation"),
        "openapi_url": format!("{origin}{OPENAPI}"),
        "reference_url": format!("{origin}{REFERENCE}"),
        "ca": lossy(ca),
        "ca_url": file_url(ca),
    });
    put_ready(file, &ready)
}
