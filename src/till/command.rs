//! What a driven till is told to do: a line of JSON for each act (the contract's "Driving a till").

use super::{Restrictions, Sale};
use crate::api::Amount;
use serde::Deserialize;

/// What a till is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A sale, seen through to its end.
    Pay(Sale),
    /// A payment is prepared; where its amount comes with it, it is made ready as soon as that may be.
    Prepare(Option<Sale>),
    /// The amount of the payment that was prepared; it is seen through to its end.
    Ready(Sale),
    /// That much is given back.
    Refund(Amount),
    /// The refund that was just asked for is not to be.
    CancelRefund,
    /// The cashier's key that stops the sale or refund under way.
    CancelSignal,
    /// Look the PoS up, or create it.
    Onboard,
    /// Delete it.
    Offboard,
    /// The till loses power and starts again: what is in its memory file stays, and the PoS is looked up.
    Restart,
    /// Nothing more will come.
    End,
}

/// All acts by name, for a sentence.
const KNOWN: &str = "pay, prepare, ready, refund, cancel-refund, abort, onboard, offboard, restart and end are known";

#[derive(Deserialize)]
struct Line {
    act: String,
    amount: Option<String>,
    capture: Option<String>,
    restrictions: Option<Restrictions>,
}

impl Line {
    fn amount(&self) -> Result<Amount, String> {
        amount_of(self.amount.as_deref().ok_or_else(|| format!("the act `{}` has no amount", self.act))?)
    }

    fn sale(&self) -> Result<Sale, String> {
        let capture = self.capture.as_deref().map(amount_of).transpose()?;
        Ok(Sale { capture, restrictions: self.restrictions, ..Sale::of(self.amount()?) })
    }
}

impl Act {
    /// Reads a line.
    ///
    /// # Errors
    /// A sentence on what is wrong with it.
    pub fn parse(line: &str) -> Result<Act, String> {
        let line: Line = serde_json::from_str(line).map_err(|error| {
            format!("the line {line:?} is no act ({error}): send one like {{\"act\": \"pay\", \"amount\": \"12.50\"}}")
        })?;
        Ok(match line.act.as_str() {
            "pay" => Act::Pay(line.sale()?),
            "prepare" => Act::Prepare(line.amount.is_some().then(|| line.sale()).transpose()?),
            "ready" => Act::Ready(line.sale()?),
            "refund" => Act::Refund(line.amount()?),
            "cancel-refund" => Act::CancelRefund,
            "abort" => Act::CancelSignal,
            "onboard" => Act::Onboard,
            "offboard" => Act::Offboard,
            "restart" => Act::Restart,
            "end" => Act::End,
            other => return Err(format!("there is no act {other:?}: {KNOWN}")),
        })
    }
}

/// An amount that somebody typed: positive, at most two decimals.
///
/// # Errors
/// A sentence.
pub fn amount_of(text: &str) -> Result<Amount, String> {
    let amount = Amount::parse(text).ok().filter(|amount| amount.0 > 0);
    amount.ok_or_else(|| format!("{text:?} is no amount: give one like 12.50"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_act() {
        let line = r#"{"case":"payment/7","step":1,"act":"pay","amount":"100.00","capture":"60.00","text":"Start"}"#;
        let Ok(Act::Pay(sale)) = Act::parse(line) else { panic!("a sale") };
        assert_eq!((sale.amount, sale.capture, sale.restrictions), (Amount(10_000), Some(Amount(6_000)), None));
        let line = r#"{"act":"ready","amount":"5","restrictions":{"debitCardDisallowed":true},"text":"Make it ready"}"#;
        let Ok(Act::Ready(sale)) = Act::parse(line) else { panic!("an amount") };
        let restrictions = sale.restrictions.unwrap();
        assert!(restrictions.debit_card_disallowed && !restrictions.credit_card_disallowed);
        assert!(matches!(Act::parse(r#"{"act":"prepare","amount":"1"}"#), Ok(Act::Prepare(Some(_)))));
        for (line, wanted) in [
            (r#"{"act":"end"}"#, Act::End),
            (r#"{"act":"restart","case":"onboarding/4"}"#, Act::Restart),
            (r#"{"act":"prepare","text":"Prepare a payment"}"#, Act::Prepare(None)),
            (r#"{"act":"refund","amount":"100.00"}"#, Act::Refund(Amount(10_000))),
            (r#"{"act":"cancel-refund","case":"refund/2","step":2}"#, Act::CancelRefund),
        ] {
            assert_eq!(Act::parse(line), Ok(wanted));
        }
    }

    #[test]
    fn what_is_no_act_is_refused_in_a_sentence() {
        for (line, wanted) in [
            ("pay 100", "is no act"),
            (r#"{"act":"pay"}"#, "has no amount"),
            (r#"{"act":"ready"}"#, "`ready` has no amount"),
            (r#"{"act":"refund"}"#, "`refund` has no amount"),
            (r#"{"act":"pay","amount":"-1"}"#, "is no amount"),
            (r#"{"act":"pay","amount":"0.001"}"#, "is no amount"),
            (r#"{"act":"dance"}"#, "there is no act"),
            (r#"{"act":"pay","amount":"1","restrictions":{"noDebit":true}}"#, "noDebit"),
        ] {
            let sentence = Act::parse(line).unwrap_err();
            assert!(sentence.contains(wanted), "{sentence}");
        }
    }
}
