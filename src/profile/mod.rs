//! A profile: what the engine has to know of one API, as data.
//!
//! [`Profile`] is a profile in memory, [`profile_file`] its TOML form, and [`load`](mod@load) finds it: `builtin` in the
//! program, others in a directory. [`Operation`], [`Feature`] and [`Resource`] are interned: small values that are
//! compared and copied, and stand for their descriptions. [`route`] finds the operation of a request.

mod at;
mod builtin;
mod feature;
mod field;
mod id_form;
mod load;
mod operation;
mod operation_spec;
mod profile_file;
mod profile_rows;
mod registry;
mod resource;
pub(crate) mod route;
pub(crate) mod toml_text;

pub use at::At;
pub use feature::Feature;
pub use field::{FieldSpec, Fold};
pub use id_form::IdForm;
pub use load::{load, pos_v10};
pub use operation::Operation;
pub use operation_spec::{Creates, IdPlace, Lists, OperationSpec, Reference};
#[cfg(test)]
pub(crate) use profile_file::SELECTORS;
pub(crate) use profile_rows::File as ProfileFile;
pub(crate) use resource::MOST_RESOURCES;
pub use resource::{Resource, ResourceSpec};
pub use route::{Place, Route};
pub use toml_text::{FileError, Mistake};

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The names of request headers that identify a client or a call, in lower case; empty if the API has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderNames {
    /// The client id.
    pub client_id: String,
    /// The client's version.
    pub version: String,
    /// The idempotency key of a request that creates a resource.
    pub key: String,
}

/// An API that clients are certified for.
#[derive(Debug)]
pub struct Profile {
    /// Its short name, as in `--profile pos-v10`.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// The hosts of its documented base URLs.
    pub hosts: Vec<String>,
    /// The end of the base path, as in `/v10`; empty if operations begin at the root. What precedes it is ignored.
    pub base: String,
    /// The documented path of the base URL, as in `/pos/v10`.
    pub path: String,
    /// The end of the path of the token endpoint (RFC 6749 section 3.2); empty if there is none.
    pub token: String,
    /// A part of the paths of a simulated customer, whose calls are not calls of the API; empty if there is none.
    pub simulation: String,
    /// The form of its ids.
    pub ids: IdForm,
    /// The names of its request headers.
    pub headers: HeaderNames,
    /// The JSON pointer of the error code in an error response; empty if there is none.
    pub error_code: String,
    /// Whether Rust code of its own keeps the state of its resources, beside the folds.
    pub is_native: bool,
    /// Its features, in order.
    pub features: Vec<Feature>,
    /// The feature that is part of every certification.
    pub mandatory: Feature,
    /// Its resources, in order.
    pub resources: Vec<ResourceSpec>,
    /// Its operations, in order.
    pub operations: Vec<Operation>,
    templates: Vec<route::Template>,
    /// Its directory; `None` for the built-in one.
    pub directory: Option<PathBuf>,
    /// Its file: the path and the text.
    pub file: (String, String),
    /// SHA-256 digest of its file, in hexadecimal.
    pub digest: String,
}

/// The name and digest of a profile, as captures and verdicts have them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileId {
    /// Its name.
    pub name: String,
    /// The SHA-256 digest of its `profile.toml`, in hexadecimal.
    pub digest: String,
}

impl Profile {
    /// Its name and digest.
    pub fn id(&self) -> ProfileId {
        ProfileId { name: self.name.clone(), digest: self.digest.clone() }
    }

    /// The operation with this name.
    pub fn operation(&self, name: &str) -> Option<Operation> {
        self.operations.iter().copied().find(|operation| operation.name() == name)
    }

    /// The feature with this id.
    pub fn feature(&self, id: &str) -> Option<Feature> {
        self.features.iter().copied().find(|feature| feature.id() == id)
    }

    /// The resource with this name.
    pub fn resource(&self, name: &str) -> Option<Resource> {
        self.resources.iter().position(|resource| resource.name == name).map(Resource::at)
    }

    /// The description of a kind of resource.
    pub fn resource_spec(&self, resource: Resource) -> Option<&ResourceSpec> {
        self.resources.get(resource.index())
    }

    /// All fields of its resources that are folds, with their kinds of resources.
    pub fn fields(&self) -> impl Iterator<Item = (Resource, &FieldSpec)> {
        let resources = self.resources.iter().enumerate();
        resources.flat_map(|(at, resource)| resource.fields.iter().map(move |field| (Resource::at(at), field)))
    }

    /// The ids of its features.
    pub fn feature_ids(&self) -> Vec<&'static str> {
        self.features.iter().map(|feature| feature.id()).collect()
    }

    /// The names of its operations.
    pub fn operation_names(&self) -> Vec<&'static str> {
        self.operations.iter().map(|operation| operation.name()).collect()
    }
}
