//! Tests of the rule patterns with the test vectors of `fixtures/patterns.toml`.

use poscert::capture::record::{Answer, Body, BodyRetention, End, EndedBy, Exchange, Record, Request, Stage, Times};
use poscert::rules::{load, toml_file};
use poscert::verify::{ClientInference, Evaluator, Input, Options, Target};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    vector: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    says: String,
    check: String,
    traffic: Vec<String>,
    found: Vec<Vec<u64>>,
}

const HEAD: &str = r#"
judged_for = ["onboarding"]
[[requirement]]
id = "X-1"
level = "must"
title = ""
source = ""
why = ""
remedy = ""
[[requirement.check]]
"#;

/// An exchange as the recorder would record it.
fn exchange(number: u64, line: &str) -> Record {
    let words: Vec<&str> = line.split(' ').collect();
    let (operation, resource) = words[1].split_once(':').unwrap();
    let head: u64 = words[0].parse().unwrap();
    let lasted: u64 = words[3].parse().unwrap();
    let id = format!("0000000{resource}-0000-4000-8000-000000000000");
    let (method, path) = match operation {
        "QueryPayment" => ("GET", format!("/pos/v10/payments/{id}")),
        "CapturePayment" => ("POST", format!("/pos/v10/payments/{id}/capture")),
        "CancelPayment" => ("POST", format!("/pos/v10/payments/{id}/cancel")),
        other => panic!("no line for {other}"),
    };
    let state = words.get(4).map_or(String::new(), |state| format!(r#"{{"status":"{state}"}}"#));
    let answer = words[2].parse().ok().map(|status| Answer {
        status,
        body: Body {
            length: state.len() as u64,
            bytes: state.into_bytes(),
            kept: BodyRetention::Whole,
            ..Body::default()
        },
        ..Answer::default()
    });
    let end = match answer {
        Some(_) => End::default(),
        None => End { by: EndedBy::Client, stage: Stage::Waiting, ..End::default() },
    };
    Record::Exchange(Box::new(Exchange {
        number,
        request: Request { method: method.into(), target: path, scheme: "https".into(), ..Request::default() },
        answer,
        end,
        times: Times { request_head: head * 1000, end: (head + lasted) * 1000, ..Times::default() },
        ..Exchange::default()
    }))
}

#[test]
fn each_pattern_has_the_findings_of_its_vectors() {
    let vectors: Vectors = toml::from_str(include_str!("../../fixtures/patterns.toml")).unwrap();
    for vector in vectors.vector {
        let mut rules = load(None).unwrap();
        let text = format!("{HEAD}{}", vector.check);
        rules.requirements = toml_file::parse("vector", &text, poscert::profile::pos_v10())
            .unwrap_or_else(|e| panic!("{}: {e:?}", vector.says))
            .requirements;
        let options = Options::default();
        let target = Target::settle(&options, None, &ClientInference::default(), &rules);
        let mut judge = Evaluator::new(&rules, &target, poscert::verify::clock::Clock::default());
        for (number, line) in (1..).zip(&vector.traffic) {
            judge.take(&exchange(number, line)).unwrap();
        }
        let input = Input { complete: true, ..Input::default() };
        let verdict = judge.finish(&input, &options).unwrap();
        let found: Vec<Vec<u64>> = verdict.requirements[0].findings.iter().map(|f| f.exchanges.clone()).collect();
        // Findings with the same message are merged: merge those of the vector in the same way.
        let flat = |lists: &[Vec<u64>]| {
            let mut all: Vec<u64> = lists.concat();
            all.sort_unstable();
            all.dedup();
            all
        };
        assert_eq!(flat(&found), flat(&vector.found), "{}", vector.says);
    }
}
