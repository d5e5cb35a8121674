//! The second sheet of a certificate's page: coverage, limits, cases, requirements and verification.

use super::{left_out, signers};
use crate::certificate::Certificate;
use crate::certificate::statement::{CAPTURE, Predicate, RULES, Requirement};
use crate::report::html_kit::look::Look;
use crate::report::wording;
use crate::verify::verdict::{CaseStatus, Level, Status};
use maud::{Markup, html};
use std::collections::BTreeSet;

/// Longer lists have two columns.
const FEW: usize = 6;

pub(super) fn render(certificate: &Certificate, evaluated: &BTreeSet<&str>) -> Markup {
    let predicate = &certificate.statement.predicate;
    let evaluated: Vec<&Requirement> =
        predicate.requirements.iter().filter(|one| evaluated.contains(one.id.as_str())).collect();
    html! {
        article.sheet.details {
            div.columns {
                (covers(predicate))
                (covers_not(predicate))
            }
            (open(predicate, &evaluated))
            (cases(predicate))
            (requirements(&evaluated))
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
            h2 { "Covered" }
            ul {
                li { "Every Build of version " strong { (minor) } ": " (minor) ".0, " (minor) ".1 and all later builds." }
                li { (if predicate.features.len() == 1 { "The feature " } else { "The features " }) strong { (wording::list(&titles(predicate))) } ", under the rules of that time." }
                li { "There is no expiry date. It is valid until the issuer revokes it, with a reason, in the ledger." }
            }
        }
    }
}

fn covers_not(predicate: &Predicate) -> Markup {
    let client = &predicate.client;
    let left = left_out(predicate);
    html! {
        section.covers-not {
            h2 { "Not covered" }
            ul {
                li { "Other Major or Minor versions of the client: any but " (wording::safe(&client.major_minor)) " needs its own certification." }
                @if !left.is_empty() {
                    li { "Features that were not selected: " strong { (wording::list(&left)) } "." }
                }
                li { "Anything not recorded: the client's screen, its clock, and conditions that did not occur." }
                li { "Approval by MobilePay, the operator of the API: the certificate states only what poscert recorded." }
            }
        }
    }
}

fn titles(predicate: &Predicate) -> Vec<String> {
    predicate.features.iter().map(|feature| wording::safe(&feature.title)).collect()
}

/// Remarks for readers who rely on the certificate.
fn open(predicate: &Predicate, evaluated: &[&Requirement]) -> Markup {
    let warnings = named(predicate, &predicate.warnings);
    let musts: Vec<&Requirement> = with(evaluated, Status::NotExercised, Level::Must);
    let shoulds = with(evaluated, Status::NotExercised, Level::Should).len();
    html! {
        section {
            h2 { "Remarks" }
            dl.know {
                dt { "Warnings" }
                dd {
                    @if warnings.is_empty() { "None." } @else { (list(&warnings)) }
                }
                dt { "Not exercised" }
                dd {
                    @if musts.is_empty() {
                        "Every mandatory requirement of these features was exercised."
                    } @else {
                        (wording::count(musts.len(), "mandatory requirement")) " that the recording did not exercise:"
                        (list(&musts.iter().map(|one| (one.id.as_str(), one.title.as_str())).collect::<Vec<_>>()))
                    }
                    @if shoulds > 0 { p { (wording::count(shoulds, "recommendation")) " also not exercised." } }
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
        .map(|one| format!("attempt {} ended with verdict {}", one.number, wording::safe(&one.ended_as)))
        .collect();
    match earlier.as_slice() {
        [] => "None: the first attempt passed.".to_owned(),
        some => format!("{} before this one; {}.", wording::count(some.len(), "attempt"), wording::list(some)),
    }
}

/// Ids with their titles; the title is empty if the certificate has none.
fn named<'a>(predicate: &'a Predicate, ids: &'a [String]) -> Vec<(&'a str, &'a str)> {
    let requirement = |id: &str| predicate.requirements.iter().find(|one| one.id == id).map(|one| one.title.as_str());
    let case = |id: &str| {
        let mut cases = predicate.features.iter().flat_map(|feature| &feature.cases);
        cases.find(|one| one.id == id).map(|one| one.title.as_str())
    };
    ids.iter().map(|id| (id.as_str(), requirement(id).or_else(|| case(id)).unwrap_or_default())).collect()
}

fn with<'a>(evaluated: &[&'a Requirement], status: Status, level: Level) -> Vec<&'a Requirement> {
    evaluated.iter().copied().filter(|one| one.status == status && one.level == level).collect()
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
                                @let look = if passed { Look::Passed } else { Look::Open };
                                li.(look) {
                                    (look.mark())
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

fn requirements(evaluated: &[&Requirement]) -> Markup {
    let count = |status: Status| evaluated.iter().filter(|one| one.status == status).count();
    let counts =
        [(Status::Passed, "passed"), (Status::Warning, "with a warning"), (Status::NotExercised, "not exercised")];
    html! {
        section {
            h2 { "Requirements of the certified features" }
            p.legend {
                @for (status, words) in counts {
                    @if count(status) > 0 { span.(Look::from(status)) { (Look::from(status).mark()) " " (count(status)) " " (words) } }
                }
            }
            ul.grid {
                @for one in evaluated {
                    @let look = Look::from(one.status);
                    li.(look) title=(wording::safe(&one.title)) {
                        (look.mark()) (wording::safe(&one.id))
                        span.unseen { " " (wording::status(one.status)) }
                    }
                }
            }
        }
    }
}

fn worth(certificate: &Certificate) -> Markup {
    html! {
        section {
            h2 { "Signature" }
            p {
                "It proves that the certificate has not changed since the holder of this key signed it:"
            }
            p { (signers(certificate)) }
            p {
                "Anyone can create such a key, including the maker of the client. Ask the owner for the fingerprint over a \
                 channel that you trust, and compare it. With the archive you need not trust the signer for the verdict: \
                 you can reproduce it."
            }
        }
    }
}

fn how(certificate: &Certificate) -> Markup {
    let digest = |name: &str| wording::safe(certificate.statement.digest_of(name));
    html! {
        section {
            h2 { "Verification" }
            p { "This page is for reading. The certificate is certificate.json; the signed archive is next to it." }
            pre { "poscert verify capture.poscert \\\n  --certificate certificate.json" }
            p { "checks signature, recording, rules and verdict. Add " code { "--trusted-key FINGERPRINT" } " to check the signer." }
            dl.digests {
                dt { "Capture" } dd { code { (digest(CAPTURE)) } }
                dt { "Rules" } dd { code { (digest(RULES)) } }
                dt { "Certificate" } dd { code { (certificate.digest()) } }
                dt { "Recording ended, by the recorder's clock" } dd { code { (wording::safe(&certificate.statement.predicate.date)) } }
            }
        }
    }
}
