//! What the page of a certificate must hold, and what must never stand in it.

use super::super::statement::Statement;
use super::super::{Certificate, sample};
use super::*;
use crate::report::html::check_markup;
use crate::report::snapshots;
use crate::seal::SigningKey;

/// The page of a statement, with what depends on the random key named by its kind.
fn page(statement: &Statement) -> String {
    let key = SigningKey::random().unwrap();
    let certificate = Certificate::give(statement, &key).unwrap();
    let page = render(&certificate);
    let page = page.replace(&certificate.id(), "pc-ID").replace(&certificate.digest().to_string(), "DIGEST");
    page.replace(&key.public().fingerprint().to_string(), "FINGERPRINT")
}

#[test]
fn it_is_as_reviewed() {
    snapshots::check("certificate.html", &page(&sample::statement()));
}

#[test]
fn it_says_what_it_covers_and_what_it_does_not() {
    let page = page(&sample::statement());
    for said in [
        "Acme Till",
        "made by <bdi>Acme Oy</bdi>",
        "Every Build of version <strong>2.1</strong>",
        "The features that were not chosen: <strong>prepared payment, refund, loyalty and payment restrictions</strong>",
        "ALL-15</span> a held call is given up",
        "1 mandatory requirement that nothing in the recording touched",
        "attempt 1 ended failed",
        "its calls named 2.1.11 too",
        "Anybody can make such a key",
        "--certificate certificate.json",
        "FINGERPRINT",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert!(!page.contains("a simulated backend"));
    let mut local = sample::statement();
    local.predicate.recording.recorders[0].backend = "https://127.0.0.1:40123".into();
    assert!(super::tests::page(&local).contains("(a simulated backend)"));
}

#[test]
fn nothing_is_loaded_and_nothing_of_a_client_is_markup() {
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
    for loading in ["url(", "@import", "expression("] {
        assert!(!STYLE.contains(loading), "{loading}");
    }
}
