//! Losses and how they are made good.
//!
//! A call that got no answer or a server error is a loss until it is sent again, or until what became of it is looked
//! up and what the look-up finds is used or cancelled (api_principles#error_handling).

use super::attempt::Attempt;
use super::attempt_context::Context;
use super::resources::{CallState, UnresolvedCall};
use super::state::{DerivedEvent, ObservedState};
use crate::api::{Operation, PaymentStatus, RefundStatus};
use Operation::*;

impl ObservedState {
    /// A send of the same call, or one that can only be a retry of it under another key, makes the loss good.
    pub(super) fn resent(&mut self, send: &Attempt, context: &Context) -> Vec<DerivedEvent> {
        let twin = context.twin_n;
        let (calls, mut emitted) = (&mut self.calls, Vec::new());
        self.losses.retain(|&call| {
            let track = calls.at_mut(call);
            let is_twin = track.content == send.content && twin.is_some_and(|n| n == track.last_n);
            let again = call == context.call || track.is_asked_again_by(send) || is_twin;
            if !again {
                return true;
            }
            emitted.push(DerivedEvent::Recovered(call));
            // A call that was not sent again itself stays lost for whoever asks how it ended. What was created without
            // a readable id is not known because it is asked for again.
            let unnamed = track.loss.as_ref().is_some_and(|loss| loss.unnamed);
            track.loss = track.loss.take().filter(|_| is_twin || unnamed);
            unnamed
        });
        emitted
    }

    /// A send that names an id which a look-up had found uses what was found.
    pub(super) fn used(&mut self, send: &Attempt) -> Vec<DerivedEvent> {
        let named = [send.path_id.as_deref(), Some(&send.body.pos_id), Some(&send.body.payment_id)];
        let acts = send.is(&[CapturePayment, CancelPayment, CaptureRefund, CancelRefund]);
        self.close(|track, loss| {
            // A reservation that a look-up finds is used by ending it, a payment also by making it ready, anything else
            // by any call on it.
            let by_any = match track.operation {
                Some(InitiatePayment | PreparePayment) => send.is(&[PaymentReady]),
                operation => operation.is_some_and(Operation::creates),
            };
            // What was started for certain has to be ended, too: that is seen when the act is answered.
            let owes_end = loss.unnamed && track.operation != Some(CreatePos);
            let used = !owes_end && (acts || by_any) && loss.found.iter().any(|id| named.contains(&Some(id.as_str())));
            track.looked_up |= used;
            used
        })
    }

    /// A send is over: a failed one is a loss; a look-up may make others good.
    pub(super) fn recover(&mut self, send: &Attempt, context: &Context) -> Vec<DerivedEvent> {
        if send.is_call && (send.failed() || send.is_unnamed()) {
            let track = self.calls.at_mut(context.call);
            let unnamed = track.loss.as_ref().is_some_and(|loss| loss.unnamed);
            // A repeat that names nothing either changes nothing: what is known is known, what is owed is owed.
            let repeats = send.is_unnamed() && (unnamed || context.repeats_success);
            if track.last_n == send.n && !repeats {
                let unnamed = unnamed || send.is_unnamed();
                track.loss =
                    Some(UnresolvedCall { unnamed, n: send.n, found: Vec::new(), told: false, abandoned: false });
                if !self.losses.contains(&context.call) {
                    self.losses.push(context.call);
                }
            }
            return Vec::new();
        }
        let mut emitted = self.answered_late(send, context);
        let found = self.not_known_otherwise(&send.answer.found);
        let body = self.created_with(send, !found.is_empty());
        let about = context.about;
        let asked_for = self.asked_for(send);
        let captured = send.answer.found.iter().filter(|_| send.lists_captured());
        let captured: Vec<usize> = captured.filter_map(|id| self.payments.find(id)).collect();
        let path_id = send.path_id.clone().unwrap_or_default();
        let payment_state = PaymentStatus::from_name(&send.answer.state);
        let refund_state = RefundStatus::from_name(&send.answer.state);
        emitted.extend(self.close(|track, loss| {
            let same_payment = track.about.payment.is_some() && track.about.payment == about.payment;
            let same_refund = track.about.refund.is_some() && track.about.refund == about.refund;
            let same_pos = track.about.pos.is_some() && track.about.pos == about.pos;
            let done = match (track.operation, send.operation) {
                (Some(lost), Some(GetPosWithFilter | QueryPaymentIds | QueryRefundIds))
                    if lost.creates() && send.succeeded() && body.contains(&track.content) =>
                {
                    loss.found.clone_from(&found);
                    loss.told = true;
                    // A point of sale that was created for certain has only to be known.
                    found.is_empty() || (loss.unnamed && lost == CreatePos)
                }
                (Some(InitiatePayment | PreparePayment), Some(CancelPayment | CapturePayment))
                | (Some(CreateRefund), Some(CancelRefund | CaptureRefund)) => {
                    loss.unnamed && send.succeeded() && loss.found.contains(&path_id)
                }
                (Some(InitiatePayment | PreparePayment), Some(QueryPaymentIds)) if send.lists_captured() => {
                    loss.unnamed && send.answer.found.iter().any(|id| loss.found.contains(id))
                }
                (Some(CreateRefund), Some(GetRefund)) => {
                    loss.unnamed && refund_state.is_some_and(RefundStatus::is_final) && loss.found.contains(&path_id)
                }
                (Some(DeletePos), Some(GetPos)) => same_pos,
                (Some(DeletePos), Some(GetPosWithFilter)) => {
                    send.succeeded() && track.about.pos.is_some_and(|pos| asked_for.contains(&pos))
                }
                (Some(QueryPayment), Some(CancelPayment | CapturePayment)) => same_payment && send.succeeded(),
                // Whoever pays has checked in.
                (Some(GetCheckIn), Some(InitiatePayment | PreparePayment)) => same_pos && send.succeeded(),
                // What is polled to its end, or until PAY-05 asks for it, was not left behind.
                (Some(InitiatePayment | PreparePayment), Some(QueryPayment)) => {
                    let settled =
                        payment_state.is_some_and(|state| state.is_final() || state == PaymentStatus::Reserved);
                    settled && loss.found.contains(&path_id)
                }
                (Some(CapturePayment | CancelPayment), Some(QueryPaymentIds)) => {
                    send.succeeded() && track.about.payment.is_some_and(|payment| captured.contains(&payment))
                }
                (Some(CapturePayment | CancelPayment), Some(QueryPayment)) => {
                    same_payment && {
                        loss.found = vec![path_id.clone()];
                        payment_state.is_some_and(PaymentStatus::is_final)
                    }
                }
                (Some(PaymentReady), Some(QueryPayment)) => {
                    let waiting = [PaymentStatus::Prepared, PaymentStatus::Paired];
                    same_payment && {
                        loss.found = vec![path_id.clone()];
                        payment_state.is_some_and(|state| !waiting.contains(&state))
                    }
                }
                (Some(GetRefund), Some(CancelRefund | CaptureRefund)) => same_refund && send.succeeded(),
                (Some(CaptureRefund | CancelRefund), Some(GetRefund)) => {
                    same_refund && {
                        loss.found = vec![path_id.clone()];
                        refund_state.is_some_and(RefundStatus::is_final)
                    }
                }
                _ => false,
            };
            if done {
                track.looked_up = true;
            }
            done
        }));
        emitted
    }

    /// A send that was still under way when a later one of its call failed was answered after all.
    fn answered_late(&mut self, send: &Attempt, context: &Context) -> Vec<DerivedEvent> {
        let unnamed = self.calls.at(context.call).loss.as_ref().is_some_and(|loss| loss.unnamed);
        if unnamed && send.answer.created.is_none() {
            return Vec::new();
        }
        let lost = self.losses.len();
        self.losses.retain(|&call| call != context.call);
        self.calls.at_mut(context.call).loss = None;
        if self.losses.len() < lost { vec![DerivedEvent::Recovered(context.call)] } else { Vec::new() }
    }

    /// The points of sale that a look-up by filter is about.
    pub(super) fn asked_for(&self, send: &Attempt) -> Vec<usize> {
        if send.operation != Some(GetPosWithFilter) {
            return Vec::new();
        }
        let fits = |value: &str, name: &str| !value.is_empty() && send.parameter(name) == value;
        let about = |pos: &super::resources::PosState| {
            fits(&pos.merchant_pos_id, "merchantposid")
                || fits(&pos.beacon_id, "beaconid")
                || fits(&pos.store_id, "storeid")
                || send.answer.found.contains(&pos.id)
        };
        self.poses.iter().filter(|(_, pos)| about(pos)).map(|(place, _)| place).collect()
    }

    /// Another create in the same place leaves what was lost there behind.
    pub(super) fn abandon(&mut self, send: &Attempt, context: &Context) {
        if !send.operation.is_some_and(Operation::creates) {
            return;
        }
        for &call in &self.losses {
            let track = self.calls.at_mut(call);
            let same = |lost: &str, now: &str| !lost.is_empty() && lost == now;
            let place = same(&track.subject.pos_id, &send.body.pos_id)
                || same(&track.subject.store_id, &send.body.store_id)
                || same(&track.subject.payment_id, &send.body.payment_id);
            if let Some(loss) = track.loss.as_mut().filter(|_| place && call != context.call) {
                loss.abandoned = true;
            }
        }
    }

    /// A look-up by the order of a lost create, or by the payment of a lost refund, that finds one thing unseen before
    /// tells what that create made.
    pub(super) fn found(&mut self, send: &Attempt, context: &mut Context) {
        let found = self.not_known_otherwise(&send.answer.found);
        if send.operation == Some(QueryRefundIds) {
            for id in &found {
                let place = self.refund(id);
                let tick = self.tick;
                let first_seen = &mut self.refunds.at_mut(place).first_seen;
                *first_seen = if *first_seen == 0 { tick } else { *first_seen };
            }
        }
        let [only] = &found[..] else { return };
        let same = |lost: &str, name: &str| !lost.is_empty() && send.parameter(name) == lost;
        let made_by = self.losses.iter().copied().find(|&call| {
            let track = self.calls.at(call);
            match (track.operation, send.operation) {
                (Some(InitiatePayment | PreparePayment), Some(QueryPaymentIds)) => {
                    same(&track.subject.order_id, "orderid")
                }
                (Some(CreateRefund), Some(QueryRefundIds)) => same(&track.subject.payment_id, "paymentid"),
                _ => false,
            }
        });
        let Some(call) = made_by else { return };
        let track = self.calls.at(call);
        let (sent, n, operation, pos) = (track.touched, track.last_n, track.operation, track.about.pos);
        let restrictions = track.subject.restrictions;
        if operation == Some(CreateRefund) {
            let place = self.refund(only);
            if self.refunds.at(place).first_seen >= sent {
                self.refunds.at_mut(place).found_for = Some(n);
                self.calls.at_mut(call).about.refund = Some(place);
            }
        } else if let Some(operation) = operation {
            let place = self.payment(only);
            if self.payments.at(place).first_seen >= sent {
                self.payments.at_mut(place).found_for = Some((n, operation));
                self.payments.at_mut(place).restrict(restrictions, n);
                // It may be what was in the way of a create after it: then it has to be ended like any other.
                let before = |pos: usize| self.poses.at(pos).blocked_n.is_none_or(|blocked| blocked < n);
                let pos = pos.filter(|&pos| before(pos));
                context.block_cleared |= pos.is_some_and(|pos| self.poses.at_mut(pos).has_started());
            }
        }
    }

    /// Of the ids that a look-up found, those that the client does not know from another create's answer.
    fn not_known_otherwise(&self, found: &[String]) -> Vec<String> {
        let created = |id: &str| {
            let payment = self.payments.find(id).and_then(|place| self.payments.at(place).created_n);
            let pos = self.poses.find(id).and_then(|place| self.poses.at(place).created_n);
            let refund = self.refunds.find(id).and_then(|place| self.refunds.at(place).created_n);
            payment.or(pos).or(refund).is_some()
        };
        found.iter().filter(|id| !created(id)).cloned().collect()
    }

    /// The contents of lost creates that a look-up by filter is about. One that finds something the client did not know
    /// is about whatever was lost there; that nothing was found says nothing of what the client had left behind.
    fn created_with(&self, send: &Attempt, finds: bool) -> Vec<[u8; 16]> {
        // A filter by something else beside it finds something else.
        let is_about = |name: &str, value: &str, beside: &[(&str, &str)]| {
            let other = |(name, value): &(&str, &str)| !["", *value].contains(&send.parameter(name));
            !value.is_empty() && send.parameter(name) == value && !beside.iter().any(other)
        };
        // What is captured already is no payment that has just been started.
        if send.lists_captured() {
            return Vec::new();
        }
        let abandoned = |track: &CallState| !finds && track.loss.as_ref().is_none_or(|loss| loss.abandoned);
        let lost = self.losses.iter().map(|&call| self.calls.at(call));
        lost.filter(|track| match (track.operation, send.operation) {
            (Some(CreatePos), Some(GetPosWithFilter)) => {
                let (name, beacon) = (&track.subject.merchant_pos_id, &track.subject.beacon_id);
                let (by_name, by_beacon) = (("merchantposid", name.as_str()), ("beaconid", beacon.as_str()));
                is_about("merchantposid", name, &[by_beacon])
                    || is_about("beaconid", beacon, &[by_name])
                    || (!abandoned(track) && is_about("storeid", &track.subject.store_id, &[by_name, by_beacon]))
            }
            (Some(InitiatePayment | PreparePayment), Some(QueryPaymentIds)) => {
                let (pos, order) = (&track.subject.pos_id, &track.subject.order_id);
                is_about("orderid", order, &[("posid", pos)])
                    || (!abandoned(track) && is_about("posid", pos, &[("orderid", order)]))
            }
            (Some(CreateRefund), Some(QueryRefundIds)) => {
                !abandoned(track) && is_about("paymentid", &track.subject.payment_id, &[])
            }
            _ => false,
        })
        .map(|track| track.content)
        .collect()
    }

    fn close(&mut self, made_good: impl Fn(&mut CallState, &mut UnresolvedCall) -> bool) -> Vec<DerivedEvent> {
        let (calls, mut emitted) = (&mut self.calls, Vec::new());
        self.losses.retain(|&call| {
            let track = calls.at_mut(call);
            let Some(mut loss) = track.loss.take() else { return false };
            let done = made_good(track, &mut loss);
            if done {
                emitted.extend([DerivedEvent::Recovered(call), DerivedEvent::LookedUp(call)]);
            } else {
                track.loss = Some(loss);
            }
            !done
        });
        emitted
    }

    /// A name conflict is looked into when the other PoS is looked up, read or deleted.
    pub(super) fn resolve_conflicts(&mut self, send: &Attempt, context: &Context) -> Vec<DerivedEvent> {
        let other = context.about.pos.map(|pos| self.poses.at(pos));
        let mut emitted = Vec::new();
        self.conflicts.retain(|conflict| {
            let fits = |value: &str, wanted: &str| !value.is_empty() && value == wanted;
            // Where the create names nothing that can be read, no look-up can be told from the right one.
            let nameless = conflict.merchant_pos_id.is_empty() && conflict.beacon_id.is_empty();
            let done = match send.operation {
                Some(GetPosWithFilter) if send.succeeded() => {
                    nameless
                        || fits(send.parameter("merchantposid"), &conflict.merchant_pos_id)
                        || fits(send.parameter("beaconid"), &conflict.beacon_id)
                        || fits(send.parameter("storeid"), &conflict.store_id)
                }
                Some(GetPos | DeletePos) if send.status.is_some_and(|status| status < 500) => {
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
                emitted.push(DerivedEvent::ConflictResolved(conflict.call));
            }
            !done
        });
        emitted
    }
}
