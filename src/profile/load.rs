//! Loading of profiles: the built-in one, and those of directories.

use super::builtin::POS_V10;
use super::profile_file::{self, File};
use super::toml_text::{FileError, Mistake};
use super::{Feature, Operation, Profile};
use crate::seal;
use std::path::Path;
use std::sync::LazyLock;

/// The name of the file in the directory of a profile.
const NAME: &str = "profile.toml";

/// The maximum size of a profile in bytes.
const LONGEST: u64 = 1024 * 1024;

/// The profile of the MobilePay PoS API v10.
///
/// # Panics
/// Never: a test loads it.
pub fn pos_v10() -> &'static Profile {
    static PROFILE: LazyLock<Profile> = LazyLock::new(|| {
        profile_file::parse(POS_V10).and_then(|file| profile(&file, POS_V10)).expect("the built-in profile is valid")
    });
    &PROFILE
}

/// Loads the profile of a directory, from its `profile.toml`. It stays loaded for the rest of the process.
///
/// # Errors
/// A file that cannot be read or is not valid, with the place of the mistake.
pub fn load(directory: &Path) -> Result<&'static Profile, FileError> {
    let path = directory.join(NAME);
    let shown = path.display().to_string();
    let text = seal::bounded_read::read_text(&path, LONGEST)
        .map_err(|error| FileError::whole(&shown, format!("cannot be read: {}", seal::io_reason(&error))))?;
    let profile = profile_file::parse(&text).and_then(|file| profile(&file, &text));
    let profile = profile.map_err(|mistake| FileError::at(&shown, &text, &mistake))?;
    Ok(Box::leak(Box::new(profile)))
}

/// The profile that a file describes; `text` is its text.
fn profile(file: &File, text: &str) -> Result<Profile, Mistake> {
    file.check()?;
    let (resources, specs) = (file.resources()?, file.operations()?);
    let too_many = || Mistake { span: 0..0, message: "too many operations or features".to_owned() };
    let operations: Option<Vec<Operation>> = specs.into_iter().map(Operation::interned).collect();
    let features: Option<Vec<Feature>> = file.feature_ids().iter().map(|id| Feature::interned(id)).collect();
    Ok(Profile {
        name: file.name().to_owned(),
        title: file.title.clone(),
        hosts: file.hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
        base: file.base().to_owned(),
        token: file.token.clone(),
        simulation: file.simulation.clone(),
        ids: file.ids,
        features: features.ok_or_else(too_many)?,
        mandatory: file.mandatory().and_then(Feature::interned).ok_or_else(too_many)?,
        resources,
        operations: operations.ok_or_else(too_many)?,
        digest: seal::Digest::of(text.as_bytes()).to_string(),
    })
}
