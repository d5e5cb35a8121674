//! Reading of the intact records of a damaged capture. Remarks list what is missing. Such a capture is never
//! complete, so its verdict is never `passed`.

use super::archive::{self, Header};
use super::checkpoint::{Checkpoint, SegmentMeta};
use super::codec;
use super::error::{CaptureError, CaptureErrorKind};
use super::reader::{Capture, CaptureKind, SegmentPlan, Source, remarks};
use super::segment::SegmentReader;
use super::summary::{Summary, gaps_in_words};
use super::{exchange_numbers, store};
use crate::profile::Profile;
use crate::seal::{self, Digest};
use std::path::Path;
use std::sync::Arc;

const WARNING: &str = "PARTIAL: the capture is damaged; failures may be caused by missing records";

/// Opens a capture as [`super::open_for`] does; if it is damaged, opens its intact records.
///
/// # Errors
/// If nothing of it can be read.
pub(crate) fn open_or_salvage(path: &Path, profile: &'static Profile) -> Result<Capture, CaptureError> {
    let capture = opened(path, profile)?;
    Ok(Capture { profile, ..capture })
}

fn opened(path: &Path, profile: &'static Profile) -> Result<Capture, CaptureError> {
    match super::open_for(path, profile) {
        Err(error) if error.kind == CaptureErrorKind::Damaged => match (path.is_dir(), is_archive(path)) {
            (true, _) => directory(path),
            (false, true) => of_archive(path),
            (false, false) => Err(error),
        },
        other => other,
    }
}

fn is_archive(path: &Path) -> bool {
    super::reader::looks_like_an_archive(path).unwrap_or(false)
}

/// A capture of salvaged records; `next_number` as far as known.
fn capture(path: &Path, kind: CaptureKind, source: Source, next_number: u64, losses: Vec<String>) -> Capture {
    let empty = Capture::new(path, kind, &Summary::default(), Header::default(), source.clone());
    let (mut summary, mut chain) = (Summary::default(), seal::ChainHead::default());
    // Records that no longer follow one another because of the missing ones are no further damage.
    for bytes in empty.log().into_iter().flatten().map_while(Result::ok) {
        chain = chain.then(&bytes);
        if let Ok(record) = codec::decode(&bytes) {
            let _ = summary.take(&record);
        }
    }
    let bare = Header::of(&summary, next_number, false);
    let header = Header { gaps: summary.lost_of_all(next_number), complete: false, next_number, ..bare };
    let mut said = vec![WARNING.to_owned()];
    said.extend(losses);
    let lost = gaps_in_words(&header.gaps);
    said.extend(remarks(&summary, &header, false).into_iter().filter(|remark| Some(remark) != lost.as_ref()));
    said.extend(lost);
    let capture = Capture::new(path, kind, &summary, header, source);
    Capture { digest: chain.digest.to_string(), head: chain, remarks: said, salvaged: true, ..capture }
}

fn of_archive(path: &Path) -> Result<Capture, CaptureError> {
    let salvaged = archive::salvage::salvage(path)?;
    let (next_number, rules) = (salvaged.archive.header.next_number, Arc::clone(&salvaged.archive.rules));
    let sealed_by = salvaged.archive.sealed_by.iter().map(ToString::to_string).collect();
    let source = Source::Archive(salvaged.archive);
    let capture = capture(path, CaptureKind::Archive, source, next_number, salvaged.losses);
    Ok(Capture { sealed_by, rules, ..capture })
}

fn directory(dir: &Path) -> Result<Capture, CaptureError> {
    if store::is_held(dir) {
        let sentence = format!("a recorder is writing into {}: stop it before salvaging", dir.display());
        return Err(CaptureError::new(CaptureErrorKind::Held, sentence));
    }
    let mut losses = Vec::new();
    let head = Checkpoint::read(dir).ok();
    let parts = match &head {
        Some(head) => head.parts.clone(),
        None => {
            losses.push("its checkpoint cannot be read: the number of records is unknown".to_owned());
            parts_by_name(dir)
        }
    };
    let mut plans = Vec::new();
    let mut before = seal::ChainHead::default();
    for part in &parts {
        let (found, problem) = readable(&dir.join(&part.name), before);
        let count = found.count.saturating_sub(before.count);
        if head.is_some() && count < part.count {
            let (first, last) = (found.count, part.first.saturating_add(part.count).saturating_sub(1));
            losses.push(format!("records {first} to {last} of {} are missing", part.name));
        }
        losses.extend(problem.map(|sentence| without_place(&sentence, dir)));
        if count > 0 {
            let digest = found.digest.to_string();
            let read = SegmentMeta { first: before.count, count, digest, ..part.clone() };
            plans.push(SegmentPlan { part: read, before, whole: false });
        }
        // After a damaged segment the chain continues as the checkpoint says; without a checkpoint, nothing after it
        // can be verified.
        before = match &head {
            Some(_) => seal::ChainHead {
                count: part.first.saturating_add(part.count),
                digest: Digest::parse(&part.digest).unwrap_or_default(),
            },
            None => found,
        };
    }
    if plans.is_empty() {
        return Err(CaptureError::damaged(dir, "no readable records: nothing to salvage"));
    }
    let known = head.map_or(0, |head| head.next_number);
    let noted = exchange_numbers::noted(dir, known).unwrap_or(known);
    let source = Source::Segments { dir: dir.to_owned(), parts: plans };
    Ok(capture(dir, CaptureKind::Directory, source, noted, losses))
}

/// Removes the directory and the advice from a message: remarks must not depend on where a capture is stored.
fn without_place(sentence: &str, dir: &Path) -> String {
    let plain = sentence.replace(&format!("{}/", dir.display()), "");
    plain.trim_end_matches("; use another copy of it").to_owned()
}

/// How far a segment can be read, and why no further.
fn readable(place: &Path, before: seal::ChainHead) -> (seal::ChainHead, Option<String>) {
    let mut reader = match SegmentReader::open(place, before) {
        Ok(reader) => reader,
        Err(error) => return (before, Some(error.message)),
    };
    loop {
        let head = reader.head();
        match reader.next() {
            Some(Ok(_)) => {}
            Some(Err(error)) => return (head, Some(error.message)),
            None => return (head, None),
        }
    }
}

fn parts_by_name(dir: &Path) -> Vec<SegmentMeta> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("part-")).collect();
    names.sort();
    names.into_iter().map(|name| SegmentMeta { name, ..SegmentMeta::default() }).collect()
}
