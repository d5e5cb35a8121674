//! State transitions of points of sale: created, read, looked up, deleted, customer checked in.

use super::attempt::Attempt;
use super::attempt_context::Context;
use super::bodies::Loyalty;
use super::name_conflict::Conflict;
use super::state::ObservedState;
use crate::api::operation::names::{CREATE_POS, DELETE_POS, GET_CHECK_IN, GET_POS, GET_POS_WITH_FILTER};
use crate::api::resource::POS;

impl ObservedState {
    /// Marks a PoS as deleted if a look-up does not find it and its delete got no response.
    fn gone(&mut self, pos: usize, n: u64) {
        let calls = &self.calls;
        let mut lost = self.unresolved_calls.iter().map(|&call| calls.at(call));
        if lost.any(|entry| entry.operation == Some(DELETE_POS) && entry.about[POS] == Some(pos)) {
            self.poses.at_mut(pos).deleted_n.get_or_insert(n);
        }
    }

    pub(super) fn learn_pos(&mut self, attempt: &Attempt, context: &mut Context) {
        let filter = |name: &str| attempt.parameter(name).to_owned();
        match attempt.operation {
            Some(CREATE_POS) if attempt.succeeded() => {
                let Some(id) = &attempt.answer.created else { return };
                let pos = self.pos(id);
                context.about[POS] = Some(pos);
                let call = self.calls.at(context.call);
                let through_faults = call.burst_timeouts > 0 && call.burst_500s > 0;
                self.created_through_faults |= through_faults;
                let entry = self.poses.at_mut(pos);
                entry.created_through_faults |= through_faults;
                if entry.created_n.is_none() {
                    entry.store_id.clone_from(&attempt.body.store_id);
                    entry.created_n = Some(attempt.n);
                    entry.merchant_pos_id.clone_from(&attempt.body.merchant_pos_id);
                    entry.beacon_id.clone_from(&attempt.body.beacon_id);
                    entry.beacon_generated = attempt.body.known && attempt.body.beacon_id.is_empty();
                    if !attempt.body.merchant_pos_id.is_empty() {
                        self.names.entry(attempt.body.merchant_pos_id.clone()).or_default().push(pos);
                    }
                }
            }
            Some(CREATE_POS)
                if attempt.status == Some(409)
                    && matches!(attempt.answer.code.as_str(), "1200" | "1202")
                    && !self.conflicts.iter().any(|conflict| conflict.call == context.call) =>
            {
                self.conflicts.push(Conflict {
                    call: context.call,
                    merchant_pos_id: attempt.body.merchant_pos_id.clone(),
                    beacon_id: attempt.body.beacon_id.clone(),
                    store_id: attempt.body.store_id.clone(),
                    repeats: 0,
                });
            }
            Some(GET_POS) if attempt.succeeded() => {
                let Some(pos) = context.about[POS] else { return };
                let entry = self.poses.at_mut(pos);
                entry.read_n.get_or_insert(attempt.n);
                entry.beacon_id.clone_from(&attempt.answer.beacon_id);
                entry.merchant_pos_id.clone_from(&attempt.answer.merchant_pos_id);
            }
            Some(GET_POS_WITH_FILTER) if attempt.is_answered_by_list() => {
                let gone = self.asked_for(attempt).into_iter();
                let gone: Vec<usize> =
                    gone.filter(|&pos| !attempt.answer.found.contains(&self.poses.at(pos).id)).collect();
                gone.into_iter().for_each(|pos| self.gone(pos, attempt.n));
                let (name, beacon) = (filter("merchantposid"), filter("beaconid"));
                let by_store = name.is_empty() && beacon.is_empty();
                let found = &attempt.answer.found;
                for pos in self.poses_matching(|pos| {
                    by_store
                        || (!name.is_empty() && pos.merchant_pos_id == name)
                        || (!beacon.is_empty() && pos.beacon_id == beacon)
                }) {
                    self.poses.at_mut(pos).looked_up_n = Some(attempt.n);
                }
                if let [only] = &found[..] {
                    let pos = self.pos(only);
                    context.about[POS] = Some(pos);
                    let known = self.names.entry(name.clone()).or_default();
                    if !name.is_empty() && !known.contains(&pos) {
                        known.push(pos);
                        self.poses.at_mut(pos).merchant_pos_id = name;
                    }
                }
            }
            Some(GET_POS) if attempt.status == Some(404) => {
                context.about[POS].into_iter().for_each(|pos| self.gone(pos, attempt.n));
            }
            // A retried delete may find nothing any more.
            Some(DELETE_POS) if attempt.succeeded() || (attempt.status == Some(404) && context.last_failed) => {
                let Some(pos) = context.about[POS] else { return };
                self.offboarded |= self.poses.at(pos).created_through_faults;
                self.poses.at_mut(pos).deleted_n.get_or_insert(attempt.n);
            }
            Some(GET_CHECK_IN) if attempt.succeeded() => {
                let Some(pos) = context.about[POS] else { return };
                let entry = self.poses.at_mut(pos);
                if attempt.answer.checked_in == Some(true) {
                    entry.loyalty_lacked |= attempt.answer.loyalty == Loyalty::Absent;
                    entry.loyalty = Some(attempt.answer.loyalty);
                } else if attempt.answer.checked_in == Some(false) {
                    (entry.loyalty, entry.loyalty_lacked) = (None, false);
                }
            }
            _ => {}
        }
    }

    fn poses_matching(&self, matches: impl Fn(&super::resources::PosState) -> bool) -> Vec<usize> {
        self.poses.iter().filter(|(_, pos)| matches(pos)).map(|(place, _)| place).collect()
    }
}
