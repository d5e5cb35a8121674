//! A certificate as an HTML page: its coverage and limits, its signature, and how to verify it.
//!
//! The page is rendered from the certificate alone, and is not a certificate itself. It loads and runs nothing, and all
//! text from a client is sanitized.

mod details;
mod emblem;

use super::statement::{Case, Client, Predicate};
use super::{Certificate, date};
use crate::api::Feature;
use crate::report::html_kit::look::Look;
use crate::report::html_kit::{document, style_sheet};
use crate::report::wording;
use crate::verify::verdict::CaseStatus;
use maud::{Markup, html};
use std::collections::BTreeSet;

const STYLE: &str = style_sheet!("style.css");

/// Renders the page. If a signature is invalid, the page says so instead of naming the signers.
///
/// `evaluated`: the ids of the requirements that apply to the certified features; the page leaves out the others, which
/// the certificate lists too.
pub(crate) fn render(certificate: &Certificate, evaluated: &BTreeSet<&str>) -> String {
    let predicate = &certificate.statement.predicate;
    let body = html! {
        main {
            article.sheet aria-labelledby="title" {
                (head(certificate))
                (client(&predicate.client, predicate))
                (features(predicate))
                (facts(certificate))
            }
            (details::render(certificate, evaluated))
        }
    };
    let title = format!("Certificate {} of {}", certificate.id(), name(&predicate.client));
    document::self_contained(&title, STYLE, &body)
}

/// The display name of the client: its system name, or else its integrator id.
fn name(client: &Client) -> String {
    match &client.system_name {
        Some(name) => wording::safe(name),
        None => format!("Client of {}", wording::safe(&client.integrator_id)),
    }
}

fn head(certificate: &Certificate) -> Markup {
    html! {
        div.top {
            p.brand { "MobilePay PoS API v10" }
            p.number { "No. " (certificate.id()) }
        }
        (emblem::seal())
        p.kind { "Self-certification" }
        p.issuer { "made with poscert; not issued or approved by MobilePay" }
    }
}

fn client(client: &Client, predicate: &Predicate) -> Markup {
    let exchanges = usize::try_from(predicate.recording.exchanges).unwrap_or(usize::MAX);
    html! {
        h1 #title { bdi { (name(client)) } }
        p.version { "version " (wording::safe(&client.major_minor)) }
        p.maker { "made by " bdi { (wording::safe(&client.integrator_id)) } }
        p.claim {
            "In a recording of " (wording::count(exchanges, "exchange")) " that ended on "
            strong { (wording::safe(&date::day(&predicate.date))) }
            ", this client passed every mandatory case of the features below and broke no mandatory requirement."
        }
        p.claim {
            @if of_this_machine(predicate) {
                "It was recorded against " strong { "a simulated backend" } " on the recording machine, not against MobilePay."
            } @else {
                "It was recorded against " strong { (wording::list(&backends(predicate))) } "."
            }
        }
    }
}

fn features(predicate: &Predicate) -> Markup {
    html! {
        ul.features aria-label="Certified features" {
            @for feature in &predicate.features {
                li.(Look::Passed) {
                    (Look::Passed.mark())
                    span.name { (wording::safe(&feature.title)) }
                    span.dim { (shown(&feature.cases)) }
                }
            }
        }
    }
}

/// How many cases of a feature have passed: `6 cases passed, 1 optional case not`.
fn shown(cases: &[Case]) -> String {
    let passed = cases.iter().filter(|case| case.status == CaseStatus::Passed).count();
    let left = cases.len().saturating_sub(passed);
    let shown = format!("{} passed", wording::count(passed, "case"));
    match left {
        0 => shown,
        1 => format!("{shown}, 1 optional case not"),
        more => format!("{shown}, {more} optional cases not"),
    }
}

fn facts(certificate: &Certificate) -> Markup {
    let predicate = &certificate.statement.predicate;
    html! {
        dl.facts {
            div { dt { "Client id" } dd { code { (wording::safe(&predicate.client.client_id)) } } }
            @if let Some(id) = &predicate.client.production_client_id { div { dt { "In production" } dd { code { (wording::safe(id)) } } } }
            div { dt { "Backend" } dd { (wording::list(&backends(predicate))) @if of_this_machine(predicate) { " (a simulated backend)" } } }
            div { dt { "Recorded version" } dd { (wording::safe(&predicate.client.version)) (builds(&predicate.client)) } }
            div { dt { "Evaluated with" } dd { "poscert " (wording::safe(&predicate.engine)) " and its built-in rules" } }
            @if !predicate.recording.challenges.is_empty() {
                div.wide { dt { "Challenge at the start of the recording" } dd { bdi { (wording::safe(&wording::list(&predicate.recording.challenges))) } } }
            }
            div.wide { dt { "Signing key" } dd { (signers(certificate)) } }
        }
    }
}

/// The backends of the recording, each once.
fn backends(predicate: &Predicate) -> Vec<String> {
    let all: BTreeSet<&str> = predicate.recording.recorders.iter().map(|one| one.backend.as_str()).collect();
    all.into_iter().map(wording::safe).collect()
}

/// Whether the backend ran on the recording machine, as the embedded sandbox does.
fn of_this_machine(predicate: &Predicate) -> bool {
    let host = |backend: &str| {
        let authority = backend.split_once("://").map_or(backend, |(_, rest)| rest).to_owned();
        authority.rsplit_once(':').map_or(authority.clone(), |(host, _)| host.to_owned())
    };
    let recorders = &predicate.recording.recorders;
    !recorders.is_empty()
        && recorders.iter().all(|one| matches!(host(&one.backend).as_str(), "127.0.0.1" | "localhost" | "[::1]"))
}

fn builds(client: &Client) -> String {
    let others: Vec<String> =
        client.builds_seen.iter().filter(|build| **build != client.version).map(|build| wording::safe(build)).collect();
    if others.is_empty() { String::new() } else { format!("; its calls also used {}", wording::list(&others)) }
}

fn signers(certificate: &Certificate) -> Markup {
    html! {
        @match certificate.signers() {
            Ok(signers) => @for signer in signers { code { (signer) } },
            Err(why) => strong { "Invalid signature: " (wording::safe(&why)) },
        }
    }
}

/// The features that a certificate does not cover, as text.
fn left_out(predicate: &Predicate) -> Vec<String> {
    let named = |feature: &Feature| predicate.features.iter().any(|one| one.id == feature.id());
    Feature::ALL.iter().filter(|feature| !named(feature)).map(|feature| feature.id().replace('-', " ")).collect()
}

#[cfg(test)]
mod tests;
