//! The folder of a node: real files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use replica_lab::node::{DiskFact, DiskOrder};
use replica_lab::resp::Bytes;

/// Carries out an order on real files.
pub(crate) fn carry_out(folder: &Path, order: DiskOrder) -> io::Result<DiskFact> {
    match order {
        DiskOrder::Append { file, bytes, create } => {
            let path = folder.join(file);
            let mut file = if create {
                File::create(path)?
            } else {
                OpenOptions::new().append(true).open(path)?
            };
            file.write_all(&bytes)?;
            Ok(DiskFact::Done)
        }
        DiskOrder::Link { from, to } => {
            // One that an earlier process has left behind gives way.
            let _ = fs::remove_file(folder.join(&to));
            fs::hard_link(folder.join(from), folder.join(to))?;
            Ok(DiskFact::Done)
        }
        DiskOrder::Rename { from, to } => {
            fs::rename(folder.join(from), folder.join(to))?;
            Ok(DiskFact::Done)
        }
        DiskOrder::Read { file, at, max } => {
            let mut file = File::open(folder.join(file))?;
            file.seek(SeekFrom::Start(at))?;
            let mut bytes = Vec::new();
            file.take(max).read_to_end(&mut bytes)?;
            Ok(DiskFact::Read { bytes: Bytes::from(bytes) })
        }
        DiskOrder::Remove { file } => {
            fs::remove_file(folder.join(file))?;
            Ok(DiskFact::Done)
        }
    }
}
