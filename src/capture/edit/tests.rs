//! Tests of edits.

use super::*;
use crate::capture::record::{Answer, Body, Exchange, Header, Notification, Times};
use crate::profile::pos_v10;
use serde_json::json;

fn exchange(number: u64, start_ms: u64) -> Record {
    let mut exchange = Exchange { number, ..Exchange::default() };
    exchange.request.method = "POST".to_owned();
    exchange.request.target = format!("/pos/v10/payments/{number}");
    exchange.request.headers = vec![Header { name: "X-One".to_owned(), value: "1".to_owned() }];
    exchange.request.body = Body { bytes: br#"{"amount":10.00,"list":[1]}"#.to_vec(), length: 27, ..Body::default() };
    exchange.answer = Some(Answer { status: 200, ..Answer::default() });
    let (request_head, end) = (start_ms * 1000, (start_ms + 100) * 1000);
    exchange.times = Times { request_head, end, answer_end_out: Some(end), ..Times::default() };
    Record::Exchange(Box::new(exchange))
}

/// Three exchanges of 100 ms that start every second, and a notification after the second.
fn edited(edits: &[Edit]) -> Result<(Vec<Exchange>, Vec<Record>), String> {
    let sent = Notification { wall_us: 0, statuses: vec![200], after_number: 2 };
    let mut timeline =
        Timeline::of(vec![exchange(1, 0), exchange(2, 1000), Record::Notification(sent), exchange(3, 2000)], pos_v10());
    for edit in edits {
        timeline.apply(edit)?;
    }
    let (mut exchanges, mut others) = (Vec::new(), Vec::new());
    for record in timeline.records() {
        match record {
            Record::Exchange(exchange) => exchanges.push(*exchange),
            other => others.push(other),
        }
    }
    Ok((exchanges, others))
}

fn change(number: u64, change: Change) -> Edit {
    Edit { target: Target::Exchange(number), change }
}

/// The start of each exchange in ms, with the last segment of its path.
fn order(edits: &[Edit]) -> Vec<(u64, String)> {
    let (exchanges, _) = edited(edits).unwrap();
    assert!((1..).zip(&exchanges).all(|(number, exchange)| exchange.number == number));
    let shown = |exchange: &Exchange| {
        (exchange.times.request_head / 1000, exchange.request.target.rsplit('/').next().unwrap().to_owned())
    };
    exchanges.iter().map(shown).collect()
}

fn of(pairs: &[(u64, &str)]) -> Vec<(u64, String)> {
    pairs.iter().map(|(start, name)| (*start, (*name).to_owned())).collect()
}

#[test]
fn headers_are_set_and_removed() {
    let name = "x-one".to_owned();
    let set = Change::SetHeader { side: Side::Request, name: name.clone(), value: "2".to_owned() };
    let (exchanges, _) = edited(&[change(1, set)]).unwrap();
    assert_eq!(exchanges[0].request.headers, [Header { name: "X-One".to_owned(), value: "2".to_owned() }]);
    let (exchanges, _) = edited(&[change(1, Change::RemoveHeader { side: Side::Request, name })]).unwrap();
    assert!(exchanges[0].request.headers.is_empty() && !exchanges[1].request.headers.is_empty());
    let added = Change::SetHeader { side: Side::Response, name: "A".to_owned(), value: "b".to_owned() };
    let (exchanges, _) = edited(&[change(3, added)]).unwrap();
    assert_eq!(exchanges[2].answer.as_ref().unwrap().headers.len(), 1);
}

#[test]
fn body_members_are_set_and_removed() {
    let body = |edits: &[Edit]| {
        let (exchanges, _) = edited(edits).unwrap();
        let body = &exchanges[0].request.body;
        assert_eq!(body.length, body.bytes.len() as u64);
        String::from_utf8(body.bytes.clone()).unwrap()
    };
    let set =
        |pointer: &str, value| change(1, Change::SetBody { side: Side::Request, pointer: pointer.to_owned(), value });
    let remove = |pointer: &str| change(1, Change::RemoveBody { side: Side::Request, pointer: pointer.to_owned() });
    assert_eq!(body(&[set("/amount", json!(5))]), r#"{"amount":5,"list":[1]}"#);
    assert_eq!(body(&[set("/list/-", json!("x")), remove("/amount")]), r#"{"list":[1,"x"]}"#);
    assert_eq!(body(&[set("/list/0", json!({"a~b": 1})), remove("/list/0/a~0b")]), r#"{"amount":10.00,"list":[{}]}"#);
    assert_eq!(body(&[set("", json!({}))]), "{}");
    assert_eq!(body(&[remove("")]), "");
    for (edit, message) in [
        (remove("/other"), "the request body of exchange 1 has no member `/other`"),
        (set("/a/b", json!(1)), "the request body of exchange 1 has no member `/a`"),
        (set("/amount/b", json!(1)), "has no object or list that `/amount/b` is in"),
        (change(1, Change::RemoveBody { side: Side::Response, pointer: "/a".to_owned() }), "is empty"),
    ] {
        let found = edited(&[edit]).unwrap_err();
        assert!(found.contains(message), "{found}");
    }
}

#[test]
fn status_is_set_with_and_without_a_response() {
    let (exchanges, _) = edited(&[change(1, Change::SetStatus(0)), change(2, Change::SetStatus(503))]).unwrap();
    assert_eq!((exchanges[0].status(), exchanges[1].status()), (None, Some(503)));
    let (exchanges, _) = edited(&[change(1, Change::SetStatus(0)), change(1, Change::SetStatus(404))]).unwrap();
    assert_eq!(exchanges[0].status(), Some(404));
}

#[test]
fn exchanges_are_removed_repeated_and_moved() {
    assert_eq!(order(&[change(2, Change::Remove)]), of(&[(0, "1"), (2000, "3")]));
    let twice = change(2, Change::Duplicate { times: 2, gap_ms: 50 });
    assert_eq!(order(&[twice]), of(&[(0, "1"), (1000, "2"), (1150, "2"), (1300, "2"), (2300, "3")]));
    let after = change(1, Change::MoveAfter { exchange: 2, gap_ms: 10 });
    assert_eq!(order(&[after]), of(&[(1000, "2"), (1110, "1"), (2110, "3")]));
    let before = change(3, Change::MoveBefore { exchange: 1, gap_ms: 10 });
    assert_eq!(order(&[before]), of(&[(0, "3"), (110, "1"), (1110, "2")]));
}

#[test]
fn times_move_alone_or_with_all_later_ones() {
    let start = |by_ms, later| change(2, Change::Start { by_ms, later });
    assert_eq!(order(&[start(500, false)]), of(&[(0, "1"), (1500, "2"), (2000, "3")]));
    assert_eq!(order(&[start(1500, false)]), of(&[(0, "1"), (2000, "3"), (2500, "2")]));
    assert_eq!(order(&[start(500, true)]), of(&[(0, "1"), (1500, "2"), (2500, "3")]));
    let longer = change(1, Change::Duration { by_ms: 400, later: true });
    let (exchanges, _) = edited(&[longer]).unwrap();
    assert_eq!((exchanges[0].duration_us(), exchanges[1].times.request_head), (500_000, 1_400_000));
    assert!(edited(&[change(1, Change::Duration { by_ms: -101, later: false })]).is_err());
    assert!(edited(&[change(1, Change::Start { by_ms: -1, later: false })]).is_err());
}

#[test]
fn numbers_in_other_records_follow_their_exchanges() {
    let after = |edits: &[Edit]| match edited(edits).unwrap().1.as_slice() {
        [Record::Notification(sent)] => sent.after_number,
        other => panic!("{other:?}"),
    };
    assert_eq!(after(&[]), 2);
    assert_eq!(after(&[change(1, Change::Remove)]), 1);
    assert_eq!(after(&[change(1, Change::Duplicate { times: 3, gap_ms: 1 })]), 5);
}

#[test]
fn edits_of_missing_exchanges_are_errors() {
    let gone = edited(&[change(3, Change::Remove), change(3, Change::Remove)]).unwrap_err();
    assert_eq!(gone, "the capture has no exchange 3; its exchanges are 1 to 2");
    let none = Edit { target: Target::Operation(Operation::GET_STORES), change: Change::Remove };
    assert_eq!(edited(&[none]).unwrap_err(), "the capture has no call of GetStores");
}
