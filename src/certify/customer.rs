//! Actions of the simulated customer: their names in case files, and as text.

use crate::api::customer;
use crate::api::customer::{Account, CustomerAct};

/// The documented test account with this name.
pub(crate) fn account(name: &str) -> Option<Account> {
    customer::CUSTOMERS.iter().map(|(_, account)| *account).find(|account| account.name() == name)
}

/// The customer action with this name in a case file.
pub(crate) fn act(name: &str, account_name: Option<&str>) -> Option<CustomerAct> {
    match name {
        "check-in" => Some(CustomerAct::CheckIn(account(account_name.unwrap_or(Account::Credit.name()))?)),
        "accept" => Some(CustomerAct::Accept),
        "cancel" => Some(CustomerAct::Cancel),
        _ => None,
    }
}

/// What the operator has to do as the customer.
pub(crate) fn instruction(act: CustomerAct) -> String {
    match act {
        CustomerAct::CheckIn(account) => format!("check in ({})", account.name()),
        CustomerAct::Accept => "accept the payment".to_owned(),
        CustomerAct::Cancel => "cancel the payment".to_owned(),
    }
}

/// A customer action as text, without its subject.
pub(crate) fn words(act: CustomerAct) -> String {
    match act {
        CustomerAct::CheckIn(account) => format!("checks in ({})", account.name()),
        CustomerAct::Accept => "accepts".to_owned(),
        CustomerAct::Cancel => "cancels".to_owned(),
    }
}
