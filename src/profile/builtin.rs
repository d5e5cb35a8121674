//! The description of the profile that poscert brings with it, for the registries of operations and features.

use super::operation_spec::OperationSpec;
use super::profile_file;

/// The text of its `profile.toml`.
pub(super) const POS_V10: &str = include_str!("../../profiles/pos-v10/profile.toml");

/// Its operations, in order.
pub(super) fn operations() -> Vec<OperationSpec> {
    profile_file::parse(POS_V10).and_then(|file| file.operations()).unwrap_or_default()
}

/// The ids of its features, in order.
pub(super) fn features() -> Vec<String> {
    profile_file::parse(POS_V10).map(|file| file.feature_ids()).unwrap_or_default()
}
