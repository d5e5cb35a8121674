//! The operations of the API, by the names in its OpenAPI description; `profiles/pos-v10/profile.toml` describes them.

use crate::profile::Operation;

/// Constants for the operations, in the order of the profile: as `Operation::GET_STORES`, and in [`names`].
macro_rules! operations {
    ($($name:ident)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Index { $($name),* }

        #[allow(missing_docs)] // The names are the API's own.
        impl Operation {
            $(pub const $name: Operation = Operation::builtin(Index::$name as u16);)*

            /// All operations of the PoS API v10, in the order of its documentation.
            pub const ALL: [Operation; [$(Index::$name),*].len()] = [$(Operation::$name),*];
        }

        /// The operations under their own names, for `match`.
        pub(crate) mod names {
            use super::Operation;

            $(pub(crate) const $name: Operation = Operation::$name;)*
        }

        #[cfg(test)]
        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

operations! {
    GET_STORES
    GET_STORE
    GET_DETAILED_STORES
    CREATE_POS
    GET_POS
    GET_POS_WITH_FILTER
    DELETE_POS
    GET_CHECK_IN
    INITIATE_PAYMENT
    PREPARE_PAYMENT
    PAYMENT_READY
    QUERY_PAYMENT
    QUERY_PAYMENT_IDS
    CAPTURE_PAYMENT
    CANCEL_PAYMENT
    CREATE_REFUND
    GET_REFUND
    QUERY_REFUND_IDS
    CAPTURE_REFUND
    CANCEL_REFUND
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::pos_v10;

    #[test]
    fn constants_are_in_the_order_of_the_profile() {
        assert_eq!(pos_v10().operations, Operation::ALL);
        let names = pos_v10().operation_names().into_iter().map(str::to_ascii_uppercase);
        assert!(names.eq(NAMES.iter().map(|name| name.replace('_', ""))));
    }
}
