//! A byte of the hash of each thing in a short row.
//!
//! A look-up must not touch every name on its way: each is in a place of its own. So a row begins
//! with a *mark* for each of its things, and a name is compared where the marks agree.

/// For thing `n` at index `n`: the low byte of its hash, while there are so many.
#[derive(Clone, Debug)]
pub(super) struct Marks([u8; MARKS_MAX]);

impl Marks {
    /// The marks of a row with these hashes.
    pub(super) fn of(hashes: impl Iterator<Item = u64>) -> Self {
        let mut marks = [0; MARKS_MAX];
        for (mark, hash) in marks.iter_mut().zip(hashes) {
            *mark = hash as u8;
        }
        Self(marks)
    }

    /// Something comes into the row at `at`.
    pub(super) fn insert(&mut self, at: usize, hash: u64) {
        if at < MARKS_MAX {
            self.0.copy_within(at..MARKS_MAX - 1, at + 1);
            self.0[at] = hash as u8;
        }
    }

    /// What is at `at` leaves the row, which is no longer than the marks.
    pub(super) fn remove(&mut self, at: usize) {
        self.0.copy_within(at + 1.., at);
    }

    /// Where `hash` probably is.
    pub(super) fn likely(&self, hash: u64) -> usize {
        self.alike(hash).trailing_zeros() as usize
    }

    /// The place in a row of `len` that may be that of `hash`, and for which `is_it`.
    pub(super) fn find(
        &self,
        hash: u64,
        len: usize,
        is_it: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let marked = len.min(MARKS_MAX);
        let mut alike = self.alike(hash) & ((1 << marked) - 1);
        while alike != 0 {
            let at = alike.trailing_zeros() as usize;
            if is_it(at) {
                return Some(at);
            }
            alike &= alike - 1;
        }
        (marked..len).find(|&at| is_it(at))
    }

    /// Which marks are that of `hash`: bit `n` for thing `n`. Eight at a time, as in a word each
    /// byte.
    fn alike(&self, hash: u64) -> u64 {
        let (words, _) = self.0.as_chunks::<8>();
        let sought = u64::from(hash as u8) * EACH_BYTE;
        words.iter().rev().fold(0, |alike, &word| {
            let differs = u64::from_le_bytes(word) ^ sought;
            let low = EACH_BYTE * 0x7f;
            let equal = !(((differs & low) + low) | differs | low) >> 7;
            alike << 8 | equal.wrapping_mul(GATHER) >> 56
        })
    }
}

/// So many things of a row have a mark.
pub(super) const MARKS_MAX: usize = 32;
/// The lowest bit of each byte of a word.
const EACH_BYTE: u64 = u64::MAX / 255;
/// Brings the lowest bits of eight bytes together in the topmost byte.
const GATHER: u64 = 0x0102_0408_1020_4080;
