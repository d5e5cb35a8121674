//! Tests of every transition of a payment, and of every refusal with its condition.

use super::*;
use crate::sandbox::body::Restrictions;
use PaymentStatus::*;

const T: Moment = Duration::from_secs(1_700_000_000);
const SECOND: Duration = Duration::from_secs(1);

fn id() -> Guid {
    Guid::parse("9d0a9c45-1793-4e82-9410-b0ee6779ab60").unwrap()
}

fn terms(restrictions: Option<(bool, bool)>) -> Terms {
    Terms {
        amount: Amount(10_000),
        currency_code: "DKK".into(),
        planned_capture_delay: "None".into(),
        merchant_payment_label: None,
        restrictions: restrictions
            .map(|(debit, credit)| Restrictions { debit_card_disallowed: debit, credit_card_disallowed: credit }),
    }
}

fn payment(terms: Option<Terms>) -> Payment {
    let new = NewPayment { pos_id: id(), order_id: "o".into() };
    Payment::new(("integrator", "DK90000028"), id(), id(), &new, terms, T)
}

fn visit(account: Account) -> Visit {
    Visit::new(account, account.phone("DK"), T)
}

/// An initiated payment that its customer has accepted.
fn accepted(account: Account, restrictions: Option<(bool, bool)>) -> Payment {
    let mut payment = payment(Some(terms(restrictions)));
    payment.check_in(&visit(account), T);
    assert!(payment.accept(T));
    payment
}

fn code(outcome: Result<(), Refusal>) -> Option<u16> {
    outcome.err().and_then(|refusal| refusal.code())
}

#[test]
fn only_the_documented_transitions_exist() {
    let documented = [
        (Event::CheckIn, Prepared, Paired),
        (Event::CheckIn, Initiated, IssuedToUser),
        (Event::Ready, Prepared, Initiated),
        (Event::Ready, Paired, IssuedToUser),
        (Event::Accept, IssuedToUser, Reserved),
        (Event::CustomerCancel, Paired, CancelledByUser),
        (Event::CustomerCancel, IssuedToUser, CancelledByUser),
        (Event::ClientCancel, Prepared, CancelledByClient),
        (Event::ClientCancel, Paired, CancelledByClient),
        (Event::ClientCancel, Initiated, CancelledByClient),
        (Event::ClientCancel, IssuedToUser, CancelledByClient),
        (Event::ClientCancel, Reserved, CancelledByClient),
        (Event::Capture, Reserved, Captured),
        (Event::Refuse, Prepared, CancelledByMobilePay),
        (Event::Refuse, Initiated, CancelledByMobilePay),
        (Event::Refuse, IssuedToUser, CancelledByMobilePay),
        (Event::Expire, Reserved, ExpiredAndCancelled),
    ];
    for event in Event::ALL {
        for state in PaymentStatus::ALL {
            let expected = documented.iter().find(|(e, from, _)| (*e, *from) == (event, state)).map(|(_, _, to)| *to);
            assert_eq!(next(state, event), expected, "{event:?} in {state:?}");
            assert!(!state.is_final() || expected.is_none(), "{state:?} is final");
        }
    }
}

#[test]
fn payments_expire_when_documented() {
    let day = Duration::from_secs(86_400);
    for (state, after, expected) in [
        (Prepared, INACTIVITY, CancelledByMobilePay),
        (Initiated, INACTIVITY, CancelledByMobilePay),
        (IssuedToUser, INACTIVITY, CancelledByMobilePay),
        (Paired, 30 * day, Paired),
        (Reserved, 7 * day, ExpiredAndCancelled),
        (Captured, 30 * day, Captured),
        (CancelledByUser, 30 * day, CancelledByUser),
    ] {
        let mut payment = payment(Some(terms(None)));
        payment.state = state;
        payment.settle((T + after).checked_sub(SECOND).unwrap());
        assert_eq!(payment.state, state, "{state:?} a second before its expiry");
        payment.settle(T + after + SECOND);
        assert_eq!(payment.state, expected, "{state:?}");
        let ended = if state == expected { T } else { T + after };
        assert_eq!(payment.since, ended, "{state:?} ended when it expired, not when it was read");
    }
}

#[test]
fn prepared_payment_is_made_ready_once() {
    for (checked_in, state) in [(false, Initiated), (true, IssuedToUser)] {
        let mut payment = payment(None);
        if checked_in {
            payment.check_in(&visit(Account::Credit), T);
        }
        assert_eq!(payment.ready(&terms(None), T), Ok(()));
        assert_eq!(payment.state, state);
        assert_eq!(payment.ready(&terms(None), T), Ok(()), "repeated with the same terms");
        let other = Terms { amount: Amount(1), ..terms(None) };
        assert_eq!(code(payment.ready(&other, T)), Some(1303));
        payment.cancel(T).unwrap();
        assert_eq!(code(payment.ready(&terms(None), T)), Some(1303));
    }
    assert_eq!(code(payment(Some(terms(None))).ready(&terms(None), T)), Some(1303), "initiated, not prepared");
}

#[test]
fn capture_is_limited_to_the_reserved_amount() {
    assert_eq!(code(payment(Some(terms(None))).capture(Amount(10_000), T)), Some(1304));
    let mut whole = accepted(Account::Credit, None);
    assert_eq!(code(whole.capture(Amount(10_001), T)), Some(1305));
    assert_eq!(code(whole.capture(Amount(9_999), T)), Some(1308));
    assert_eq!(whole.state, Reserved);
    for _ in 0..2 {
        assert_eq!(whole.capture(Amount(10_000), T), Ok(()));
    }
    assert_eq!(code(whole.capture(Amount(9_999), T)), Some(1307));
    assert_eq!(code(whole.cancel(T)), Some(1300));
    let mut part = accepted(Account::PartialCapture, None);
    assert_eq!(part.capture(Amount(6_000), T), Ok(()));
    assert_eq!((part.state, part.captured), (Captured, Some(Amount(6_000))));
    assert_eq!(code(part.capture(Amount(10_000), T)), Some(1307));
}

#[test]
fn cancel_is_idempotent_and_refused_after_other_ends() {
    let mut reserved = accepted(Account::Credit, None);
    for _ in 0..2 {
        assert_eq!(reserved.cancel(T), Ok(()));
    }
    assert_eq!(reserved.state, CancelledByClient);
    assert_eq!(code(reserved.capture(Amount(10_000), T)), Some(1304));
    for state in [Captured, CancelledByUser, CancelledByMobilePay, ExpiredAndCancelled] {
        let mut ended = payment(Some(terms(None)));
        ended.state = state;
        assert_eq!(code(ended.cancel(T)), Some(1300), "{state:?}");
    }
}

#[test]
fn refused_card_ends_the_payment() {
    for (account, restrictions, expected) in [
        (Account::Credit, Some((true, false)), Reserved),
        (Account::Credit, Some((false, true)), CancelledByMobilePay),
        (Account::Debit, Some((true, false)), CancelledByMobilePay),
        (Account::Debit, Some((false, true)), Reserved),
        (Account::Loyalty, Some((false, true)), CancelledByMobilePay),
        (Account::PartialCapture, Some((true, false)), Reserved),
        (Account::Debit, Some((false, false)), Reserved),
        (Account::Debit, None, Reserved),
    ] {
        assert_eq!(accepted(account, restrictions).state, expected, "{account:?} {restrictions:?}");
    }
    assert!(!payment(Some(terms(None))).accept(T), "not issued to anyone");
}

#[test]
fn response_has_the_known_fields_and_no_null() {
    let names =
        |payment: &mut Payment| -> Vec<String> { payment.answer(1000).as_object().unwrap().keys().cloned().collect() };
    assert_eq!(names(&mut payment(None)), ["paymentId", "posId", "orderId", "status", "pollDelayInMs"]);
    let mut full = accepted(Account::PartialCapture, Some((false, false)));
    assert!(!names(&mut full).contains(&"loyaltyIds".to_owned()), "looked up late");
    assert_eq!(full.answer(1000)["loyaltyIds"], json!([]));
    assert_eq!(full.answer(1000)["partialCapturePossible"], true);
    assert_eq!(full.answer(1000)["paymentExpiresAt"], "2023-11-21T22:13:20Z");
    assert_eq!(full.answer(1000)["restrictions"], json!({"debitCardDisallowed": false, "creditCardDisallowed": false}));
    assert_eq!(full.answer(1000)["amount"].to_string(), "100.00");
    full.capture(Amount(10_000), T).unwrap();
    let after = names(&mut full);
    assert!(!after.contains(&"partialCapturePossible".to_owned()) && !after.contains(&"paymentExpiresAt".to_owned()));
    assert!(full.answer(1000).as_object().unwrap().values().all(|value| !value.is_null()));
}
