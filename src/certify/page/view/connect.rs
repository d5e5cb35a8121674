//! How a till is pointed at the recorder, for people who read nothing else.

use super::{code, copy};
use crate::certify::page::page_state::ConnectionInfo;
use maud::{Markup, html};

/// The lines that connect a till.
pub fn render(reach: &ConnectionInfo, open: bool) -> Markup {
    html! {
        details.card #connect open[open] {
            summary { h2 { "Connect your till" } }
            div.columns {
                div {
                    h3 { "Base URL" }
                    p.hint { "Set it in the till in place of the API's. Calls go on to " code { (reach.upstream) } "." }
                    (copy("base-url", "base URL", &reach.base_url))
                    h3 { "Or HTTPS proxy" }
                    p.hint { "For a till whose URL cannot be changed." }
                    (copy("proxy-url", "HTTPS proxy", &reach.proxy_url))
                    h3 { "The CA to trust" }
                    p.hint { "The till has to trust this certificate; without it, it will refuse the connection." }
                    (copy("ca-file", "file of the CA", &reach.ca))
                }
                div {
                    @if let Some([token, id, secret]) = &reach.sandbox {
                        h3 { "Credentials at the built-in sandbox" }
                        p.hint { "Token endpoint, client id and client secret of a test client." }
                        (copy("token-url", "token endpoint", token))
                        (copy("client-id-of-sandbox", "client id", id))
                        (copy("client-secret-of-sandbox", "client secret", secret))
                    }
                    h3 { "No till at hand?" }
                    p.hint { (code("The reference till does each act from a second terminal. Each step shows its line; this one begins:")) }
                    (copy("till-first", "first line for the reference till", &format!("{} onboard", reach.till)))
                    details.recipes {
                        summary { "Trusting the CA, client by client" }
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
