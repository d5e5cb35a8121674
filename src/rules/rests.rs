//! What a field's value rests on: where the capture does not show that part of an exchange, the value is not known, and
//! what asks for it cannot be judged.

/// The parts that a capture may not show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rests {
    /// The body of the send's own request, or of one that it is compared with.
    pub request: bool,
    /// The body of the send's own answer.
    pub answer: bool,
    /// Bodies of requests and answers before: what is known of a PoS, a payment, a refund.
    pub past: bool,
    /// When the call's last send was over.
    pub time: bool,
    /// What the token endpoint answered.
    pub token: bool,
}

impl Rests {
    /// Whatever either rests on.
    pub fn or(self, other: Rests) -> Rests {
        Rests {
            request: self.request || other.request,
            answer: self.answer || other.answer,
            past: self.past || other.past,
            time: self.time || other.time,
            token: self.token || other.token,
        }
    }

    /// What the field of that full name rests on.
    pub fn of(name: &str) -> Rests {
        let none = Rests::default();
        match name {
            "client.wasted_tokens" => Rests { token: true, ..none },
            "client.offboarded" => Rests { past: true, ..none },
            // Counted from paths and statuses alone.
            "payment.capture_sends" => none,
            "call.same_content"
            | "call.twin_ms"
            | "call.twin_n"
            | "call.contradicted_n"
            | "call.unchanged_repeats"
            | "call.refused_n"
            | "call.amount"
            | "call.currency"
            | "call.merchant_pos_id"
            | "request.sends_after_refusal" => Rests { request: true, ..none },
            "call.name_taken_n" | "call.name_looked_up" | "call.conflict_repeats" | "call.refund_sum" => {
                Rests { request: true, past: true, ..none }
            }
            "call.repeats_success" => Rests { request: true, ..none },
            "call.state" | "call.unnamed" | "call.code" | "call.poll_delay_ms" | "call.found_count" => {
                Rests { answer: true, ..none }
            }
            "call.id_unknown" | "call.block_cleared" | "call.asked_delay_ms" => Rests { past: true, ..none },
            "call.gap_ms" | "call.back_off_ms" => Rests { time: true, ..none },
            _ => match name.split_once('.') {
                Some(("payment" | "pos" | "refund", _)) => Rests { past: true, ..none },
                Some(("call", field)) if field.starts_with("answer_") => Rests { answer: true, past: true, ..none },
                Some(("call", field)) if field.starts_with("body_") || field.contains("restrict") => {
                    Rests { request: true, ..none }
                }
                _ => none,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::fields::FIELDS;

    #[test]
    fn every_field_named_here_is_one() {
        let known = |name: &str| FIELDS.iter().any(|field| field.name == name);
        for name in include_str!("rests.rs").split('"').filter(|text| text.starts_with("call.")) {
            assert!(known(name) || name == "call.", "{name}");
        }
        assert!(Rests::of("payment.state").past && Rests::of("call.body_broken").request);
        assert!(Rests::of("call.restricted").request && Rests::of("call.answer_partial").answer);
        assert_eq!(Rests::of("call.status"), Rests::default());
    }
}
