//! Test data of the sandbox: simulated customers with their accounts, and the certification merchant.

/// The kind of a simulated customer's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Account {
    /// Pays with a credit card.
    Credit,
    /// Pays with a debit card.
    Debit,
    /// Is enrolled in the merchant's loyalty programme.
    Loyalty,
    /// Has a card whose reservation can be captured in part.
    PartialCapture,
}

impl Account {
    /// The account's name in captures, which must not contain the telephone number.
    pub fn name(self) -> &'static str {
        match self {
            Account::Credit => "credit",
            Account::Debit => "debit",
            Account::Loyalty => "loyalty",
            Account::PartialCapture => "partial-capture",
        }
    }

    /// What the account does, for people.
    pub fn described(self) -> &'static str {
        match self {
            Account::Credit => "pays with a credit card",
            Account::Debit => "pays with a debit card",
            Account::Loyalty => "is enrolled in the loyalty program (credit card)",
            Account::PartialCapture => "allows partial capture (credit card)",
        }
    }

    /// The account of a documented test customer, by telephone number.
    pub fn of_phone(number: &str) -> Option<Account> {
        let (_, account) = CUSTOMERS.iter().find(|(phone, _)| *phone == number)?;
        Some(*account)
    }

    /// The telephone number of a test customer with this account, for a merchant in that country (`DK` or `FI`).
    pub fn phone(self, country: &str) -> &'static str {
        let prefix = if country == "FI" { "+358" } else { "+45" };
        CUSTOMERS
            .iter()
            .find(|(phone, account)| phone.starts_with(prefix) && *account == self)
            .map_or(CUSTOMERS[0].0, |(phone, _)| phone)
    }
}

/// The documented test customers: telephone number and account.
pub const CUSTOMERS: [(&str, Account); 10] = [
    ("+4520031801", Account::Credit),
    ("+4520031802", Account::Debit),
    ("+4520031803", Account::Credit),
    ("+4520031804", Account::Loyalty),
    ("+4520031805", Account::PartialCapture),
    ("+358200318001", Account::Credit),
    ("+358200318002", Account::Debit),
    ("+358200318003", Account::Credit),
    ("+358200318004", Account::Loyalty),
    ("+358200318005", Account::PartialCapture),
];

/// An action of a customer on a PoS, or of the backend on the customer's behalf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CustomerAct {
    /// Checks in on the PoS through its beacon.
    CheckIn(Account),
    /// Accepts the payment issued to the customer.
    Accept,
    /// Cancels the payment issued to the customer.
    Cancel,
}

/// The self-certification merchant's brand.
pub const CERTIFICATION_BRAND: &str = "MPPOSCERT1";
/// The self-certification merchant's location.
pub const CERTIFICATION_LOCATION: &str = "00001";
/// The self-certification merchant's VAT numbers.
pub const CERTIFICATION_VAT: [&str; 2] = ["DK90000028", "FI90000040"];
