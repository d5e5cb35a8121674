//! Verdicts for the tests of reports: one per outcome; the failed one contains hostile texts.

pub(crate) use super::test_exchanges::{exchanges, views};
use crate::profile::ProfileId;
use crate::verify::verdict::*;

fn finding(exchanges: &[u64], message: &str, remedy: &str, features: &[&'static str]) -> Finding {
    Finding {
        exchanges: exchanges.to_vec(),
        message: message.to_owned(),
        remedy: remedy.to_owned(),
        features: features.to_vec(),
        is_missing: false,
    }
}

pub(crate) fn requirement(
    id: &str,
    level: Level,
    status: Status,
    title: &str,
    source: &str,
    findings: Vec<Finding>,
) -> RequirementVerdict {
    RequirementVerdict {
        id: id.into(),
        level,
        status,
        title: title.into(),
        source: source.into(),
        findings,
        judged: true,
    }
}

/// Steps from calls and exchanges; the one at `broken` failed, those without an exchange are pending.
fn steps(calls: &[(&str, Option<u64>)], broken: Option<usize>) -> Vec<StepVerdict> {
    let status = |at: usize, exchange: Option<u64>| match (broken, exchange) {
        (Some(broken), _) if at == broken => StepStatus::Failed,
        (_, Some(_)) => StepStatus::Passed,
        _ => StepStatus::Pending,
    };
    let step = |(at, (call, exchange)): (usize, &(&str, Option<u64>))| StepVerdict {
        call: (*call).to_owned(),
        status: status(at, *exchange),
        exchange: *exchange,
        message: None,
    };
    calls.iter().enumerate().map(step).collect()
}

fn case(
    id: &str,
    title: &str,
    optional: bool,
    status: CaseStatus,
    steps: Vec<StepVerdict>,
    witness: &[u64],
) -> CaseVerdict {
    CaseVerdict { id: id.into(), title: title.into(), optional, status, steps, witness: witness.to_vec(), wait: None }
}

fn onboarding() -> FeatureVerdict {
    let create = ("CreatePos (timeout) (500)", Some(3));
    let cases = vec![
        case("onboarding/1", "Onboard a PoS", false, CaseStatus::Passed, steps(&[create], None), &[3, 4, 5]),
        case(
            "onboarding/2",
            "Offboard a PoS",
            false,
            CaseStatus::Passed,
            steps(&[("DeletePos (timeout) (500)", Some(6))], None),
            &[6, 7, 8],
        ),
        case(
            "onboarding/3",
            "Onboard a PoS for the rest of the certification",
            false,
            CaseStatus::Passed,
            steps(&[("CreatePos", Some(9))], None),
            &[9],
        ),
        case("onboarding/4", "Restart", true, CaseStatus::NotTested, steps(&[("GetPosWithFilter", None)], None), &[]),
    ];
    FeatureVerdict { id: "onboarding", title: "Onboarding".into(), verdict: Outcome::Passed, cases }
}

fn complete() -> CaseVerdict {
    let calls = [
        ("InitiatePayment (timeout) (500)", Some(10)),
        ("QueryPayment (timeout) (500)", Some(14)),
        ("QueryPayment: Reserved", Some(18)),
        ("CapturePayment (timeout) (500)", Some(19)),
    ];
    case(
        "payment/1",
        "Complete a payment",
        false,
        CaseStatus::Passed,
        steps(&calls, None),
        &[10, 11, 12, 14, 15, 16, 18, 19, 20, 21],
    )
}

fn hanging(status: CaseStatus, exchanges: [Option<u64>; 3], broken: Option<usize>) -> CaseVerdict {
    let [reserved, failing, captured] = exchanges;
    let calls = [
        ("QueryPayment: Reserved", reserved),
        ("CapturePayment (500), until the client gives up", failing),
        ("CapturePayment or CancelPayment, 30 s later or more", captured),
    ];
    let witness: Vec<u64> =
        if status == CaseStatus::Passed { exchanges.into_iter().flatten().collect() } else { Vec::new() };
    case("payment/6", "Hanging reservation", false, status, steps(&calls, broken), &witness)
}

fn payment(verdict: Outcome, last: CaseVerdict) -> FeatureVerdict {
    let partial = steps(
        &[("QueryPayment: Reserved, partialCapturePossible true", None), ("CapturePayment of a smaller amount", None)],
        None,
    );
    let optional = case("payment/7", "Partial capture possible", true, CaseStatus::NotTested, partial, &[]);
    FeatureVerdict { id: "payment", title: "Payment".into(), verdict, cases: vec![complete(), last, optional] }
}

/// A passed verdict.
pub(crate) fn passed() -> Verdict {
    Verdict {
        schema: SCHEMA,
        engine: "0.1.0",
        verdict: Outcome::Passed,
        profile: Profile {
            integrator_id: "Acme Oy".into(),
            client_id: "2b8c3a52-7a4e-4f0e-9d7e-0d5f5f0f8b11".into(),
            client_version: "2.1.10".into(),
            features: vec!["onboarding", "payment"],
            digest: "6b1f".repeat(16),
        },
        api_profile: ProfileId { name: "pos-v10".into(), digest: "5c1e".repeat(16) },
        capture: CaptureSummary {
            kind: "directory",
            digest: "9d0a".repeat(16),
            exchanges: 42,
            attempts: 1,
            complete: true,
            recorded: Some(RecordingPeriod { from: "2026-11-18T11:06:40Z".into(), to: "2026-11-18T11:09:21Z".into() }),
            sealed_by: vec!["ed25519:1f8a90c24b7d".into()],
            trusted: Vec::new(),
        },
        rules: RulesSummary { digest: "77c2".repeat(16), builtin: true },
        features: vec![
            onboarding(),
            payment(Outcome::Passed, hanging(CaseStatus::Passed, [Some(30), Some(31), Some(40)], None)),
        ],
        requirements: vec![
            requirement(
                "ALL-01",
                Level::Must,
                Status::Passed,
                "TLS 1.2 or newer is negotiated",
                "api_principles#security_model",
                vec![],
            ),
            requirement(
                "ALL-02",
                Level::Must,
                Status::Passed,
                "the client uses HTTP/1.1 or newer",
                "overview_of_changes",
                vec![],
            ),
            requirement(
                "PAY-03",
                Level::Must,
                Status::NotExercised,
                "capture less only where partialCapturePossible is true",
                "payment_flows#partial_capture",
                vec![],
            ),
            requirement(
                "PAY-10",
                Level::Should,
                Status::NotExercised,
                "an orderId is used for one payment",
                "best_practices",
                vec![],
            ),
        ],
        remarks: vec![],
    }
}

/// A failed verdict on a client with several errors and hostile texts.
pub(crate) fn failed() -> Verdict {
    let mut verdict = passed();
    verdict.verdict = Outcome::Failed;
    verdict.profile.integrator_id = "<script>alert(1)</script>".into();
    verdict.capture.sealed_by.clear();
    verdict.features[1] = payment(Outcome::Failed, hanging(CaseStatus::Failed, [Some(30), Some(31), None], Some(2)));
    let keys = |n: u64| {
        let message = format!(
            "InitiatePayment: expected one idempotency key of 1 to 36 valid characters; got '\u{1b}[31m<script>{n}</script>\u{202e}x&y'"
        );
        finding(
            &[n, n + 1],
            &message,
            "Send `x-mobilepay-idempotency-key` once, with 1 to 36 valid characters; a new GUID for each call is best.",
            &["payment"],
        )
    };
    let soon = |n: u64, ms: u64| {
        let message =
            format!("QueryPayment: expected 1000 ms between the last response and the next poll; got {ms} ms");
        let remedy = "Before the next poll of the same resource, wait the pollDelayInMs of the last response, measured from its arrival.";
        finding(&[n], &message, remedy, &["payment"])
    };
    verdict.requirements = vec![
        requirement(
            "ALL-01",
            Level::Must,
            Status::Failed,
            "TLS 1.2 or newer is negotiated",
            "api_principles#security_model",
            vec![finding(
                &[],
                "expected TLS 1.2 or newer; a connection offered TLSv1.1 at most: the client offers at most TLSv1.1; the recorder requires TLS 1.2 or 1.3",
                "Let the client's TLS library negotiate TLS 1.2 or 1.3, and call https:// URLs only.",
                &["onboarding"],
            )],
        ),
        requirement(
            "ALL-08",
            Level::Must,
            Status::Failed,
            "creating calls carry exactly one valid idempotency key",
            "api_principles#error_handling",
            vec![keys(10), keys(11), keys(31)],
        ),
        requirement(
            "ALL-11",
            Level::Must,
            Status::Failed,
            "a call with no response or status 500 is retried, or its outcome is looked up and the result is used",
            "api_principles#error_handling",
            vec![Finding {
                is_missing: true,
                ..finding(
                    &[31],
                    "POST /pos/v10/payments: expected a retry or a lookup after no response; neither followed",
                    "Retry the same request with the same key, or look up its outcome and continue from there.",
                    &["payment"],
                )
            }],
        ),
        requirement(
            "ALL-15",
            Level::Should,
            Status::Warning,
            "a call times out after 2 s, a GET after 0.5 s",
            "api_principles#error_handling",
            vec![finding(
                &[10],
                "POST /pos/v10/payments: expected the client to give up after 2 s (GET: 0.5 s); it waited 10000 ms",
                "Set the timeout to 2 s for POST and DELETE and to 0.5 s for GET.",
                &["payment"],
            )],
        ),
        requirement(
            "ALL-16",
            Level::Must,
            Status::Failed,
            "the next poll is sent no sooner than pollDelayInMs after the last response",
            "api_principles#call_throttling",
            (14..30).map(|n| soon(n, 400 + n)).collect(),
        ),
        requirement(
            "PAY-05",
            Level::Must,
            Status::Inconclusive,
            "the client captures or cancels every payment that reached Reserved",
            "payment_flows#payment_management",
            vec![],
        ),
        requirement(
            "PAY-03",
            Level::Must,
            Status::NotExercised,
            "capture less only where partialCapturePossible is true",
            "payment_flows#partial_capture",
            vec![],
        ),
    ];
    verdict.remarks = vec![
        "The rules are not the built-in ones; no certificate can be issued for this verdict.\u{1b}]0;x\u{7}".into(),
    ];
    verdict
}

/// An incomplete verdict.
pub(crate) fn incomplete() -> Verdict {
    let mut verdict = passed();
    verdict.verdict = Outcome::Incomplete;
    verdict.profile.integrator_id.clear();
    verdict.profile.client_version.clear();
    verdict.capture.kind = "har";
    verdict.capture.sealed_by.clear();
    let started = hanging(CaseStatus::InProgress, [Some(30), None, None], None);
    verdict.features[1] = payment(Outcome::Incomplete, started);
    verdict.requirements[1].status = Status::Inconclusive;
    verdict.remarks = vec!["The session also selected refund, which this verdict does not cover.".into()];
    verdict
}
