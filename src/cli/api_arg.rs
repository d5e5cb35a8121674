//! `--profile`: the API that a capture or rule files are about.

use super::CliError;
use crate::capture::{self, Record};
use crate::profile::{self, Profile, pos_v10};
use std::path::{Path, PathBuf};

/// Checks that a capture which is continued has calls of this API. A capture that cannot be opened is reported elsewhere.
///
/// # Errors
/// A capture of another API.
pub(super) fn check_continued(capture: &Path, api: &'static Profile) -> Result<(), CliError> {
    let records = capture::open_for(capture, api).and_then(|capture| capture.records());
    let first = records.ok().and_then(|mut records| records.next()?.ok());
    match first {
        Some(Record::RunStart(start)) => match start.api_profile.filter(|recorded| recorded.name != api.name) {
            None => Ok(()),
            Some(recorded) => Err(CliError::new(format!(
                "{} was recorded with the profile {}; continue it with that --profile, or choose another directory",
                capture.display(),
                recorded.name
            ))),
        },
        _ => Ok(()),
    }
}

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
