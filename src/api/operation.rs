//! The operations of the API, with their methods and paths.
//!
//! The list is that of OpenAPI 10.2.6; [`super::route`] finds the operation of a request.

use std::fmt;

/// An operation of the PoS API v10, named as in its OpenAPI description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // The names are the API's own.
pub enum Operation {
    GetStores,
    GetStore,
    GetDetailedStores,
    CreatePos,
    GetPos,
    GetPosWithFilter,
    DeletePos,
    GetCheckIn,
    InitiatePayment,
    PreparePayment,
    PaymentReady,
    QueryPayment,
    QueryPaymentIds,
    CapturePayment,
    CancelPayment,
    CreateRefund,
    GetRefund,
    QueryRefundIds,
    CaptureRefund,
    CancelRefund,
}

use Operation::*;

impl Operation {
    /// All operations, in the order of the API's documentation.
    pub const ALL: [Operation; 20] = [
        GetStores,
        GetStore,
        GetDetailedStores,
        CreatePos,
        GetPos,
        GetPosWithFilter,
        DeletePos,
        GetCheckIn,
        InitiatePayment,
        PreparePayment,
        PaymentReady,
        QueryPayment,
        QueryPaymentIds,
        CapturePayment,
        CancelPayment,
        CreateRefund,
        GetRefund,
        QueryRefundIds,
        CaptureRefund,
        CancelRefund,
    ];

    /// The operation's name in the OpenAPI description.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// The HTTP method.
    pub fn method(self) -> &'static str {
        self.row().1
    }

    /// The path after `/v10`, with `{storeid}`, `{posid}`, `{paymentid}` or `{refundid}` as placeholder of an id.
    pub fn template(self) -> &'static str {
        self.row().2
    }

    /// The documented query parameters.
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            GetStores | GetDetailedStores => &["merchantBrandId", "merchantLocationId"],
            GetPosWithFilter => &["storeId", "beaconId", "merchantPosId"],
            QueryPaymentIds => &["posId", "orderId", "state"],
            QueryRefundIds => &["paymentId"],
            _ => &[],
        }
    }

    /// Whether the operation creates a resource and requires an idempotency key (api_principles#error_handling).
    pub fn creates(self) -> bool {
        matches!(self, CreatePos | InitiatePayment | PreparePayment | CreateRefund)
    }

    /// Whether clients poll the operation, at intervals of `pollDelayInMs` (api_principles#call_throttling).
    pub fn polled(self) -> bool {
        matches!(self, GetCheckIn | QueryPayment | GetRefund)
    }

    /// Finds an operation by its name.
    pub fn from_name(name: &str) -> Option<Operation> {
        Self::ALL.into_iter().find(|op| op.name() == name)
    }

    fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            GetStores => ("GetStores", "GET", "/stores"),
            GetStore => ("GetStore", "GET", "/stores/{storeid}"),
            GetDetailedStores => ("GetDetailedStores", "GET", "/stores/detailed"),
            CreatePos => ("CreatePos", "POST", "/pointofsales"),
            GetPos => ("GetPos", "GET", "/pointofsales/{posid}"),
            GetPosWithFilter => ("GetPosWithFilter", "GET", "/pointofsales"),
            DeletePos => ("DeletePos", "DELETE", "/pointofsales/{posid}"),
            GetCheckIn => ("GetCheckIn", "GET", "/pointofsales/{posid}/checkin"),
            InitiatePayment => ("InitiatePayment", "POST", "/payments"),
            PreparePayment => ("PreparePayment", "POST", "/payments/prepare"),
            PaymentReady => ("PaymentReady", "POST", "/payments/{paymentid}/ready"),
            QueryPayment => ("QueryPayment", "GET", "/payments/{paymentid}"),
            QueryPaymentIds => ("QueryPaymentIds", "GET", "/payments"),
            CapturePayment => ("CapturePayment", "POST", "/payments/{paymentid}/capture"),
            CancelPayment => ("CancelPayment", "POST", "/payments/{paymentid}/cancel"),
            CreateRefund => ("CreateRefund", "POST", "/refunds"),
            GetRefund => ("GetRefund", "GET", "/refunds/{refundid}"),
            QueryRefundIds => ("QueryRefundIds", "GET", "/refunds"),
            CaptureRefund => ("CaptureRefund", "POST", "/refunds/{refundid}/capture"),
            CancelRefund => ("CancelRefund", "POST", "/refunds/{refundid}/cancel"),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
