//! Loading of profiles: the built-in one, and those of directories.

use super::builtin::POS_V10;
use super::field::FieldSpec;
use super::profile_file;
use super::profile_rows::{File, ResourceRow};
use super::route::Template;
use super::toml_text::{FileError, Mistake, fault, meant};
use super::{Feature, HeaderNames, Operation, Profile};
use crate::seal;
use std::collections::BTreeSet;
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
        profile_file::parse(POS_V10)
            .and_then(|file| profile(&file, "profile.toml", POS_V10))
            .expect("the built-in profile is valid")
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
    let loaded = profile_file::parse(&text).and_then(|file| file.check_loaded(&pos_v10().name).map(|()| file));
    let loaded = loaded.and_then(|file| profile(&file, &shown, &text));
    let loaded = loaded.map_err(|mistake| FileError::at(&shown, &text, &mistake))?;
    Ok(Box::leak(Box::new(Profile { directory: Some(directory.to_owned()), ..loaded })))
}

/// The profile that a file describes; `text` is its text.
fn profile(file: &File, path: &str, text: &str) -> Result<Profile, Mistake> {
    file.check()?;
    let specs = file.operations()?;
    let too_many = || Mistake { span: 0..0, message: "too many operations or features".to_owned() };
    let operations: Option<Vec<Operation>> = specs.into_iter().map(Operation::interned).collect();
    let operations = operations.ok_or_else(too_many)?;
    let names: Vec<&str> = operations.iter().map(|operation| operation.name()).collect();
    let mut resources = file.resources()?;
    for (spec, row) in resources.iter_mut().zip(&file.resource) {
        spec.fields = fields(row, &names)?;
    }
    let feature = |id: &str| Feature::interned(file.name(), id);
    let features: Option<Vec<Feature>> = file.feature_ids().iter().map(|id| feature(id)).collect();
    Ok(Profile {
        name: file.name().to_owned(),
        title: file.title.clone(),
        hosts: file.hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
        base: file.base().to_owned(),
        path: file.path().to_owned(),
        token: file.token.clone(),
        simulation: file.simulation.clone(),
        ids: file.ids,
        headers: HeaderNames {
            client_id: file.headers.client_id.to_ascii_lowercase(),
            version: file.headers.version.to_ascii_lowercase(),
            key: file.headers.key.to_ascii_lowercase(),
        },
        error_code: file.error_code().to_owned(),
        is_native: file.is_native(),
        directory: None,
        file: (path.to_owned(), text.to_owned()),
        features: features.ok_or_else(too_many)?,
        mandatory: file.mandatory().and_then(feature).ok_or_else(too_many)?,
        resources,
        templates: operations.iter().map(|operation| Template::of(*operation)).collect(),
        operations,
        digest: seal::Digest::of(text.as_bytes()).to_string(),
    })
}

/// The fields of a kind of resource.
fn fields(row: &ResourceRow, operations: &[&str]) -> Result<Vec<FieldSpec>, Mistake> {
    let mut names = BTreeSet::new();
    let mut specs = Vec::new();
    for field in &row.field {
        let name = field.name.as_ref();
        let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !is_name {
            let message = "the name of a field starts with a letter and has small letters, digits and `_` only";
            return Err(fault(&field.name, message.to_owned()));
        }
        if !names.insert(name) {
            return Err(fault(&field.name, format!("field `{name}` is described twice")));
        }
        if field.fold.takes_value() != field.value.is_some() {
            let word = if field.value.is_some() { "takes no" } else { "requires a" };
            return Err(fault(&field.name, format!("the fold of `{name}` {word} `value`")));
        }
        if let Some(on) = field.on.iter().find(|on| !operations.contains(&on.as_ref().as_str())) {
            return Err(fault(on, format!("unknown operation `{}`{}", on.as_ref(), meant(on.as_ref(), operations))));
        }
        specs.push(FieldSpec {
            name: format!("{}.{name}", row.name.as_ref()),
            fold: field.fold,
            on: field.on.iter().map(|on| on.as_ref().clone()).collect(),
            at: field.at,
            when: field.when.clone(),
            value: field.value.clone(),
            meaning: field.meaning.clone(),
        });
    }
    Ok(specs)
}
