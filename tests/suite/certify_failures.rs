//! Tests of every case with a client that gets one step wrong: the case fails at that step, with the same message live,
//! in the final report and in a later verdict.

use super::certify::{POSCERT, SCRIPTED, cases, certify, hasty_rules, text, told_alike, verdict};

/// The features of a run, the cases that its client gets wrong, and the message for each.
type Wrong = (&'static str, &'static [(&'static str, &'static str)]);

const RUNS: &[Wrong] = &[
    ("onboarding", &[("onboarding/1", "failed at step 1 of 1 (CreatePos (timeout) (500))")]),
    ("onboarding", &[("onboarding/2", "failed at step 1 of 1 (DeletePos (timeout) (500))")]),
    ("onboarding", &[("onboarding/3", "failed at step 2 of 2 (CreatePos)")]),
    (
        "payment",
        &[
            ("onboarding/4", "failed at step 2 of 2 (no second CreatePos)"),
            ("payment/1", "failed at step 4 of 4 (CapturePayment (timeout) (500))"),
            ("payment/2", "failed at step 3 of 3 (polling ends, nothing is captured)"),
            ("payment/3", "failed at step 2 of 2 (CancelPayment (timeout) (500))"),
            ("payment/4", "failed at step 2 of 5 (QueryPaymentIds by posId, orderId or both)"),
            ("payment/5", "failed at step 2 of 2 (CapturePayment of the full amount, or CancelPayment)"),
            ("payment/6", "failed at step 3 of 3 (CapturePayment or CancelPayment, 30 s later or more)"),
            ("payment/7", "failed at step 2 of 2 (CapturePayment of a smaller amount)"),
        ],
    ),
    (
        "prepared-payment,refund",
        &[
            ("prepared-payment/1", "failed at step 4 of 6 (PaymentReady (timeout) (500))"),
            ("prepared-payment/2", "failed at step 3 of 3 (polling ends, nothing is captured)"),
            ("prepared-payment/3", "failed at step 2 of 2 (CancelPayment (timeout) (500))"),
            ("prepared-payment/4", "failed at step 2 of 5 (QueryPaymentIds by posId, orderId or both)"),
            ("refund/1", "failed at step 3 of 3 (CaptureRefund (timeout) (500))"),
            ("refund/2", "failed at step 2 of 2 (CancelRefund (timeout) (500))"),
            ("refund/3", "failed at step 2 of 2 (the same request is not sent again)"),
        ],
    ),
    (
        "loyalty",
        &[
            (
                "loyalty/1",
                "failed at step 1 of 3 (PaymentReady or InitiatePayment, after a response with a loyalty id)",
            ),
            ("loyalty/2", "failed at step 3 of 3 (CapturePayment)"),
        ],
    ),
    (
        "payment-restrictions,prepared-payment",
        &[
            ("payment-restrictions/1", "failed at step 3 of 3 (CapturePayment)"),
            ("payment-restrictions/2", "failed at step 3 of 3 (polling ends, nothing is captured)"),
            ("payment-restrictions/3", "failed at step 1 of 1 (PaymentReady with a restriction)"),
        ],
    ),
];

/// The deviations of a run: each wrong case must fail as expected, and no other.
fn complaints((features, wrong): &Wrong) -> Vec<String> {
    let home = tempfile::tempdir().unwrap();
    let rules = hasty_rules(home.path(), 8);
    let names: Vec<&str> = wrong.iter().map(|(case, _)| *case).collect();
    let mut command = certify(home.path(), features);
    command.arg("--rules").arg(&rules).args(["--poll-delay", "300"]).env("SCRIPTED_WRONG", names.join(","));
    let output = command.args(["--", "python3", SCRIPTED]).output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    let mut found = Vec::new();
    if output.status.code() != Some(1) {
        found.push(format!("{names:?}: exit code {:?}", output.status.code()));
    }
    let cases = cases(&verdict(home.path(), Some(&rules)));
    for (case, told) in *wrong {
        let status = cases.iter().find(|(id, _)| id == case).map(|(_, status)| status.as_str());
        // Ignore the report after the live output, which has similar lines.
        let live = said.split("Stopped. The capture is").next().unwrap_or_default();
        let line = live.lines().rfind(|line| line.contains(&format!("\u{2717} {case} ")));
        let Some(line) = line.filter(|line| line.contains(told) && status == Some("failed")) else {
            found.push(format!("{case}: {status:?}, told live: {line:?}, expected: {told}"));
            continue;
        };
        let (_, told_live) = line.split_once("\u{2717} ").unwrap();
        if std::panic::catch_unwind(|| told_alike(home.path(), &rules, &output, told_live)).is_err() {
            found.push(format!("{case}: not told alike later"));
        }
    }
    // Cases that depend on a failed one may fail too; the others must not.
    let first = names.first().map_or("", |name| name);
    if !first.starts_with("onboarding/") || *features != "onboarding" {
        for (id, status) in &cases {
            if !names.contains(&id.as_str()) && status != "passed" {
                found.push(format!("{id}: {status}, though the client does it right"));
            }
        }
    }
    if !found.is_empty() {
        found.push(said);
    }
    found
}

#[test]
fn each_case_fails_at_the_wrong_step_with_the_same_message_everywhere() {
    assert!(std::path::Path::new(POSCERT).exists());
    let mut named: Vec<&str> = RUNS.iter().flat_map(|(_, wrong)| wrong.iter().map(|(case, _)| *case)).collect();
    named.sort_unstable();
    let listed = std::process::Command::new(POSCERT).args(["rules", "list"]).output().unwrap();
    let listed = text(&listed.stdout);
    let mut all: Vec<&str> = listed
        .split_whitespace()
        .filter(|word| word.rsplit_once('/').is_some_and(|(_, number)| number.parse::<u8>().is_ok()))
        .collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(named, all, "every case has its mistake");
    let complaints: Vec<String> = std::thread::scope(|scope| {
        let runs: Vec<_> = RUNS.iter().map(|run| scope.spawn(|| complaints(run))).collect();
        runs.into_iter().flat_map(|run| run.join().unwrap()).collect()
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
