//! The description of the profile that poscert brings with it, for the registries of operations and features.

use super::operation_spec::OperationSpec;
use super::profile_file;
use super::profile_rows::File;

/// The text of its `profile.toml`.
pub(super) const POS_V10: &str = include_str!("../../profiles/pos-v10/profile.toml");

/// Its operations, in order.
pub(super) fn operations() -> Vec<OperationSpec> {
    profile_file::parse(POS_V10).and_then(|file| file.operations()).unwrap_or_default()
}

/// Its name with the id of each feature, in order.
pub(super) fn features() -> Vec<(String, String)> {
    let file = profile_file::parse(POS_V10).ok();
    let named = |file: &File| file.feature_ids().into_iter().map(|id| (file.name().to_owned(), id)).collect();
    file.as_ref().map(named).unwrap_or_default()
}
