//! Acts that nobody asked for: the till begins something that the case under way has nothing to do with. It is said, so
//! that nobody waits for a step while its act is never done.

use crate::api::Operation;
use crate::rules::model::{Case, Step};

/// The acts on the till that begin something, each with the call that shows it.
const BEGINNINGS: [(&str, Operation); 5] = [
    ("onboard", Operation::CreatePos),
    ("offboard", Operation::DeletePos),
    ("pay", Operation::InitiatePayment),
    ("prepare", Operation::PreparePayment),
    ("refund", Operation::CreateRefund),
];

/// Whether a call begins something that no step of a case is about, nor what the till is told to do for one.
pub fn is_astray(operation: Operation, case: &Case) -> bool {
    let Some((act, _)) = BEGINNINGS.iter().find(|(_, begins)| *begins == operation) else { return false };
    !case.steps.iter().any(|step| step.calls.contains(&operation) || asks(step, act))
}

/// Whether the till is told to do this for a step.
fn asks(step: &Step, act: &str) -> bool {
    let guide = &step.guide;
    let more = [&guide.first, &guide.clear, &guide.then].into_iter().flatten().map(|then| &then.act);
    guide.act.iter().chain(more).any(|asked| asked == act)
}

/// It in a sentence, where a step of the case is waited for. `due`: that step, from 0.
pub fn sentence(number: u64, operation: Operation, case: &Case, due: usize) -> Option<String> {
    let step = case.steps.get(due).filter(|_| is_astray(operation, case))?;
    let wanted = step.guide.text.as_deref().unwrap_or(&step.title);
    Some(format!("  exchange {number} ({}) is no part of {}; due is: {wanted}", operation.name(), case.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_case_is_about_is_never_astray() {
        let cases = crate::rules::load(None).unwrap().features.into_iter().flat_map(|feature| feature.cases);
        for case in cases {
            for (act, operation) in BEGINNINGS {
                let asked = case.steps.iter().any(|step| asks(step, act) || step.calls.contains(&operation));
                assert_eq!(is_astray(operation, &case), !asked, "{} {act}", case.id);
            }
            assert!(!is_astray(Operation::QueryPayment, &case) && !is_astray(Operation::GetPos, &case));
            let due = case.steps.len();
            assert!(BEGINNINGS.iter().all(|(_, operation)| sentence(1, *operation, &case, due).is_none()));
        }
    }

    #[test]
    fn it_says_what_is_due() {
        let features = crate::rules::load(None).unwrap().features.into_iter();
        let case = features.flat_map(|feature| feature.cases).find(|case| asks(&case.steps[0], "pay")).unwrap();
        let said = sentence(7, Operation::PreparePayment, &case, 0).unwrap();
        assert!(said.starts_with("  exchange 7 (PreparePayment) is no part of ") && said.contains("Start a payment"));
        assert_eq!(sentence(7, Operation::InitiatePayment, &case, 0), None);
    }
}
