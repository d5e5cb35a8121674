//! The error codes of the API (endpoint_errors), and the operations that return them.
//!
//! The sandbox returns these codes and lists them in its OpenAPI description. A test checks that each operation returns
//! only the codes documented for it.

use super::Operation;

/// An error code, with its HTTP status and meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCode {
    /// The number in the response's `code` field.
    pub code: u16,
    /// The HTTP status.
    pub status: u16,
    /// The meaning of the code.
    pub message: &'static str,
}

macro_rules! codes {
    ($($name:ident = $code:literal $status:literal $message:literal;)*) => {
        $(#[doc = $message] pub(crate) const $name: ErrorCode = ErrorCode { code: $code, status: $status, message: $message };)*
        /// All codes in ascending order; 2000 represents the range 2000 to 2999.
        #[cfg(test)]
        pub(crate) const ALL: &[ErrorCode] = &[$($name),*];
    };
}

codes! {
    NO_SUCH_POS = 1000 409 "The PoS does not exist";
    NO_SUCH_PAYMENT = 1001 409 "The payment does not exist";
    NO_SUCH_STORE = 1002 409 "The store does not exist";
    NO_SUCH_REFUND = 1004 404 "The refund does not exist";
    UNKNOWN = 1099 400 "The request is not valid";
    BEACON_ID = 1100 400 "The beaconId is not valid";
    AMOUNT = 1102 400 "The amount is not valid";
    PAYMENT_FILTER = 1109 400 "The filter is not specific enough: give a posId or an orderId";
    REFUND_FILTER = 1110 400 "The filter is not specific enough: give a paymentId";
    MERCHANT_POS_ID = 1111 400 "The merchantPosId is not valid";
    POS_NAME = 1112 400 "The name of the PoS is not valid";
    ORDER_ID = 1113 400 "The orderId is not valid";
    REFUND_ORDER_ID = 1114 400 "The refundOrderId is not valid";
    CALLBACK_ALIAS = 1116 400 "The callbackAlias is not valid";
    PAYMENT_LABEL = 1117 400 "The merchantPaymentLabel is not valid";
    CALIBRATION_TYPE = 1118 400 "The calibrationType is not valid";
    BRAND_ID = 1119 400 "The merchantBrandId is not valid";
    LOCATION_ID = 1120 400 "The merchantLocationId is not valid";
    POS_FILTER = 1121 400 "The filter is not specific enough: give a storeId, a beaconId or a merchantPosId";
    STORE_FILTER = 1122 400 "The filter is not specific enough: give merchantBrandId and merchantLocationId, or neither";
    VAT_MISSING = 1151 400 "The header with the merchant's VAT number is missing";
    SYSTEM_NAME_MISSING = 1152 400 "The header with the client system's name is missing";
    VERSION_MISSING = 1153 400 "The header with the client system's version is missing";
    VAT_DUPLICATED = 1155 400 "The header with the merchant's VAT number is given more than once";
    SYSTEM_NAME_DUPLICATED = 1156 400 "The header with the client system's name is given more than once";
    VERSION_DUPLICATED = 1157 400 "The header with the client system's version is given more than once";
    VAT_INVALID = 1159 400 "The header with the merchant's VAT number is not valid";
    SYSTEM_NAME_INVALID = 1160 400 "The header with the client system's name is not valid";
    VERSION_INVALID = 1161 400 "The header with the client system's version is not valid";
    KEY_INVALID = 1162 400 "The idempotency key is not valid";
    KEY_DUPLICATED = 1163 400 "The idempotency key is given more than once";
    KEY_MISSING = 1164 400 "The idempotency key is missing";
    VAT_CLAIM = 1182 400 "The merchant_vat claim of the token is not valid";
    MERCHANT_POS_ID_TAKEN = 1200 409 "Another PoS has this merchantPosId";
    BEACON_ID_TAKEN = 1202 409 "Another PoS has this beaconId";
    STORE_NOT_ACTIVE = 1204 409 "The store is not active";
    NOT_CANCELLABLE = 1300 409 "The payment cannot be cancelled now";
    PAYMENT_ACTIVE = 1301 409 "Another payment is active on the PoS";
    NOT_PREPARED = 1303 409 "The payment is not prepared";
    NOT_RESERVED = 1304 409 "The payment is not reserved";
    MORE_THAN_RESERVED = 1305 409 "The amount is higher than the reserved amount";
    KEY_REUSED = 1306 409 "The idempotency key was used for another request";
    CAPTURED_OTHERWISE = 1307 409 "The payment was captured with another amount";
    NO_PARTIAL_CAPTURE = 1308 409 "The payment cannot be captured in part";
    REFUND_NOT_RESERVED = 1351 409 "The refund is not reserved";
    REFUND_NOT_CANCELLABLE = 1352 409 "The refund cannot be cancelled now";
    NOT_CAPTURED = 1354 409 "The payment is not captured";
    OTHER_CURRENCY = 1365 409 "The payment was in another currency";
    TOO_OLD = 1366 409 "The payment was captured too long ago";
    TOO_HIGH = 1367 409 "The refunds would exceed the captured amount";
    BALANCE_TOO_LOW = 1368 409 "The store's balance is too low";
    POS_OF_OTHER_INTEGRATOR = 1400 403 "The PoS belongs to another integrator or merchant";
    PAYMENT_OF_OTHER_INTEGRATOR = 1401 403 "The payment belongs to another integrator or merchant";
    REFUND_OF_OTHER_INTEGRATOR = 1402 403 "The refund belongs to another integrator or merchant";
    STORE_OF_OTHER_MERCHANT = 1403 403 "The store belongs to another merchant";
    READY_OTHER_MERCHANT = 1406 403 "The payment to make ready belongs to another merchant";
    CAPTURE_OTHER_MERCHANT = 1407 403 "The payment to capture belongs to another merchant";
    CANCEL_OTHER_MERCHANT = 1408 403 "The payment to cancel belongs to another merchant";
    DELETE_OTHER_MERCHANT = 1409 403 "The PoS to delete belongs to another merchant";
    POS_OF_OTHER_MERCHANT = 1410 403 "The PoS belongs to another merchant";
    PAYMENT_OF_OTHER_MERCHANT = 1411 403 "The payment belongs to another merchant";
    INTERNAL = 2000 500 "An internal error occurred";
}

/// Finds a code by its number.
#[cfg(test)]
pub(crate) fn of(code: u16) -> Option<ErrorCode> {
    ALL.iter().find(|known| known.code == code).copied()
}

/// The codes that every operation can return.
pub(crate) const COMMON: &[ErrorCode] = &[
    UNKNOWN,
    VAT_MISSING,
    SYSTEM_NAME_MISSING,
    VERSION_MISSING,
    VAT_DUPLICATED,
    SYSTEM_NAME_DUPLICATED,
    VERSION_DUPLICATED,
    VAT_INVALID,
    SYSTEM_NAME_INVALID,
    VERSION_INVALID,
    VAT_CLAIM,
    INTERNAL,
];

/// The codes that an operation can return in addition to the [`COMMON`] ones.
pub(crate) fn of_operation(operation: Operation) -> &'static [ErrorCode] {
    match operation {
        Operation::GET_STORES | Operation::GET_DETAILED_STORES => &[BRAND_ID, LOCATION_ID, STORE_FILTER],
        Operation::CREATE_POS => &[
            BEACON_ID,
            MERCHANT_POS_ID,
            POS_NAME,
            CALLBACK_ALIAS,
            CALIBRATION_TYPE,
            KEY_INVALID,
            KEY_DUPLICATED,
            KEY_MISSING,
            STORE_OF_OTHER_MERCHANT,
            NO_SUCH_STORE,
            MERCHANT_POS_ID_TAKEN,
            BEACON_ID_TAKEN,
            KEY_REUSED,
        ],
        Operation::GET_POS => &[POS_OF_OTHER_INTEGRATOR, POS_OF_OTHER_MERCHANT],
        Operation::GET_POS_WITH_FILTER => &[POS_FILTER],
        Operation::DELETE_POS => &[POS_OF_OTHER_INTEGRATOR, DELETE_OTHER_MERCHANT],
        Operation::GET_CHECK_IN => &[POS_OF_OTHER_INTEGRATOR],
        Operation::INITIATE_PAYMENT => &[
            AMOUNT,
            ORDER_ID,
            PAYMENT_LABEL,
            KEY_INVALID,
            KEY_DUPLICATED,
            KEY_MISSING,
            POS_OF_OTHER_INTEGRATOR,
            NO_SUCH_POS,
            STORE_NOT_ACTIVE,
            PAYMENT_ACTIVE,
            KEY_REUSED,
        ],
        Operation::PREPARE_PAYMENT => &[
            ORDER_ID,
            KEY_INVALID,
            KEY_DUPLICATED,
            KEY_MISSING,
            POS_OF_OTHER_INTEGRATOR,
            NO_SUCH_POS,
            STORE_NOT_ACTIVE,
            PAYMENT_ACTIVE,
            KEY_REUSED,
        ],
        Operation::PAYMENT_READY => {
            &[AMOUNT, PAYMENT_LABEL, PAYMENT_OF_OTHER_INTEGRATOR, READY_OTHER_MERCHANT, NOT_PREPARED]
        }
        Operation::QUERY_PAYMENT => &[PAYMENT_OF_OTHER_INTEGRATOR, PAYMENT_OF_OTHER_MERCHANT],
        Operation::QUERY_PAYMENT_IDS => &[PAYMENT_FILTER],
        Operation::CAPTURE_PAYMENT => &[
            AMOUNT,
            PAYMENT_OF_OTHER_INTEGRATOR,
            CAPTURE_OTHER_MERCHANT,
            NOT_RESERVED,
            MORE_THAN_RESERVED,
            CAPTURED_OTHERWISE,
            NO_PARTIAL_CAPTURE,
        ],
        Operation::CANCEL_PAYMENT => &[PAYMENT_OF_OTHER_INTEGRATOR, CANCEL_OTHER_MERCHANT, NOT_CANCELLABLE],
        Operation::CREATE_REFUND => &[
            AMOUNT,
            REFUND_ORDER_ID,
            KEY_INVALID,
            KEY_DUPLICATED,
            KEY_MISSING,
            PAYMENT_OF_OTHER_INTEGRATOR,
            NO_SUCH_PAYMENT,
            KEY_REUSED,
            NOT_CAPTURED,
            OTHER_CURRENCY,
            TOO_OLD,
            TOO_HIGH,
            BALANCE_TOO_LOW,
        ],
        Operation::GET_REFUND => &[REFUND_OF_OTHER_INTEGRATOR],
        Operation::QUERY_REFUND_IDS => &[REFUND_FILTER],
        Operation::CAPTURE_REFUND => &[REFUND_OF_OTHER_INTEGRATOR, NO_SUCH_REFUND, REFUND_NOT_RESERVED],
        Operation::CANCEL_REFUND => &[REFUND_OF_OTHER_INTEGRATOR, REFUND_NOT_CANCELLABLE],
        _ => &[],
    }
}

/// The code for an invalid field of a request body.
pub(crate) fn of_field(operation: Operation, field: &str) -> ErrorCode {
    let code = match field {
        "amount" => AMOUNT,
        "beaconId" => BEACON_ID,
        "merchantPosId" => MERCHANT_POS_ID,
        "name" => POS_NAME,
        "orderId" => ORDER_ID,
        "refundOrderId" => REFUND_ORDER_ID,
        "callbackAlias" => CALLBACK_ALIAS,
        "merchantPaymentLabel" => PAYMENT_LABEL,
        _ => UNKNOWN,
    };
    if of_operation(operation).contains(&code) { code } else { UNKNOWN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ascend_and_have_a_valid_status() {
        assert!(ALL.windows(2).all(|pair| pair[0].code < pair[1].code));
        for known in ALL {
            assert_eq!(of(known.code), Some(*known));
            assert!([400, 403, 404, 409, 500].contains(&known.status), "{}", known.code);
        }
        assert_eq!(of(1), None);
    }

    #[test]
    fn every_code_is_common_or_belongs_to_an_operation() {
        for known in ALL {
            let somewhere = Operation::ALL.into_iter().any(|op| of_operation(op).contains(known));
            assert!(COMMON.contains(known) != somewhere, "{}", known.code);
        }
    }

    #[test]
    fn invalid_field_has_a_code_of_its_operation() {
        assert_eq!(of_field(Operation::CAPTURE_PAYMENT, "amount"), AMOUNT);
        assert_eq!(of_field(Operation::CREATE_REFUND, "refundOrderId"), REFUND_ORDER_ID);
        assert_eq!(of_field(Operation::PREPARE_PAYMENT, "amount"), UNKNOWN);
        assert_eq!(of_field(Operation::INITIATE_PAYMENT, "currencyCode"), UNKNOWN);
    }
}
