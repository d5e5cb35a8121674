//! Under which identification the exchanges of the attempt that counts were recorded: what they show is that client's,
//! whoever is named afterwards.

use crate::capture::record::Session;
use crate::report::wording;

/// What a session tells of who is certified, in the order of [`NAMES`].
type Told = [Option<String>; 5];

const NAMES: [&str; 5] = ["integrator id", "client id", "client version", "system name", "client id in production"];

/// Gathered from sessions, attempts and exchanges, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Identity {
    now: Told,
    /// Each under which something was recorded, and the last exchange of it.
    under: Vec<(Told, u64)>,
}

impl Identity {
    /// This session is in force from here on.
    pub fn session(&mut self, session: &Session) {
        // GUIDs are the same in either case.
        let client_id = session.client_id.as_ref().map(|id| id.to_ascii_lowercase());
        let (integrator, version) = (session.integrator_id.clone(), session.client_version.clone());
        self.now = [integrator, client_id, version, session.system_name.clone(), session.production_client_id.clone()];
    }

    /// A new attempt begins; what was recorded before is no longer looked at.
    pub fn attempt(&mut self) {
        self.under.clear();
    }

    /// An exchange was recorded.
    pub fn exchange(&mut self, number: u64) {
        match self.under.iter_mut().find(|(told, _)| *told == self.now) {
            Some((_, last)) => *last = number,
            None => self.under.push((self.now.clone(), number)),
        }
    }

    /// What was told while exchanges were recorded and is another thing now, as a clause. What was not told then may be
    /// told later.
    pub fn changed(&self) -> Option<String> {
        let others = self.under.iter().map(|(told, last)| (last, self.changes(told)));
        let (last, changes) = others.filter(|(_, changes)| !changes.is_empty()).max_by_key(|(last, _)| *last)?;
        Some(format!(
            "the identification was changed after exchange {last} ({}): certify with what it was, or record a new attempt \
             with --new-attempt",
            changes.join("; ")
        ))
    }

    /// What is another thing now, field by field.
    fn changes(&self, told: &Told) -> Vec<String> {
        let fields = NAMES.iter().zip(told.iter().zip(&self.now));
        let change = |(name, (then, now)): (&&str, (&Option<String>, &Option<String>))| {
            let (then, now) = (then.as_ref()?, now.as_ref()?);
            (then != now).then(|| wording::safe(&format!("{name} {then}, now {now}")))
        };
        fields.filter_map(change).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(integrator: Option<&str>, version: &str) -> Session {
        let (integrator_id, client_version) = (integrator.map(str::to_owned), Some(version.to_owned()));
        Session { integrator_id, client_version, ..Session::default() }
    }

    #[test]
    fn what_was_told_while_something_was_recorded_stays() {
        let mut identity = Identity::default();
        identity.session(&session(None, "2.1.0"));
        identity.exchange(1);
        identity.session(&session(Some("ACME"), "2.1.0"));
        assert_eq!(identity.changed(), None, "nobody told it before");
        identity.exchange(2);
        identity.session(&session(Some("EVIL"), "2.1.9"));
        let changed = identity.changed().unwrap();
        let wanted = "changed after exchange 2 (integrator id ACME, now EVIL; client version 2.1.0, now 2.1.9)";
        assert!(changed.contains(wanted), "{changed}");
        // What is recorded since is under the new name, and what was recorded before is not.
        identity.exchange(3);
        assert_eq!(identity.changed(), Some(changed));
        identity.session(&session(Some("ACME"), "2.1.0"));
        assert!(identity.changed().unwrap().contains("after exchange 3 (integrator id EVIL, now ACME"));
        identity.attempt();
        assert_eq!(identity.changed(), None);
    }
}
