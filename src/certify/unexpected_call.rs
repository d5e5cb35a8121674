//! Unexpected calls: the till starts something that the current case does not ask for. They are reported, since the
//! step due would otherwise time out without an explanation.

use crate::api::Operation;
use crate::rules::model::{Case, Step};

/// The actions on the till that start something, each with its first call.
const BEGINNINGS: [(&str, Operation); 5] = [
    ("onboard", Operation::CREATE_POS),
    ("offboard", Operation::DELETE_POS),
    ("pay", Operation::INITIATE_PAYMENT),
    ("prepare", Operation::PREPARE_PAYMENT),
    ("refund", Operation::CREATE_REFUND),
];

/// Whether a call starts something that neither a step of the case nor an action on the till asks for.
pub(crate) fn is_astray(operation: Operation, case: &Case) -> bool {
    let Some((act, _)) = BEGINNINGS.iter().find(|(_, begins)| *begins == operation) else { return false };
    !case.steps.iter().any(|step| step.calls.contains(&operation) || asks(step, act))
}

/// Whether a step asks for this action on the till.
fn asks(step: &Step, act: &str) -> bool {
    let guide = &step.guide;
    let more = [&guide.first, &guide.clear, &guide.then].into_iter().flatten().map(|then| &then.act);
    guide.act.iter().chain(more).any(|asked| asked == act)
}

/// The log line for an unexpected call; `None` if it is expected or no step is due. `due`: the index of the step.
pub(crate) fn sentence(number: u64, operation: Operation, case: &Case, due: usize) -> Option<String> {
    let step = case.steps.get(due).filter(|_| is_astray(operation, case))?;
    let wanted = step.guide.text.as_deref().unwrap_or(&step.title);
    Some(format!("  exchange {number} ({}) is not part of {}; step due: {wanted}", operation.name(), case.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_a_case_asks_for_are_expected() {
        let cases = crate::rules::load(None).unwrap().features.into_iter().flat_map(|feature| feature.cases);
        for case in cases {
            for (act, operation) in BEGINNINGS {
                let asked = case.steps.iter().any(|step| asks(step, act) || step.calls.contains(&operation));
                assert_eq!(is_astray(operation, &case), !asked, "{} {act}", case.id);
            }
            assert!(!is_astray(Operation::QUERY_PAYMENT, &case) && !is_astray(Operation::GET_POS, &case));
            let due = case.steps.len();
            assert!(BEGINNINGS.iter().all(|(_, operation)| sentence(1, *operation, &case, due).is_none()));
        }
    }

    #[test]
    fn line_names_the_step_due() {
        let features = crate::rules::load(None).unwrap().features.into_iter();
        let case = features.flat_map(|feature| feature.cases).find(|case| asks(&case.steps[0], "pay")).unwrap();
        let said = sentence(7, Operation::PREPARE_PAYMENT, &case, 0).unwrap();
        assert!(said.starts_with("  exchange 7 (PreparePayment) is not part of ") && said.contains("Start a payment"));
        assert_eq!(sentence(7, Operation::INITIATE_PAYMENT, &case, 0), None);
    }
}
