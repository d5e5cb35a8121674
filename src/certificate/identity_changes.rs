//! Changes of the client's identification during an attempt. Exchanges count for the client that was identified when
//! they were recorded.

use crate::capture::record::Session;
use crate::report::wording;

/// The identifying fields of a session, in the order of [`NAMES`].
type IdentityValues = [Option<String>; 5];

const NAMES: [&str; 5] = ["integrator id", "client id", "client version", "system name", "client id in production"];

/// Identifications, collected from sessions, attempts and exchanges in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Identity {
    now: IdentityValues,
    /// Each identification with which exchanges were recorded, and the last of them.
    under: Vec<(IdentityValues, u64)>,
}

impl Identity {
    /// Applies a session record.
    pub(super) fn session(&mut self, session: &Session) {
        // GUIDs are the same in either case.
        let client_id = session.client_id.as_ref().map(|id| id.to_ascii_lowercase());
        let (integrator, version) = (session.integrator_id.clone(), session.client_version.clone());
        self.now = [integrator, client_id, version, session.system_name.clone(), session.production_client_id.clone()];
    }

    /// Starts a new attempt: earlier exchanges no longer count.
    pub(super) fn attempt(&mut self) {
        self.under.clear();
    }

    /// Registers an exchange.
    pub(super) fn exchange(&mut self, number: u64) {
        match self.under.iter_mut().find(|(values, _)| *values == self.now) {
            Some((_, last)) => *last = number,
            None => self.under.push((self.now.clone(), number)),
        }
    }

    /// Fields that changed after exchanges were recorded, as a clause. A missing field may be added later.
    pub(super) fn changed(&self) -> Option<String> {
        let others = self.under.iter().map(|(values, last)| (last, self.changes(values)));
        let (last, changes) = others.filter(|(_, changes)| !changes.is_empty()).max_by_key(|(last, _)| *last)?;
        Some(format!(
            "the identification was changed after exchange {last} ({}): certify with the earlier values, or record a \
             new attempt with --new-attempt",
            changes.join("; ")
        ))
    }

    /// The changed fields.
    fn changes(&self, values: &IdentityValues) -> Vec<String> {
        let fields = NAMES.iter().zip(values.iter().zip(&self.now));
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
    fn identification_of_recorded_exchanges_must_not_change() {
        let mut identity = Identity::default();
        identity.session(&session(None, "2.1.0"));
        identity.exchange(1);
        identity.session(&session(Some("ACME"), "2.1.0"));
        assert_eq!(identity.changed(), None, "it was missing before");
        identity.exchange(2);
        identity.session(&session(Some("EVIL"), "2.1.9"));
        let changed = identity.changed().unwrap();
        let wanted = "changed after exchange 2 (integrator id ACME, now EVIL; client version 2.1.0, now 2.1.9)";
        assert!(changed.contains(wanted), "{changed}");
        // Later exchanges have the new identification, earlier ones do not.
        identity.exchange(3);
        assert_eq!(identity.changed(), Some(changed));
        identity.session(&session(Some("ACME"), "2.1.0"));
        assert!(identity.changed().unwrap().contains("after exchange 3 (integrator id EVIL, now ACME"));
        identity.attempt();
        assert_eq!(identity.changed(), None);
    }
}
