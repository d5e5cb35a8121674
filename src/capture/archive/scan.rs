//! Scan of a damaged archive for intact frames. From each frame it continues with the next; where none begins, it
//! searches forward for one.

use super::frame::{self, FrameHead, Tag};
use super::index::Index;
use super::{Damage, Unreadable, file_header};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

const WINDOW: usize = 64 * 1024;

/// The intact frames, and the holes between them.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The byte offset and the head of each frame.
    pub frames: Vec<(u64, FrameHead)>,
    /// Byte ranges, without the end.
    pub holes: Vec<(u64, u64)>,
}

/// Scans an archive. The effort is limited to a few times the file's length, so a file crafted to look like frames
/// everywhere is given up.
pub(super) fn survey(path: &Path) -> Result<Scan, Unreadable> {
    let mut file = BufReader::new(File::open(path)?);
    let length = file.get_ref().metadata()?.len();
    let mut start = Vec::new();
    file.by_ref().take(file_header::BYTES as u64).read_to_end(&mut start)?;
    let mut survey = Scan::default();
    let first = (file_header::BYTES as u64).min(length);
    match file_header::read(&start) {
        Err(Unreadable::Damaged(_)) => survey.holes.push((0, first)),
        other => other?,
    }
    let mut budget = length.saturating_mul(4).saturating_add(1 << 20);
    let mut at = first;
    while at < length {
        if let Some(head) = whole(&mut file, at, &mut budget)? {
            survey.frames.push((at, head));
            at = at.saturating_add(head.length());
            continue;
        }
        let next = next_frame(&mut file, at.saturating_add(1), &mut budget)?.unwrap_or(length);
        survey.holes.push((at, next));
        at = next;
    }
    Ok(survey)
}

/// The frame at this offset, if an intact one begins there.
fn whole(file: &mut BufReader<File>, at: u64, budget: &mut u64) -> io::Result<Option<FrameHead>> {
    file.seek(SeekFrom::Start(at))?;
    let read = frame::read_head(file, at).and_then(|head| {
        // Count decompressed size too: content with an extreme compression ratio must not be unpacked again and
        // again.
        let effort = head.length().max(head.content() / 1024);
        *budget = budget.checked_sub(effort).ok_or_else(|| Damage::new(at, "scan limit reached"))?;
        file.seek(SeekFrom::Start(at))?;
        frame::read(file, at)
    });
    match read {
        Ok(frame) => Ok(Some(frame.head)),
        Err(Unreadable::Io(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// The offset of the next intact frame.
fn next_frame(file: &mut BufReader<File>, from: u64, budget: &mut u64) -> io::Result<Option<u64>> {
    let mut at = from;
    loop {
        let mut window = Vec::new();
        file.seek(SeekFrom::Start(at))?;
        file.by_ref().take(WINDOW as u64).read_to_end(&mut window)?;
        for (place, bytes) in (at..).zip(window.windows(4)) {
            let is_tag = <[u8; 4]>::try_from(bytes).is_ok_and(|bytes| Tag::of(bytes).is_some());
            if is_tag && whole(file, place, budget)?.is_some() {
                return Ok(Some(place));
            }
        }
        if window.len() < WINDOW {
            return Ok(None);
        }
        // A tag may span two windows.
        at = at.saturating_add(WINDOW as u64 - 3);
    }
}

impl Scan {
    /// The first unreadable section.
    pub(super) fn damage(&self, index: Option<&Index>) -> Option<Damage> {
        self.holes.first().map(|hole| Damage::new(hole.0, format!("{} unreadable", self.name(*hole, index))))
    }

    /// Which section a hole was, with its verb; from the index, if that is intact.
    fn name(&self, (from, to): (u64, u64), index: Option<&Index>) -> String {
        if from == 0 {
            return "the file header is".to_owned();
        }
        let blocks = index.map(|index| &index.blocks[..]).unwrap_or_default().iter();
        let lost: Vec<String> =
            blocks.filter(|block| (from..to).contains(&block.at)).map(super::index::BlockEntry::name).collect();
        match lost.as_slice() {
            [] => {}
            [one] => return format!("{one} is"),
            more => return format!("{} are", more.join(" and ")),
        }
        let before = self.frames.iter().rev().find(|(at, _)| *at < from).map(|(_, head)| head.tag);
        let after = self.frames.iter().find(|(at, _)| *at >= to).map(|(_, head)| head.tag);
        match (before, after) {
            (None, Some(_)) => "the header is".to_owned(),
            (_, Some(Tag::Seal)) => "the index is".to_owned(),
            (Some(Tag::Index), None) => "the signature is".to_owned(),
            (_, None) => "everything from there to the end of the file is".to_owned(),
            (_, Some(Tag::Rule)) => "a rule file is".to_owned(),
            (Some(Tag::Records), _) => "a block of records is".to_owned(),
            _ => "a rule file or a block of records is".to_owned(),
        }
    }
}
