//! Who plays the customer, and who brings about what the backend has to refuse: the embedded sandbox, or people.

use crate::api::customer::{Account, CustomerAct};
use crate::api::{Amount, Operation, customer};
use crate::sandbox::Sandbox;
use crate::verify::send::Send;
use std::time::Duration;

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

/// The PoS that a send says the client works with.
pub fn pos_of(send: &Send) -> Option<String> {
    use Operation::*;
    match send.operation? {
        CreatePos => send.answer.created.clone(),
        GetPos | GetCheckIn if send.succeeded() => send.path_id.clone(),
        GetPosWithFilter => match &send.answer.found[..] {
            [only] => Some(only.clone()),
            _ => None,
        },
        InitiatePayment | PreparePayment => Some(send.body.pos_id.clone()),
        _ => None,
    }
    .filter(|id| !id.is_empty())
}

/// The backend's side of a case.
pub struct Backend {
    /// `None`: a real one, at which people play the customer.
    pub sandbox: Option<Sandbox>,
}

impl Backend {
    /// Whether everything on this side is done by itself.
    pub fn is_embedded(&self) -> bool {
        self.sandbox.is_some()
    }

    /// Lets the customer act at a PoS; `false` where that is not possible yet.
    pub fn customer(&self, pos_id: &str, act: CustomerAct) -> bool {
        let Some(sandbox) = &self.sandbox else { return false };
        sandbox.beacon(pos_id).is_some_and(|beacon| sandbox.customer(&beacon, act).is_ok())
    }

    /// Puts a payment in the way of the next one.
    pub fn obstruct(&self, pos_id: &str) -> bool {
        let Some(sandbox) = &self.sandbox else { return false };
        sandbox.beacon(pos_id).is_some_and(|beacon| sandbox.obstruct(&beacon))
    }

    /// Sets what each store can refund.
    pub fn balance(&self, balance: Option<Amount>) {
        if let Some(sandbox) = &self.sandbox {
            for store in sandbox.store_ids() {
                sandbox.store_balance(&store, balance);
            }
        }
    }

    /// Refunds take so long to be put aside.
    pub fn hold_refunds(&self, hold: Duration) {
        if let Some(sandbox) = &self.sandbox {
            sandbox.hold_refunds(Some(hold));
        }
    }

    /// As before the case.
    pub fn restore(&self) {
        self.balance(None);
        if let Some(sandbox) = &self.sandbox {
            sandbox.hold_refunds(None);
            sandbox.unobstruct();
        }
    }
}
