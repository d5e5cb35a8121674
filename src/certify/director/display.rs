//! The snapshot of the certification for display: cases as they are while recording goes on, and the standing verdict.

use super::super::case_failure::CaseFailure;
use super::super::status::{BrokenRequirement, CertificationStatus, CurrentStep, Obligation, displayed};
use super::{Director, State};
use crate::capture::Record;
use crate::rules::model::StepKind;
use crate::verify::verdict::{CaseStatus, Level, Status};
use std::collections::BTreeMap;

impl Director {
    /// A snapshot of the certification, for display.
    pub(crate) fn certification_status(&self) -> CertificationStatus {
        let mut state = self.state();
        let obligations = state.obligations();
        let due = state.current_step();
        let cases: Vec<_> = state.so_far.cases.iter().map(|progress| &progress.verdict).collect();
        let shown = cases.iter().map(|case| {
            // After a restart of the backend, the till onboards again; a passed case stays passed.
            let stays = state.schedule.is_onboarding_again() && case.status == CaseStatus::Passed;
            let now = due.as_ref().filter(|due| due.case == case.id && !stays);
            displayed(case, now, state.reported.contains_key(&case.id))
        });
        let cases: Vec<_> = shown.collect();
        let failures: BTreeMap<String, CaseFailure> = cases
            .iter()
            .filter(|case| case.status == CaseStatus::Failed)
            .filter_map(|case| {
                let known = state.failures.get(&case.id).cloned();
                Some((case.id.clone(), known.or_else(|| CaseFailure::of(case, &[], StepKind::default()))?))
            })
            .collect();
        let country = state.point().map_or_else(|| state.vat.clone(), |point| Some(point.vat));
        let is_finnish = country.is_some_and(|vat| vat.starts_with("FI"));
        CertificationStatus {
            cases,
            failures,
            gone_through: state.schedule.cases_done(),
            due,
            over: state.schedule.is_over(),
            broken: BrokenRequirement::of(&state.evaluator),
            obligations,
            currency: if is_finnish { "EUR" } else { "DKK" },
            backend_reset: state.schedule.is_onboarding_again(),
        }
    }
}

impl State {
    fn current_step(&self) -> Option<CurrentStep> {
        let (case, at, since, wait) = self.schedule.under_way()?;
        Some(CurrentStep {
            case: case.id.clone(),
            title: case.title.clone(),
            at,
            steps: case.steps.len(),
            step: case.steps.get(at).cloned(),
            since,
            wait,
            injected: self.fault_plan.injected().to_vec(),
            exchanges: self.schedule.exchanges_of_try(&self.so_far),
        })
    }

    /// What the till still has to do, so that no requirement breaks when recording ends. Evaluated only after a change.
    fn obligations(&mut self) -> Vec<Obligation> {
        if let Some(known) = &self.obligations {
            return known.clone();
        }
        let records: Vec<Record> =
            self.out_of_order.values().map(|exchange| Record::Exchange(Box::new(exchange.clone()))).collect();
        // A rule that cannot be applied ends the certification elsewhere.
        let verdict = self.evaluator.verdict_now(&records).ok();
        let is_broken = |id: &str| self.reported_requirements.contains(id);
        let failed = verdict.iter().flat_map(|verdict| &verdict.requirements).filter(|requirement| {
            requirement.level == Level::Must && requirement.status == Status::Failed && !is_broken(&requirement.id)
        });
        let open: Vec<Obligation> = failed
            .filter_map(|requirement| {
                let first = requirement.findings.first()?.clone();
                Some(Obligation { id: requirement.id.clone(), title: requirement.title.clone(), first })
            })
            .collect();
        self.obligations.insert(open).clone()
    }
}
