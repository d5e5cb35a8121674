//! Tests of a certificate's page: required content, and content that must never appear.

use super::super::statement::Statement;
use super::super::{Certificate, sample};
use super::*;
use crate::report::html_kit::document::check_markup;
use crate::report::snapshots;
use crate::seal::SigningKey;

/// The page of a statement, with values that depend on the random key replaced by placeholders.
fn page(statement: &Statement) -> String {
    let key = SigningKey::random().unwrap();
    let certificate = Certificate::give(statement, &key).unwrap();
    // As if one requirement were of a feature that was not selected.
    let all: BTreeSet<&str> = statement.predicate.requirements.iter().map(|one| one.id.as_str()).collect();
    let evaluated = all.into_iter().filter(|id| *id != "PAY-10").collect();
    let page = render(&certificate, &evaluated);
    let page = page.replace(&certificate.id(), "pc-ID").replace(&certificate.digest().to_string(), "DIGEST");
    page.replace(&key.public().fingerprint().to_string(), "FINGERPRINT")
}

#[test]
fn page_matches_the_golden_file() {
    snapshots::check("certificate.html", &page(&sample::statement()));
}

#[test]
fn page_has_coverage_limits_and_verification() {
    let page = page(&sample::statement());
    for said in [
        "Acme Till",
        "Self-certification",
        "made with poscert; not issued or approved by MobilePay",
        "recorded against <strong>https://api.sandbox.example.com</strong>",
        "made by <bdi>Acme Oy</bdi>",
        "Every Build of version <strong>2.1</strong>",
        "Features that were not selected: <strong>prepared payment, refund, loyalty and payment restrictions</strong>",
        "ALL-15</span> a call times out after 2 s",
        "1 mandatory requirement that the recording did not exercise",
        "attempt 1 ended with verdict failed",
        "its calls also used 2.1.11",
        "Anyone can create such a key",
        "--certificate certificate.json",
        "FINGERPRINT",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert!(!page.contains("a simulated backend") && !page.contains("PAY-10"));
    let mut local = sample::statement();
    local.predicate.recording.recorders[0].backend = "https://127.0.0.1:40123".into();
    let page = super::tests::page(&local);
    assert!(page.contains("recorded against <strong>a simulated backend</strong>"), "{page}");
}

#[test]
fn page_loads_nothing_and_escapes_client_text() {
    const HOSTILE: &str = "\"'><script>alert(1)</script>--></style>&amp;\u{1b}[2J\u{202e}\u{0}\n";
    let mut statement = sample::statement();
    let predicate = &mut statement.predicate;
    let client = &mut predicate.client;
    for text in [&mut client.integrator_id, &mut client.client_id, &mut client.version, &mut client.major_minor] {
        *text = HOSTILE.into();
    }
    client.system_name = Some(HOSTILE.into());
    client.builds_seen = vec![HOSTILE.into()];
    predicate.date = HOSTILE.into();
    predicate.recording.challenges = vec![HOSTILE.into()];
    predicate.engine = HOSTILE.into();
    predicate.recording.recorders[0].backend = HOSTILE.into();
    predicate.earlier_attempts[0].ended_as = HOSTILE.into();
    predicate.warnings.push(HOSTILE.into());
    for feature in &mut predicate.features {
        feature.title = HOSTILE.into();
        feature.cases.iter_mut().for_each(|case| case.title = HOSTILE.into());
    }
    predicate.requirements.iter_mut().for_each(|one| one.title = HOSTILE.into());
    predicate.requirements[0].id = HOSTILE.into();
    statement.subject[0].digest.sha256 = HOSTILE.into();
    let page = page(&statement);
    check_markup(&page);
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
    assert!(!page.chars().any(|c| c != '\n' && wording::is_hidden(c)));
}
