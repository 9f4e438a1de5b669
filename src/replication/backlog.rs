//! The replication buffer: every byte once, read by the backlog and by all replicas.
//!
//! Up to Redis 6 each replica had its own copy of the stream and the backlog was a ring beside
//! them. Since 7.0 there is one list of blocks. A replica is an offset into it; so is the backlog,
//! which is only the promise to keep the last `repl-backlog-size` bytes when nobody else needs
//! them. A slow replica therefore costs the length of its delay, not a copy, and while it pins old
//! blocks others may continue from them too.
//!
//! Readers' offsets are passed in where it matters ([`Backlog::trim`]); nothing here is decided by
//! a reference count, for checkpoints hold references as well.

use std::collections::VecDeque;
use std::rc::Rc;

use super::Offset;

/// The stream's last bytes, in blocks.
#[derive(Clone, Debug)]
pub struct Backlog {
    /// Oldest first; never empty. Block `n + 1` starts where block `n` ends.
    blocks: VecDeque<Rc<Block>>,
    /// `repl-backlog-size`: how many bytes are kept though nobody waits for them.
    size: u64,
}

/// A stretch of the stream.
#[derive(Clone, Debug)]
struct Block {
    /// The offset of its first byte.
    start: Offset,
    /// How many bytes it takes before the next block begins.
    capacity: usize,
    /// What has been written.
    bytes: Vec<u8>,
}

impl Block {
    fn end(&self) -> Offset {
        self.start.plus(self.bytes.len() as u64)
    }
}

impl Backlog {
    /// A backlog of `size` bytes (at least 16 KiB) whose first byte will be the one after `start`.
    pub fn new(size: u64, start: Offset) -> Self {
        let mut backlog = Self { blocks: VecDeque::new(), size: size.max(SIZE_MIN) };
        backlog.push_block(start, 0);
        backlog
    }

    /// Changes `repl-backlog-size`; what is too much goes with the next trim.
    pub fn resize(&mut self, size: u64) {
        self.size = size.max(SIZE_MIN);
    }

    /// `repl_backlog_size`.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds bytes of the stream at its end.
    pub fn append(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let tail = Rc::make_mut(self.blocks.back_mut().expect("there is always a block"));
            let room = tail.capacity - tail.bytes.len();
            if room == 0 {
                let end = tail.end();
                self.push_block(end, bytes.len());
                continue;
            }
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            tail.bytes.extend_from_slice(now);
            bytes = later;
        }
    }

    /// The offset before the oldest byte that is kept.
    pub fn first(&self) -> Offset {
        self.blocks[0].start
    }

    /// The offset after the newest byte.
    pub fn end(&self) -> Offset {
        self.blocks[self.blocks.len() - 1].end()
    }

    /// `repl_backlog_histlen`.
    pub fn len(&self) -> u64 {
        self.end().since(self.first())
    }

    /// True if no byte is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// At most `max` bytes of the stream from `from` on, out of one block; none at the end.
    ///
    /// # Panics
    /// If `from` is not kept: a reader pins its block until it has read it.
    pub fn read(&self, from: Offset, max: usize) -> &[u8] {
        assert!(from >= self.first(), "offset {from} was read after it was dropped");
        // Readers are near the end far more often than near the beginning.
        let block = self.blocks.iter().rev().find(|block| block.start <= from);
        let block = block.expect("the first block starts at or before every offset kept");
        let skip = from.since(block.start) as usize;
        let bytes = block.bytes.get(skip..).unwrap_or(&[]);
        &bytes[..bytes.len().min(max)]
    }

    /// The last `count` bytes, or as many as there are.
    pub fn tail(&self, count: u64) -> Vec<u8> {
        let mut from = Offset(self.end().0.saturating_sub(count).max(self.first().0));
        let mut bytes = Vec::new();
        while from < self.end() {
            let piece = self.read(from, usize::MAX);
            bytes.extend_from_slice(piece);
            from = from.plus(piece.len() as u64);
        }
        bytes
    }

    /// Drops whole blocks beyond the size, as long as no reader is in them.
    ///
    /// `oldest_reader` is the least offset at which anybody still reads.
    pub fn trim(&mut self, oldest_reader: Option<Offset>) {
        while self.blocks.len() > 1 {
            let block = &self.blocks[0];
            let surplus =
                self.len() > self.size && self.len() - block.bytes.len() as u64 > self.size;
            let needed = oldest_reader.is_some_and(|reader| reader < block.end());
            if !surplus || needed {
                return;
            }
            self.blocks.pop_front();
        }
    }

    /// What a replica at `from` holds of the buffer, by Redis' account: from the start of its block
    /// to the end of the last block's capacity, and an overhead a block.
    pub fn memory_from(&self, from: Offset) -> u64 {
        let held = self.blocks.iter().filter(|block| block.end() > from || from < block.start);
        let cost = |block: &Rc<Block>| block.capacity as u64 + BLOCK_OVERHEAD;
        held.map(cost).sum()
    }

    fn push_block(&mut self, start: Offset, wanted: usize) {
        let limit = usize::try_from(self.size / 16).unwrap_or(usize::MAX).max(BLOCK_BYTES_MIN);
        let capacity = wanted.max(BLOCK_BYTES_MIN).min(limit);
        self.blocks.push_back(Rc::new(Block { start, capacity, bytes: Vec::new() }));
    }
}

/// Smaller values of `repl-backlog-size` are raised to this.
const SIZE_MIN: u64 = 16 * 1024;
/// The least payload of a block.
const BLOCK_BYTES_MIN: usize = 16 * 1024;
/// What a block costs beside its payload: the header and the list node.
const BLOCK_OVERHEAD: u64 = 40 + 24;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The capture `scenarios.txt`, story 4: 262,913 bytes through a backlog of 16 KiB leave
    /// 17,153.
    #[test]
    fn a_backlog_keeps_at_least_its_size_and_at_most_a_block_more() {
        let mut backlog = Backlog::new(16_384, Offset(0));
        for _ in 0..262_913 {
            backlog.append(b"x");
            backlog.trim(None);
        }
        assert_eq!((backlog.first(), backlog.len()), (Offset(245_760), 17_153));
    }

    #[test]
    fn a_reader_pins_its_block() {
        let mut backlog = Backlog::new(0, Offset(100));
        backlog.append(&[b'x'; 100_000]);
        backlog.trim(Some(Offset(100)));
        assert_eq!(backlog.first(), Offset(100));
        backlog.trim(Some(Offset(100 + 16_384)));
        assert_eq!(backlog.first(), Offset(100 + 16_384));
        backlog.trim(None);
        assert!(backlog.len() >= 16_384 && backlog.len() <= 2 * 16_384);
    }

    #[test]
    fn a_clone_does_not_see_what_is_appended_later() {
        let mut backlog = Backlog::new(0, Offset(0));
        backlog.append(b"one");
        let checkpoint = backlog.clone();
        backlog.append(b"two");
        assert_eq!(checkpoint.tail(100), b"one");
        assert_eq!(backlog.tail(100), b"onetwo");
        assert_eq!(backlog.tail(2), b"wo");
    }

    proptest! {
        #[test]
        fn a_reader_reads_what_was_written(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9_000), 1..20),
            max in 1usize..40_000,
        ) {
            let mut backlog = Backlog::new(0, Offset(7));
            let mut reader = Offset(7);
            let (mut written, mut read) = (Vec::new(), Vec::new());
            for piece in pieces {
                backlog.append(&piece);
                written.extend_from_slice(&piece);
                let got = backlog.read(reader, max).to_vec();
                reader = reader.plus(got.len() as u64);
                read.extend(got);
                backlog.trim(Some(reader));
            }
            while reader < backlog.end() {
                let got = backlog.read(reader, max).to_vec();
                reader = reader.plus(got.len() as u64);
                read.extend(got);
            }
            prop_assert_eq!(written, read);
        }
    }
}
