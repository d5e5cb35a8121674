//! Remarks on a HAR file: what it does not show, for which calls, and how to export it.

use crate::api::header;
use crate::capture::record::{Body, BodyRetention, Exchange, Seen};

/// Maximum number of exchange numbers in a remark.
const NAMED: usize = 5;

/// Remarks on what the HAR file does not show.
pub(super) fn of(calls: &[Exchange]) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut add = |numbers: Vec<u64>, what: &dyn Fn(&str) -> String| {
        if !numbers.is_empty() {
            remarks.push(what(&of_calls(&numbers)));
        }
    };
    let numbers = |is: &dyn Fn(&Exchange) -> bool| -> Vec<u64> {
        calls.iter().filter(|call| is(call)).map(|call| call.number).collect()
    };
    add(numbers(&|call| call.request.not_shown.headers), &|calls| {
        format!(
            "the request headers of {calls} are not in the HAR: requirements that depend on them are not exercised; \
             export it with headers"
        )
    });
    let left_out = |name: &str, call: &Exchange| {
        let not_shown = &call.request.not_shown;
        !not_shown.headers && not_shown.left_out.iter().any(|other| other == name)
    };
    add(numbers(&|call| left_out(header::AUTHORIZATION, call)), &|calls| {
        format!(
            "the Authorization header of {calls} is not in the HAR: requirements that depend on it are not exercised. \
             DevTools omits it by default: enable Settings > Preferences > Network > \"Allow to generate HAR with \
             sensitive data\", then choose \"Export HAR (with sensitive data)\""
        )
    });
    for (name, title) in [
        (header::AUTHORIZATION, "Authorization"),
        (header::VERSION, header::VERSION),
        (header::VAT, header::VAT),
        (header::CLIENT_ID, header::CLIENT_ID),
        (header::KEY, header::KEY),
    ] {
        let masked = |call: &Exchange| matches!(call.request.seen(name), Seen::Presence | Seen::Form);
        add(numbers(&masked), &|calls| {
            format!(
                "the value of {title} is masked in {calls}: requirements that depend on it are not exercised; do not \
                 sanitize the HAR"
            )
        });
    }
    let url = |call: &Exchange| call.request.not_shown.path || call.request.not_shown.query;
    add(numbers(&url), &|calls| {
        format!(
            "a part of the URL is masked in {calls}: requirements that depend on it are not exercised; do not sanitize \
             the HAR"
        )
    });
    let hidden = |body: &Body| matches!(body.kept, BodyRetention::Unknown | BodyRetention::Digest);
    add(numbers(&|call| hidden(&call.request.body)), &|calls| {
        format!(
            "the request body of {calls} is not in the HAR: requirements that depend on it are not exercised; export it \
             with bodies"
        )
    });
    let answer = |call: &Exchange| call.answer.as_ref().is_some_and(|answer| hidden(&answer.body));
    add(numbers(&answer), &|calls| {
        format!(
            "the response body of {calls} is not in the HAR: requirements that depend on it are not exercised; export \
             it with response bodies (Firefox: devtools.netmonitor.har.includeResponseBodies; Playwright: content \
             \"embed\")"
        )
    });
    let untimed = calls.iter().filter(|call| call.end.untimed).count();
    if untimed > 0 {
        remarks.push(format!(
            "{untimed} of {} calls have no duration in the HAR: rules about durations and timeouts are not exercised \
             for them",
            calls.len()
        ));
    }
    remarks
}

/// Describes calls: `3 calls (1, 2, 3)`.
fn of_calls(numbers: &[u64]) -> String {
    let count = if numbers.len() == 1 { "1 call".to_owned() } else { format!("{} calls", numbers.len()) };
    format!("{count} ({})", listed(numbers))
}

/// Lists the first of some numbers.
pub(super) fn listed(numbers: &[u64]) -> String {
    let first: Vec<String> = numbers.iter().take(NAMED).map(u64::to_string).collect();
    let more = if numbers.len() > NAMED { ", ..." } else { "" };
    format!("{}{more}", first.join(", "))
}
