//! Tests of the schedule on virtual time, with clients that are slow, silent or told to start over.

use super::*;
use crate::api::Operation;
use crate::rules::load;
use crate::rules::model::Timeouts;
use crate::verify::progress::PosProgress;
use crate::verify::verdict::{CaseVerdict, StepStatus, StepVerdict};

const WAIT: u64 = 20;
const FIRST: u64 = 120;

/// A schedule at a point in time, with the progress of its cases.
struct CustomerActionResult {
    schedule: Schedule,
    so_far: Progress,
    now: Instant,
    last: u64,
}

impl CustomerActionResult {
    /// Before the first case of a feature.
    fn of(features: &[&str]) -> CustomerActionResult {
        let rules = load(None).unwrap();
        let now = Instant::now();
        let chosen = rules.features.into_iter().filter(|feature| features.contains(&feature.feature.id()));
        let plan: Vec<Planned> =
            chosen.flat_map(|feature| feature.cases).map(|case| Planned { case, possible: true }).collect();
        let cases = plan.iter().map(|planned| standing(&planned.case)).collect();
        let waits = Timeouts { by_hand_s: 300, unattended_s: WAIT, first_call_s: FIRST, quiet_ms: 3000 };
        let so_far = Progress { cases, refundable: 100_000, ..Progress::default() };
        let mut schedule = Schedule::new(plan, StepTimeouts::of(waits, false, None), now);
        schedule.heard(None, now);
        CustomerActionResult { schedule, so_far, now, last: 0 }
    }

    /// As the director does: a timeout is reported before the schedule advances.
    fn turn(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        loop {
            let more = self.schedule.turn(&self.so_far, self.last, self.now);
            let waited = wait_over(&more).is_some();
            actions.extend(more);
            if !waited {
                return actions;
            }
        }
    }

    fn after(&mut self, seconds: u64) -> Vec<Action> {
        self.now += Duration::from_secs(seconds);
        self.turn()
    }

    /// The first `steps` steps of a case pass.
    fn shown(&mut self, case: usize, steps: usize) -> Vec<Action> {
        let first = self.last + 1;
        self.last += steps as u64;
        self.so_far.cases[case].tries = vec![(first..=self.last).collect()];
        self.turn()
    }

    fn passed(&mut self, case: usize) -> Vec<Action> {
        self.last += 1;
        self.so_far.cases[case].verdict.status = CaseStatus::Passed;
        self.turn()
    }

    fn pos(&mut self, created: bool, deleted: bool) -> Vec<Action> {
        self.so_far.pos = Some(PosProgress { created, deleted, ..PosProgress::default() });
        self.turn()
    }
}

fn standing(case: &Case) -> CaseProgress {
    let step = |step: &Step| StepVerdict {
        call: step.title.clone(),
        status: StepStatus::Pending,
        exchange: None,
        message: None,
    };
    let verdict = CaseVerdict {
        id: case.id.clone(),
        title: case.title.clone(),
        optional: case.optional,
        status: CaseStatus::NotTested,
        steps: case.steps.iter().map(step).collect(),
        witness: Vec::new(),
        wait: None,
    };
    CaseProgress { verdict, tries: Vec::new() }
}

/// The actions sent to the till.
fn identified(actions: &[Action]) -> Vec<&str> {
    let act = |action: &Action| match action {
        Action::Tell(line) => Some(line.act.clone()),
        _ => None,
    };
    let acts: Vec<String> = actions.iter().filter_map(act).collect();
    acts.into_iter().map(|act| &*act.leak()).collect()
}

fn wait_over(actions: &[Action]) -> Option<(String, u32)> {
    actions.iter().find_map(|action| match action {
        Action::StepTimeout(over) => Some((over.case.clone(), over.step)),
        _ => None,
    })
}

#[test]
fn timeout_restarts_whenever_the_step_makes_progress() {
    let mut play = CustomerActionResult::of(&["payment"]);
    assert_eq!(identified(&play.turn()), ["pay"]);
    // The till starts late; each fault, customer action and step restarts the timeout.
    assert_eq!(wait_over(&play.after(WAIT - 1)), None);
    play.schedule.extend_deadline(play.now);
    assert_eq!(wait_over(&play.after(WAIT - 1)), None);
    play.schedule.extend_deadline(play.now);
    assert_eq!(wait_over(&play.after(WAIT - 1)), None);
    play.shown(0, 1);
    assert_eq!(wait_over(&play.after(WAIT - 1)), None);
    assert_eq!(wait_over(&play.after(1)), Some(("payment/1".to_owned(), 2)));
}

#[test]
fn restarted_timeout_has_an_upper_limit() {
    let mut play = CustomerActionResult::of(&["payment"]);
    play.turn();
    let mut waited = 0;
    while wait_over(&play.after(5)).is_none() {
        play.schedule.extend_deadline(play.now);
        waited += 5;
        assert!(waited < 3 * WAIT + 120 + 2 * WAIT, "{waited}");
    }
    assert!(waited >= 3 * WAIT);
}

#[test]
fn resources_of_a_failed_case_are_closed_before_the_next_case() {
    let mut play = CustomerActionResult::of(&["payment"]);
    play.turn();
    play.so_far.open = true;
    let actions = play.after(WAIT);
    assert_eq!(identified(&actions), ["abort"]);
    assert_eq!(wait_over(&actions), Some(("payment/1".to_owned(), 1)));
    assert_eq!(play.after(WAIT / 2 - 1), []);
    // The customer cancels only if the till does not: otherwise that could pass another case.
    assert_eq!(play.after(1), [Action::Queue(vec![CustomerAction::Act(CustomerAct::Cancel)])]);
    assert_eq!(play.after(1), []);
    play.so_far.open = false;
    let actions = play.turn();
    assert_eq!(identified(&actions), ["pay"]);
    assert!(play.schedule.case() == Some("payment/2") && actions.contains(&Action::ClearQueue));
    // A payment that never ends does not block the schedule.
    play.so_far.open = true;
    assert!(wait_over(&play.after(WAIT)).is_some());
    assert_eq!(identified(&play.after(WAIT)), ["pay"]);
}

#[test]
fn repeated_case_returns_to_the_interrupted_one() {
    let mut play = CustomerActionResult::of(&["payment"]);
    play.turn();
    play.pos(true, false);
    play.after(WAIT);
    assert_eq!(play.schedule.case(), Some("payment/2"));
    let actions = play.schedule.again("payment/1", &play.so_far, play.now).unwrap();
    assert_eq!(actions, [Action::Say("repeating payment/1".to_owned()), Action::ClearQueue]);
    assert_eq!((identified(&play.turn()), play.schedule.case()), (vec!["pay"], Some("payment/1")));
    // Steps that passed before do not count.
    assert_eq!(play.schedule.due().unwrap().1, 0);
    play.passed(0);
    assert_eq!(play.schedule.case(), Some("payment/2"), "the case that was interrupted");
    assert!(play.schedule.again("payment/1", &play.so_far, play.now).unwrap_err().contains("already passed"));
    assert!(play.schedule.again("payment/99", &play.so_far, play.now).unwrap_err().contains("is not a case"));
}

#[test]
fn case_can_be_repeated_after_the_last_one() {
    let mut play = CustomerActionResult::of(&["loyalty"]);
    play.turn();
    play.pos(true, false);
    play.after(WAIT);
    play.after(WAIT);
    assert!(play.schedule.is_over());
    play.schedule.again("loyalty/1", &play.so_far, play.now).unwrap();
    play.turn();
    assert_eq!((play.schedule.is_over(), play.schedule.case()), (false, Some("loyalty/1")));
    play.passed(0);
    assert!(play.schedule.is_over(), "loyalty/2 is not repeated");
}

#[test]
fn client_without_a_pos_is_onboarded_with_faults_before_a_repeated_case() {
    let mut play = CustomerActionResult::of(&["onboarding", "payment"]);
    play.turn();
    play.pos(true, true);
    play.schedule.again("payment/3", &play.so_far, play.now).unwrap();
    assert_eq!(identified(&play.turn()), ["onboard"]);
    assert_eq!(play.schedule.due().unwrap().0[0].faults.len(), 2);
    play.pos(true, false);
    play.schedule.onboarded(play.now);
    assert_eq!((identified(&play.turn()), play.schedule.case()), (vec!["pay"], Some("payment/3")));
}

#[test]
fn skipped_wait_fails_the_step_due() {
    let mut play = CustomerActionResult::of(&["payment"]);
    assert_eq!(play.turn().len(), 3);
    play.schedule.skip().unwrap();
    let actions = play.after(1);
    assert_eq!(wait_over(&actions), Some(("payment/1".to_owned(), 1)));
    assert!(actions.contains(&Action::Say("  step 1 not passed after 1 s".to_owned())));
    // Once only, and not while no step is due.
    assert_eq!(wait_over(&play.turn()), None);
    play.shown(1, 2);
    assert!(play.schedule.skip().unwrap_err().contains("no step is due"));
    assert_eq!((play.after(2), play.schedule.case()), (vec![], Some("payment/2")));
    play.after(1);
    assert_eq!(play.schedule.case(), Some("payment/3"));
}

#[test]
fn start_over_waits_until_open_resources_are_closed() {
    let mut play = CustomerActionResult::of(&["onboarding", "payment"]);
    play.turn();
    play.pos(true, false);
    play.so_far.open = true;
    let actions = play.schedule.start_over(&play.so_far, play.now).unwrap();
    assert_eq!(identified(&actions), ["abort"]);
    assert!(play.schedule.start_over(&play.so_far, play.now).is_err());
    assert!(play.schedule.again("payment/1", &play.so_far, play.now).is_err());
    assert_eq!(play.turn(), []);
    play.so_far.open = false;
    assert_eq!(play.turn(), [Action::NewAttempt]);
    assert_eq!(play.after(100), [], "until the record is written");
    play.so_far.pos = None;
    play.schedule.begin_attempt(play.now);
    assert_eq!(identified(&play.turn()), ["onboard"]);
    // The till finds its existing PoS, and would not create one.
    assert_eq!(identified(&play.pos(false, false)), ["offboard"]);
    assert_eq!(identified(&play.pos(false, true)), ["onboard"]);
    assert_eq!(play.schedule.case(), Some("onboarding/1"));
}

#[test]
fn pos_created_without_its_faults_is_not_offboarded_again() {
    let mut play = CustomerActionResult::of(&["onboarding"]);
    play.turn();
    assert_eq!(identified(&play.pos(true, false)), [""; 0]);
    assert_eq!(wait_over(&play.after(WAIT)), Some(("onboarding/1".to_owned(), 1)));
}

#[test]
fn backend_is_restored_when_a_case_is_left() {
    let mut play = CustomerActionResult::of(&["refund"]);
    play.pos(true, false);
    play.passed(0);
    assert_eq!(play.schedule.case(), Some("refund/2"));
    let hold = Action::HoldRefunds(Duration::from_secs(WAIT / 2));
    let actions = play.schedule.again("refund/2", &play.so_far, play.now).unwrap();
    assert!(actions.contains(&Action::Restore));
    assert!(play.turn().contains(&hold));
    let actions = play.after(WAIT);
    assert!(actions.contains(&Action::Restore) && wait_over(&actions).is_some());
    assert!(actions.contains(&Action::Balance(Amount(0))), "{actions:?}");
    assert!(play.after(WAIT).contains(&Action::Restore) && play.schedule.is_over());
}

fn over(actions: &[Action]) -> StepTimeout {
    let over = actions.iter().find_map(|action| match action {
        Action::StepTimeout(over) => Some(over.clone()),
        _ => None,
    });
    over.unwrap()
}

#[test]
fn first_call_has_its_own_timeout() {
    let mut play = CustomerActionResult::of(&["payment"]);
    play.schedule.received = ReceivedCalls::default();
    play.turn();
    assert_eq!(wait_over(&play.after(FIRST - 1)), None);
    // The first call is the token request.
    play.schedule.heard(None, play.now);
    assert_eq!(wait_over(&play.after(WAIT - 1)), None);
    let actions = play.after(1);
    assert_eq!(wait_over(&actions), Some(("payment/1".to_owned(), 1)));
    let over = over(&actions);
    assert_eq!((over.calls, over.step_calls, over.ended), (Some(1), Some(0), Some(WaitEnd::TimedOut)));
}

#[test]
fn first_call_timeout_applies_once() {
    let mut play = CustomerActionResult::of(&["payment"]);
    play.schedule.received = ReceivedCalls::default();
    play.turn();
    let actions = play.after(FIRST);
    assert_eq!(wait_over(&actions), Some(("payment/1".to_owned(), 1)));
    assert_eq!((over(&actions).calls, over(&actions).waited_ms), (Some(0), FIRST * 1000));
    assert_eq!(wait_over(&play.after(WAIT - 1)), None);
    assert_eq!(wait_over(&play.after(1)), Some(("payment/2".to_owned(), 1)));
}

#[test]
fn step_timeout_record_has_calls_and_reason() {
    let mut play = CustomerActionResult::of(&["payment"]);
    play.turn();
    play.schedule.heard(Some(Operation::InitiatePayment), play.now);
    play.schedule.heard(Some(Operation::GetPos), play.now);
    play.schedule.skip().unwrap();
    let over = over(&play.after(1));
    assert_eq!((over.calls, over.step_calls, over.ended), (Some(2), Some(1), Some(WaitEnd::Skipped)));
}

#[test]
fn first_call_timeout_applies_to_repeated_onboarding() {
    let mut play = CustomerActionResult::of(&["onboarding", "payment"]);
    play.schedule.received = ReceivedCalls::default();
    play.schedule =
        std::mem::replace(&mut play.schedule, Schedule::new(Vec::new(), quick(), play.now)).forgotten(play.now);
    assert_eq!(identified(&play.turn()), ["onboard"]);
    assert_eq!(identified(&play.after(FIRST - 1)), Vec::<&str>::new());
    play.schedule.heard(Some(Operation::CreatePos), play.now);
    assert_eq!(identified(&play.after(WAIT - 1)), Vec::<&str>::new());
    assert_eq!(identified(&play.after(1)).len(), 1, "the schedule continues with the first case");
}

fn quick() -> StepTimeouts {
    StepTimeouts::of(Timeouts { by_hand_s: 1, unattended_s: 1, first_call_s: 1, quiet_ms: 1 }, false, None)
}
