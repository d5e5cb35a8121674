//! The simulated customer's acts by the names of case files, and in words.

use crate::api::customer;
use crate::api::customer::{Account, CustomerAct};

/// The documented account of that name.
pub fn account(name: &str) -> Option<Account> {
    customer::CUSTOMERS.iter().map(|(_, account)| *account).find(|account| account.name() == name)
}

/// An act of the customer, by the name that case files use.
pub fn act(name: &str, account_name: Option<&str>) -> Option<CustomerAct> {
    match name {
        "check-in" => Some(CustomerAct::CheckIn(account(account_name.unwrap_or(Account::Credit.name()))?)),
        "accept" => Some(CustomerAct::Accept),
        "cancel" => Some(CustomerAct::Cancel),
        _ => None,
    }
}

/// An act in words.
pub fn words(act: CustomerAct) -> String {
    match act {
        CustomerAct::CheckIn(account) => format!("checks in ({})", account.name()),
        CustomerAct::Accept => "accepts".to_owned(),
        CustomerAct::Cancel => "cancels".to_owned(),
    }
}
