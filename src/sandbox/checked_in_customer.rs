//! A customer checked in at a PoS, and what the backend has looked up about them so far.
//!
//! The look-ups are delayed, as at the real backend: the first responses after a check-in lack them, two for a customer
//! enrolled in the loyalty programme and one for others (absent `loyaltyIds` means poll again).
//! ask again).

use super::clock::Moment;
use crate::api::customer::Account;
use sha2::{Digest, Sha256};

/// A customer at a PoS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Visit {
    /// How the customer's account behaves.
    pub account: Account,
    /// The customer's phone number.
    pub phone: String,
    /// When the customer checked in.
    pub since: Moment,
    /// How many responses have mentioned the customer.
    pub answers: u32,
}

/// The results of the look-ups about a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// Empty if not enrolled.
    pub loyalty_ids: Vec<String>,
    /// Identifies the customer to this merchant.
    pub customer_token: String,
    /// Empty if there is none.
    pub receipt_token: String,
}

impl Visit {
    /// A visit that starts now.
    pub(super) fn new(account: Account, phone: &str, now: Moment) -> Visit {
        Visit { account, phone: phone.to_owned(), since: now, answers: 0 }
    }

    /// Counts a response that mentions the customer, and returns what it may contain: nothing in the first ones.
    pub(super) fn answered(&mut self, merchant_vat: &str) -> Option<Known> {
        let without = if self.account == Account::Loyalty { 2 } else { 1 };
        let known = (self.answers >= without).then(|| self.known(merchant_vat));
        self.answers = self.answers.saturating_add(1);
        known
    }

    fn known(&self, merchant_vat: &str) -> Known {
        let digest = |what: &str| -> String {
            let bytes = Sha256::digest(format!("{what} {merchant_vat} {}", self.phone));
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let mut customer_token = digest("customer");
        customer_token.truncate(40);
        let mut receipt_token = digest("receipt");
        receipt_token.truncate(if self.account == Account::Debit { 0 } else { 32 });
        let mut loyalty_id = digest("loyalty");
        loyalty_id.truncate(12);
        let loyalty_ids = if self.account == Account::Loyalty { vec![loyalty_id] } else { Vec::new() };
        Known { loyalty_ids, customer_token, receipt_token }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(account: Account) -> Vec<Option<usize>> {
        let mut visit = Visit::new(account, account.phone("DK"), Moment::ZERO);
        (0..4).map(|_| visit.answered("DK90000028").map(|known| known.loyalty_ids.len())).collect()
    }

    #[test]
    fn look_up_results_are_delayed() {
        assert_eq!(answers(Account::Loyalty), [None, None, Some(1), Some(1)]);
        for other in [Account::Credit, Account::Debit, Account::PartialCapture] {
            assert_eq!(answers(other), [None, Some(0), Some(0), Some(0)], "{other:?}");
        }
    }

    #[test]
    fn customer_token_is_per_merchant_and_one_account_has_no_receipt_token() {
        let known = |account: Account, vat: &str| Visit::new(account, account.phone("DK"), Moment::ZERO).known(vat);
        assert_eq!(known(Account::Credit, "DK90000028"), known(Account::Credit, "DK90000028"));
        let tokens = [known(Account::Credit, "DK90000028"), known(Account::Credit, "DK10000001")];
        assert_ne!(tokens[0].customer_token, tokens[1].customer_token);
        assert_eq!((tokens[0].customer_token.len(), tokens[0].receipt_token.len()), (40, 32));
        assert_eq!(known(Account::Debit, "DK90000028").receipt_token, "");
    }
}
