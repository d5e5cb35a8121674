//! Tests of the reference client on the wire: prepared payments, refunds, members, restricted cards.

use crate::fault_gateway::Gateway;
use crate::poscert_process::{Recording, ended, exchanges, poscert, text};
use poscert::api::customer::{Account, CustomerAct};
use poscert::api::{Amount, Fault, Operation, PaymentStatus, RefundStatus};
use poscert::till::prepared::due;
use poscert::till::sale::CancelSignal;
use poscert::till::{ClientError, Paid, PendingDecision, Refunded, Restrictions, Sale, Till, TillConfig};
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::Duration;
use tokio::task::JoinHandle;

const T: Option<Fault> = Some(Fault::Timeout);
const E: Option<Fault> = Some(Fault::ServerError);

async fn onboarded(mut config: TillConfig) -> Till {
    config.pace.cancel_delay = Duration::ZERO;
    let mut till = Till::new(config).unwrap();
    till.onboard("till-1").await.unwrap();
    till
}

/// A customer who checks in after `polls` polls of an operation, and then acts as soon as possible.
fn customer(
    gateway: &Gateway,
    till: &Till,
    after: (Operation, usize),
    account: Account,
    act: CustomerAct,
) -> JoinHandle<()> {
    let (gateway, beacon) = (gateway.watcher(), till.memory().pos.clone().unwrap().beacon_id);
    tokio::spawn(async move {
        while gateway.answered(after.0) < after.1
            || gateway.sandbox.customer(&beacon, CustomerAct::CheckIn(account)).is_err()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        while gateway.sandbox.customer(&beacon, act).is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
}

fn statuses(gateway: &Gateway, operation: Operation) -> Vec<Option<u16>> {
    gateway.seen(operation).iter().map(|send| send.status).collect()
}

/// A payment of 100.00 that was captured.
async fn paid(gateway: &Gateway, till: &mut Till) -> String {
    let customer = customer(gateway, till, (Operation::INITIATE_PAYMENT, 1), Account::Credit, CustomerAct::Accept);
    let paid = till.pay(&Sale::of(Amount(10_000)), &CancelSignal::default()).await.unwrap();
    customer.await.unwrap();
    let Paid::Captured(payment, _) = paid else { panic!("{paid:?}") };
    payment.id
}

#[tokio::test]
async fn prepared_payment_waits_for_membership_and_survives_lost_responses() {
    let gateway = Gateway::start().await;
    let mut till = onboarded(gateway.till()).await;
    gateway.arm(Operation::PREPARE_PAYMENT, &[T, E]);
    gateway.arm(Operation::PAYMENT_READY, &[T, E]);
    let prepared = till.prepare().await.unwrap();
    assert_eq!(till.memory().prepared.as_ref(), Some(&prepared));
    assert_eq!(statuses(&gateway, Operation::PREPARE_PAYMENT), [None, Some(500), Some(200)]);
    let keys: Vec<_> = gateway.seen(Operation::PREPARE_PAYMENT);
    assert!(keys.iter().all(|send| {
        send.header("x-mobilepay-idempotency-key") == keys[0].header("x-mobilepay-idempotency-key")
            && send.body == keys[0].body
    }));
    let here = customer(&gateway, &till, (Operation::QUERY_PAYMENT, 1), Account::Loyalty, CustomerAct::Accept);
    let paid =
        till.pay_prepared(prepared.clone(), &due(Sale::of(Amount(9_000))), &CancelSignal::default()).await.unwrap();
    here.await.unwrap();
    assert!(matches!(&paid, Paid::Captured(payment, Amount(9_000)) if payment.id == prepared.id), "{paid:?}");
    assert_eq!(statuses(&gateway, Operation::PAYMENT_READY), [None, Some(500), Some(200)]);
    let ready = gateway.seen(Operation::PAYMENT_READY)[0].came;
    let before: Vec<_> = gateway.seen(Operation::QUERY_PAYMENT).into_iter().filter(|poll| poll.came < ready).collect();
    assert!(before.len() >= 4, "prepared, two responses without loyaltyIds, one with them: {}", before.len());
    assert_eq!(till.memory().prepared, None);
}

#[tokio::test]
async fn active_prepared_payment_is_cancelled() {
    let gateway = Gateway::start().await;
    let mut first = onboarded(gateway.till()).await;
    let left = first.prepare().await.unwrap();
    let mut till = onboarded(gateway.till()).await;
    let mine = till.prepare().await.unwrap();
    assert_ne!(left.id, mine.id);
    assert_eq!(statuses(&gateway, Operation::PREPARE_PAYMENT), [Some(200), Some(409), Some(200)]);
    let cancels = gateway.seen(Operation::CANCEL_PAYMENT);
    assert!(cancels.len() == 1 && cancels[0].target.contains(&left.id));
    let abort = CancelSignal::default();
    abort.press();
    let paid = till.pay_prepared(mine, &due(Sale::of(Amount(100))), &abort).await.unwrap();
    assert!(matches!(paid, Paid::Ended(_, PaymentStatus::CancelledByClient)), "{paid:?}");
    assert!(gateway.seen(Operation::PAYMENT_READY).is_empty());
}

#[tokio::test]
async fn amount_is_fixed_without_a_customer_after_a_while() {
    let gateway = Gateway::start().await;
    let mut config = gateway.till();
    config.pace.arrival = Duration::from_millis(900);
    config.pace.customer = Duration::from_secs(3);
    let mut till = onboarded(config).await;
    let prepared = till.prepare().await.unwrap();
    let paid = till.pay_prepared(prepared, &due(Sale::of(Amount(100))), &CancelSignal::default()).await.unwrap();
    assert!(matches!(paid, Paid::Ended(_, PaymentStatus::CancelledByClient)), "no customer came: {paid:?}");
    assert_eq!(statuses(&gateway, Operation::PAYMENT_READY), [Some(200)]);
}

#[tokio::test]
async fn membership_is_known_before_the_payment_is_started() {
    let gateway = Gateway::start().await;
    let mut till = onboarded(gateway.till()).await;
    let here = customer(&gateway, &till, (Operation::GET_CHECK_IN, 1), Account::Loyalty, CustomerAct::Accept);
    let sale = Sale { member_first: true, ..Sale::of(Amount(4_500)) };
    let paid = till.pay(&sale, &CancelSignal::default()).await.unwrap();
    here.await.unwrap();
    assert!(matches!(paid, Paid::Captured(..)), "{paid:?}");
    let checks = gateway.seen(Operation::GET_CHECK_IN);
    assert_eq!(checks.len(), 4, "no customer, two responses without loyaltyIds, one with them");
    for pair in checks.windows(2) {
        assert!(pair[1].came - pair[0].came >= Duration::from_secs(1));
    }
    let operations = gateway.operations();
    let start = operations.iter().position(|operation| *operation == Operation::INITIATE_PAYMENT).unwrap();
    assert!(!operations[start..].contains(&Operation::GET_CHECK_IN));
    let abort = CancelSignal::default();
    abort.press();
    assert_eq!(till.pay(&sale, &abort).await.unwrap(), Paid::NoCustomer);
}

#[tokio::test]
async fn refused_card_ends_the_payment() {
    let gateway = Gateway::start().await;
    let mut till = onboarded(gateway.till()).await;
    let no_debit = Restrictions { debit_card_disallowed: true, credit_card_disallowed: false };
    let sale = Sale { restrictions: Some(no_debit), ..Sale::of(Amount(1_300)) };
    let here = customer(&gateway, &till, (Operation::INITIATE_PAYMENT, 1), Account::Debit, CustomerAct::Accept);
    let refused = till.pay(&sale, &CancelSignal::default()).await.unwrap();
    here.await.unwrap();
    assert!(matches!(refused, Paid::Ended(_, PaymentStatus::CancelledByMobilePay)), "{refused:?}");
    assert_eq!(gateway.operations().last(), Some(&Operation::QUERY_PAYMENT));
    let body = &gateway.seen(Operation::INITIATE_PAYMENT)[0].body;
    assert!(body.contains(r#""restrictions":{"debitCardDisallowed":true,"creditCardDisallowed":false}"#), "{body}");
}

#[tokio::test]
async fn partial_refunds_survive_lost_responses_and_never_exceed_the_captured_amount() {
    let gateway = Gateway::start().await;
    let mut till = onboarded(gateway.till()).await;
    let payment = paid(&gateway, &mut till).await;
    gateway.arm(Operation::CREATE_REFUND, &[T, E]);
    gateway.arm(Operation::CAPTURE_REFUND, &[T, E]);
    let refunded = till.refund(Amount(6_000), None, &CancelSignal::default()).await.unwrap();
    assert!(matches!(&refunded, Refunded::Captured(refund) if refund.payment_id == payment), "{refunded:?}");
    assert_eq!(statuses(&gateway, Operation::CREATE_REFUND), [None, Some(500), Some(200)]);
    assert_eq!(statuses(&gateway, Operation::CAPTURE_REFUND), [None, Some(500), Some(200)]);
    let sends = gateway.seen(Operation::CREATE_REFUND);
    assert!(sends.iter().all(|send| send.body == sends[0].body));
    assert!(gateway.seen(Operation::CAPTURE_REFUND).iter().all(|send| send.body.is_empty()));

    // The cashier cancels the refund; the amount can be refunded later.
    let abort = CancelSignal::default();
    abort.press();
    let stopped = till.refund(Amount(4_000), None, &abort).await.unwrap();
    assert!(matches!(stopped, Refunded::Ended(_, RefundStatus::CancelledByClient)), "{stopped:?}");
    let rest = till.refund(Amount(4_000), None, &CancelSignal::default()).await.unwrap();
    assert!(matches!(rest, Refunded::Captured(_)), "{rest:?}");
    assert_eq!(till.memory().hanging, []);

    // Nothing is left, and no request is sent.
    let asked = gateway.seen(Operation::CREATE_REFUND).len();
    assert_eq!(till.refund(Amount(1), None, &CancelSignal::default()).await, Err(ClientError::NothingTaken(Amount(1))));
    assert_eq!(gateway.seen(Operation::CREATE_REFUND).len(), asked);
}

#[tokio::test]
async fn refused_refund_is_queried_and_not_repeated() {
    let gateway = Gateway::start().await;
    let mut till = onboarded(gateway.till()).await;
    let payment = paid(&gateway, &mut till).await;
    // Another till of the merchant has already refunded most of it.
    let mut other = onboarded(gateway.till()).await;
    other.refund(Amount(9_000), Some(&payment), &CancelSignal::default()).await.unwrap();
    let asked = gateway.seen(Operation::CREATE_REFUND).len();
    let refused = till.refund(Amount(5_000), None, &CancelSignal::default()).await.unwrap_err();
    assert!(refused.has_code(1367), "{refused}");
    assert_eq!(gateway.seen(Operation::CREATE_REFUND).len(), asked + 1);
    assert_eq!(gateway.seen(Operation::QUERY_REFUND_IDS).len(), 1);
    assert_eq!(till.memory().taken[0].left(), 1_000, "the amount left is known now");
}

#[tokio::test]
async fn refund_survives_a_restart() {
    let gateway = Gateway::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = TillConfig { memory: Some(folder.path().join("till.json")), ..gateway.till() };
    config.pace.rest = Duration::from_millis(500);
    let mut till = onboarded(config.clone()).await;
    paid(&gateway, &mut till).await;
    let refund = till.create_refund(Amount(2_500), None).await.unwrap();
    drop(till);
    let mut again = Till::new(config).unwrap();
    assert_eq!(again.memory().hanging[0].intent, PendingDecision::CaptureRefund);
    assert_eq!(again.open_refund(), Some(refund.id.as_str()));
    tokio::time::sleep(again.next_job().unwrap()).await;
    again.resume_hanging().await.unwrap();
    assert_eq!(again.memory().hanging, []);
    assert_eq!(statuses(&gateway, Operation::CAPTURE_REFUND), [Some(200)]);
    assert!(!gateway.seen(Operation::GET_REFUND).is_empty(), "it is queried before it is captured");
}

#[tokio::test]
async fn driven_till_prepares_makes_ready_refunds_and_cancels_a_refund() {
    let gateway = Gateway::start().await;
    let config = gateway.till();
    assert!(config.pace.cancel_delay >= Duration::from_secs(1), "enough time to press a key");
    let (acts, lines) = tokio::sync::mpsc::unbounded_channel();
    let send = move |line: &str| acts.send(line.to_owned()).unwrap();
    let mut told = Vec::new();
    let play = async {
        let until = async |operation: Operation, count: usize| {
            while gateway.answered(operation) < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        send(r#"{"act": "onboard"}"#);
        send(r#"{"act": "prepare", "text": "Prepare a payment"}"#);
        until(Operation::QUERY_PAYMENT, 1).await;
        let pos = gateway.seen(Operation::GET_POS)[0].target.rsplit('/').next().unwrap().to_owned();
        let beacon = gateway.sandbox.beacon(&pos).unwrap();
        gateway.sandbox.customer(&beacon, CustomerAct::CheckIn(Account::PartialCapture)).unwrap();
        send(
            r#"{"act": "ready", "amount": "100.00", "capture": "60.00", "restrictions": {"debitCardDisallowed": true}}"#,
        );
        until(Operation::PAYMENT_READY, 1).await;
        gateway.sandbox.customer(&beacon, CustomerAct::Accept).unwrap();
        until(Operation::CAPTURE_PAYMENT, 1).await;
        send(r#"{"act": "refund", "amount": "20.00"}"#);
        until(Operation::CREATE_REFUND, 1).await;
        send(r#"{"act": "cancel-refund"}"#);
        until(Operation::CANCEL_REFUND, 1).await;
        send(r#"{"act": "refund", "amount": "60.00"}"#);
        until(Operation::CAPTURE_REFUND, 1).await;
        // A prepared payment without an amount is cancelled when the till gets another action.
        send(r#"{"act": "prepare"}"#);
        until(Operation::PREPARE_PAYMENT, 2).await;
        send(r#"{"act": "offboard"}"#);
        send(r#"{"act": "end"}"#);
    };
    let driven = poscert::till::driver::drive(&config, "till-1", lines, |line| told.push(line.to_owned()));
    let (driven, ()) =
        tokio::time::timeout(Duration::from_secs(60), async { tokio::join!(driven, play) }).await.unwrap();
    driven.unwrap();
    assert_eq!(gateway.seen(Operation::CAPTURE_PAYMENT)[0].body, r#"{"amount":60.00}"#);
    assert!(gateway.seen(Operation::PAYMENT_READY)[0].body.contains(r#""debitCardDisallowed":true"#));
    let tail: Vec<Operation> = gateway.operations().into_iter().rev().take(2).collect();
    assert_eq!(tail, [Operation::DELETE_POS, Operation::CANCEL_PAYMENT]);
    assert_eq!(told.len(), 6, "{told:#?}");
    assert!(told[2].contains("CancelledByClient") && told[3].contains("refunded 60.00"), "{told:#?}");
}

#[test]
fn followed_payment_is_handed_over_to_the_next_command_of_the_till() {
    let home = tempfile::tempdir().unwrap();
    let recording = Recording::start(home.path(), &[]);
    let till = |act: &[&str]| {
        let mut command = poscert(home.path());
        command.arg("till").args(act).args(["--base-url", recording.field("base_url")]);
        command
    };
    assert!(till(&["onboard"]).output().unwrap().status.success());
    let mut following = till(&["prepare", "--wait"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(following.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.contains("is prepared: set the amount"), "{line}");

    let stopped = till(&["cancel"]).output().unwrap();
    assert!(text(&stopped.stdout).contains("cancelled"), "{}", text(&stopped.stderr));
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("handed over to the next command"), "{rest}");
    assert_eq!(ended(&mut following).code(), Some(0));
    recording.stop();
    let all = exchanges(home.path(), "poscert-capture");
    let last = all.last().unwrap()["request"]["target"].as_str().unwrap().to_owned();
    assert!(last.ends_with("/cancel"), "{last}");
}
