//! House rules that read headers, query parameters and bodies themselves (`call.header('X-Trace-Id')`), through the
//! built binary: each expression on a HAR file, on changes of it, and on one that does not show the part.

use crate::poscert_process::{poscert, text};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;

/// One payment that is created, and looked up.
fn recording() -> Value {
    let head = |name: &str, value: &str| json!({"name": name, "value": value});
    let entry = |second: u32, method: &str, path: &str, body: Option<Value>, answer: Value| {
        let mut entry = json!({
            "startedDateTime": format!("2026-03-02T09:00:{second:02}.250Z"),
            "time": 12.5,
            "request": {
                "method": method,
                "url": format!("https://api.example/pos/v10{path}"),
                "httpVersion": "HTTP/1.1",
                "headers": [
                    head("Host", "api.example"), head("X-Trace-Id", "till-7"), head("Accept", "a"), head("accept", "b"),
                    head("Authorization", "Bearer abc"),
                ],
                "bodySize": 0,
            },
            "response": {
                "status": 200,
                "headers": [head("Content-Type", "application/json"), head("X-Region", "dk")],
                "content": {"mimeType": "application/json", "text": answer.to_string()},
            },
        });
        if let Some(body) = body {
            entry["request"]["postData"] = json!({"mimeType": "application/json", "text": body.to_string()});
        }
        entry
    };
    let id = "4d7b1d2a-1f0b-4c6e-9d2a-0f6b1f1b2c3d";
    let body = json!({
        "orderId": "42", "amount": 12.5, "count": 3, "gift": false, "nothing": null,
        "lines": [{"sku": "A-1", "tags": ["x", "y"]}],
    });
    let entries = [
        entry(0, "POST", "/payments?Expand=lines%2Ctax", Some(body), json!({"paymentId": id})),
        entry(1, "GET", &format!("/payments/{id}"), None, json!({"paymentId": id, "status": "Initiated"})),
    ];
    json!({"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}})
}

/// Verifies a HAR with the built-in rules and one house rule on the create.
fn verify(home: &Path, har: &Value, require: &str, message: &str) -> Output {
    verify_check(home, har, &format!("pattern = \"each\"\nrequire = {}", json!(require)), message)
}

fn verify_check(home: &Path, har: &Value, check: &str, message: &str) -> Output {
    let rules = home.join("rules");
    std::fs::create_dir_all(&rules).unwrap();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, rules.join(path.file_name().unwrap())).unwrap();
    }
    let house = format!(
        "counts = \"exchange\"\njudged_for = [\"onboarding\"]\n[[requirement]]\nid = \"HOUSE-01\"\nlevel = \"must\"\n\
         title = \"house rule\"\nsource = \"house\"\nwhy = \"because\"\nremedy = \"send it\"\n\
         [[requirement.check]]\nscope = \"client\"\non = [\"InitiatePayment\"]\nat = \"answer\"\n\
         {check}\nmessage = {}\n",
        json!(message)
    );
    std::fs::write(rules.join("house.toml"), house).unwrap();
    std::fs::write(home.join("run.har"), har.to_string()).unwrap();
    poscert(home).args(["verify", "run.har", "--format", "json", "--rules", "rules"]).output().unwrap()
}

fn requirement(output: &Output) -> Value {
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    let all = verdict["requirements"].as_array().unwrap();
    all.iter().find(|one| one["id"] == "HOUSE-01").cloned().unwrap_or_else(|| panic!("{verdict}"))
}

fn status(har: &Value, require: &str) -> String {
    let home = tempfile::tempdir().unwrap();
    let shown = requirement(&verify(home.path(), har, require, "it is {call.header('X-Trace-Id')}"));
    shown["status"].as_str().unwrap().to_owned()
}

#[test]
fn parts_of_an_exchange_have_values_of_their_types() {
    let har = recording();
    for require in [
        "call.header('x-trace-id') == 'till-7'",
        "call.header('X-TRACE-ID').startsWith('till-')",
        "call.header('X-Other') == null",
        "call.header_count('Accept') == 2 && call.header('Accept') == 'a'",
        "call.header_count('X-Other') == 0",
        "call.query('expand') == 'lines,tax' && call.query('other') == null",
        "call.body('/orderId') == '42'",
        "call.body('/amount') == 12.5 && call.body('/amount') > 12 && call.body('/amount') < 13",
        "call.body('/count') == 3",
        "call.body('/gift') == false",
        "call.body('/nothing') == null && call.body('/absent') == null && call.body('/lines/1') == null",
        "call.body('/lines/0/sku') == 'A-1'",
        "'y' in call.body('/lines/0/tags') && size(call.body('/lines/0/tags')) == 2",
        "call.body('') != null && call.body('/lines/0') != null",
        "response.header('X-Region') == 'dk' && response.header_count('x-region') == 1",
        "response.body('/paymentId') == '4d7b1d2a-1f0b-4c6e-9d2a-0f6b1f1b2c3d'",
        "call.path.id == '' && call.path.endsWith('/payments')",
    ] {
        assert_eq!(status(&har, require), "passed", "{require}");
        assert_eq!(status(&har, &format!("!({require})")), "failed", "{require}");
    }
}

#[test]
fn comparison_with_a_value_of_another_type_does_not_hold() {
    let har = recording();
    for require in [
        "call.body('/absent') > 3",
        "!(call.body('/absent') > 3)",
        "call.body('/orderId') > 3",
        "call.header('X-Other').startsWith('a')",
        "call.body('/gift')",
        "call.body('/orderId')",
    ] {
        assert_eq!(status(&har, require), "failed", "{require}");
    }
    assert_eq!(status(&har, "call.body('/absent') == null || call.body('/absent') > 3"), "passed");
}

#[test]
fn condition_on_a_value_of_another_type_neither_passes_nor_fails() {
    let har = recording();
    let status = |check: &str| {
        let home = tempfile::tempdir().unwrap();
        requirement(&verify_check(home.path(), &har, check, "wrong"))["status"].as_str().unwrap().to_owned()
    };
    for condition in ["call.body('/orderId') > 3", "call.body('/absent') > 3", "!(call.header('X-Other') < 'a')"] {
        for check in [
            format!("pattern = \"never\"\nforbid = \"{condition}\""),
            format!("pattern = \"each\"\nwhen = \"{condition}\"\nrequire = \"true\""),
            format!("pattern = \"at-most\"\nwhen = \"{condition}\"\nlimit = 3"),
        ] {
            assert!(!["passed", "failed"].contains(&status(&check).as_str()), "{check}");
        }
    }
    // A test for null decides it.
    let guarded = "call.body('/absent') != null && call.body('/absent') > 3";
    assert_eq!(status(&format!("pattern = \"never\"\nforbid = \"{guarded}\"")), "passed");
}

#[test]
fn part_that_is_not_shown_is_neither_present_nor_absent() {
    type Edit = fn(&mut Value);
    let edits: [(&str, &str, Edit); 8] = [
        ("no request headers", "call.header('X-Trace-Id')", |entry| {
            drop(entry["request"].as_object_mut().unwrap().remove("headers"));
        }),
        ("masked header", "call.header('X-Trace-Id')", |entry| {
            entry["request"]["headers"][1]["value"] = json!("[redacted]");
        }),
        ("header without a value", "call.header('X-Trace-Id')", |entry| {
            drop(entry["request"]["headers"][1].as_object_mut().unwrap().remove("value"));
        }),
        ("masked query", "call.query('expand')", |entry| {
            entry["request"]["url"] = json!("https://api.example/pos/v10/payments?expand=[redacted]");
        }),
        ("no request body", "call.body('/orderId')", |entry| {
            entry["request"]["bodySize"] = json!(60);
            drop(entry["request"].as_object_mut().unwrap().remove("postData"));
        }),
        ("masked member", "call.body('/orderId')", |entry| {
            entry["request"]["postData"]["text"] = json!(json!({"orderId": "***", "amount": 12.5}).to_string());
        }),
        ("no response headers", "response.header('X-Region')", |entry| {
            drop(entry["response"].as_object_mut().unwrap().remove("headers"));
        }),
        ("no response body", "response.body('/paymentId')", |entry| {
            entry["response"]["content"] = json!({"size": 50});
        }),
    ];
    for (what, part, edit) in edits {
        let mut har = recording();
        edit(&mut har["log"]["entries"][0]);
        for require in [format!("{part} == null"), format!("{part} != null"), format!("{part} == 'dk'")] {
            let status = status(&har, &require);
            assert!(!["passed", "failed"].contains(&status.as_str()), "{what}: {require} is {status}");
        }
        // The rest of the expression decides it.
        assert_eq!(status(&har, &format!("{part} == null || call.method == 'POST'")), "passed", "{what}");
    }
}

#[test]
fn redacted_secret_is_counted_but_has_no_value() {
    let mut har = recording();
    let headers = har["log"]["entries"][0]["request"]["headers"].as_array_mut().unwrap();
    headers.push(json!({"name": "X-Api-Key", "value": "0123456789abcdef"}));
    assert_eq!(status(&har, "call.header_count('X-Api-Key') == 1"), "passed");
    for require in ["call.header('X-Api-Key') == '0123456789abcdef'", "call.header('X-Api-Key') != 'other'"] {
        assert_ne!(status(&har, require), "passed", "{require}");
    }
}

#[test]
fn call_without_a_response_has_no_response_parts() {
    let mut har = recording();
    har["log"]["entries"][0]["response"] = json!({"status": 0, "headers": [], "content": {"size": 0}});
    assert_eq!(status(&har, "response.header('X-Region') == null && response.body('/a') == null"), "passed");
}

#[test]
fn finding_shows_the_parts_that_its_message_names() {
    let home = tempfile::tempdir().unwrap();
    let message = "trace {call.header('X-Trace-Id')}, tags {call.body('/lines/0/tags')}, {response.header('X-None')}";
    let output = verify(home.path(), &recording(), "call.body('/count') > 3", message);
    let shown = requirement(&output);
    assert_eq!(shown["findings"][0]["message"], "trace till-7, tags x, y, nothing", "{shown}");
}

#[test]
fn mistakes_in_raw_access_are_explained() {
    let home = tempfile::tempdir().unwrap();
    for (require, words) in [
        ("call.headers('A') == 'b'", "unknown function `call.headers`"),
        ("payment.header('A') == 'b'", "functions of `call` and `response`"),
        ("response.query('a') == 'b'", "unknown function `response.query`"),
        ("call.body('amount') == 1", "JSON pointer"),
        ("call.header('no good') == 'b'", "not a header name"),
        ("call.header(call.path) == 'b'", "one text in quotes"),
        ("call.header() == 'b'", "one text in quotes"),
        ("call.header('A', 'B') == 'b'", "one text in quotes"),
        ("call.header == 'b'", "unknown field `call.header`"),
    ] {
        let output = verify(home.path(), &recording(), require, "wrong");
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{require}: {error}");
        assert!(error.contains(words) && error.contains("house.toml:15"), "{require}: {error}");
    }
    let output = verify(home.path(), &recording(), "call.is_get", "it is {call.header(call.path)}");
    assert!(text(&output.stderr).contains("one text in quotes"), "{}", text(&output.stderr));
}

#[test]
fn sum_of_a_number_in_the_body_has_a_maximum() {
    let house = |amounts: &[Value], shown: bool| {
        let create = recording()["log"]["entries"][0].clone();
        let mut har = recording();
        let entries = amounts.iter().enumerate().map(|(at, amount)| {
            let mut entry = create.clone();
            entry["startedDateTime"] = json!(format!("2026-03-02T09:00:{at:02}.250Z"));
            let body = json!({"orderId": at.to_string(), "amount": amount}).to_string();
            entry["request"]["postData"]["text"] = json!(body);
            if !shown && at == 0 {
                entry["request"].as_object_mut().unwrap().remove("postData");
                entry["request"]["bodySize"] = json!(body.len());
            }
            entry
        });
        har["log"]["entries"] = entries.collect();
        let home = tempfile::tempdir().unwrap();
        let check = "pattern = \"sum\"\nadd = \"call.body('/amount')\"\nat_most = \"100\"";
        requirement(&verify_check(home.path(), &har, check, "one more: {call.body('/amount')}"))
    };
    for amounts in [&[json!(33.3), json!(66.7)][..], &[json!(100)], &[json!(100), Value::Null]] {
        assert_eq!(house(amounts, true)["status"], "passed", "{amounts:?}");
    }
    let found = house(&[json!(60), json!(40), json!(0.01), json!(-1)], true);
    assert_eq!((&found["status"], found["findings"].as_array().unwrap().len()), (&json!("failed"), 1), "{found}");
    assert_eq!(found["findings"][0]["exchanges"], json!([1, 2, 3]), "{found}");
    for hidden in [house(&[json!(60), json!(40)], false), house(&[json!(60), json!("40")], true)] {
        assert!(hidden["status"] != "passed" && hidden["status"] != "failed", "{hidden}");
    }
}

/// The status of a house rule and the exit code of a verdict by house rules alone.
fn house_alone(har: &Value, check: &str) -> (String, Option<i32>) {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    verify_check(home, har, check, "wrong");
    for entry in std::fs::read_dir(home.join("rules")).unwrap() {
        let path = entry.unwrap().path();
        if !path.ends_with("house.toml") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/house-rules/base.toml");
    std::fs::copy(base, home.join("rules/base.toml")).unwrap();
    let output = poscert(home).args(["verify", "run.har", "--format", "json", "--rules", "rules"]).output().unwrap();
    (requirement(&output)["status"].as_str().unwrap().to_owned(), output.status.code())
}

#[test]
fn must_that_depends_on_a_hidden_part_keeps_the_verdict_from_passing() {
    type Edit = fn(&mut Value);
    let never = |condition: &str| format!("pattern = \"never\"\nforbid = {}", json!(condition));
    let absent = |part: &str| format!("pattern = \"each\"\nrequire = {}", json!(format!("{part} == null")));
    let edits: Vec<(&str, String, Edit)> = vec![
        ("masked header", never("call.header('X-Trace-Id') == 'till-7'"), |entry| {
            entry["request"]["headers"][1]["value"] = json!("xxxx");
        }),
        ("header without a name", absent("call.header('X-Other')"), |entry| {
            drop(entry["request"]["headers"][1].as_object_mut().unwrap().remove("name"));
        }),
        ("masked name in the query", absent("call.query('other')"), |entry| {
            entry["request"]["url"] = json!("https://api.example/pos/v10/payments?[redacted]");
        }),
        ("masked parent", absent("call.body('/customer/name')"), |entry| {
            entry["request"]["postData"]["text"] = json!(json!({"orderId": "1", "customer": "[redacted]"}).to_string());
        }),
        ("masked member of an object", never("call.body('/customer').contains('Ann')"), |entry| {
            let text = json!({"orderId": "1", "customer": {"name": "[redacted]"}}).to_string();
            entry["request"]["postData"]["text"] = json!(text);
        }),
        ("secret in an object", never("call.body('/login').contains('hunter2')"), |entry| {
            let text = json!({"orderId": "1", "login": {"password": "hunter2hunter2"}}).to_string();
            entry["request"]["postData"]["text"] = json!(text);
        }),
        ("duplicate name", never("call.body('/amount') > 100"), |entry| {
            entry["request"]["postData"]["text"] = json!("{\"amount\": 99999, \"amount\": 5}");
        }),
        ("nested too deeply", never("call.body('/amount') > 100"), |entry| {
            let deep = format!("{{\"amount\": 99999, \"x\": {}1{}}}", "[".repeat(200), "]".repeat(200));
            entry["request"]["postData"]["text"] = json!(deep);
        }),
        ("truncated", never("call.body('/amount') > 100"), |entry| {
            entry["request"]["postData"]["text"] = json!("{\"amount\": 99999, \"x\":");
        }),
        (
            "JSON by its content type that no parser reads",
            never("call.body('/amount') != null && call.body('/amount') > 100"),
            |entry| {
                let headers = entry["request"]["headers"].as_array_mut().unwrap();
                headers.push(json!({"name": "Content-Type", "value": "application/json"}));
                entry["request"]["postData"]["text"] = json!("// a comment\n{\"amount\": 99999}");
            },
        ),
        ("number as a text", never("call.body('/amount') > 100"), |entry| {
            entry["request"]["postData"]["text"] = json!("{\"amount\": \"99999\"}");
        }),
        ("infinite number", never("call.body('/amount') > 100"), |entry| {
            entry["request"]["postData"]["text"] = json!("{\"amount\": 1e400}");
        }),
        ("reset that may have happened", "pattern = \"at-most\"\nlimit = 0\nreset = [{ on = [\"any\"], when = \"call.header('X-Trace-Id') == 'new'\" }]".to_owned(), |entry| {
            entry["request"]["headers"][1]["value"] = json!("[redacted]");
        }),
    ];
    for (what, check, edit) in edits {
        let mut har = recording();
        edit(&mut har["log"]["entries"][0]);
        let (status, code) = house_alone(&har, &check);
        assert!(status != "passed" && (status == "failed" || code == Some(3)), "{what}: {status}, exit {code:?}");
    }
    assert_eq!(house_alone(&recording(), &never("call.body('/amount') > 100")), ("passed".to_owned(), Some(0)));
}

#[test]
fn body_with_a_byte_order_mark_is_read() {
    let mut har = recording();
    har["log"]["entries"][0]["request"]["postData"]["text"] = json!("\u{feff}{\"amount\": 99999}");
    assert_eq!(status(&har, "call.body('/amount') <= 100"), "failed");
}

#[test]
fn arithmetic_does_not_depend_on_the_notation_of_numbers() {
    for amount in ["600", "600.0", "600.5", "6e2"] {
        let mut har = recording();
        har["log"]["entries"][0]["request"]["postData"]["text"] = json!(format!("{{\"amount\": {amount}, \"n\": 1}}"));
        for require in [
            "call.body('/amount') * 100 > 50000 && 2 * call.body('/amount') < 1202",
            "(call.body('/amount') + 1) * 100 >= 60100",
            "-call.body('/amount') < 0 && call.body('/amount') / 2 <= 301",
            "call.header_count('Accept') + 1 == 3 && call.body('/n') == 1",
            "size(call.body('')) + 1 > 1",
        ] {
            assert_eq!(status(&har, require), "passed", "{amount}: {require}");
        }
    }
}

#[test]
fn unknown_function_is_an_error_of_the_rule() {
    let home = tempfile::tempdir().unwrap();
    let deep = format!("0{} >= 0", " + 1".repeat(300));
    for (require, words) in [
        ("call.header('X').startWith('a')", "did you mean `startsWith`?"),
        ("lenght(call.body('/a')) > 2", "unknown function `lenght`"),
        ("call.path.matches('a')", "unknown function `matches`"),
        (deep.as_str(), "nested more than"),
    ] {
        let output = verify(home.path(), &recording(), require, "wrong");
        let error = text(&output.stderr);
        assert!(output.status.code() == Some(2) && error.contains(words), "{require}: {error}");
    }
}

#[test]
fn rule_that_would_never_be_evaluated_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    verify(home, &recording(), "true", "wrong");
    let house = home.join("rules/house.toml");
    let rules = std::fs::read_to_string(&house).unwrap();
    std::fs::write(&house, rules.replace("judged_for = [\"onboarding\"]\n", "")).unwrap();
    let output = poscert(home).args(["verify", "run.har", "--rules", "rules"]).output().unwrap();
    let error = text(&output.stderr);
    assert!(output.status.code() == Some(2) && error.contains("needs `judged_for`"), "{error}");
    std::fs::write(&house, rules.replace("judged_for = [\"onboarding\"]", "judged_for = [\"loyalty\"]")).unwrap();
    std::fs::remove_file(home.join("rules/loyalty.toml")).unwrap();
    let output = poscert(home).args(["verify", "run.har", "--rules", "rules"]).output().unwrap();
    let error = text(&output.stderr);
    assert!(output.status.code() == Some(2) && error.contains("which no file defines"), "{error}");
}
