//! `--profile`: the API that a capture or rule files are about.

use super::CliError;
use crate::profile::{self, Profile, pos_v10};
use std::path::PathBuf;

/// The option for the profile of the API.
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct ApiArg {
    /// The API: the name of a built-in profile, or a directory with a profile.toml [default: pos-v10]
    #[arg(long = "profile", hide_short_help = true, value_name = "NAME|DIR", env = "POSCERT_PROFILE")]
    api: Option<PathBuf>,
}

impl ApiArg {
    /// The profile.
    ///
    /// # Errors
    /// No profile of that name, and no directory with a valid profile.
    pub(super) fn profile(&self) -> Result<&'static Profile, CliError> {
        let builtin = pos_v10();
        let Some(api) = self.api.as_ref().filter(|api| api.as_os_str() != builtin.name.as_str()) else {
            return Ok(builtin);
        };
        if !api.is_dir() {
            return Err(CliError::new(format!(
                "--profile: `{}` is neither the built-in profile {} nor a directory; pass a directory with a profile.toml",
                api.display(),
                builtin.name
            )));
        }
        profile::load(api).map_err(|error| CliError::new(format!("--profile: {error}")))
    }
}
