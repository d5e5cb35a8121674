//! Actions of a driven till: a line of JSON each (see docs/ci.md#driver-protocol).

use super::{Restrictions, Sale};
use crate::api::Amount;
use serde::Deserialize;

/// An action that a till carries out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TillAction {
    /// Make a sale, to its end.
    Pay(Sale),
    /// Prepare a payment. If its amount is given, it is made ready as soon as possible.
    Prepare(Option<Sale>),
    /// Set the amount of the prepared payment and follow it to its end.
    Ready(Sale),
    Refund(Amount),
    /// Cancel the refund that was just requested.
    CancelRefund,
    /// Stop the current sale or refund, as the cashier's key does.
    Abort,
    /// Look up the PoS, or create it.
    Onboard,
    /// Delete the PoS.
    Offboard,
    /// The till loses power and restarts: the state file is kept, and the PoS is looked up.
    Restart,
    /// No more actions follow.
    End,
}

/// All actions by name, for error messages.
const KNOWN: &str = "pay, prepare, ready, refund, cancel-refund, abort, onboard, offboard, restart or end";

#[derive(Deserialize)]
struct Line {
    act: String,
    amount: Option<String>,
    capture: Option<String>,
    restrictions: Option<Restrictions>,
}

impl Line {
    fn amount(&self) -> Result<Amount, String> {
        amount_of(self.amount.as_deref().ok_or_else(|| format!("the action `{}` has no amount", self.act))?)
    }

    fn sale(&self) -> Result<Sale, String> {
        let capture = self.capture.as_deref().map(amount_of).transpose()?;
        Ok(Sale { capture, restrictions: self.restrictions, ..Sale::of(self.amount()?) })
    }
}

impl TillAction {
    /// Parses a line.
    ///
    /// # Errors
    /// A message that says what is wrong with the line.
    pub(crate) fn parse(line: &str) -> Result<TillAction, String> {
        let line: Line = serde_json::from_str(line).map_err(|error| {
            format!(
                "the line {line:?} is not an action ({error}): use one like {{\"act\": \"pay\", \"amount\": \"12.50\"}}"
            )
        })?;
        Ok(match line.act.as_str() {
            "pay" => TillAction::Pay(line.sale()?),
            "prepare" => TillAction::Prepare(line.amount.is_some().then(|| line.sale()).transpose()?),
            "ready" => TillAction::Ready(line.sale()?),
            "refund" => TillAction::Refund(line.amount()?),
            "cancel-refund" => TillAction::CancelRefund,
            "abort" => TillAction::Abort,
            "onboard" => TillAction::Onboard,
            "offboard" => TillAction::Offboard,
            "restart" => TillAction::Restart,
            "end" => TillAction::End,
            other => return Err(format!("unknown action {other:?}: use {KNOWN}")),
        })
    }
}

/// Parses an amount: positive, at most two decimals.
///
/// # Errors
/// A message that says what is wrong with the text.
pub(crate) fn amount_of(text: &str) -> Result<Amount, String> {
    let amount = Amount::parse(text).ok().filter(|amount| amount.0 > 0);
    amount.ok_or_else(|| format!("{text:?} is not an amount: use one like 12.50"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_parsed_as_actions() {
        let line = r#"{"case":"payment/7","step":1,"act":"pay","amount":"100.00","capture":"60.00","text":"Start"}"#;
        let Ok(TillAction::Pay(sale)) = TillAction::parse(line) else { panic!("a sale") };
        assert_eq!((sale.amount, sale.capture, sale.restrictions), (Amount(10_000), Some(Amount(6_000)), None));
        let line = r#"{"act":"ready","amount":"5","restrictions":{"debitCardDisallowed":true},"text":"Make it ready"}"#;
        let Ok(TillAction::Ready(sale)) = TillAction::parse(line) else { panic!("an amount") };
        let restrictions = sale.restrictions.unwrap();
        assert!(restrictions.debit_card_disallowed && !restrictions.credit_card_disallowed);
        assert!(matches!(TillAction::parse(r#"{"act":"prepare","amount":"1"}"#), Ok(TillAction::Prepare(Some(_)))));
        for (line, wanted) in [
            (r#"{"act":"end"}"#, TillAction::End),
            (r#"{"act":"restart","case":"onboarding/4"}"#, TillAction::Restart),
            (r#"{"act":"prepare","text":"Prepare a payment"}"#, TillAction::Prepare(None)),
            (r#"{"act":"refund","amount":"100.00"}"#, TillAction::Refund(Amount(10_000))),
            (r#"{"act":"cancel-refund","case":"refund/2","step":2}"#, TillAction::CancelRefund),
        ] {
            assert_eq!(TillAction::parse(line), Ok(wanted));
        }
    }

    #[test]
    fn invalid_lines_are_refused_with_a_message() {
        for (line, wanted) in [
            ("pay 100", "is not an action"),
            (r#"{"act":"pay"}"#, "has no amount"),
            (r#"{"act":"ready"}"#, "`ready` has no amount"),
            (r#"{"act":"refund"}"#, "`refund` has no amount"),
            (r#"{"act":"pay","amount":"-1"}"#, "is not an amount"),
            (r#"{"act":"pay","amount":"0.001"}"#, "is not an amount"),
            (r#"{"act":"dance"}"#, "unknown action"),
            (r#"{"act":"pay","amount":"1","restrictions":{"noDebit":true}}"#, "noDebit"),
        ] {
            let sentence = TillAction::parse(line).unwrap_err();
            assert!(sentence.contains(wanted), "{sentence}");
        }
    }
}
