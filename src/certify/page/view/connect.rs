//! View of the connection settings of a till.

use super::{code, copy};
use crate::certify::page::page_state::ConnectionInfo;
use maud::{Markup, html};

/// The settings that connect a till to the recorder.
pub(crate) fn render(reach: &ConnectionInfo, open: bool) -> Markup {
    html! {
        details.card #connect open[open] {
            summary { h2 { "Connect your till" } }
            div.columns {
                div {
                    h3 { "Base URL" }
                    p.hint { "Set it in the till instead of the API's base URL. Calls are forwarded to " code { (reach.upstream) } "." }
                    (copy("base-url", "base URL", &reach.base_url))
                    h3 { "Alternative: HTTPS proxy" }
                    p.hint { "For a till whose base URL cannot be changed." }
                    (copy("proxy-url", "HTTPS proxy", &reach.proxy_url))
                    h3 { "CA certificate" }
                    p.hint { "The till has to trust this CA; otherwise it refuses the connection." }
                    (copy("ca-file", "CA certificate file", &reach.ca))
                }
                div {
                    @if reach.sandbox.is_some() {
                        h3 { "API reference" }
                        p.hint {
                            a href="/reference" target="_blank" rel="noopener" { "Operations, headers, examples, stores and customers" }
                            " (and the " a href="/openapi.json" target="_blank" rel="noopener" { "OpenAPI description" } ")"
                        }
                    }
                    @if let Some(line) = &reach.first_call {
                        h3 { "First call" }
                        p.hint { "Requests a token and lists the stores, with all headers." }
                        (copy("first-call", "first call with curl", line))
                    }
                    @if let Some([token, id, secret]) = &reach.sandbox {
                        h3 { "Sandbox credentials" }
                        p.hint { "Token endpoint, client id and client secret of a test client." }
                        (copy("token-url", "token endpoint", token))
                        (copy("client-id-of-sandbox", "client id", id))
                        (copy("client-secret-of-sandbox", "client secret", secret))
                    }
                    h3 { "No till available?" }
                    p.hint { (code("Use the reference client in a second terminal. Each step shows its command; first:")) }
                    (copy("till-first", "first command for the reference client", &format!("{} onboard", reach.till)))
                    details.recipes {
                        summary { "How to trust the CA" }
                        @for (at, (who, line)) in reach.recipes.iter().enumerate() {
                            h4 { (who) }
                            (copy(&format!("recipe-{at}"), &format!("line for {who}"), line))
                        }
                    }
                }
            }
        }
    }
}
