//! Identification from flags, environment and session file, and the backend access, callback and customer simulation
//! that follow from it. Secrets come from files or variables, never from the command line, which other users can read.

use crate::capture::record::Session;
use crate::certify::Identification;
use crate::certify::backend_control::{BackendControl, Simulation};
use crate::certify::credentials::{Access, Credential, Secret, Secrets};
use crate::certify::http_client::HttpClient;
use crate::certify::identification::LONGEST_WAIT;
use crate::certify::notify::Callback;
use crate::cli::CliError;
use crate::cli::upstream::certificates;
use crate::cli::verify::ProfileArgs;
use crate::proxy::Upstream;
use crate::sandbox::Sandbox;
use crate::seal::io_reason;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Timeout of poscert's own requests to the backend.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Identification options in addition to those of `record`.
#[derive(clap::Args)]
pub(super) struct IdentificationArgs {
    /// Client id in production, if it differs; `ledger check` accepts it too
    #[arg(
        long,
        help_heading = "Identity",
        hide_short_help = true,
        value_name = "GUID",
        env = "POSCERT_PRODUCTION_CLIENT_ID"
    )]
    production_client_id: Option<String>,
    /// Name of the client system
    #[arg(long, help_heading = "Identity", value_name = "TEXT", env = "POSCERT_SYSTEM_NAME")]
    system_name: Option<String>,
    /// Session file (TOML) with the identification; flags override it
    #[arg(long, help_heading = "Identity", value_name = "FILE", env = "POSCERT_SESSION")]
    session: Option<PathBuf>,
    /// File with an access token for poscert's own requests, used before --client-secret-file; or set POSCERT_TOKEN
    #[arg(long, help_heading = "Access to the backend", value_name = "FILE", env = "POSCERT_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// File with the client secret, used with the client id to get a token; or set POSCERT_CLIENT_SECRET
    #[arg(long, help_heading = "Access to the backend", value_name = "FILE", env = "POSCERT_CLIENT_SECRET_FILE")]
    client_secret_file: Option<PathBuf>,
    /// VAT number of the merchant [default: DK90000028, the certification merchant]
    #[arg(long, help_heading = "Identity", hide_short_help = true, value_name = "VAT", env = "POSCERT_VAT")]
    merchant_vat: Option<String>,
    /// Notify only points of sale with this callback alias
    #[arg(long, help_heading = "Check-in notifications", value_name = "TEXT", env = "POSCERT_CALLBACK_ALIAS")]
    callback_alias: Option<String>,
    /// URL at which the client receives check-in notifications
    #[arg(long, help_heading = "Check-in notifications", value_name = "URL", env = "POSCERT_CALLBACK_URL")]
    callback_url: Option<String>,
    /// Timeout of a step in seconds, counted from the last activity of the client [default: 20 with --unattended, else
    /// 300; with --unattended, the first call may take six times as long]
    #[arg(long, help_heading = "Certification", value_name = "SECONDS", env = "POSCERT_WAIT", value_parser = clap::value_parser!(u64).range(1..=LONGEST_WAIT))]
    wait: Option<u64>,
    /// Root certificates (PEM) to trust at the callback, in addition to the system's
    #[arg(long, help_heading = "Check-in notifications", value_name = "FILE", env = "POSCERT_CALLBACK_CA")]
    callback_ca: Option<PathBuf>,
    /// URL of the backend's customer simulation, or `none` [default: /pos/app/usersimulation at the upstream]
    #[arg(
        long,
        help_heading = "Access to the backend",
        value_name = "URL",
        env = "POSCERT_SIMULATION",
        requires = "upstream"
    )]
    simulation: Option<String>,
}

impl IdentificationArgs {
    /// The identification from flags and session file.
    ///
    /// # Errors
    /// A session file that cannot be read or parsed.
    pub(super) fn identification(&self, profile: &ProfileArgs) -> Result<Identification, CliError> {
        let flags = Identification {
            integrator_id: profile.integrator_id.clone(),
            client_id: profile.client_id.clone(),
            client_version: profile.client_version.clone(),
            production_client_id: self.production_client_id.clone(),
            system_name: self.system_name.clone(),
            features: profile.features.clone(),
            token_file: self.token_file.clone(),
            client_secret_file: self.client_secret_file.clone(),
            merchant_vat: self.merchant_vat.clone(),
            callback_alias: self.callback_alias.clone(),
            callback_url: self.callback_url.clone(),
            wait: self.wait,
        };
        let Some(file) = &self.session else { return Ok(flags.tidied()) };
        let text = std::fs::read_to_string(file).map_err(|error| {
            CliError::new(format!("cannot read the session file {}: {}", file.display(), io_reason(&error)))
        })?;
        let session = Identification::parse(&text);
        session
            .map(|session| flags.or(session).tidied())
            .map_err(|why| CliError::new(format!("--session {}: {why}", file.display())))
    }

    /// The client's callback, if it has one.
    ///
    /// # Errors
    /// A URL or a file that cannot be used.
    pub(super) fn callback(&self, identified: &Identification) -> Result<Option<Callback>, CliError> {
        let Some(url) = &identified.callback_url else { return Ok(None) };
        let more = match &self.callback_ca {
            Some(file) => certificates(file, "--callback-ca")?,
            None => Vec::new(),
        };
        Callback::new(url, more).map(Some).map_err(CliError::new)
    }

    /// Control of the backend: the embedded sandbox, or simulation and access of an upstream.
    ///
    /// # Errors
    /// An invalid URL.
    pub(super) fn side(
        &self,
        sandbox: Option<Sandbox>,
        upstream: &Upstream,
        access: Option<Access>,
    ) -> Result<BackendControl, CliError> {
        if let Some(sandbox) = sandbox {
            return Ok(BackendControl::Embedded(sandbox));
        }
        let simulation = match self.simulation.as_deref() {
            Some("none") => None,
            Some(url) => {
                let named = upstream.beside(url).map_err(|why| CliError::new(format!("--simulation: {why}")))?;
                Some(simulation(&named, &named.path)?)
            }
            None => Some(simulation(upstream, "/pos/app/usersimulation")?),
        };
        Ok(BackendControl::Elsewhere { simulation, access })
    }
}

fn simulation(at: &Upstream, path: &str) -> Result<Simulation, CliError> {
    let http_client = HttpClient::to(at, TIMEOUT).map_err(CliError::new)?;
    Ok(Simulation { url: format!("{}{path}", at.origin()), http_client })
}

/// Access to the backend with the typed secrets, else with those of the identification; `None` without credentials.
///
/// # Errors
/// A secret that cannot be read.
pub(super) fn access(
    identified: &Identification,
    keys: Secrets,
    session: &Session,
    upstream: &Upstream,
) -> Result<Option<Access>, CliError> {
    // Typed secrets override those of files and variables.
    let Secrets { token, client_secret } = if keys == Secrets::default() {
        Secrets {
            token: secret(identified.token_file.as_deref(), "token-file", "POSCERT_TOKEN")?,
            client_secret: secret(
                identified.client_secret_file.as_deref(),
                "client-secret-file",
                "POSCERT_CLIENT_SECRET",
            )?,
        }
    } else {
        keys.clone()
    };
    let opens = match (token, client_secret, &session.client_id) {
        (Some(token), ..) => Credential::Token(token),
        (None, Some(secret), Some(id)) => Credential::ClientSecret(id.clone(), secret),
        (None, Some(_), None) if identified.client_secret_file.is_some() || keys.client_secret.is_some() => {
            return Err(CliError::new("client secret without client id: getting a token needs both; add --client-id"));
        }
        // A secret that is set only in a variable may be meant for the till.
        _ => return Ok(None),
    };
    let http_client = HttpClient::to(upstream, TIMEOUT).map_err(CliError::new)?;
    Ok(Some(Access {
        opens,
        client_id: session.client_id.clone(),
        version: session.client_version.clone().unwrap_or_else(|| "1.0.0".to_owned()),
        vat: identified.vat().unwrap_or(crate::api::customer::CERTIFICATION_VAT[0]).to_owned(),
        origin: upstream.origin(),
        path: upstream.path.clone(),
        http_client,
    }))
}

fn secret(file: Option<&Path>, name: &str, variable: &str) -> Result<Option<Secret>, CliError> {
    let (text, place) = match file {
        Some(file) => {
            let place = format!("{name} {}", file.display());
            let text = std::fs::read_to_string(file);
            (text.map_err(|error| CliError::new(format!("cannot read {place}: {}", io_reason(&error))))?, place)
        }
        None => match std::env::var(variable) {
            Ok(text) if !text.is_empty() => (text, variable.to_owned()),
            _ => return Ok(None),
        },
    };
    let made = Secret::new(&text);
    made.map(Some)
        .map_err(|why| CliError::new(format!("{place}: {why}; the file or variable must contain only the secret")))
}
