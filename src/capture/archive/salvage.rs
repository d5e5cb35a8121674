//! Reading of the intact blocks of a damaged archive. If signature and index are intact, only signed blocks are read;
//! otherwise the remarks say that the records are not covered by a signature.

use super::frame::{self, Frame, Tag};
use super::index::{BlockEntry, Index};
use super::manifest::Manifest;
use super::reader::{Archive, capture_error, rule_file};
use super::record_block::Records;
use super::scan::survey;
use super::{Damage, Header, RuleFile, Unreadable};
use crate::capture::error::CaptureError;
use crate::seal::{ChainHead, Fingerprint};
use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::Path;

/// A salvaged archive.
pub(in crate::capture) struct Salvaged {
    /// Its intact blocks; its header is the signed one, or empty.
    pub archive: Archive,
    /// What is lost, one sentence each.
    pub losses: Vec<String>,
}

/// Reads the intact blocks of the archive at this path.
pub(in crate::capture) fn salvage(path: &Path) -> Result<Salvaged, CaptureError> {
    sections(path).map_err(|error| capture_error(path, error))
}

/// Locates the damage in the archive at this path as precisely as possible.
pub(super) fn locate(path: &Path, seen: Damage) -> Damage {
    let (Ok(survey), Ok(file)) = (survey(path), File::open(path)) else { return seen };
    let mut frames = Frames { file: &mut BufReader::new(file), places: &survey.frames };
    let index = frames.last(Tag::Index).ok().flatten();
    let index = index.and_then(|(_, frame)| serde_json::from_slice(&frame.content).ok());
    survey.damage(index.as_ref()).unwrap_or(seen)
}

fn frame_at(file: &mut BufReader<File>, at: u64) -> Result<Frame, Unreadable> {
    file.seek(SeekFrom::Start(at))?;
    frame::read(file, at)
}

fn sections(path: &Path) -> Result<Salvaged, Unreadable> {
    let survey = survey(path)?;
    let mut file = BufReader::new(File::open(path)?);
    let mut losses: Vec<String> = survey
        .holes
        .iter()
        .map(|(from, to)| format!("bytes {from} to {} are unreadable", to.saturating_sub(1)))
        .collect();
    let mut frames = Frames { file: &mut file, places: &survey.frames };
    let sealed = frames.last(Tag::Seal)?.and_then(|(at, frame)| Manifest::read(&frame, at).ok());
    let (manifest, sealed_by): (Option<Manifest>, Vec<Fingerprint>) = match sealed {
        Some((manifest, signers, _)) => (Some(manifest), signers),
        None => {
            losses.push("its signature cannot be read: the records are not signed".to_owned());
            (None, Vec::new())
        }
    };
    let manifest = manifest.as_ref();
    let index = frames.last(Tag::Index)?.and_then(|(_, frame)| {
        let stands = manifest.is_none_or(|manifest| manifest.index == frame.head.digest);
        serde_json::from_slice::<Index>(&frame.content).ok().filter(|_| stands)
    });
    let header = frames.last(Tag::Header)?.and_then(|(_, frame)| {
        let stands = manifest.is_none_or(|manifest| manifest.header == frame.head.digest);
        serde_json::from_slice::<Header>(&frame.content).ok().filter(|_| stands)
    });
    if header.is_none() {
        losses.push("its header cannot be read: the number of exchanges is unknown".to_owned());
    }
    let rules = rules(&mut frames, manifest, &mut losses)?;
    let sealed_index = index.as_ref().filter(|_| manifest.is_some());
    // The signature covers blocks only through the index.
    let sealed_by = if sealed_index.is_some() { sealed_by } else { Vec::new() };
    if manifest.is_some() && sealed_index.is_none() {
        losses.push("its index cannot be read: the records are not covered by the signature".to_owned());
    }
    let blocks = blocks(&mut frames, sealed_index)?;
    let total = manifest.map(|manifest| manifest.records);
    losses.extend(missing(&blocks, index.as_ref(), total));
    if blocks.is_empty() {
        let damage = Damage::new(0, "no readable records: nothing to salvage");
        return Err(damage.into());
    }
    let archive = Archive::of_blocks(path, header.unwrap_or_default(), sealed_by, rules, blocks);
    Ok(Salvaged { archive, losses })
}

/// The frames of a scan.
struct Frames<'a> {
    file: &'a mut BufReader<File>,
    places: &'a [(u64, frame::FrameHead)],
}

impl Frames<'_> {
    fn of(&self, tag: Tag) -> Vec<u64> {
        self.places.iter().filter(|(_, head)| head.tag == tag).map(|(at, _)| *at).collect()
    }

    fn read(&mut self, at: u64) -> Result<Frame, Unreadable> {
        frame_at(self.file, at)
    }

    fn last(&mut self, tag: Tag) -> Result<Option<(u64, Frame)>, Unreadable> {
        match self.of(tag).last() {
            Some(&at) => Ok(Some((at, self.read(at)?))),
            None => Ok(None),
        }
    }
}

/// The rule files, if all signed ones are intact.
fn rules(
    frames: &mut Frames,
    manifest: Option<&Manifest>,
    losses: &mut Vec<String>,
) -> Result<Vec<RuleFile>, Unreadable> {
    let Some(manifest) = manifest else { return Ok(Vec::new()) };
    let lengths = frames.places.iter().filter(|(_, head)| head.tag == Tag::Rule).map(|(_, head)| head.content());
    if let Err(words) = frame::check_rules(lengths) {
        losses.push(format!("{words}; none of them is used"));
        return Ok(Vec::new());
    }
    let mut rules = Vec::new();
    for at in frames.of(Tag::Rule) {
        let frame = frames.read(at)?;
        if manifest.rules.get(rules.len()).is_some_and(|entry| entry.frame == frame.head.digest) {
            rules.push(rule_file(frame.content, at)?);
        }
    }
    if rules.len() == manifest.rules.len() {
        return Ok(rules);
    }
    losses.push("not all of its rule files are intact; none of them is used".to_owned());
    Ok(Vec::new())
}

/// The readable blocks, in log order: those listed in the index, or, without an index, those that do not overlap.
fn blocks(frames: &mut Frames, index: Option<&Index>) -> Result<Vec<BlockEntry>, Unreadable> {
    let mut blocks: Vec<BlockEntry> = Vec::new();
    for at in frames.of(Tag::Records) {
        let frame = frames.read(at)?;
        let digest = frame.head.digest;
        let named = index.map(|index| index.blocks.iter().find(|entry| entry.at == at && entry.frame == digest));
        let entry = match named {
            Some(entry) => entry.cloned(),
            None => unnamed(at, frame),
        };
        let next = blocks.last().map_or(0, |last| last.first.saturating_add(last.records));
        blocks.extend(entry.filter(|entry| entry.first >= next));
    }
    Ok(blocks)
}

/// The entry of a block, computed from the block itself.
fn unnamed(at: u64, frame: Frame) -> Option<BlockEntry> {
    let digest = frame.head.digest;
    let mut records = Records::of(frame.content)?;
    let first = records.head().count;
    while records.next().ok()?.is_some() {}
    let ChainHead { count, digest: chain } = records.head();
    Some(BlockEntry { at, frame: digest, first, records: count.checked_sub(first)?, chain, ..BlockEntry::default() })
}

/// Describes missing records: by the index, or by the holes between the blocks.
fn missing(blocks: &[BlockEntry], index: Option<&Index>, total: Option<u64>) -> Vec<String> {
    if let Some(index) = index {
        let lost = index.blocks.iter().filter(|entry| blocks.iter().all(|block| block.at != entry.at));
        return lost.map(|entry| format!("{} is missing", entry.name())).collect();
    }
    let mut missing = Vec::new();
    let mut next = 0;
    for block in blocks {
        if block.first > next {
            missing.push(format!("records {next} to {} are missing", block.first.saturating_sub(1)));
        }
        next = block.first.saturating_add(block.records);
    }
    match total {
        Some(total) if total > next => {
            missing.push(format!("records {next} to {} are missing", total.saturating_sub(1)));
        }
        Some(_) => {}
        None => missing.push(format!("whether there are records from {next} on is unknown")),
    }
    missing
}
