//! A profile: what the engine has to know of one API, as data.
//!
//! [`Profile`] is a profile in memory, [`profile_file`] its TOML form, and [`load`](mod@load) finds it: `builtin` in the
//! program, others in a directory. [`Operation`], [`Feature`] and [`Resource`] are interned: small values that are
//! compared and copied, and stand for their descriptions. [`route`] finds the operation of a request.

mod builtin;
mod feature;
mod id_form;
mod load;
mod operation;
mod operation_spec;
mod profile_file;
mod registry;
mod resource;
pub(crate) mod route;
pub(crate) mod toml_text;

pub use feature::Feature;
pub use id_form::IdForm;
pub use load::{load, pos_v10};
pub use operation::Operation;
pub use operation_spec::{Creates, Lists, OperationSpec};
pub(crate) use resource::MOST_RESOURCES;
pub use resource::{Resource, ResourceSpec};
pub use route::{Place, Route};
pub use toml_text::{FileError, Mistake};

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
    /// The end of the path of the token endpoint (RFC 6749 section 3.2); empty if there is none.
    pub token: String,
    /// A part of the paths of a simulated customer, whose calls are not calls of the API; empty if there is none.
    pub simulation: String,
    /// The form of its ids.
    pub ids: IdForm,
    /// Its features, in order.
    pub features: Vec<Feature>,
    /// The feature that is part of every certification.
    pub mandatory: Feature,
    /// Its resources, in order.
    pub resources: Vec<ResourceSpec>,
    /// Its operations, in order.
    pub operations: Vec<Operation>,
    /// SHA-256 digest of its file, in hexadecimal.
    pub digest: String,
}

impl Profile {
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

    /// The ids of its features.
    pub fn feature_ids(&self) -> Vec<&'static str> {
        self.features.iter().map(|feature| feature.id()).collect()
    }

    /// The names of its operations.
    pub fn operation_names(&self) -> Vec<&'static str> {
        self.operations.iter().map(|operation| operation.name()).collect()
    }
}
