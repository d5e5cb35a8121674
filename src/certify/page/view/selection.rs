//! View of the second step: the selection of features.

use super::code;
use crate::api::Feature;
use crate::certify::identification::Identification;
use crate::certify::page::form::{self, FEATURES};
use crate::report::wording;
use crate::rules::RuleSet;
use crate::rules::model;
use maud::{Markup, html};

/// The time that a case takes with an operator at the till, in minutes.
const MINUTES_PER_CASE: usize = 1;

/// The selection form. `sentence`: why the form was rejected.
pub(crate) fn selection(identified: &Identification, rules: &RuleSet, sentence: Option<&str>) -> Markup {
    html! {
        div.narrow {
            h1 { "Choose features" }
            p.lead {
                "In production a client may use only the features it is certified for. Choose those of your till."
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
                p.hint { "Recording starts now. Every call that your till makes counts towards the verdict." }
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
                label for={ "choose-" (id) } { (feature.title) @if always { span.chip { "required" } } }
                p.hint id={ "about-" (id) } {
                    (wording::count(needed, "required case"))
                    @if needed < feature.cases.len() { ", " (feature.cases.len() - needed) " optional" }
                    " · about " (feature.cases.len() * MINUTES_PER_CASE) " min by hand"
                }
                details {
                    summary { "View cases" span.unseen { " for " (feature.title) } }
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
