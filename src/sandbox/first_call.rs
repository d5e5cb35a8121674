//! A command line that makes a first call: with token and all headers, so that a capture of it has no finding.

use super::ClientCredentials;
use crate::api::customer::CERTIFICATION_VAT;

/// The client's version in the line, unless another is given.
const VERSION: &str = "1.0.0";

/// A line for a POSIX shell: it requests a token and lists the stores with it. `ca`: the path of the CA certificate as
/// a word of the shell; `version`: the client's.
pub(crate) fn line(ca: &str, base_url: &str, client: &ClientCredentials, version: Option<&str>) -> String {
    let origin = base_url.split('/').take(3).collect::<Vec<_>>().join("/");
    let ClientCredentials { client_id, client_secret, .. } = client;
    let (version, vat) = (version.unwrap_or(VERSION), CERTIFICATION_VAT.first().copied().unwrap_or_default());
    // The token request is a part of the line: a line that needs a variable of another one would send no token alone.
    format!(
        "curl --cacert {ca} -H \"Authorization: Bearer $(curl -s --cacert {ca} -u {client_id}:{client_secret} -d \
         grant_type=client_credentials {origin}/integrator-authentication/connect/token | sed \
         's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\" -H 'X-IBM-Client-Id: {client_id}' -H \
         'X-MobilePay-Client-System-Version: {version}' -H 'X-MobilePay-Merchant-VAT-Number: {vat}' {base_url}/stores"
    )
}
