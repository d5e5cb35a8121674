//! The fields that expressions can use: those of every API, those of native code, and the folds of the profile.
//!
//! `null` means that a value is not known or does not exist. A predicate that can meet it checks for it first
//! (`call.gap_ms != null && ...`), because a comparison with it is an error. Money is in minor units, times are whole
//! milliseconds, and `..._n` are exchange numbers. `call` is the attempt that the event is about. The other roots are
//! the resources that it is about, as the client knew them at that moment.

use super::field::{Field, Kind};
use super::{common_fields, pos_fields};
use crate::profile::{Fold, Profile};

/// All fields in rules about an API.
pub(crate) fn of(profile: &Profile) -> impl Iterator<Item = Field<'_>> {
    let native = if profile.is_native { pos_fields::FIELDS } else { &[] };
    let folds = profile.fields().map(|(_, field)| Field {
        name: &field.name,
        kind: match field.fold {
            Fold::Count | Fold::Distinct => Kind::Int,
            Fold::Flag => Kind::Bool,
            Fold::First | Fold::Last | Fold::Sum | Fold::Min | Fold::Max => Kind::Any,
        },
        nullable: matches!(field.fold, Fold::First | Fold::Last | Fold::Min | Fold::Max),
        at_end: false,
        meaning: &field.meaning,
    });
    common_fields::FIELDS.iter().chain(native).copied().chain(folds)
}
