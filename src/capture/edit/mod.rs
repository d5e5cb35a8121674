//! Edits of a capture in memory: the same traffic with one header, body member, status or time changed.
//!
//! Tests of rules use them to turn a recording that passes into one that fails. An edit names an exchange by its
//! number in the unedited capture. The capture on disk stays as it is.

mod exchange;
mod timeline;

use super::error::CaptureError;
use super::reader::{Capture, CaptureKind, Source};
use super::record::Record;
use crate::profile::{Operation, Profile};
use std::sync::Arc;
use timeline::Timeline;

/// One edit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Edit {
    /// The exchanges that it changes.
    pub target: Target,
    /// What it does to each of them.
    pub change: Change,
}

/// The exchanges that an edit changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The exchange with this number.
    Exchange(u64),
    /// Every call of an operation.
    Operation(Operation),
}

/// A side of an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Side {
    /// The request.
    #[default]
    Request,
    /// The response.
    Response,
}

impl Side {
    /// `request` or `response`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Side::Request => "request",
            Side::Response => "response",
        }
    }
}

/// A change of an exchange. Pauses and times are in ms.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// Sets a header to one value, in place of all others with its name.
    SetHeader { side: Side, name: String, value: String },
    /// Removes all headers with this name.
    RemoveHeader { side: Side, name: String },
    /// Sets the member of a JSON body that a JSON pointer (RFC 6901) names; the empty pointer is the whole body.
    SetBody { side: Side, pointer: String, value: serde_json::Value },
    /// Removes that member.
    RemoveBody { side: Side, pointer: String },
    /// Sets the status of the response; 0: there is no response.
    SetStatus(u16),
    /// Removes the exchange; the others keep their times.
    Remove,
    /// Repeats the exchange; later exchanges start later by the time that the copies take.
    Duplicate { times: u32, gap_ms: u32 },
    /// Moves the exchange after another one; later exchanges make room for it.
    MoveAfter { exchange: u64, gap_ms: u32 },
    /// Moves the exchange before another one, which makes room for it as all later ones do.
    MoveBefore { exchange: u64, gap_ms: u32 },
    /// Moves the start, and the end with it; `later`: of all later exchanges too.
    Start { by_ms: i64, later: bool },
    /// Moves the end; `later`: all later exchanges move by as much.
    Duration { by_ms: i64, later: bool },
}

/// Why a capture cannot be edited.
#[derive(Debug)]
pub(crate) enum EditError {
    /// The capture cannot be read.
    Capture(CaptureError),
    /// The edit at this position in the list does not fit the capture.
    Edit { at: usize, message: String },
}

impl Capture {
    /// The capture with these edits, in memory. Its exchanges are numbered from 1 in their new order.
    ///
    /// # Errors
    /// A capture that cannot be read, or an edit that does not fit it.
    pub(crate) fn edited(&self, edits: &[Edit]) -> Result<Capture, EditError> {
        let records = self.records().map_err(EditError::Capture)?.collect::<Result<Vec<Record>, CaptureError>>();
        let mut timeline = Timeline::of(records.map_err(EditError::Capture)?, self.profile);
        for (at, edit) in edits.iter().enumerate() {
            timeline.apply(edit).map_err(|message| EditError::Edit { at, message })?;
        }
        // Groups of exchanges in unknown order are positions, which an edit of the order would make wrong.
        let ties = if timeline.is_rearranged() { Vec::new() } else { self.ties.clone() };
        let records = timeline.records();
        let exchanges = records.iter().filter(|record| matches!(record, Record::Exchange(_))).count();
        Ok(Capture {
            profile: self.profile,
            kind: CaptureKind::Har,
            digest: String::new(),
            session: self.session.clone(),
            sealed_by: Vec::new(),
            exchanges: u64::try_from(exchanges).unwrap_or(u64::MAX),
            attempts: self.attempts,
            gaps: Vec::new(),
            complete: self.complete,
            live: self.live,
            resolution_us: self.resolution_us,
            lasted_us: self.lasted_us,
            ties,
            salvaged: self.salvaged,
            remarks: self.remarks.clone(),
            head: self.head,
            header: self.header.clone(),
            rules: Arc::default(),
            path: self.path.clone(),
            absent: Vec::new(),
            source: Source::Records(Arc::new(records)),
        })
    }
}

impl Target {
    /// Whether it names an exchange with this number and request.
    fn names(self, exchange: &super::record::Exchange, profile: &Profile) -> bool {
        match self {
            Target::Exchange(number) => exchange.number == number,
            Target::Operation(operation) => {
                profile.route(&exchange.request.method, &exchange.request.target).operation() == Some(operation)
            }
        }
    }
}

#[cfg(test)]
mod tests;
