//! The folder of a node: real files.
//!
//! A file that takes its name has reached the disk before, and the name has when the order is
//! carried out: who was told that a dataset is saved finds it after a power cut. A redis-server
//! sees to the same. So that little is left to wait for in the end, what was written is sent on
//! its way every few megabytes, beside everything else.
//! *Source*: Redis 7.2 · rdb.c · rdbSave; replication.c · readSyncBulkPayload; util.c ·
//! fsyncFileDir.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use replica_lab::node::{DiskFact, DiskOrder};
use replica_lab::resp::Bytes;

/// The folder, with the files that are in use: one of each kind at a time, nearly always.
pub(crate) struct Disk {
    folder: PathBuf,
    /// The last that was written to, and its name.
    written: Option<(String, File)>,
    /// The last that was read, and its name.
    read: Option<(String, File)>,
    /// So many bytes were written and are not on their way to the disk.
    behind: u64,
    /// Who sends bytes on their way.
    sender: Option<JoinHandle<()>>,
    /// What a read fills.
    buffer: Vec<u8>,
}

impl Disk {
    pub(crate) const fn new(folder: PathBuf) -> Self {
        let (written, read, sender) = (None, None, None);
        Self { folder, written, read, behind: 0, sender, buffer: Vec::new() }
    }

    /// Carries out an order on real files.
    pub(crate) fn carry_out(&mut self, order: DiskOrder) -> io::Result<DiskFact> {
        match order {
            DiskOrder::Append { file, bytes, create } => self.append(file, &bytes, create)?,
            DiskOrder::Link { from, to } => {
                // One that an earlier process has left behind gives way.
                let _ = fs::remove_file(self.folder.join(&to));
                fs::hard_link(self.folder.join(from), self.folder.join(to))?;
            }
            DiskOrder::Rename { from, to } => {
                self.let_go(&from);
                self.let_go(&to);
                let (from, to) = (self.folder.join(from), self.folder.join(to));
                File::open(&from)?.sync_all()?;
                fs::rename(from, &to)?;
                File::open(to.parent().unwrap_or(&self.folder))?.sync_data()?;
            }
            DiskOrder::Read { file, at, max } => {
                let bytes = self.read(file, at, max as usize)?;
                return Ok(DiskFact::Read { bytes });
            }
            DiskOrder::Remove { file } => {
                self.let_go(&file);
                fs::remove_file(self.folder.join(file))?;
            }
        }
        Ok(DiskFact::Done)
    }

    fn append(&mut self, name: String, bytes: &[u8], create: bool) -> io::Result<()> {
        let mut file = match self.written.take() {
            Some((open, file)) if open == name && !create => file,
            _ => {
                let path = self.folder.join(&name);
                self.behind = 0;
                match create {
                    true => File::create(path)?,
                    false => OpenOptions::new().append(true).open(path)?,
                }
            }
        };
        file.write_all(bytes)?;
        self.behind += bytes.len() as u64;
        if self.behind >= BEHIND_BYTES_MAX && self.sender.as_ref().is_none_or(|s| s.is_finished()) {
            self.behind = 0;
            let file = file.try_clone()?;
            // If that fails, the sync before the file takes its name does as well, and says so.
            self.sender = Some(thread::spawn(move || drop(file.sync_data())));
        }
        self.written = Some((name, file));
        Ok(())
    }

    fn read(&mut self, name: String, at: u64, max: usize) -> io::Result<Bytes> {
        // Whoever begins anew means the file that has the name now.
        let file = match self.read.take() {
            Some((open, file)) if open == name && at > 0 => file,
            _ => File::open(self.folder.join(&name))?,
        };
        if self.buffer.len() < max {
            self.buffer.resize(max, 0);
        }
        let mut count = 0;
        while count < max {
            match file.read_at(&mut self.buffer[count..max], at + count as u64) {
                Ok(0) => break,
                Ok(more) => count += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // The end was reached: nobody reads on.
        self.read = (count == max).then_some((name, file));
        Ok(Bytes::from(&self.buffer[..count]))
    }

    /// What has the name is about to be another file, or none.
    fn let_go(&mut self, name: &str) {
        self.written.take_if(|(open, _)| open == name);
        self.read.take_if(|(open, _)| open == name);
    }
}

/// So much is written before it is sent on its way: Redis' `REDIS_AUTOSYNC_BYTES`.
const BEHIND_BYTES_MAX: u64 = 4 << 20;
