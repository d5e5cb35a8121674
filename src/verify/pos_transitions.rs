//! What an answer about a PoS tells: created, read, looked up, deleted, a customer checked in.

use super::attempt::Attempt;
use super::attempt_context::Context;
use super::bodies::Loyalty;
use super::name_conflict::Conflict;
use super::state::ObservedState;
use crate::api::Operation::*;

impl ObservedState {
    /// A look-up does not find a PoS: where its delete got no answer, it was carried out.
    fn gone(&mut self, pos: usize, n: u64) {
        let calls = &self.calls;
        let mut lost = self.losses.iter().map(|&call| calls.at(call));
        if lost.any(|track| track.operation == Some(DeletePos) && track.about.pos == Some(pos)) {
            self.poses.at_mut(pos).deleted_n.get_or_insert(n);
        }
    }

    pub(super) fn learn_pos(&mut self, send: &Attempt, context: &mut Context) {
        let filter = |name: &str| send.parameter(name).to_owned();
        match send.operation {
            Some(CreatePos) if send.succeeded() => {
                let Some(id) = &send.answer.created else { return };
                let pos = self.pos(id);
                context.about.pos = Some(pos);
                let call = self.calls.at(context.call);
                let through_faults = call.go_timeouts > 0 && call.go_500s > 0;
                self.created_through_faults |= through_faults;
                let track = self.poses.at_mut(pos);
                track.created_through_faults |= through_faults;
                if track.created_n.is_none() {
                    track.store_id.clone_from(&send.body.store_id);
                    track.created_n = Some(send.n);
                    track.merchant_pos_id.clone_from(&send.body.merchant_pos_id);
                    track.beacon_id.clone_from(&send.body.beacon_id);
                    track.beacon_generated = send.body.known && send.body.beacon_id.is_empty();
                    if !send.body.merchant_pos_id.is_empty() {
                        self.names.entry(send.body.merchant_pos_id.clone()).or_default().push(pos);
                    }
                }
            }
            Some(CreatePos)
                if send.status == Some(409)
                    && matches!(send.answer.code.as_str(), "1200" | "1202")
                    && !self.conflicts.iter().any(|conflict| conflict.call == context.call) =>
            {
                self.conflicts.push(Conflict {
                    call: context.call,
                    merchant_pos_id: send.body.merchant_pos_id.clone(),
                    beacon_id: send.body.beacon_id.clone(),
                    store_id: send.body.store_id.clone(),
                    repeats: 0,
                });
            }
            Some(GetPos) if send.succeeded() => {
                let Some(pos) = context.about.pos else { return };
                let track = self.poses.at_mut(pos);
                track.read_n.get_or_insert(send.n);
                track.beacon_id.clone_from(&send.answer.beacon_id);
                track.merchant_pos_id.clone_from(&send.answer.merchant_pos_id);
            }
            Some(GetPosWithFilter) if send.succeeded() => {
                let gone = self.asked_for(send).into_iter();
                let gone: Vec<usize> =
                    gone.filter(|&pos| !send.answer.found.contains(&self.poses.at(pos).id)).collect();
                gone.into_iter().for_each(|pos| self.gone(pos, send.n));
                let (name, beacon) = (filter("merchantposid"), filter("beaconid"));
                let by_store = name.is_empty() && beacon.is_empty();
                let found = &send.answer.found;
                for pos in self.poses_matching(|pos| {
                    by_store
                        || (!name.is_empty() && pos.merchant_pos_id == name)
                        || (!beacon.is_empty() && pos.beacon_id == beacon)
                }) {
                    self.poses.at_mut(pos).looked_up_n = Some(send.n);
                }
                if let [only] = &found[..] {
                    let pos = self.pos(only);
                    context.about.pos = Some(pos);
                    let known = self.names.entry(name.clone()).or_default();
                    if !name.is_empty() && !known.contains(&pos) {
                        known.push(pos);
                        self.poses.at_mut(pos).merchant_pos_id = name;
                    }
                }
            }
            Some(GetPos) if send.status == Some(404) => {
                context.about.pos.into_iter().for_each(|pos| self.gone(pos, send.n));
            }
            // A repeated delete may find nothing any more.
            Some(DeletePos) if send.succeeded() || (send.status == Some(404) && context.last_failed) => {
                let Some(pos) = context.about.pos else { return };
                self.offboarded |= self.poses.at(pos).created_through_faults;
                self.poses.at_mut(pos).deleted_n.get_or_insert(send.n);
            }
            Some(GetCheckIn) if send.succeeded() => {
                let Some(pos) = context.about.pos else { return };
                let track = self.poses.at_mut(pos);
                if send.answer.checked_in == Some(true) {
                    track.loyalty_lacked |= send.answer.loyalty == Loyalty::Absent;
                    track.loyalty = Some(send.answer.loyalty);
                } else if send.answer.checked_in == Some(false) {
                    (track.loyalty, track.loyalty_lacked) = (None, false);
                }
            }
            _ => {}
        }
    }

    fn poses_matching(&self, matches: impl Fn(&super::resources::PosState) -> bool) -> Vec<usize> {
        self.poses.iter().filter(|(_, pos)| matches(pos)).map(|(place, _)| place).collect()
    }
}
