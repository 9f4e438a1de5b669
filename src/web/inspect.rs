//! Bytes taken apart for the page: what each of them means.

use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::driver::Driver;
use super::message::{Answer, Ask, BytesOf, unpack};
use super::nodes::{understand, unexpected};
use crate::lab::{ConnectionId, NodeId, Side, printable};
use crate::node::Link;
use crate::rdb;
use crate::resp::{self, Part};

/// What the page wants to look into.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Inspected {
    /// A frame, by its name; `rdb` if it carries a snapshot.
    Frame { id: String, rdb: bool },
    /// The bytes of a node's stream from one offset to another.
    Stream { node: usize, start: u64, end: u64 },
}

/// Bytes and what they mean: the counterpart of `Anatomy` in `www/src/engine/frame.ts`.
#[derive(Debug, Serialize)]
pub(super) struct AnatomyView {
    #[serde(with = "super::bytes")]
    bytes: Vec<u8>,
    /// How many bytes of the same snapshot came before.
    from: usize,
    parts: Vec<PartView>,
    /// What of the snapshot is known so far.
    sections: Vec<SectionView>,
}

#[derive(Debug, Serialize)]
struct PartView {
    /// From the first byte shown; a part that began before is cut.
    start: usize,
    end: usize,
    what: &'static str,
    text: String,
}

/// A section of an RDB.
#[derive(Debug, Serialize)]
struct SectionView {
    what: &'static str,
    start: usize,
    end: usize,
    /// How many keys, or the number of the database.
    count: u64,
}

impl Driver {
    /// Sees to it that [`Self::looks`] are up to date. A node that was told nothing since looks as
    /// it did: it is not asked again.
    pub(super) async fn look(&mut self, keys: usize) -> Result<(), JsValue> {
        let now = self.conductor.world().now().micros();
        self.looks.truncate(self.placed);
        // All are asked before the first answer is awaited.
        let asked: Result<Vec<Option<JsFuture>>, JsValue> = self.hosts[..self.placed]
            .iter()
            .map(|host| {
                let ask = host.changed.get().then_some(Ask::Look { now, keys });
                ask.map(|ask| host.begin(&ask, None)).transpose()
            })
            .collect();
        for (index, answer) in asked?.into_iter().enumerate() {
            let Some(answer) = answer else { continue };
            let answer = unpack(&answer.await?)?;
            let Answer::Look(look) = understand(answer)? else { return Err(unexpected()) };
            self.hosts[index].changed.set(false);
            match self.looks.get_mut(index) {
                Some(known) => *known = *look,
                None => self.looks.push(*look),
            }
        }
        let world = self.conductor.world();
        for (index, look) in self.looks.iter_mut().enumerate() {
            look.settle(world.now(), |link| {
                world.peer(NodeId(index), Link(link)).map(|(node, _)| node.0)
            });
        }
        Ok(())
    }

    /// Looks into bytes; `None` if they are gone.
    pub(super) async fn inspect(&self, what: Inspected) -> Result<Option<AnatomyView>, JsValue> {
        match what {
            Inspected::Frame { id, rdb } => self.inspect_frame(&id, rdb).await,
            Inspected::Stream { node, start, end } => self.inspect_stream(node, start, end).await,
        }
    }

    async fn inspect_frame(&self, id: &str, rdb: bool) -> Result<Option<AnatomyView>, JsValue> {
        let mut numbers = id.split('.').map_while(|word| word.parse::<u64>().ok());
        let (Some(connection), Some(from), Some(number)) =
            (numbers.next(), numbers.next(), numbers.next())
        else {
            return Ok(None);
        };
        let mut connections = self.conductor.world().connections();
        let found = connections.find(|(id, _)| *id == ConnectionId(connection));
        let Some((_, connection)) = found else { return Ok(None) };
        let dialled = connection.dialler.0 == NodeId(from as usize);
        let side = if dialled { Side::Dialler } else { Side::Acceptor };
        let (sender, link) = connection.end(side);
        if rdb {
            let of = BytesOf::Snapshot { link: link.0, number };
            let found = self.bytes(sender, of).await?;
            return Ok(found.map(|(bytes, from)| rdb_anatomy(&bytes, from)));
        }
        let (receiver, link) = connection.end(side.other());
        let of = BytesOf::Frame { link: link.0, number };
        let found = self.bytes(receiver, of).await?;
        Ok(found.map(|(bytes, _)| resp_anatomy(bytes)))
    }

    async fn inspect_stream(
        &self,
        node: usize,
        start: u64,
        end: u64,
    ) -> Result<Option<AnatomyView>, JsValue> {
        let Some((bytes, _)) = self.bytes(NodeId(node), BytesOf::Tail { max: TAIL_MAX }).await?
        else {
            return Ok(None);
        };
        // The tail ends at the node's offset, which the page has told with the frame.
        let now = self.conductor.world().now().micros();
        let look = self.ask(NodeId(node), &Ask::Look { now, keys: 0 }).await?;
        let Answer::Look(look) = look else { return Err(unexpected()) };
        let head = look.offset();
        let first = head - bytes.len() as u64;
        if start < first || end > head || start >= end {
            return Ok(None);
        }
        let piece = &bytes[(start - first) as usize..(end - first) as usize];
        Ok(Some(resp_anatomy(piece.to_vec())))
    }

    /// Bytes that the host of a node shows.
    pub(super) async fn bytes(
        &self,
        node: NodeId,
        of: BytesOf,
    ) -> Result<Option<(Vec<u8>, usize)>, JsValue> {
        let answer = self.ask(node, &Ask::Bytes { of }).await?;
        let Answer::Bytes { bytes, from } = answer else { return Err(unexpected()) };
        Ok(from.map(|from| (bytes, from)))
    }
}

fn resp_anatomy(mut bytes: Vec<u8>) -> AnatomyView {
    bytes.truncate(SHOWN_MAX);
    let parts = resp::anatomy(&bytes).iter().map(|part| part_view(part, 0, bytes.len())).collect();
    AnatomyView { bytes, from: 0, parts, sections: Vec::new() }
}

/// A snapshot on its way: behind the announcement of its mark, if it has one, it is an RDB. What
/// is shown begins at `from`.
pub(super) fn rdb_anatomy(bytes: &[u8], from: usize) -> AnatomyView {
    let announced = bytes.starts_with(b"$EOF:");
    let skip = if announced { MARK_LINE.min(bytes.len()) } else { 0 };
    let mut parts = resp::anatomy(&bytes[..skip]);
    let shift = |mut part: Part| {
        part.start += skip;
        part.end += skip;
        part
    };
    parts.extend(rdb::anatomy(&bytes[skip..]).into_iter().map(shift));
    let end = bytes.len().min(from + SHOWN_MAX);
    let sections = sections(&parts);
    let shown = parts.iter().filter(|part| part.end > from && part.start < end);
    AnatomyView {
        bytes: bytes[from..end].to_vec(),
        from,
        parts: shown.take(PARTS_MAX).map(|part| part_view(part, from, end)).collect(),
        sections,
    }
}

fn part_view(part: &Part, from: usize, end: usize) -> PartView {
    PartView {
        start: part.start.max(from) - from,
        end: part.end.min(end) - from,
        what: part.what,
        text: printable(&part.value, TEXT_MAX),
    }
}

/// The sections that parts belong to.
fn sections(parts: &[Part]) -> Vec<SectionView> {
    let mut sections: Vec<SectionView> = Vec::new();
    for part in parts {
        // How a string is written belongs to what it says.
        let here = sections.last().map_or("mark", |last| last.what);
        let what = section_of(part.what).unwrap_or(here);
        let begins = part.what == "rdb.db";
        match sections.last_mut() {
            Some(last) if last.what == what && !begins => last.end = part.end,
            _ => sections.push(SectionView { what, start: part.start, end: part.end, count: 0 }),
        }
        if let Some(last) = sections.last_mut() {
            match part.what {
                "rdb.key" => last.count += 1,
                "rdb.db" => {
                    let digits = std::str::from_utf8(&part.value).unwrap_or_default();
                    last.count = digits.parse().unwrap_or(0);
                }
                _ => {}
            }
        }
    }
    sections.truncate(SECTIONS_MAX);
    sections
}

/// The section that a part belongs to, if it does not go on with the one before.
fn section_of(what: &str) -> Option<&'static str> {
    Some(match what {
        "rdb.mark" | "rdb.mark.end" => "mark",
        "rdb.magic" | "rdb.version" => "header",
        "rdb.part" => "part",
        "rdb.end" | "rdb.checksum" => "end",
        _ if what.starts_with("rdb.form") || what.starts_with("resp") => return None,
        _ if what.starts_with("rdb.aux") => "aux",
        _ if what.starts_with("rdb.function") => "functions",
        _ if what.starts_with("rdb.db") || what.starts_with("rdb.resize") => "db",
        _ => "keys",
    })
}

/// `$EOF:`, forty bytes, and the end of the line.
const MARK_LINE: usize = 47;
/// So many bytes are shown.
const SHOWN_MAX: usize = 16_384;
/// So many parts are told apart.
const PARTS_MAX: usize = 400;
const SECTIONS_MAX: usize = 64;
/// So much is shown of a part's value.
const TEXT_MAX: usize = 160;
/// So far back the stream can be looked into.
const TAIL_MAX: u64 = 1 << 20;
