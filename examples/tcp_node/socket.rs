//! One connection of the node: what waits to be written to it.

use std::collections::VecDeque;
use std::io::{self, Write};

use replica_lab::node::Link;
use replica_lab::resp::Bytes;

use super::listen::Stream;

/// A connection.
pub(super) struct Socket {
    pub(super) stream: Stream,
    pub(super) link: Link,
    /// What waits to be written, with whether it is paced.
    pub(super) queue: VecDeque<(Bytes, bool)>,
    /// How much of the first is written.
    pub(super) written: usize,
    /// True until a dialled connection is established.
    pub(super) connecting: bool,
    /// True once it closes when everything is written.
    pub(super) closing: bool,
}

impl Socket {
    /// Writes until the kernel has enough; `taken` grows by the paced bytes that it took.
    pub(super) fn write_queue(&mut self, taken: &mut u64) -> io::Result<()> {
        while let Some((bytes, paced)) = self.queue.front() {
            match self.stream.write(&bytes[self.written..]) {
                Ok(count) => {
                    self.written += count;
                    if *paced {
                        *taken += count as u64;
                    }
                    if self.written == bytes.len() {
                        self.queue.pop_front();
                        self.written = 0;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// How much is left that nobody was to hear of: the kernel is full, and from now on it is paced
    /// as well. Most of the time everything is written, and there is nothing to count.
    pub(super) fn pace_the_rest(&mut self) -> u64 {
        let mut kept = 0;
        let mut written = self.written;
        for (bytes, paced) in &mut self.queue {
            if !std::mem::replace(paced, true) {
                kept += (bytes.len() - written) as u64;
            }
            written = 0;
        }
        kept
    }
}
