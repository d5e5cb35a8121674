//! Views of the first two steps: identification and selection.

use super::code;
use crate::api::Feature;
use crate::certify::identification::Identification;
use crate::certify::page::form::{self, ACCESS, FEATURES, FIELDS, Field};
use crate::report::wording;
use crate::rules::RuleSet;
use crate::rules::model;
use maud::{Markup, html};

/// The identification form. `elsewhere`: the backend is not the embedded sandbox. `sentence`: why it was rejected.
pub(crate) fn identification(identified: &Identification, elsewhere: bool, sentence: Option<&str>) -> Markup {
    let wrong = form::wrong(identified);
    let row = |name: &'static Field| field(identified, name, &wrong);
    html! {
        div.narrow {
            h1 { "Identify your client" }
            p.lead {
                "A certification guides you and your till through the cases of the PoS API, step by step, and ends "
                "with a verdict. First identify your client. Empty fields are inferred from the traffic if possible. "
                @if !elsewhere { "To try it with the reference client, select \"Fill in the examples\"." }
            }
            @if let Some(why) = sentence { p.notice role="alert" { (code(&super::sentence(why))) } }
            form.card method="post" action="/identification" {
                // Hidden unless the script runs, which fills them in.
                @if !elsewhere { p #examples hidden { button.quiet type="button" data-fill { "Fill in the examples" } } }
                @for field in &FIELDS { (row(field)) }
                @if elsewhere {
                    h2 { "Access to the backend" }
                    p.hint {
                        "Some cases need more than the calls of your till: a conflicting payment, actions of the customer. "
                        "poscert requests them with these credentials. Leave the fields empty if you do this yourself, "
                        "or passed credentials at start."
                    }
                    @for field in &ACCESS { (row(field)) }
                }
                div.actions { button.main type="submit" { "Continue to selection" } }
            }
        }
    }
}

fn field(identified: &Identification, field: &Field, wrong: &[(&'static str, String)]) -> Markup {
    let fault = wrong.iter().find(|(name, _)| *name == field.name).map(|(_, sentence)| sentence.as_str());
    html! {
        div.field {
            label for=(field.name) { (field.label) }
            p.hint id={ (field.name) "-hint" } { (field.hint) }
            @let (hint, kind) = (format!("{0}-hint {0}-fault", field.name), if field.is_secret() { "password" } else { "text" });
            input #(field.name) name=(field.name) type=(kind) value=(form::value(identified, field.name)) placeholder={ "e.g. " (field.example) }
                data-example=[form::is_tried_with(field).then_some(field.example)] autocomplete="off" spellcheck="false" data-check[!field.is_secret()] maxlength=(if field.is_secret() { "8000" } else { "400" })
                aria-invalid=(if fault.is_some() { "true" } else { "false" }) aria-describedby=(hint);
            p.fault id={ (field.name) "-fault" } { @if let Some(fault) = fault { (code(fault)) } }
        }
    }
}

/// The selection form. `sentence`: why the form was rejected.
pub(crate) fn selection(identified: &Identification, rules: &RuleSet, sentence: Option<&str>) -> Markup {
    html! {
        div.narrow {
            h1 { "Select the features" }
            p.lead {
                "In production a client may use only the features it is certified for. Select those of your till; "
                "Onboarding is always included."
            }
            @if let Some(why) = sentence { p.notice role="alert" { (code(&super::sentence(why))) } }
            form method="post" action="/selection" {
                fieldset.choices {
                    legend.unseen { "Features" }
                    @for feature in &rules.features { (choice(feature, identified)) }
                }
                div.actions {
                    button.main type="submit" { "Start the certification" }
                    button.quiet type="submit" formaction="/back" { "Back to identification" }
                }
                p.hint { "Once started, every call of your till is recorded and evaluated." }
            }
        }
    }
}

fn choice(feature: &model::Feature, identified: &Identification) -> Markup {
    let id = feature.feature.id();
    let always = feature.feature == Feature::ONBOARDING;
    let needed = feature.cases.iter().filter(|case| !case.optional).count();
    html! {
        div.choice {
            input type="checkbox" id={ "choose-" (id) } name=(FEATURES) value=(id)
                checked[always || form::is_chosen(identified, feature.feature)] disabled[always] aria-describedby={ "about-" (id) };
            div {
                label for={ "choose-" (id) } { (feature.title) @if always { span.chip { "always included" } } }
                p.hint id={ "about-" (id) } {
                    (wording::count(needed, "case")) " to pass"
                    @if needed < feature.cases.len() { ", " (feature.cases.len() - needed) " optional" }
                }
                details {
                    summary { "Cases" span.unseen { " for " (feature.title) } }
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
