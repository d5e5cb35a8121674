//! The first two steps: who is certified, and for what.

use super::code;
use crate::api::Feature;
use crate::certify::identification::Identification;
use crate::certify::page::form::{self, ACCESS, FEATURES, FIELDS, Field};
use crate::report::wording;
use crate::rules::RuleSet;
use crate::rules::model;
use maud::{Markup, html};

/// Who is certified. `elsewhere`: the backend is not the embedded sandbox. `sentence`: why the form was not taken.
pub fn identification(told: &Identification, elsewhere: bool, sentence: Option<&str>) -> Markup {
    let wrong = form::wrong(told);
    let row = |name: &'static Field| field(told, name, &wrong);
    html! {
        div.narrow {
            h1 { "Who is to be certified?" }
            p.lead {
                "A certification leads your till through the cases that the PoS API asks of it, one step after the other, and ends in "
                "a verdict. First say whose client this is. What you leave empty is taken from the traffic where it can be. "
                @if !elsewhere { "To try it with the reference till, the examples of the first four will do." }
            }
            @if let Some(why) = sentence { p.notice role="alert" { (code(&super::sentence(why))) } }
            form.card method="post" action="/identification" {
                // A script fills them in; without one there is nothing that could.
                @if !elsewhere { p #examples hidden { button.quiet type="button" data-fill { "Fill in the examples" } } }
                @for field in &FIELDS { (row(field)) }
                @if elsewhere {
                    h2 { "Access to the backend" }
                    p.hint {
                        "What a case needs of the backend beside your till's calls is called for with this: a payment that is in the way, what the "
                        "customer does. Leave it empty if you bring these about yourself, or gave it when poscert was started."
                    }
                    @for field in &ACCESS { (row(field)) }
                }
                div.actions { button.main type="submit" { "Go on to the selection" } }
            }
        }
    }
}

fn field(told: &Identification, field: &Field, wrong: &[(&'static str, String)]) -> Markup {
    let fault = wrong.iter().find(|(name, _)| *name == field.name).map(|(_, sentence)| sentence.as_str());
    html! {
        div.field {
            label for=(field.name) { (field.label) }
            p.hint id={ (field.name) "-hint" } { (field.hint) }
            @let (hint, kind) = (format!("{0}-hint {0}-fault", field.name), if field.is_secret() { "password" } else { "text" });
            input #(field.name) name=(field.name) type=(kind) value=(form::value(told, field.name)) placeholder={ "e.g. " (field.example) }
                data-example=[form::is_tried_with(field).then_some(field.example)] autocomplete="off" spellcheck="false" data-check[!field.is_secret()] maxlength=(if field.is_secret() { "8000" } else { "400" })
                aria-invalid=(if fault.is_some() { "true" } else { "false" }) aria-describedby=(hint);
            p.fault id={ (field.name) "-fault" } { @if let Some(fault) = fault { (code(fault)) } }
        }
    }
}

/// For what.
pub fn selection(told: &Identification, rules: &RuleSet, sentence: Option<&str>) -> Markup {
    html! {
        div.narrow {
            h1 { "What is it to be certified for?" }
            p.lead {
                "In production a client may call only what its certification covers. Choose what your till does; Onboarding is always in."
            }
            @if let Some(why) = sentence { p.notice role="alert" { (code(&super::sentence(why))) } }
            form method="post" action="/selection" {
                fieldset.choices {
                    legend.unseen { "Features" }
                    @for feature in &rules.features { (choice(feature, told)) }
                }
                div.actions {
                    button.main type="submit" { "Begin the certification" }
                    button.quiet type="submit" formaction="/back" { "Back to the identification" }
                }
                p.hint { "From here on the recorder listens, and all that your till says counts." }
            }
        }
    }
}

fn choice(feature: &model::Feature, told: &Identification) -> Markup {
    let id = feature.feature.id();
    let always = feature.feature == Feature::Onboarding;
    let needed = feature.cases.iter().filter(|case| !case.optional).count();
    html! {
        div.choice {
            input type="checkbox" id={ "choose-" (id) } name=(FEATURES) value=(id)
                checked[always || form::is_chosen(told, feature.feature)] disabled[always] aria-describedby={ "about-" (id) };
            div {
                label for={ "choose-" (id) } { (feature.title) @if always { span.chip { "always in" } } }
                p.hint id={ "about-" (id) } {
                    (wording::count(needed, "case")) " to show"
                    @if needed < feature.cases.len() { ", " (feature.cases.len() - needed) " optional" }
                }
                details {
                    summary { "What it needs" span.unseen { " for " (feature.title) } }
                    ol {
                        @for case in &feature.cases {
                            li {
                                (case.title)
                                @if case.optional { span.dim { " (optional)" } }
                                @if let Some(with) = case.needed_with { span.dim { " (with " (with.id()) ")" } }
                                p.calls { @for (at, step) in case.steps.iter().enumerate() { @if at > 0 { " → " } (step.title) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
