//! The states of payments and refunds (payment_flows#payment_flow_states).

/// A state of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // The names are the API's own.
pub enum PaymentStatus {
    Prepared,
    Paired,
    Initiated,
    IssuedToUser,
    Reserved,
    Captured,
    CancelledByUser,
    CancelledByClient,
    CancelledByMobilePay,
    ExpiredAndCancelled,
    /// Existed from 2020-03 to 2020-10.
    RejectedByMobilePayDueToAgeRestrictions,
}

/// A state of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // The names are the API's own.
pub enum RefundStatus {
    Initiated,
    Reserved,
    Captured,
    CancelledByClient,
    CancelledByMobilePay,
    ExpiredAndCaptured,
}

impl PaymentStatus {
    /// All states.
    pub const ALL: [PaymentStatus; 11] = {
        use PaymentStatus::*;
        [
            Prepared,
            Paired,
            Initiated,
            IssuedToUser,
            Reserved,
            Captured,
            CancelledByUser,
            CancelledByClient,
            CancelledByMobilePay,
            ExpiredAndCancelled,
            RejectedByMobilePayDueToAgeRestrictions,
        ]
    };

    /// The state's name in responses.
    pub fn name(self) -> &'static str {
        use PaymentStatus::*;
        match self {
            Prepared => "Prepared",
            Paired => "Paired",
            Initiated => "Initiated",
            IssuedToUser => "IssuedToUser",
            Reserved => "Reserved",
            Captured => "Captured",
            CancelledByUser => "CancelledByUser",
            CancelledByClient => "CancelledByClient",
            CancelledByMobilePay => "CancelledByMobilePay",
            ExpiredAndCancelled => "ExpiredAndCancelled",
            RejectedByMobilePayDueToAgeRestrictions => "RejectedByMobilePayDueToAgeRestrictions",
        }
    }

    /// Finds a state by its name.
    pub fn from_name(name: &str) -> Option<PaymentStatus> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether a payment in this state blocks another one on its PoS.
    pub fn is_active(self) -> bool {
        use PaymentStatus::*;
        matches!(self, Prepared | Paired | Initiated | IssuedToUser)
    }

    /// Whether the state cannot change any more.
    pub fn is_final(self) -> bool {
        !self.is_active() && self != PaymentStatus::Reserved
    }
}

impl RefundStatus {
    /// All states.
    pub const ALL: [RefundStatus; 6] = {
        use RefundStatus::*;
        [Initiated, Reserved, Captured, CancelledByClient, CancelledByMobilePay, ExpiredAndCaptured]
    };

    /// The state's name in responses.
    pub fn name(self) -> &'static str {
        use RefundStatus::*;
        match self {
            Initiated => "Initiated",
            Reserved => "Reserved",
            Captured => "Captured",
            CancelledByClient => "CancelledByClient",
            CancelledByMobilePay => "CancelledByMobilePay",
            ExpiredAndCaptured => "ExpiredAndCaptured",
        }
    }

    /// Finds a state by its name.
    pub fn from_name(name: &str) -> Option<RefundStatus> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether the state cannot change any more.
    pub fn is_final(self) -> bool {
        !matches!(self, RefundStatus::Initiated | RefundStatus::Reserved)
    }
}
