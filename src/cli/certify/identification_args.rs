//! Identification by flags, variables and a session file, and what comes of it: access to the backend, the callback, the
//! customer simulation. Secrets come from files or variables, never from the command line, where others read them.

use crate::capture::record::Session;
use crate::certify::Identification;
use crate::certify::backend_control::{BackendControl, Simulation};
use crate::certify::credentials::{Access, Credential, Secret, Secrets};
use crate::certify::http_client::HttpClient;
use crate::certify::identification::LONGEST_WAIT;
use crate::certify::notify::Callback;
use crate::cli::CliError;
use crate::cli::record::certificates;
use crate::cli::verify::ProfileArgs;
use crate::proxy::Upstream;
use crate::sandbox::Sandbox;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long the backend may take to answer calls of ours.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who is certified, beside what `record` is told.
#[derive(clap::Args)]
pub struct Told {
    /// Client id in production, where that is another one: the ledger answers for it, too
    #[arg(long, value_name = "GUID", env = "POSCERT_PRODUCTION_CLIENT_ID")]
    production_client_id: Option<String>,
    /// The name of the client system
    #[arg(long, value_name = "TEXT", env = "POSCERT_SYSTEM_NAME")]
    system_name: Option<String>,
    /// Who is certified for what, in TOML; what is given by flags counts more
    #[arg(long, value_name = "FILE", env = "POSCERT_SESSION")]
    session: Option<PathBuf>,
    /// File with an access token for calls of ours, which is tried first; or set POSCERT_TOKEN
    #[arg(long, value_name = "FILE", env = "POSCERT_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// File with the client secret, to get a token with the client id; or set POSCERT_CLIENT_SECRET
    #[arg(long, value_name = "FILE", env = "POSCERT_CLIENT_SECRET_FILE")]
    client_secret_file: Option<PathBuf>,
    /// VAT number of the merchant [default: DK90000028, of the certification's merchant]
    #[arg(long, value_name = "VAT", env = "POSCERT_VAT")]
    merchant_vat: Option<String>,
    /// Notify only points of sale with this callback alias
    #[arg(long, value_name = "TEXT", env = "POSCERT_CALLBACK_ALIAS")]
    callback_alias: Option<String>,
    /// Where the client takes check-in notifications
    #[arg(long, value_name = "URL", env = "POSCERT_CALLBACK_URL")]
    callback_url: Option<String>,
    /// How long a step is waited for, in seconds, from the last sign of life [default: 20 unattended, 300 with a person at the
    /// till; unattended, the very first call is waited for six times as long]
    #[arg(long, value_name = "SECONDS", env = "POSCERT_WAIT", value_parser = clap::value_parser!(u64).range(1..=LONGEST_WAIT))]
    wait: Option<u64>,
    /// Certificates (PEM) believed at the callback, beside the system's
    #[arg(long, value_name = "FILE", env = "POSCERT_CALLBACK_CA")]
    callback_ca: Option<PathBuf>,
    /// The backend's customer simulation, or `none` [default: /pos/app/usersimulation at the upstream]
    #[arg(long, value_name = "URL", env = "POSCERT_SIMULATION", requires = "upstream")]
    simulation: Option<String>,
}

impl Told {
    /// All that was told.
    ///
    /// # Errors
    /// A file that cannot be read or understood.
    pub fn identification(&self, profile: &ProfileArgs) -> Result<Identification, CliError> {
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
        let text = std::fs::read_to_string(file)
            .map_err(|error| CliError::new(format!("--session {}: cannot be read ({error})", file.display())))?;
        let session = Identification::parse(&text);
        session
            .map(|session| flags.or(session).tidied())
            .map_err(|why| CliError::new(format!("--session {}: {why}", file.display())))
    }

    /// The client's callback, if it has one.
    ///
    /// # Errors
    /// A URL or a file that cannot be used.
    pub fn callback(&self, told: &Identification) -> Result<Option<Callback>, CliError> {
        let Some(url) = &told.callback_url else { return Ok(None) };
        let more = match &self.callback_ca {
            Some(file) => certificates(file, "--callback-ca")?,
            None => Vec::new(),
        };
        Callback::new(url, more).map(Some).map_err(CliError::new)
    }

    /// The backend's side of the cases.
    ///
    /// # Errors
    /// A URL that is none.
    pub fn side(
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
    let http_client = HttpClient::to(at, PATIENCE).map_err(CliError::new)?;
    Ok(Simulation { url: format!("{}{path}", at.origin()), http_client })
}

/// Access to the backend, if the identification opens it, or the keys that were typed.
///
/// # Errors
/// A secret that cannot be read.
pub fn access(
    told: &Identification,
    keys: Secrets,
    session: &Session,
    upstream: &Upstream,
) -> Result<Option<Access>, CliError> {
    // What is typed last counts, be it token or secret.
    let Secrets { token, client_secret } = if keys == Secrets::default() {
        Secrets {
            token: secret(told.token_file.as_deref(), "token-file", "POSCERT_TOKEN")?,
            client_secret: secret(told.client_secret_file.as_deref(), "client-secret-file", "POSCERT_CLIENT_SECRET")?,
        }
    } else {
        keys.clone()
    };
    let opens = match (token, client_secret, &session.client_id) {
        (Some(token), ..) => Credential::Token(token),
        (None, Some(secret), Some(id)) => Credential::ClientSecret(id.clone(), secret),
        (None, Some(_), None) if told.client_secret_file.is_some() || keys.client_secret.is_some() => {
            return Err(CliError::new("client secret: to get a token takes the client id too; give it as well"));
        }
        // A secret in a variable alone may be the till's.
        _ => return Ok(None),
    };
    let http_client = HttpClient::to(upstream, PATIENCE).map_err(CliError::new)?;
    let path = if upstream.path.is_empty() { "/pos/v10".to_owned() } else { upstream.path.clone() };
    Ok(Some(Access {
        opens,
        client_id: session.client_id.clone(),
        version: session.client_version.clone().unwrap_or_else(|| "1.0.0".to_owned()),
        vat: told.vat().unwrap_or(crate::api::customer::CERTIFICATION_VAT[0]).to_owned(),
        origin: upstream.origin(),
        path,
        http_client,
    }))
}

fn secret(file: Option<&Path>, name: &str, variable: &str) -> Result<Option<Secret>, CliError> {
    let (text, place) = match file {
        Some(file) => {
            let place = format!("{name} {}", file.display());
            let text = std::fs::read_to_string(file);
            (text.map_err(|error| CliError::new(format!("{place}: cannot be read ({error})")))?, place)
        }
        None => match std::env::var(variable) {
            Ok(text) if !text.is_empty() => (text, variable.to_owned()),
            _ => return Ok(None),
        },
    };
    let made = Secret::new(&text);
    made.map(Some).map_err(|why| CliError::new(format!("{place}: {why}; only the secret itself stands there")))
}
