//! The mutation operators: generate every mutant of a fixture, for every exchange and every field.

use super::mutants::{Act, Edit, KEY, Mutant};
use super::scenario::{Call, Walk, guid};
use serde_json::{Value, json};

const VERSION: &str = "x-mobilepay-client-system-version";
const VAT: &str = "x-mobilepay-merchant-vat-number";
const CLIENT: &str = "x-ibm-client-id";

/// All mutants of a scenario, at the calls written for this fixture.
pub(super) fn all(walk: &Walk, fixture: &str) -> Vec<Mutant> {
    let mut found = Vec::new();
    for at in (0..walk.calls.len()).filter(|&at| walk.calls[at].of == fixture) {
        let mut add = |operator: &'static str, what: &str, act: Act| {
            found.push(Mutant { operator, what: what.to_owned(), at, act });
        };
        of_exchange(walk, at, &mut add);
        of_head(walk, at, &mut |operator, what, edit| add(operator, what, Act::Edit(edit)));
        of_request(&walk.calls[at], &mut |operator, what, edit| add(operator, what, Act::Edit(edit)));
        of_answer(&walk.calls[at], &mut |operator, what, edit| add(operator, what, Act::Edit(edit)));
    }
    let whole = |operator, what: &str, act| Mutant { operator, what: what.to_owned(), at: walk.calls.len() - 1, act };
    for feature in walk.features.iter().filter(|id| *id != "onboarding") {
        found.push(whole("drop", &format!("feature {feature}"), Act::Feature(feature.clone())));
    }
    if fixture == "onboarding" {
        found.push(whole("drop", "notification 200", Act::Statuses(vec![0, 503])));
        for status in [0, 201, 204, 302, 404, 500] {
            found.push(whole("change", "notification status", Act::Statuses(vec![0, 503, status])));
        }
    }
    found
}

fn of_exchange(walk: &Walk, at: usize, add: &mut impl FnMut(&'static str, &str, Act)) {
    let call = &walk.calls[at];
    add("drop", "exchange", Act::Drop);
    add("double", "at once", Act::Copies(1, 150));
    add("double", "at the end", Act::Late);
    if call.path.ends_with("/capture") || call.path.ends_with("/cancel") {
        add("double", "as the opposite act", Act::Opposite);
    }
    add("change", "answers: all 400", Act::Refused(400));
    let other = if walk.features.iter().any(|id| id == "refund") {
        let body = format!("{{\"posId\": \"{}\", \"orderId\": \"X-1\"}}", guid("pos"));
        Act::Instead("POST", "/payments/prepare".to_owned(), Some(body))
    } else {
        Act::Instead("GET", format!("/refunds?paymentId={}", guid("p1")), None)
    };
    add("change", "path: of a feature that is not chosen", other);
    add("repeat", "3 times", Act::Copies(3, 150));
    add("repeat", "8 times", Act::Copies(8, 1100));
    if at + 1 < walk.calls.len() {
        add("swap", "neighbours", Act::Neighbours);
    }
    let same =
        |other: &&usize| walk.calls[**other].operation() == call.operation() && walk.calls[**other].body != call.body;
    let later: Vec<usize> = (at + 1..walk.calls.len()).collect();
    if let Some(other) = later.iter().find(same).filter(|_| call.body.is_some()) {
        add("swap", "bodies", Act::Bodies(*other));
    }
    if at > 0 {
        let gap = call.at - walk.calls[at - 1].end();
        add("shorten", "pause to nothing", Act::Pause(0));
        add("shorten", "pause to half", Act::Pause(gap / 2));
        add("shorten", "pause to a tenth", Act::Pause(gap / 10));
        add("lengthen", "pause by 40 s", Act::Pause(gap + 40_000));
    }
    for ms in [300, 1500, 5000, 20_000] {
        if ms > call.lasts {
            add("lengthen", &format!("to {ms} ms"), Act::Lasts(ms));
        }
    }
    for ms in [8, 500, 2000, 30_000] {
        if call.status != 0 {
            add("cut", &format!("after {ms} ms"), Act::Cut(ms));
        }
    }
}

fn of_head(walk: &Walk, at: usize, add: &mut impl FnMut(&'static str, &str, Edit)) {
    let call = &walk.calls[at];
    for (name, value) in &call.headers {
        add("drop", &format!("header {name}"), Edit::Unset(name.clone()));
        add("double", &format!("header {name}"), Edit::Also(name.clone()));
        let values: Vec<(&str, String)> = match name.to_ascii_lowercase().as_str() {
            "authorization" => {
                vec![("scheme", "Basic eA==".into()), ("token", "Bearer other".into()), ("empty", "Bearer".into())]
            }
            VERSION => vec![
                ("minor", "2.2.0".into()),
                ("major", "3.1.0".into()),
                ("build", "2.1.9".into()),
                ("form", "2.1".into()),
            ],
            VAT => {
                vec![("country", "90000028".into()), ("digits", "DK9000002".into()), ("merchant", "FI90000040".into())]
            }
            CLIENT => vec![("other", guid("other-client")), ("form", "till".into()), ("case", value.to_uppercase())],
            KEY => {
                let earlier =
                    walk.calls[..at].iter().rev().filter_map(|other| other.header(KEY)).find(|key| key != value);
                let reused = earlier.map(|key| ("earlier", key.to_owned()));
                let mut all =
                    vec![("other", guid("other-key")), ("long", "k".repeat(37)), ("case", value.to_uppercase())];
                all.extend(reused);
                all
            }
            _ => Vec::new(),
        };
        for (what, value) in values {
            add("change", &format!("header {name}: {what}"), Edit::Header(name.clone(), value));
        }
    }
    if call.header(VERSION).is_some() {
        add("swap", "version and client id", Edit::Exchanged(VERSION, CLIENT));
        add("swap", "Major and Minor", Edit::Header(VERSION.to_owned(), "1.2.0".to_owned()));
    }
    if call.header(KEY).is_some() {
        add("swap", "key and client id", Edit::Exchanged(KEY, CLIENT));
    }
    add("change", "TLS: old", Edit::Tls("TLSv1.1"));
    add("drop", "TLS", Edit::Tls(""));
    add("change", "HTTP: 1.0", Edit::Http("HTTP/1.0"));
    add("drop", "HTTP version", Edit::Http("HTTP/0.9"));
    let joined = |extra: &str| format!("{}{}{extra}", call.path, if call.path.contains('?') { "&" } else { "?" });
    add("double", "token in the URL", Edit::Path(joined("access_token=token-1")));
    if !call.path.starts_with('/') {
        return;
    }
    add(
        "change",
        "path: user and password",
        Edit::Path(format!("{}{}", super::scenario::BASE, call.path).replacen("://", "://till:secret@", 1)),
    );
    add("change", "path: host", Edit::Path(format!("https://api.mobilepay.dk/pos/v10{}", call.path)));
    add("change", "path: parameter", Edit::Path(joined("page=1")));
    add("change", "path: unknown", Edit::Path(format!("/x{}", call.path)));
    add("change", "method: PUT", Edit::Method("PUT"));
    let mut parts: Vec<&str> = call.path.split('?').next().unwrap_or_default().split('/').collect();
    if parts.get(2).is_some_and(|id| id.len() == 36) {
        let other = guid("unknown");
        for (what, id) in [("null", "null"), ("empty", ""), ("other", &other)] {
            parts[2] = id;
            add(
                if id.is_empty() { "drop" } else { "change" },
                &format!("path id: {what}"),
                Edit::Path(parts.join("/")),
            );
        }
    }
    if let Some((path, query)) = call.path.split_once('?') {
        add("drop", "query", Edit::Path(path.to_owned()));
        let name = query.split('=').next().unwrap_or_default();
        add("change", "query value", Edit::Path(format!("{path}?{name}={}", guid("unknown"))));
    }
}

fn of_request(call: &Call, add: &mut impl FnMut(&'static str, &str, Edit)) {
    let Some(text) = &call.body else {
        add("change", "body: one is there", Edit::Body(Some("{}".to_owned())));
        return;
    };
    add("drop", "body", Edit::Body(None));
    add("cut", "body", Edit::Body(Some(text[..text.len() / 2].to_owned())));
    let Ok(Value::Object(object)) = serde_json::from_str::<Value>(text) else { return };
    add("double", "body", Edit::Body(Some(format!("[{text}, {text}]"))));
    let with = |name: &str, value: Value| {
        let mut object = object.clone();
        object.insert(name.to_owned(), value);
        Edit::Body(Some(Value::Object(object).to_string()))
    };
    add("change", "body: unknown field", with("redirectUri", json!("x")));
    for (name, value) in &object {
        let mut less = object.clone();
        less.shift_remove(name);
        add("drop", &format!("body {name}"), Edit::Body(Some(Value::Object(less).to_string())));
        for (what, value) in other_values(name, value) {
            add("change", &format!("body {name}: {what}"), with(name, value));
        }
    }
}

fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn other_values(name: &str, value: &Value) -> Vec<(&'static str, Value)> {
    let mut all = Vec::new();
    match value {
        Value::Number(n) if name == "amount" => {
            let amount: f64 = n.to_string().parse().unwrap();
            all.push(("times 100", number(&format!("{:.0}", amount * 100.0))));
            all.push(("more", number(&format!("{:.2}", amount + 0.01))));
            all.push(("less", number(&format!("{:.2}", amount - 0.01))));
            all.push(("noise", number("1998.9999999999998")));
            all.push(("string", json!(n.to_string())));
            all.push(("zero", json!(0)));
            all.push(("negative", number(&format!("-{n}"))));
        }
        Value::String(text) if text.len() == 36 => {
            if name == "posId" {
                all.push(("deleted", json!(guid("pos-a"))));
            }
            all.push(("other", json!(guid("unknown"))));
            all.push(("no GUID", json!("null")));
            all.push(("upper case", json!(text.to_uppercase())));
        }
        Value::String(_) => {
            all.push(("other", json!("Other")));
            all.push(("number", json!(7)));
            all.push(("long", json!("x".repeat(37))));
            if name == "currencyCode" {
                all.push(("EUR", json!("EUR")));
            }
        }
        Value::Array(_) => all.push(("empty", json!([]))),
        Value::Object(fields) => {
            let flip = |to: Value| Value::Object(fields.iter().map(|(name, _)| (name.clone(), to.clone())).collect());
            all.push(("strings", flip(json!("true"))));
            all.push(("all", flip(json!(true))));
            all.push(("none", flip(json!(false))));
        }
        _ => {}
    }
    all.push(("null", Value::Null));
    all
}

fn of_answer(call: &Call, add: &mut impl FnMut(&'static str, &str, Edit)) {
    for (status, answer) in [
        (200, ""),
        (400, r#"{"code": "1102", "message": "refused", "correlationId": "@correlation"}"#),
        (401, ""),
        (404, ""),
        (409, r#"{"code": "1306", "message": "refused", "correlationId": "@correlation"}"#),
        (409, r#"{"code": "1301", "message": "refused", "correlationId": "@correlation"}"#),
        (500, r#"{"code": "2000", "message": "refused", "correlationId": "@correlation"}"#),
        (503, ""),
    ] {
        let code = if answer.contains("1301") { " with 1301" } else { "" };
        if status != call.status {
            add("change", &format!("status: {status}{code}"), Edit::Status(status, answer));
        }
    }
    if call.status == 0 {
        return;
    }
    let Ok(Value::Object(object)) = serde_json::from_str::<Value>(&call.answer) else { return };
    add("drop", "answer body", Edit::Answer(String::new()));
    let with = |name: &str, value: Value| {
        let mut object = object.clone();
        object.insert(name.to_owned(), value);
        Edit::Answer(Value::Object(object).to_string())
    };
    for (name, value) in &object {
        let mut less = object.clone();
        less.shift_remove(name);
        add("drop", &format!("answer {name}"), Edit::Answer(Value::Object(less).to_string()));
        let values: Vec<(&str, Value)> = match (name.as_str(), value) {
            ("status", Value::String(state)) => {
                let states =
                    ["IssuedToUser", "Reserved", "CancelledByUser", "CancelledByMobilePay", "Captured", "Initiated"];
                states.into_iter().filter(|other| other != state).map(|other| (other, json!(other))).collect()
            }
            ("pollDelayInMs", _) => vec![("5 s", json!(5000)), ("10 ms", json!(10))],
            ("amount", _) => vec![("more", number("1000.00")), ("less", number("0.50"))],
            ("code", _) => vec![("1102", json!("1102")), ("1306", json!("1306"))],
            ("partialCapturePossible" | "isUserCheckedIn", Value::Bool(flag)) => vec![("flipped", json!(!flag))],
            ("loyaltyIds", Value::Array(ids)) if ids.is_empty() => vec![("an id", json!(["member-2"]))],
            ("loyaltyIds", _) => vec![("none", json!([]))],
            ("posIds" | "paymentIds" | "refundIds", _) => {
                vec![("empty", json!([])), ("other", json!([guid("unknown")]))]
            }
            ("restrictions", _) => {
                vec![("flipped", json!({"debitCardDisallowed": false, "creditCardDisallowed": true}))]
            }
            ("currencyCode", _) => vec![("EUR", json!("EUR"))],
            (_, Value::String(text)) if text.len() == 36 => vec![("other", json!(guid("unknown")))],
            (_, Value::String(_)) => vec![("other", json!("Other"))],
            _ => Vec::new(),
        };
        for (what, value) in values {
            add("change", &format!("answer {name}: {what}"), with(name, value));
        }
    }
}
