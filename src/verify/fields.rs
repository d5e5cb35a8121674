//! The values of the record's fields at one moment.

use super::attempt::Attempt;
use super::attempt_context::Context;
use super::bodies::Loyalty;
use super::moment::Moment;
use crate::api::resource::{PAYMENT, POS, REFUND};
use crate::api::{ExactAmount, Guid, Operation, header};
use crate::capture::record::EndedBy;
use crate::rules::raw::RawAccess;
use crate::rules::{Facts, Uncertainty, Value};

pub(super) fn n(number: Option<u64>) -> Value {
    number.map_or(Value::Null, |n| Value::Int(n as i64))
}

pub(super) fn ms(value: Option<i64>) -> Value {
    value.map_or(Value::Null, Value::Int)
}

pub(super) fn money(value: Option<ExactAmount>) -> Value {
    value.map_or(Value::Null, Value::Money)
}

pub(super) fn flag(value: Option<bool>) -> Value {
    value.map_or(Value::Null, Value::Bool)
}

pub(super) fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

pub(super) fn loyalty(value: Loyalty) -> Value {
    text(match value {
        Loyalty::Absent => "absent",
        Loyalty::Empty => "empty",
        Loyalty::Ids => "ids",
    })
}

impl Facts for Moment<'_> {
    fn value(&self, name: &str) -> Option<Value> {
        if let Some(access) = RawAccess::named(name) {
            let Some((attempt, _)) = self.attempt else { return Some(Value::Null) };
            let unread = Value::Unknown(Uncertainty::NotShown);
            return Some(attempt.raw.as_ref().map_or(unread, |raw| raw.value(&access)));
        }
        let value = self.recorded(name)?;
        Some(super::uncertainty::known(self, name, value))
    }
}

impl Moment<'_> {
    /// The recorded value of a field, before hidden evidence and clock precision are taken into account.
    fn recorded(&self, name: &str) -> Option<Value> {
        if let Some(field) = self.observed.folds.iter().find(|field| field.name == name) {
            return Some(self.observed.folded.value(field, &self.about));
        }
        let (root, field) = name.split_once('.')?;
        match root {
            "call" => self.call(field),
            "payment" => self.payment(field),
            "pos" => self.pos(field),
            "refund" => self.refund(field),
            "client" => self.client(field),
            "request" => match field {
                "sends_after_refusal" => {
                    let request = self.request.or(self.attempt.map(|(_, context)| context.request));
                    let attempts = request.map_or(0, |request| self.observed.requests.at(request).sends_after_refusal);
                    Some(Value::Int(attempts))
                }
                _ => None,
            },
            "token" => match field {
                "refused_n" => {
                    let token = self.attempt.and_then(|(_, context)| context.token);
                    Some(n(token.and_then(|token| self.observed.tokens.at(token).refused_n)))
                }
                _ => None,
            },
            "connection" => {
                let connection = self.connection?;
                match field {
                    "event" => Some(text(&connection.event)),
                    "tls" => Some(text(&connection.tls)),
                    "detail" => Some(text(&connection.detail)),
                    _ => None,
                }
            }
            "notification" => {
                let notification = self.notification?;
                match field {
                    "statuses" => {
                        let word =
                            |status: &u16| if *status == 0 { "no response".to_owned() } else { status.to_string() };
                        let statuses: Vec<String> = notification.statuses.iter().map(word).collect();
                        Some(Value::Text(statuses.join(", ")))
                    }
                    "answered_at_try" => {
                        let at = notification.statuses.iter().position(|status| *status == 200);
                        Some(n(at.map(|at| at as u64 + 1)))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn call(&self, field: &str) -> Option<Value> {
        let (attempt, context) = self.attempt?;
        self.call_head(attempt, field)
            .or_else(|| self.call_answer(attempt, context, field))
            .or_else(|| self.call_history(attempt, context, field))
    }

    /// Fields of the request itself.
    fn call_head(&self, attempt: &Attempt, field: &str) -> Option<Value> {
        let body = &attempt.body;
        let version = header::Version::parse(&attempt.version);
        let claim = || self.claimed_vat(attempt);
        Some(match field {
            "n" => Value::Int(attempt.n as i64),
            "op" => text(attempt.operation.map_or("", Operation::name)),
            "method" => text(&attempt.method),
            "path" => text(&attempt.path),
            "path.id" => text(attempt.path_id().unwrap_or_default()),
            "base" => text(&attempt.base),
            "refused" => text(&attempt.refused),
            "is_get" => Value::Bool(attempt.method == "GET"),
            "documented" => Value::Bool(attempt.operation.is_some()),
            "creates" => Value::Bool(attempt.operation.is_some_and(Operation::creates)),
            "id_valid" => Value::Bool(attempt.id_valid),
            "http" => text(&attempt.http_version),
            "tls" => attempt.tls.as_deref().map_or(Value::Null, text),
            "authorization_seen" => Value::Text(header_words(attempt.authorization_count, None)),
            "authorization_count" => Value::Int(attempt.authorization_count),
            // The form of a token is known even if its signature is hidden.
            "has_bearer" => Value::Bool(attempt.bearer.is_some()),
            "version_seen" => Value::Text(header_words(attempt.version_count, Some(&attempt.version))),
            "version_count" => Value::Int(attempt.version_count),
            "version" => text(&attempt.version),
            "version_valid" => Value::Bool(version.is_some()),
            "version_certified" => {
                let certified = self.target.version;
                Value::Bool(version.zip(certified).is_none_or(|(sent, wanted)| sent.same_minor(wanted)))
            }
            "vat_seen" => Value::Text(header_words(attempt.vat_count, Some(&attempt.vat_header))),
            "vat_count" => Value::Int(attempt.vat_count),
            "vat_header" => text(&attempt.vat_header),
            "vat_header_valid" => Value::Bool(header::is_vat_number(&attempt.vat_header)),
            "vat_claim" => Value::Text(claim()),
            "vat_claim_valid" => Value::Bool(header::is_vat_number(&claim())),
            "client_id_seen" => {
                let count = i64::try_from(attempt.client_ids.len()).unwrap_or(i64::MAX);
                Value::Text(header_words(count, attempt.client_ids.first().map(String::as_str)))
            }
            "client_id_count" => Value::Int(i64::try_from(attempt.client_ids.len()).unwrap_or(i64::MAX)),
            "client_id" => text(attempt.client_id()),
            "client_ids" => Value::Text(attempt.client_ids.join(", ")),
            "client_id_valid" => Value::Bool(Guid::parse(attempt.client_id()).is_some()),
            "client_id_certified" => {
                let wanted = &self.target.client_id;
                Value::Bool(
                    wanted.is_empty() || attempt.client_ids.iter().all(|sent| wanted.eq_ignore_ascii_case(sent)),
                )
            }
            "key_seen" => Value::Text(header_words(attempt.key_count, Some(&attempt.key))),
            "key_count" => Value::Int(attempt.key_count),
            "key" => text(&attempt.key),
            "key_valid" => Value::Bool(header::is_idempotency_key(&attempt.key)),
            "url_credential" => text(&attempt.url_credential),
            "body_known" => Value::Bool(body.known),
            "body_broken" => Value::Text(body.broken.join("; ")),
            "body_informal" => {
                let parameters = attempt.unknown_parameters.iter();
                let parameters = parameters.map(|name| format!("the query parameter `{name}` is not documented"));
                Value::Text(body.informal.iter().cloned().chain(parameters).collect::<Vec<_>>().join("; "))
            }
            "amount" => money(body.amount),
            "currency" => text(&body.currency),
            "merchant_pos_id" if body.merchant_pos_id.is_empty() => text(attempt.parameter("merchantposid")),
            "merchant_pos_id" => text(&body.merchant_pos_id),
            "restricted" => Value::Bool(body.debit_disallowed || body.credit_disallowed),
            "names_restrictions" => Value::Bool(body.names_restrictions),
            "restrictions_broken" => Value::Text(body.restrictions_wrong.join("; ")),
            "both_restricted" => Value::Bool(body.debit_disallowed && body.credit_disallowed),
            "filter_pos_or_order" => {
                Value::Bool(["posid", "orderid"].iter().any(|name| !attempt.parameter(name).is_empty()))
            }
            "filter_merchant_pos_id" => Value::Bool(!attempt.parameter("merchantposid").is_empty()),
            "in_selection" => Value::Bool(attempt.operation.is_none_or(|op| self.target.operations.contains(&op))),
            _ => return None,
        })
    }

    /// Fields of the outcome.
    fn call_answer(&self, attempt: &Attempt, context: &Context, field: &str) -> Option<Value> {
        let answer = &attempt.answer;
        Some(match field {
            "answered" => Value::Bool(!attempt.no_answer()),
            "no_answer" => Value::Bool(attempt.no_answer()),
            "failed" => Value::Bool(attempt.failed()),
            "succeeded" => Value::Bool(attempt.succeeded()),
            "unnamed" => Value::Bool(attempt.is_unnamed()),
            "status" => Value::Int(attempt.status.map_or(0, i64::from)),
            "code" => text(&answer.code),
            "lasted_ms" => Value::Int(attempt.lasted_ms()),
            "given_up_ms" => {
                let next = context.next_head.and_then(|head| head.ms_since(attempt.head)).filter(|ms| *ms >= 0);
                Value::Int(next.map_or(attempt.lasted_ms(), |ms| ms.min(attempt.lasted_ms())))
            }
            "client_gave_up" => {
                Value::Bool(attempt.no_answer() && matches!(attempt.ended_by, EndedBy::Client | EndedBy::Unknown))
            }
            "state" => text(&answer.state),
            "poll_delay_ms" => ms(answer.poll_delay_ms),
            "answer_partial" => flag(answer.partial),
            "answer_restrictions_differ" => {
                let payment = self.about[PAYMENT].map(|payment| self.observed.payments.at(payment));
                // A poll that was sent before the restrictions cannot show them.
                let sent = payment.filter(|payment| payment.restrictions_n.is_some_and(|n| n < attempt.n));
                let sent = sent.and_then(|payment| payment.restrictions);
                Value::Bool(sent.is_some() && sent != answer.restrictions)
            }
            "found_count" => Value::Int(answer.found.len() as i64),
            "id_unknown" => Value::Bool(self.id_unknown(attempt)),
            _ => return None,
        })
    }

    /// Fields of the context when its head arrived, and of its call.
    fn call_history(&self, attempt: &Attempt, context: &Context, field: &str) -> Option<Value> {
        let entry = self.observed.calls.at(context.call);
        Some(match field {
            "first_loss" => {
                let sent_again = context.after_held || context.next_head.is_some();
                Value::Bool(attempt.lost() && !context.last_failed && !sent_again && !entry.duplicated)
            }
            "first_failure" => {
                let sent_again = context.after_held || context.next_head.is_some();
                Value::Bool(attempt.failed() && !context.last_failed && !sent_again)
            }
            "last_status" => Value::Int(i64::from(context.last_status)),
            "last_failed" => Value::Bool(context.last_failed),
            "last_reset" => Value::Bool(context.last_reset),
            "resent_at_once" => Value::Bool(context.resent_at_once()),
            "failed_in_go" => Value::Int(i64::from(context.failed_in_burst)),
            "failures" => Value::Int(i64::from(context.failures)),
            "gap_ms" => ms(context.gap_ms),
            "head_gap_ms" => ms(context.head_gap_ms),
            "back_off_ms" => ms(context.back_off_ms),
            "open_poll_ms" => ms(context.open_poll.map(|(_, ms)| ms)),
            "open_poll_n" => n(context.open_poll.map(|(n, _)| n)),
            "asked_delay_ms" => ms(context.poll_delay_ms),
            "asked_n" => n(context.last_n),
            "answered_before" => Value::Bool(context.answered_before),
            "same_content" => Value::Bool(context.same_content),
            "twin_ms" => ms(context.duplicate_ms),
            "twin_n" => n(context.duplicate_n),
            "contradicted_n" => n(context.contradicted_n),
            "met_timeout" => {
                let held = entry.in_flight.iter().any(|(_, head)| self.observed.was_held(*head, attempt.end));
                Value::Bool(entry.burst_timeouts > 0 || held)
            }
            "met_500" => Value::Bool(entry.burst_500s > 0),
            "repeats_success" => Value::Bool(context.repeats_success),
            "unchanged_repeats" => Value::Int(context.unchanged_repeats),
            "refused_n" => n(context.refused_n),
            "name_taken_n" => n(context.name_taken_n),
            "name_looked_up" => Value::Bool(context.name_looked_up),
            "conflict_repeats" => Value::Int(context.conflict_repeats),
            "block_cleared" => Value::Bool(context.block_cleared),
            "refund_sum" => money(context.refund_sum),
            _ => return None,
        })
    }

    /// The merchant that a token is for: from its claim, or else from the token request.
    pub(super) fn claimed_vat(&self, attempt: &Attempt) -> String {
        if !attempt.vat_claim.is_empty() {
            return attempt.vat_claim.clone();
        }
        let token = attempt.token().and_then(|token| self.observed.tokens.find(token));
        token.map_or(String::new(), |token| self.observed.tokens.at(token).vat.clone())
    }

    /// Whether it names a resource that neither the capture nor the backend knows.
    fn id_unknown(&self, attempt: &Attempt) -> bool {
        let missing = match attempt.status {
            Some(404) => true,
            Some(409) => matches!(attempt.answer.code.as_str(), "1000" | "1001"),
            _ => false,
        };
        let seen_payment = |at: usize| self.observed.payments.at(at).first_seen > 0;
        let seen_pos = |at: usize| {
            let pos = self.observed.poses.at(at);
            pos.created_n.is_some() || pos.read_n.is_some()
        };
        let seen_refund = |at: usize| self.observed.refunds.at(at).created_n.is_some();
        let about = &self.about;
        let known = match attempt.operation {
            Some(Operation::GET_REFUND | Operation::CAPTURE_REFUND | Operation::CANCEL_REFUND) => {
                about[REFUND].is_some_and(seen_refund)
            }
            _ if about[PAYMENT].is_some() => about[PAYMENT].is_some_and(seen_payment),
            _ if about[POS].is_some() => about[POS].is_some_and(seen_pos),
            _ => true,
        };
        missing && !known
    }
}

/// The headers of a name, in words: `header missing`, `'abc'`, `2 headers, the first 'abc'`. Without a value (a secret):
/// of Authorization.
fn header_words(count: i64, first: Option<&str>) -> String {
    match (count, first) {
        (0, _) => "header missing".to_owned(),
        (1, Some(value)) => format!("'{value}'"),
        (1, None) => "no bearer token".to_owned(),
        (count, Some(value)) => format!("{count} headers, the first '{value}'"),
        (count, None) => format!("{count} headers"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::record::{Connection, Notification};
    use crate::rules::field::Kind;
    use crate::rules::fields;
    use crate::rules::load;
    use crate::verify::state::ObservedState;
    use crate::verify::target::Target;

    /// A field without a value would be an error in the middle of an evaluation.
    #[test]
    fn every_field_has_a_value_of_its_type() {
        let rules = load(None).unwrap();
        let mut observed = ObservedState::new(&rules, super::super::clock::Clock::default());
        let target = Target::default();
        let body = super::super::bodies::RequestBody { known: true, ..Default::default() };
        let operation = Some(Operation::CAPTURE_PAYMENT);
        let attempt = Attempt { operation, body, timed: true, ..Attempt::default() };
        let context = observed.open(&attempt);
        let (connection, notification) = (Connection::default(), Notification::default());
        let moment = Moment {
            attempt: Some((&attempt, &context)),
            connection: Some(&connection),
            notification: Some(&notification),
            ..Moment::bare(&observed, &target)
        };
        for field in fields::of(rules.profile) {
            let value = moment.value(field.name).unwrap_or_else(|| panic!("{} has no value", field.name));
            let fits = match value {
                Value::Null => field.nullable,
                Value::Bool(_) => field.kind == Kind::Bool || field.nullable,
                Value::Int(_) => field.kind == Kind::Int,
                Value::Money(_) => field.kind == Kind::Money,
                Value::Text(_) => field.kind == Kind::Text,
                Value::Number(_) | Value::List(_) | Value::Unknown(_) | Value::Between(_) => false,
            };
            assert!(fits, "{} is {value:?}", field.name);
        }
        assert_eq!(moment.value("call.nothing"), None);
    }
}
