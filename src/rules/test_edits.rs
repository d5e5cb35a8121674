//! The changes of a capture as a file of tests has them, and their meaning.

use super::toml_file::{Mistake, fault};
use crate::capture::edit::{Change, Edit, Side, Target};
use crate::profile::Profile;
use serde::Deserialize;
use toml::Spanned;

/// The pause in ms around a repeated or moved exchange, if the file does not say it.
const GAP_MS: u32 = 300;

/// A change: `exchange` or `call`, and one action with its details.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct EditRow {
    exchange: Option<u64>,
    call: Option<Spanned<String>>,
    set_header: Option<String>,
    remove_header: Option<String>,
    set_body: Option<String>,
    remove_body: Option<String>,
    set_status: Option<Spanned<u16>>,
    remove: Option<bool>,
    duplicate: Option<u32>,
    move_after: Option<u64>,
    move_before: Option<u64>,
    start_by_ms: Option<i64>,
    duration_by_ms: Option<i64>,
    of: Option<Spanned<String>>,
    to: Option<Spanned<toml::Value>>,
    to_json: Option<Spanned<String>>,
    gap_ms: Option<u32>,
    later: Option<bool>,
}

/// The actions of a change, each with the details that it takes.
const ACTIONS: [(&str, &[&str]); 11] = [
    ("set_header", &["of", "to"]),
    ("remove_header", &["of"]),
    ("set_body", &["of", "to", "to_json"]),
    ("remove_body", &["of"]),
    ("set_status", &[]),
    ("remove", &[]),
    ("duplicate", &["gap_ms"]),
    ("move_after", &["gap_ms"]),
    ("move_before", &["gap_ms"]),
    ("start_by_ms", &["later"]),
    ("duration_by_ms", &["later"]),
];

/// The meaning of a change.
///
/// # Errors
/// A change that names no exchange, no action or several of them, or a detail that does not belong to its action.
pub(super) fn edit(row: Spanned<EditRow>, profile: &Profile) -> Result<Edit, Mistake> {
    let wrong = |message: String| fault(&row, message);
    let change = row.as_ref();
    let target = match (change.exchange, &change.call) {
        (Some(number), None) => Target::Exchange(number),
        (None, Some(name)) => Target::Operation(super::toml_file::operation(name, profile)?),
        _ => return Err(wrong("a change names either `exchange`, a number, or `call`, an operation".to_owned())),
    };
    let given = change.actions();
    let [action] = given.as_slice() else {
        let known = ACTIONS.map(|(name, _)| name).join(", ");
        let count = if given.is_empty() { "no action" } else { "several actions" };
        return Err(wrong(format!("the change has {count}; give it one of {known}")));
    };
    let takes = ACTIONS.iter().find(|(name, _)| name == action).map_or(&[][..], |(_, takes)| *takes);
    if let Some(detail) = change.details().into_iter().find(|detail| !takes.contains(detail)) {
        return Err(wrong(format!("`{action}` does not take `{detail}`")));
    }
    if action.starts_with("move") && !matches!(target, Target::Exchange(_)) {
        return Err(wrong(format!("`{action}` moves one exchange: name it by `exchange`")));
    }
    let change = change.change(action, &row)?;
    Ok(Edit { target, change })
}

impl EditRow {
    fn actions(&self) -> Vec<&'static str> {
        let given = [
            self.set_header.is_some(),
            self.remove_header.is_some(),
            self.set_body.is_some(),
            self.remove_body.is_some(),
            self.set_status.is_some(),
            self.remove.is_some_and(|remove| remove),
            self.duplicate.is_some(),
            self.move_after.is_some(),
            self.move_before.is_some(),
            self.start_by_ms.is_some(),
            self.duration_by_ms.is_some(),
        ];
        ACTIONS.iter().zip(given).filter(|(_, given)| *given).map(|((name, _), _)| *name).collect()
    }

    fn details(&self) -> Vec<&'static str> {
        let given = [
            ("of", self.of.is_some()),
            ("to", self.to.is_some()),
            ("to_json", self.to_json.is_some()),
            ("gap_ms", self.gap_ms.is_some()),
            ("later", self.later.is_some()),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
    }

    fn change(&self, action: &str, row: &Spanned<EditRow>) -> Result<Change, Mistake> {
        let wrong = |message: &str| fault(row, message.to_owned());
        let side = match &self.of {
            None => Side::Request,
            Some(of) => match of.as_ref().as_str() {
                "request" => Side::Request,
                "response" => Side::Response,
                other => return Err(fault(of, format!("unknown side `{other}`; use `request` or `response`"))),
            },
        };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let gap_ms = self.gap_ms.unwrap_or(GAP_MS);
        let later = self.later.unwrap_or(false);
        Ok(match action {
            "set_header" => match self.to.as_ref().map(|to| to.as_ref().as_str()) {
                Some(Some(value)) => Change::SetHeader { side, name: text(&self.set_header), value: value.to_owned() },
                _ => return Err(wrong("`set_header` needs `to`, the value as a string")),
            },
            "remove_header" => Change::RemoveHeader { side, name: text(&self.remove_header) },
            "set_body" => {
                Change::SetBody { side, pointer: pointer(self.set_body.as_deref(), row)?, value: self.value(row)? }
            }
            "remove_body" => Change::RemoveBody { side, pointer: pointer(self.remove_body.as_deref(), row)? },
            "set_status" => match &self.set_status {
                Some(status) if !matches!(status.as_ref(), 0 | 100..=999) => {
                    let message = format!("{} is not a status code; 0 is a call without a response", status.as_ref());
                    return Err(fault(status, message));
                }
                status => Change::SetStatus(status.as_ref().map_or(0, |status| *status.as_ref())),
            },
            "remove" => Change::Remove,
            "duplicate" => Change::Duplicate { times: self.duplicate.unwrap_or(1), gap_ms },
            "move_after" => Change::MoveAfter { exchange: self.move_after.unwrap_or(0), gap_ms },
            "move_before" => Change::MoveBefore { exchange: self.move_before.unwrap_or(0), gap_ms },
            "start_by_ms" => Change::Start { by_ms: self.start_by_ms.unwrap_or(0), later },
            _ => Change::Duration { by_ms: self.duration_by_ms.unwrap_or(0), later },
        })
    }

    /// The new value of a body member.
    fn value(&self, row: &Spanned<EditRow>) -> Result<serde_json::Value, Mistake> {
        match (&self.to, &self.to_json) {
            (Some(to), None) => {
                serde_json::to_value(to.as_ref()).map_err(|error| fault(to, format!("the value is not JSON: {error}")))
            }
            (None, Some(json)) => serde_json::from_str(json.as_ref())
                .map_err(|error| fault(json, format!("`to_json` is not JSON: {error}"))),
            _ => Err(fault(row, "`set_body` needs either `to`, a TOML value, or `to_json`, a JSON text".to_owned())),
        }
    }
}

fn pointer(pointer: Option<&str>, row: &Spanned<EditRow>) -> Result<String, Mistake> {
    let pointer = pointer.unwrap_or_default();
    if pointer.is_empty() || pointer.starts_with('/') {
        return Ok(pointer.to_owned());
    }
    Err(fault(row, format!("`{pointer}` is not a JSON pointer; write `/{pointer}`")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Operation;
    use serde_json::json;

    #[derive(Deserialize)]
    struct File {
        edit: Spanned<EditRow>,
    }

    fn parsed(text: &str) -> Result<Edit, String> {
        let file: File = toml::from_str(&format!("edit = {{ {text} }}")).unwrap();
        edit(file.edit, crate::profile::pos_v10()).map_err(|mistake| mistake.message)
    }

    #[test]
    fn each_action_is_read() {
        let name = "x-a".to_owned();
        for (text, change) in [
            (
                "set_header = 'x-a', to = 'b'",
                Change::SetHeader { side: Side::Request, name: name.clone(), value: "b".to_owned() },
            ),
            ("remove_header = 'x-a', of = 'response'", Change::RemoveHeader { side: Side::Response, name }),
            (
                "set_body = '/amount', to = 10.5",
                Change::SetBody { side: Side::Request, pointer: "/amount".to_owned(), value: json!(10.5) },
            ),
            (
                "set_body = '', to_json = 'null'",
                Change::SetBody { side: Side::Request, pointer: String::new(), value: json!(null) },
            ),
            ("remove_body = '/a'", Change::RemoveBody { side: Side::Request, pointer: "/a".to_owned() }),
            ("set_status = 0", Change::SetStatus(0)),
            ("remove = true", Change::Remove),
            ("duplicate = 2", Change::Duplicate { times: 2, gap_ms: GAP_MS }),
            ("move_after = 3, gap_ms = 1", Change::MoveAfter { exchange: 3, gap_ms: 1 }),
            ("move_before = 3", Change::MoveBefore { exchange: 3, gap_ms: GAP_MS }),
            ("start_by_ms = -5, later = true", Change::Start { by_ms: -5, later: true }),
            ("duration_by_ms = 5", Change::Duration { by_ms: 5, later: false }),
        ] {
            let found = parsed(&format!("exchange = 1, {text}")).unwrap();
            assert_eq!(found, Edit { target: Target::Exchange(1), change }, "{text}");
        }
        let of_operation = parsed("call = 'CreatePos', remove = true").unwrap();
        assert_eq!(of_operation.target, Target::Operation(Operation::CREATE_POS));
    }

    #[test]
    fn mistakes_are_explained() {
        for (text, message) in [
            ("remove = true", "names either `exchange`"),
            ("call = 'CreatPos', remove = true", "did you mean `CreatePos`?"),
            ("exchange = 1", "the change has no action"),
            ("exchange = 1, remove = true, set_status = 200", "the change has several actions"),
            ("exchange = 1, remove = true, later = true", "`remove` does not take `later`"),
            ("call = 'CreatePos', move_after = 1", "moves one exchange"),
            ("exchange = 1, set_header = 'a'", "needs `to`"),
            ("exchange = 1, set_body = 'a', to = 1", "write `/a`"),
            ("exchange = 1, set_body = '/a'", "needs either `to`"),
            ("exchange = 1, set_body = '/a', to_json = '{'", "`to_json` is not JSON"),
            ("exchange = 1, set_status = 42", "42 is not a status code"),
            ("exchange = 1, remove_header = 'a', of = 'answer'", "use `request` or `response`"),
        ] {
            let found = parsed(text).unwrap_err();
            assert!(found.contains(message), "{text}: {found}");
        }
    }
}
