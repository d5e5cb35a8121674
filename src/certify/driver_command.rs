//! Commands to the driver of a till, as JSON lines.

use crate::rules::guidance::{FollowUp, Guidance};
use serde::Serialize;
use std::collections::BTreeMap;

/// An action on the till. Serialized as JSON it is one line of the driver protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct DriverCommand {
    /// The id of the case.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub case: String,
    /// The step, from 1.
    #[serde(skip_serializing_if = "is_zero")]
    pub step: usize,
    /// The action.
    pub act: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// The amount to capture, if it is less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<String>,
    /// Restrictions of the payment.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub restrictions: BTreeMap<String, bool>,
    /// The instruction for a human operator.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
}

fn is_zero(step: &usize) -> bool {
    *step == 0
}

impl DriverCommand {
    /// The action of a step, if it has one.
    pub(crate) fn of_step(case: &str, step: usize, guide: &Guidance) -> Option<DriverCommand> {
        Some(DriverCommand {
            case: case.to_owned(),
            step,
            act: guide.act.clone()?,
            amount: guide.amount.clone(),
            capture: guide.capture.clone(),
            restrictions: guide.restrictions.clone(),
            text: guide.text.clone().unwrap_or_default(),
        })
    }

    /// A follow-up action of a step.
    pub(crate) fn of_then(case: &str, step: usize, then: &FollowUp) -> DriverCommand {
        DriverCommand {
            case: case.to_owned(),
            step,
            act: then.act.clone(),
            amount: then.amount.clone(),
            capture: None,
            restrictions: then.restrictions.clone(),
            text: then.text.clone(),
        }
    }

    /// Cancels what a failed case left open on the till.
    pub(crate) fn abort(case: &str) -> DriverCommand {
        DriverCommand {
            case: case.to_owned(),
            act: "abort".to_owned(),
            text: "Cancel the open payment or refund on the till".to_owned(),
            ..DriverCommand::default()
        }
    }

    /// The end of the certification: no command follows.
    pub(crate) fn end() -> DriverCommand {
        DriverCommand { act: "end".to_owned(), ..DriverCommand::default() }
    }

    /// The JSON, without a line break.
    pub(crate) fn json(&self) -> String {
        // Text, numbers and a map of flags cannot fail to serialize.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_is_serialized_as_documented() {
        let guide = Guidance {
            act: Some("pay".into()),
            amount: Some("100.00".into()),
            text: Some("Start a payment of 100.00 on the till".into()),
            ..Guidance::default()
        };
        let command = DriverCommand::of_step("payment/1", 1, &guide).unwrap();
        let text = "Start a payment of 100.00 on the till";
        assert_eq!(
            command.json(),
            format!(r#"{{"case":"payment/1","step":1,"act":"pay","amount":"100.00","text":"{text}"}}"#)
        );
        assert_eq!(DriverCommand::end().json(), r#"{"act":"end"}"#);
        let restrictions = [("debitCardDisallowed".to_owned(), true)].into_iter().collect();
        let command = DriverCommand { restrictions, capture: Some("60.00".into()), ..command };
        assert!(command.json().contains(r#""capture":"60.00","restrictions":{"debitCardDisallowed":true}"#));
    }
}
