//! Tests of every transition of a refund, and of its effect on the store's balance.

use super::*;
use RefundStatus::*;

const T: Moment = Duration::from_secs(1_700_000_000);
const DELAY: Duration = Duration::from_millis(100);

fn refund() -> Refund {
    let id = Guid::parse("9d0a9c45-1793-4e82-9410-b0ee6779ab60").unwrap();
    let wanted = NewRefund {
        payment_id: id.clone(),
        refund_order_id: "r".into(),
        amount: Amount(1_000),
        currency_code: "DKK".into(),
    };
    Refund::new(("integrator", "DK90000028"), id.clone(), id, wanted, T)
}

#[test]
fn only_the_documented_transitions_exist() {
    let documented = [
        (Event::Reserve, Initiated, Reserved),
        (Event::Capture, Reserved, Captured),
        (Event::ClientCancel, Initiated, CancelledByClient),
        (Event::ClientCancel, Reserved, CancelledByClient),
        (Event::Refuse, Initiated, CancelledByMobilePay),
        (Event::Expire, Reserved, ExpiredAndCaptured),
    ];
    for event in Event::ALL {
        for state in RefundStatus::ALL {
            let expected = documented.iter().find(|(e, from, _)| (*e, *from) == (event, state)).map(|(_, _, to)| *to);
            assert_eq!(next(state, event), expected, "{event:?} in {state:?}");
        }
    }
}

#[test]
fn refund_is_reserved_after_the_delay_and_captured_after_a_day() {
    let mut refund = refund();
    assert_eq!(refund.settle(DELAY, None, (T + DELAY).checked_sub(Duration::from_millis(1)).unwrap()), Amount(0));
    assert_eq!(refund.state, Initiated);
    assert_eq!(refund.settle(DELAY, None, T + DELAY), Amount(1_000));
    assert_eq!(refund.state, Reserved);
    refund.settle(DELAY, None, (T + DELAY + RESERVATION).checked_sub(Duration::from_millis(1)).unwrap());
    assert_eq!(refund.state, Reserved);
    refund.settle(DELAY, None, T + DELAY + RESERVATION);
    assert_eq!(refund.state, ExpiredAndCaptured);
    assert_eq!(refund.capture(T).unwrap_err().code(), Some(1351));
    assert_eq!(refund.cancel(T).unwrap_err().code(), Some(1352));
}

#[test]
fn insufficient_balance_ends_the_refund() {
    for (balance, state, taken) in [(1_000, Reserved, 1_000), (999, CancelledByMobilePay, 0)] {
        let mut refund = refund();
        assert_eq!(refund.settle(DELAY, Some(Amount(balance)), T + DELAY), Amount(taken));
        assert_eq!(refund.state, state);
    }
}

#[test]
fn capture_and_cancel_are_idempotent() {
    let mut early = refund();
    assert_eq!(early.capture(T).unwrap_err().code(), Some(1351));
    assert_eq!((early.cancel(T), early.cancel(T)), (Ok(Amount(0)), Ok(Amount(0))));
    assert_eq!(early.capture(T).unwrap_err().code(), Some(1351));
    let mut reserved = refund();
    reserved.settle(DELAY, None, T + DELAY);
    let mut cancelled = reserved.clone();
    assert_eq!((cancelled.cancel(T), cancelled.cancel(T)), (Ok(Amount(1_000)), Ok(Amount(0))));
    assert_eq!((reserved.capture(T), reserved.capture(T)), (Ok(()), Ok(())));
    assert_eq!(reserved.cancel(T).unwrap_err().code(), Some(1352));
    assert_eq!(reserved.answer(100)["amount"].to_string(), "10.00");
}
