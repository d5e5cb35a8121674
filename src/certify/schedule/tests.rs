//! Tests of the schedule on virtual time, with clients that are slow, silent or told to start over.

use super::*;
use crate::api::Amount;
use crate::api::Operation;
use crate::rules::guidance::Timeouts;
use crate::rules::load;
use crate::verify::progress::PosProgress;
use crate::verify::verdict::{CaseVerdict, StepStatus, StepVerdict};

const WAIT: u64 = 20;
const FIRST: u64 = 120;

/// A schedule at a point in time, with the progress of its cases.
struct ScheduleRun {
    schedule: Schedule,
    so_far: Progress,
    now: Instant,
    last: u64,
}

impl ScheduleRun {
    /// Before the first case of a feature.
    fn of(features: &[&str]) -> ScheduleRun {
        let rules = load(None).unwrap();
        let now = Instant::now();
        let chosen = rules.features.into_iter().filter(|feature| features.contains(&feature.feature.id()));
        let plan: Vec<Planned> =
            chosen.flat_map(|feature| feature.cases).map(|case| Planned { case, possible: true }).collect();
        let cases = plan.iter().map(|planned| progress(&planned.case)).collect();
        let waits = Timeouts { by_hand_s: 300, unattended_s: WAIT, first_call_s: FIRST, quiet_ms: 3000 };
        let so_far = Progress { cases, refundable: 100_000, ..Progress::default() };
        let mut schedule = Schedule::new(plan, StepTimeouts::of(waits, false, None), now);
        schedule.call_received(None, now);
        ScheduleRun { schedule, so_far, now, last: 0 }
    }

    /// As the director does: a timeout is reported before the schedule advances.
    fn advance(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        loop {
            let more = self.schedule.advance(&self.so_far, self.last, self.now);
            let waited = wait_over(&more).is_some();
            actions.extend(more);
            if !waited {
                return actions;
            }
        }
    }

    fn after(&mut self, seconds: u64) -> Vec<Action> {
        self.now += Duration::from_secs(seconds);
        self.advance()
    }

    /// The first `steps` steps of a case pass.
    fn shown(&mut self, case: usize, steps: usize) -> Vec<Action> {
        let first = self.last + 1;
        self.last += steps as u64;
        self.so_far.cases[case].tries = vec![(first..=self.last).collect()];
        self.advance()
    }

    fn passed(&mut self, case: usize) -> Vec<Action> {
        self.last += 1;
        self.so_far.cases[case].verdict.status = CaseStatus::Passed;
        self.advance()
    }

    fn pos(&mut self, created: bool, deleted: bool) -> Vec<Action> {
        self.so_far.pos = Some(PosProgress { created, deleted, ..PosProgress::default() });
        self.advance()
    }
}

fn progress(case: &Case) -> CaseProgress {
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
fn sent_actions(actions: &[Action]) -> Vec<&str> {
    let act = |action: &Action| match action {
        Action::SendToTill(command) => Some(command.act.clone()),
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
    let mut run = ScheduleRun::of(&["payment"]);
    assert_eq!(sent_actions(&run.advance()), ["pay"]);
    // The till starts late; each fault, customer action and step restarts the timeout.
    assert_eq!(wait_over(&run.after(WAIT - 1)), None);
    run.schedule.extend_deadline(run.now);
    assert_eq!(wait_over(&run.after(WAIT - 1)), None);
    run.schedule.extend_deadline(run.now);
    assert_eq!(wait_over(&run.after(WAIT - 1)), None);
    run.shown(0, 1);
    assert_eq!(wait_over(&run.after(WAIT - 1)), None);
    assert_eq!(wait_over(&run.after(1)), Some(("payment/1".to_owned(), 2)));
}

#[test]
fn restarted_timeout_has_an_upper_limit() {
    let mut run = ScheduleRun::of(&["payment"]);
    run.advance();
    let mut waited = 0;
    while wait_over(&run.after(5)).is_none() {
        run.schedule.extend_deadline(run.now);
        waited += 5;
        assert!(waited < 3 * WAIT + 120 + 2 * WAIT, "{waited}");
    }
    assert!(waited >= 3 * WAIT);
}

#[test]
fn resources_of_a_failed_case_are_closed_before_the_next_case() {
    let mut run = ScheduleRun::of(&["payment"]);
    run.advance();
    run.so_far.open = true;
    let actions = run.after(WAIT);
    assert_eq!(sent_actions(&actions), ["abort"]);
    assert_eq!(wait_over(&actions), Some(("payment/1".to_owned(), 1)));
    assert_eq!(run.after(WAIT / 2 - 1), []);
    // The customer cancels only if the till does not: otherwise that could pass another case.
    assert_eq!(run.after(1), [Action::Queue(vec![CustomerAction::Act(CustomerAct::Cancel)])]);
    assert_eq!(run.after(1), []);
    run.so_far.open = false;
    let actions = run.advance();
    assert_eq!(sent_actions(&actions), ["pay"]);
    assert!(run.schedule.case() == Some("payment/2") && actions.contains(&Action::ClearQueue));
    // A payment that never ends does not block the schedule.
    run.so_far.open = true;
    assert!(wait_over(&run.after(WAIT)).is_some());
    assert_eq!(sent_actions(&run.after(WAIT)), ["pay"]);
}

#[test]
fn repeated_case_returns_to_the_interrupted_one() {
    let mut run = ScheduleRun::of(&["payment"]);
    run.advance();
    run.pos(true, false);
    run.after(WAIT);
    assert_eq!(run.schedule.case(), Some("payment/2"));
    let actions = run.schedule.again("payment/1", &run.so_far, run.now).unwrap();
    assert_eq!(actions, [Action::Log("repeating payment/1".to_owned()), Action::ClearQueue]);
    assert_eq!((sent_actions(&run.advance()), run.schedule.case()), (vec!["pay"], Some("payment/1")));
    // Steps that passed before do not count.
    assert_eq!(run.schedule.due().unwrap().1, 0);
    run.passed(0);
    assert_eq!(run.schedule.case(), Some("payment/2"), "the case that was interrupted");
    assert!(run.schedule.again("payment/1", &run.so_far, run.now).unwrap_err().contains("already passed"));
    assert!(run.schedule.again("payment/99", &run.so_far, run.now).unwrap_err().contains("is not a case"));
}

#[test]
fn case_can_be_repeated_after_the_last_one() {
    let mut run = ScheduleRun::of(&["loyalty"]);
    run.advance();
    run.pos(true, false);
    run.after(WAIT);
    run.after(WAIT);
    assert!(run.schedule.is_over());
    run.schedule.again("loyalty/1", &run.so_far, run.now).unwrap();
    run.advance();
    assert_eq!((run.schedule.is_over(), run.schedule.case()), (false, Some("loyalty/1")));
    run.passed(0);
    assert!(run.schedule.is_over(), "loyalty/2 is not repeated");
}

#[test]
fn client_without_a_pos_is_onboarded_with_faults_before_a_repeated_case() {
    let mut run = ScheduleRun::of(&["onboarding", "payment"]);
    run.advance();
    run.pos(true, true);
    run.schedule.again("payment/3", &run.so_far, run.now).unwrap();
    assert_eq!(sent_actions(&run.advance()), ["onboard"]);
    assert_eq!(run.schedule.due().unwrap().0[0].faults.len(), 2);
    run.pos(true, false);
    run.schedule.onboarded(run.now);
    assert_eq!((sent_actions(&run.advance()), run.schedule.case()), (vec!["pay"], Some("payment/3")));
}

#[test]
fn skipped_wait_fails_the_step_due() {
    let mut run = ScheduleRun::of(&["payment"]);
    assert_eq!(run.advance().len(), 3);
    run.schedule.skip().unwrap();
    let actions = run.after(1);
    assert_eq!(wait_over(&actions), Some(("payment/1".to_owned(), 1)));
    assert!(actions.contains(&Action::Log("  step 1 not passed after 1 s".to_owned())));
    // Once only, and not while no step is due.
    assert_eq!(wait_over(&run.advance()), None);
    run.shown(1, 2);
    assert!(run.schedule.skip().unwrap_err().contains("no step is due"));
    assert_eq!((run.after(2), run.schedule.case()), (vec![], Some("payment/2")));
    run.after(1);
    assert_eq!(run.schedule.case(), Some("payment/3"));
}

#[test]
fn start_over_waits_until_open_resources_are_closed() {
    let mut run = ScheduleRun::of(&["onboarding", "payment"]);
    run.advance();
    run.pos(true, false);
    run.so_far.open = true;
    let actions = run.schedule.start_over(&run.so_far, run.now).unwrap();
    assert_eq!(sent_actions(&actions), ["abort"]);
    assert!(run.schedule.start_over(&run.so_far, run.now).is_err());
    assert!(run.schedule.again("payment/1", &run.so_far, run.now).is_err());
    assert_eq!(run.advance(), []);
    run.so_far.open = false;
    assert_eq!(run.advance(), [Action::NewAttempt]);
    assert_eq!(run.after(100), [], "until the record is written");
    run.so_far.pos = None;
    run.schedule.begin_attempt(run.now);
    assert_eq!(sent_actions(&run.advance()), ["onboard"]);
    // The till finds its existing PoS, and would not create one.
    assert_eq!(sent_actions(&run.pos(false, false)), ["offboard"]);
    assert_eq!(sent_actions(&run.pos(false, true)), ["onboard"]);
    assert_eq!(run.schedule.case(), Some("onboarding/1"));
}

#[test]
fn pos_created_without_its_faults_is_not_offboarded_again() {
    let mut run = ScheduleRun::of(&["onboarding"]);
    run.advance();
    assert_eq!(sent_actions(&run.pos(true, false)), [""; 0]);
    assert_eq!(wait_over(&run.after(WAIT)), Some(("onboarding/1".to_owned(), 1)));
}

#[test]
fn backend_is_restored_when_a_case_is_left() {
    let mut run = ScheduleRun::of(&["refund"]);
    run.pos(true, false);
    run.passed(0);
    assert_eq!(run.schedule.case(), Some("refund/2"));
    let hold = Action::HoldRefunds(Duration::from_secs(WAIT / 2));
    let actions = run.schedule.again("refund/2", &run.so_far, run.now).unwrap();
    assert!(actions.contains(&Action::Restore));
    assert!(run.advance().contains(&hold));
    let actions = run.after(WAIT);
    assert!(actions.contains(&Action::Restore) && wait_over(&actions).is_some());
    assert!(actions.contains(&Action::Balance(Amount(0))), "{actions:?}");
    assert!(run.after(WAIT).contains(&Action::Restore) && run.schedule.is_over());
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
    let mut run = ScheduleRun::of(&["payment"]);
    run.schedule.received = ReceivedCalls::default();
    run.advance();
    assert_eq!(wait_over(&run.after(FIRST - 1)), None);
    // The first call is the token request.
    run.schedule.call_received(None, run.now);
    assert_eq!(wait_over(&run.after(WAIT - 1)), None);
    let actions = run.after(1);
    assert_eq!(wait_over(&actions), Some(("payment/1".to_owned(), 1)));
    let over = over(&actions);
    assert_eq!((over.calls, over.step_calls, over.ended), (Some(1), Some(0), Some(StepTimeoutReason::TimedOut)));
}

#[test]
fn first_call_timeout_applies_once() {
    let mut run = ScheduleRun::of(&["payment"]);
    run.schedule.received = ReceivedCalls::default();
    run.advance();
    let actions = run.after(FIRST);
    assert_eq!(wait_over(&actions), Some(("payment/1".to_owned(), 1)));
    assert_eq!((over(&actions).calls, over(&actions).waited_ms), (Some(0), FIRST * 1000));
    assert_eq!(wait_over(&run.after(WAIT - 1)), None);
    assert_eq!(wait_over(&run.after(1)), Some(("payment/2".to_owned(), 1)));
}

#[test]
fn step_timeout_record_has_calls_and_reason() {
    let mut run = ScheduleRun::of(&["payment"]);
    run.advance();
    run.schedule.call_received(Some(Operation::INITIATE_PAYMENT), run.now);
    run.schedule.call_received(Some(Operation::GET_POS), run.now);
    run.schedule.skip().unwrap();
    let over = over(&run.after(1));
    assert_eq!((over.calls, over.step_calls, over.ended), (Some(2), Some(1), Some(StepTimeoutReason::Skipped)));
}

#[test]
fn first_call_timeout_applies_to_repeated_onboarding() {
    let mut run = ScheduleRun::of(&["onboarding", "payment"]);
    run.schedule.received = ReceivedCalls::default();
    run.schedule =
        std::mem::replace(&mut run.schedule, Schedule::new(Vec::new(), quick(), run.now)).backend_reset(run.now);
    assert_eq!(sent_actions(&run.advance()), ["onboard"]);
    assert_eq!(sent_actions(&run.after(FIRST - 1)), Vec::<&str>::new());
    run.schedule.call_received(Some(Operation::CREATE_POS), run.now);
    assert_eq!(sent_actions(&run.after(WAIT - 1)), Vec::<&str>::new());
    assert_eq!(sent_actions(&run.after(1)).len(), 1, "the schedule continues with the first case");
}

fn quick() -> StepTimeouts {
    StepTimeouts::of(Timeouts { by_hand_s: 1, unattended_s: 1, first_call_s: 1, quiet_ms: 1 }, false, None)
}
