//! The web page as `certify` serves it: options, connection info, and the results at the end.

use super::Args;
use super::identification_args::access;
use crate::capture;
use crate::certify::page::approval::{ApprovalView, Content, Download};
use crate::certify::page::page_state::{ConnectionInfo, CredentialCheck};
use crate::certify::{Identification, Page};
use crate::cli::signals::Signals;
use crate::cli::startup_message::StartupInfo;
use crate::cli::{CliError, local_pages, verify};
use crate::pki::{trust_instructions, word};
use crate::profile::Profile;
use crate::proxy::Upstream;
use crate::report::{Format, Style};
use crate::rules::RuleSet;
use crate::sandbox::TEST_CLIENT;
use crate::verify::Verdict;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Default base URL of the reference client.
const TILL_DEFAULT: &str = "https://127.0.0.1:8443/pos/v10";

/// Time for the last response to reach the browser.
const FAREWELL: Duration = Duration::from_secs(1);

/// Options of the page.
#[derive(clap::Args)]
pub(super) struct PageArgs {
    /// Loopback address of the web page [default: 127.0.0.1:8484, or a free port if that is in use]
    #[arg(
        long,
        help_heading = "Certification",
        hide_short_help = true,
        value_name = "ADDRESS:PORT",
        env = "POSCERT_PAGE",
        conflicts_with = "no_page"
    )]
    page: Option<SocketAddr>,
    /// Do not serve the web page
    #[arg(long, help_heading = "Certification", hide_short_help = true, env = "POSCERT_NO_PAGE")]
    no_page: bool,
}

/// Serves the page, unless it is disabled.
pub(super) async fn open(
    args: &Args,
    rules: &'static RuleSet,
    identified: &Identification,
) -> Result<Option<Page>, CliError> {
    let wanted = !args.page.no_page && (args.page.page.is_some() || !args.unattended);
    if !wanted {
        return Ok(None);
    }
    let credential_check = args.record.elsewhere()?.map(|upstream| credential_check(upstream, rules.profile));
    let page = Page::start(
        args.page.page,
        rules,
        args.record.capture.clone(),
        program(),
        identified.clone(),
        credential_check,
    )
    .await;
    page.map(Some).map_err(CliError::new)
}

/// Checks identification and credentials against an upstream backend.
fn credential_check(upstream: Upstream, api: &'static Profile) -> CredentialCheck {
    Arc::new(move |identified, keys| {
        let upstream = upstream.clone();
        Box::pin(async move {
            let session = identified.check(api)?;
            match access(&identified, keys, &session, &upstream).map_err(|failure| failure.to_string())? {
                Some(access) => access.try_it().await,
                None => Ok(()),
            }
        })
    })
}

/// This program's name as it was invoked.
fn program() -> String {
    let name = std::env::args_os().next().filter(|name| !name.is_empty());
    name.map_or_else(|| "poscert".to_owned(), |name| word(Path::new(&name)))
}

/// How a client connects to the recorder.
pub(super) fn reach(args: &Args, info: &StartupInfo<'_>, version: Option<&str>) -> ConnectionInfo {
    let base_url = info.base_url();
    let origin = base_url.split('/').take(3).collect::<Vec<_>>().join("/");
    let client = info.sandbox.and_then(|sandbox| sandbox.clients().first());
    let sandbox = client.map(|client| {
        let token = format!("{origin}/integrator-authentication/connect/token");
        [token, client.client_id.clone(), client.client_secret.clone()]
    });
    let mut till = format!("{} till", program());
    if base_url != TILL_DEFAULT {
        till.push_str(&format!(" --base-url {base_url}"));
    }
    if let Some(dir) = args.record.ca.named() {
        till.push_str(&format!(" --ca-dir {}", word(dir)));
    }
    // A state file per capture: the till may have operations open at another backend.
    let memory = args.record.capture.with_extension("till.json");
    till.push_str(&format!(" --state-file {}", word(&std::path::absolute(&memory).unwrap_or(memory))));
    if let Some(version) = version {
        till.push_str(&format!(" --client-version {version}"));
    }
    if let Some(client) = client.filter(|client| client.client_id != TEST_CLIENT) {
        till.push_str(&format!(" --client-id {}", client.client_id));
    }
    let reference = info
        .sandbox
        .map(|sandbox| local_pages::reference(&base_url, info.files, sandbox, info.client_version.as_deref()));
    let recipes = trust_instructions::for_clients(info.files);
    ConnectionInfo {
        proxy_url: info.proxy_url(),
        ca: info.files.pem.display().to_string(),
        upstream: info.config.upstream.origin(),
        reference,
        first_call: info.first_call(),
        sandbox,
        recipes: recipes.into_iter().map(|recipe| (recipe.who.to_owned(), recipe.line)).collect(),
        till,
        base_url,
    }
}

/// An unused directory name next to the capture: its name and a number.
fn free(capture: &Path) -> PathBuf {
    let numbered = |number: u32| {
        let mut name = capture.file_name().unwrap_or_default().to_owned();
        name.push(format!("-{number}"));
        capture.with_file_name(name)
    };
    (2..1000).map(numbered).find(|path| !path.exists()).unwrap_or_else(|| capture.with_file_name("NEW"))
}

/// Shows the verdict until the operator closes the page or records again; then returns whether in a new attempt. Returns
/// at once if the run was unattended or interrupted.
pub(super) async fn approve(
    args: &Args,
    page: &Page,
    verdict: &Verdict,
    sentences: Vec<String>,
    mut more: Vec<Download>,
    signals: &mut Signals,
) -> Result<Option<bool>, CliError> {
    if args.unattended || signals.asked() {
        return Ok(None);
    }
    let capture = &args.record.capture;
    let recorded =
        capture::open_for(capture, args.record.api.profile()?).map_err(|error| CliError::new(error.to_string()))?;
    let text = |format| verify::rendered(format, (&recorded, capture), verdict, Style::PLAIN).map(Content::Text);
    let mut files = vec![
        Download {
            name: "report.html",
            title: "Full report",
            media: "text/html; charset=utf-8",
            content: text(Format::Html)?,
        },
        Download {
            name: "verdict.json",
            title: "Verdict (JSON)",
            media: "application/json",
            content: text(Format::Json)?,
        },
    ];
    files.append(&mut more);
    let again = format!("{} certify --capture {}", program(), word(capture));
    let anew = format!("{again} --new-attempt");
    let fresh = format!("{} certify --capture {}", program(), word(&free(capture)));
    let shown = capture.display().to_string();
    page.approve(ApprovalView { verdict: verdict.clone(), capture: shown, files, sentences, again, anew, fresh });
    crate::cli::terminal::tell(&format!(
        "\nThe page shows the verdict too: {}\nClose it with its last button, or press Ctrl-C here.\n",
        page.url()
    ));
    tokio::select! {
        resumed = page.closed_or_resumed() => {
            if resumed.is_none() {
                // The response to that action is still on its way.
                tokio::time::sleep(FAREWELL).await;
            }
            Ok(resumed)
        }
        () = signals.stop() => Ok(None),
    }
}
