//! Tests of `poscert rules new` and `poscert rules test`: rules that users write, and their tests.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The exit code, standard output and standard error of `poscert rules`.
fn rules(arguments: &[&str], dir: &Path) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_poscert"))
        .env_remove("POSCERT_RULES")
        .arg("rules")
        .args(arguments)
        .arg(dir)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The directory that `rules new` writes, with one text replaced in one of its files.
fn house(file: &str, from: &str, to: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (code, _, error) = rules(&["new"], dir.path());
    assert_eq!(code, Some(0), "{error}");
    let path = dir.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} does not contain {from}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
    dir
}

fn unchanged() -> tempfile::TempDir {
    house("tests.toml", "[[capture]]", "[[capture]]")
}

/// Another requirement for the directory, with its tests.
fn with_rule(rule: &str, tests: &str) -> tempfile::TempDir {
    let dir = unchanged();
    let head = "level = \"must\"\ntitle = \"t\"\nsource = \"s\"\nwhy = \"w\"\nremedy = \"r\"\n";
    let rule = format!("judged_for = [\"onboarding\"]\n[[requirement]]\nid = \"HOUSE-02\"\n{head}{rule}");
    fs::write(dir.path().join("second.toml"), rule).unwrap();
    fs::write(dir.path().join("house.toml"), "").unwrap();
    fs::write(dir.path().join("tests.toml"), tests).unwrap();
    dir
}

#[test]
fn new_directory_is_green_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("house");
    let (code, said, _) = rules(&["new"], &inner);
    assert_eq!(code, Some(0));
    assert!(said.contains("next: poscert rules test"), "{said}");
    let (code, said, error) = rules(&["test"], &inner);
    assert_eq!((code, error.as_str()), (Some(0), ""), "{said}");
    assert!(said.contains("HOUSE-01  10 of 10 mutants noticed (100 %)\n"), "{said}");
    assert!(said.ends_with("passed: 4 tests of 1 requirement\n"), "{said}");
    assert_eq!(rules(&["test", "--min-score", "100"], &inner).0, Some(0));
    // Its tests are no rule file.
    let (code, said, _) = rules(&["check"], &inner);
    assert_eq!(code, Some(0));
    assert!(said.starts_with("valid: 1 requirement and 0 cases; digest "), "{said}");
}

#[test]
fn directory_with_files_is_not_written_to() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("notes.txt"), "").unwrap();
    let (code, said, error) = rules(&["new"], dir.path());
    assert_eq!((code, said.as_str()), (Some(2), ""));
    assert!(error.trim_end().ends_with("is not empty; name a new or an empty directory"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn built_in_rules_beside_house_rules_need_no_tests() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(rules(&["new", "--builtin"], dir.path()).0, Some(0));
    let (code, said, error) = rules(&["test"], dir.path());
    assert_eq!(code, Some(0), "{said}{error}");
    assert!(said.contains("59 requirements in unchanged copies of built-in files need no tests\n"), "{said}");
    // A changed copy is a rule of one's own.
    let path = dir.path().join("loyalty.toml");
    fs::write(&path, fs::read_to_string(&path).unwrap() + "# changed\n").unwrap();
    let (code, said, _) = rules(&["test"], dir.path());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("MISSING: a test that it passes, and an edit that it fails"), "{said}");
}

#[test]
fn expectation_that_does_not_hold_fails_with_the_finding() {
    let dir = house("tests.toml", "to = 500.00", "to = 500.02");
    let (code, said, error) = rules(&["test"], dir.path());
    assert_eq!((code, error.as_str()), (Some(1), ""));
    for line in [
        "ok      payment.har (passes HOUSE-01)",
        "FAILED  payment.har: a payment of exactly the maximum",
        "        HOUSE-01: expected passes, got fails",
        "        exchange 1: expected at most 500.00 DKK; the payment is 500.02 DKK",
        "HOUSE-01  mutants not evaluated",
        "failed: 1 of 4 tests without the expected results; correct the rule or the test",
    ] {
        assert!(said.lines().any(|found| found == line), "{line}: {said}");
    }
    // A finding that no test names is unexpected.
    let dir = house("tests.toml", "fails = [\"HOUSE-01\"]", "passes = []\nfails = []\nnot_exercised = []");
    assert!(rules(&["test"], dir.path()).2.contains("an edit needs an expected result"));
    let dir = house("tests.toml", "\npasses = [\"HOUSE-01\"]", "");
    let path = dir.path().join("payment.har");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("120.50", "1200.50")).unwrap();
    let (code, said, _) = rules(&["test"], dir.path());
    assert_eq!(code, Some(1));
    assert!(said.contains("FAILED  payment.har\n        HOUSE-01: expected no finding, got fails\n"), "{said}");
}

#[test]
fn broken_should_warns_in_a_test() {
    let dir = house("house.toml", "level = \"must\"", "level = \"should\"");
    let path = dir.path().join("tests.toml");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("\nfails =", "\nwarns =")).unwrap();
    let (code, said, error) = rules(&["test"], dir.path());
    assert_eq!(code, Some(0), "{said}{error}");
    assert!(said.contains("a payment of more than the maximum (warns HOUSE-01)\n"), "{said}");
}

#[test]
fn requirement_without_a_failing_test_is_not_covered() {
    let dir = unchanged();
    fs::write(dir.path().join("tests.toml"), "[[capture]]\nfile = \"payment.har\"\npasses = [\"HOUSE-01\"]\n").unwrap();
    let (code, said, _) = rules(&["test"], dir.path());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("; MISSING: an edit that it fails\n"), "{said}");
    assert!(said.ends_with("failed: every requirement needs a test that it passes and one that it fails\n"), "{said}");
}

#[test]
fn surviving_mutant_is_a_warning_and_with_min_score_an_error() {
    // No test at the maximum any more.
    let dir = house("tests.toml", "to = 500.00", "to = 400.00");
    let (code, said, _) = rules(&["test"], dir.path());
    assert_eq!(code, Some(0), "{said}");
    let survivor = "  warning: no test notices house.toml:23: `require` is `call.amount < 50000` instead of \
                    `call.amount <= 50000`\n    help: add a test in which both sides of `call.amount <= 50000` are equal\n";
    assert!(said.contains(survivor), "{said}");
    assert!(said.contains("8 of 10 mutants noticed (80 %)"), "{said}");
    assert_eq!(rules(&["test", "--min-score", "80"], dir.path()).0, Some(0));
    let (code, said, _) = rules(&["test", "--min-score", "81"], dir.path());
    assert_eq!(code, Some(1));
    assert!(said.contains("  error: no test notices house.toml:23"), "{said}");
    assert!(said.ends_with("failed: fewer than 81 % of the mutants of a requirement are noticed\n"), "{said}");
}

#[test]
fn mistakes_in_the_files_have_a_line_and_exit_with_2() {
    for (file, from, to, message) in [
        ("tests.toml", "passes =", "pases =", "tests.toml:7:1: unknown key `pases`; did you mean `passes`?"),
        ("tests.toml", "fails = [\"HOUSE-01\"]", "fails = [\"HOUS-01\"]", "did you mean `HOUSE-01`?"),
        ("tests.toml", "exchange = 1", "exchange = 9", "tests.toml:16:7: the capture has no exchange 9"),
        ("tests.toml", "set_body = \"/amount\"", "set_body = \"/amounts/0\"", "has no member `/amounts`"),
        ("tests.toml", "\"payment.har\"", "\"pay.har\"", "tests.toml:6:8: cannot open"),
        ("house.toml", "call.amount <= 50000", "call.amont <= 50000", "house.toml:23:11: in expression"),
        ("house.toml", "level = \"must\"", "level = \"should\"", "is a `should`, so it warns: name it in `warns`"),
    ] {
        let (code, said, error) = rules(&["test"], house(file, from, to).path());
        assert_eq!((code, said.as_str()), (Some(2), ""), "{to}: {error}");
        assert!(error.contains(message), "{to}: {error}");
    }
    // A comparison with `null`.
    let dir = house("house.toml", "call.amount != null && ", "");
    let path = dir.path().join("tests.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("set_body = \"/amount\", to = 500.00", "remove_body = \"/amount\"")).unwrap();
    let (code, _, error) = rules(&["test"], dir.path());
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("/house.toml: requirement HOUSE-01: the expression `call.amount <= 50000`"), "{error}");
    assert!(error.contains("add a test for `null` to it"), "{error}");
    let dir = unchanged();
    fs::remove_file(dir.path().join("tests.toml")).unwrap();
    let (code, _, error) = rules(&["test"], dir.path());
    assert_eq!(code, Some(2));
    assert!(error.contains("`poscert rules new` writes an example of it"), "{error}");
    fs::remove_file(dir.path().join("house.toml")).unwrap();
    assert!(rules(&["test"], dir.path()).2.contains("has no requirement besides the built-in ones"));
}

#[test]
fn all_kinds_of_edits_reach_the_evaluation() {
    let check = |pattern: &str| format!("[[requirement.check]]\nscope = \"client\"\nmessage = \"m\"\n{pattern}");
    let rule = [
        check("pattern = \"each\"\non = [\"any\"]\nrequire = \"call.vat_count == 1\"\n"),
        check(
            "pattern = \"never\"\non = [\"any\"]\nat = \"answer\"\nforbid = \"call.status == 500 || call.lasted_ms > 5000\"\n",
        ),
        check("pattern = \"never\"\non = [\"QueryPayment\"]\nat = \"answer\"\nforbid = \"call.state == 'Captured'\"\n"),
        check("pattern = \"at-most\"\non = [\"InitiatePayment\"]\nlimit = 1\n"),
        check("pattern = \"before\"\non = [\"QueryPayment\"]\nneed = [{ on = [\"InitiatePayment\"] }]\n"),
        check(
            "pattern = \"gap\"\nfrom = { on = [\"InitiatePayment\"] }\non = [\"QueryPayment\"]\nat_least_ms = 1000\n",
        ),
    ];
    let mut tests = "[[capture]]\nfile = \"payment.har\"\npasses = [\"HOUSE-02\"]\n".to_owned();
    for (change, result) in [
        ("{ exchange = 2, remove_header = 'x-mobilepay-merchant-vat-number' }", "fails"),
        ("{ exchange = 2, set_header = 'X-MobilePay-Merchant-VAT-Number', to = 'DK1' }", "passes"),
        ("{ call = 'QueryPayment', set_status = 500 }", "fails"),
        ("{ exchange = 1, duration_by_ms = 6000, later = true }", "fails"),
        ("{ exchange = 2, set_body = '/status', of = 'response', to = 'Captured' }", "fails"),
        ("{ exchange = 2, remove_body = '/status', of = 'response' }", "passes"),
        ("{ exchange = 1, duplicate = 1, gap_ms = 2000 }", "fails"),
        ("{ exchange = 2, duplicate = 1 }", "passes"),
        ("{ exchange = 1, remove = true }", "fails"),
        ("{ exchange = 1, move_after = 2 }", "fails"),
        ("{ exchange = 2, move_before = 1 }", "fails"),
        ("{ exchange = 2, start_by_ms = -100 }", "fails"),
        ("{ exchange = 2, start_by_ms = 100 }", "passes"),
    ] {
        tests.push_str(&format!(
            "[[capture.edit]]\nshows = \"{}\"\ndo = [{change}]\n{result} = [\"HOUSE-02\"]\n",
            change.replace('"', "'")
        ));
    }
    let dir = with_rule(&rule.concat(), &tests);
    let (code, said, error) = rules(&["test"], dir.path());
    assert_eq!(code, Some(0), "{said}{error}");
    assert!(said.contains("passed: 14 tests of 1 requirement"), "{said}");
}

#[test]
fn archives_are_tested_as_har_files_are() {
    let dir = unchanged();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_poscert"))
            .env("HOME", dir.path())
            .env_remove("XDG_DATA_HOME")
            .args(arguments)
            .current_dir(dir.path())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/archives/v1.poscert");
    fs::copy(archive, dir.path().join("v1.poscert")).unwrap();
    let (code, error) = run(&["export", "v1.poscert", "-o", "v1.har"]);
    assert_eq!(code, Some(0), "{error}");
    let tests = |file: &str| {
        format!(
            "[[capture]]\nfile = \"{file}\"\npasses = [\"HOUSE-01\"]\n[[capture.edit]]\nshows = \"all payments are too large\"\n\
             do = [{{ call = \"InitiatePayment\", set_body = \"/amount\", to = 5000 }}]\nfails = [\"HOUSE-01\"]\n"
        )
    };
    let mut reports = Vec::new();
    for file in ["v1.poscert", "v1.har"] {
        fs::write(dir.path().join("tests.toml"), tests(file)).unwrap();
        let (code, said, error) = rules(&["test"], dir.path());
        assert_eq!(code, Some(0), "{said}{error}");
        reports.push(said.replace(file, "FILE"));
    }
    assert_eq!(reports[0], reports[1]);
}

#[test]
fn verdict_by_house_rules_covers_the_features_that_they_define() {
    let dir = unchanged();
    let verify = |features: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_poscert"));
        command.env_remove("POSCERT_RULES").current_dir(dir.path());
        let output =
            command.args(["verify", "payment.har", "--rules", ".", "--format", "json"]).args(features).output();
        let output = output.unwrap();
        let verdict: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), verdict["profile"]["features"].to_string(), verdict["remarks"].to_string())
    };
    let (code, features, _) = verify(&[]);
    assert_eq!((code, features.as_str()), (Some(0), "[\"onboarding\"]"));
    let (code, features, remarks) = verify(&["--features", "payment"]);
    assert_eq!((code, features.as_str()), (Some(3), "[\"onboarding\",\"payment\"]"), "{remarks}");
    assert!(remarks.contains("The rules do not define payment"), "{remarks}");
}

#[test]
fn edit_that_changes_nothing_is_an_error() {
    let from = "do = [{ exchange = 1, set_body = \"/amount\", to = 500.01 }]";
    let dir = house("tests.toml", from, "do = [{ exchange = 1, remove_header = \"X-Not-There\" }]");
    let (code, _, error) = rules(&["test"], dir.path());
    assert!(code == Some(2) && error.contains("has no header `X-Not-There`"), "{error}");
}

#[test]
fn verdict_is_not_written_over_what_it_rests_on() {
    let dir = unchanged();
    for output in ["payment.har", "./house.toml", "tests.toml"] {
        let before = fs::read(dir.path().join(output)).unwrap();
        for option in [["-o".to_owned(), output.to_owned()], ["--report".to_owned(), format!("json={output}")]] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_poscert"));
            command.env_remove("POSCERT_RULES").current_dir(dir.path());
            let said = command.args(["verify", "payment.har", "--rules", "."]).args(option).output().unwrap();
            let error = String::from_utf8_lossy(&said.stderr).into_owned();
            assert!(said.status.code() == Some(2) && error.contains("would be overwritten"), "{output}: {error}");
        }
        assert_eq!(fs::read(dir.path().join(output)).unwrap(), before);
    }
}

/// The first block of TOML in a page of the documentation that contains this text.
fn documented(page: &str, text: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    let page = fs::read_to_string(path).unwrap();
    let mut blocks = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.find(|block| block.contains(text)).unwrap_or_else(|| panic!("no block with {text}")).to_owned()
}

#[test]
fn documented_example_of_each_pattern_is_valid() {
    let block = documented("rules.md", "pattern = \"gap\"");
    let head = "level = \"must\"\ntitle = \"t\"\nsource = \"s\"\nwhy = \"w\"\nremedy = \"r\"\n";
    let patterns = ["each", "never", "at-most", "sum", "before", "after", "gap"];
    assert!(patterns.iter().all(|pattern| block.contains(&format!("pattern = \"{pattern}\""))), "{block}");
    let rule = format!("judged_for = [\"onboarding\"]\n[[requirement]]\nid = \"HOUSE-02\"\n{head}{block}");
    let dir = unchanged();
    fs::write(dir.path().join("second.toml"), rule).unwrap();
    let (code, said, error) = rules(&["check"], dir.path());
    assert_eq!(code, Some(0), "{said}{error}");
}

#[test]
fn documented_profile_is_valid() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("rules")).unwrap();
    fs::write(dir.path().join("profile.toml"), documented("profiles.md", "[[resource.field]]")).unwrap();
    let rules_file = "[feature]\nid = \"loans\"\ntitle = \"Loans\"\noperations = [\"CreateLoan\", \"GetLoan\"]\n";
    fs::write(dir.path().join("rules/loans.toml"), rules_file).unwrap();
    let (code, said, error) = rules(&["check", "--profile"], dir.path());
    assert_eq!(code, Some(0), "{said}{error}");
}

#[test]
fn rule_about_a_request_cannot_read_its_response() {
    for check in [
        "pattern = \"each\"\nrequire = \"call.status == 200\"",
        "pattern = \"never\"\nforbid = \"response.body('/a') == 1.0\"",
        "pattern = \"each\"\nwhen = \"call.succeeded\"\nrequire = \"call.amount > 5\"",
        "pattern = \"after\"\nneed = [{ on = [\"QueryPayment\"], when = \"call.state == 'Captured'\" }]",
    ] {
        let early = format!("[[requirement.check]]\nscope = \"client\"\non = [\"any\"]\n{check}\nmessage = \"m\"\n");
        let dir = with_rule(&early, "");
        let (code, said, error) = rules(&["check"], dir.path());
        assert_eq!(code, Some(1), "{check}: {said}{error}");
        assert!(error.contains("second.toml:") && error.contains("add `at = \"answer\"`"), "{check}: {error}");
    }
    let late = "[[requirement.check]]\nscope = \"client\"\non = [\"any\"]\nat = \"answer\"\npattern = \"each\"\n\
                require = \"call.status_text != ''\"\nmessage = \"m\"\n";
    let (code, _, error) = rules(&["check"], with_rule(late, "").path());
    assert!(code == Some(1) && error.contains("unknown field"), "a longer name is another field: {error}");
}
