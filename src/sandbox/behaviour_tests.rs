//! Tests over several calls: idempotency keys, customers, look-ups, expiry, lists.

use super::test_client::{STORE, Trial, payment};
use crate::api::Amount;
use crate::api::customer::{Account, CustomerAct};
use crate::api::operation::names::*;
use serde_json::{Value, json};
use std::time::Duration;

const KEY: &str = "x-mobilepay-idempotency-key";
const BEACON: &str = "000000000000001";
const TERMS: &str = r#"{"amount":100,"currencyCode":"DKK","plannedCaptureDelay":"None"}"#;

async fn pos(me: &Trial) -> String {
    me.pos("till", json!({"beaconId": BEACON})).await.text("posId")
}

fn act(me: &Trial, act: CustomerAct) -> Result<(), String> {
    me.sandbox.customer(BEACON, act)
}

async fn prepare(me: &Trial, pos: &str) -> String {
    me.call(PREPARE_PAYMENT, "", "", json!({"posId": pos, "orderId": "o"})).await.text("paymentId")
}

async fn ready(me: &Trial, payment: &str) {
    let terms = serde_json::from_str(TERMS).unwrap();
    assert_eq!(me.call(PAYMENT_READY, payment, "", terms).await.status, 200);
}

#[tokio::test]
async fn repeated_key_returns_the_first_response_and_a_refused_create_leaves_it_usable() {
    let me = Trial::new().await;
    let pos = pos(&me).await;
    let keyed = me.header(KEY, "AAAAAAAA-0000-4000-8000-000000000001");
    let first = keyed.pay(&pos).await;
    let again = me.header(KEY, "aaaaaaaa-0000-4000-8000-000000000001");
    let mut spelled = payment(&pos.to_ascii_uppercase());
    spelled["amount"] = serde_json::from_str("100.00").unwrap();
    spelled["restrictions"] = Value::Null;
    assert_eq!(again.call(INITIATE_PAYMENT, "", "", spelled).await, first, "the same request in another spelling");
    let next = me.header(KEY, "7");
    assert_eq!(next.pay(&pos).await.code, 1301);
    assert_eq!(me.call(CANCEL_PAYMENT, &first.text("paymentId"), "", Value::Null).await.status, 200);
    let second = next.pay(&pos).await;
    assert_eq!(second.status, 200, "the refused create left its key usable");
    assert_ne!(second.text("paymentId"), first.text("paymentId"));
    assert_eq!(keyed.pay(&pos).await, first, "even after that payment was cancelled");
    let colleague = me.with(2, "DK90000028").await.header(KEY, "7");
    assert_eq!(colleague.pay(&pos).await.code, 1301, "keys belong to a client id: this is another create");
    me.sandbox.clock().advance(Duration::from_secs(24 * 3600));
    let tomorrow = me.with(0, "DK90000028").await.header(KEY, "7");
    assert_eq!(tomorrow.pay(&pos).await, second, "remembered for at least a day");
}

#[tokio::test]
async fn prepared_payment_can_be_accepted_or_cancelled() {
    let me = Trial::new().await;
    let pos = pos(&me).await;
    let first = prepare(&me, &pos).await;
    assert_eq!(me.status(&first).await, "Prepared");
    act(&me, CustomerAct::CheckIn(Account::Credit)).unwrap();
    assert_eq!(me.status(&first).await, "Paired");
    assert!(act(&me, CustomerAct::Accept).is_err(), "nothing to accept yet");
    ready(&me, &first).await;
    assert_eq!(me.status(&first).await, "IssuedToUser");
    act(&me, CustomerAct::Accept).unwrap();
    assert_eq!(me.status(&first).await, "Reserved");
    let second = prepare(&me, &pos).await;
    ready(&me, &second).await;
    assert_eq!(me.status(&second).await, "Initiated");
    act(&me, CustomerAct::CheckIn(Account::Debit)).unwrap();
    assert_eq!(me.status(&second).await, "IssuedToUser");
    act(&me, CustomerAct::Cancel).unwrap();
    assert_eq!(me.status(&second).await, "CancelledByUser");
    assert!(act(&me, CustomerAct::Cancel).unwrap_err().contains("CancelledByUser"));
}

#[tokio::test]
async fn checked_in_customer_is_issued_the_payment_at_once() {
    let me = Trial::new().await;
    let pos = pos(&me).await;
    act(&me, CustomerAct::CheckIn(Account::Loyalty)).unwrap();
    let ids = |got: &super::test_client::Got| got.body.get("loyaltyIds").map(|ids| ids.as_array().unwrap().len());
    for expected in [None, None, Some(1)] {
        let got = me.call(GET_CHECK_IN, &pos, "", Value::Null).await;
        assert_eq!((got.body["isUserCheckedIn"].clone(), ids(&got)), (true.into(), expected));
    }
    let id = me.pay(&pos).await.text("paymentId");
    let got = me.call(QUERY_PAYMENT, &id, "", Value::Null).await;
    assert_eq!((got.text("status").as_str(), ids(&got)), ("IssuedToUser", Some(1)), "the look-up is complete");
    act(&me, CustomerAct::Accept).unwrap();
    let got = me.call(GET_CHECK_IN, &pos, "", Value::Null).await;
    assert_eq!(got.body, json!({"isUserCheckedIn": false, "pollDelayInMs": 1000}), "the customer left after paying");
}

#[tokio::test]
async fn customer_who_checks_in_after_a_payment_ended_stays_when_it_is_cancelled_again() {
    let me = Trial::new().await;
    let pos = pos(&me).await;
    let cancelled = me.pay(&pos).await.text("paymentId");
    let cancel = async |id: &str| assert_eq!(me.call(CANCEL_PAYMENT, id, "", Value::Null).await.status, 200);
    cancel(&cancelled).await;
    act(&me, CustomerAct::CheckIn(Account::Credit)).unwrap();
    cancel(&cancelled).await;
    let reserved = me.pay(&pos).await.text("paymentId");
    assert_eq!(me.status(&reserved).await, "IssuedToUser", "the customer is still there");
    act(&me, CustomerAct::Accept).unwrap();
    act(&me, CustomerAct::CheckIn(Account::Debit)).unwrap();
    cancel(&reserved).await;
    assert_eq!(me.call(GET_CHECK_IN, &pos, "", Value::Null).await.body["isUserCheckedIn"], true);
}

#[tokio::test]
async fn pos_can_require_the_payment_before_the_check_in() {
    let me = Trial::new().await;
    let more = json!({"beaconId": BEACON, "requirePaymentBeforeCheckin": true});
    let pos = me.pos("till", more).await.text("posId");
    assert!(act(&me, CustomerAct::CheckIn(Account::Credit)).unwrap_err().contains("only while a payment is active"));
    me.pay(&pos).await;
    act(&me, CustomerAct::CheckIn(Account::Credit)).unwrap();
    assert!(act(&me, CustomerAct::CheckIn(Account::Debit)).unwrap_err().contains("Another customer"));
    assert!(me.sandbox.customer("000000000000009", CustomerAct::Cancel).unwrap_err().contains("No PoS"));
}

#[tokio::test]
async fn abandoned_payments_and_reservations_expire() {
    let me = Trial::new().await;
    let pos = pos(&me).await;
    let idle = me.pay(&pos).await.text("paymentId");
    act(&me, CustomerAct::CheckIn(Account::Credit)).unwrap();
    me.sandbox.clock().advance(super::INACTIVITY);
    assert_eq!(me.call(GET_CHECK_IN, &pos, "", Value::Null).await.body["isUserCheckedIn"], false);
    assert_eq!(me.status(&idle).await, "CancelledByMobilePay");
    let held = me.pay(&pos).await.text("paymentId");
    act(&me, CustomerAct::CheckIn(Account::Credit)).unwrap();
    act(&me, CustomerAct::Accept).unwrap();
    let list = format!("?posId={pos}");
    assert_eq!(me.call(QUERY_PAYMENT_IDS, "", &list, Value::Null).await.body, json!({"paymentIds": [held]}));
    me.sandbox.clock().advance(Duration::from_secs(7 * 86_400));
    assert_eq!(me.call(QUERY_PAYMENT, &held, "", Value::Null).await.status, 401, "the token has expired");
    let me = me.with(0, "DK90000028").await;
    assert_eq!(me.status(&held).await, "ExpiredAndCancelled");
    assert_eq!(me.call(QUERY_PAYMENT_IDS, "", &list, Value::Null).await.body, json!({"paymentIds": []}));
    assert_eq!(me.call(CAPTURE_PAYMENT, &held, "", json!({"amount": 100})).await.code, 1304);
}

#[tokio::test]
async fn obstructing_payment_is_listed_and_can_be_cancelled() {
    let me = Trial::new().await;
    let pos = pos(&me).await;
    assert!(me.sandbox.obstruct(BEACON) && !me.sandbox.obstruct("000000000000009"));
    let keyed = me.header(KEY, "same");
    assert_eq!(keyed.pay(&pos).await.code, 1301);
    for query in [format!("?posId={pos}"), "?orderId=o".to_owned(), format!("?posId={pos}&orderId=o")] {
        let found = me.call(QUERY_PAYMENT_IDS, "", &query, Value::Null).await.body["paymentIds"].clone();
        assert_eq!(found.as_array().unwrap().len(), 1, "{query}");
    }
    let found = me.call(QUERY_PAYMENT_IDS, "", "?orderId=o", Value::Null).await.body["paymentIds"][0].clone();
    let found = found.as_str().unwrap().to_owned();
    assert_eq!(me.status(&found).await, "Initiated");
    assert_eq!(me.call(CANCEL_PAYMENT, &found, "", Value::Null).await.status, 200);
    let second = keyed.pay(&pos).await;
    assert_eq!(second.status, 200);
    assert_ne!(second.text("paymentId"), found);
}

#[tokio::test]
async fn reservation_survives_the_deletion_of_its_pos() {
    let me = Trial::new().await;
    let pos = pos(&me).await;
    let held = me.pay(&pos).await.text("paymentId");
    act(&me, CustomerAct::CheckIn(Account::PartialCapture)).unwrap();
    act(&me, CustomerAct::Accept).unwrap();
    for _ in 0..2 {
        assert_eq!(me.call(DELETE_POS, &pos, "", Value::Null).await.status, 200);
    }
    for operation in [GET_POS, GET_CHECK_IN] {
        assert_eq!(me.call(operation, &pos, "", Value::Null).await.status, 404);
    }
    let listed = me.call(GET_POS_WITH_FILTER, "", "?merchantPosId=till", Value::Null).await;
    assert_eq!(listed.body, json!({"posIds": []}));
    assert_eq!(me.call(CAPTURE_PAYMENT, &held, "", json!({"amount": 60})).await.status, 200);
    let reborn = me.pos("till", json!({"beaconId": BEACON})).await;
    assert_eq!(reborn.status, 200, "name and beacon are free again");
    let found = me.call(GET_POS_WITH_FILTER, "", &format!("?beaconId={BEACON}&storeId={STORE}"), Value::Null).await;
    assert_eq!(found.body["posIds"], json!([reborn.text("posId")]));
    assert_eq!(me.refund(&held, "60.01", "DKK").await.code, 1367, "60.00 was captured of 100.00");
    assert_eq!(me.refund(&held, "60", "DKK").await.status, 200);
}

#[tokio::test]
async fn refunds_reduce_the_store_balance() {
    let me = Trial::new().await;
    let paid = me.paid(BEACON).await;
    me.sandbox.store_balance(STORE, Some(Amount(5_000)));
    let first = me.refund(&paid, "30", "DKK").await.text("refundId");
    assert_eq!(me.refund(&paid, "30", "DKK").await.code, 1368);
    me.sandbox.clock().advance(Duration::from_millis(100));
    let got = me.call(GET_REFUND, &first, "", Value::Null).await;
    assert_eq!((got.text("status").as_str(), got.body["pollDelayInMs"].as_u64()), ("Reserved", Some(100)));
    assert_eq!(me.call(CANCEL_REFUND, &first, "", Value::Null).await.status, 200);
    let second = me.refund(&paid, "50", "DKK").await.text("refundId");
    me.sandbox.store_balance(STORE, Some(Amount(0)));
    me.sandbox.clock().advance(Duration::from_millis(100));
    assert_eq!(me.call(GET_REFUND, &second, "", Value::Null).await.text("status"), "CancelledByMobilePay");
    me.sandbox.store_balance(STORE, None);
    let third = me.refund(&paid, "100", "DKK").await.text("refundId");
    let listed = me.call(QUERY_REFUND_IDS, "", &format!("?paymentId={paid}"), Value::Null).await;
    assert_eq!(listed.body["refundIds"], json!([first, second, third]));
    me.sandbox.clock().advance(Duration::from_secs(2 * 86_400));
    let me = me.with(0, "DK90000028").await;
    assert_eq!(me.call(GET_REFUND, &third, "", Value::Null).await.text("status"), "ExpiredAndCaptured");
}

#[tokio::test]
async fn held_refund_can_be_cancelled() {
    let me = Trial::new().await;
    let paid = me.paid(BEACON).await;
    me.sandbox.hold_refunds(Some(Duration::from_secs(10)));
    let held = me.refund(&paid, "30", "DKK").await.text("refundId");
    me.sandbox.clock().advance(Duration::from_secs(9));
    assert_eq!(me.call(GET_REFUND, &held, "", Value::Null).await.text("status"), "Initiated");
    me.sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(me.call(GET_REFUND, &held, "", Value::Null).await.text("status"), "Reserved");
    me.sandbox.hold_refunds(None);
    let usual = me.refund(&paid, "30", "DKK").await.text("refundId");
    me.sandbox.clock().advance(Duration::from_millis(100));
    assert_eq!(me.call(GET_REFUND, &usual, "", Value::Null).await.text("status"), "Reserved");
}
