//! The typed record that predicates ask: every field by name, with its type and meaning.
//!
//! `null` stands for "not known, or not there"; a predicate that can meet it asks first (`call.amount != null && ...`),
//! since comparing with it is an error. Money is in minor units, times are whole milliseconds, `..._n` are exchange
//! numbers. `call` is the send that the event is about; the other roots are the things it is about, as the client had
//! been told of them at that moment.

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// Money in minor units.
    Money,
    /// Text, empty where there is none.
    Text,
}

/// A field of the record.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its full name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it can be `null`.
    pub nullable: bool,
    /// What it means.
    pub meaning: &'static str,
}

const fn f(name: &'static str, kind: Kind, nullable: bool, meaning: &'static str) -> Field {
    Field { name, kind, nullable, meaning }
}

use Kind::{Bool, Int, Money, Text};

/// Every field.
pub const FIELDS: &[Field] = &[
    f("call.n", Int, false, "the exchange's number"),
    f("call.op", Text, false, "the operation; empty where it is not documented"),
    f("call.method", Text, false, "the HTTP method"),
    f("call.path", Text, false, "the path, without the query"),
    f("call.base", Text, false, "scheme, host and path up to /v10"),
    f("call.refused", Text, false, "why the recorder refused the request; empty where it did not"),
    f("call.answered", Bool, false, "an answer reached the client whole"),
    f("call.no_answer", Bool, false, "no answer reached the client whole"),
    f("call.failed", Bool, false, "no answer, or 5xx"),
    f("call.succeeded", Bool, false, "answered 2xx"),
    f("call.status", Int, false, "the HTTP status; 0 for no answer"),
    f("call.code", Text, false, "the error code in the answer"),
    f("call.lasted_ms", Int, false, "from the request's head to the end of the exchange"),
    f(
        "call.given_up_ms",
        Int,
        false,
        "from the request's head until the client gave it up: its end, or the next send of the same call",
    ),
    f("call.client_gave_up", Bool, false, "it ended without an answer, and not by the backend or the recorder"),
    f("call.is_get", Bool, false, "the method is GET"),
    f("call.documented", Bool, false, "it is a documented operation"),
    f("call.creates", Bool, false, "it creates something, and so needs an idempotency key"),
    f("call.id_valid", Bool, false, "the id in the path is a GUID, or there is none"),
    f("call.http", Text, false, "the HTTP version; empty where it is not known"),
    f("call.tls", Text, true, "the TLS version; empty where there was no TLS"),
    f("call.authorization_count", Int, false, "how many Authorization headers there are"),
    f("call.has_bearer", Bool, false, "exactly one Authorization header is there, and it holds a bearer token"),
    f("call.version_count", Int, false, "how many client version headers there are"),
    f("call.version", Text, false, "the first one's value"),
    f("call.version_valid", Bool, false, "which has the form Major.Minor.Build"),
    f("call.version_certified", Bool, false, "and the Major.Minor being certified"),
    f("call.vat_count", Int, false, "how many VAT number headers there are"),
    f("call.vat_header", Text, false, "the first one's value"),
    f("call.vat_header_valid", Bool, false, "which is DK or FI and eight digits"),
    f("call.vat_claim", Text, false, "the merchant that the token is for; empty where it does not say"),
    f("call.vat_claim_valid", Bool, false, "which is DK or FI and eight digits"),
    f("call.client_id_count", Int, false, "how many client id headers there are"),
    f("call.client_id", Text, false, "the first one's value, in lower case"),
    f("call.client_id_valid", Bool, false, "which is a GUID"),
    f("call.client_id_certified", Bool, false, "and the one being certified"),
    f("call.key_count", Int, false, "how many idempotency key headers there are"),
    f("call.key", Text, false, "the first one's value"),
    f("call.key_valid", Bool, false, "which is 1 to 36 valid characters"),
    f("call.url_credential", Text, false, "how a credential stands in the URL; empty where none does"),
    f("call.body_known", Bool, false, "the capture shows the request's body"),
    f("call.body_broken", Text, false, "how the body breaks its documented shape; empty where it does not"),
    f("call.body_informal", Text, false, "how body or query differ from the documented form though they are taken"),
    f("call.amount", Money, true, "the amount in the request's body"),
    f("call.currency", Text, false, "its currency"),
    f("call.merchant_pos_id", Text, false, "the merchant's name for the PoS in the request's body or query"),
    f("call.restricted", Bool, false, "the body disallows a kind of card"),
    f("call.both_restricted", Bool, false, "the body disallows both kinds"),
    f("call.names_restrictions", Bool, false, "the body has restrictions"),
    f("call.restrictions_broken", Text, false, "how they break their documented shape; empty where they do not"),
    f("call.state", Text, false, "the state of the payment or refund in the answer"),
    f("call.poll_delay_ms", Int, true, "pollDelayInMs in the answer"),
    f("call.answer_partial", Bool, true, "partialCapturePossible in the answer"),
    f(
        "call.answer_restrictions_differ",
        Bool,
        false,
        "the answer shows other restrictions than were sent for the payment",
    ),
    f("call.found_count", Int, false, "how many ids the answer lists"),
    f("call.in_selection", Bool, false, "the operation belongs to a chosen feature"),
    f(
        "call.first_failure",
        Bool,
        false,
        "it failed, the call's last send before it had not, and the call was not sent again before it was over",
    ),
    f("call.last_failed", Bool, false, "the call's last send failed"),
    f(
        "call.last_reset",
        Bool,
        false,
        "the call's last send lost its connection at once: no answer, and sooner than a time-out",
    ),
    f("call.failures", Int, false, "how many sends of the call failed in a row before this one"),
    f("call.gap_ms", Int, true, "from the end of the call's last send to the head of this one"),
    f("call.head_gap_ms", Int, true, "from the head of the call's last send to the head of this one"),
    f("call.back_off_ms", Int, true, "the pause before the call's last send, where that too followed a failed one"),
    f("call.asked_delay_ms", Int, true, "the pollDelayInMs that the last answer to this poll asked for"),
    f("call.asked_n", Int, true, "the call's last send"),
    f("call.answered_before", Bool, false, "a send of the same call was answered below 500 before"),
    f("call.same_content", Bool, false, "operation and body are those of the call's first send"),
    f(
        "call.twin_ms",
        Int,
        true,
        "since a create of equal operation and body, under another key, failed whose outcome is not known, within the limit `retry_window_ms`",
    ),
    f("call.twin_n", Int, true, "that create"),
    f("call.met_timeout", Bool, false, "the sends of the call, without a long pause between them, met a time-out"),
    f("call.met_500", Bool, false, "and an answer 500"),
    f(
        "call.unchanged_repeats",
        Int,
        false,
        "how often the request was repeated unchanged after a 4xx with nothing done about it",
    ),
    f("call.refused_n", Int, true, "that refusal"),
    f("call.name_taken_n", Int, true, "the exchange that created a PoS of the same merchantPosId that is still there"),
    f("call.name_looked_up", Bool, false, "and which was looked up since"),
    f(
        "call.conflict_repeats",
        Int,
        false,
        "how often the PoS was created again after 1200 or 1202 without a look at the other one",
    ),
    f("call.refund_sum", Money, true, "the payment's refunds with this one"),
    f("call.filter_merchant_pos_id", Bool, false, "the query asks for a merchantPosId"),
    f(
        "call.id_unknown",
        Bool,
        false,
        "an id it names was in no answer before, and the backend does not know it either",
    ),
    f(
        "request.sends_after_refusal",
        Int,
        false,
        "how often the same request was sent after it was refused, whatever was done in between",
    ),
    f(
        "call.block_cleared",
        Bool,
        false,
        "it started a payment on a PoS where one had been in the way, and that one was brought to an end before",
    ),
    f("connection.event", Text, false, "what happened below HTTP"),
    f("connection.tls", Text, false, "the TLS version of the connection, or the best the client offered"),
    f("connection.detail", Text, false, "in a sentence"),
    f("client.base", Text, false, "the base path of the first call"),
    f("client.version", Text, false, "the version being certified"),
    f("client.id", Text, false, "the client id being certified"),
    f(
        "client.offboarded",
        Bool,
        false,
        "a PoS whose creation met a time-out and an answer 500 was deleted, or there is no such PoS",
    ),
    f(
        "client.wasted_tokens",
        Int,
        false,
        "how many tokens in a row were fetched anew after one call or none though they were good",
    ),
    f("token.refused_n", Int, true, "the call at which the token was refused with 401"),
    f("pos.created_n", Int, true, "the exchange that created the PoS"),
    f(
        "pos.through_faults",
        Bool,
        false,
        "the call that created it met a time-out and a 500, or none that created a PoS did",
    ),
    f("pos.beacon_generated", Bool, false, "it was created without a beacon id"),
    f("pos.read_n", Int, true, "the GetPos that read it"),
    f("pos.deleted_n", Int, true, "the exchange that deleted it"),
    f("pos.created_again_n", Int, true, "the CreatePos that would make another PoS of the same merchantPosId"),
    f(
        "pos.loyalty",
        Text,
        false,
        "what the latest check-in answer says of loyalty: absent, empty or ids; empty text where nobody is checked in",
    ),
    f("pos.active_payments", Int, false, "payments on it that are active, by what the client knows"),
    f("pos.open_payments", Int, false, "payments on it that are active or reserved"),
    f("pos.open_payment_n", Int, true, "the exchange that created one of them"),
    f(
        "pos.blocked_n",
        Int,
        true,
        "the create on it that was refused because a payment is active, while none has succeeded since",
    ),
    f("pos.unblocked_n", Int, true, "the exchange that brought a payment on it to an end since"),
    f("payment.created_n", Int, true, "the exchange that started the payment in this capture"),
    f("payment.created_by", Text, false, "the operation that did"),
    f("payment.state", Text, false, "the state that the last answered poll said"),
    f("payment.state_n", Int, true, "that poll"),
    f("payment.amount", Money, true, "what it costs"),
    f("payment.currency", Text, false, "its currency"),
    f("payment.ready_asked_amount", Money, true, "the amount of the PaymentReady sent before"),
    f("payment.ready_asked_n", Int, true, "that PaymentReady"),
    f("payment.readied_n", Int, true, "the PaymentReady that was answered 200"),
    f("payment.paired_n", Int, true, "the first poll that said Paired"),
    f("payment.reserved_n", Int, true, "the first poll that said Reserved"),
    f("payment.reserved_amount", Money, true, "what is reserved"),
    f("payment.partial", Bool, true, "whether less can be captured, by the last answer in Reserved"),
    f("payment.captured_n", Int, true, "the capture that was answered 200, or the poll that said Captured"),
    f("payment.captured_amount", Money, true, "what was captured"),
    f("payment.cancelled_n", Int, true, "the cancel that was answered 200"),
    f("payment.final_n", Int, true, "the first poll that said a final state"),
    f("payment.final_polls", Int, false, "how many polls were sent after that"),
    f("payment.capture_sends", Int, false, "how many captures were sent"),
    f("payment.capture_failed_n", Int, true, "the latest capture that failed, while it is not made good"),
    f("payment.capture_failed_amount", Money, true, "what it would have captured"),
    f("payment.gave_up_n", Int, true, "the last send of a capture that was answered 500 each time"),
    f("payment.hang_ms", Int, true, "the pause between that and the act that ended the payment"),
    f("payment.poll_timeouts", Int, false, "polls before Reserved that timed out"),
    f("payment.poll_500s", Int, false, "polls before Reserved that were answered 500"),
    f("payment.order_reused_n", Int, true, "the exchange that started another payment with the same orderId before"),
    f("payment.listed_n", Int, true, "the latest list that names it"),
    f(
        "payment.listed_after_block",
        Bool,
        false,
        "it stood in a list since a create on its PoS was refused because a payment is active",
    ),
    f(
        "payment.swept_after_error",
        Bool,
        false,
        "it was seen before, and listed after, a create on its PoS that was refused or failed and has not been made good",
    ),
    f("payment.create_failed_n", Int, true, "that create"),
    f(
        "payment.swept_with",
        Int,
        false,
        "how many reservations of one list were ended in the same way, where none was left out",
    ),
    f("payment.restricted", Bool, false, "a restriction was sent for it"),
    f("payment.restrictions_n", Int, true, "the exchange that sent it"),
    f("payment.loyalty", Text, false, "what the latest answer says of loyalty: absent, empty or ids"),
    f("payment.loyalty_lacked", Bool, false, "an answer before lacked it"),
    f("payment.refundable", Money, true, "what was captured of it"),
    f("payment.refunded", Money, false, "the sum of its refunds"),
    f("refund.created_n", Int, true, "the exchange that created the refund"),
    f("refund.state", Text, false, "the state that the last answered poll said"),
    f("refund.reserved_n", Int, true, "the first poll that said Reserved"),
    f("refund.final_n", Int, true, "the first poll that said a final state"),
    f("refund.captured_n", Int, true, "the capture that was answered 200, or the poll that said Captured"),
    f("refund.cancelled_n", Int, true, "the cancel that was answered 200"),
    f("notification.statuses", Text, false, "the status of each try to notify the client of a check-in"),
    f("notification.answered_at_try", Int, true, "the first try, from 1, that was answered 200"),
];

/// The field of that full name.
pub fn find(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}
