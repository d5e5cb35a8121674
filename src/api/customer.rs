//! The simulated customers, what their accounts do, and the certification merchant (pos-api-v10: sandbox data).

/// What a simulated customer's account does.
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
    /// The account's name in captures, where the telephone number itself must not stand.
    pub fn name(self) -> &'static str {
        match self {
            Account::Credit => "credit",
            Account::Debit => "debit",
            Account::Loyalty => "loyalty",
            Account::PartialCapture => "partial-capture",
        }
    }

    /// The account behind a documented test customer's telephone number.
    pub fn of_phone(number: &str) -> Option<Account> {
        let (_, account) = CUSTOMERS.iter().find(|(phone, _)| *phone == number)?;
        Some(*account)
    }

    /// A documented test customer's telephone number for a merchant of that country (`DK` or `FI`).
    pub fn phone(self, country: &str) -> &'static str {
        let prefix = if country == "FI" { "+358" } else { "+45" };
        CUSTOMERS
            .iter()
            .find(|(phone, account)| phone.starts_with(prefix) && *account == self)
            .map_or(CUSTOMERS[0].0, |(phone, _)| phone)
    }
}

/// The documented test customers.
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

/// What a customer can do on a PoS, or the backend in the customer's stead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CustomerAct {
    /// Connects to the PoS by its beacon.
    CheckIn(Account),
    /// Accepts the payment that is issued to them.
    Accept,
    /// Cancels it.
    Cancel,
}

/// The self-certification merchant's brand.
pub const CERTIFICATION_BRAND: &str = "MPPOSCERT1";
/// The self-certification merchant's location.
pub const CERTIFICATION_LOCATION: &str = "00001";
/// The self-certification merchant's VAT numbers.
pub const CERTIFICATION_VAT: [&str; 2] = ["DK90000028", "FI90000040"];
