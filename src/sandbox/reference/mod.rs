//! The API reference as one HTML page, rendered from the OpenAPI description: it loads nothing and runs nothing.

mod demo_data;
mod schema_rows;

use super::api_texts::HEADERS;
use super::{ClientCredentials, first_call, openapi};
use crate::report::html_kit::document::self_contained;
use crate::report::html_kit::style_sheet;
use maud::{Markup, html};
use serde_json::Value;

const STYLE: &str = style_sheet!("style.css");

/// Where the API of a reference is.
pub(crate) struct ReferencePlace<'a> {
    /// The base URL of the API.
    pub base_url: &'a str,
    /// The CA certificate's path, as a word of a shell.
    pub ca: &'a str,
    /// The URL or path of the OpenAPI description.
    pub openapi: &'a str,
    /// The test clients of the sandbox.
    pub clients: &'a [ClientCredentials],
    /// The client's version.
    pub version: Option<&'a str>,
}

/// The page.
pub(crate) fn page(place: &ReferencePlace<'_>) -> String {
    let description = openapi::description();
    let operations = operations(&description);
    let body = html! {
        header.top {
            h1 { "PoS API v10 reference" }
            p.lead {
                "The API as the embedded sandbox simulates it. Reading this page is not recorded. "
                a href=(place.openapi) { "OpenAPI description" }
            }
        }
        div.layout {
            nav aria-label="Contents" {
                ul {
                    li { a href="#start" { "First call" } } li { a href="#headers" { "Headers" } }
                    li { a href="#data" { "Stores and customers" } }
                }
                h2 { "Operations" }
                ul { @for one in &operations { li { a href={ "#" (one.id) } { (one.id) } } } }
            }
            main {
                (start(place))
                (headers())
                (demo_data::render(place.clients))
                @for one in &operations { (operation(one, &description)) }
            }
        }
    };
    self_contained("PoS API v10 reference · poscert", STYLE, &body)
}

/// An operation of the description.
struct Described<'a> {
    id: &'a str,
    method: String,
    path: &'a str,
    value: &'a Value,
}

fn operations(description: &Value) -> Vec<Described<'_>> {
    let paths = description["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, methods)| {
        methods.as_object().into_iter().flatten().map(move |(method, value)| Described {
            id: value["operationId"].as_str().unwrap_or_default(),
            method: method.to_ascii_uppercase(),
            path,
            value,
        })
    });
    all.collect()
}

fn start(place: &ReferencePlace<'_>) -> Markup {
    html! {
        section #start {
            h2 { "First call" }
            p { "Base URL: " code { (place.base_url) } }
            @if let Some(client) = place.clients.first() {
                p { "This line requests a token and lists the stores, with all headers:" }
                pre tabindex="0" { code { (first_call::line(place.ca, place.base_url, client, place.version)) } }
            }
            p {
                "A call that creates something needs an idempotency key. Without a response, or after status 500, retry "
                "the same call with the same key and body."
            }
        }
    }
}

fn headers() -> Markup {
    html! {
        section #headers {
            h2 { "Headers" }
            table {
                thead { tr { th { "Header" } th { "Example" } th { "Why" } } }
                tbody {
                    @for header in &HEADERS {
                        tr { td { code { (openapi::shown(header.name)) } } td { code { (header.example) } } td { (header.why) } }
                    }
                }
            }
        }
    }
}

fn operation(one: &Described<'_>, description: &Value) -> Markup {
    let value = one.value;
    let parameters: Vec<&Value> = value["parameters"].as_array().into_iter().flatten().collect();
    let body = value["requestBody"]["content"].as_object().and_then(|content| content.iter().next());
    html! {
        section.operation id=(one.id) {
            h2 { span.chip.method { (one.method) } " " (one.id) }
            p.path { code { (one.path) } }
            p { (value["summary"].as_str().unwrap_or_default()) }
            @if !parameters.is_empty() {
                h3 { "Parameters" }
                (schema_rows::parameters(&parameters))
            }
            @if let Some((media, content)) = body {
                h3 { "Request body" }
                p.dim { code { (media) } }
                (schema_rows::fields(&content["schema"], description))
                @if let Some(example) = content.get("example") {
                    pre tabindex="0" { code { (serde_json::to_string_pretty(example).unwrap_or_default()) } }
                }
            }
            h3 { "Responses" }
            @for (status, response) in value["responses"].as_object().into_iter().flatten() {
                div.response {
                    p { span.chip.status { (status) } " " (response["description"].as_str().unwrap_or_default()) }
                    @if status == "200" {
                        (schema_rows::fields(&response["content"]["application/json"]["schema"], description))
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Operation;
    use crate::report::html_kit::document::check_markup;
    use crate::sandbox::SandboxOptions;

    #[test]
    fn page_has_operations_headers_stores_and_customers_and_loads_nothing() {
        let clients = SandboxOptions::default().clients;
        let place = ReferencePlace {
            base_url: "https://127.0.0.1:8443/pos/v10",
            ca: "ca.pem",
            openapi: "/openapi.json",
            clients: &clients,
            version: None,
        };
        let page = page(&place);
        // Its only link to elsewhere is to the description beside it.
        check_markup(&page.replace("href=\"/openapi.json\"", "href=\"#\""));
        for operation in Operation::ALL {
            assert!(page.contains(&format!("id=\"{operation}\"")), "{operation}");
        }
        for text in ["X-MobilePay-Idempotency-Key", "DK90000028", "+4520031801", "sandbox-secret-one", "merchantPosId"]
        {
            assert!(page.contains(text), "{text}");
        }
        assert!(!page.contains("src=") && !page.contains("<script"), "it loads something");
    }
}
