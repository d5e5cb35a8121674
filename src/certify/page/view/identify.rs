//! View of the first step: the identification form.

use super::code;
use crate::certify::identification::Identification;
use crate::certify::page::form::{self, ACCESS, FIELDS, Field, INCOMPLETE, Need};
use crate::report::wording;
use maud::{Markup, html};

/// Why a form is shown again.
#[derive(Clone, Copy)]
pub(crate) enum Problem<'a> {
    None,
    /// Some fields are invalid.
    Fields,
    /// A certificate needs more.
    Incomplete,
    /// Another reason.
    Sentence(&'a str),
}

/// The identification form.
pub(crate) struct Form<'a> {
    pub identified: &'a Identification,
    /// The backend is not the embedded sandbox.
    pub elsewhere: bool,
}

impl Form<'_> {
    /// The form with the values entered.
    pub(crate) fn render(&self, problem: Problem<'_>) -> Markup {
        let wrong = form::wrong(self.identified);
        // The first invalid field, or the missing one, gets the focus.
        let first = match problem {
            Problem::Fields => wrong.first().map(|(name, _)| *name),
            Problem::Incomplete => FIELDS.iter().find(|field| field.need == Need::Required).map(|field| field.name),
            _ => None,
        };
        let row = |field: &'static Field| self.field(field, &wrong, first);
        let optional = || FIELDS.iter().filter(|field| field.need == Need::Optional);
        let is_open = optional().any(|field| {
            !form::value(self.identified, field.name).is_empty() || wrong.iter().any(|(name, _)| *name == field.name)
        });
        html! {
            div.narrow {
                h1 { "Identify your client" }
                p.lead {
                    "poscert guides your till through the certification cases and ends with a verdict. Empty fields are "
                    "read from the traffic where possible."
                    @if !self.elsewhere { " Just trying it out? Use the sample values." }
                }
                (notice(problem, &wrong))
                form.card method="post" action="/identification" {
                    // Hidden unless the script runs, which fills them in.
                    @if !self.elsewhere { p #examples hidden { button.quiet type="button" data-fill { "Use sample values" } } }
                    @for field in FIELDS.iter().filter(|field| field.need != Need::Optional) { (row(field)) }
                    details.optional-fields open[is_open] {
                        summary { "Optional: production id and check-in notifications" }
                        @for field in optional() { (row(field)) }
                    }
                    @if self.elsewhere {
                        h2 { "Access to the backend" }
                        p.hint {
                            "Some cases need more than the calls of your till: a conflicting payment, actions of the customer. "
                            "poscert requests them with these credentials. Leave the fields empty if you do this yourself, "
                            "or passed credentials at start."
                        }
                        @for field in &ACCESS { (row(field)) }
                    }
                    div.actions {
                        button.main type="submit" { "Continue" }
                        @if matches!(problem, Problem::Incomplete) {
                            button.quiet type="submit" name=(INCOMPLETE) value="yes" { "Continue without a certificate" }
                        }
                    }
                }
            }
        }
    }

    fn field(&self, field: &Field, wrong: &[(&'static str, String)], first: Option<&str>) -> Markup {
        let fault = wrong.iter().find(|(name, _)| *name == field.name).map(|(_, sentence)| sentence.as_str());
        let name = field.name;
        let (hint, kind) = (format!("{name}-hint {name}-fault"), if field.is_secret() { "password" } else { "text" });
        html! {
            div.field {
                label for=(name) { (field.label) }
                (need(field.need))
                p.hint id={ (name) "-hint" } { (field.hint) }
                input #(name) name=(name) type=(kind) value=(form::value(self.identified, name)) placeholder={ "e.g. " (field.example) }
                    data-example=[form::is_tried_with(field).then_some(field.example)] autocomplete="off" spellcheck="false"
                    data-check[!field.is_secret()] maxlength=(if field.is_secret() { "8000" } else { "400" })
                    autofocus[first == Some(name)]
                    aria-invalid=(if fault.is_some() { "true" } else { "false" }) aria-describedby=(hint);
                p.fault id={ (name) "-fault" } { @if let Some(fault) = fault { (code(fault)) } }
            }
        }
    }
}

/// The mark of a field that a certificate needs.
fn need(need: Need) -> Markup {
    html! {
        @if matches!(need, Need::Required | Need::Inferred) { " " span.chip.need { "required for a certificate" } }
    }
}

/// Why the form is shown again, with a link to each field.
fn notice(problem: Problem<'_>, wrong: &[(&'static str, String)]) -> Markup {
    let label = |name: &str| form::asked(true).find(|field| field.name == name).map_or("", |field| field.label);
    html! {
        @match problem {
            Problem::None => "",
            Problem::Fields => div.notice role="alert" {
                p { "Please fix " (wording::count(wrong.len(), "field")) ":" }
                ul { @for (name, sentence) in wrong { li { a href={ "#" (name) } { (label(name)) } ": " (code(sentence)) } } }
            },
            Problem::Incomplete => div.notice.warning role="alert" {
                p {
                    strong { "No certificate can be issued without the integrator id." }
                    " The traffic does not show it. Enter it now, or continue without a certificate."
                }
            },
            Problem::Sentence(why) => p.notice role="alert" { (code(&super::sentence(why))) },
        }
    }
}
