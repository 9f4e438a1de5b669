//! The files of one machine, in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use super::world::DiskHealth;
use crate::node::{DiskFact, DiskOrder};
use crate::resp::Bytes;

/// What an order does, without its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskWork {
    /// What is done.
    pub verb: DiskVerb,
    /// How many bytes move.
    pub bytes: u64,
    /// The file; for a link or a renaming the old name, a space, and the new one.
    pub file: String,
}

/// What a disk can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskVerb {
    /// Makes an empty file.
    Create,
    /// Writes to the end of a file.
    Write,
    /// Gives a file a second name.
    Link,
    /// Gives a file another name.
    Rename,
    /// Reads a part of a file.
    Read,
    /// Removes a file.
    Remove,
}

impl fmt::Display for DiskWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, bytes, file } = self;
        match verb {
            DiskVerb::Create => write!(f, "create {file}"),
            DiskVerb::Write => write!(f, "write {bytes} bytes to {file}"),
            DiskVerb::Link => write!(f, "link {file}"),
            DiskVerb::Rename => write!(f, "rename {file}"),
            DiskVerb::Read => write!(f, "read {bytes} bytes of {file}"),
            DiskVerb::Remove => write!(f, "remove {file}"),
        }
    }
}

/// A disk. A clone shares every byte written so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    files: BTreeMap<String, File>,
}

/// A file, as the pieces in which it was written.
#[derive(Clone, Debug, Default)]
struct File {
    /// Each piece with the offset of its first byte.
    pieces: Rc<Vec<(u64, Bytes)>>,
    /// The sum of the pieces.
    length: u64,
}

impl Disk {
    /// Carries an order out.
    pub(super) fn obey(&mut self, order: DiskOrder) -> Result<DiskFact, String> {
        match order {
            DiskOrder::Append { file, bytes, create } => {
                if create {
                    self.files.insert(file.clone(), File::default());
                }
                let file = self.files.get_mut(&file).ok_or_else(missing)?;
                if !bytes.is_empty() {
                    let length = bytes.len() as u64;
                    Rc::make_mut(&mut file.pieces).push((file.length, bytes));
                    file.length += length;
                }
                Ok(DiskFact::Done)
            }
            DiskOrder::Link { from, to } => {
                let file = self.files.get(&from).cloned().ok_or_else(missing)?;
                self.files.insert(to, file);
                Ok(DiskFact::Done)
            }
            DiskOrder::Rename { from, to } => {
                let file = self.files.remove(&from).ok_or_else(missing)?;
                self.files.insert(to, file);
                Ok(DiskFact::Done)
            }
            DiskOrder::Read { file, at, max } => {
                let file = self.files.get(&file).ok_or_else(missing)?;
                Ok(DiskFact::Read { bytes: file.read(at, max) })
            }
            DiskOrder::Remove { file } => {
                self.files.remove(&file);
                Ok(DiskFact::Done)
            }
        }
    }

    /// True if there is a file of this name.
    pub(super) fn holds(&self, file: &str) -> bool {
        self.files.contains_key(file)
    }

    /// Carries an order out as far as the disk's health allows.
    pub(super) fn try_to_obey(
        &mut self,
        order: DiskOrder,
        health: DiskHealth,
    ) -> Result<DiskFact, String> {
        match (health, &order) {
            (DiskHealth::Fails, _) => Err("Input/output error".to_owned()),
            (DiskHealth::Full, DiskOrder::Append { .. }) => {
                Err("No space left on device".to_owned())
            }
            (DiskHealth::Full | DiskHealth::Works, _) => self.obey(order),
        }
    }

    /// What an order does.
    pub(super) fn weigh(&self, order: &DiskOrder) -> DiskWork {
        let (verb, bytes, file) = match order {
            DiskOrder::Append { file, bytes, create: true } if bytes.is_empty() => {
                (DiskVerb::Create, 0, file.clone())
            }
            DiskOrder::Append { file, bytes, .. } => {
                (DiskVerb::Write, bytes.len() as u64, file.clone())
            }
            DiskOrder::Link { from, to } => (DiskVerb::Link, 0, format!("{from} {to}")),
            DiskOrder::Rename { from, to } => (DiskVerb::Rename, 0, format!("{from} {to}")),
            DiskOrder::Read { file, at, max } => {
                let length = self.files.get(file).map_or(0, |file| file.length);
                (DiskVerb::Read, length.saturating_sub(*at).min(*max), file.clone())
            }
            DiskOrder::Remove { file } => (DiskVerb::Remove, 0, file.clone()),
        };
        DiskWork { verb, bytes, file }
    }

    /// A whole file.
    pub(super) fn file(&self, name: &str) -> Option<Vec<u8>> {
        let file = self.files.get(name)?;
        Some(file.pieces.iter().flat_map(|(_, piece)| piece.iter().copied()).collect())
    }
}

impl File {
    fn read(&self, at: u64, max: u64) -> Bytes {
        let end = at.saturating_add(max).min(self.length);
        let first = self.pieces.partition_point(|(start, piece)| start + piece.len() as u64 <= at);
        let mut bytes = Vec::new();
        for (start, piece) in &self.pieces[first..] {
            if *start >= end {
                break;
            }
            let skip = at.saturating_sub(*start) as usize;
            let keep = (end - start).min(piece.len() as u64) as usize;
            bytes.extend_from_slice(&piece[skip..keep]);
        }
        Bytes::from(bytes)
    }
}

fn missing() -> String {
    "No such file or directory".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(disk: &mut Disk, bytes: &[u8], create: bool) {
        let order = DiskOrder::Append { file: "f".into(), bytes: Bytes::from(bytes), create };
        disk.obey(order).unwrap();
    }

    fn read(disk: &mut Disk, at: u64, max: u64) -> Vec<u8> {
        match disk.obey(DiskOrder::Read { file: "f".into(), at, max }).unwrap() {
            DiskFact::Read { bytes } => bytes.to_vec(),
            DiskFact::Done => panic!("a read answers with bytes"),
        }
    }

    #[test]
    fn what_is_written_in_pieces_is_read_in_others() {
        let mut disk = Disk::default();
        append(&mut disk, b"", true);
        append(&mut disk, b"hello ", false);
        append(&mut disk, b"world", false);
        assert_eq!(read(&mut disk, 4, 4), b"o wo");
        assert_eq!(read(&mut disk, 0, 100), b"hello world");
        assert_eq!(read(&mut disk, 11, 5), b"");
        let before = disk.clone();
        disk.obey(DiskOrder::Rename { from: "f".into(), to: "g".into() }).unwrap();
        assert!(disk.file("f").is_none());
        assert_eq!(disk.file("g").unwrap(), before.file("f").unwrap());
        assert!(disk.obey(DiskOrder::Read { file: "f".into(), at: 0, max: 1 }).is_err());
    }
}
