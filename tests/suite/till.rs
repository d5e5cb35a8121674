//! Tests of the reference client on the wire: what it sends, how often and when, and how it handles responses.

use crate::fault_gateway::{Gateway, Seen};
use poscert::api::customer::{Account, CustomerAct};
use poscert::api::{Amount, Fault, Operation, PaymentStatus};
use poscert::till::payment::Settled;
use poscert::till::sale::CancelSignal;
use poscert::till::{ClientError, Misbehavior, Paid, PendingDecision, Sale, Till, TillConfig};
use std::time::Duration;

const T: Option<Fault> = Some(Fault::Timeout);
const E: Option<Fault> = Some(Fault::ServerError);

async fn onboarded(config: TillConfig) -> Till {
    let mut till = Till::new(config).unwrap();
    till.onboard("till-1").await.unwrap();
    till
}

/// Lets a customer check in and act as soon as the sandbox allows it, after all faults.
fn customer(gateway: &Gateway, till: &Till, account: Account, act: CustomerAct) -> tokio::task::JoinHandle<()> {
    let (sandbox, beacon) = (gateway.sandbox.clone(), till.memory().pos.clone().unwrap().beacon_id);
    tokio::spawn(async move {
        while sandbox.customer(&beacon, CustomerAct::CheckIn(account)).is_err()
            || sandbox.customer(&beacon, act).is_err()
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
}

fn gap(earlier: &Seen, later: &Seen) -> Duration {
    later.came - earlier.answered.unwrap_or(earlier.came)
}

/// Checks that all attempts of a call have the same key and body.
fn same_call(sends: &[Seen]) {
    for send in sends {
        assert_eq!(send.header("x-mobilepay-idempotency-key"), sends[0].header("x-mobilepay-idempotency-key"));
        assert_eq!(send.body, sends[0].body);
        assert_eq!(send.target, sends[0].target);
    }
}

#[tokio::test]
async fn pos_is_created_once_despite_lost_responses() {
    let gateway = Gateway::start().await;
    gateway.arm(Operation::CREATE_POS, &[T, E]);
    gateway.arm(Operation::DELETE_POS, &[T, E]);
    let mut till = onboarded(gateway.till()).await;
    let creates = gateway.seen(Operation::CREATE_POS);
    assert_eq!(creates.iter().map(|send| send.status).collect::<Vec<_>>(), [None, Some(500), Some(200)]);
    same_call(&creates);
    assert!(creates[0].header("x-mobilepay-idempotency-key").is_some_and(|key| key.len() == 36));
    let held = creates[1].came - creates[0].came;
    assert!(held >= Duration::from_millis(2100) && held < Duration::from_secs(4), "{held:?}");
    assert_ne!(creates[0].connection, creates[1].connection, "the connection of a timed-out call is not reused");
    assert!(gap(&creates[1], &creates[2]) >= Duration::from_millis(390));
    for send in gateway.log().iter().filter(|send| send.operation.is_some()) {
        assert_eq!(send.header("x-mobilepay-client-system-version"), Some("2.1.0"));
        assert_eq!(send.header("x-mobilepay-merchant-vat-number"), Some("DK90000028"));
        assert_eq!(send.header("x-ibm-client-id"), Some("c0ffee00-0000-4000-8000-000000000001"));
        assert!(send.header("authorization").unwrap().starts_with("Bearer "));
    }
    till.offboard().await.unwrap();
    assert_eq!(gateway.seen(Operation::DELETE_POS).len(), 3);
    assert_eq!(till.memory().pos, None);
    assert!(matches!(till.offboard().await, Err(ClientError::NoPos)));
    let tokens = gateway.log().iter().filter(|send| send.target.ends_with("/connect/token")).count();
    assert_eq!(tokens, 1, "one token serves all calls");
}

#[tokio::test]
async fn restarted_till_finds_its_pos() {
    let gateway = Gateway::start().await;
    let first = onboarded(gateway.till()).await;
    let again = onboarded(gateway.till()).await;
    assert_eq!(first.memory().pos, again.memory().pos);
    assert_eq!(gateway.seen(Operation::CREATE_POS).len(), 1);
}

#[tokio::test]
async fn taken_beacon_is_freed() {
    let gateway = Gateway::start().await;
    let config = TillConfig { beacon_id: Some("123456789012345".to_owned()), ..gateway.till() };
    onboarded(config.clone()).await;
    let pos = Till::new(config).unwrap().onboard("till-2").await.unwrap();
    assert_eq!(pos.beacon_id, "123456789012345");
    let creates = gateway.seen(Operation::CREATE_POS);
    assert_eq!(creates.iter().map(|send| send.status).collect::<Vec<_>>(), [Some(200), Some(409), Some(200)]);
    same_call(&creates[1..]);
    assert_eq!(gateway.seen(Operation::DELETE_POS).len(), 1);
}

#[tokio::test]
async fn refused_token_is_replaced_and_not_reused() {
    let gateway = Gateway::start().await;
    onboarded(TillConfig { first_token: Some("of.yester.day".to_owned()), ..gateway.till() }).await;
    let lookups = gateway.seen(Operation::GET_POS_WITH_FILTER);
    assert_eq!(lookups.iter().map(|send| send.status).collect::<Vec<_>>(), [Some(401), Some(200)]);
    let stale =
        gateway.log().iter().filter(|send| send.header("authorization") == Some("Bearer of.yester.day")).count();
    assert_eq!(stale, 1);
}

#[tokio::test]
async fn sale_completes_despite_lost_responses() {
    let gateway = Gateway::start().await;
    let mut till = onboarded(gateway.till()).await;
    gateway.arm(Operation::INITIATE_PAYMENT, &[T, E]);
    gateway.arm(Operation::QUERY_PAYMENT, &[None, T, E, None]);
    gateway.arm(Operation::CAPTURE_PAYMENT, &[T, E]);
    let sale = Sale::of(Amount(10_000));
    let payment = till.initiate(&sale).await.unwrap();
    same_call(&gateway.seen(Operation::INITIATE_PAYMENT));
    assert_eq!(gateway.seen(Operation::INITIATE_PAYMENT).len(), 3);
    let (sandbox, beacon) = (gateway.sandbox.clone(), till.memory().pos.clone().unwrap().beacon_id);
    let paid = {
        let abort = CancelSignal::default();
        let through = till.see_through(payment.clone(), &sale, &abort);
        tokio::pin!(through);
        loop {
            tokio::select! {
                paid = &mut through => break paid.unwrap(),
                () = tokio::time::sleep(Duration::from_millis(50)), if gateway.armed() == 2 => {
                    let _ = sandbox.customer(&beacon, CustomerAct::CheckIn(Account::Credit));
                    let _ = sandbox.customer(&beacon, CustomerAct::Accept);
                }
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
        }
    };
    assert_eq!(paid, Paid::Captured(payment, Amount(10_000)));
    let polls = gateway.seen(Operation::QUERY_PAYMENT);
    assert!(polls.len() >= 5, "{polls:#?}");
    assert!(gap(&polls[0], &polls[1]) >= Duration::from_secs(1));
    assert!(gap(&polls[1], &polls[2]) >= Duration::from_millis(1500), "the timeout of half a second, then the delay");
    assert!(gap(&polls[1], &polls[2]) < Duration::from_millis(2500));
    assert!(gap(&polls[2], &polls[3]) >= Duration::from_secs(1));
    let captures = gateway.seen(Operation::CAPTURE_PAYMENT);
    assert_eq!(captures.len(), 3);
    assert_eq!(captures[0].body, r#"{"amount":100.00}"#);
    same_call(&captures);
    assert_eq!(till.memory().hanging, []);
    assert_eq!(till.memory().open, None);
    assert_eq!(gateway.operations().last(), Some(&Operation::CAPTURE_PAYMENT), "polling ends at the capture");
}

#[tokio::test]
async fn payment_cancelled_by_the_customer_is_neither_captured_nor_polled() {
    let gateway = Gateway::start().await;
    let mut till = onboarded(gateway.till()).await;
    let customer = customer(&gateway, &till, Account::Credit, CustomerAct::Cancel);
    let paid = till.pay(&Sale::of(Amount(1_999)), &CancelSignal::default()).await.unwrap();
    assert!(matches!(paid, Paid::Ended(_, PaymentStatus::CancelledByUser)), "{paid:?}");
    customer.await.unwrap();
    assert_eq!(gateway.operations().last(), Some(&Operation::QUERY_PAYMENT));
    assert_eq!(gateway.seen(Operation::INITIATE_PAYMENT)[0].status, Some(200));
}

#[tokio::test]
async fn cashier_cancels_despite_lost_responses() {
    let gateway = Gateway::start().await;
    let mut till = onboarded(gateway.till()).await;
    gateway.arm(Operation::CANCEL_PAYMENT, &[T, E]);
    let abort = CancelSignal::default();
    abort.press();
    let paid = till.pay(&Sale::of(Amount(500)), &abort).await.unwrap();
    assert!(matches!(paid, Paid::Ended(_, PaymentStatus::CancelledByClient)), "{paid:?}");
    let cancels = gateway.seen(Operation::CANCEL_PAYMENT);
    assert_eq!(cancels.len(), 3);
    assert!(cancels.iter().all(|send| send.body.is_empty() && send.header("content-type").is_none()));
}

#[tokio::test]
async fn active_payment_is_cancelled_and_reservations_are_kept() {
    let gateway = Gateway::start().await;
    // A hanging reservation: its capture fails until the till gives up.
    let mut config = gateway.till();
    assert!(config.pace.rest >= Duration::from_secs(30), "half a minute by default");
    config.pace.rest = Duration::from_secs(4);
    let mut till = onboarded(config).await;
    gateway.arm(Operation::CAPTURE_PAYMENT, &[E; 6]);
    let paying = customer(&gateway, &till, Account::Credit, CustomerAct::Accept);
    let paid = till.pay(&Sale::of(Amount(4_200)), &CancelSignal::default()).await.unwrap();
    let Paid::Hanging(hanging, _) = paid else { panic!("{paid:?}") };
    paying.await.unwrap();
    let sends = gateway.seen(Operation::CAPTURE_PAYMENT);
    assert_eq!(sends.len(), 6, "five retries and no more");
    same_call(&sends);
    for pair in sends.windows(2) {
        assert!(gap(&pair[0], &pair[1]) >= Duration::from_millis(190));
    }
    assert!(matches!(till.offboard().await, Err(ClientError::StillHanging(1))));

    // Another till on the same PoS starts a payment and loses power.
    let mut other = onboarded(gateway.till()).await;
    let left = other.initiate(&Sale::of(Amount(700))).await.unwrap();
    drop(other);

    let paying = till.initiate(&Sale::of(Amount(900))).await.unwrap();
    let starts = gateway.seen(Operation::INITIATE_PAYMENT);
    assert_eq!(starts.iter().map(|send| send.status.unwrap()).collect::<Vec<_>>(), [200, 200, 409, 200]);
    same_call(&starts[2..]);
    let cancels = gateway.seen(Operation::CANCEL_PAYMENT);
    assert_eq!(cancels.len(), 1);
    assert!(cancels[0].target.contains(&left.id));
    assert!(matches!(till.abandon(paying).await, Ok(Paid::Ended(..))));

    // The periodic job waits, then captures.
    assert_eq!(till.resume_hanging().await.unwrap(), []);
    let due = till.next_job().unwrap();
    assert!(!due.is_zero(), "{due:?}");
    assert_eq!(till.memory().hanging[0].intent, PendingDecision::Capture(4_200));
    tokio::time::sleep(due).await;
    let done = till.resume_hanging().await.unwrap();
    assert_eq!(done.len(), 1);
    assert_eq!((done[0].0.id.as_str(), &done[0].1), (hanging.id.as_str(), &Ok(Settled::Captured(Amount(4_200)))));
    let sends = gateway.seen(Operation::CAPTURE_PAYMENT);
    assert!(sends[6].came - sends[5].came >= Duration::from_secs(4));
    assert_eq!(till.next_job(), None);
}

#[tokio::test]
async fn partial_amount_is_captured_if_the_card_allows_it() {
    let gateway = Gateway::start().await;
    let mut till = onboarded(gateway.till()).await;
    for (account, wanted) in [(Account::PartialCapture, Amount(6_000)), (Account::Credit, Amount(9_995))] {
        let paying = customer(&gateway, &till, account, CustomerAct::Accept);
        let sale = Sale::of(Amount(9_995)).capturing(Amount(6_000));
        let paid = till.pay(&sale, &CancelSignal::default()).await.unwrap();
        assert!(matches!(paid, Paid::Captured(_, amount) if amount == wanted), "{paid:?}");
        paying.await.unwrap();
    }
}

#[tokio::test]
async fn hanging_decision_survives_a_restart() {
    let gateway = Gateway::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = TillConfig { memory: Some(folder.path().join("till.json")), ..gateway.till() };
    config.pace.rest = Duration::ZERO;
    config.pace.attempts = 2;
    let mut till = onboarded(config.clone()).await;
    let payment = till.initiate(&Sale::of(Amount(100))).await.unwrap();
    gateway.arm(Operation::CANCEL_PAYMENT, &[E, E]);
    assert!(matches!(till.cancel(&payment.id).await, Ok(Settled::Hanging(_))));
    drop(till);
    let mut again = Till::new(config).unwrap();
    assert!(again.memory().pos.is_some());
    let done = again.resume_hanging().await.unwrap();
    assert_eq!(done[0].1, Ok(Settled::Cancelled));
}

#[tokio::test]
async fn refused_capture_is_queried_and_cancelled() {
    let gateway = Gateway::start().await;
    let config = TillConfig { mistake: Some(Misbehavior::TruncatesCapture), ..gateway.till() };
    let mut till = onboarded(config).await;
    let paying = customer(&gateway, &till, Account::Credit, CustomerAct::Accept);
    let paid = till.pay(&Sale::of(Amount(9_995)), &CancelSignal::default()).await.unwrap();
    paying.await.unwrap();
    assert!(matches!(paid, Paid::Ended(_, PaymentStatus::CancelledByClient)), "{paid:?}");
    let tail: Vec<Operation> = gateway.operations().into_iter().rev().take(3).collect();
    assert_eq!(tail, [Operation::CANCEL_PAYMENT, Operation::QUERY_PAYMENT, Operation::CAPTURE_PAYMENT]);
    assert_eq!(gateway.seen(Operation::CAPTURE_PAYMENT)[0].body, r#"{"amount":99.00}"#);
}

#[tokio::test]
async fn untrusted_certificate_error_names_the_ca_option() {
    let gateway = Gateway::start().await;
    let stranger = tempfile::tempdir().unwrap();
    let authority = poscert::pki::Authority::open(stranger.path()).unwrap();
    let mut config = TillConfig { ca_file: Some(authority.files().pem.clone()), ..gateway.till() };
    config.pace.attempts = 1;
    let trouble = Till::new(config).unwrap().onboard("till-1").await.unwrap_err();
    assert!(trouble.to_string().contains("--ca-file"), "{trouble}");
}

#[tokio::test]
async fn driven_till_carries_out_actions_in_order_and_survives_a_restart() {
    let gateway = Gateway::start().await;
    let folder = tempfile::tempdir().unwrap();
    let config = TillConfig { memory: Some(folder.path().join("till.json")), ..gateway.till() };
    let (acts, lines) = tokio::sync::mpsc::unbounded_channel();
    let send = move |line: &str| acts.send(line.to_owned()).unwrap();
    let mut told = Vec::new();
    let play = async {
        let until = async |operation: Operation, count: usize| {
            while gateway.seen(operation).len() < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        send(r#"{"case": "onboarding/3", "step": 1, "act": "onboard", "text": "Onboard"}"#);
        send(r#"{"act": "pay", "amount": "5.00"}"#);
        until(Operation::QUERY_PAYMENT, 1).await;
        send(r#"{"act": "abort"}"#);
        until(Operation::CANCEL_PAYMENT, 1).await;
        send(r#"{"act": "pay", "amount": "6.00"}"#);
        until(Operation::QUERY_PAYMENT, 2).await;
        send(r#"{"act": "restart"}"#);
        until(Operation::GET_POS_WITH_FILTER, 2).await;
        // The payment left active by the power cut blocks the next one.
        send(r#"{"act": "pay", "amount": "7.00"}"#);
        until(Operation::CANCEL_PAYMENT, 2).await;
        send(r#"{"act": "abort"}"#);
        until(Operation::CANCEL_PAYMENT, 3).await;
        send(r#"{"act": "offboard"}"#);
        send(r#"{"act": "end"}"#);
    };
    let driven = poscert::till::driver::drive(&config, "till-1", lines, |line| told.push(line.to_owned()));
    let (driven, ()) =
        tokio::time::timeout(Duration::from_secs(60), async { tokio::join!(driven, play) }).await.unwrap();
    driven.unwrap();
    let starts = gateway.seen(Operation::INITIATE_PAYMENT);
    assert_eq!(starts.iter().map(|send| send.status.unwrap()).collect::<Vec<_>>(), [200, 200, 409, 200]);
    assert_eq!(gateway.seen(Operation::CREATE_POS).len(), 1);
    assert_eq!(gateway.operations().last(), Some(&Operation::DELETE_POS));
    assert_eq!(told.len(), 5, "{told:#?}");
    assert!(told.last().unwrap().contains("offboarded"), "{told:#?}");
}
