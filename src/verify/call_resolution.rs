//! Unresolved calls, and how the client resolves them.
//!
//! A call without a response or with a server error is unresolved until the client retries it, or looks up its outcome
//! and uses or cancels what the look-up finds (api_principles#error_handling).

use super::attempt::Attempt;
use super::attempt_context::Context;
use super::call_state::{CallState, UnresolvedCall};
use super::folded_resources::looks_up;
use super::state::{DerivedEvent, ObservedState};
use crate::api::operation::names::{
    CANCEL_PAYMENT, CANCEL_REFUND, CAPTURE_PAYMENT, CAPTURE_REFUND, CREATE_POS, CREATE_REFUND, DELETE_POS,
    GET_CHECK_IN, GET_POS, GET_POS_WITH_FILTER, GET_REFUND, INITIATE_PAYMENT, PAYMENT_READY, PREPARE_PAYMENT,
    QUERY_PAYMENT, QUERY_PAYMENT_IDS, QUERY_REFUND_IDS,
};
use crate::api::resource::{PAYMENT, POS, REFUND};
use crate::api::{Operation, PaymentStatus, RefundStatus};

impl ObservedState {
    /// Resolves the unresolved calls that an attempt retries, with the same key or as a duplicate create.
    pub(super) fn retried(&mut self, attempt: &Attempt, context: &Context) -> Vec<DerivedEvent> {
        let twin = context.duplicate_n;
        let (calls, mut derived) = (&mut self.calls, Vec::new());
        self.unresolved_calls.retain(|&call| {
            let entry = calls.at_mut(call);
            let is_twin = entry.content == attempt.content && twin.is_some_and(|n| n == entry.last_n);
            let again = call == context.call || entry.is_asked_again_by(attempt) || is_twin;
            if !again {
                return true;
            }
            derived.push(DerivedEvent::Recovered(call));
            // After a duplicate create the call itself is still unresolved for a look-up of its outcome. A retry alone
            // does not identify a resource that was created without a readable id.
            let unnamed = entry.unresolved.as_ref().is_some_and(|unresolved| unresolved.unnamed);
            entry.unresolved = entry.unresolved.take().filter(|_| is_twin || unnamed);
            unnamed
        });
        derived
    }

    /// Resolves the unresolved calls whose look-up found an id that this attempt uses.
    pub(super) fn used(&mut self, attempt: &Attempt) -> Vec<DerivedEvent> {
        let named = [attempt.path_id(), Some(&attempt.body.pos_id), Some(&attempt.body.payment_id)];
        let acts = attempt.is(&[CAPTURE_PAYMENT, CANCEL_PAYMENT, CAPTURE_REFUND, CANCEL_REFUND]);
        self.resolve_where(|entry, unresolved| {
            // A reservation that a look-up finds is used by ending it, a payment also by PaymentReady, anything else by
            // any call on it.
            let by_any = match entry.operation {
                Some(INITIATE_PAYMENT | PREPARE_PAYMENT) => attempt.is(&[PAYMENT_READY]),
                operation => operation.is_some_and(Operation::creates),
            };
            // A resource that certainly exists has to be ended too; that is checked when the response arrives.
            let owes_end = unresolved.unnamed && entry.operation != Some(CREATE_POS);
            let used =
                !owes_end && (acts || by_any) && unresolved.found.iter().any(|id| named.contains(&Some(id.as_str())));
            entry.looked_up |= used;
            used
        })
    }

    /// Processes the end of an attempt: a failed one is unresolved; a look-up may resolve other calls.
    pub(super) fn attempt_ended(&mut self, attempt: &Attempt, context: &Context) -> Vec<DerivedEvent> {
        if attempt.is_call && (attempt.failed() || attempt.is_unnamed()) {
            let entry = self.calls.at_mut(context.call);
            let unnamed = entry.unresolved.as_ref().is_some_and(|unresolved| unresolved.unnamed);
            // A repeat without an id in its response changes nothing.
            let repeats = attempt.is_unnamed() && (unnamed || context.repeats_success);
            if entry.last_n == attempt.n && !repeats {
                let unnamed = unnamed || attempt.is_unnamed();
                entry.unresolved = Some(UnresolvedCall { unnamed, ..UnresolvedCall::default() });
                if !self.unresolved_calls.contains(&context.call) {
                    self.unresolved_calls.push(context.call);
                }
            }
            return Vec::new();
        }
        let mut derived = self.answered_late(attempt, context);
        let found = self.not_known_otherwise(&attempt.answer.found);
        let body = self.created_with(attempt, !found.is_empty());
        let about = context.about;
        let asked_for = self.asked_for(attempt);
        let captured = attempt.answer.found.iter().filter(|_| attempt.lists_captured());
        let captured: Vec<usize> = captured.filter_map(|id| self.payments.find(id)).collect();
        let path_id = attempt.path_id().unwrap_or_default().to_owned();
        let payment_state = PaymentStatus::from_name(&attempt.answer.state);
        let refund_state = RefundStatus::from_name(&attempt.answer.state);
        let profile = self.profile;
        derived.extend(self.resolve_where(|entry, unresolved| {
            let same_payment = entry.about[PAYMENT].is_some() && entry.about[PAYMENT] == about[PAYMENT];
            let same_refund = entry.about[REFUND].is_some() && entry.about[REFUND] == about[REFUND];
            let same_pos = entry.about[POS].is_some() && entry.about[POS] == about[POS];
            let done = match (entry.operation, attempt.operation) {
                (Some(lost), Some(GET_POS_WITH_FILTER | QUERY_PAYMENT_IDS | QUERY_REFUND_IDS))
                    if lost.creates() && attempt.is_answered_by_list() && body.contains(&entry.content) =>
                {
                    unresolved.outcome_shown = true;
                    // What was created for certain, and found, does not end by not being listed any more.
                    let known = unresolved.unnamed && found.is_empty() && !unresolved.found.is_empty();
                    unresolved.nothing_found = found.is_empty() && !known;
                    if !known {
                        unresolved.found.clone_from(&found);
                    }
                    // A later look-up may still find it, unless the capture does not even show what this one found.
                    if unresolved.nothing_found && !attempt.answer_hidden {
                        entry.looked_up = true;
                        return false;
                    }
                    // A point of sale that was certainly created only has to be identified.
                    unresolved.nothing_found
                        || (unresolved.unnamed && lost == CREATE_POS && !unresolved.found.is_empty())
                }
                (Some(INITIATE_PAYMENT | PREPARE_PAYMENT), Some(CANCEL_PAYMENT | CAPTURE_PAYMENT))
                | (Some(CREATE_REFUND), Some(CANCEL_REFUND | CAPTURE_REFUND)) => {
                    unresolved.unnamed && attempt.succeeded() && unresolved.found.contains(&path_id)
                }
                (Some(INITIATE_PAYMENT | PREPARE_PAYMENT), Some(QUERY_PAYMENT_IDS)) if attempt.lists_captured() => {
                    unresolved.unnamed && attempt.answer.found.iter().any(|id| unresolved.found.contains(id))
                }
                (Some(CREATE_REFUND), Some(GET_REFUND)) => {
                    unresolved.unnamed
                        && refund_state.is_some_and(RefundStatus::is_final)
                        && unresolved.found.contains(&path_id)
                }
                (Some(DELETE_POS), Some(GET_POS)) => same_pos,
                (Some(DELETE_POS), Some(GET_POS_WITH_FILTER)) => {
                    attempt.is_answered_by_list() && entry.about[POS].is_some_and(|pos| asked_for.contains(&pos))
                }
                (Some(QUERY_PAYMENT), Some(CANCEL_PAYMENT | CAPTURE_PAYMENT)) => same_payment && attempt.succeeded(),
                // A customer who pays has checked in.
                (Some(GET_CHECK_IN), Some(INITIATE_PAYMENT | PREPARE_PAYMENT)) => same_pos && attempt.succeeded(),
                // A payment that is polled to its end, or to Reserved, is not left open; PAY-05 checks reservations.
                (Some(INITIATE_PAYMENT | PREPARE_PAYMENT), Some(QUERY_PAYMENT)) => {
                    let settled =
                        payment_state.is_some_and(|state| state.is_final() || state == PaymentStatus::Reserved);
                    settled && unresolved.found.contains(&path_id)
                }
                (Some(CAPTURE_PAYMENT | CANCEL_PAYMENT), Some(QUERY_PAYMENT_IDS)) => {
                    attempt.succeeded() && entry.about[PAYMENT].is_some_and(|payment| captured.contains(&payment))
                }
                (Some(CAPTURE_PAYMENT | CANCEL_PAYMENT), Some(QUERY_PAYMENT)) => {
                    same_payment && {
                        unresolved.found = vec![path_id.clone()];
                        payment_state.is_some_and(PaymentStatus::is_final)
                    }
                }
                (Some(PAYMENT_READY), Some(QUERY_PAYMENT)) => {
                    let waiting = [PaymentStatus::Prepared, PaymentStatus::Paired];
                    same_payment && {
                        unresolved.found = vec![path_id.clone()];
                        payment_state.is_some_and(|state| !waiting.contains(&state))
                    }
                }
                (Some(GET_REFUND), Some(CANCEL_REFUND | CAPTURE_REFUND)) => same_refund && attempt.succeeded(),
                (Some(CAPTURE_REFUND | CANCEL_REFUND), Some(GET_REFUND)) => {
                    same_refund && {
                        unresolved.found = vec![path_id.clone()];
                        refund_state.is_some_and(RefundStatus::is_final)
                    }
                }
                (Some(lost), Some(now)) if looks_up(lost, now, profile) => attempt.is_answered_by_list(),
                _ => false,
            };
            if done {
                entry.looked_up = true;
            }
            done
        }));
        derived
    }

    /// Resolves the call of an attempt that got its response after a later attempt of the call had failed.
    fn answered_late(&mut self, attempt: &Attempt, context: &Context) -> Vec<DerivedEvent> {
        let unnamed = self.calls.at(context.call).unresolved.as_ref().is_some_and(|unresolved| unresolved.unnamed);
        if unnamed && attempt.answer.created.is_none() {
            return Vec::new();
        }
        let lost = self.unresolved_calls.len();
        self.unresolved_calls.retain(|&call| call != context.call);
        self.calls.at_mut(context.call).unresolved = None;
        if self.unresolved_calls.len() < lost { vec![DerivedEvent::Recovered(context.call)] } else { Vec::new() }
    }

    /// The points of sale that a filtered look-up is about.
    pub(super) fn asked_for(&self, attempt: &Attempt) -> Vec<usize> {
        if attempt.operation != Some(GET_POS_WITH_FILTER) {
            return Vec::new();
        }
        let fits = |value: &str, name: &str| !value.is_empty() && attempt.parameter(name) == value;
        let about = |pos: &super::resources::PosState| {
            fits(&pos.merchant_pos_id, "merchantposid")
                || fits(&pos.beacon_id, "beaconid")
                || fits(&pos.store_id, "storeid")
                || attempt.answer.found.contains(&pos.id)
        };
        self.poses.iter().filter(|(_, pos)| about(pos)).map(|(place, _)| place).collect()
    }

    /// Marks unresolved creates in the same place as abandoned when the client makes another create there.
    pub(super) fn abandon(&mut self, attempt: &Attempt, context: &Context) {
        if !attempt.operation.is_some_and(Operation::creates) {
            return;
        }
        for &call in &self.unresolved_calls {
            let entry = self.calls.at_mut(call);
            let same = |lost: &str, now: &str| !lost.is_empty() && lost == now;
            let place = same(&entry.subject.pos_id, &attempt.body.pos_id)
                || same(&entry.subject.store_id, &attempt.body.store_id)
                || same(&entry.subject.payment_id, &attempt.body.payment_id);
            if let Some(unresolved) = entry.unresolved.as_mut().filter(|_| place && call != context.call) {
                unresolved.abandoned = true;
            }
        }
    }

    /// Identifies the resource of an unresolved create: a look-up by its order, or by the payment of a refund, found
    /// exactly one unseen resource.
    pub(super) fn found(&mut self, attempt: &Attempt, context: &mut Context) {
        let found = self.not_known_otherwise(&attempt.answer.found);
        if attempt.operation == Some(QUERY_REFUND_IDS) {
            for id in &found {
                let place = self.refund(id);
                let tick = self.tick;
                let first_seen = &mut self.refunds.at_mut(place).first_seen;
                *first_seen = if *first_seen == 0 { tick } else { *first_seen };
            }
        }
        let [only] = &found[..] else { return };
        let same = |lost: &str, name: &str| !lost.is_empty() && attempt.parameter(name) == lost;
        let made_by = self.unresolved_calls.iter().copied().find(|&call| {
            let entry = self.calls.at(call);
            match (entry.operation, attempt.operation) {
                (Some(INITIATE_PAYMENT | PREPARE_PAYMENT), Some(QUERY_PAYMENT_IDS)) => {
                    same(&entry.subject.order_id, "orderid")
                }
                (Some(CREATE_REFUND), Some(QUERY_REFUND_IDS)) => same(&entry.subject.payment_id, "paymentid"),
                _ => false,
            }
        });
        let Some(call) = made_by else { return };
        let entry = self.calls.at(call);
        let (sent, n, operation, pos) = (entry.touched, entry.last_n, entry.operation, entry.about[POS]);
        let restrictions = entry.subject.restrictions;
        if operation == Some(CREATE_REFUND) {
            let place = self.refund(only);
            if self.refunds.at(place).first_seen >= sent {
                self.refunds.at_mut(place).found_for = Some(n);
                self.calls.at_mut(call).about[REFUND] = Some(place);
            }
        } else if let Some(operation) = operation {
            let place = self.payment(only);
            if self.payments.at(place).first_seen >= sent {
                self.payments.at_mut(place).found_for = Some((n, operation));
                self.payments.at_mut(place).restrict(restrictions, n);
                // It may be the payment that blocked a later create; then it has to end like any other payment.
                let before = |pos: usize| self.poses.at(pos).blocked_n.is_none_or(|blocked| blocked < n);
                let pos = pos.filter(|&pos| before(pos));
                context.block_cleared |= pos.is_some_and(|pos| self.poses.at_mut(pos).has_started());
            }
        }
    }

    /// The found ids that are not known from the response to another create.
    fn not_known_otherwise(&self, found: &[String]) -> Vec<String> {
        let created = |id: &str| {
            let payment = self.payments.find(id).and_then(|place| self.payments.at(place).created_n);
            let pos = self.poses.find(id).and_then(|place| self.poses.at(place).created_n);
            let refund = self.refunds.find(id).and_then(|place| self.refunds.at(place).created_n);
            payment.or(pos).or(refund).is_some()
        };
        found.iter().filter(|id| !created(id)).cloned().collect()
    }

    /// The contents of unresolved creates that a filtered look-up is about. If it finds something new, it is about all
    /// unresolved creates there. If it finds nothing, it says nothing about abandoned creates.
    fn created_with(&self, attempt: &Attempt, finds: bool) -> Vec<[u8; 16]> {
        // With an additional filter on another value, the look-up is about something else.
        let is_about = |name: &str, value: &str, beside: &[(&str, &str)]| {
            let other = |(name, value): &(&str, &str)| !["", *value].contains(&attempt.parameter(name));
            !value.is_empty() && attempt.parameter(name) == value && !beside.iter().any(other)
        };
        // A captured payment is not one that has just been started.
        if attempt.lists_captured() {
            return Vec::new();
        }
        let abandoned =
            |entry: &CallState| !finds && entry.unresolved.as_ref().is_none_or(|unresolved| unresolved.abandoned);
        let lost = self.unresolved_calls.iter().map(|&call| self.calls.at(call));
        lost.filter(|entry| match (entry.operation, attempt.operation) {
            (Some(CREATE_POS), Some(GET_POS_WITH_FILTER)) => {
                let (name, beacon) = (&entry.subject.merchant_pos_id, &entry.subject.beacon_id);
                let (by_name, by_beacon) = (("merchantposid", name.as_str()), ("beaconid", beacon.as_str()));
                is_about("merchantposid", name, &[by_beacon])
                    || is_about("beaconid", beacon, &[by_name])
                    || (!abandoned(entry) && is_about("storeid", &entry.subject.store_id, &[by_name, by_beacon]))
            }
            (Some(INITIATE_PAYMENT | PREPARE_PAYMENT), Some(QUERY_PAYMENT_IDS)) => {
                let (pos, order) = (&entry.subject.pos_id, &entry.subject.order_id);
                is_about("orderid", order, &[("posid", pos)])
                    || (!abandoned(entry) && is_about("posid", pos, &[("orderid", order)]))
            }
            (Some(CREATE_REFUND), Some(QUERY_REFUND_IDS)) => {
                !abandoned(entry) && is_about("paymentid", &entry.subject.payment_id, &[])
            }
            _ => false,
        })
        .map(|entry| entry.content)
        .collect()
    }

    /// The calls that a look-up found nothing of, where the capture ends.
    pub(super) fn nothing_found(&self) -> Vec<usize> {
        let nothing =
            |call: &usize| self.calls.at(*call).unresolved.as_ref().is_some_and(|unresolved| unresolved.nothing_found);
        self.unresolved_calls.iter().copied().filter(nothing).collect()
    }

    fn resolve_where(&mut self, resolves: impl Fn(&mut CallState, &mut UnresolvedCall) -> bool) -> Vec<DerivedEvent> {
        let (calls, mut derived) = (&mut self.calls, Vec::new());
        self.unresolved_calls.retain(|&call| {
            let entry = calls.at_mut(call);
            let Some(mut unresolved) = entry.unresolved.take() else { return false };
            let done = resolves(entry, &mut unresolved);
            if done {
                derived.extend([DerivedEvent::Recovered(call), DerivedEvent::LookedUp(call)]);
            } else {
                entry.unresolved = Some(unresolved);
            }
            !done
        });
        derived
    }

    /// Resolves name conflicts when the client looks up, reads or deletes the other PoS.
    pub(super) fn resolve_conflicts(&mut self, attempt: &Attempt, context: &Context) -> Vec<DerivedEvent> {
        let other = context.about[POS].map(|pos| self.poses.at(pos));
        let mut derived = Vec::new();
        self.conflicts.retain(|conflict| {
            let fits = |value: &str, wanted: &str| !value.is_empty() && value == wanted;
            // If the create has no readable name, any look-up may be the right one.
            let nameless = conflict.merchant_pos_id.is_empty() && conflict.beacon_id.is_empty();
            let done = match attempt.operation {
                Some(GET_POS_WITH_FILTER) if attempt.succeeded() => {
                    nameless
                        || fits(attempt.parameter("merchantposid"), &conflict.merchant_pos_id)
                        || fits(attempt.parameter("beaconid"), &conflict.beacon_id)
                        || fits(attempt.parameter("storeid"), &conflict.store_id)
                }
                Some(GET_POS | DELETE_POS) if attempt.status.is_some_and(|status| status < 500) => {
                    other.is_some_and(|pos| {
                        let unknown = pos.merchant_pos_id.is_empty() && pos.beacon_id.is_empty();
                        unknown
                            || nameless
                            || fits(&pos.merchant_pos_id, &conflict.merchant_pos_id)
                            || fits(&pos.beacon_id, &conflict.beacon_id)
                    })
                }
                _ => false,
            };
            if done {
                derived.push(DerivedEvent::ConflictResolved(conflict.call));
            }
            !done
        });
        derived
    }
}
