//! The first two steps: who is certified, and for what.

use super::code;
use crate::api::Feature;
use crate::certify::page::form::{self, FEATURES, FIELDS};
use crate::certify::session::Identification;
use crate::report::words;
use crate::rules::RuleSet;
use crate::rules::model;
use maud::{Markup, html};

/// Who is certified. `sentence`: why the form was not taken.
pub fn identification(told: &Identification, sentence: Option<&str>) -> Markup {
    let wrong = form::wrong(told);
    html! {
        div.narrow {
            h1 { "Who is to be certified?" }
            p.lead {
                "A certification leads your till through the cases that the PoS API asks of it, one step after the other, and ends in "
                "a verdict. First say whose client this is. What you leave empty is taken from the traffic where it can be. "
                "To try it with the reference till, use the examples of the first four."
            }
            @if let Some(sentence) = sentence { p.notice role="alert" { (code(sentence)) } }
            form.card method="post" action="/identification" {
                @for field in &FIELDS {
                    @let fault = wrong.iter().find(|(name, _)| *name == field.name).map(|(_, sentence)| sentence.as_str());
                    div.field {
                        label for=(field.name) { (field.label) }
                        p.hint id={ (field.name) "-hint" } { (field.hint) }
                        input #(field.name) name=(field.name) value=(form::value(told, field.name)) placeholder={ "e.g. " (field.example) }
                            autocomplete="off" spellcheck="false" data-check maxlength="400"
                            aria-invalid=(if fault.is_some() { "true" } else { "false" })
                            aria-describedby={ (field.name) "-hint " (field.name) "-fault" };
                        p.fault id={ (field.name) "-fault" } { @if let Some(fault) = fault { (code(fault)) } }
                    }
                }
                div.actions { button.main type="submit" { "Go on to the selection" } }
            }
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
            @if let Some(sentence) = sentence { p.notice role="alert" { (code(sentence)) } }
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
                    (words::count(needed, "case")) " to show"
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
