//! The description of an operation in a profile.

use super::resource::Resource;

/// The description of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationSpec {
    /// The name of its profile.
    pub profile: String,
    /// Its name in the API's description.
    pub name: String,
    /// The HTTP method.
    pub method: String,
    /// The path after the base, with placeholders of ids in braces.
    pub path: String,
    /// The documented query parameters.
    pub query: Vec<String>,
    /// Whether its requests have a body.
    pub has_body: bool,
    /// Whether a successful response has no documented body.
    pub no_content: bool,
    /// What it creates; its requests then have an idempotency key.
    pub creates: Option<Creates>,
    /// What its response lists.
    pub lists: Option<Lists>,
    /// Whether clients repeat it to follow a change.
    pub polled: bool,
    /// The resources that its requests name.
    pub about: Vec<Reference>,
}

/// What an operation creates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creates {
    /// The kind of resource.
    pub resource: Resource,
    /// The JSON pointer (RFC 6901) of its id in the response.
    pub id: String,
}

/// What the response to a look-up lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lists {
    /// The kind of resource.
    pub resource: Resource,
    /// The JSON pointer of the ids in the response: an array, or with `*` for all items of an array.
    pub ids: String,
}

/// A place in a request that names a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The kind of resource.
    pub resource: Resource,
    /// Where its id is.
    pub place: IdPlace,
}

/// Where a request has an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdPlace {
    /// In the placeholder of the path with this index.
    Path(usize),
    /// At this JSON pointer in the body.
    Body(String),
    /// In the query parameter with this name, in lower case.
    Query(String),
}
