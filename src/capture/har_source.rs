//! HAR files as captures.

use super::archive::{self, Header};
use super::error::{CaptureError, CaptureErrorKind};
use super::har;
use super::reader::{Capture, CaptureKind, LONGEST_HAR, Source, remarks};
use super::record::Record;
use super::reorder::ReorderBuffer;
use super::summary::Summary;
use crate::profile::Profile;
use crate::seal;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// Opens a HAR file with calls of this API from its bytes; `path` is its name in messages.
pub(super) fn open(path: &Path, bytes: Vec<u8>, profile: &'static Profile) -> Result<Capture, CaptureError> {
    let digest = seal::Digest::of(&bytes).to_string();
    let read = har::read(path, bytes, LONGEST_HAR, profile)?;
    let mut summary = Summary::default();
    for record in &read.records {
        summary.take(record).map_err(|words| CaptureError::damaged(path, words))?;
    }
    // A HAR file from another program has no runs, and nothing says that it is incomplete. Entries left out on
    // purpose are not lost.
    read.left_out.iter().for_each(|&number| summary.leave_out(number));
    let header = Header::of(&summary, 0, false);
    let is_whole = read.is_whole;
    let mut all = read.remarks;
    all.extend(remarks(&summary, &header, false));
    let source = Source::Records(Arc::new(read.records));
    let capture = Capture::new(path, CaptureKind::Har, &summary, header, source);
    let (resolution_us, lasted_us) = (read.resolution_us, read.lasted_us);
    let complete = capture.complete && is_whole;
    Ok(Capture { digest, complete, resolution_us, lasted_us, ties: read.ties, remarks: all, ..capture })
}

/// Opens a HAR file from standard input.
pub(super) fn from_standard_input(profile: &'static Profile) -> Result<Capture, CaptureError> {
    let name = Path::new("standard input");
    let mut bytes = Vec::new();
    let mut limited = std::io::stdin().lock().take(LONGEST_HAR.saturating_add(1));
    limited.read_to_end(&mut bytes).map_err(|error| CaptureError::io("read", name, &error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LONGEST_HAR) {
        let sentence = format!("standard input has more than {LONGEST_HAR} bytes: export a shorter session");
        return Err(CaptureError::new(CaptureErrorKind::Unsupported, sentence));
    }
    if archive::is_archive(&bytes) {
        let sentence = "standard input is a signed archive, which cannot be read from a pipe: pass the file name";
        return Err(CaptureError::new(CaptureErrorKind::Unsupported, sentence));
    }
    open(name, bytes, profile)
}

impl Capture {
    /// As [`Capture::records`], with the exchanges of a HAR file in another order: `order` has the position of each
    /// among all. They are renumbered in that order.
    ///
    /// # Errors
    /// As [`Capture::records`].
    pub fn records_in(
        &self,
        order: Option<&[usize]>,
    ) -> Result<Box<dyn Iterator<Item = Result<Record, CaptureError>>>, CaptureError> {
        let (Source::Records(records), Some(order)) = (&self.source, order) else {
            return Ok(Box::new(self.records()?));
        };
        let is_exchange = |record: &&Record| matches!(record, Record::Exchange(_));
        let exchanges: Vec<&Record> = records.iter().filter(is_exchange).collect();
        let numbers = exchanges.iter().filter_map(|record| match record {
            Record::Exchange(exchange) => Some(exchange.number),
            _ => None,
        });
        let others = records.iter().filter(|record| !is_exchange(record)).cloned();
        let mut all: Vec<Record> = others.collect();
        for (number, place) in numbers.zip(order) {
            if let Some(Record::Exchange(exchange)) = exchanges.get(*place) {
                let mut exchange = exchange.clone();
                exchange.number = number;
                all.push(Record::Exchange(exchange));
            }
        }
        Ok(Box::new(ReorderBuffer::new(Box::new(all.into_iter().map(Ok)), self.absent.clone())))
    }
}
