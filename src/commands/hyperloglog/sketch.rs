//! The bytes of a sketch.
//!
//! ```text
//!     HYLL  form(1)  unused(3)  count(8)           the top bit of the count: it is out of date
//!     dense    16,384 registers of six bits, the lowest bits first
//!     sparse   00nnnnnn            n+1 registers of 0
//!              01nnnnnn n(8)       n+1 registers of 0
//!              1vvvvvnn            n+1 registers of v+1
//! ```
//!
//! A sketch is sparse until a register exceeds 32 or the string outgrows `hll-sparse-max-bytes`.
//! *Source*: Redis 7.2 · hyperloglog.c · hllSparseSet, hllDenseSet, hllCount, MurmurHash64A.

/// How many registers there are.
pub(super) const REGISTERS: usize = 1 << INDEX_BITS;

/// A sketch as its string has it.
pub(super) struct Sketch {
    /// Head and registers; as long as the form wants it, if that is dense.
    bytes: Vec<u8>,
}

/// The registers of a sparse sketch do not add up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Corrupt;

/// One run of a sparse sketch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// What its registers hold: 0 to 32.
    value: u8,
    /// How many they are.
    len: usize,
    /// How many bytes it takes.
    bytes: usize,
}

impl Run {
    fn read(bytes: &[u8]) -> Option<Self> {
        let first = *bytes.first()?;
        Some(match first {
            0..0x40 => Self { value: 0, len: usize::from(first) + 1, bytes: 1 },
            0x40..0x80 => {
                let len = usize::from(first & 0x3f) << 8 | usize::from(*bytes.get(1)?);
                Self { value: 0, len: len + 1, bytes: 2 }
            }
            _ => {
                let (value, len) = ((first >> 2 & 0x1f) + 1, usize::from(first & 3) + 1);
                Self { value, len, bytes: 1 }
            }
        })
    }
}

/// Appends a run of `len` registers that hold `value`.
fn push_run(bytes: &mut Vec<u8>, value: u8, len: usize) {
    match (value, len) {
        (_, 0) => {}
        (0, ..=64) => bytes.push(len as u8 - 1),
        (0, _) => bytes.extend((0x4000 | (len as u16 - 1)).to_be_bytes()),
        (_, _) => bytes.push(0x80 | (value - 1) << 2 | (len as u8 - 1)),
    }
}

/// An empty sketch, sparse.
impl Default for Sketch {
    fn default() -> Self {
        let mut bytes = b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0".to_vec();
        push_run(&mut bytes, 0, REGISTERS);
        Self { bytes }
    }
}

impl Sketch {
    /// The sketch that `bytes` are, if they are one.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let form = *bytes.strip_prefix(b"HYLL")?.first()?;
        let sound = match form {
            DENSE => bytes.len() == DENSE_BYTES,
            SPARSE => bytes.len() >= HEAD_BYTES,
            _ => false,
        };
        sound.then(|| Self { bytes: bytes.to_vec() })
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn is_dense(&self) -> bool {
        self.bytes[FORM_AT] == DENSE
    }

    /// Adds an element; true if that changed a register.
    pub(super) fn add(&mut self, element: &[u8], sparse_max: usize) -> Result<bool, Corrupt> {
        let hash = murmur(element);
        let rest = hash >> INDEX_BITS | 1 << VALUE_BITS;
        self.set(hash as usize % REGISTERS, rest.trailing_zeros() as u8 + 1, sparse_max)
    }

    /// Raises a register to `value`; true if it was lower.
    pub(super) fn set(
        &mut self,
        index: usize,
        value: u8,
        sparse_max: usize,
    ) -> Result<bool, Corrupt> {
        if !self.is_dense() {
            if value <= SPARSE_VALUE_MAX
                && let Some(changed) = self.set_sparse(index, value, sparse_max)?
            {
                return Ok(changed);
            }
            self.make_dense()?;
        }
        let lower = self.dense(index) < value;
        if lower {
            self.set_dense(index, value);
        }
        Ok(lower)
    }

    /// The same in a sparse sketch; none if it would grow too large.
    fn set_sparse(
        &mut self,
        index: usize,
        value: u8,
        sparse_max: usize,
    ) -> Result<Option<bool>, Corrupt> {
        let (mut first, mut at, mut before) = (0, HEAD_BYTES, HEAD_BYTES);
        let run = loop {
            let run = Run::read(&self.bytes[at..]).ok_or(Corrupt)?;
            if index < first + run.len {
                break run;
            }
            (first, before, at) = (first + run.len, at, at + run.bytes);
        };
        if run.value >= value {
            return Ok(Some(false));
        }
        let mut runs = Vec::with_capacity(5);
        push_run(&mut runs, run.value, index - first);
        push_run(&mut runs, value, 1);
        push_run(&mut runs, run.value, first + run.len - index - 1);
        if runs.len() > run.bytes && self.bytes.len() + runs.len() - run.bytes > sparse_max {
            return Ok(None);
        }
        self.bytes.splice(at..at + run.bytes, runs);
        self.join_from(before);
        self.forget_count();
        Ok(Some(true))
    }

    /// Joins runs of one value among the five from `at` on, as far as one can hold them.
    fn join_from(&mut self, mut at: usize) {
        for _ in 0..5 {
            let Some(run) = Run::read(&self.bytes[at..]) else { return };
            let next = Run::read(&self.bytes[at + run.bytes..]);
            let joined = next.filter(|next| run.value > 0 && next.value == run.value);
            match joined.map(|next| run.len + next.len).filter(|&len| len <= RUN_MAX) {
                None => at += run.bytes,
                Some(len) => {
                    let mut bytes = Vec::with_capacity(1);
                    push_run(&mut bytes, run.value, len);
                    self.bytes.splice(at..at + 2, bytes);
                }
            }
        }
    }

    /// Turns a sparse sketch into a dense one.
    pub(super) fn make_dense(&mut self) -> Result<(), Corrupt> {
        if self.is_dense() {
            return Ok(());
        }
        let mut registers = [0; REGISTERS];
        self.raise_all(&mut registers)?;
        self.bytes.truncate(HEAD_BYTES);
        self.bytes.resize(DENSE_BYTES, 0);
        self.bytes[FORM_AT] = DENSE;
        for (index, &value) in registers.iter().enumerate().filter(|(_, value)| **value > 0) {
            self.set_dense(index, value);
        }
        Ok(())
    }

    fn dense(&self, index: usize) -> u8 {
        let (at, shift) = dense_place(index);
        let next = self.bytes.get(at + 1).copied().unwrap_or(0);
        (u16::from_le_bytes([self.bytes[at], next]) >> shift) as u8 & 0x3f
    }

    fn set_dense(&mut self, index: usize, value: u8) {
        let (at, shift) = dense_place(index);
        let next = self.bytes.get(at + 1).copied().unwrap_or(0);
        let kept = u16::from_le_bytes([self.bytes[at], next]) & !(0x3f << shift);
        let [low, high] = (kept | u16::from(value) << shift).to_le_bytes();
        self.bytes[at] = low;
        if let Some(next) = self.bytes.get_mut(at + 1) {
            *next = high;
        }
    }

    /// Raises each of `registers` to what the sketch has.
    pub(super) fn raise_all(&self, registers: &mut [u8; REGISTERS]) -> Result<(), Corrupt> {
        if self.is_dense() {
            (0..REGISTERS).for_each(|index| raise(registers, index, self.dense(index)));
            return Ok(());
        }
        let (mut at, mut index) = (HEAD_BYTES, 0);
        while at < self.bytes.len() {
            let run = Run::read(&self.bytes[at..]).ok_or(Corrupt)?;
            let end = index + run.len;
            if end > REGISTERS {
                return Err(Corrupt);
            }
            (index..end).for_each(|index| raise(registers, index, run.value));
            (at, index) = (at + run.bytes, end);
        }
        if index == REGISTERS { Ok(()) } else { Err(Corrupt) }
    }

    /// How many different elements there were, roughly.
    pub(super) fn count(&self) -> Result<u64, Corrupt> {
        let mut registers = [0; REGISTERS];
        self.raise_all(&mut registers)?;
        Ok(estimate(&registers))
    }

    /// The count in the head, if it is up to date.
    pub(super) fn known_count(&self) -> Option<u64> {
        let count = u64::from_le_bytes(*self.bytes[COUNT_AT..].first_chunk()?);
        Some(count).filter(|count| count >> 63 == 0)
    }

    pub(super) fn remember_count(&mut self, count: u64) {
        self.bytes[COUNT_AT..HEAD_BYTES].copy_from_slice(&count.to_le_bytes());
    }

    pub(super) fn forget_count(&mut self) {
        self.bytes[HEAD_BYTES - 1] |= 0x80;
    }

    /// The runs of a sparse sketch as PFDEBUG DECODE writes them.
    pub(super) fn describe(&self) -> String {
        let (mut at, mut words) = (HEAD_BYTES, Vec::new());
        while let Some(run) = Run::read(&self.bytes[at..]) {
            words.push(match (run.value, run.bytes) {
                (0, 1) => format!("z:{}", run.len),
                (0, _) => format!("Z:{}", run.len),
                (value, _) => format!("v:{value},{}", run.len),
            });
            at += run.bytes;
        }
        words.join(" ")
    }
}

/// Raises a register.
pub(super) fn raise(registers: &mut [u8; REGISTERS], index: usize, value: u8) {
    registers[index] = registers[index].max(value);
}

/// The byte in which a dense register begins, and how many bits before it.
const fn dense_place(index: usize) -> (usize, usize) {
    let bit = index * 6;
    (HEAD_BYTES + bit / 8, bit % 8)
}

/// How many different elements make such registers (Ertl, *New cardinality estimation algorithms
/// for HyperLogLog sketches*). Nothing but sums, products and square roots, which are exact
/// everywhere.
pub(super) fn estimate(registers: &[u8; REGISTERS]) -> u64 {
    let mut histogram = [0_u32; 64];
    registers.iter().for_each(|&value| histogram[usize::from(value)] += 1);
    let m = REGISTERS as f64;
    let top = VALUE_BITS as usize + 1;
    let mut z = m * tau((m - f64::from(histogram[top])) / m);
    for &count in histogram[1..top].iter().rev() {
        z = (z + f64::from(count)) * 0.5;
    }
    z += m * sigma(f64::from(histogram[0]) / m);
    (ALPHA * m * m / z).round() as u64
}

fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if before == z {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if before == z {
            return z / 3.0;
        }
    }
}

/// MurmurHash2 for 64 bits (Austin Appleby), as Redis seeds it.
fn murmur(text: &[u8]) -> u64 {
    const M: u64 = 0xc6a4_a793_5bd1_e995;
    let mut hash = 0xadc8_3b19 ^ (text.len() as u64).wrapping_mul(M);
    let (words, tail) = text.as_chunks();
    for word in words {
        let mixed = u64::from_le_bytes(*word).wrapping_mul(M);
        hash = (hash ^ (mixed ^ mixed >> 47).wrapping_mul(M)).wrapping_mul(M);
    }
    if !tail.is_empty() {
        let mut word = [0; 8];
        word[..tail.len()].copy_from_slice(tail);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(M);
    }
    hash = (hash ^ hash >> 47).wrapping_mul(M);
    hash ^ hash >> 47
}

/// How many bits of a hash choose the register, and how many are counted.
const INDEX_BITS: u32 = 14;
const VALUE_BITS: u32 = 64 - INDEX_BITS;
/// The head of the string.
const HEAD_BYTES: usize = 16;
const FORM_AT: usize = 4;
const COUNT_AT: usize = 8;
const DENSE: u8 = 0;
const SPARSE: u8 = 1;
const DENSE_BYTES: usize = HEAD_BYTES + REGISTERS * 6 / 8;
/// What a sparse register can hold.
const SPARSE_VALUE_MAX: u8 = 32;
/// How many registers a run that is not of zeros can hold.
const RUN_MAX: usize = 4;
/// 0.5 / ln 2.
const ALPHA: f64 = 0.721_347_520_444_481_7;
