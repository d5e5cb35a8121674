//! The second sheet of a certificate's page: its limits, its cases and requirements, and how to check it.

use super::{left_out, signers};
use crate::certificate::Certificate;
use crate::certificate::statement::{CAPTURE, Predicate, RULES, Requirement};
use crate::report::wording;
use crate::verify::verdict::{CaseStatus, Level, Status};
use maud::{Markup, html};

/// A longer list is set in two columns.
const FEW: usize = 6;

pub(super) fn render(certificate: &Certificate) -> Markup {
    let predicate = &certificate.statement.predicate;
    html! {
        article.sheet.details {
            div.columns {
                (covers(predicate))
                (covers_not(predicate))
            }
            (open(predicate))
            (cases(predicate))
            (requirements(predicate))
            div.columns {
                (worth(certificate))
                (how(certificate))
            }
        }
    }
}

fn covers(predicate: &Predicate) -> Markup {
    let client = &predicate.client;
    let minor = wording::safe(&client.major_minor);
    html! {
        section.covers {
            h2 { "It covers" }
            ul {
                li { "Every Build of version " strong { (minor) } ": " (minor) ".0, " (minor) ".1 and all that follow." }
                li { (if predicate.features.len() == 1 { "The feature " } else { "The features " }) strong { (wording::list(&titles(predicate))) } ", as the rules stood then." }
                li { "It has no last day. It ends only by being revoked, with a reason, in the ledger of who gave it." }
            }
        }
    }
}

fn covers_not(predicate: &Predicate) -> Markup {
    let client = &predicate.client;
    let left = left_out(predicate);
    html! {
        section.covers-not {
            h2 { "It does not cover" }
            ul {
                li { "Any other Major or Minor of the client: what is not " (wording::safe(&client.major_minor)) " is certified anew." }
                @if !left.is_empty() {
                    li { "The features that were not chosen: " strong { (wording::list(&left)) } "." }
                }
                li { "What was not recorded: the client's screen, its clock, and how it fares in conditions that did not come up." }
                li { "The word of the operator of the API: this says what poscert saw, and no more." }
            }
        }
    }
}

fn titles(predicate: &Predicate) -> Vec<String> {
    predicate.features.iter().map(|feature| wording::safe(&feature.title)).collect()
}

/// What a reader should know before relying on it.
fn open(predicate: &Predicate) -> Markup {
    let warnings = named(predicate, &predicate.warnings);
    let musts: Vec<&Requirement> = with(predicate, Status::NotExercised, Level::Must);
    let shoulds = with(predicate, Status::NotExercised, Level::Should).len();
    html! {
        section {
            h2 { "Good to know" }
            dl.know {
                dt { "Warnings" }
                dd {
                    @if warnings.is_empty() { "None." } @else { (list(&warnings)) }
                }
                dt { "Not exercised" }
                dd {
                    @if musts.is_empty() {
                        "Every mandatory requirement was exercised."
                    } @else {
                        (wording::count(musts.len(), "mandatory requirement")) " that nothing in the recording touched:"
                        (list(&musts.iter().map(|one| (one.id.as_str(), one.title.as_str())).collect::<Vec<_>>()))
                    }
                    @if shoulds > 0 { p { (wording::count(shoulds, "recommendation")) " too." } }
                }
                dt { "Earlier attempts" }
                dd { (attempts(predicate)) }
            }
        }
    }
}

fn attempts(predicate: &Predicate) -> String {
    let earlier: Vec<String> = predicate
        .earlier_attempts
        .iter()
        .map(|one| format!("attempt {} ended {}", one.number, wording::safe(&one.ended_as)))
        .collect();
    match earlier.as_slice() {
        [] => "None: it passed at the first.".to_owned(),
        some => format!("{} before this one; {}.", wording::count(some.len(), "attempt"), wording::list(some)),
    }
}

/// Ids with their titles, as far as the certificate has them.
fn named<'a>(predicate: &'a Predicate, ids: &'a [String]) -> Vec<(&'a str, &'a str)> {
    let requirement = |id: &str| predicate.requirements.iter().find(|one| one.id == id).map(|one| one.title.as_str());
    let case = |id: &str| {
        let mut cases = predicate.features.iter().flat_map(|feature| &feature.cases);
        cases.find(|one| one.id == id).map(|one| one.title.as_str())
    };
    ids.iter().map(|id| (id.as_str(), requirement(id).or_else(|| case(id)).unwrap_or_default())).collect()
}

fn with(predicate: &Predicate, status: Status, level: Level) -> Vec<&Requirement> {
    predicate.requirements.iter().filter(|one| one.status == status && one.level == level).collect()
}

fn list(items: &[(&str, &str)]) -> Markup {
    let class = if items.len() > FEW { "many" } else { "few" };
    html! {
        ul class=(class) {
            @for (id, title) in items {
                li { span.id { (wording::safe(id)) } " " (wording::safe(title)) }
            }
        }
    }
}

fn cases(predicate: &Predicate) -> Markup {
    html! {
        section {
            h2 { "Cases" }
            div.cases {
                @for feature in &predicate.features {
                    div {
                        h3 { (wording::safe(&feature.title)) }
                        ul.marks {
                            @for case in &feature.cases {
                                @let passed = case.status == CaseStatus::Passed;
                                li class=(if passed { "passed" } else { "open" }) {
                                    span.mark aria-hidden="true" { (if passed { "✓" } else { "–" }) }
                                    span {
                                        (wording::safe(&case.title))
                                        @if !passed { span.dim { " (optional, " (wording::case_status(case.status)) ")" } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn requirements(predicate: &Predicate) -> Markup {
    let count = |status: Status| predicate.requirements.iter().filter(|one| one.status == status).count();
    let (held, warned, untouched) = (count(Status::Passed), count(Status::Warning), count(Status::NotExercised));
    html! {
        section {
            h2 { "Requirements" }
            p.legend {
                span.passed { "✓ " (held) " held" }
                @if warned > 0 { span.warned { "! " (warned) " with a warning" } }
                span.untouched { "– " (untouched) " not exercised" }
            }
            ul.grid {
                @for one in &predicate.requirements {
                    @let (class, mark) = mark(one.status);
                    li class=(class) title=(wording::safe(&one.title)) {
                        span.mark aria-hidden="true" { (mark) } (wording::safe(&one.id))
                        span.hidden { " " (wording::status(one.status)) }
                    }
                }
            }
        }
    }
}

fn mark(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Passed => ("passed", "✓"),
        Status::Warning => ("warned", "!"),
        Status::NotExercised => ("untouched", "–"),
        Status::Failed | Status::Inconclusive => ("broken", "✗"),
    }
}

fn worth(certificate: &Certificate) -> Markup {
    html! {
        section {
            h2 { "What the signature is worth" }
            p {
                "It shows that not a letter of the certificate has changed since the holder of this key signed it:"
            }
            p { (signers(certificate)) }
            p {
                "Anybody can make such a key, the maker of the client too. Whose it is, you learn only from its owner, by a way \
                 that you trust already: ask for the fingerprint and compare. With the archive at hand you need not believe \
                 the signer about the verdict: you can make it again."
            }
        }
    }
}

fn how(certificate: &Certificate) -> Markup {
    let digest = |name: &str| wording::safe(certificate.statement.digest_of(name));
    html! {
        section {
            h2 { "How to check it" }
            p { "This page is for reading. The certificate is the file certificate.json; beside it lies the sealed recording." }
            pre { "poscert verify capture.poscert \\\n  --certificate certificate.json" }
            p { "checks signature, recording, rules and verdict in one go, and " code { "--trusted-key FINGERPRINT" } " the signer." }
            dl.digests {
                dt { "Capture" } dd { code { (digest(CAPTURE)) } }
                dt { "Rules" } dd { code { (digest(RULES)) } }
                dt { "Certificate" } dd { code { (certificate.digest()) } }
                dt { "Recording ended, by the recorder's clock" } dd { code { (wording::safe(&certificate.statement.predicate.date)) } }
            }
        }
    }
}
