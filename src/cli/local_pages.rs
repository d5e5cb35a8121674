//! The pages that the recorder serves at its base URL's address without recording them.

use crate::pki::{CaFiles, word};
use crate::proxy::{LocalPage, LocalPages};
use crate::sandbox::reference::{self, ReferencePlace};
use crate::sandbox::{OPENAPI, REFERENCE, Sandbox};

/// The path that shows whether a client trusts the CA.
pub(super) const CHECK: &str = "/poscert/check";

const TRUSTED: &str = "This client trusts poscert's CA and reaches the recorder. This request is not recorded.\n";

/// The pages of a recorder. The API reference is that of the embedded sandbox.
pub(super) fn pages(base_url: &str, files: &CaFiles, sandbox: Option<&Sandbox>, version: Option<&str>) -> LocalPages {
    let check = LocalPage { path: CHECK, media: "text/plain; charset=utf-8", text: TRUSTED.to_owned() };
    let about = sandbox.into_iter().flat_map(|sandbox| {
        let text = reference(base_url, files, sandbox, version);
        let openapi = Sandbox::openapi().to_string();
        [
            LocalPage { path: REFERENCE, media: "text/html; charset=utf-8", text },
            LocalPage { path: OPENAPI, media: "application/json", text: openapi },
        ]
    });
    LocalPages::new(std::iter::once(check).chain(about).collect())
}

/// The API reference of the embedded sandbox, as HTML.
pub(super) fn reference(base_url: &str, files: &CaFiles, sandbox: &Sandbox, version: Option<&str>) -> String {
    let ca = word(&files.pem);
    let clients = sandbox.clients();
    reference::page(&ReferencePlace { base_url, ca: &ca, openapi: OPENAPI, clients, version })
}
